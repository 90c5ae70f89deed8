#!/usr/bin/env python3
"""Points a real client of PxWeb v1 (pyscbwrapper) at the sandbox, and holds its rows against what the program publishes of the same table.

    pxweb_v1_client.py UNDERLAG

starts `UNDERLAG sandbox` on a free port, walks the folders down to a table, fetches all of it with the client, and runs a
pipeline over the same table in a folder of its own.
"""
import pathlib
import subprocess
import sys
import tempfile

import pyarrow.dataset
from pyscbwrapper import SCB

PATH = ["AM", "AM0210", "MatchUtbildning"]
CONTENTS = {"0000S2A1": "grad", "0000S2A2": "personer"}
PIPELINE = """version = 1
title = "Matchning"
[fetch.m.pxweb]
source = "scb_v1"
table = "AM/AM0210/MatchUtbildning"
select = { Region = "*", Utbildning = "*", Tid = "*" }
rename = { Region = "kod", Tid = "period" }
measures = { "0000S2A1" = "grad", "0000S2A2" = "personer" }
[dataset.matchning]
title = "Matchning"
sql = "m.sql"
key = ["kod", "utbildning", "period"]
[dataset.matchning.column.utbildning]
type = "text"
title = "Utbildning"
[dataset.matchning.column.grad]
type = "float64"
decimals = 1
title = "Matchad förvärvsgrad"
unit = "procent"
[dataset.matchning.column.personer]
type = "int64"
title = "Personer"
unit = "antal"
"""
SQL = """SELECT CASE WHEN kod = '00' THEN 'riket' WHEN character_length(kod) = 2 THEN 'lan' ELSE 'kommun' END AS niva,
kod, period, utbildning, grad, grad_status, grad_symbol, personer, personer_status, personer_symbol FROM m
"""


def client_rows(url):
    """(region, group, year) → the client's texts by content."""
    scb = SCB("sv")
    scb.url = url + "/"
    assert any(node["id"] == PATH[0] for node in scb.info()), scb.info()
    scb.go_down(*PATH)
    variables = {variable["text"]: variable for variable in scb.info()["variables"]}
    scb.set_query(**{name: variable["valueTexts"] for name, variable in variables.items()})
    answer = scb.get_data()
    codes = [column["code"] for column in answer["columns"]]
    assert codes == ["Region", "Utbildning", "Tid", *CONTENTS], codes
    return {tuple(row["key"]): dict(zip(CONTENTS.values(), row["values"])) for row in answer["data"]}


def published_rows(underlag, url):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        (root / "config").mkdir()
        (root / "pipelines/m").mkdir(parents=True)
        reference = pathlib.Path(__file__).resolve().parents[2] / "reference"
        (root / "config/underlag.toml").write_text(
            f'version = 1\ndata_dir = "../data"\nreference_dir = "{reference}"\n'
            '[publisher]\nname = "Region Prov"\ncontact = "prov@example.org"\n'
        )
        (root / "config/sources.toml").write_text(
            f'version = 1\n[source.scb_v1.pxweb-v1]\nbase_url = "{url}"\ncredit = "SCB"\nlicence = "CC0-1.0"\n'
        )
        (root / "pipelines/m/pipeline.toml").write_text(PIPELINE)
        (root / "pipelines/m/m.sql").write_text(SQL)
        subprocess.run([underlag, "run", "--all"], cwd=root, check=True, stdout=subprocess.DEVNULL)
        table = pyarrow.dataset.dataset((root / "data/datasets/matchning/current").resolve()).to_table().to_pylist()
    return {(row["kod"], row["utbildning"], row["period"]): row for row in table}


def main(underlag):
    underlag = str(pathlib.Path(underlag).resolve())
    command = [underlag, "sandbox", "--listen", "127.0.0.1:0", "--calls", "0"]
    sandbox = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        url = next(line.split()[1] for line in sandbox.stdout if line.startswith("pxweb-v1 "))
        theirs, ours = client_rows(url), published_rows(underlag, url)
        assert theirs.keys() == ours.keys(), (len(theirs), len(ours))
        for key, row in theirs.items():
            for column, text in row.items():
                value, symbol = ours[key][column], ours[key][f"{column}_symbol"]
                # A symbol beside a value is a note, which the client's format leaves out.
                same = text == symbol if value is None else float(text) == value
                assert same, (key, column, text, value, symbol)
        print(f"pyscbwrapper: {len(theirs)} rows of {len(CONTENTS)} contents, all as published")
    finally:
        sandbox.terminate()
        sandbox.wait()


if __name__ == "__main__":
    main(sys.argv[1])

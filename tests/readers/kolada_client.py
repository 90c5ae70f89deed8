#!/usr/bin/env python3
"""Points a real Kolada client (koladapy) at the sandbox and holds its rows against our Parquet.

    kolada_client.py UNDERLAG

starts `UNDERLAG sandbox` on a free port, runs a pipeline against it, asks for the same figures with koladapy (which asks by
query parameters, not by path, and follows the pages by number), and compares them value by value. koladapy goes on in silence
where a batch fails: a row that it lacks is a difference here.
"""
import pathlib
import subprocess
import sys
import tempfile

import pyarrow.dataset
from koladapy import KoladaAPI

KPIS = ["N01982", "N18898", "N18500"]
YEARS = [2021, 2022, 2023]

PIPELINE = """
version = 1
title = "Nyckeltal"
[fetch.k.kolada]
source = "kolada"
kpi = {kpis}
years = {years}
[dataset.tal]
title = "Nyckeltal"
sql = "tal.sql"
key = ["kod", "kpi", "kon", "period"]
[dataset.tal.column.kpi]
type = "text"
title = "Nyckeltal"
[dataset.tal.column.enhet]
type = "text"
title = "Enhet"
[dataset.tal.column.kon]
type = "text"
title = "Kön"
[dataset.tal.column.varde]
type = "float64"
decimals = 8
title = "Värde"
unit = "enligt nyckeltalet"
"""
SQL = "SELECT niva, kod, period, kpi, enhet, kon, varde, varde_status, varde_symbol FROM k\n"
REFERENCE = pathlib.Path(__file__).resolve().parents[2] / "reference"


def ours(underlag, url, folder):
    """What the pipeline publishes, by indicator, unit, year and sex."""
    for path, text in {
        "config/underlag.toml": f'version = 1\ndata_dir = "../data"\nreference_dir = "{REFERENCE}"\n'
        '[publisher]\nname = "Prov"\ncontact = "prov@example.org"\n',
        "config/sources.toml": f'version = 1\n[source.kolada.kolada]\nbase_url = "{url}"\ncredit = "Kolada"\nlicence = "Koladas"\n',
        "pipelines/tal/pipeline.toml": PIPELINE.format(kpis=str(KPIS).replace("'", '"'), years=YEARS),
        "pipelines/tal/tal.sql": SQL,
    }.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    subprocess.run([underlag, "run", "tal"], check=True, cwd=folder)
    table = pyarrow.dataset.dataset((folder / "data/datasets/tal/current").resolve()).to_table()
    rows = table.select(["kpi", "enhet", "period", "kon", "varde"]).to_pylist()
    return {(row["kpi"], row["enhet"], str(row["period"]), row["kon"]): row["varde"] for row in rows}


def theirs(url):
    """The same as koladapy reads it."""
    api = KoladaAPI(base_url=url + "/", max_requests_per_second=1000)
    assert {kpi["id"] for kpi in api.get_kpis(KPIS)} == set(KPIS)
    assert [kpi["id"] for kpi in api.search_kpis("yrkespaket")], "search by title"
    group = api.get_kpi_group(api.get_kpi_groups()[0]["id"])
    assert {"member_id", "member_title"} <= set(group["members"][0]), group
    schools = api.get_organizational_units(municipality="0180", ou_type="V15E")
    assert len(schools) == 2 and all(school["municipality"] == "0180" for school in schools), schools
    of_schools = api.get_values(kpi_id="N15419", ou_id=[school["id"] for school in schools], years=2024)
    assert {row["ou"] for row in of_schools} == {school["id"] for school in schools}, of_schools
    units = [unit["id"] for unit in api.get_municipalities()]
    data = api.get_values(kpi_id=KPIS, municipality_id=units, years=YEARS)
    return {
        (row["kpi"], row["municipality"], str(row["period"]), value["gender"]): value["value"]
        for row in data
        for value in row["values"]
        if not value["isdeleted"]
    }


def main(underlag):
    sandbox = subprocess.Popen([underlag, "sandbox", "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
    try:
        url = next(line.split()[1] for line in sandbox.stdout if line.startswith("kolada-v3 "))
        with tempfile.TemporaryDirectory() as folder:
            published, read = ours(underlag, url, pathlib.Path(folder)), theirs(url)
        assert published.keys() == read.keys(), sorted(published.keys() ^ read.keys())[:5]
        # Published as they came, to the eight decimals that Kolada gives.
        different = [key for key in read if published[key] != read[key]]
        assert not different, [(key, published[key], read[key]) for key in different[:5]]
        print(f"koladapy: {len(read)} values of {len(KPIS)} indicators, equal to the published ones")
    finally:
        sandbox.terminate()
        sandbox.wait()


if __name__ == "__main__":
    main(sys.argv[1])

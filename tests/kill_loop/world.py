"""A sandbox with two editions of its figures, a configuration that fetches them,
and the oracle: what every dataset must hold of either edition, computed here from
the sandbox's own answers and not by Underlag."""

import atexit
import hashlib
import itertools
import json
import pathlib
import subprocess
import urllib.request

AGES = ["TotSA", "0-9"]
# One call: Kolada announces no revisions, so nothing could tell two editions in two calls apart.
KPIS = ["N18898", "N01982"]
YEARS = [str(year) for year in range(2015, 2025)]
MEASURES = {"folk_kommun": "folkmangd", "folk_lan": "folkmangd", "nyckeltal": "varde"}
KEYS = {
    "folk_kommun": ["kod", "alder", "kon", "period"],
    "folk_lan": ["kod", "alder", "kon", "period"],
    "nyckeltal": ["kod", "kpi", "kon", "period"],
}

FETCH_FOLK = """version = 1
title = "Folk"

[fetch.folk.pxweb]
source = "scb"
table = "TAB6471"
select = { Region = "*", Alder = ["TotSA", "0-9"], Kon = "*", Tid = "TOP(2)" }
rename = { Region = "kod", Tid = "period" }
measures = { "000007SF" = "folkmangd" }
"""
DATASET_FOLK = """
[dataset.NAME]
title = "Folkmängd"
sql = "NAME.sql"
key = ["kod", "alder", "kon", "period"]
[dataset.NAME.column.alder]
type = "text"
title = "Ålder"
[dataset.NAME.column.kon]
type = "text"
title = "Kön"
[dataset.NAME.column.folkmangd]
type = "int64"
title = "Folkmängd"
unit = "antal"
additive = true
perturbation = "ckm"
"""
SQL_FOLK = """SELECT 'LEVEL' AS niva, kod, period, alder, kon, folkmangd, folkmangd_status, folkmangd_symbol
FROM folk
WHERE character_length(kod) = LENGTH AND kod <> '00'
"""
PIPELINE_KPI = """version = 1
title = "Nyckeltal"

[fetch.tal.kolada]
source = "kolada"
kpi = ["N18898", "N01982"]
municipality = MUNICIPALITIES
years = [2015, 2016, 2017, 2018, 2019, 2020, 2021, 2022, 2023, 2024]

[dataset.nyckeltal]
title = "Nyckeltal"
sql = "nyckeltal.sql"
key = ["kod", "kpi", "kon", "period"]
[dataset.nyckeltal.column.kpi]
type = "text"
title = "Nyckeltal"
[dataset.nyckeltal.column.kon]
type = "text"
title = "Kön"
[dataset.nyckeltal.column.varde]
type = "float64"
title = "Värde"
unit = "olika"
decimals = 10
"""
SQL_KPI = "SELECT niva, kod, kpi, kon, period, varde, varde_status, varde_symbol\nFROM tal\n"


def canonical(rows) -> str:
    """Names a set of rows, (key…, value or None), in any order; sums of floats may differ in their last digit."""
    lines = sorted("|".join([*map(str, row[:-1]), "" if row[-1] is None else f"{row[-1]:.9f}"]) for row in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


class World:
    def __init__(self, underlag: str, root: pathlib.Path):
        self.underlag, self.root = underlag, root
        self.data = root / "data"
        command = [underlag, "sandbox", "--calls", "0", "--max-cells", "500"]
        self.sandbox = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        atexit.register(self.stop)
        lines = itertools.islice(self.sandbox.stdout, 3)
        self.urls = dict(line.split() for line in lines)
        self.host = self.urls["filer"].rsplit("/", 1)[0]
        self.municipalities = self._municipalities()
        self._configure()
        self.edition = "first"
        self.oracle = {}
        for edition in ("revised", "first"):
            self.turn(edition)
            for dataset, rows in self._served().items():
                self.oracle.setdefault(dataset, {})[canonical(rows)] = edition
        for dataset, editions in self.oracle.items():
            assert len(editions) == 2, f"the editions of {dataset} are alike: nothing would be tested"

    def stop(self) -> None:
        self.sandbox.terminate()
        self.sandbox.wait()

    def turn(self, edition: str, delay_ms: int = 0) -> None:
        """From now on the source tells this edition."""
        self._ask("DELETE", f"{self.host}/_fault")
        if edition == "revised":
            self._ask("POST", f"{self.host}/_fault", {"kind": "revise"})
        if delay_ms:
            self._ask("POST", f"{self.host}/_fault", {"kind": "delay", "delay_ms": delay_ms})
        self.edition = edition

    def command(self, *arguments: str) -> list[str]:
        config = self.root / "config" / "underlag.toml"
        return [self.underlag, *arguments, "--config", str(config), "--data-dir", str(self.data)]

    def _ask(self, method: str, url: str, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def _municipalities(self) -> list[str]:
        units = self._ask("GET", f"{self.urls['kolada-v3']}/municipality")["values"]
        return [unit["id"] for unit in units if unit["type"] == "K"][:25]

    def _configure(self) -> None:
        repository = pathlib.Path(__file__).resolve().parents[2]
        files = {
            "config/underlag.toml": "version = 1\ndata_dir = \"../data\"\n"
            f"reference_dir = \"{repository}/reference\"\n"
            "[publisher]\nname = \"Region Prov\"\ncontact = \"prov@example.org\"\n",
            "config/sources.toml": "version = 1\n"
            f"[source.scb.pxweb]\nbase_url = \"{self.urls['pxweb-v2']}\"\ncredit = \"SCB\"\nlicence = \"CC0-1.0\"\n"
            f"[source.kolada.kolada]\nbase_url = \"{self.urls['kolada-v3']}\"\ncredit = \"Kolada\"\n"
            "licence = \"Koladas användarvillkor\"\n",
            "pipelines/folk/pipeline.toml": FETCH_FOLK
            + "".join(DATASET_FOLK.replace("NAME", name) for name in ("folk_kommun", "folk_lan")),
            "pipelines/folk/folk_kommun.sql": SQL_FOLK.replace("LEVEL", "kommun").replace("LENGTH", "4"),
            "pipelines/folk/folk_lan.sql": SQL_FOLK.replace("LEVEL", "lan").replace("LENGTH", "2"),
            "pipelines/nyckeltal/pipeline.toml": PIPELINE_KPI.replace(
                "MUNICIPALITIES", json.dumps(self.municipalities)
            ),
            "pipelines/nyckeltal/nyckeltal.sql": SQL_KPI,
        }
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def _served(self) -> dict[str, list[tuple]]:
        """Every dataset's rows of the edition that the sandbox tells now."""
        folk = list(self._cube())
        return {
            "folk_kommun": [row for row in folk if len(row[0]) == 4],
            "folk_lan": [row for row in folk if len(row[0]) == 2 and row[0] != "00"],
            "nyckeltal": list(self._kpi()),
        }

    def _cube(self):
        table = f"{self.urls['pxweb-v2']}/tables/TAB6471"
        regions = self._ask("GET", f"{table}/metadata?lang=sv")["dimension"]["Region"]["category"]["index"]
        # The sandbox limits the cells of a call, so region after region is asked for.
        for start in range(0, len(regions), 20):
            some = list(regions)[start : start + 20]
            selection = {"Region": some, "Alder": AGES, "Kon": ["*"], "Tid": ["TOP(2)"], "ContentsCode": ["000007SF"]}
            body = {"selection": [{"variableCode": name, "valueCodes": codes} for name, codes in selection.items()]}
            cube = self._ask("POST", f"{table}/data?lang=sv&outputFormat=json-stat2", body)
            order = [sorted(cube["dimension"][name]["category"]["index"].items(), key=lambda code: code[1]) for name in cube["id"]]
            for place, cell in enumerate(itertools.product(*order)):
                code = {name: code for name, (code, _) in zip(cube["id"], cell)}
                value = cube["value"][place]
                yield code["Region"], code["Alder"], code["Kon"], code["Tid"], value

    def _kpi(self):
        lists = ",".join(KPIS), ",".join(self.municipalities), ",".join(YEARS)
        url = "{}/data/kpi/{}/municipality/{}/year/{}?per_page=5000".format(self.urls["kolada-v3"], *lists)
        answer = self._ask("GET", url)
        assert not answer.get("next_url"), "more pages than the oracle reads"
        for row in answer["values"]:
            for value in row["values"]:
                if not value.get("isdeleted"):
                    number = None if value["value"] is None else value["value"]
                    yield row["municipality"], row["kpi"], value["gender"], str(row["period"]), number

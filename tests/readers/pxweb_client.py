#!/usr/bin/env python3
"""Points a real PxWeb client (pxwebpy) at the sandbox, so that the stand-in is held to what clients expect of the real one.

    pxweb_client.py UNDERLAG

starts `UNDERLAG sandbox` on a free port, searches, reads metadata and fetches a selection that the client has to split.
"""
import subprocess
import sys

from pxweb import PxApi

AGES = ["TotSA", "0-9", "10-19", "20-29", "30-39", "40-49", "50-59", "60-69"]


def main(underlag):
    sandbox = subprocess.Popen([underlag, "sandbox", "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
    try:
        url = next(line.split()[1] for line in sandbox.stdout if line.startswith("pxweb-v2 "))
        api = PxApi(url)
        limit = api.get_config()["maxDataCells"]
        found = [table["id"] for table in api.search(query="folkmängd")["tables"]]
        assert "TAB6471" in found, found
        variables = api.get_table_variables("TAB6471")
        assert {"Region", "Alder", "Kon", "ContentsCode", "Tid"} <= set(variables), list(variables)
        rows = api.get_table_data(
            "TAB6471",
            value_codes={"Region": ["*"], "Alder": AGES, "Kon": ["*"], "Tid": ["2025M*", "2026M*"], "ContentsCode": ["*"]},
            show="code",
        )
        assert len(rows) == 312 * len(AGES) * 3 * 22 > limit, len(rows)
        stockholm = [row for row in rows if row["region"] == "0180" and row["ålder"] == "TotSA" and row["kön"] == "TotSa"]
        assert len(stockholm) == 22, stockholm[:2]
        print(f"pxwebpy: {len(rows)} rows in calls of at most {limit} cells; Stockholm {stockholm[-1]['månad']}: {stockholm[-1]['value']}")
    finally:
        sandbox.terminate()
        sandbox.wait()


if __name__ == "__main__":
    main(sys.argv[1])

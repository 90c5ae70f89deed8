#!/usr/bin/env python3
"""Opens a published data folder as analysts do and fails on what they would stumble on.

    python3 read_current.py DATA_DIR [--reports DIR] [--without-race]

For every dataset, every reader and every way of opening `current` (see
readers.py): codes keep their leading zeros, text is plain text, the rows are
those of the manifest and the totals the same in all. Then the figures on the
site against the same figures read by every tool (figures.py), and readers
against a pointer that moves (race.py).
"""

import argparse
import json
import pathlib
import sys

import duckdb

from figures import TOOLS, compare
from race import race
from readers import READERS, Facts

REPORTS = pathlib.Path(__file__).parents[2] / "reports"
# Columns that hold codes wherever they occur.
CODES = ("kod", "lan", "period")
DATES = ("period_start", "period_end")


def check_facts(facts: Facts, manifest: dict) -> list[str]:
    """One reader's view against what the manifest says was published."""
    faults = []
    if facts.rows != manifest["rows"]:
        faults.append(f"{facts.rows} rows, but the manifest says {manifest['rows']}")
    declared = {column["name"]: column["kind"] for column in manifest["columns"]}
    if list(facts.kinds) != list(declared):
        faults.append(f"columns {list(facts.kinds)}, but the manifest says {list(declared)}")
    wanted = {"text": ("text",), "int64": ("int", "float"), "float64": ("float",), "date": ("date",)}
    for column, kind in facts.kinds.items():
        # int → float: pandas alone, where a value is missing.
        if kind not in wanted.get(declared.get(column, ""), ()):
            faults.append(f"{column} is {kind}, but was published as {declared.get(column)}")
    for column in CODES:
        if column in facts.kinds and facts.kinds[column] != "text":
            faults.append(f"{column} became {facts.kinds[column]}: leading zeros are lost")
    for column in DATES:
        if column in facts.kinds and facts.kinds[column] != "date":
            faults.append(f"{column} is {facts.kinds[column]}, not a date")
    if "lan" in facts.values:
        counties = facts.values["lan"]
        wrong = sorted(repr(code) for code in counties if code is None or len(code) != 2)
        if wrong:
            faults.append(f"lan holds {', '.join(wrong[:5])}, not two digits")
        if "01" not in counties:
            faults.append("lan has no '01'")
    if "kod" in facts.values and "niva" in facts.values:
        digits = [code for code in facts.values["kod"] if code and code.isdigit()]
        if not any(code.startswith("0") for code in digits):
            faults.append("no kod begins with a zero")
    return faults


def check_dataset(folder: pathlib.Path) -> tuple[list[str], int]:
    current = folder / "current"
    manifest = json.loads((current.resolve().parent / "manifest.json").read_text(encoding="utf-8"))
    strangers = [path for path in current.rglob("*") if path.is_file() and path.suffix != ".parquet"]
    faults = [f"{path} is not Parquet, and readers refuse a folder that holds it" for path in strangers]
    first: Facts | None = None
    for name, read in READERS.items():
        try:
            facts = read(str(current))
        except Exception as error:  # each tool has its own kind
            faults.append(f"{name}: {type(error).__name__}: {error}")
            continue
        faults += [f"{name}: {fault}" for fault in check_facts(facts, manifest)]
        if first is None:
            first = facts
        else:
            faults += [f"{name}: {fault}" for fault in facts.same_as(first)]
    faults += levels(current)
    return [f"{folder.name}: {fault}" for fault in faults], manifest["rows"]


def levels(current: pathlib.Path) -> list[str]:
    """Where a level's codes have another length than the level has."""
    lengths = {"riket": 2, "lan": 2, "kommun": 4}
    with duckdb.connect() as connection:
        seen = connection.sql(f"SELECT * FROM read_parquet('{current}/**/*.parquet')")
        if not {"niva", "kod"} <= set(seen.columns):
            return []
        pairs = seen.project("niva, kod").distinct().fetchall()
    wrong = [(level, code) for level, code in pairs if level in lengths and len(code) != lengths[level]]
    return [f"{level} {code!r} is not {lengths[level]} digits" for level, code in sorted(wrong)[:5]]


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("data_dir", type=pathlib.Path)
    arguments.add_argument("--reports", type=pathlib.Path, default=REPORTS, help="the folder of the reports that made the site")
    arguments.add_argument("--without-race", action="store_true")
    given = arguments.parse_args()

    faults = []
    folders = sorted(path.parent for path in given.data_dir.glob("datasets/*/current"))
    if not folders:
        faults.append(f"{given.data_dir} holds no published dataset")
    for folder in folders:
        found, rows = check_dataset(folder)
        faults += found
        print(f"{folder.name}: {rows} rows, {len(READERS)} ways of reading, {len(found)} faults")
    found, compared = compare(given.data_dir, given.reports)
    faults += found
    print(f"site: {compared} figures as {', '.join(TOOLS)} read them, {len(found)} faults")
    if not given.without_race:
        print("while the pointer moves:")
        faults += race()

    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

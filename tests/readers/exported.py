"""Exports datasets of a data folder in every format and reads them as their users do.

    python tests/readers/exported.py UNDERLAG DATA_DIR [DATASET…]

Whatever the format, the rows must be those of the published Parquet: codes
as text with their zeros, numbers as numbers, a null as no value.
"""

import argparse
import datetime
import json
import pathlib
import subprocess
import sys
import tempfile

import openpyxl
import pandas

# Beyond this a workbook is too slow to read twice in a test.
MOST_ROWS = 100_000


def published(folder: pathlib.Path) -> list[tuple]:
    return plain(pandas.read_parquet(folder / "current").astype(object))


def plain(frame: pandas.DataFrame) -> list[tuple]:
    """Rows as Python values: None for what is missing, dates as text, whole floats as they are."""
    return [tuple(value(cell) for cell in row) for row in frame.itertuples(index=False)]


def value(cell):
    if cell is None or cell is pandas.NaT or (isinstance(cell, float) and cell != cell):
        return None
    if isinstance(cell, datetime.datetime):
        cell = cell.date()
    if isinstance(cell, datetime.date):
        return cell.isoformat()
    if isinstance(cell, (int, float)) or hasattr(cell, "dtype"):
        return float(cell)
    return cell


def separated(path: pathlib.Path, texts: list[str], **dialect) -> list[tuple]:
    frame = pandas.read_csv(path, dtype={name: str for name in texts}, keep_default_na=False, na_values={}, **dialect)
    frame = frame.astype(object).where(lambda cells: cells != "", None)
    return plain(frame.map(lambda cell: cell[1:] if isinstance(cell, str) and cell.startswith("'") else cell))


def workbook(path: pathlib.Path, names: list[str]) -> list[tuple]:
    book = openpyxl.load_workbook(path, read_only=True)
    if book.sheetnames != ["Data", "Om"]:
        raise ValueError(f"sheets {book.sheetnames}")
    rows = book["Data"].iter_rows(values_only=True)
    head = next(rows)
    if list(head) != names:
        raise ValueError(f"columns {head}")
    return [tuple(value(cell) for cell in row) for row in rows]


def records(path: pathlib.Path) -> list[tuple]:
    return [tuple(value(cell) for cell in row.values()) for row in json.loads(path.read_text(encoding="utf-8"))]


def check(underlag: str, data: pathlib.Path, name: str, scratch: pathlib.Path) -> list[str]:
    folder = data / "datasets" / name
    manifest = json.loads(((folder / "current").resolve().parent / "manifest.json").read_text(encoding="utf-8"))
    names = [column["name"] for column in manifest["columns"]]
    texts = [column["name"] for column in manifest["columns"] if column["kind"] in ("text", "date")]
    expected = sorted(published(folder), key=repr)
    ways = {
        "csv": lambda path: separated(path, texts),
        "csv-sv": lambda path: separated(path, texts, sep=";", decimal=",", encoding="utf-8-sig"),
        "json": records,
        "xlsx": lambda path: workbook(path, names),
        "parquet": lambda path: plain(pandas.read_parquet(path).astype(object)),
    }
    faults = []
    for format, read in ways.items():
        path = scratch / f"{name}.{format}"
        command = [underlag, "export", name, "--data-dir", str(data), "--format", format, "-o", str(path)]
        subprocess.run(command, check=True, capture_output=True)
        rows = sorted(read(path), key=repr)
        if rows != expected:
            pair = next((pair for pair in zip(rows, expected) if pair[0] != pair[1]), (len(rows), len(expected)))
            faults.append(f"{name} as {format}: {pair[0]}, but published is {pair[1]}")
    return faults


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("underlag")
    arguments.add_argument("data_dir", type=pathlib.Path)
    arguments.add_argument("datasets", nargs="*")
    given = arguments.parse_args()
    faults, compared = [], 0
    with tempfile.TemporaryDirectory() as scratch:
        for folder in sorted(path.parent for path in given.data_dir.glob("datasets/*/current")):
            manifest = json.loads(((folder / "current").resolve().parent / "manifest.json").read_text(encoding="utf-8"))
            if given.datasets and folder.name not in given.datasets or manifest["rows"] > MOST_ROWS:
                continue
            faults += check(given.underlag, given.data_dir, folder.name, pathlib.Path(scratch))
            compared += 1
    print(f"exports: {compared} datasets in 5 formats, {len(faults)} faults")
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults or not compared else 0


if __name__ == "__main__":
    sys.exit(main())

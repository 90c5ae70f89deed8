"""The figures on the site against the same figures in the published Parquet.

For a few pages, every figure's CSV (`site/current/lan/01/NAME.csv`, made for
machines: UTF-8, comma, dot) is compared row by row with what each tool finds
in the dataset under the figure's own selection, as reports/*/report.toml
declares it. A report computes nothing, so the two are equal or one is wrong.
"""

import csv
import pathlib
import tomllib
from collections.abc import Callable

import duckdb
import pandas
import polars
import pyarrow.compute
import pyarrow.dataset

# The pages that are compared: a county and a municipality whose codes begin with a zero.
PAGES = ("lan/01", "kommun/0180")

Where = dict[str, list[str]]
Rows = dict[tuple[str, ...], float | None]
Select = Callable[[str, list[str], str, Where], list[tuple]]


def duckdb_select(current: str, keys: list[str], value: str, where: Where) -> list[tuple]:
    columns = ", ".join(f'"{column}"' for column in [*keys, value])
    conditions = " AND ".join(f'list_contains(?, "{column}")' for column in where)
    query = f"SELECT {columns} FROM '{current}/**/*.parquet' WHERE {conditions}"
    with duckdb.connect() as connection:
        return connection.execute(query, list(where.values())).fetchall()


def pandas_select(current: str, keys: list[str], value: str, where: Where) -> list[tuple]:
    frame = pandas.read_parquet(current)
    for column, codes in where.items():
        frame = frame[frame[column].isin(codes)]
    rows = frame[[*keys, value]].itertuples(index=False, name=None)
    return [(*row[:-1], None if pandas.isna(row[-1]) else row[-1]) for row in rows]


def polars_select(current: str, keys: list[str], value: str, where: Where) -> list[tuple]:
    frame = polars.scan_parquet(current)
    for column, codes in where.items():
        frame = frame.filter(polars.col(column).is_in(codes))
    return frame.select([*keys, value]).collect().rows()


def pyarrow_select(current: str, keys: list[str], value: str, where: Where) -> list[tuple]:
    condition = None
    for column, codes in where.items():
        one = pyarrow.compute.field(column).isin(codes)
        condition = one if condition is None else condition & one
    table = pyarrow.dataset.dataset(current).to_table(columns=[*keys, value], filter=condition)
    return list(zip(*(table[column].to_pylist() for column in [*keys, value])))


TOOLS: dict[str, Select] = {
    "DuckDB": duckdb_select,
    "pandas": pandas_select,
    "Polars": polars_select,
    "pyarrow": pyarrow_select,
}


def site_rows(path: pathlib.Path, value: str, category: str | None) -> Rows:
    """THE SITE'S CSV: the one place that knows how the site writes it."""
    with path.open(encoding="utf-8", newline="") as file:
        keys = ["niva", "kod", "period", *([category] if category else [])]
        return {
            tuple(row[key] for key in keys): float(row[value]) if row[value] else None
            for row in csv.DictReader(file)
            # Neither value nor status: the dataset has no such row.
            if row[value] or row[f"{value}_status"]
        }


def same(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= 1e-9 * max(1.0, abs(one))


def declared(reports: pathlib.Path) -> list[tuple[str, dict]]:
    """Every figure's name and definition (`[figure.NAME.KIND]`)."""
    figures = []
    for path in sorted(reports.glob("*/report.toml")):
        report = tomllib.loads(path.read_text(encoding="utf-8"))
        for name, kinds in report.get("figure", {}).items():
            figures += [(name, figure) for figure in kinds.values()]
    return figures


def compare(data_dir: pathlib.Path, reports: pathlib.Path) -> tuple[list[str], int]:
    """The faults, and how many figures on how many pages were compared."""
    faults, compared = [], 0
    for page in PAGES:
        for name, figure in declared(reports):
            path = data_dir / "site" / "current" / page / f"{name}.csv"
            if not path.exists():
                continue
            value, category = figure["value"], figure.get("category")
            shown = site_rows(path, value, category)
            if not shown:
                continue
            where = {c: [v] if isinstance(v, str) else v for c, v in figure.get("where", {}).items()}
            where["kod"] = sorted({key[1] for key in shown})
            keys = ["niva", "kod", "period", *([category] if category else [])]
            current = str(data_dir / "datasets" / figure["dataset"] / "current")
            for tool, select in TOOLS.items():
                published = {row[:-1]: row[-1] for row in select(current, keys, value, where)}
                wrong = [key for key in shown if key not in published or not same(shown[key], published[key])]
                faults += [
                    f"{page}/{name}.csv, {tool}: {key} is {shown[key]} on the site, {published.get(key, 'absent')} in {figure['dataset']}"
                    for key in wrong[:3]
                ]
            compared += 1
    if compared == 0:
        faults.append(f"no figure's CSV was found below {data_dir}/site/current/{{{','.join(PAGES)}}}")
    return faults, compared

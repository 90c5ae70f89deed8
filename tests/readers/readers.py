"""The ways an analyst opens a published dataset, each with the tool's defaults.

Nothing is cast, renamed or told about types on the way in: a default that
goes wrong is the publisher's fault and must show. Every frame is then reduced
to the same few facts in plain Python values, a `Facts`.
"""

import datetime
import glob
from collections.abc import Callable
from dataclasses import dataclass

import duckdb
import pandas
import polars
import pyarrow.compute
import pyarrow.dataset
import pyarrow.parquet

DEEP = "/**/*.parquet"
LAN = "/lan-*/*.parquet"


@dataclass
class Facts:
    rows: int
    # Column → text, int, float or date; else the tool's own name for the type.
    kinds: dict[str, str]
    # Numeric column → (how many values, their sum).
    totals: dict[str, tuple[int, float]]
    # Text column → its distinct values.
    values: dict[str, set[str]]

    def same_as(self, other: "Facts") -> list[str]:
        """Where two readers saw different things; nothing if they agree."""
        faults = []
        if self.rows != other.rows:
            faults.append(f"rows {self.rows}, not {other.rows}")
        if list(self.kinds) != list(other.kinds):
            faults.append(f"columns {list(self.kinds)}, not {list(other.kinds)}")
        for column, (count, total) in other.totals.items():
            mine = self.totals.get(column)
            if mine is None or mine[0] != count or abs(mine[1] - total) > 1e-9 * max(1.0, abs(total)):
                faults.append(f"{column}: (values, sum) {mine}, not {(count, total)}")
        for column, values in other.values.items():
            if self.values.get(column) != values:
                faults.append(f"{column}: other values than the first reader saw")
        return faults


def matching(current: str, pattern: str) -> list[str]:
    return sorted(glob.glob(current + pattern, recursive=True))


def duckdb_facts(path: str) -> Facts:
    with duckdb.connect() as connection:
        # One reading; every question after it is put to what was read.
        connection.execute(f"CREATE TEMP TABLE seen AS SELECT * FROM read_parquet('{path}')")
        seen = connection.table("seen")
        names = {"VARCHAR": "text", "BIGINT": "int", "DOUBLE": "float", "DATE": "date"}
        kinds = {column: names.get(str(kind), str(kind)) for column, kind in zip(seen.columns, seen.types)}
        numbers = [column for column, kind in kinds.items() if kind in ("int", "float")]
        sums = "".join(f', count("{column}"), coalesce(sum("{column}"), 0)::DOUBLE' for column in numbers)
        row = seen.aggregate(f"count(*){sums}").fetchall()[0]
        totals = {column: (row[1 + 2 * i], row[2 + 2 * i]) for i, column in enumerate(numbers)}
        values = {
            column: {value for (value,) in seen.project(f'"{column}"').distinct().fetchall()}
            for column, kind in kinds.items()
            if kind == "text"
        }
        return Facts(row[0], kinds, totals, values)


def pandas_facts(frame: pandas.DataFrame) -> Facts:
    def kind(column: str) -> str:
        dtype = frame[column].dtype
        # pandas turns whole numbers with gaps into floats: its way, not a fault of the file.
        if isinstance(dtype, pandas.StringDtype):
            return "text"
        if pandas.api.types.is_integer_dtype(dtype):
            return "int"
        if pandas.api.types.is_float_dtype(dtype):
            return "float"
        if dtype == object and all(isinstance(value, datetime.date) for value in frame[column].dropna()):
            return "date"
        return str(dtype)

    kinds = {column: kind(column) for column in frame.columns}
    totals = {
        column: (int(frame[column].count()), float(frame[column].sum()))
        for column, kind in kinds.items()
        if kind in ("int", "float")
    }
    values = {
        column: {None if pandas.isna(value) else value for value in frame[column].unique()}
        for column, kind in kinds.items()
        if kind == "text"
    }
    return Facts(len(frame), kinds, totals, values)


def polars_facts(frame: polars.DataFrame) -> Facts:
    names = {polars.String: "text", polars.Int64: "int", polars.Float64: "float", polars.Date: "date"}
    kinds = {column: names.get(kind, str(kind)) for column, kind in frame.schema.items()}
    totals = {
        column: (frame[column].count(), float(frame[column].sum() or 0))
        for column, kind in kinds.items()
        if kind in ("int", "float")
    }
    values = {column: set(frame[column].unique().to_list()) for column, kind in kinds.items() if kind == "text"}
    return Facts(frame.height, kinds, totals, values)


def pyarrow_facts(table: pyarrow.Table) -> Facts:
    names = {"string": "text", "large_string": "text", "int64": "int", "double": "float", "date32[day]": "date"}
    kinds = {column.name: names.get(str(column.type), str(column.type)) for column in table.schema}
    totals = {
        column: (len(table[column]) - table[column].null_count, float(pyarrow.compute.sum(table[column]).as_py() or 0))
        for column, kind in kinds.items()
        if kind in ("int", "float")
    }
    values = {column: set(table[column].unique().to_pylist()) for column, kind in kinds.items() if kind == "text"}
    return Facts(table.num_rows, kinds, totals, values)


def pandas_each(paths: list[str]) -> pandas.DataFrame:
    return pandas.concat([pandas.read_parquet(path) for path in paths], ignore_index=True)


# Name → opens a `current` folder. pandas has no glob of its own: its users list the files.
READERS: dict[str, Callable[[str], Facts]] = {
    "DuckDB, current": lambda current: duckdb_facts(current),
    "DuckDB, current/**": lambda current: duckdb_facts(current + DEEP),
    "DuckDB, current/lan-*": lambda current: duckdb_facts(current + LAN),
    "pandas, current": lambda current: pandas_facts(pandas.read_parquet(current)),
    "pandas, files one by one": lambda current: pandas_facts(pandas_each(matching(current, LAN))),
    "Polars, current": lambda current: polars_facts(polars.read_parquet(current)),
    "Polars, current/**": lambda current: polars_facts(polars.read_parquet(current + DEEP)),
    "Polars, scan current/lan-*": lambda current: polars_facts(polars.scan_parquet(current + LAN).collect()),
    "pyarrow, current": lambda current: pyarrow_facts(pyarrow.parquet.read_table(current)),
    "pyarrow, dataset(current)": lambda current: pyarrow_facts(pyarrow.dataset.dataset(current).to_table()),
    "pyarrow, files of current/**": lambda current: pyarrow_facts(
        pyarrow.dataset.dataset(matching(current, DEEP)).to_table()
    ),
}

"""An analyst with DuckDB, reading while the publisher is killed again and again."""

import os
import pathlib
import time
from collections import Counter

import duckdb

from world import KEYS, MEASURES, canonical


def whole(connection, folder: str, dataset: str) -> str:
    """The name of all rows below a folder."""
    columns = ", ".join([*KEYS[dataset], MEASURES[dataset]])
    query = f"SELECT {columns} FROM read_parquet('{folder}/**/*.parquet', hive_partitioning = false)"
    return canonical(connection.execute(query).fetchall())


def read_on(data: str, oracle: dict, through: bool, stop, report) -> None:
    """Reads until told to stop. `through` the pointer for every file, or following it once as docs/operations.md says."""
    outcomes, faults, editions, newest = Counter(), [], {}, {}
    connection = duckdb.connect()
    connection.execute("SET threads = 1")
    while not stop.is_set() and len(faults) < 10:
        for dataset in oracle:
            current = pathlib.Path(data) / "datasets" / dataset / "current"
            try:
                target = os.path.realpath(current, strict=True)
            except FileNotFoundError:
                outcomes["nothing published yet"] += 1
                if dataset in newest:
                    faults.append(f"{dataset}: the pointer is gone")
                continue
            version = pathlib.Path(target).parent.name
            if version < newest.get(dataset, ""):
                faults.append(f"{dataset}: the pointer went back from {newest[dataset]} to {version}")
            newest[dataset] = max(version, newest.get(dataset, ""))
            try:
                found = whole(connection, str(current) if through else target, dataset)
            except duckdb.Error as error:
                if through and "no such file" in str(error).lower() or "No files found" in str(error) and through:
                    outcomes["overtaken"] += 1
                    continue
                faults.append(f"{dataset} {version}: {type(error).__name__}: {error}")
                continue
            edition = oracle[dataset].get(found)
            moved = os.path.realpath(current) != target
            if edition is None and through and moved:
                # The documented exception: a county that the pointer took away while the folder was listed.
                outcomes["short, while the pointer moved"] += 1
            elif edition is None:
                faults.append(f"{dataset} {version}: rows of no edition ({found})")
            elif not through and editions.setdefault((dataset, version), edition) != edition:
                faults.append(f"{dataset} {version}: was {editions[dataset, version]}, and is {edition}")
            else:
                outcomes["whole"] += 1
        time.sleep(0.01)
    report.put(("through the pointer" if through else "pointer followed once", outcomes, faults, newest))

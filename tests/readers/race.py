"""Readers against a pointer that moves while they read.

A writer process publishes small versions one after another as Underlag does:
a folder that never changes, files that carry the version in their names, and
`current` moved by one atomic rename, here some hundred times a second instead
of once a day. Three things are held:

- no reading ever mixes two versions;
- a reading that was overtaken says "no such file", and trying again helps;
- a reader that follows the pointer once (`realpath`) and reads the version's
  own folder is never overtaken at all.

A fourth is counted and bounded. DuckDB and pyarrow (pandas with it) list a
folder and then look at each file; a file that the pointer takes away between
the two is left out without a word. Such a reading is of one version but lacks
a county. It takes the pointer to move within those microseconds, and the
publisher cannot prevent it: docs/operations.md tells readers that cannot
afford it to follow the pointer once.
"""

import multiprocessing
import os
import pathlib
import random
import tempfile
import time
from collections import Counter
from multiprocessing.synchronize import Event

import duckdb
import pyarrow
import pyarrow.parquet

from readers import READERS

LAN = [f"{number:02}" for number in range(1, 9)]
ROWS = 40
# More than one reading can span, so that a file name never comes back during
# it: in the real folder it never comes back at all.
VERSIONS = 64
READS = 40
TRIES = 500
SHORT_AT_MOST = 3


def publish(root: pathlib.Path, version: int) -> None:
    """Version N holds the value N in every row: its total is N × the rows."""
    data = root / "versions" / f"{version:06}" / "data"
    for lan in LAN:
        folder = data / f"lan-{lan}"
        folder.mkdir(parents=True)
        columns = {"lan": [lan] * ROWS, "version": [f"{version:06}"] * ROWS, "antal": [version] * ROWS}
        pyarrow.parquet.write_table(pyarrow.table(columns), folder / f"{version:06}.parquet")


def point(root: pathlib.Path, version: int) -> None:
    fresh = root / ".current-new"
    os.symlink(f"versions/{version:06}/data", fresh)
    os.rename(fresh, root / "current")


def keep_moving(root: pathlib.Path, stop: Event) -> None:
    version = 1
    while not stop.is_set():
        version = version % VERSIONS + 1
        point(root, version)
        time.sleep(random.uniform(0.0, 0.02))


def overtaken(error: Exception) -> bool:
    """Whether a reader said that a file it had listed is gone."""
    if isinstance(error, FileNotFoundError):
        return True
    return isinstance(error, duckdb.IOException) and "no such file" in str(error).lower()


def one_reading(read, path: str) -> tuple[str, str]:
    """What came of it (`whole`, `short`, `overtaken`, else a fault) and the version that was seen."""
    try:
        facts = read(path)
    except Exception as error:  # each tool has its own kind
        return ("overtaken", "") if overtaken(error) else (f"{type(error).__name__}: {error}", "")
    versions = facts.values["version"]
    if len(versions) != 1:
        return f"a mix of the versions {sorted(versions)}", ""
    (version,) = versions
    _, total = facts.totals["antal"]
    if total != int(version) * facts.rows or facts.rows % ROWS != 0:
        return f"version {version} with {facts.rows} rows and the total {total}", version
    return "whole" if facts.rows == ROWS * len(LAN) else "short", version


def race() -> list[str]:
    faults = []
    with tempfile.TemporaryDirectory(prefix="underlag-race-") as folder:
        root = pathlib.Path(folder)
        for version in range(1, VERSIONS + 1):
            publish(root, version)
        point(root, 1)
        stop = multiprocessing.Event()
        writer = multiprocessing.Process(target=keep_moving, args=(root, stop), daemon=True)
        writer.start()
        try:
            for name, read in READERS.items():
                for way in ("through the pointer", "pointer followed once"):
                    outcomes, seen = Counter(), set()
                    for _ in range(TRIES):
                        path = str(root / "current")
                        outcome, version = one_reading(read, path if way != "pointer followed once" else os.path.realpath(path))
                        outcomes[outcome] += 1
                        seen.add(version)
                        if outcomes["whole"] == READS or outcome not in ("whole", "short", "overtaken"):
                            break
                    counted = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common())
                    print(f"  {name}, {way}: {counted}; {len(seen - {''})} versions")
                    wrong = [outcome for outcome in outcomes if outcome not in ("whole", "short", "overtaken")]
                    if way == "pointer followed once":
                        wrong += [outcome for outcome in ("short", "overtaken") if outcomes[outcome]]
                    if outcomes["short"] > SHORT_AT_MOST:
                        wrong.append(f"{outcomes['short']} readings without all counties")
                    if outcomes["whole"] < READS and not wrong:
                        wrong.append(f"only {outcomes['whole']} whole readings in {TRIES} tries")
                    if len(seen - {""}) < 2 and not wrong:
                        wrong.append("the pointer never moved between two readings, so nothing was tested")
                    faults += [f"{name}, {way}: {fault}" for fault in wrong]
        finally:
            stop.set()
            writer.join()
    return faults


if __name__ == "__main__":
    found = race()
    print("\n".join(found))
    raise SystemExit(1 if found else 0)

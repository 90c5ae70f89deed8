#!/usr/bin/env python3
"""Kills `underlag run --all` (SIGKILL) at random moments, over and over, while DuckDB reads.

    kill_loop.py UNDERLAG [--kills 200] [--seed 1]

The sandbox changes between two editions of its figures; an oracle says what every
dataset holds of each (world.py). Held, at every moment:

- a reading is of exactly one edition, whole, and a version never changes;
- the pointer never goes back, and every version that was ever current stays;
- `verify` finds nothing after a kill;
- a run that nobody kills publishes what the source tells then.

Needs DuckDB (tests/readers/requirements.txt). Ends with 1 and the faults, if any.
"""

import argparse
import json
import multiprocessing
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter

import duckdb

from reader import read_on, whole
from world import World

# How long the sandbox takes over an answer, so that there are moments between them.
DELAY_MS = 4


class Loop:
    def __init__(self, world: World, seed: int):
        self.world, self.chance = world, random.Random(seed)
        self.connection = duckdb.connect()
        self.counts, self.faults, self.versions = Counter(), [], {}

    def run(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(self.world.command(*arguments), capture_output=True, text=True, timeout=120)

    def complete(self) -> float:
        """A run that nobody disturbs; the seconds it took."""
        for _ in range(3):
            begun = time.monotonic()
            ended = self.run("run", "--all")
            took = time.monotonic() - begun
            if ended.returncode == 0:
                break
            # What a killed run had fetched of one edition is never put together with another.
            if ended.returncode == 1 and "was updated during the download" in ended.stderr:
                self.counts["runs that met a new edition midway, and began anew"] += 1
                continue
            self.faults.append(f"a run that nobody killed failed ({ended.returncode}): {ended.stderr[-2000:]}")
            return took
        self.counts["whole runs"] += 1
        self.note()
        for dataset, editions in self.world.oracle.items():
            target = os.path.realpath(self.world.data / "datasets" / dataset / "current")
            edition = editions.get(whole(self.connection, target, dataset))
            if edition != self.world.edition:
                self.faults.append(f"{dataset}: after a whole run it holds {edition}, the source tells {self.world.edition}")
        return took

    def note(self) -> None:
        """Every version that is current now must be there for good."""
        for dataset in self.world.oracle:
            current = self.world.data / "datasets" / dataset / "current"
            if os.path.lexists(current):
                self.versions.setdefault(dataset, set()).add(pathlib.Path(os.path.realpath(current)).parent.name)

    def kill(self, usual: float) -> None:
        process = subprocess.Popen(self.world.command("run", "--all"), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            process.wait(self.chance.uniform(0, usual * 1.05))
            self.counts["ended before the kill"] += 1
            if process.returncode != 0 and "was updated during the download" not in (said := process.stderr.read()):
                self.faults.append(f"a run failed ({process.returncode}): {said[-2000:]}")
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            self.counts["kills"] += 1
        process.stderr.close()
        self.note()

    def verify(self) -> None:
        ended = self.run("verify")
        self.counts["verify"] += 1
        if ended.returncode != 0:
            self.faults.append(f"verify ({ended.returncode}): {ended.stdout[-2000:]}{ended.stderr[-2000:]}")

    def lost(self) -> int:
        """Versions that were current once and are not there, whole, any more."""
        lost = 0
        for dataset, versions in self.versions.items():
            for version in sorted(versions):
                folder = self.world.data / "datasets" / dataset / "versions" / version
                found = None
                if (folder / "manifest.json").is_file():
                    found = self.world.oracle[dataset].get(whole(self.connection, str(folder / "data"), dataset))
                    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
                    found = found if manifest["version"] == version else None
                if found is None:
                    lost += 1
                    self.faults.append(f"{dataset} {version} was current once, and is lost")
        return lost

    def go(self, kills: int) -> None:
        # The last of three gives what a run takes when there is something to publish.
        for edition in ("first", "revised", "first"):
            self.world.turn(edition, DELAY_MS)
            usual = self.complete()
        print(f"an undisturbed run takes {usual:.2f} s", flush=True)
        # Every so many kills: verify, and a run to its end.
        every = max(5, kills // 20)
        while self.counts["kills"] < kills and not self.faults:
            if self.chance.random() < 0.8:
                self.world.turn("first" if self.world.edition == "revised" else "revised", DELAY_MS)
            before = self.counts["kills"]
            self.kill(usual)
            if self.counts["kills"] > before and self.counts["kills"] % every == 0:
                self.verify()
                self.complete()
        self.complete()
        self.verify()


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("underlag")
    asked.add_argument("--kills", type=int, default=200)
    asked.add_argument("--seed", type=int, default=1)
    asked = asked.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="underlag-kill-") as folder:
        world = World(os.path.abspath(asked.underlag), pathlib.Path(folder))
        stop, report = multiprocessing.Event(), multiprocessing.Queue()
        arguments = [(str(world.data), world.oracle, through, stop, report) for through in (False, True)]
        readers = [multiprocessing.Process(target=read_on, args=each, daemon=True) for each in arguments]
        try:
            for reader in readers:
                reader.start()
            loop = Loop(world, asked.seed)
            loop.go(asked.kills)
            stop.set()
            reports = [report.get(timeout=60) for _ in readers]
            lost = loop.lost()
        finally:
            stop.set()
            world.stop()
            for reader in readers:
                reader.join(10)
    faults, wrong = list(loop.faults), 0
    for way, outcomes, found, _ in reports:
        wrong += len(found)
        faults += [f"reader, {way}: {fault}" for fault in found]
        print(f"readers, {way}: " + ", ".join(f"{count} {what}" for what, count in outcomes.most_common()))
        if outcomes["whole"] < 3 * asked.kills:
            faults.append(f"reader, {way}: only {outcomes['whole']} whole readings, too few to prove anything")
    print(", ".join(f"{count} {what}" for what, count in loop.counts.items()))
    versions = sum(map(len, loop.versions.values()))
    print(f"{wrong} wrong readings, {lost} of {versions} versions lost, {time.monotonic() - begun:.0f} s, seed {asked.seed}")
    print("\n".join(faults), file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

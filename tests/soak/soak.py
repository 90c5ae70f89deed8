#!/usr/bin/env python3
"""Lets `underlag daemon` run against a sandbox that misbehaves, while its files are edited and it is killed.

    soak.py UNDERLAG [--minutes 60] [--quiet 35] [--seed 1]

Every minute a pipeline is edited, now and then into nonsense; the daemon is killed (SIGKILL) at random moments and started
again, until the last QUIET minutes, in which it is left alone so that its memory can be watched. All the while the stand-in
is slow, answers 429 and 5xx, breaks off, sends half answers under 200, HTML, figures that were revised and metadata that
drift. Held at the end:

- every minute of every pipeline that was not edited has a slot with a fate, and every fate that is no run has a reason;
- memory in the last ten minutes is at most a tenth above what it was in the ten after warming up (five minutes);
- `verify` finds nothing, and neither did it after any kill;
- runs succeeded, failed and were interrupted: otherwise nothing was tried.

Needs Python only. Ends with 1 and the faults, if any.
"""
import argparse
import collections
import datetime
import json
import os
import pathlib
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
EDITED = "nyckeltal"
FAULTS = [
    {"kind": "delay", "delay_ms": 300, "every": 5},
    {"kind": "status", "status": 429, "every": 23},
    {"kind": "status", "status": 429, "retry_after": "1", "every": 29},
    {"kind": "status", "status": 503, "every": 19},
    {"kind": "reset", "every": 31},
    {"kind": "truncate", "every": 37},
    {"kind": "drop", "every": 41},
    {"kind": "html200", "every": 43},
]
PASSING = [
    {"kind": "revise"},
    {"kind": "relabelled_code", "path_contains": "TAB6471"},
    {"kind": "late_release"},
    {"kind": "status", "status": 500},
    {"kind": "unknown_kommun"},
]


class Soak:
    def __init__(self, underlag, chance):
        self.underlag, self.chance = underlag, chance
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="underlag-soak-"))
        self.log = open(self.folder / "daemon.log", "ab")
        self.sandbox = subprocess.Popen([underlag, "sandbox", "--calls", "0"], stdout=subprocess.PIPE, text=True)
        self.endpoints = {}
        while not {"pxweb-v2", "kolada-v3", "filer"} <= set(self.endpoints):
            name, url = self.sandbox.stdout.readline().split()
            self.endpoints[name] = url
        self.root = "/".join(self.endpoints["filer"].split("/")[:3])
        for name in ("pipelines", "reports", "reference"):
            shutil.copytree(ROOT / name, self.folder / name)
        for toml in self.folder.glob("pipelines/*/pipeline.toml"):
            text = re.sub(r'(?m)^cron = .*$', 'cron = "* * * * *"', toml.read_text())
            toml.write_text(re.sub(r'(?m)^jitter = .*$', 'jitter = "10s"', text))
        config = self.folder / "config"
        config.mkdir()
        (config / "underlag.toml").write_text(
            'version = 1\ndata_dir = "../data"\n[server]\nlisten = "127.0.0.1:0"\n'
            '[http]\nmax_tries = 3\nmax_wait = "2s"\noutage_after = 50\noutage_pause = "5s"\n'
            '[retention]\nkeep_newest = 3\nkeep_within = "1h"\ngrace = "1m"\n')
        (config / "sources.toml").write_text(
            "version = 1\n"
            f'[source.scb.pxweb]\nbase_url = "{self.endpoints["pxweb-v2"]}"\ncredit = "SCB"\nlicence = "CC0-1.0"\n'
            f'[source.kolada.kolada]\nbase_url = "{self.endpoints["kolada-v3"]}"\ncredit = "Kolada"\nlicence = "-"\n'
            f'[source.af.file]\nbase_url = "{self.endpoints["filer"]}"\ncredit = "AF"\nlicence = "CC0-1.0"\n')
        self.daemon = None
        self.counts = collections.Counter()
        self.faults = []

    def order(self, faults):
        urllib.request.urlopen(urllib.request.Request(f"{self.root}/_fault", method="DELETE"))
        for fault in faults:
            body = json.dumps(fault).encode()
            urllib.request.urlopen(urllib.request.Request(f"{self.root}/_fault", data=body, method="POST"))

    def start(self):
        # As the shipped unit has it.
        environment = os.environ | {"UNDERLAG_LOG": "info", "NO_COLOR": "1", "MALLOC_ARENA_MAX": "2"}
        self.daemon = subprocess.Popen([self.underlag, "daemon"], cwd=self.folder, env=environment,
                                       stdout=self.log, stderr=self.log)
        deadline = time.time() + 60
        while time.time() < deadline:
            try:
                shown = json.loads((self.folder / "data/daemon.json").read_text())
                if shown["process"] == self.daemon.pid:
                    return
            except (OSError, ValueError):
                pass
            time.sleep(0.1)
        self.faults.append("the daemon was not ready within a minute")

    def kill(self):
        self.daemon.send_signal(signal.SIGKILL)
        self.daemon.wait()
        self.counts["kills"] += 1
        # A daemon does not start under a configuration that it refuses, and its operator would mend that first.
        self.mend()
        self.verify("after a kill")
        self.start()

    def verify(self, when):
        done = subprocess.run([self.underlag, "verify"], cwd=self.folder, capture_output=True, text=True)
        self.counts["verified"] += 1
        # A run that was cut off before its first record leaves a ledger to be completed, which is no damage.
        if done.returncode:
            self.faults.append(f"verify {when}: {done.stdout}{done.stderr}")

    def mend(self):
        toml = self.folder / f"pipelines/{EDITED}/pipeline.toml"
        text = re.sub(r"(?m)^# edit .*\n|^nonsense.*\n", "", toml.read_text())
        toml.write_text(text)
        return toml, text

    def edit(self, minute):
        toml, text = self.mend()
        nonsense = "nonsense = 1\n" if minute % 4 == 3 else ""
        toml.write_text(f"# edit {minute}\n{nonsense}{text}")
        self.counts["edits"] += 1
        if minute % 2:
            self.daemon.send_signal(signal.SIGHUP)

    def memory(self):
        try:
            status = pathlib.Path(f"/proc/{self.daemon.pid}/status").read_text()
            return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1024
        except (OSError, AttributeError):
            return None

    def stop(self):
        begun = time.time()
        self.daemon.terminate()
        code = self.daemon.wait(timeout=60)
        print(f"stopped with {code} in {time.time() - begun:.1f} s")
        if code:
            self.faults.append(f"the daemon ended with {code}")

    def slots(self, begun, ended):
        """Every minute of every pipeline that was not edited."""
        ledger = sqlite3.connect(self.folder / "data/ledger.sqlite")
        fates = collections.Counter()
        for pipeline in sorted(path.name for path in (self.folder / "pipelines").iterdir()):
            told = {}
            rows = ledger.execute("SELECT due_at, last, count, state, why FROM slot WHERE pipeline = ?", [pipeline])
            for due_at, last, count, state, why in rows:
                at = lambda text: datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
                minute, seen = at(due_at), 0
                fates[state] += count
                if state == "skipped" and not why:
                    self.faults.append(f"{pipeline} {due_at} is skipped without a reason")
                while minute <= at(last):
                    told[minute] = state
                    minute += datetime.timedelta(minutes=1)
                    seen += 1
                if seen != count:
                    self.faults.append(f"{pipeline} {due_at}: {count} slots told, {seen} minutes")
            if pipeline == EDITED:
                continue
            minute = begun.replace(second=0, microsecond=0) + datetime.timedelta(minutes=1)
            while minute + datetime.timedelta(minutes=2) < ended:
                if minute not in told:
                    self.faults.append(f"{pipeline} {minute}: no word of its slot")
                minute += datetime.timedelta(minutes=1)
        outcomes = collections.Counter(dict(ledger.execute("SELECT outcome, count(*) FROM run GROUP BY outcome")))
        return fates, outcomes


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("underlag", type=os.path.abspath)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--quiet", type=float, help="the last minutes without kills (35 of 60)")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    quiet = arguments.quiet if arguments.quiet is not None else arguments.minutes * 35 / 60
    soak = Soak(arguments.underlag, random.Random(arguments.seed))
    soak.order(FAULTS)
    begun = datetime.datetime.now(datetime.timezone.utc)
    soak.start()
    started, last_edit, next_kill = time.time(), 0, time.time() + 90
    alone, samples = None, []
    while (passed := (time.time() - started) / 60) < arguments.minutes:
        minute = int(passed)
        if minute > last_edit:
            last_edit = minute
            soak.order(FAULTS + ([soak.chance.choice(PASSING)] if minute % 3 else []))
            soak.edit(minute)
        if passed > arguments.minutes - quiet:
            if alone is None:
                soak.kill()
                alone = time.time()
            samples.append((time.time() - alone, soak.memory()))
        elif time.time() > next_kill:
            soak.kill()
            next_kill = time.time() + soak.chance.uniform(20, 240)
        if soak.daemon.poll() is not None:
            soak.faults.append(f"the daemon ended by itself with {soak.daemon.returncode}")
            soak.start()
        time.sleep(2)
    soak.stop()
    ended = datetime.datetime.now(datetime.timezone.utc)
    soak.verify("at the end")
    soak.sandbox.terminate()
    fates, outcomes = soak.slots(begun, ended)
    print(f"{arguments.minutes:g} minutes, seed {arguments.seed}: {dict(soak.counts)}")
    print(f"slots: {dict(fates)}; runs: {dict(outcomes)}")
    samples = [(at, memory) for at, memory in samples if memory]
    warm = [memory for at, memory in samples if 300 <= at <= 900]
    late = [memory for at, memory in samples if at >= samples[-1][0] - 600] if samples else []
    if warm and late and samples[-1][0] > 1500:
        # Runs come and go, and what fails takes more than what holds: the middle of ten minutes is neither a peak nor a rest.
        middle = lambda values: sorted(values)[len(values) // 2]
        before, after = middle(warm), middle(late)
        spans = range(0, int(samples[-1][0]) + 1, 300)
        course = [[memory for at, memory in samples if span <= at < span + 300] for span in spans]
        print("memory in each five minutes, MB:", ", ".join(f"{middle(each):.0f}" for each in course if each))
        print(f"memory: {before:.0f} MB in the ten minutes after warming up, {after:.0f} MB in the last ten ({after / before:.2f}), "
              f"at most {max(memory for _, memory in samples):.0f} MB")
        if after > before * 1.1:
            soak.faults.append(f"memory grew from {before:.0f} to {after:.0f} MB")
    else:
        print("memory: not judged, the quiet time is shorter than twenty-five minutes")
    for wanted in ("published", "failed"):
        if not outcomes[wanted]:
            soak.faults.append(f"no run was {wanted}: nothing was tried")
    for fault in soak.faults:
        print(f"FAULT: {fault}")
    if soak.faults:
        print(f"left in {soak.folder}")
        return 1
    shutil.rmtree(soak.folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""What `underlag daemon` costs when nothing is due, and how late it is when much is.

    benches/daemon/daemon.py UNDERLAG         all of it, some 20 minutes
        --only idle|late|cron                 a part of it
        --idle 200 --minutes 5                so many pipelines with nothing due, watched for so long after a minute's rest
        --late 1000 --spread 5                so many pipelines, each with a slot in one of so many minutes and then all of
                                              them with one in the same minute
        --most-cpu 0.5 --most-mb 100 --most-late 2
                                              fails beyond so much of a core and of memory when idle, and where the 99th of
                                              100 slots is decided later than that

Idle: 200 pipelines over a file of their own, due once a year. Start-up is from the program's start until daemon.json says
`ready`, and until /readyz does; processor time and what is written are /proc's.

Late: each slot is due at a whole minute, without jitter. *Decided* is when the slot is in the ledger, by SQLite's own clock in
a trigger that this bench lays beside it; *begun* is `run.started_at`. Between the two a run waits for a place: as many run at
once as the configuration allows, and each publishes, durably.

Cron: Debian's cron starts as many jobs that only write down the time, in one minute; the peer of *decided* and *begun* at once,
since cron has no places, writes nothing down and waits for nothing. Needs `apt install cron` and root; else it is left out.

Needs Python only.
"""
import argparse
import datetime
import json
import os
import pathlib
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
UTC = datetime.timezone.utc
PIPELINE = """version = 1
title = "Prov {number}"

[schedule]
cron = "{cron}"
timezone = "UTC"
missed = "latest"
overlap = "queue"

[fetch.rader.file]
path = "rader.csv"
format = "csv"
columns = {{ kod = "text", period = "text", antal = "int64" }}

[dataset.prov_{number}]
title = "Prov {number}"
sql = "prov.sql"
key = ["kod", "period"]

[dataset.prov_{number}.column.antal]
type = "int64"
title = "Antal"
unit = "antal"
"""
SQL = "SELECT 'kommun' AS niva, kod, period, antal, antal_status FROM rader\n"
ROWS = "kod,period,antal\n0114,2025,10\n0115,2025,20\n0180,2025,300\n"
TRIGGERS = """
CREATE TABLE bench_slot (pipeline TEXT, due_at TEXT, decided REAL, PRIMARY KEY (pipeline, due_at));
CREATE TRIGGER bench_slot_in AFTER INSERT ON slot BEGIN
    INSERT OR IGNORE INTO bench_slot VALUES (NEW.pipeline, NEW.due_at, (julianday('now') - 2440587.5) * 86400.0);
END;
"""


class Daemon:
    """A configuration of so many small pipelines, and the daemon over it."""

    def __init__(self, underlag, crons):
        self.underlag = underlag
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="underlag-daemon-", dir=os.environ.get("BENCH_DIR")))
        for number, cron in enumerate(crons):
            pipeline = self.folder / f"pipelines/prov_{number}"
            pipeline.mkdir(parents=True)
            (pipeline / "pipeline.toml").write_text(PIPELINE.format(number=number, cron=cron))
            (pipeline / "prov.sql").write_text(SQL)
            (pipeline / "rader.csv").write_text(ROWS)
        shutil.copytree(ROOT / "reference", self.folder / "reference")
        (self.folder / "reports").mkdir()
        (self.folder / "config").mkdir()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        (self.folder / "config/underlag.toml").write_text(
            'version = 1\ndata_dir = "../data"\npipelines_dir = "../pipelines"\nreports_dir = "../reports"\n'
            f'reference_dir = "../reference"\n[server]\nlisten = "{self.address}"\n'
        )
        (self.folder / "config/sources.toml").write_text("version = 1\n")
        self.log = open(self.folder / "daemon.log", "ab")

    def start(self):
        """Seconds until daemon.json says that it is ready, and until /readyz does."""
        begun = time.perf_counter()
        self.process = subprocess.Popen([self.underlag, "daemon"], cwd=self.folder, stdout=self.log, stderr=self.log)
        ready = readyz = None
        while readyz is None or ready is None:
            if self.process.poll() is not None or time.perf_counter() - begun > 120:
                sys.exit(f"the daemon did not become ready:\n{(self.folder / 'daemon.log').read_text()}")
            if ready is None and self.shown():
                ready = time.perf_counter() - begun
            try:
                urllib.request.urlopen(f"http://{self.address}/readyz", timeout=5).close()
                readyz = time.perf_counter() - begun
            except OSError:
                time.sleep(0.01)
        return ready, readyz

    def shown(self):
        try:
            shown = json.loads((self.folder / "data/daemon.json").read_text())
            return shown["process"] == self.process.pid and shown["ready"]
        except (OSError, ValueError):
            return False

    def processor_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def proc(self, file, key):
        lines = pathlib.Path(f"/proc/{self.process.pid}/{file}").read_text().splitlines()
        return int(next(line for line in lines if line.startswith(key)).split()[1])

    def ledger(self):
        return sqlite3.connect(self.folder / "data/ledger.sqlite", timeout=30)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=60)
        self.log.close()
        shutil.rmtree(self.folder)


def machine():
    one, five, _ = os.getloadavg()
    return f"{os.cpu_count()} cores, load {one:.1f} (1 min), {five:.1f} (5 min)"


def idle(args):
    month = (time.gmtime().tm_mon + 5) % 12 + 1
    with Daemon(args.underlag, [f"{n % 60} {n // 60 % 24} 1 {month} *" for n in range(args.idle)]) as daemon:
        ready, readyz = daemon.start()
        print(f"idle, {args.idle} pipelines: {machine()}")
        print(f"    start to ready   {ready:.2f} s by daemon.json, {readyz:.2f} s by /readyz", flush=True)
        time.sleep(60)
        before = daemon.processor_seconds(), daemon.proc("io", "write_bytes"), time.perf_counter()
        time.sleep(args.minutes * 60)
        seconds = time.perf_counter() - before[2]
        processor = daemon.processor_seconds() - before[0]
        written = daemon.proc("io", "write_bytes") - before[1]
        memory, peak = daemon.proc("status", "VmRSS") / 1024, daemon.proc("status", "VmHWM") / 1024
        threads = daemon.proc("status", "Threads")
    share = processor / seconds * 100
    print(f"    memory           {memory:.0f} MB, {peak:.0f} MB at most, {threads} threads")
    print(f"    processor        {processor / seconds * 3600:.1f} s an hour, {share:.2f} % of a core (over {seconds:.0f} s)")
    print(f"    written          {written / seconds * 3600 / 1e6:.1f} MB an hour; {machine()}", flush=True)
    faults = []
    if share > args.most_cpu:
        faults.append(f"{share:.2f} % of a core when idle")
    if memory > args.most_mb:
        faults.append(f"{memory:.0f} MB when idle")
    return faults


def in_minutes(minutes):
    now = datetime.datetime.now(UTC)
    return now.replace(second=0, microsecond=0) + datetime.timedelta(minutes=minutes)


def figures(seconds):
    seconds = sorted(seconds)
    at = lambda share: seconds[min(len(seconds) - 1, int(len(seconds) * share))]
    return f"p50 {at(.5):7.3f} s   p99 {at(.99):7.3f} s   max {seconds[-1]:7.3f} s"


def late(args):
    first = in_minutes(2)
    burst = first + datetime.timedelta(minutes=args.spread + 1)
    crons = []
    for number in range(args.late):
        mine = first + datetime.timedelta(minutes=number % args.spread)
        crons.append(" ".join([f"{mine.minute},{burst.minute}", f"{mine.hour},{burst.hour}", "* * *"]))
    with Daemon(args.underlag, crons) as daemon:
        ready, readyz = daemon.start()
        print(f"late, {args.late} pipelines: {machine()}")
        print(f"    start to ready   {ready:.2f} s by daemon.json, {readyz:.2f} s by /readyz", flush=True)
        ledger = daemon.ledger()
        ledger.executescript(TRIGGERS)
        if datetime.datetime.now(UTC) >= first:
            sys.exit("it was not ready before the first slot")
        faults = judged(args, daemon, ledger, f"over {args.spread} minutes", first, burst)
        faults += judged(args, daemon, ledger, "in one minute", burst, burst + datetime.timedelta(seconds=1))
        memory, peak = daemon.proc("status", "VmRSS") / 1024, daemon.proc("status", "VmHWM") / 1024
        print(f"    memory           {memory:.0f} MB, {peak:.0f} MB at most", flush=True)
        ledger.close()
    return faults


def judged(args, daemon, ledger, which, begin, end):
    """One slot of every pipeline, when all have come to an end."""
    written = lambda at: at.strftime("%Y-%m-%dT%H:%M:%SZ")
    mine, processor, done = [written(begin), written(end)], daemon.processor_seconds(), 0
    while done < args.late:
        if time.time() > end.timestamp() + 1800:
            sys.exit(f"only {done} of {args.late} slots have come to an end")
        time.sleep(2)
        sealed = "SELECT count(*) FROM slot WHERE due_at >= ? AND due_at < ? AND state NOT IN ('due', 'running')"
        done = ledger.execute(sealed, mine).fetchone()[0]
    rows = ledger.execute(
        "SELECT CAST(strftime('%s', slot.due_at) AS INTEGER), decided, started_at, ended_at, state, "
        "coalesce(nullif(message, ''), why) FROM slot "
        "JOIN bench_slot USING (pipeline, due_at) LEFT JOIN run ON run.id = slot.run "
        "WHERE due_at >= ? AND due_at < ?", mine).fetchall()
    at = lambda text: datetime.datetime.fromisoformat(text[:26].rstrip("Z").ljust(26, "0") + "+00:00").timestamp()
    handled = sum(state == "handled" for *_, state, _ in rows)
    took = sorted(at(ended) - at(started) for _, _, started, ended, *_ in rows if ended)
    decided = [decided - due for due, decided, *_ in rows]
    processor = (daemon.processor_seconds() - processor) / args.late
    print(f"  {len(rows)} slots {which}: {handled} handled; {machine()}")
    print(f"    decided          {figures(decided)}")
    print(f"    begun            {figures([at(started) - due for due, _, started, *_ in rows if started])}")
    print(f"    a run            {took[len(took) // 2]:.3f} s in the middle, {processor:.3f} s of processor, all told", flush=True)
    faults = []
    if handled != args.late:
        others = sorted({f"{state}: {why}" for *_, state, why in rows if state != "handled"})
        faults.append(f"{handled} of {args.late} slots were handled, {which}; the others {others[:5]}")
    if sorted(decided)[int(len(decided) * 0.99)] > args.most_late:
        faults.append(f"decided too late, {which}: {figures(decided)}")
    return faults


def cron(args):
    table = pathlib.Path("/etc/cron.d/underlag-bench")
    if not shutil.which("cron") or os.geteuid() or not table.parent.is_dir():
        print("cron: left out, it is not installed or this is not root")
        return []
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="underlag-cron-"))
    at = in_minutes(2)
    line = f"{at.minute} {at.hour} * * * root date +\\%s.\\%N >>{scratch}/times\n"
    environment = os.environ | {"TZ": "UTC"}
    try:
        table.write_text("SHELL=/bin/sh\n" + line * args.late)
        table.chmod(0o644)
        process = subprocess.Popen(["cron", "-f"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        lines = []
        while len(lines) < args.late and time.time() < at.timestamp() + 300:
            time.sleep(2)
            lines = (scratch / "times").read_text().splitlines() if (scratch / "times").exists() else []
        process.terminate()
        process.wait()
    finally:
        table.unlink(missing_ok=True)
        shutil.rmtree(scratch)
    print(f"cron, {len(lines)} of {args.late} jobs in one minute: {machine()}")
    if lines:
        print(f"    begun            {figures([float(line) - at.timestamp() for line in lines])}", flush=True)
    return []


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("underlag", type=os.path.abspath)
    parser.add_argument("--only", choices=["idle", "late", "cron"])
    parser.add_argument("--idle", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--late", type=int, default=1000)
    parser.add_argument("--spread", type=int, default=5)
    parser.add_argument("--most-cpu", type=float, default=float("inf"))
    parser.add_argument("--most-mb", type=float, default=float("inf"))
    parser.add_argument("--most-late", type=float, default=float("inf"))
    args = parser.parse_args()
    faults = []
    for part in (idle, late, cron):
        if args.only in (None, part.__name__):
            faults += part(args)
    for fault in faults:
        print(f"FAULT: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

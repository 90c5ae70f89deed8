#!/usr/bin/env python3
"""The whole of SCB's table E3 (TAB6929) for every municipality: 18 014 220 cells, fetched from the sandbox, archived,
staged, checked and published by one run of the program, with wall time, processor time, peak memory, calls and sizes.

    benches/e3/e3.py UNDERLAG                 both shapes (seven measures wide; one measure over seven groups), no limit
        --shape bred|lang                     one of them
        --municipalities 29                   a part of the table, for machines with little memory or time
        --calls 30                            under SCB's limit, held against the least time that the limit allows
        --kill                                killed half-way and run again: no finished part is asked for twice
        --faults 5                            so many per cent of the data calls answer 503 once
        --peer                                pxwebpy + pandas + pyarrow beside it
        --growth                              four sizes, each twice the one before: time and memory per cell
        --most-seconds 20 --most-mb 400       fails beyond these

Needs Python only; with pyarrow the Parquet is held against what pyarrow writes, with pxwebpy and pandas there is a peer.
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
GROUPS, INDUSTRIES, YEARS, WIDE = 87, 17, 6, 7


def municipalities():
    lines = (ROOT / "reference/kommuner.csv").read_text(encoding="utf-8").splitlines()
    rows = [line.split(",") for line in lines if line and not line.startswith("#")]
    at = rows[0].index("kod")
    return sorted(row[at] for row in rows[1:])


class Sandbox:
    def __init__(self, underlag, calls, cells):
        command = [underlag, "sandbox", "--calls", str(calls), "--max-cells", str(cells)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.url = next(line.split()[1] for line in self.process.stdout if line.split()[0] in ("pxweb", "pxweb-v2"))
        self.root = self.url.split("/pxweb")[0]

    def calls(self):
        with urllib.request.urlopen(f"{self.root}/_calls") as answer:
            return json.load(answer)

    def data_calls(self, status=200):
        return [call for call in self.calls() if "/data?" in call["path"] and call["status"] == status]

    def forget(self):
        urllib.request.urlopen(urllib.request.Request(f"{self.root}/_calls", method="DELETE"))

    def order(self, fault):
        body = json.dumps(fault).encode()
        urllib.request.urlopen(urllib.request.Request(f"{self.root}/_fault", data=body, method="POST"))

    def processor_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


class Project:
    """A configuration of the bench's own pipelines, pointed at the sandbox, and a data folder."""

    def __init__(self, underlag, url, codes):
        self.underlag = underlag
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="underlag-e3-", dir=os.environ.get("E3_DIR")))
        shutil.copytree(HERE / "pipelines", self.folder / "pipelines")
        if codes:
            listed = "[" + ", ".join(f'"{code}"' for code in codes) + "]"
            for path in self.folder.glob("pipelines/*/pipeline.toml"):
                path.write_text(path.read_text().replace('Region = "*"', f"Region = {listed}"))
        (self.folder / "reports").mkdir()
        config = self.folder / "config"
        config.mkdir()
        (config / "underlag.toml").write_text(
            'version = 1\ndata_dir = "../data"\npipelines_dir = "../pipelines"\nreports_dir = "../reports"\n'
            f'reference_dir = "{ROOT / "reference"}"\n[publisher]\nname = "Region Exempel"\ncontact = "statistik@example.org"\n'
        )
        (config / "sources.toml").write_text(
            f'version = 1\n[source.scb.pxweb]\nbase_url = "{url}"\ncredit = "SCB"\nlicence = "CC0-1.0"\nlimits = {{ parallel = 4 }}\n'
        )

    def start(self, pipeline, *more):
        command = [self.underlag, "--config", str(self.folder / "config/underlag.toml"), "run", pipeline, *more]
        log = open(self.folder / "log", "a")
        return subprocess.Popen(command, stdout=log, stderr=log)

    def run(self, pipeline, *more):
        begun = time.perf_counter()
        process = self.start(pipeline, *more)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            sys.exit(f"the run failed:\n{(self.folder / 'log').read_text()}")
        return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024

    def size(self, below, ending):
        return sum(path.stat().st_size for path in (self.folder / "data" / below).rglob(f"*{ending}")) / 1e6

    def published(self, dataset):
        return self.folder / "data/datasets" / dataset / "current"

    def manifest(self, dataset):
        return json.loads((self.published(dataset).resolve().parent / "manifest.json").read_text())

    def remove(self):
        shutil.rmtree(self.folder)


def pyarrow_size(folder):
    """What pyarrow writes of the same columns with zstd, one file per county as ours, in MB; none without pyarrow."""
    try:
        import pyarrow.parquet as parquet
    except ImportError:
        return None
    total = 0
    with tempfile.TemporaryDirectory() as scratch:
        for path in sorted(folder.rglob("*.parquet")):
            out = pathlib.Path(scratch) / "out.parquet"
            parquet.write_table(parquet.read_table(path).replace_schema_metadata(), out, compression="zstd")
            total += out.stat().st_size
    return total / 1e6


def measure(args, shape, codes):
    """One run from nothing to published."""
    number = len(codes) or 290
    cells = number * GROUPS * INDUSTRIES * YEARS * WIDE
    floor = -(-cells // args.cells)
    with Sandbox(args.underlag, args.calls, args.cells) as sandbox:
        project = Project(args.underlag, sandbox.url, codes)
        for fault in faults(floor, args.faults):
            sandbox.order(fault)
        wall, processor, rss = project.run(f"e3_{shape}")
        calls = len(sandbox.data_calls())
        refused = len(sandbox.data_calls(503))
        manifest = project.manifest(f"e3_{shape}")
        ours = project.size(f"datasets/e3_{shape}/versions", ".parquet")
        theirs = pyarrow_size(project.published(f"e3_{shape}")) if args.sizes else None
        result = {
            "shape": shape,
            "cells": cells,
            "rows": manifest["rows"],
            "content_hash": manifest["content_hash"][:16],
            "wall_s": round(wall, 2),
            "processor_s": round(processor, 2),
            "sandbox_processor_s": round(sandbox.processor_seconds(), 2),
            "peak_rss_mb": round(rss),
            "calls": calls,
            "floor_calls": floor,
            "calls_503": refused,
            "archive_mb": round(project.size("archive/objects", ".zst"), 1),
            "parquet_mb": round(ours, 1),
        }
        if theirs:
            result |= {"pyarrow_mb": round(theirs, 1), "parquet_to_pyarrow": round(ours / theirs, 2)}
        if args.calls:
            # The last window's calls need no waiting after them; two metadata calls and one of the configuration count.
            windows = (calls + 4 - 1) // args.calls
            result |= {"limit_floor_s": windows * 10, "wall_to_floor": round(wall / max(windows * 10, 1), 2)}
        if args.keep:
            print(project.folder)
        else:
            project.remove()
        return result


def faults(calls, percent):
    """503, once each, spread evenly over the data calls."""
    if not percent:
        return
    number = max(1, round(calls * percent / 100))
    for nth in range(number):
        yield {"path_contains": "/data?", "after": (nth + 1) * calls // (number + 1), "times": 1, "kind": "status"}


def killed(args, shape, codes):
    """Killed when half of the data calls are made, then run again."""
    with Sandbox(args.underlag, args.calls, args.cells) as sandbox:
        number = len(codes) or 290
        floor = -(-number * GROUPS * INDUSTRIES * YEARS * WIDE // args.cells)
        project = Project(args.underlag, sandbox.url, codes)
        process = project.start(f"e3_{shape}")
        while len(sandbox.data_calls()) < floor // 2 and process.poll() is None:
            time.sleep(0.02)
        process.kill()
        process.wait()
        journals = list((project.folder / "data/stage").rglob("journal.jsonl"))
        kept = [json.loads(line) for line in journals[0].read_text().splitlines()] if journals else []
        finished = {record.get("request_body") for record in kept if record.get("request_body")}
        before = len(sandbox.data_calls())
        sandbox.forget()
        wall, _, _ = project.run(f"e3_{shape}")
        again = [call["body"] for call in sandbox.data_calls()]
        repeated = finished.intersection(again)
        result = {
            "shape": shape,
            "killed_after_calls": before,
            "finished_parts": len(finished),
            "calls_after": len(again),
            "repeated_finished_parts": len(repeated),
            "content_hash": project.manifest(f"e3_{shape}")["content_hash"][:16],
            "wall_s_after": round(wall, 2),
        }
        project.remove()
        if repeated:
            sys.exit(f"finished parts were asked for again: {result}")
        return result


PEER = """
import resource, sys, time
import pandas
from pxweb import PxApi
url, codes, shape, out = sys.argv[1], sys.argv[2].split(","), sys.argv[3], sys.argv[4]
begun = time.perf_counter()
select = {"Region": codes, "Utbildning": ["*"], "SNI2007": ["*"], "ContentsCode": ["*"], "Tid": ["*"]}
if shape == "lang":
    select |= {"KonAlderFodelseland": ["*"], "ContentsCode": ["000008QT"]}
rows = PxApi(url).get_table_data("TAB6929", value_codes=select, show="code")
frame = pandas.DataFrame(rows)
frame.to_parquet(out, compression="zstd", index=False)
print(len(frame), round(time.perf_counter() - begun, 2), round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))
"""


def peer(args, shape, codes):
    with Sandbox(args.underlag, 0, args.cells) as sandbox, tempfile.TemporaryDirectory() as scratch:
        chosen = codes or municipalities()
        command = [sys.executable, "-c", PEER, sandbox.url, ",".join(chosen), shape, f"{scratch}/out.parquet"]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            return {"peer": "not measured", "why": done.stderr.strip().splitlines()[-1:]}
        rows, wall, rss = done.stdout.split()
        return {
            "peer": "pxwebpy + pandas + pyarrow",
            "shape": shape,
            "rows": int(rows),
            "wall_s": float(wall),
            "peak_rss_mb": int(rss),
            "calls": len(sandbox.data_calls()),
        }


def growth(args, shape):
    codes = municipalities()
    print(f"{'cells':>12} {'s':>7} {'processor s':>12} {'peak MB':>8} {'ns/cell':>8} {'processor ns/cell':>18}")
    for number in (36, 72, 145, 290):
        one = measure(args, shape, codes[:number])
        per = 1e9 / one["cells"]
        print(
            f"{one['cells']:12} {one['wall_s']:7.2f} {one['processor_s']:12.2f} {one['peak_rss_mb']:8} "
            f"{one['wall_s'] * per:8.0f} {one['processor_s'] * per:18.0f}"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("underlag")
    parser.add_argument("--shape", choices=["bred", "lang"])
    parser.add_argument("--municipalities", type=int)
    parser.add_argument("--calls", type=int, default=0)
    parser.add_argument("--cells", type=int, default=150_000)
    parser.add_argument("--faults", type=float, default=0)
    for flag in ("kill", "peer", "growth", "keep", "sizes"):
        parser.add_argument(f"--{flag}", action="store_true")
    parser.add_argument("--most-seconds", type=float)
    parser.add_argument("--most-mb", type=float)
    args = parser.parse_args()
    args.underlag = str(pathlib.Path(args.underlag).resolve())
    codes = municipalities()[: args.municipalities] if args.municipalities else []
    for shape in [args.shape] if args.shape else ["bred", "lang"]:
        if args.growth:
            growth(args, shape)
            continue
        result = killed(args, shape, codes) if args.kill else measure(args, shape, codes)
        print(json.dumps(result, ensure_ascii=False), flush=True)
        for name, most in (("wall_s", args.most_seconds), ("peak_rss_mb", args.most_mb)):
            if most and result.get(name, 0) > most:
                sys.exit(f"{name} is {result[name]}, and should be at most {most}")
        if args.peer:
            print(json.dumps(peer(args, shape, codes), ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""The whole job on object storage, held against the same job in a folder.

    check.py UNDERLAG WEED [PIPELINE...]

UNDERLAG is the program, WEED the server of SeaweedFS; without a PIPELINE, all
that are shipped are run. Both lakes are filled from one sandbox. Readers that
know nothing of Underlag (pyarrow over S3, DuckDB) follow `current.json` and
must find the same rows as in the folder.
"""

import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass

import duckdb
import pyarrow.fs
import pyarrow.parquet

import server as s3

ROOT = pathlib.Path(__file__).resolve().parents[2]
PREFIX = "prov/ett"
PIPELINES = sys.argv[3:] or ["--all"]
VERSION = re.compile(r"\d{6}-\d{8}T\d{6}Z-[0-9a-f]{8}")


@dataclass
class Ran:
    code: int
    stdout: str
    stderr: str

    def text(self) -> str:
        return self.stdout + self.stderr


class Sandbox:
    def __init__(self, underlag: str):
        self.process = subprocess.Popen(
            [underlag, "sandbox", "--listen", "127.0.0.1:0", "--calls", "0"], stdout=subprocess.PIPE, text=True
        )
        self.urls = dict(next(self.process.stdout).split()[:2] for _ in range(3))
        self.root = "/".join(self.urls["filer"].split("/")[:3])
        self.revised = False

    def calls(self) -> list[tuple[str, int]]:
        """What was called since this was asked last: method and status."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{self.root}/_calls") as answer:
            made = json.load(answer)
        opener.open(urllib.request.Request(f"{self.root}/_calls", method="DELETE")).close()
        return [(call["method"], call["status"]) for call in made]

    def revise(self) -> None:
        """Other figures; every second time, those from before."""
        self.revised = not self.revised
        body = json.dumps({"kind": "revise"}).encode() if self.revised else None
        method = "POST" if self.revised else "DELETE"
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.root}/_fault", body, headers, method=method)
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request).close()

    def sources(self) -> str:
        return (
            "version = 1\n"
            f'[source.scb.pxweb]\nbase_url = "{self.urls["pxweb-v2"]}"\ncredit = "SCB"\nlicence = "CC0-1.0"\n'
            f'[source.kolada.kolada]\nbase_url = "{self.urls["kolada-v3"]}"\ncredit = "Kolada"\nlicence = "villkor"\n'
            f'[source.af.file]\nbase_url = "{self.urls["filer"]}"\ncredit = "AF"\nlicence = "CC0-1.0"\n'
        )


class Machine:
    """A configuration and a data folder; with a server, the lake is in its bucket."""

    def __init__(self, folder: pathlib.Path, underlag: str, sandbox: Sandbox, server: s3.Server | None, prefix=PREFIX):
        self.folder, self.underlag, self.server = folder, underlag, server
        (folder / "config").mkdir(parents=True)
        settings = "version = 1\n" + 'data_dir = "../data"\n'
        settings += "".join(f'{name}_dir = "{ROOT}/{name}"\n' for name in ("pipelines", "reports", "reference"))
        if server:
            settings += f'data_url = "s3://{s3.BUCKET}/{prefix}"\n'
            settings += f'[storage]\nendpoint = "{server.endpoint}"\nallow_http = true\n'
        (folder / "config/underlag.toml").write_text(settings)
        (folder / "config/sources.toml").write_text(sandbox.sources())
        (folder / "config/areas.toml").write_text((ROOT / "config/areas.toml").read_text())

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "UNDERLAG_"))}
        keys = self.server.environment() if self.server else {}
        return subprocess.Popen(
            [self.underlag, *arguments],
            cwd=self.folder,
            env={**kept, "NO_PROXY": "127.0.0.1", "NO_COLOR": "1", **keys, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, **environment: str) -> Ran:
        process = self.start(*arguments, **environment)
        stdout, stderr = process.communicate(timeout=300)
        ran = Ran(process.returncode, stdout, stderr)
        assert s3.SECRET not in ran.text() and s3.KEY not in ran.text(), f"{arguments} shows a key: {ran.text()}"
        assert "panicked" not in ran.stderr, ran.stderr
        return ran

    def ok(self, *arguments: str) -> Ran:
        ran = self.run(*arguments)
        assert ran.code == 0, f"{arguments} ended with {ran.code}\n{ran.text()}"
        return ran


class Reader:
    """Current versions in the bucket, as anyone may follow them."""

    def __init__(self, server: s3.Server, prefix: str = PREFIX):
        self.files, self.root = server.files(), f"{s3.BUCKET}/{prefix}"

    def bytes(self, key: str) -> bytes:
        with self.files.open_input_stream(f"{self.root}/{key}") as file:
            return file.read()

    def current(self, dataset: str) -> dict:
        return json.loads(self.bytes(f"datasets/{dataset}/current.json"))

    def datasets(self) -> list[str]:
        found = self.files.get_file_info(pyarrow.fs.FileSelector(f"{self.root}/datasets"))
        return sorted(info.base_name for info in found)

    def rows(self, dataset: str) -> "pyarrow.Table":
        paths = [f"{self.root}/datasets/{dataset}/{file}" for file in self.current(dataset)["files"]]
        tables = [pyarrow.parquet.read_table(path, filesystem=self.files, partitioning=None) for path in paths]
        return pyarrow.concat_tables(tables)


def same_rows(there: "pyarrow.Table", folder: pathlib.Path) -> int:
    """How many rows; every one of them in both, as often."""
    with duckdb.connect() as connection:
        connection.register("there", there)
        here = f"SELECT * FROM read_parquet('{folder}/**/*.parquet', hive_partitioning = false)"
        for one, other in (("SELECT * FROM there", here), (here, "SELECT * FROM there")):
            (more,) = connection.execute(f"SELECT count(*) FROM ({one} EXCEPT ALL {other})").fetchone()
            assert more == 0, f"{folder}: {more} rows of one lake are not in the other"
    return there.num_rows


@contextlib.contextmanager
def step(name: str) -> Iterator[None]:
    begun = time.monotonic()
    yield
    print(f"{name} ({time.monotonic() - begun:.1f} s)", flush=True)


def compare(reader: Reader, here: Machine) -> None:
    datasets = reader.datasets()
    assert datasets == sorted(path.name for path in (here.folder / "data/datasets").iterdir()), datasets
    rows = 0
    for dataset in datasets:
        current = reader.current(dataset)
        version = VERSION.search(current["target"])[0]
        manifest = json.loads(reader.bytes(f"datasets/{dataset}/versions/{version}/manifest.json"))
        assert current["files"] == [f"versions/{version}/data/{file['path']}" for file in manifest["files"]]
        rows += same_rows(reader.rows(dataset), here.folder / "data/datasets" / dataset / "current")
        assert manifest["rows"] == reader.rows(dataset).num_rows
    print(f"  {len(datasets)} datasets, {rows} rows: the same in both lakes")


BAROMETER = """version = 1
title = "Barometer"
[fetch.b.yrkesbarometer]
source = "yb"
[dataset.barometer]
title = "Yrkesbarometern"
sql = "barometer.sql"
key = ["kod", "yb_id", "ssyk", "period"]
column.yb_id = { type = "text", title = "Yrke" }
column.ssyk = { type = "text", title = "SSYK" }
column.rekryteringssituation = { type = "text", title = "Rekryteringssituation", nullable = true }
"""


def conditional(machines: list[Machine], sandbox: Sandbox, folder: pathlib.Path) -> None:
    """What the source still has is not sent again, wherever the answer from before lies; another machine finds it too."""
    pipeline = folder / "barometer"
    pipeline.mkdir(parents=True)
    (pipeline / "pipeline.toml").write_text(BAROMETER)
    (pipeline / "barometer.sql").write_text("SELECT niva, kod, period, yb_id, ssyk, rekryteringssituation FROM b\n")
    sources = (
        f'version = 1\n[source.yb.yrkesbarometer]\nbase_url = "{sandbox.root}/yrkesbarometer"\n'
        'credit = "Arbetsförmedlingen"\nlicence = "CC0-1.0"\n'
    )
    for number, machine in enumerate(machines):
        config = machine.folder / "config/underlag.toml"
        config.write_text(config.read_text().replace(f"{ROOT}/pipelines", str(folder)))
        (machine.folder / "config/sources.toml").write_text(sources)
        # The last machine has never asked: that the bucket holds an answer, it learns from the manifest.
        for run in range(2 if number < 2 else 1):
            sandbox.calls()
            machine.ok("run", "barometer")
            made = sandbox.calls()
            expected = 200 if run == 0 and number < 2 else 304
            assert made == [("GET", expected)], f"{machine.folder.name}, run {run + 1}: {made}"
    # An answer that is damaged there stands for nothing.
    machine = machines[-1]
    reader = Reader(machine.server, "prov/villkor")
    archive = reader.files.get_file_info(pyarrow.fs.FileSelector(f"{reader.root}/archive/objects", recursive=True))
    for info in archive:
        if info.type == pyarrow.fs.FileType.File:
            with reader.files.open_output_stream(info.path) as file:
                file.write(b"x")
    machine.run("run", "barometer")
    assert ("GET", 200) in sandbox.calls(), "asked without a condition"


def killed(there: Machine, sandbox: Sandbox, reader: Reader) -> None:
    """A run that is killed while it works leaves what readers have, and the next one completes."""
    before = {dataset: reader.current(dataset)["target"] for dataset in reader.datasets()}
    sandbox.revise()
    process = there.start("run", *PIPELINES)
    time.sleep(1.0)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    for dataset, target in before.items():
        assert reader.rows(dataset).num_rows > 0, f"{dataset} cannot be read any more, it was {target}"
    there.ok("run", *PIPELINES)
    there.ok("verify")


def two_at_once(one: Machine, other: Machine, sandbox: Sandbox) -> None:
    """Two machines publish into one bucket: each of their runs is either on record or says that it was overtaken."""
    sandbox.revise()
    processes = [machine.start("run", *PIPELINES) for machine in (one, other)]
    for process in processes:
        stdout, stderr = process.communicate(timeout=300)
        # What one takes back when it is overtaken may be gone while the other looks at it.
        words = ("was published while this one was made", "published there meanwhile", "manifest.json is not there")
        overtaken = any(word in stderr for word in words)
        assert process.returncode == 0 or overtaken, stdout + stderr
        print(f"  ended with {process.returncode}{', overtaken' if overtaken else ''}")
    for machine in (one, other):
        machine.ok("run", *PIPELINES)
        machine.ok("verify")


def refusals(folder: pathlib.Path, underlag: str, sandbox: Sandbox, server: s3.Server) -> None:
    machine = Machine(folder, underlag, sandbox, server)
    for environment, words in (
        ({"AWS_SECRET_ACCESS_KEY": "en-annan"}, "the server says SignatureDoesNotMatch"),
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "there are no credentials for object storage"),
        ({"AWS_SECRET_ACCESS_KEY": ""}, "there is AWS_ACCESS_KEY_ID, and no AWS_SECRET_ACCESS_KEY"),
    ):
        ran = machine.run("status", **environment)
        assert ran.code == 1 and words in ran.stderr and "\nhint: " in ran.stderr, ran.text()
    config = machine.folder / "config/underlag.toml"
    config.write_text(config.read_text().replace(f"s3://{s3.BUCKET}/", "s3://finns-inte/"))
    ran = machine.run("verify")
    assert ran.code == 1 and "NoSuchBucket" in ran.stderr, ran.text()


def main(underlag: str, weed: str) -> None:
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        folder = pathlib.Path(folder)
        with step("SeaweedFS answers"):
            server = stack.enter_context(s3.running(weed, folder))
        sandbox = Sandbox(underlag)
        stack.callback(sandbox.process.kill)
        here = Machine(folder / "here", underlag, sandbox, None)
        there = Machine(folder / "there", underlag, sandbox, server)
        reader = Reader(server)
        with step("first run, in a folder"):
            here.ok("run", *PIPELINES)
        with step("first run, in the bucket"):
            there.ok("run", *PIPELINES)
        kept = {path.name for path in (there.folder / "data").iterdir()}
        assert not kept & {"datasets", "archive", "site"}, kept
        with step("rows compared"):
            compare(reader, here)
        with step("verify, status, history, plan, report"):
            verified = there.ok("verify").stdout
            assert "ok: everything is as it was published" in verified, verified
            for command in ("status", "history", "plan", "report"):
                there.ok(command)
        with step("a second run, unchanged"):
            before = {dataset: reader.current(dataset) for dataset in reader.datasets()}
            there.ok("run", *PIPELINES)
            assert before == {dataset: reader.current(dataset) for dataset in reader.datasets()}
        with step("conditional calls, in a folder, in the bucket, and by another machine"):
            names = ("villkor-har", "villkor-dar", "villkor-annan")
            servers = (None, server, server)
            machines = [
                Machine(folder / name, underlag, sandbox, at, "prov/villkor")
                for name, at in zip(names, servers, strict=True)
            ]
            conditional(machines, sandbox, folder / "villkor")
        with step("a run with revised figures, in both"):
            sandbox.revise()
            here.ok("run", *PIPELINES)
            there.ok("run", *PIPELINES)
            moved = [dataset for dataset in before if reader.current(dataset) != before[dataset]]
            assert moved, "no pointer moved"
            compare(reader, here)
            there.ok("verify")
        with step("the cache deleted, the site rendered again"):
            subprocess.run(["rm", "-rf", there.folder / "data/cache"], check=True)
            there.ok("report")
        with step("a run killed"):
            killed(there, sandbox, reader)
        with step("two machines at once"):
            two_at_once(there, Machine(folder / "elsewhere", underlag, sandbox, server), sandbox)
        with step("what is refused"):
            refusals(folder / "refused", underlag, sandbox, server)
        with step("the library against the same server"):
            library(server)
    print("object storage: all held")


def library(server: s3.Server) -> None:
    """The tests of src/store/object that want a real server; $OBJECT_STORAGE_TESTS runs them, if it is set."""
    command = os.environ.get("OBJECT_STORAGE_TESTS")
    if not command:
        print("  skipped: OBJECT_STORAGE_TESTS is not set")
        return
    target = f"{server.endpoint} {s3.BUCKET} {s3.KEY} {s3.SECRET}"
    subprocess.run(command, shell=True, check=True, env={**os.environ, "UNDERLAG_TEST_S3": target})


if __name__ == "__main__":
    main(*sys.argv[1:3])

#!/usr/bin/env python3
"""The daemon's HTTP server under load while versions are published, and against its own OpenAPI document.

    tests/http/load.py UNDERLAG [--seconds 12] [--schemathesis FILE] [--examples 20]

Held throughout:

- wrk meets no error: no socket error, no status but 200;
- a reader who takes a version's manifest and then its files gets exactly that version, and `current` gives either
  the same bytes or nothing, never another version's under the same name;
- every answer carries the strict headers;
- clients that send their headers a byte at a time get in nobody's way;
- schemathesis finds no answer that docs/openapi.json does not describe.

Needs wrk (Debian). Ends with 1 and the faults, if any.
"""

import argparse
import hashlib
import http.client
import json
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter

ROOT = pathlib.Path(__file__).resolve().parents[2]
KOMMUNER = ["0114", "0180", "1280", "1480", "2480"]

PIPELINE = """version = 1
title = "Lokal"

[fetch.rader.file]
path = "rader.json"
format = "json-records"
columns = { kod = "text", period = "text", antal = "int64", status = "text" }

[dataset.tal]
title = "Tal per kommun"
sql = "tal.sql"
partition_by = ["lan"]
key = ["kod", "period"]

[dataset.tal.column.antal]
type = "int64"
title = "Antal"
unit = "antal"
additive = true
"""
SQL = """SELECT 'kommun' AS niva, kod, period, antal, coalesce(status, antal_status) AS antal_status FROM rader
"""
REPORT = """version = 1
title = "Prov"
description = "Ett prov"

[key.antal]
title = "Antal"
dataset = "tal"
value = "antal"
card = true
listed = true
"""


class World:
    def __init__(self, underlag, folder):
        self.underlag, self.folder = underlag, pathlib.Path(folder)
        self.faults, self.counts, self.stop = [], Counter(), threading.Event()
        config = f'version = 1\ndata_dir = "../data"\nreference_dir = "{ROOT}/reference"\n'
        config += '[publisher]\nname = "Region Prov"\ncontact = "prov@example.org"\n[server]\nlisten = "127.0.0.1:0"\n'
        files = {
            "config/underlag.toml": config,
            "pipelines/lokal/pipeline.toml": PIPELINE,
            "pipelines/lokal/tal.sql": SQL,
            "reports/oversikt/report.toml": REPORT,
        }
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        for page in (ROOT / "reports/oversikt").iterdir():
            if page.name != "report.toml":
                (self.folder / "reports/oversikt" / page.name).write_bytes(page.read_bytes())
        self.edition(0)

    def edition(self, number):
        rows = [{"kod": kod, "period": "2024", "antal": number * 10 + at, "status": None} for at, kod in enumerate(KOMMUNER)]
        (self.folder / "pipelines/lokal/rader.json").write_text(json.dumps(rows))

    def command(self, *arguments):
        return [self.underlag, "--config", str(self.folder / "config/underlag.toml"), *arguments]

    def publish(self, number):
        self.edition(number)
        ended = subprocess.run(self.command("run", "lokal", "--wait=60s"), capture_output=True, text=True, timeout=300)
        if ended.returncode != 0:
            self.faults.append(f"publish {number} failed: {ended.stdout}{ended.stderr}")
        self.counts["publishes"] += " published " in ended.stdout

    def start(self):
        daemon = subprocess.Popen(self.command("daemon"), stdout=subprocess.PIPE, text=True)
        line = next((line for line in daemon.stdout if line.startswith("site: http://")), "")
        self.host = line.removeprefix("site: http://").strip().rstrip("/")
        assert self.host, "the daemon did not say where it serves"
        return daemon

    def get(self, path, connection=None):
        connection = connection or http.client.HTTPConnection(self.host, timeout=60)
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        policy = answer.getheader("content-security-policy") or ""
        if "default-src 'none'" not in policy or answer.getheader("x-content-type-options") != "nosniff":
            self.faults.append(f"{path}: {answer.status} without strict headers")
        return answer.status, body

    def read(self):
        """One version, file by file, as a careful client does; and the same files through `current`."""
        connection = http.client.HTTPConnection(self.host, timeout=60)
        known = {}
        while not self.stop.is_set():
            status, body = self.get("/status.json", connection)
            version = json.loads(body)["pipelines"][0]["datasets"][0]["version"] if status == 200 else None
            if version is None:
                self.faults.append(f"/status.json: {status} {body[:200]}")
                continue
            base = f"/datasets/tal/versions/{version}"
            status, body = self.get(f"{base}/manifest.json", connection)
            if status != 200:
                self.faults.append(f"{base}/manifest.json: {status}")
                continue
            manifest = json.loads(body)
            if known.setdefault(version, body) != body:
                self.faults.append(f"{version}: its manifest has changed")
            for file in manifest["files"]:
                status, fixed = self.get(f"{base}/data/{file['path']}", connection)
                if status != 200 or fixed[:4] != b"PAR1" or fixed[-4:] != b"PAR1" or len(fixed) != file["size"]:
                    self.faults.append(f"{version}: {file['path']}: {status}, {len(fixed)} bytes")
                digest = hashlib.sha256(fixed).digest()
                if known.setdefault((version, file["path"]), digest) != digest:
                    self.faults.append(f"{version}: {file['path']} has changed")
                status, moving = self.get(f"/datasets/tal/current/{file['path']}", connection)
                self.counts["files of a version that was overtaken" if status == 404 else "files"] += 1
                if status not in (200, 404) or status == 200 and moving != fixed:
                    self.faults.append(f"current/{file['path']}: {status}, and not version {version}'s")
            self.counts["versions read"] += 1

    def loris(self):
        """Connections that never end their headers; each is hung up on, and another takes its place."""
        host, port = self.host.split(":")
        slow = []
        while not self.stop.is_set():
            while len(slow) < 40:
                one = socket.create_connection((host, int(port)), timeout=10)
                one.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nX: ")
                slow.append(one)
                self.counts["slow connections"] += 1
            for one in list(slow):
                try:
                    one.sendall(b"a")
                except OSError:
                    slow.remove(one)
                    self.counts["slow connections hung up on"] += 1
            time.sleep(0.5)
        for one in slow:
            one.close()


def wrk(world, seconds):
    _, body = world.get("/status.json")
    version = json.loads(body)["pipelines"][0]["datasets"][0]["version"]
    _, body = world.get(f"/datasets/tal/versions/{version}/manifest.json")
    file = json.loads(body)["files"][0]["path"]
    paths = ["/", "/status/", "/status/runs/1", "/status.json", "/metrics", "/healthz", f"/datasets/tal/versions/{version}/data/{file}"]
    script = world.folder / "paths.lua"
    script.write_text(
        "local paths = {" + ", ".join(json.dumps(path) for path in paths) + "}\nlocal at = 0\n"
        "request = function() at = at % #paths + 1; return wrk.format('GET', paths[at]) end\n"
    )
    ended = subprocess.run(
        ["wrk", "-t2", "-c48", f"-d{seconds}s", "--timeout", "20s", "--latency", "-s", str(script), f"http://{world.host}"],
        capture_output=True,
        text=True,
    )
    print(ended.stdout)
    if ended.returncode != 0 or "Non-2xx" in ended.stdout or "Socket errors" in ended.stdout:
        world.faults.append(f"wrk met errors: {ended.stdout}{ended.stderr}")
    if not re.search(r"[1-9]\d* requests in", ended.stdout):
        world.faults.append("wrk got no answer")


def described(world, program, examples):
    # With names of what there is, so that more than absences is asked for.
    described = json.loads((ROOT / "docs/openapi.json").read_text())
    version = json.loads(world.get("/status.json")[1])["pipelines"][0]["datasets"][0]["version"]
    manifest = json.loads(world.get(f"/datasets/tal/versions/{version}/manifest.json")[1])
    lan, file = manifest["files"][0]["path"].split("/")
    real = {"dataset": "tal", "version": version, "lan": lan, "file": file, "name": "lokal", "run": 1}
    for path in described["paths"].values():
        for parameter in path.get("parameters", []):
            parameter["example"] = real.get(parameter["name"], parameter.get("example"))
            if parameter["example"] is None:
                del parameter["example"]
    document = world.folder / "openapi.json"
    document.write_text(json.dumps(described))
    ended = subprocess.run(
        [program, "--config-file", str(ROOT / "tests/http/schemathesis.toml"), "run", str(document), "--url", f"http://{world.host}", "--checks", "all",
         "--max-examples", str(examples), "--seed", "1", "--no-color", "--request-timeout", "60"],
        capture_output=True,
        text=True,
        cwd=world.folder,
    )
    print(ended.stdout[-3000:])
    if ended.returncode != 0:
        world.faults.append(f"schemathesis found something: {ended.stdout}{ended.stderr}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("underlag")
    parser.add_argument("--seconds", type=int, default=12)
    parser.add_argument("--schemathesis")
    parser.add_argument("--examples", type=int, default=20)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        world = World(arguments.underlag, folder)
        world.publish(1)
        daemon = world.start()
        try:
            others = [threading.Thread(target=work) for work in (world.read, world.read, world.loris)]
            publishing = threading.Thread(target=publish_on, args=(world,))
            for thread in [*others, publishing]:
                thread.start()
            wrk(world, arguments.seconds)
            world.stop.set()
            for thread in [*others, publishing]:
                thread.join()
            status, _ = world.get("/readyz")
            if status != 200:
                world.faults.append(f"/readyz: {status}")
            if arguments.schemathesis:
                described(world, arguments.schemathesis, arguments.examples)
        finally:
            daemon.send_signal(signal.SIGTERM)
            code = daemon.wait(timeout=60)
        if code != 0:
            world.faults.append(f"the daemon ended with {code}")
    print(", ".join(f"{count} {what}" for what, count in sorted(world.counts.items())))
    if world.counts["versions read"] < 2 or world.counts["publishes"] < 2:
        world.faults.append("too little happened to prove anything")
    for fault in world.faults[:20]:
        print(f"FAULT: {fault}", file=sys.stderr)
    sys.exit(1 if world.faults else 0)


def publish_on(world):
    number = 1
    while not world.stop.is_set():
        number += 1
        world.publish(number)


main()

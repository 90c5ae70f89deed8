#!/usr/bin/env python3
"""Every metric that the alert rules and the dashboard name is exposed by the running program, and every metric of
the program has HELP, TYPE and a name by Prometheus' conventions.

    tests/monitoring/check.py UNDERLAG DATA     DATA: a folder that a demo published into, or an empty one
"""

import json
import pathlib
import re
import signal
import subprocess
import sys
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
NAME = re.compile(r"\b(?:underlag|process)_[a-z0-9_]+\b")
SUFFIXES = ("_bucket", "_sum", "_count")
# What is there only while there is something to tell of: a daemon, and a schedule that it keeps.
WITH_A_DAEMON = {
    "underlag_daemon_start_time_seconds",
    "underlag_configuration_loaded_timestamp_seconds",
    "underlag_pipeline_next_due_timestamp_seconds",
}


def wanted():
    """Metric → the files that name it."""
    names = {}
    rules = (ROOT / "monitoring/alerts.yml").read_text()
    expressions = re.findall(r"^\s+expr: (?:\|\n((?:\s{10,}.*\n)+)|(.*)$)", rules, re.M)
    dashboard = json.loads((ROOT / "monitoring/dashboard.json").read_text())
    texts = [("alerts.yml", "".join(pair)) for pair in expressions]
    assert len(texts) == rules.count("- alert:"), "an alert's expression was not found"
    for panel in dashboard["panels"]:
        texts += [("dashboard.json", target["expr"]) for target in panel["targets"]]
    texts += [("dashboard.json", item.get("definition", "")) for item in dashboard["templating"]["list"]]
    for file, text in texts:
        for name in NAME.findall(text):
            names.setdefault(name, set()).add(file)
    return names


def exposed(text):
    """Metric → its type. Fails on what has no HELP or TYPE, or two of them."""
    kinds, helps, samples = {}, set(), set()
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            name, kind = line.split()[2:4]
            assert name not in kinds, f"{name} has two TYPE lines"
            kinds[name] = kind
        elif line.startswith("# HELP "):
            name = line.split()[2]
            assert name not in helps, f"{name} has two HELP lines"
            helps.add(name)
        elif line and not line.startswith("#"):
            samples.add(re.match(r"[a-z_:][a-z0-9_:]*", line).group())
    for name in samples:
        assert family(name, kinds) in kinds, f"{name} has no TYPE"
    for name, kind in kinds.items():
        assert name in helps, f"{name} has no HELP"
        assert kind != "counter" or name.endswith("_total"), f"the counter {name} does not end with _total"
        assert kind == "counter" or not name.endswith("_total"), f"{name} ends with _total and is a {kind}"
    return kinds


def family(name, kinds):
    for suffix in SUFFIXES:
        base = name.removesuffix(suffix)
        if base != name and kinds.get(base) == "histogram":
            return base
    return name


def main():
    underlag, data = sys.argv[1:]
    demo = subprocess.Popen(
        [underlag, "demo", "--listen", "127.0.0.1:0", "--data-dir", data], stdout=subprocess.PIPE, text=True
    )
    try:
        address = next(line.split()[1] for line in demo.stdout if line.startswith("site: http"))
        with urllib.request.urlopen(address + "metrics", timeout=30) as answer:
            text = answer.read().decode()
    finally:
        demo.send_signal(signal.SIGINT)
        demo.wait(timeout=30)
    promtool = subprocess.run(["promtool", "check", "metrics"], input=text, text=True, capture_output=True)
    assert promtool.returncode == 0, promtool.stdout + promtool.stderr
    kinds = exposed(text)
    missing = {
        name: files
        for name, files in wanted().items()
        if family(name, kinds) not in kinds and name not in WITH_A_DAEMON
    }
    assert not missing, f"named, and not exposed: {missing}"
    series = sum(1 for line in text.splitlines() if line and not line.startswith("#"))
    print(f"{len(kinds)} metrics, {series} series; {len(wanted())} are named by rules and dashboard, all of them exposed")


main()

#!/usr/bin/env bash
# Holds the units to what is promised of them: nothing in them that systemd does not know, an exposure of at most 1.2, a
# memory limit that fits the shipped configuration, and time to stop in.
#
#   systemd/check.sh PROGRAM
set -euo pipefail
program=$(realpath "$1")
cd "$(dirname "$0")"
fail() { printf 'units: %s\n' "$1" >&2; exit 1; }
if ! command -v systemd-analyze >/dev/null; then
    echo 'SKIPPED: systemd-analyze is not here'
    exit 0
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# The program is not installed here: the one that was built stands for it.
for unit in underlag.service underlag-verify.service underlag-verify.timer user/underlag.service; do
    mkdir -p "$scratch/$(dirname "$unit")"
    sed -e "s#/usr/bin/underlag#$program#; s#%h/.local/bin/underlag#$program#" "$unit" >"$scratch/$unit"
done
# A key that it does not know is only a line to it, and no error.
for units in "$scratch" "$scratch/user"; do
    said=$(systemd-analyze verify --man=no "$units"/*.* 2>&1) || true
    [ -z "$said" ] || fail "$said"
done
for unit in underlag.service underlag-verify.service; do
    systemd-analyze security --offline=yes --no-pager --threshold=12 "$unit" | tail -n 1
done
systemd-sysusers --dry-run "$PWD/underlag.sysusers.conf" >/dev/null 2>&1 || fail 'systemd-sysusers refuses underlag.sysusers.conf'

python3 - <<'PYTHON'
import pathlib, re, tomllib

UNITS = {"M": 2**20, "G": 2**30, "MiB": 2**20, "GiB": 2**30, "s": 1, "min": 60, "m": 60}

def measure(text):
    number, unit = re.fullmatch(r"(\d+)(\w+)", text).groups()
    return int(number) * UNITS[unit]

config = tomllib.loads(pathlib.Path("../config/underlag.toml").read_text())
limit = measure(config["run"]["memory_limit"])
queries = config["run"]["max_parallel_pipelines"] * limit
grace = measure(config.get("daemon", {}).get("shutdown_grace", "30s"))
for name in ["underlag.service", "user/underlag.service"]:
    unit = dict(re.findall(r"^(\w+)=(.+)$", pathlib.Path(name).read_text(), re.MULTILINE))
    high, most = measure(unit["MemoryHigh"]), measure(unit["MemoryMax"])
    assert queries * 2 <= high < most, f"{name}: MemoryHigh={unit['MemoryHigh']} is no room for twice {queries} bytes of SQL"
    stop = measure(unit["TimeoutStopSec"])
    assert stop > grace, f"{name}: TimeoutStopSec={stop} s is not above shutdown_grace, {grace} s"
    print(f"{name}: {queries >> 20} MiB of SQL below {high >> 20} MiB; {grace} s of grace within {stop} s")
PYTHON

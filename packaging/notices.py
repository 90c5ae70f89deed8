#!/usr/bin/env python3
"""Writes the licences of everything that is linked into the program, each text once.

    cargo metadata --format-version 1 --locked --filter-platform x86_64-unknown-linux-gnu | packaging/notices.py
"""
import json
import pathlib
import re
import sys

NAMES = re.compile(r"^(licen[cs]e|copying|copyright|notice|unlicense)", re.IGNORECASE)


def linked(metadata: dict) -> set[str]:
    """The ids of the packages behind the program, without those for its tests and its building."""
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    found, ahead = set(), [metadata["resolve"]["root"]]
    while ahead:
        here = ahead.pop()
        if here in found:
            continue
        found.add(here)
        for dependency in nodes[here]["deps"]:
            if any(kind["kind"] is None for kind in dependency["dep_kinds"]):
                ahead.append(dependency["pkg"])
    return found


def main() -> None:
    metadata = json.load(sys.stdin)
    ids = linked(metadata)
    packages = sorted(
        (package for package in metadata["packages"] if package["id"] in ids and package["source"]),
        key=lambda package: (package["name"], package["version"]),
    )
    texts: dict[str, list[str]] = {}
    print("Underlag is built with these packages, under these licences. Their texts follow, each once.\n")
    for package in packages:
        name = f"{package['name']} {package['version']}"
        print(f"{name}: {package['license']}")
        folder = pathlib.Path(package["manifest_path"]).parent
        for path in sorted(folder.iterdir()):
            if path.is_file() and NAMES.match(path.name) and path.suffix not in {".rs", ".py", ".toml"}:
                text = path.read_text(encoding="utf-8", errors="replace").strip().replace("\r\n", "\n")
                texts.setdefault(text, []).append(name)
    for text, names in texts.items():
        print(f"\n{'=' * 78}\n{', '.join(names)}\n{'-' * 78}\n{text}")


if __name__ == "__main__":
    main()

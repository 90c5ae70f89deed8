#!/usr/bin/env python3
"""Holds the locked dependencies to deny.toml's licences, bans and sources.

    cargo metadata --format-version 1 --locked | python3 .ci/dependencies.py deny.toml

A stand-in for `cargo deny check licenses bans sources` that needs nothing
but Python; advisories need the network and cargo-deny itself.
"""
import json
import re
import sys
import tomllib


def allowed(expression: str, licences: set[str]) -> bool:
    """Evaluates an SPDX expression; `/` is the old way of writing OR."""
    tokens = re.findall(r"[()]|[^\s()]+", expression.replace("/", " OR "))
    position = 0

    def take() -> str:
        nonlocal position
        position += 1
        return tokens[position - 1]

    def peek() -> str:
        return tokens[position] if position < len(tokens) else ""

    def one() -> bool:
        token = take()
        if token == "(":
            inside = either()
            take()
            return inside
        if peek() == "WITH":
            take()
            token = f"{token} WITH {take()}"
        return token in licences

    def both() -> bool:
        result = one()
        while peek() == "AND":
            take()
            result = one() and result
        return result

    def either() -> bool:
        result = both()
        while peek() == "OR":
            take()
            result = both() or result
        return result

    return either()


def main() -> int:
    with open(sys.argv[1], "rb") as file:
        rules = tomllib.load(file)
    licences = set(rules["licenses"]["allow"])
    banned = {entry["crate"]: entry["reason"] for entry in rules["bans"]["deny"]}
    packages = json.load(sys.stdin)["packages"]
    faults = []
    for package in packages:
        name = f"{package['name']} {package['version']}"
        if not package["license"] or not allowed(package["license"], licences):
            faults.append(f"{name}: licence {package['license']!r} is not in deny.toml")
        if package["name"] in banned:
            faults.append(f"{name}: banned, {banned[package['name']]}")
        if package["source"] is not None and not package["source"].startswith("registry+"):
            faults.append(f"{name}: comes from {package['source']}, not from the registry")
        for dependency in package["dependencies"]:
            if package["source"] is None and dependency["req"] == "*" and dependency.get("path") is None:
                faults.append(f"{name}: any version of {dependency['name']} will do; name one")
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"{len(packages)} packages, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

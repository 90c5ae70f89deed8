"""A JSON-stat body the usual ways in Python.

    peer.py pyjstat BODY     to Parquet bytes with pyjstat, pandas and pyarrow
    peer.py pxwebpy BODY     to records with pxwebpy's own decoding

Prints the best time of three in seconds. Reading the file is not counted, as on the other side.
"""

import io
import json
import sys
import time


def pyjstat(text):
    from pyjstat import pyjstat

    def once():
        frame = pyjstat.Dataset.read(text).write("dataframe", naming="id")
        frame.to_parquet(io.BytesIO(), engine="pyarrow", compression="zstd", compression_level=1, index=False)

    return once


def pxwebpy(text):
    from pxweb._internal.functions import unpack_table_data

    return lambda: list(unpack_table_data(json.loads(text)))


def main():
    with open(sys.argv[2], encoding="utf-8") as file:
        text = file.read()
    try:
        once = {"pyjstat": pyjstat, "pxwebpy": pxwebpy}[sys.argv[1]](text)
        import pyarrow  # noqa: F401
    except ImportError as error:
        sys.exit(f"missing: {error}")
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        once()
        best = min(best, time.perf_counter() - start)
    print(best)


main()

"""A JSON-stat body to Parquet bytes the usual way in Python: pyjstat, pandas, pyarrow.

Prints the best time of three in seconds. Reading the file is not counted, as on the other side.
"""

import io
import sys
import time

try:
    import pyarrow  # noqa: F401
    from pyjstat import pyjstat
except ImportError as error:
    sys.exit(f"missing: {error.name}")


def once(text: str) -> float:
    start = time.perf_counter()
    frame = pyjstat.Dataset.read(text).write("dataframe", naming="id")
    frame.to_parquet(io.BytesIO(), engine="pyarrow", compression="zstd", compression_level=1, index=False)
    return time.perf_counter() - start


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        text = file.read()
    print(min(once(text) for _ in range(3)))


main()

"""What others do with a year of advertisements: `ads_peer.py duckdb FILE ROUNDS`, `ads_peer.py inflate ZIP ROUNDS`.

duckdb: counts per occupation group, kommun and month with two threads; prints the best times in seconds (clock, processor)
and the peak memory in MB. Duplicates are not looked for, and nothing is kept.
inflate: inflates the one member as a stream and drops it; prints a line with a name and the best times per inflater.
"""

import resource
import sys
import time
import zlib

QUERY = """
SELECT coalesce(occupation_group ->> '$.legacy_ams_taxonomy_id', occupation_group ->> '$[0].legacy_ams_taxonomy_id') AS ssyk,
       workplace_address.municipality_code AS kommun, workplace_address.region_code AS lan,
       workplace_address.country_code AS land, publication_date[:7] AS manad,
       count(*) AS annonser, sum(number_of_vacancies) AS platser
FROM read_json(?, format = 'newline_delimited', columns = {
    id: 'VARCHAR', publication_date: 'VARCHAR', number_of_vacancies: 'INTEGER', occupation_group: 'JSON',
    workplace_address: 'STRUCT(municipality_code VARCHAR, region_code VARCHAR, country_code VARCHAR)'})
GROUP BY ALL
"""


def best(rounds, work):
    """Seconds by the clock and of the processor."""
    times = []
    for _ in range(rounds):
        start, used = time.perf_counter(), time.process_time()
        work()
        times.append((time.perf_counter() - start, time.process_time() - used))
    return min(wall for wall, _ in times), min(processor for _, processor in times)


def duckdb(path, rounds):
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    took = best(rounds, lambda: connection.execute(QUERY, [path]).fetchall())
    print(*took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6)


def inflated(module, path):
    with open(path, "rb") as file:
        header = file.read(30)
        file.read(int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little"))
        inflater = module.decompressobj(-15)
        while not inflater.eof and (packed := file.read(1 << 18)):
            while packed and not inflater.eof:
                inflater.decompress(packed, 1 << 18)
                packed = inflater.unconsumed_tail


def inflate(path, rounds):
    modules = [("zlib", zlib)]
    try:
        from isal import isal_zlib

        modules.append(("ISA-L", isal_zlib))
    except ImportError:
        pass
    try:
        from zlib_ng import zlib_ng

        modules.append(("zlib-ng", zlib_ng))
    except ImportError:
        pass
    for name, module in modules:
        print(name, *best(rounds, lambda module=module: inflated(module, path)))


{"duckdb": duckdb, "inflate": inflate}[sys.argv[1]](sys.argv[2], int(sys.argv[3]))

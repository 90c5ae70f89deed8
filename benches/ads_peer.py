"""Counts advertisements per occupation group, kommun and month with DuckDB and two threads.

Prints the best time in seconds and the peak memory in MB. Duplicates are not looked for, and nothing is kept.
"""

import resource
import sys
import time

import duckdb

path, rounds = sys.argv[1], int(sys.argv[2])
connection = duckdb.connect()
connection.execute("SET threads = 2")
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
best = float("inf")
for _ in range(rounds):
    start = time.perf_counter()
    rows = connection.execute(QUERY, [path]).fetchall()
    best = min(best, time.perf_counter() - start)
print(best, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6)

-- Ett antal annonser är aldrig negativt.
SELECT kod, ssyk, antal
FROM ny
WHERE antal < 0

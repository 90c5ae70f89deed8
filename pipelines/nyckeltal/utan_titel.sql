-- Varje nyckeltal finns i Koladas katalog.
SELECT DISTINCT kpi
FROM ny
WHERE titel IS NULL

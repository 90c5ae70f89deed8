-- Varje yrkesgrupp och plats i filen finns i referenstabellerna; de som saknas visas med sitt id.
SELECT
    CASE WHEN niva IS NULL THEN kod END AS okand_plats,
    CASE WHEN yrkesgrupp IS NULL THEN ssyk END AS okand_yrkesgrupp,
    count(*) AS rader
FROM ny
WHERE niva IS NULL OR yrkesgrupp IS NULL
GROUP BY 1, 2

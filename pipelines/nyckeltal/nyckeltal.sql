-- Koladas nyckeltal för riket, regioner och kommuner. Grupper av kommuner lämnas utanför:
-- deras sammansättning ändras från år till år under samma id.
SELECT
    k.niva,
    k.kod,
    k.period,
    k.kpi,
    titel.text AS titel,
    k.kon,
    k.varde,
    k.varde_status,
    k.varde_symbol
FROM k
LEFT JOIN k_koder AS titel ON titel.kolumn = 'kpi' AND titel.kod = k.kpi
WHERE k.niva <> 'grupp'

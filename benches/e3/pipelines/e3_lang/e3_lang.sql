-- Tabellen som den är.
SELECT
    'kommun' AS niva,
    kod,
    period,
    utbildningsgrupp,
    naring,
    grupp,
    personer,
    personer_status,
    personer_symbol
FROM e3

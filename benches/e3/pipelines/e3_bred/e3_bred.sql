-- Tabellen som den är.
SELECT
    'kommun' AS niva,
    kod,
    period,
    utbildningsgrupp,
    naring,
    helt_matchade, helt_matchade_status, helt_matchade_symbol,
    delvis_matchade, delvis_matchade_status, delvis_matchade_symbol,
    inte_matchade, inte_matchade_status, inte_matchade_symbol,
    personer, personer_status, personer_symbol,
    otillrackliga_uppgifter, otillrackliga_uppgifter_status, otillrackliga_uppgifter_symbol,
    forvarvsgrad, forvarvsgrad_status, forvarvsgrad_symbol,
    matchad_forvarvsgrad, matchad_forvarvsgrad_status, matchad_forvarvsgrad_symbol
FROM e3

-- Folkmängd per region, åldersklass, kön och månad, som SCB publicerar den.
-- Inget summeras här: SCB har ändrat varje värde en aning, och totalerna är egna värden.
SELECT
    CASE
        WHEN f.kod = '00' THEN 'riket'
        WHEN character_length(f.kod) = 2 THEN 'lan'
        ELSE 'kommun'
    END AS niva,
    f.kod,
    f.period,
    f.alder,
    alder_kod.text AS alder_text,
    f.kon,
    kon_kod.text AS kon_text,
    f.folkmangd,
    f.folkmangd_status,
    f.folkmangd_symbol
FROM folk AS f
LEFT JOIN folk_koder AS alder_kod ON alder_kod.kolumn = 'alder' AND alder_kod.kod = f.alder
LEFT JOIN folk_koder AS kon_kod ON kon_kod.kolumn = 'kon' AND kon_kod.kod = f.kon

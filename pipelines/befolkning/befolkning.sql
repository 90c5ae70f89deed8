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
    alder.text AS alder_text,
    f.kon,
    kon.text AS kon_text,
    f.folkmangd,
    f.folkmangd_status,
    f.folkmangd_symbol
FROM folk AS f
LEFT JOIN folk_koder AS alder ON alder.kolumn = 'alder' AND alder.kod = f.alder
LEFT JOIN folk_koder AS kon ON kon.kolumn = 'kon' AND kon.kod = f.kon

-- Varje kod har en etikett i SCB:s kodlista.
SELECT DISTINCT alder, alder_text, kon, kon_text
FROM ny
WHERE alder_text IS NULL OR kon_text IS NULL

-- Ingen folkmängd är negativ, hur den än har skyddats.
SELECT kod, period, alder, kon, folkmangd
FROM ny
WHERE folkmangd < 0

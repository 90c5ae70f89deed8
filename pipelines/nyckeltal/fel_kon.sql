-- Kolada har tre värden för kön; ett fjärde är en ändring som någon måste ta ställning till.
SELECT DISTINCT kpi, kon
FROM ny
WHERE kon NOT IN ('T', 'M', 'K')

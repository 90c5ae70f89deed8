-- Annonser per yrkesgrupp och ort. Filen nämner båda med id i Arbetsförmedlingens taxonomi.
-- Ett id som referenstabellerna inte känner får inte tappa sin rad: det står kvar som kod,
-- utan nivå eller namn, och stoppas av kontrollerna.
SELECT
    plats.niva,
    coalesce(plats.kod, a.plats) AS kod,
    '2024' AS period,
    coalesce(grupp.ssyk, a.yrkesgrupp) AS ssyk,
    grupp.benamning AS yrkesgrupp,
    grupp.yrkesomrade,
    a.antal,
    a.antal_status
FROM annons AS a
LEFT JOIN ref_platser AS plats ON plats.taxonomi_id = a.plats
LEFT JOIN ref_ssyk AS grupp ON grupp.taxonomi_id = a.yrkesgrupp

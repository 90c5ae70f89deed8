//! All 312 areas with plausible inventions: that every page is sound at full
//! size, and, with `UNDERLAG_DEMO_SITE` naming a folder, something to look at.

use std::path::{Path, PathBuf};

use crate::report::fixture::{ANNONSER, BEFOLKNING, Line, NYCKELTAL, input, publish};
use crate::report::{Geography, render};

use super::{overview, text, tree, well_formed};

/// The real code lists where they are at hand, else as many invented ones.
fn geography() -> Geography {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/real/geografi/kommuner_290.csv");
    let mut geography = Geography::default();
    if let Ok(mut rows) = csv::Reader::from_path(file) {
        for row in rows.records().flatten() {
            let lan = (row[2].to_owned(), row[3].to_owned());
            if !geography.lan.contains(&lan) {
                geography.lan.push(lan);
            }
            geography.kommuner.push((row[0].to_owned(), row[1].to_owned(), row[2].to_owned()));
        }
        return geography;
    }
    for lan in 1..=21 {
        geography.lan.push((format!("{lan:02}"), format!("Län {lan}")));
        for kommun in 0..if lan <= 17 { 14 } else { 13 } {
            let kod = format!("{lan:02}{:02}", kommun + 10);
            geography.kommuner.push((kod.clone(), format!("Kommun {kod}"), format!("{lan:02}")));
        }
    }
    geography
}

/// A number that looks thrown but never changes.
fn dice(seed: &str) -> f64 {
    let hash = blake3::hash(seed.as_bytes());
    f64::from(u16::from_le_bytes([hash.as_bytes()[0], hash.as_bytes()[1]])) / 65_536.0
}

struct Area {
    niva: &'static str,
    kod: String,
    namn: String,
    lan: String,
    size: f64,
}

fn areas(geography: &Geography) -> Vec<Area> {
    let mut areas = vec![];
    for (kod, namn, lan) in &geography.kommuner {
        let size = 3_000.0 + 90_000.0 * dice(kod).powi(5) * 8.0;
        areas.push(Area { niva: "kommun", kod: kod.clone(), namn: namn.clone(), lan: lan.clone(), size });
    }
    for (kod, namn) in &geography.lan {
        let size = areas.iter().filter(|area| area.lan == *kod).map(|area| area.size).sum();
        areas.push(Area { niva: "lan", kod: kod.clone(), namn: namn.clone(), lan: kod.clone(), size });
    }
    let size = areas.iter().filter(|area| area.niva == "lan").map(|area| area.size).sum();
    areas.push(Area { niva: "riket", kod: "00".into(), namn: "Riket".into(), lan: "00".into(), size });
    areas
}

fn line(area: &Area, period: String, start: i32, codes: &[&str], value: Option<f64>, status: &'static str) -> Line {
    let codes = codes.iter().map(|code| (*code).to_owned()).collect();
    let (kod, namn, lan) = (area.kod.clone(), area.namn.clone(), area.lan.clone());
    Line { niva: area.niva, kod, namn, lan, period, start, codes, value, status }
}

fn befolkning(areas: &[Area]) -> Vec<Line> {
    let ages = [
        ("0-9", 0.101),
        ("10-19", 0.119),
        ("20-29", 0.12),
        ("30-39", 0.139),
        ("40-49", 0.124),
        ("50-59", 0.127),
        ("60-69", 0.109),
        ("70-79", 0.1),
        ("80-89", 0.05),
        ("90-99", 0.01),
        ("100+10", 0.0003),
    ];
    let mut lines = Vec::new();
    for area in areas {
        for month in 0..16_u8 {
            let period = format!("{}M{:02}", 2025 + i32::from(month / 12), month % 12 + 1);
            let drift = 1.0
                + (dice(&area.kod) - 0.4) * f64::from(month) * 0.0012
                + dice(&format!("{}{month}", area.kod)) * 0.0005;
            let size = (area.size * drift).round();
            let start = 20_089 + i32::from(month) * 30;
            lines.push(line(
                area,
                period.clone(),
                start,
                &["TotSA", "totalt, samtliga åldrar", "TotSa", "t"],
                Some(size),
                "observed",
            ));
            for (age, share) in ages {
                let label = if age == "100+10" { "100+ år".to_owned() } else { format!("{age} år") };
                let size = (size * share * (0.9 + 0.2 * dice(&format!("{age}{}", area.kod)))).round();
                lines.push(line(area, period.clone(), start, &[age, &label, "TotSa", "t"], Some(size), "observed"));
            }
        }
    }
    lines
}

fn nyckeltal(areas: &[Area]) -> Vec<Line> {
    let kpis = [
        ("N01982", "Invånare 25-64 år med eftergymnasial utbildning, andel (%)", 31.0, 24.0, true),
        ("N01983", "Invånare 25-64 år med gymnasial utbildning, andel (%)", 38.0, 14.0, true),
        ("N01984", "Invånare 25-64 år med förgymnasial utbildning, andel (%)", 8.0, 8.0, true),
        ("N03920", "Arbetslösa av befolkningen, 18-65 år, andel (%)", 3.0, 5.5, true),
        ("N02267", "Sysselsättningsgrad 20-64 år, andel (%)", 74.0, 11.0, true),
        ("N02797", "Invånare 16-24 år som varken arbetar eller studerar, andel (%)", 4.0, 7.0, true),
        ("N18898", "Elever i kommunal gymnasial vuxenutbildning hemkommun, antal", 0.0, 0.0, false),
        ("N18500", "Kursdeltagare som vid årets slut slutfört kurs, andel (%)", 55.0, 20.0, false),
    ];
    let mut lines = Vec::new();
    for area in areas {
        for (kpi, title, low, room, county) in kpis {
            if area.niva == "lan" && !county {
                continue;
            }
            for year in 2015..=2025_i32 {
                let trend = f64::from(year - 2015) / 10.0;
                let value = match kpi {
                    "N18898" => (area.size * (0.012 + 0.01 * dice(&area.kod)) * (1.0 + trend * 0.3)).round(),
                    _ => {
                        low + room * (0.75 * dice(&format!("{kpi}{}", area.kod)) + 0.25 * trend)
                            + dice(&format!("{kpi}{}{year}", area.kod))
                    }
                };
                let (value, status) = match (kpi, year) {
                    ("N02797", _) if area.size < 8_000.0 => (None, "suppressed"),
                    ("N18500", 2019) if area.size < 30_000.0 => (None, "missing"),
                    ("N03920", 2025) => (Some(value), "preliminary"),
                    _ => (Some(value), "observed"),
                };
                let start = (year - 1970) * 365 + (year - 1969) / 4;
                lines.push(line(area, year.to_string(), start, &[kpi, title, "T"], value, status));
            }
        }
    }
    lines
}

fn annonser(areas: &[Area]) -> Vec<Line> {
    let groups = [
        ("5321", "Undersköterskor, hemtjänst, hemsjukvård, äldreboende och habilitering"),
        ("2221", "Grundutbildade sjuksköterskor"),
        ("5223", "Butikssäljare, fackhandel"),
        ("2512", "Mjukvaru- och systemutvecklare m.fl."),
        ("9111", "Städare"),
        ("5330", "Vårdbiträden"),
        ("2341", "Grundskollärare"),
        ("5343", "Personliga assistenter"),
        ("3322", "Företagssäljare"),
        ("5120", "Kockar och kallskänkor"),
        ("7111", "Träarbetare, snickare m.fl."),
        ("8332", "Lastbilsförare m.fl."),
        ("2343", "Förskollärare"),
        ("4322", "Lager- och terminalpersonal"),
        ("7223", "Maskinställare och maskinoperatörer, metallarbete"),
        ("0110", "Officerare"),
        ("5411", "Brandmän"),
        ("7411", "Installations- och serviceelektriker"),
    ];
    let mut lines = Vec::new();
    for area in areas {
        for (place, (code, label)) in groups.into_iter().enumerate() {
            let weight = 0.012 / f64::from(u32::try_from(place).unwrap() + 2);
            let count = (area.size * weight * (0.4 + dice(&format!("{code}{}", area.kod)))).round();
            lines.push(line(area, "2024".into(), 19_723, &[code, label, "Yrkesområde"], Some(count), "observed"));
        }
    }
    lines
}

#[test]
fn all_areas_get_sound_pages() {
    let temporary = tempfile::tempdir().unwrap();
    let root = std::env::var_os("UNDERLAG_DEMO_SITE").map_or_else(|| temporary.path().to_owned(), PathBuf::from);
    let geography = geography();
    let areas = areas(&geography);
    let published = vec![
        publish(&root, &BEFOLKNING, true, &befolkning(&areas)),
        publish(&root, &NYCKELTAL, true, &nyckeltal(&areas)),
        publish(&root, &ANNONSER, true, &annonser(&areas)),
    ];
    let out: &Path = &root.join("site/current");
    let done = render(&overview(), &input(published, geography), out).unwrap();
    assert_eq!(done.pages, 312);
    let files = tree(out);
    for (path, _) in files.iter().filter(|(path, _)| path.ends_with(".html")) {
        well_formed(path, text(&files, path));
    }
}

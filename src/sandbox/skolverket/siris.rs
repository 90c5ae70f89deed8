//! The stand-in of SiRiS's export service, with two exports: costs per
//! municipality (42) and per county (245). A heading changes with 2013, the
//! preamble grows with 2016, and 2026 is not published yet.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Skolverket;
use crate::sandbox::http::{Ask, Reply};
use crate::sandbox::noise::{between, mix, part};
use crate::sandbox::region::{Level, Region};

const FIRST: u64 = 2010;
const LAST: u64 = 2026;

pub fn answer(world: &Skolverket, ask: &Ask<'_>) -> Reply {
    let export = ask.parameter("pExportID").unwrap_or_default();
    let codes = |rows: &[(&str, &str)]| -> Vec<Value> {
        rows.iter().map(|(code, name)| json!({ "kod": code, "namn": name })).collect()
    };
    match ask.segments.as_slice() {
        ["verksamhetsformer"] => Reply::json(200, &json!({ "verksamhetsformer": codes(&[("22", "Komvux")]) })),
        ["niva"] => Reply::json(200, &json!({ "data": codes(&[("K", "Kommunnivå")]) })),
        ["omrade"] => Reply::json(200, &json!({ "data": codes(&[("7", "Kostnader")]) })),
        ["export"] => {
            Reply::json(200, &json!({ "data": codes(&[("42", "Kostnader per kommun"), ("245", "Kostnader per län")]) }))
        }
        ["lasar"] if matches!(export, "42" | "245") => {
            let years: Vec<Value> =
                (FIRST..=LAST).rev().map(|year| json!({ "kod": year, "namn": year.to_string() })).collect();
            Reply::json(200, &json!({ "data": years }))
        }
        ["lasar"] => Reply::json(200, &json!({ "data": [] })),
        ["runexport"] if ask.parameter("pFormat") == Some("csv") => sheet(world, ask, export),
        _ => Reply::new(404, "text/html", "<html><body>404 Not Found</body></html>"),
    }
}

fn sheet(world: &Skolverket, ask: &Ask<'_>, export: &str) -> Reply {
    let year: u64 = ask.parameter("pAr").and_then(|text| text.parse().ok()).unwrap_or(0);
    let level = if export == "42" { Level::Kommun } else { Level::Lan };
    let title = if export == "42" { "Kommun" } else { "Län" };
    let mut text = format!("\u{feff}Komvux - Kostnader (syntetiskt)\r\nValt läsår: {year}\r\n");
    if year >= 2016 {
        text.push_str("Uppgifterna är syntetiska\r\n\r\n");
    }
    let health = if year < 2013 { "Elevvård per elev" } else { "Elevhälsa per elev" };
    // Writing to a string cannot fail.
    let _ = write!(text, "{title};{title}kod;Typ av huvudman;Elever;Totalt per elev;{health};Andel\r\n");
    let wanted = |region: &&Region| {
        let of = |name: &str, code: &str| ask.parameter(name).is_none_or(|wanted| wanted.is_empty() || wanted == code);
        region.level == level && of("pLan", &region.lan) && of("pKommun", &region.code)
    };
    let published = (FIRST..LAST).contains(&year);
    for region in world.regions.iter().filter(wanted).filter(|_| published) {
        let draw = |what: &str, low, high| between(mix(world.seed, &[part(what), part(&region.code), year]), low, high);
        let pupils = match draw("pupils", 0, 12) {
            0 => "..".to_owned(),
            1 => ".".to_owned(),
            _ => format!("cirka {}", draw("count", 1, 400) * 10),
        };
        let total = draw("total", 300, 1400) * 100;
        let total = format!("{} {:03}", total / 1000, total % 1000);
        let share = if draw("share", 0, 9) == 0 {
            "~100".to_owned()
        } else {
            format!("{},{}", draw("whole", 50, 99), draw("tenth", 0, 10))
        };
        let (name, code, health) = (&region.name, &region.code, draw("health", 100, 900));
        let _ = write!(text, "{name};{code};Kommunal;{pupils};{total};{health},5;{share}\r\n");
    }
    text.push_str("\r\nKälla: ingen; figurerna är påhittade\r\n".replace(';', ",").as_str());
    Reply::new(200, "text/csv; charset=utf-8", text)
}

//! SCB's monthly population table in form and codes: region, age, sex and month.

use std::sync::Arc;

use jiff::Timestamp;

use super::table::{Category, Cell, Content, Dimension, Subject, Table};
use crate::sandbox::population::{AGES, Population};
use crate::sandbox::region::Region;

const MONTHS: usize = 22;

/// From one age up to but not including another.
struct Span {
    code: String,
    from: usize,
    to: usize,
}

pub fn table(regions: &[Region], people: Arc<Population>, updated: Timestamp) -> Table {
    let spans = spans();
    let mut region = super::small::region(regions, |_| true);
    region.codelists = vec![
        region.valueset("vs_CKM01Riket", "riket", |code| code == "00"),
        region.valueset("vs_CKM02Län", "län", |code| code.len() == 2 && code != "00"),
        region.valueset("vs_CKM03Kommun", "kommuner", |code| code.len() == 4),
    ];
    let mut age = Dimension::new(
        "Alder",
        "ålder",
        spans.iter().map(|span| Category::new(&span.code, &label(&span.code))).collect(),
    );
    let single = |code: &str| code == "100+" || code.bytes().all(|byte| byte.is_ascii_digit());
    let width = |code: &str| {
        let span = spans.iter().find(|span| span.code == code);
        span.map_or(0, |span| if span.code.starts_with("100+") { 0 } else { span.to - span.from })
    };
    age.codelists = vec![
        age.valueset("vs_CKM01AlderTot", "totalt, samtliga åldrar", |code| code == "TotSA"),
        age.valueset("vs_CKM021år", "1-årsklasser 0-100+", single),
        age.valueset("vs_CKM035årN", "5-årsklasser 0-100+", |code| width(code) == 5 || code == "100+5"),
        age.valueset("vs_CKM0410årN", "10-årsklasser 0-100+", |code| width(code) == 10 || code == "100+10"),
    ];
    let sex = Dimension {
        elimination: Some("TotSa"),
        ..Dimension::new(
            "Kon",
            "kön",
            vec![
                Category::new("TotSa", "totalt, samtliga män och kvinnor"),
                Category::new("1", "män"),
                Category::new("2", "kvinnor"),
            ],
        )
    };
    let content = Content { unit: "antal", decimals: 0, reference_period: "Respektive månad", measuring: "Stock" };
    let months = (0..MONTHS).map(|month| format!("{}M{:02}", 2025 + month / 12, month % 12 + 1));
    Table {
        id: "TAB6471",
        about: "Folkmängden per månad",
        dimensions: vec![
            region,
            age,
            sex,
            Dimension::contents(vec![("000007SF", "Folkmängden per månad", content)]),
            Dimension::time("månad", months),
        ],
        notes: vec![
            "SYNTETISKA DATA: alla värden är påhittade.",
            "En liten slumpmässig osäkerhet är införd i samtliga uppgifter, på samma sätt som med Cell Key Method (CKM). \
             Till följd av detta är inte alltid de redovisade totalerna lika med summan av deras redovisade delar.",
        ],
        updated,
        discontinued: false,
        next_update: None,
        time_unit: "Monthly",
        subject: Subject { code: "BE0101", area: "Befolkning", folder: "Folkmängd" },
        aggregable: false,
        cell: Arc::new(move |at| {
            let span = &spans[at[1]];
            Cell::value(people.published(at[0], at[2], span.from, span.to, at[4]))
        }),
    }
}

/// The ages in the real table's own order: by first year, then the wider later, except for the zeros.
fn spans() -> Vec<Span> {
    let span = |code: String, from: usize, to: usize| Span { code, from, to };
    let mut list = vec![span("0".to_owned(), 0, 1), span("TotSA".to_owned(), 0, AGES)];
    for year in 0..100 {
        if year > 0 {
            list.push(span(year.to_string(), year, year + 1));
        }
        if year % 5 == 0 {
            let code = if year == 0 { "-4".to_owned() } else { format!("{year}-{}", year + 4) };
            list.push(span(code, year, year + 5));
        }
        if year % 10 == 0 {
            list.push(span(format!("{year}-{}", year + 9), year, year + 10));
        }
    }
    for code in ["100+", "100+10", "100+5"] {
        list.push(span(code.to_owned(), 100, AGES));
    }
    list
}

fn label(code: &str) -> String {
    match code {
        "TotSA" => "totalt, samtliga åldrar".to_owned(),
        "-4" => "0-4 år".to_owned(),
        code if code.starts_with("100+") => "100+ år".to_owned(),
        code => format!("{code} år"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ages_are_those_of_the_real_table() {
        let codes: Vec<String> = spans().into_iter().map(|span| span.code).collect();
        assert_eq!(codes.len(), 134);
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/real/pxweb/scb_v2/TAB6471_metadata.json");
        let Ok(text) = std::fs::read_to_string(path) else {
            println!("skipped: no recorded answers here");
            return;
        };
        let real: serde_json::Value = serde_json::from_str(&text).unwrap();
        let index = real["dimension"]["Alder"]["category"]["index"].as_object().unwrap();
        assert_eq!(codes, index.keys().cloned().collect::<Vec<_>>());
        let labels = real["dimension"]["Alder"]["category"]["label"].as_object().unwrap();
        for code in &codes {
            assert_eq!(labels[code].as_str(), Some(label(code).as_str()));
        }
    }
}

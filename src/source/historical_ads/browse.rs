//! The years as a catalogue. There is no list to ask for: they are those that
//! the provider has told of.

use jiff::Timestamp;

use super::{FIRST_YEAR, Kind, metadata};
use crate::decode::ads::Field;
use crate::fetch::Courier;
use crate::source::SourceError;
use crate::source::browse::{Description, Entry, Proposal, ProposedColumn};

fn title(year: u16) -> String {
    format!("Platsannonser {year} per yrkesgrupp, kommun och månad")
}

fn last() -> u16 {
    Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).year().unsigned_abs() - 1
}

pub async fn search(_courier: &Courier, text: &str) -> Result<Vec<Entry>, SourceError> {
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    let entry = |year: u16| Entry {
        id: year.to_string(),
        title: title(year),
        updated: None,
        periods: Some((format!("{year}M01"), format!("{year}M12"))),
        note: (year < 2014).then(|| "yrkesgrupper enligt SSYK 96, ofta utan grupp".to_owned()),
    };
    let fits = |entry: &Entry| words.iter().all(|word| entry.title.to_lowercase().contains(word.as_str()));
    Ok((FIRST_YEAR..=last()).rev().map(entry).filter(fits).collect())
}

pub async fn describe(courier: &Courier, id: &str) -> Result<Description, SourceError> {
    let year: u16 = id.parse().ok().filter(|year| (FIRST_YEAR..=last()).contains(year)).ok_or_else(|| {
        SourceError::UnknownTable {
            name: courier.source().name.clone(),
            table: id.to_owned(),
            url: courier.source().base_url.to_string(),
        }
    })?;
    let mut metadata = metadata(Kind::HistoricalAds, &Field::ALL);
    metadata.title = title(year);
    let text = |name: &str, title: &str| ProposedColumn {
        name: name.to_owned(),
        kind: "text",
        title: title.to_owned(),
        unit: None,
        decimals: None,
    };
    let number = |name: &str, title: &str, unit: &str| ProposedColumn {
        kind: "int64",
        unit: Some(unit.to_owned()),
        decimals: Some(0),
        ..text(name, title)
    };
    Ok(Description {
        metadata,
        updated: None,
        periods: (1..=12).map(|month| format!("{year}M{month:02}")).collect(),
        codelists: Vec::new(),
        eliminable: Vec::new(),
        notes: vec!["Personuppgifter tas bort innan något sparas.".to_owned()],
        proposal: Some(Proposal {
            fetch: format!("years = [{year}]\n"),
            columns: vec![
                text("fil", "Fil (år)"),
                text("ssyk", "Yrkesgrupp (SSYK)"),
                text("ssyk_variant", "Yrkesgruppens klassifikation"),
                text("kommun", "Kommun"),
                text("lan", "Län"),
                text("land", "Land (Arbetsförmedlingens kod)"),
                text("manad", "Publiceringsmånad"),
                number("annonser", "Annonser", "antal"),
                number("annonser_med_platser", "Annonser som anger antal platser", "antal"),
                number("platser", "Platser enligt annonserna", "antal"),
                number("platser_tak", "Platser, med tak per annons", "antal"),
            ],
            region: Some("kommun".to_owned()),
            period: Some("manad".to_owned()),
        }),
    })
}

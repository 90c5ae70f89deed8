//! What there is in Yrkesbarometern: its occupations, each with the fetch that
//! gets the file, since there is only the one.

use std::collections::BTreeMap;

use super::super::SourceError;
use super::super::browse::{Description, Entry, Proposal, ProposedColumn};
use super::rows::Barometer;
use super::{describe, read};
use crate::config::YrkesbarometerFetch;
use crate::fetch::Courier;

/// The id of the whole file.
const FILE: &str = "yrkesbarometer.json";

async fn published(courier: &Courier) -> Result<Barometer, SourceError> {
    let (answer, barometer, _) = read(courier, &YrkesbarometerFetch { path: FILE.to_owned() }).await?;
    courier.accept(&answer)?;
    Ok(barometer)
}

/// Occupations whose name, field or SSYK group holds the text; the file itself goes first.
pub async fn search(courier: &Courier, text: &str) -> Result<Vec<Entry>, SourceError> {
    let barometer = published(courier).await?;
    let rounds = barometer.rounds();
    let wanted = text.to_lowercase();
    let mut found: BTreeMap<&str, Entry> = BTreeMap::new();
    for row in &barometer.rows {
        let field = row.yrkesomrade.as_deref().unwrap_or_default();
        let said = format!("{} {field} {}", row.yb_yrke, row.ssyk).to_lowercase();
        if said.contains(&wanted) {
            found.entry(&row.yb_concept_id).or_insert_with(|| Entry {
                id: row.yb_concept_id.clone(),
                title: row.yb_yrke.trim().to_owned(),
                updated: None,
                periods: None,
                note: Some(format!("SSYK {}, {field}; a row of {FILE}", row.ssyk)),
            });
        }
    }
    let file = Entry {
        id: FILE.to_owned(),
        title: "Yrkesbarometern".to_owned(),
        updated: None,
        periods: Some((rounds.clone(), rounds)),
        note: None,
    };
    let whole = "yrkesbarometern yrkesbarometer.json".contains(wanted.trim());
    Ok(whole.then_some(file).into_iter().chain(found.into_values()).collect())
}

/// The file, whichever of its occupations is named.
pub async fn describe(courier: &Courier, id: &str) -> Result<Description, SourceError> {
    let barometer = published(courier).await?;
    if id != FILE && barometer.rows.iter().all(|row| row.yb_concept_id != id) {
        let source = courier.source();
        let known: Vec<(String, String)> =
            barometer.rows.iter().map(|row| (row.yb_concept_id.clone(), row.yb_yrke.clone())).collect();
        return Err(SourceError::UnknownEntry {
            name: source.name.clone(),
            what: "occupation",
            id: id.to_owned(),
            nearest: super::super::nearest_code::nearest_code(id, &known),
        });
    }
    let column = |name: &str, title: &str| ProposedColumn {
        name: name.to_owned(),
        kind: "text",
        title: title.to_owned(),
        unit: None,
        decimals: None,
    };
    Ok(Description {
        metadata: describe::describe(&barometer),
        updated: None,
        periods: vec![barometer.rounds()],
        codelists: Vec::new(),
        eliminable: Vec::new(),
        notes: barometer.notes(),
        proposal: Some(Proposal {
            fetch: String::new(),
            columns: vec![
                column("niva", "Nivå"),
                column("yb_id", "Barometeryrke, id"),
                column("yb_yrke", "Barometeryrke"),
                column("ssyk", "Yrkesgrupp, SSYK 2012"),
                column("jobbmojligheter", "Möjligheter till arbete"),
                column("jobbmojligheter_status", "Möjligheter till arbete: status"),
                column("rekryteringssituation", "Rekryteringssituation"),
                column("rekryteringssituation_status", "Rekryteringssituation: status"),
                column("prognos", "Efterfrågan på fem års sikt"),
                column("prognos_status", "Efterfrågan på fem års sikt: status"),
            ],
            region: Some("kod".to_owned()),
            period: Some("period".to_owned()),
        }),
    })
}

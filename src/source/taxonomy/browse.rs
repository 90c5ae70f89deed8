//! What there is in the taxonomy: its versions, and the queries that are
//! published of each.

use super::super::SourceError;
use super::super::browse::{Description, Entry, Proposal, ProposedColumn, quoted};
use super::super::nearest_code::nearest_code;
use super::flatten::flatten;
use super::{path, versions};
use crate::config::VERSIONS_URL;
use crate::fetch::{Courier, Expect, Request};

/// The queries that are known to be published. No list of them is.
pub const QUERIES: [(&str, &str); 13] = [
    ("all-concepts", "Alla begrepp"),
    ("concept-types", "Typer av begrepp"),
    ("concepts-and-common-relations", "Alla begrepp med vanliga relationer"),
    ("eu-regions", "Regioner i EU och EES"),
    (
        "occupation-fields-with-related-ssyk-level-4-groups-and-occupations",
        "Yrkesområden med yrkesgrupper och yrkesbenämningar",
    ),
    ("sni-hierarchy", "SNI 2007, alla nivåer"),
    ("ssyk-level-4-groups", "Yrkesgrupper (SSYK 2012, fyra siffror)"),
    ("ssyk-level-4-with-related-isco-level-4-groups", "Yrkesgrupper med ISCO"),
    ("ssyk-level-4-with-related-skills-and-occupations", "Yrkesgrupper med kompetenser och yrkesbenämningar"),
    ("substitutability-relations-between-occupations", "Närliggande yrken"),
    ("sun-field-hierarchy", "SUN 2020, inriktning"),
    ("sun-level-hierarchy", "SUN 2020, nivå"),
    ("the-ssyk-hierarchy-with-occupations", "SSYK 2012 med yrkesbenämningar"),
];

/// Queries whose name or title holds the text, with the versions that there are.
pub async fn search(courier: &Courier, text: &str) -> Result<Vec<Entry>, SourceError> {
    let versions = versions::versions(courier, VERSIONS_URL).await?;
    let first = versions.iter().min_by_key(|version| version.number);
    let last = versions.iter().max_by_key(|version| version.number);
    let periods = first.zip(last).map(|(first, last)| (first.number.to_string(), last.number.to_string()));
    let wanted = text.trim().to_lowercase();
    let found = QUERIES.iter().filter(|(query, title)| format!("{query} {title}").to_lowercase().contains(&wanted));
    let entry = |(query, title): &(&str, &str)| Entry {
        id: (*query).to_owned(),
        title: (*title).to_owned(),
        updated: last.and_then(|version| version.at.clone()),
        periods: periods.clone(),
        note: Some("the periods are versions; no list of queries is published, and others may exist".to_owned()),
    };
    Ok(found.map(entry).collect())
}

/// A query as it is in the latest version.
pub async fn describe(courier: &Courier, id: &str) -> Result<Description, SourceError> {
    let versions = versions::versions(courier, VERSIONS_URL).await?;
    let mut numbers: Vec<u32> = versions.iter().map(|version| version.number).collect();
    numbers.sort_unstable();
    let latest = numbers.last().copied().unwrap_or_default();
    let answer = match courier.ask(&Request::get(path(latest, id)), Expect::Json).await {
        Ok(answer) => answer,
        Err(crate::fetch::FetchError::Refused { status: 404 | 403, .. }) => {
            let known = QUERIES.map(|(query, title)| (query.to_owned(), title.to_owned()));
            return Err(SourceError::UnknownEntry {
                name: courier.source().name.clone(),
                what: "query",
                id: id.to_owned(),
                nearest: nearest_code(id, &known),
            });
        }
        Err(error) => return Err(error.into()),
    };
    let flat = flatten(&answer, latest, id)?;
    courier.accept(&answer)?;
    let column = |name: &str, title: &str| ProposedColumn {
        name: name.to_owned(),
        kind: "text",
        title: title.to_owned(),
        unit: None,
        decimals: None,
    };
    Ok(Description {
        metadata: flat.metadata,
        updated: versions.iter().find(|version| version.number == latest).and_then(|version| version.at.clone()),
        periods: numbers.iter().map(u32::to_string).collect(),
        codelists: Vec::new(),
        eliminable: Vec::new(),
        notes: flat.notes,
        proposal: Some(Proposal {
            fetch: format!("version = {latest}\nquery = {}", quoted(id)),
            columns: vec![
                column("id", "Begreppets id"),
                column("typ", "Begreppets typ"),
                column("namn", "Benämning"),
                column("kod", "Kod"),
                column("relation", "Relation till det överordnade begreppet"),
                column("overordnad_id", "Det överordnade begreppets id"),
            ],
            region: None,
            period: None,
        }),
    })
}

//! The one table that there is.

use super::Kind;
use super::metadata;
use crate::decode::ads::Field;
use crate::fetch::Courier;
use crate::source::SourceError;
use crate::source::browse::{Description, Entry, Proposal, ProposedColumn};

const ID: &str = "annonser";
const TITLE: &str = "Aktuella platsannonser i Platsbanken";

pub async fn search(_courier: &Courier, text: &str) -> Result<Vec<Entry>, SourceError> {
    let fits = text.split_whitespace().all(|word| TITLE.to_lowercase().contains(&word.to_lowercase()));
    let entry = Entry { id: ID.to_owned(), title: TITLE.to_owned(), updated: None, periods: None, note: None };
    Ok(fits.then_some(entry).into_iter().collect())
}

pub async fn describe(courier: &Courier, id: &str) -> Result<Description, SourceError> {
    let source = courier.source();
    if id != ID {
        let (name, url) = (source.name.clone(), source.base_url.to_string());
        return Err(SourceError::UnknownTable { name, table: id.to_owned(), url });
    }
    let mut metadata = metadata(Kind::JobStream, &Field::ALL);
    TITLE.clone_into(&mut metadata.title);
    let text = |(name, title): (&str, &str)| ProposedColumn {
        name: name.to_owned(),
        kind: "text",
        title: title.to_owned(),
        unit: None,
        decimals: None,
    };
    let texts = [
        ("id", "Annonsens nummer"),
        ("ssyk", "Yrkesgrupp (SSYK 2012 enligt Arbetsförmedlingen)"),
        ("yrkesgrupp", "Yrkesgrupp (begrepp)"),
        ("yrke", "Yrkesbenämning (begrepp)"),
        ("kommun", "Kommun"),
        ("lan", "Län"),
        ("land", "Land (Arbetsförmedlingens kod)"),
        ("publicerad", "Publicerad"),
        ("sista_publicering", "Sista publiceringsdag"),
        ("andrad", "Senast ändrad (UTC)"),
    ];
    let vacancies = ProposedColumn {
        kind: "int64",
        unit: Some("antal".to_owned()),
        decimals: Some(0),
        ..text(("platser", "Platser"))
    };
    Ok(Description {
        metadata,
        updated: None,
        periods: Vec::new(),
        codelists: Vec::new(),
        eliminable: Vec::new(),
        notes: vec!["Personuppgifter tas bort innan något sparas. En rad per annons: räkna i SQL.".to_owned()],
        proposal: Some(Proposal {
            fetch: String::new(),
            columns: texts.into_iter().map(text).chain([vacancies]).collect(),
            region: Some("kommun".to_owned()),
            period: None,
        }),
    })
}

//! A pipeline as text: the fetch that a source proposes, a query that hands
//! its columns on, and a contract for them. For an operator to go on from.

use crate::source::browse::{Proposal, ProposedColumn, quoted};
use crate::source::metadata::Metadata;

use super::super::desk::Found;

/// The fetch's name in a drafted pipeline.
pub const FETCH: &str = "tabell";

/// `pipeline.toml`. The SQL file is `NAME.sql`.
pub fn pipeline(name: &str, found: &Found, proposal: &Proposal) -> String {
    let Found { source, table, description } = found;
    let title = title(found);
    // As SCB's notes say it of every table that is protected so.
    let is_perturbed = description.notes.iter().any(|note| note.contains("Cell Key Method"));
    let from = format!("Hämtas från {}, {table}.", source.credit);
    let mut text = format!(
        "# Written by `underlag source add {}:{table}`. Look it over: which codes are needed, what the\n\
         # columns shall be called, which of them may be summed over areas (additive = true).\n\
         version = 1\ntitle = {}\ndescription = {}\n\n\
         [fetch.{FETCH}.{}]\nsource = {}\n{}\n\n\
         [dataset.{name}]\ntitle = {}\nsql = \"{name}.sql\"\npartition_by = [\"lan\"]\nkey = [{}]\n",
        source.name,
        quoted(&title),
        quoted(&from),
        fetch_kind(found),
        quoted(&source.name),
        proposal.fetch,
        quoted(&title),
        key(proposal).iter().map(|column| quoted(column)).collect::<Vec<_>>().join(", "),
    );
    for column in proposal.columns.iter().filter(|column| needs_contract(column, proposal)) {
        text.push_str(&format!(
            "\n[dataset.{name}.column.{}]\ntype = {}\ntitle = {}\n",
            column.name,
            quoted(column.kind),
            quoted(&capital(if column.title.is_empty() { &column.name } else { &column.title }))
        ));
        if let Some(unit) = &column.unit {
            text.push_str(&format!("unit = {}\n", quoted(unit)));
        }
        if let Some(decimals) = column.decimals {
            text.push_str(&format!("decimals = {decimals}\n"));
        }
        if is_number(column) && is_perturbed {
            text.push_str("perturbation = \"ckm\"\n");
        }
    }
    text.push_str(&format!("\n[dataset.{name}.check]\nmin_rows = 1\nmax_drop = \"10%\"\nunique = true\n"));
    text
}

/// On one line, without the periods that it ends in: they move on, and a reader sees them anyway.
fn title(found: &Found) -> String {
    let words: Vec<&str> = found.description.metadata.title.split_whitespace().collect();
    let title = words.join(" ");
    let bare = title.trim_end_matches(['…', '-', '–', ' ']);
    let bare = if bare.len() < title.len() { bare.trim_end_matches("År").trim_end_matches(['.', ' ']) } else { bare };
    capital(if bare.is_empty() { &found.table } else { bare })
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// A fetch is of its source's kind; those of PxWeb's versions are one.
fn fetch_kind(found: &Found) -> &'static str {
    match found.source.kind.as_str() {
        "pxweb-v1" => "pxweb",
        kind => kind,
    }
}

fn is_number(column: &ProposedColumn) -> bool {
    column.kind != "text"
}

/// Every code tells a row from another; a word with a status beside it is what a row says, like a number.
fn key(proposal: &Proposal) -> Vec<&str> {
    let mut key = vec!["kod"];
    let names = || proposal.columns.iter().map(|column| column.name.as_str());
    let said = |name: &str| {
        let word = name.strip_suffix("_status").unwrap_or(name);
        names().any(|other| other == word) && names().any(|other| other.strip_suffix("_status") == Some(word))
    };
    let codes = proposal.columns.iter().filter(|column| !is_number(column)).map(|column| column.name.as_str());
    let codes = codes.filter(|name| !said(name));
    key.extend(codes.filter(|name| !["kod", "period", "niva", "namn"].contains(name)));
    key.push("period");
    key
}

fn needs_contract(column: &ProposedColumn, proposal: &Proposal) -> bool {
    let given = [proposal.region.as_deref(), proposal.period.as_deref(), Some("niva"), Some("namn")];
    !given.contains(&Some(column.name.as_str()))
}

/// The query. A table without places is the nation's.
pub fn sql(found: &Found, proposal: &Proposal) -> String {
    let mut columns = Vec::new();
    let has = |name: &str| proposal.columns.iter().any(|column| column.name == name);
    match &proposal.region {
        Some(region) if has("niva") => columns.extend(["f.niva".to_owned(), renamed(region, "kod")]),
        Some(region) => {
            columns.push(format!(
                "CASE\n        WHEN f.{region} = '00' THEN 'riket'\n        WHEN character_length(f.{region}) = 2 THEN 'lan'\n        ELSE 'kommun'\n    END AS niva"
            ));
            columns.push(renamed(region, "kod"));
        }
        None => columns.extend(["'riket' AS niva".to_owned(), "'00' AS kod".to_owned()]),
    }
    columns.extend(proposal.period.iter().map(|period| renamed(period, "period")));
    for column in proposal.columns.iter().filter(|column| needs_contract(column, proposal)) {
        columns.push(format!("f.{}", column.name));
        if is_number(column) {
            columns.push(format!("f.{0}_status", column.name));
            columns.push(format!("f.{0}_symbol", column.name));
        }
    }
    let places = proposal.region.as_deref().filter(|_| has_other_places(&found.description.metadata));
    let filter = places.map(|region| {
        format!(
            "\n-- The table has other places too, which are no county or municipality.\n\
             WHERE f.{region} = '00' OR character_length(f.{region}) IN (2, 4) AND f.{region} BETWEEN '01' AND '2599'"
        )
    });
    format!(
        "-- {}: {}, as it was fetched.\nSELECT\n    {}\nFROM {FETCH} AS f{}\n",
        found.source.credit,
        title(found),
        columns.join(",\n    "),
        filter.unwrap_or_default()
    )
}

fn renamed(column: &str, name: &str) -> String {
    if column == name { format!("f.{column}") } else { format!("f.{column} AS {name}") }
}

/// Whether a dimension that begins with the nation holds codes that are neither that, a county's nor a municipality's.
fn has_other_places(metadata: &Metadata) -> bool {
    let is_place = |code: &str| matches!(code.len(), 2 | 4) && code.bytes().all(|byte| byte.is_ascii_digit());
    metadata.dimensions.iter().any(|dimension| {
        let places = dimension.codes.iter().filter(|(code, _)| is_place(code)).count();
        dimension.codes.iter().any(|(code, _)| code == "00") && places < dimension.codes.len()
    })
}

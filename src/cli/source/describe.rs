//! `underlag source describe`.

use clap::Args;
use serde_json::json;

use crate::source::metadata::{Content, Dimension};

use super::super::context::Place;
use super::super::desk::{Desk, Found};
use super::super::exit::{Exit, Failure};
use super::super::text;

/// Codes of a dimension that are shown unasked.
const SHOWN: usize = 10;

#[derive(Debug, Args)]
pub struct Describe {
    /// The table's id, alone or as SOURCE:TABLE
    table: String,
    /// Ask this source alone
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Show every code of every dimension
    #[arg(long)]
    codes: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
}

impl Describe {
    pub async fn run(self, place: &Place) -> Result<Exit, Failure> {
        let desk = Desk::new(place)?;
        let found = desk.describe(&self.table, self.source.as_deref()).await?;
        if self.json {
            text::line(&serde_json::to_string_pretty(&document(&found)).map_err(Failure::failed)?);
        } else {
            show(&found, self.codes);
        }
        Ok(Exit::Done)
    }
}

fn document(found: &Found) -> serde_json::Value {
    let description = &found.description;
    json!({
        "source": found.source.name,
        "table": found.table,
        "updated": description.updated,
        "periods": description.periods,
        "metadata": description.metadata,
        "codelists": description.codelists.iter().map(|(dimension, id, label)| {
            json!({ "dimension": dimension, "id": id, "label": label })
        }).collect::<Vec<_>>(),
        "eliminable": description.eliminable,
        "notes": description.notes,
        "credit": found.source.credit,
        "licence": found.source.licence,
        "fetch": description.proposal.as_ref().map(|proposal| &proposal.fetch),
    })
}

fn show(found: &Found, codes: bool) {
    let description = &found.description;
    let metadata = &description.metadata;
    text::line(&format!("{}:{}  {}", found.source.name, found.table, metadata.title));
    text::line(&format!("  credit {}, licence {}", found.source.credit, found.source.licence));
    if let Some(updated) = &description.updated {
        text::line(&format!("  updated {updated}"));
    }
    if let (Some(first), Some(last)) = (description.periods.first(), description.periods.last()) {
        text::line(&format!("  {} periods: {first} to {last}", description.periods.len()));
    }
    if !metadata.contents.is_empty() {
        text::line("contents");
        for content in &metadata.contents {
            text::line(&format!("  {}", told(content)));
        }
    }
    for dimension in metadata.dimensions.iter().filter(|dimension| !dimension.time) {
        let may = if description.eliminable.contains(&dimension.id) { ", may be left out" } else { "" };
        text::line(&format!("{} ({}), {} codes{may}", dimension.id, dimension.label, dimension.codes.len()));
        show_codes(dimension, codes);
        for (_, id, label) in description.codelists.iter().filter(|(of, ..)| *of == dimension.id) {
            text::line(&format!("  code list {id}: {label}"));
        }
    }
    for column in &metadata.columns {
        text::line(&format!("column {} ({})", column.name, column.kind));
    }
    for note in &description.notes {
        text::line(&format!("note: {}", note.replace(['\n', '\r'], " ")));
    }
}

fn told(content: &Content) -> String {
    let mut line = format!("{} {}", content.code, content.label).trim().to_owned();
    if let Some(unit) = &content.unit {
        line.push_str(&format!(", {unit}"));
    }
    if let Some(decimals) = content.decimals {
        line.push_str(&format!(", {decimals} decimals"));
    }
    line
}

fn show_codes(dimension: &Dimension, all: bool) {
    let count = if all { dimension.codes.len() } else { SHOWN.min(dimension.codes.len()) };
    for (code, label) in &dimension.codes[..count] {
        text::line(&format!("  {code} {label}"));
    }
    if count < dimension.codes.len() {
        text::line(&format!("  … {} more (--codes)", dimension.codes.len() - count));
    }
}

//! `underlag source search`.

use clap::Args;
use serde_json::json;

use crate::source::{self, browse::Entry};

use super::super::context::Place;
use super::super::desk::{Desk, failed};
use super::super::exit::{Exit, Failure};
use super::super::text;

#[derive(Debug, Args)]
pub struct Search {
    /// Words that the title holds, or what the source itself takes for a search
    #[arg(required = true)]
    text: Vec<String>,
    /// Ask this source alone
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

impl Search {
    pub async fn run(self, place: &Place) -> Result<Exit, Failure> {
        let desk = Desk::new(place)?;
        let wanted = self.text.join(" ");
        let mut found: Vec<(String, Entry)> = Vec::new();
        let mut exit = Exit::Done;
        for source in desk.sources(self.source.as_deref())? {
            match source::search(&desk.courier(&source)?, &wanted).await {
                Ok(entries) => found.extend(entries.into_iter().map(|entry| (source.name.clone(), entry))),
                // One that does not answer hides none of the others.
                Err(error) => {
                    let failure = failed(error);
                    text::error(failure.code, &failure.error.to_string(), failure.hint.as_deref());
                    exit = Exit::Failed;
                }
            }
        }
        if self.json {
            let rows: Vec<_> = found
                .iter()
                .map(|(source, entry)| {
                    json!({
                        "source": source,
                        "id": entry.id,
                        "title": entry.title,
                        "updated": entry.updated,
                        "periods": entry.periods,
                        "note": entry.note,
                    })
                })
                .collect();
            text::line(&serde_json::to_string_pretty(&rows).map_err(Failure::failed)?);
            return Ok(exit);
        }
        for (source, entry) in &found {
            text::line(&shown(source, entry));
        }
        text::note(&format!("{} found", found.len()));
        Ok(exit)
    }
}

fn shown(source: &str, entry: &Entry) -> String {
    let mut line = format!("{source}:{}  {}", entry.id, entry.title);
    if let Some((first, last)) = &entry.periods {
        line.push_str(&format!("  [{first}–{last}]"));
    }
    if let Some(updated) = &entry.updated {
        line.push_str(&format!("  updated {updated}"));
    }
    if let Some(note) = &entry.note {
        line.push_str(&format!("  ({note})"));
    }
    line
}

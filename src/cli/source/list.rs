//! `underlag source list`.

use clap::Args;
use serde_json::json;

use crate::fetch::masked;
use crate::source::can_be_browsed;

use super::super::context::Place;
use super::super::exit::{Exit, Failure};
use super::super::text;

#[derive(Debug, Args)]
pub struct List {
    /// As JSON
    #[arg(long)]
    json: bool,
}

impl List {
    pub fn run(self, place: &Place) -> Result<Exit, Failure> {
        let (config, _) = place.load()?;
        if self.json {
            let sources: Vec<_> = config
                .sources
                .values()
                .map(|source| {
                    json!({
                        "source": source.name,
                        "kind": source.kind.as_str(),
                        "base_url": masked(source.base_url.as_str()),
                        "credit": source.credit,
                        "licence": source.licence,
                        "can_be_browsed": can_be_browsed(source.kind),
                    })
                })
                .collect();
            text::line(&serde_json::to_string_pretty(&sources).map_err(Failure::failed)?);
            return Ok(Exit::Done);
        }
        let width = config.sources.keys().map(String::len).max().unwrap_or_default();
        for source in config.sources.values() {
            let browsed = if can_be_browsed(source.kind) { "" } else { ", can't be browsed" };
            text::line(&format!(
                "{:width$}  {:20} {}  ({}, {}{browsed})",
                source.name,
                source.kind.as_str(),
                masked(source.base_url.as_str()),
                source.credit,
                source.licence
            ));
        }
        Ok(Exit::Done)
    }
}

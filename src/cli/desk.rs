//! Where a source is asked without a data folder: answers go into a temporary
//! folder that is gone with the command.

use std::sync::Arc;

use anyhow::anyhow;
use jiff::Timestamp;

use crate::codes;
use crate::config::{Config, Source};
use crate::fetch::{Archive, Client, Courier, Journal, Manners, Tally};
use crate::lineage::Scratch;
use crate::nearest::nearest;
use crate::source::{self, SourceError, browse::Description};
use crate::store::LocalFolder;

use super::context::Place;
use super::exit::Failure;

pub struct Desk {
    pub config: Config,
    pub scratch: Scratch,
    client: Client,
    archive: Arc<Archive>,
    manners: Arc<Manners>,
}

/// What a source says of a table, and which source it was.
pub struct Found {
    pub source: Source,
    pub table: String,
    pub description: Description,
}

impl Desk {
    pub fn new(place: &Place) -> Result<Self, Failure> {
        let (config, _) = place.load()?;
        let scratch = Scratch::new().map_err(Failure::failed)?;
        let client = Client::new(&config.http, &config.publisher).map_err(crate::run::Problem::from)?;
        let archive = Arc::new(Archive::open(Arc::new(LocalFolder::new(scratch.path()))));
        Ok(Self { config, scratch, client, archive, manners: Arc::new(Manners::unshared()) })
    }

    pub fn courier(&self, source: &Source) -> Result<Courier, Failure> {
        let room = self.scratch.room("stage").map_err(Failure::failed)?;
        let journal = Journal::open(&room, self.config.run.resume_within, Timestamp::now()).map_err(Failure::failed)?;
        Ok(Courier::new(
            "source",
            Arc::new(source.clone()),
            self.client.clone(),
            self.manners.limiter_for(source),
            Arc::clone(&self.archive),
            Arc::new(journal),
            Arc::new(Tally::default()),
        )
        .with_manners(&self.manners))
    }

    /// The source of this name, or all that can be browsed.
    pub fn sources(&self, name: Option<&str>) -> Result<Vec<Source>, Failure> {
        let Some(name) = name else {
            return Ok(self
                .config
                .sources
                .values()
                .filter(|source| source::can_be_browsed(source.kind))
                .cloned()
                .collect());
        };
        let source = self.source(name)?;
        if !source::can_be_browsed(source.kind) {
            let kind = source.kind.as_str();
            return Err(Failure::usage(
                codes::NOT_POSSIBLE,
                anyhow!("source {name:?} is of kind {kind}, which can't be browsed"),
            ));
        }
        Ok(vec![source])
    }

    pub fn source(&self, name: &str) -> Result<Source, Failure> {
        let sources = &self.config.sources;
        let Some(source) = sources.get(name) else {
            let near = nearest(name, sources.keys().map(String::as_str));
            let hint = near.map_or_else(
                || "`underlag source list` shows them".to_owned(),
                |name| format!("did you mean {name:?}?"),
            );
            return Err(
                Failure::usage(codes::NO_SUCH_THING, anyhow!("there is no source {name:?} in sources.toml")).hint(hint)
            );
        };
        Ok(source.clone())
    }

    /// Asks the source, or each in turn until one knows the table; `SOURCE:TABLE` names the source too.
    pub async fn describe(&self, table: &str, from: Option<&str>) -> Result<Found, Failure> {
        let (from, table) = match (from, table.split_once(':')) {
            (None, Some((name, rest))) if self.config.sources.contains_key(name) => (Some(name), rest),
            _ => (from, table),
        };
        let sources = self.sources(from)?;
        let only = sources.len() == 1;
        let mut unreached = Vec::new();
        for source in sources {
            let courier = self.courier(&source)?;
            match source::describe(&courier, table).await {
                Ok(description) => return Ok(Found { source, table: table.to_owned(), description }),
                Err(error) if only => return Err(failed(error)),
                Err(error) if error.is_unknown_table() => {}
                Err(error) => unreached.push(error.to_string()),
            }
        }
        let asked = if unreached.is_empty() {
            "no source knows".to_owned()
        } else {
            format!("no source that could be asked knows ({})", unreached.join("; "))
        };
        Err(Failure::coded(codes::NO_SUCH_THING, anyhow!("{asked} a table {table:?}"))
            .hint("`underlag source search TEXT` looks for tables; --source NAME asks one source only"))
    }
}

pub fn failed(error: SourceError) -> Failure {
    let hint = error.hint();
    let failure = Failure::coded(error.code(), error);
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

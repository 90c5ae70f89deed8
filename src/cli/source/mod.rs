//! `underlag source`: what an analyst does today by clicking around. Nothing
//! is archived and nothing published; `add` alone writes, and only files that
//! were not there.

mod add;
mod describe;
mod draft;
mod list;
mod sample;
mod search;

use clap::Subcommand;

use super::context::Place;
use super::exit::{Exit, Failure};

#[derive(Debug, Subcommand)]
pub enum Source {
    /// Show the configured sources
    List(list::List),
    /// Look for tables by words in their titles
    Search(search::Search),
    /// Show what a source says of a table: contents, dimensions, codes, periods, notes
    Describe(describe::Describe),
    /// Fetch a few rows of a table
    Sample(sample::Sample),
    /// Write a pipeline that fetches a table and publishes it
    Add(add::Add),
}

impl Source {
    pub async fn run(self, place: &Place) -> Result<Exit, Failure> {
        match self {
            Self::List(list) => list.run(place),
            Self::Search(search) => search.run(place).await,
            Self::Describe(describe) => describe.run(place).await,
            Self::Sample(sample) => sample.run(place).await,
            Self::Add(add) => add.run(place).await,
        }
    }
}

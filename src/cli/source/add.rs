//! `underlag source add`.

use std::fs;

use anyhow::anyhow;
use clap::Args;

use crate::codes;

use super::super::context::Place;
use super::super::desk::Desk;
use super::super::exit::{Exit, Failure};
use super::super::{check, text};
use super::draft;

#[derive(Debug, Args)]
pub struct Add {
    /// The table's id, alone or as SOURCE:TABLE
    table: String,
    /// Ask this source alone
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// The pipeline's and its dataset's name [default: made of the table's id]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Write to stdout instead of into the pipelines' folder
    #[arg(long)]
    print: bool,
}

impl Add {
    pub async fn run(self, place: &Place) -> Result<Exit, Failure> {
        let desk = Desk::new(place)?;
        let found = desk.describe(&self.table, self.source.as_deref()).await?;
        let name = self.name.unwrap_or_else(|| name_of(&found.table));
        let Some(proposal) = &found.description.proposal else {
            return Err(Failure::coded(
                codes::NOT_POSSIBLE,
                anyhow!("{}:{} can't be drafted", found.source.name, found.table),
            )
            .hint("its fetch takes a choice that only a reader can make: see docs/sources.md"));
        };
        if proposal.period.is_none() {
            return Err(Failure::coded(
                codes::NOT_POSSIBLE,
                anyhow!("{}:{} has no time dimension", found.source.name, found.table),
            )
            .hint("a dataset needs a period: write the pipeline by hand, `underlag source describe` shows the rest"));
        }
        let (pipeline, query) = (draft::pipeline(&name, &found, proposal), draft::sql(&found, proposal));
        if self.print {
            text::line(&format!("{pipeline}\n# {name}.sql"));
            text::line(query.lines().map(|line| format!("# {line}")).collect::<Vec<_>>().join("\n").as_str());
            return Ok(Exit::Done);
        }
        if desk.config.pipelines.values().any(|pipeline| pipeline.datasets.contains_key(&name)) {
            return Err(Failure::usage(codes::NAME_TAKEN, anyhow!("there is a dataset {name:?} already"))
                .hint("choose another --name"));
        }
        let folder = desk.config.pipelines_dir.join(&name);
        fs::create_dir_all(&desk.config.pipelines_dir).map_err(Failure::failed)?;
        fs::create_dir(&folder).map_err(|error| {
            Failure::usage(codes::OUTPUT, anyhow!("could not make {}: {error}", folder.display()))
                .hint("choose another --name")
        })?;
        for (file, content) in [("pipeline.toml".to_owned(), pipeline), (format!("{name}.sql"), query)] {
            let path = folder.join(file);
            fs::write(&path, content)
                .map_err(|error| Failure::failed(anyhow!("could not write {}: {error}", path.display())))?;
            text::line(&path.display().to_string());
        }
        check::check(place).await?;
        text::note(&format!("look it over, then: underlag run {name}"));
        Ok(Exit::Done)
    }
}

/// `TAB6471` → `tab6471`, `BE/BE0101/BefolkningNy` → `befolkningny`.
fn name_of(table: &str) -> String {
    let last = table.rsplit('/').next().unwrap_or(table);
    crate::source::browse::column_names(std::iter::once(last)).remove(0)
}

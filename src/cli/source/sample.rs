//! `underlag source sample`.

use std::fs;

use anyhow::anyhow;
use arrow::array::{Array as _, AsArray as _};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use clap::Args;
use jiff::Timestamp;

use crate::codes;
use crate::config::{self, Overrides};
use crate::run::stockholm;
use crate::source::{self, Sink};

use super::super::context::Place;
use super::super::desk::{Desk, Found, failed};
use super::super::exit::{Exit, Failure};
use super::super::text;
use super::draft;

#[derive(Debug, Args)]
pub struct Sample {
    /// The table's id, alone or as SOURCE:TABLE
    table: String,
    /// Ask this source alone
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// How many rows
    #[arg(long, default_value_t = 20)]
    rows: usize,
}

impl Sample {
    pub async fn run(self, place: &Place) -> Result<Exit, Failure> {
        let desk = Desk::new(place)?;
        let found = desk.describe(&self.table, self.source.as_deref()).await?;
        let mut fetch = drafted(&desk, &found)?;
        if !source::shrink(&mut fetch.kind) {
            return Err(Failure::coded(
                codes::NOT_POSSIBLE,
                anyhow!("{}:{} can only be fetched whole", found.source.name, found.table),
            ));
        }
        let courier = desk.courier(&found.source)?;
        let today = Timestamp::now().to_zoned(stockholm()).date();
        let plan = source::plan(&courier, &fetch, today).await.map_err(failed)?;
        let mut rows = Rows { header: Vec::new(), rows: Vec::new(), most: self.rows };
        source::harvest(&courier, &fetch, &plan, &mut rows, &mut |_| ()).await.map_err(failed)?;
        rows.show();
        Ok(Exit::Done)
    }
}

/// The proposed fetch, read as any pipeline is.
fn drafted(desk: &Desk, found: &Found) -> Result<config::Fetch, Failure> {
    let Some(proposal) = &found.description.proposal else {
        return Err(Failure::coded(
            codes::NOT_POSSIBLE,
            anyhow!("{}:{} can't be sampled", found.source.name, found.table),
        ));
    };
    let root = desk.scratch.room("prov").map_err(Failure::failed)?;
    let folder = root.join("pipelines/prov");
    let sources = desk.config.file.with_file_name("sources.toml");
    fs::create_dir_all(&folder).map_err(Failure::failed)?;
    fs::copy(&sources, root.join("sources.toml")).map_err(Failure::failed)?;
    let files = [
        (root.join("underlag.toml"), "version = 1\npipelines_dir = \"pipelines\"\n".to_owned()),
        (folder.join("pipeline.toml"), draft::pipeline("prov", found, proposal)),
        (folder.join("prov.sql"), draft::sql(found, proposal)),
    ];
    for (path, content) in files {
        fs::write(path, content).map_err(Failure::failed)?;
    }
    let loaded = config::load(&root.join("underlag.toml"), &Overrides::default());
    let wrong = loaded.diagnostics.iter().find(|found| found.is_error()).map(|found| found.message.clone());
    let fetch = loaded.config.and_then(|mut config| config.pipelines.remove("prov")?.fetches.remove(draft::FETCH));
    fetch.ok_or_else(|| {
        let why = wrong.unwrap_or_else(|| "it has no fetch".to_owned());
        Failure::failed(anyhow!("the drafted pipeline for {}:{} is wrong: {why}", found.source.name, found.table))
    })
}

/// The first rows, as text.
struct Rows {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
    most: usize,
}

impl Sink for Rows {
    fn write(&mut self, batch: &RecordBatch) -> anyhow::Result<()> {
        let batch = batch.slice(0, batch.num_rows().min(self.most - self.rows.len()));
        self.header = batch.schema().fields().iter().map(|field| field.name().clone()).collect();
        let columns =
            batch.columns().iter().map(|column| cast(column, &DataType::Utf8)).collect::<Result<Vec<_>, _>>()?;
        for row in 0..batch.num_rows() {
            let text = |column: &arrow::array::ArrayRef| {
                let column = column.as_string::<i32>();
                if column.is_null(row) { String::new() } else { column.value(row).to_owned() }
            };
            self.rows.push(columns.iter().map(text).collect());
        }
        Ok(())
    }
}

impl Rows {
    fn show(&self) {
        let lines = || std::iter::once(&self.header).chain(&self.rows);
        let widths: Vec<usize> = (0..self.header.len())
            .map(|column| lines().map(|line| line[column].chars().count()).max().unwrap_or_default())
            .collect();
        for line in lines() {
            let cells: Vec<String> = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
            text::line(cells.join("  ").trim_end());
        }
    }
}

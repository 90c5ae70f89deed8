//! `underlag trace`.

use anyhow::anyhow;
use clap::Args;

use crate::codes;
use crate::fetch::{AnswerRecord, Archive};
use crate::lake::{Lake, Manifest, VersionId};
use crate::lineage::{Condition, FoundRow, Holding, Lineage, Row, Table, Trace as Traced};
use crate::nearest::nearest;

use super::context::Place;
use super::exit::{Exit, Failure};
use super::text;

/// Follows one published row back to the archived answers that it was computed from. The values must name one row;
/// the dataset's key always does.
#[derive(Debug, Args)]
#[command(disable_version_flag = true)]
pub struct Trace {
    dataset: String,
    /// What names the row, such as kod=0180 period=2025M01
    #[arg(value_name = "COLUMN=VALUE", required = true)]
    conditions: Vec<Condition>,
    /// The version to look in [default: the current one]
    #[arg(long = "version", value_name = "VERSION")]
    id: Option<String>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

impl Trace {
    pub async fn run(self, place: &Place) -> Result<Exit, Failure> {
        let (config, reference) = place.past()?;
        let lineage = Lineage::of(config, reference)?;
        let manifest = version_of(lineage.lake(), &self.dataset, self.id.as_deref())?;
        let traced = lineage.trace(&manifest, &self.conditions).await?;
        if self.json {
            text::line(&serde_json::to_string_pretty(&traced).map_err(Failure::failed)?);
        } else {
            show(&traced);
        }
        Ok(Exit::Done)
    }
}

/// The manifest of a version, the current one where none is named.
pub fn version_of(lake: &Lake, dataset: &str, id: Option<&str>) -> Result<Manifest, Failure> {
    let datasets = lake.datasets()?;
    if !datasets.iter().any(|name| name == dataset) {
        let hint = match nearest(dataset, datasets.iter().map(String::as_str)) {
            Some(near) => format!("did you mean {near}?"),
            None if datasets.is_empty() => "nothing is published yet".to_owned(),
            None => format!("there are {}", datasets.join(", ")),
        };
        return Err(Failure::usage(codes::NO_SUCH_THING, anyhow!("there is no dataset {dataset:?}")).hint(hint));
    }
    let versions = lake.versions(dataset)?;
    let current = lake.current_version(dataset)?;
    let version = match id {
        None => current
            .ok_or_else(|| Failure::usage(codes::NOTHING_PUBLISHED, anyhow!("{dataset} has no current version")))?,
        Some(id) => {
            let known = id.parse::<VersionId>().ok().filter(|version| versions.contains(version));
            known.ok_or_else(|| unknown(dataset, id, &versions))?
        }
    };
    Ok(lake.manifest(dataset, &version)?)
}

/// How many versions are named to choose from.
const NEWEST: usize = 5;

fn unknown(dataset: &str, id: &str, versions: &[VersionId]) -> Failure {
    let newest: Vec<String> = versions.iter().rev().take(NEWEST).map(ToString::to_string).collect();
    let hint =
        if newest.is_empty() { "it has none".to_owned() } else { format!("the newest are {}", newest.join(", ")) };
    Failure::usage(codes::NO_SUCH_THING, anyhow!("{dataset} has no version {id:?}")).hint(hint)
}

fn show(traced: &Traced) {
    let current = if traced.current { ", current" } else { "" };
    text::line(&format!("{} {}, published {}{current}", traced.dataset, traced.version, traced.created_at));
    text::line("row");
    show_row(&traced.row);
    if let Some(version) = &traced.carried_from {
        text::line(&format!("kept from version {version}; what follows is of that version"));
    }
    text::line(&format!("query {}, blake3 {}", traced.query.file, traced.query.hash));
    traced.query.text.trim_end().lines().for_each(|line| text::line(&format!("  | {line}")));
    text::line(&format!("program {}", traced.program));
    text::line(&format!("configuration {}", traced.config_hash));
    if let Some(recipe) = &traced.recipe {
        text::line(&format!("recipe {recipe}, {}", Archive::place(recipe)));
    }
    traced.tables.iter().for_each(show_table);
    for input in &traced.inputs {
        text::line(&format!("input {}: dataset {} {}", input.table, input.dataset, input.version));
        text::line(&format!("  trace on with: {}", input.command));
    }
    traced.notes.iter().for_each(|note| text::line(&format!("note: {note}")));
}

fn show_row(row: &Row) {
    let width = row.cells.iter().map(|cell| cell.column.chars().count()).max().unwrap_or(0);
    for cell in &row.cells {
        let value = cell.value.as_deref().unwrap_or("–");
        let unit = cell.unit.as_ref().map(|unit| format!(" {unit}")).unwrap_or_default();
        let title = if cell.title.is_empty() { String::new() } else { format!("  ({})", cell.title) };
        text::line(&format!("  {:width$}  {value}{unit}{title}", cell.column));
    }
}

fn show_table(table: &Table) {
    let Table { fetch, source, rows, fetched_at, .. } = table;
    text::line(&format!("fetch {fetch}: source {source}, {rows} rows, fetched {fetched_at}"));
    let sought: Vec<String> =
        table.sought.iter().map(|(column, values)| format!("{column}={}", values.join("|"))).collect();
    let sought = sought.join(" ");
    match table.found {
        None => text::line("  it has no column of the dataset's key to look in: all its answers are listed"),
        Some(0) => text::line(&format!(
            "  no row has {sought}: the query makes its key in another way, all answers are listed"
        )),
        Some(1) => text::line(&format!("  1 row has {sought}")),
        Some(found) => text::line(&format!("  {found} rows have {sought}")),
    }
    for row in &table.shown {
        text::line(&format!("  {}", cells(row)));
    }
    if table.found.is_some_and(|found| found > table.shown.len() as u64) {
        text::line("  …");
    }
    for answer in &table.answers {
        show_answer(answer);
    }
    match table.others {
        0 => {}
        1 => text::line("  1 other answer holds other rows"),
        others => text::line(&format!("  {others} other answers hold other rows")),
    }
    for answer in &table.metadata {
        let AnswerRecord { method, url, .. } = &answer.record;
        text::line(&format!("  about the table: {method} {url}, {}", answer.place));
    }
    if let Some(place) = &table.accepted_metadata {
        text::line(&format!("  metadata accepted with it: {place}"));
    }
}

fn cells(row: &FoundRow) -> String {
    let cells: Vec<String> = row
        .cells
        .iter()
        .filter_map(|(column, value)| value.as_ref().map(|value| format!("{column}={value}")))
        .collect();
    format!("row {} of {}…: {}", row.number, row.answer.get(..8).unwrap_or(&row.answer), cells.join(" "))
}

fn show_answer(answer: &Holding) {
    let AnswerRecord { method, url, status, fetched_at, hash, size, request_body, .. } = &answer.record;
    text::line(&format!("  answer {method} {url}"));
    if let Some(body) = request_body {
        text::line(&format!("    with {body}"));
    }
    text::line(&format!("    {status} at {fetched_at}, {size} bytes, {} rows", answer.rows));
    text::line(&format!("    blake3 {hash}"));
    text::line(&format!("    {}", answer.place));
}

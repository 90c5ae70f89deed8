//! `underlag diff`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;
use serde::Serialize;

use crate::codes;
use crate::lake::compare::{
    ChangesFile, ColumnChanges, Comparison, Counts, Figure, Largest, Number, Place as Where, Revision, Rows, Side,
    Summary, Tally, compare,
};
use crate::lake::{Lake, LakeError, Manifest, write_error};
use crate::store::Whole;

use super::context::Place;
use super::exit::{Exit, Failure};
use super::{text, vintage};

/// Rows are told apart by the dataset's key; a row whose area moved to another county counts as removed there and
/// added here.
#[derive(Debug, Args)]
pub struct Diff {
    /// Name of the dataset
    dataset: String,
    /// A version by its id or number, or a time at which it was current [default: the one before NEW]
    #[arg(requires = "new")]
    old: Option<String>,
    /// The version to compare it with [default: the current one]
    new: Option<String>,
    /// As JSON
    #[arg(long)]
    json: bool,
    /// Every changed row as Parquet: the key, `change`, and NAME_old and NAME_new of every other column
    #[arg(long, value_name = "FILE.parquet")]
    output: Option<PathBuf>,
    /// How many periods and counties, and how many revisions, to show
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
}

/// `--json`. Fields are added, never renamed or removed.
#[derive(Debug, Serialize)]
struct Told<'a> {
    dataset: &'a str,
    old: Version,
    new: Version,
    /// Columns of one version only, redefined or retitled.
    columns: ColumnChanges,
    /// Why the rows can't be compared; then all that follows is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    incomparable: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<RowCounts>,
    /// By column: in how many keys of both versions its value differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    differing: Option<BTreeMap<String, u64>>,
    /// By measure: how its revised values changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    measures: Option<BTreeMap<String, Tally>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    periods: Option<Sets>,
    #[serde(skip_serializing_if = "Option::is_none")]
    levels: Option<Sets>,
    /// Per period and county, in the order of time.
    #[serde(skip_serializing_if = "Option::is_none")]
    places: Option<Vec<InPlace>>,
    /// The largest relative changes first; then values that came or went, then statuses. At most `--limit`.
    #[serde(skip_serializing_if = "Option::is_none")]
    largest: Option<Vec<Revision>>,
}

#[derive(Debug, Serialize)]
struct Version {
    version: String,
    created_at: String,
    rows: u64,
}

#[derive(Debug, Serialize)]
struct RowCounts {
    added: u64,
    removed: u64,
    revised: u64,
    /// Of the revised: a measure's value or status differs.
    revised_figures: u64,
    unchanged: u64,
}

#[derive(Debug, Serialize)]
struct Sets {
    only_old: Vec<String>,
    only_new: Vec<String>,
}

#[derive(Debug, Serialize)]
struct InPlace {
    period: String,
    lan: String,
    added: u64,
    removed: u64,
    revised: u64,
}

impl Diff {
    pub fn run(self, place: &Place) -> Result<Exit, Failure> {
        let (config, _) = place.load()?;
        let lake = Lake::look(&config)?;
        let configured: Vec<String> =
            config.pipelines.values().flat_map(|pipeline| pipeline.datasets.keys().cloned()).collect();
        vintage::known(&lake, &self.dataset, &configured)?;
        let new = match &self.new {
            Some(word) => vintage::version(&lake, &self.dataset, word)?,
            None => vintage::current(&lake, &self.dataset)?,
        };
        let old = match &self.old {
            Some(word) => vintage::version(&lake, &self.dataset, word)?,
            None => vintage::before(&lake, &new)?,
        };
        vintage::with_rows(&lake, &old)?;
        vintage::with_rows(&lake, &new)?;
        let sides = (Side::published(&lake, &old)?, Side::published(&lake, &new)?);
        let mut largest = Largest::new(&sides.0, &sides.1, self.limit);
        let comparison = self.compare(&sides, &mut largest)?;
        let (largest, measures) = largest.finish();
        if self.json {
            let told = told(&old, &new, comparison, largest, measures);
            text::line(&serde_json::to_string_pretty(&told).map_err(Failure::failed)?);
        } else {
            self.show(&old, &new, &comparison, &largest, &measures);
        }
        Ok(Exit::Done)
    }

    fn compare(&self, (old, new): &(Side<'_>, Side<'_>), largest: &mut Largest) -> Result<Comparison, Failure> {
        let Some(path) = &self.output else {
            return Ok(compare(old, new, &mut |changes| largest.look(changes))?);
        };
        let fault = |error| LakeError::from(write_error(path, error));
        let file = Whole::create(path).map_err(LakeError::from)?;
        let mut file = ChangesFile::create(file, old, new)
            .map_err(|unlike| {
                Failure::coded(codes::NOT_POSSIBLE, anyhow!("there are no changed rows to write: {unlike}"))
            })?
            .map_err(fault)?;
        let comparison = compare(old, new, &mut |changes| {
            largest.look(changes)?;
            file.write(changes).map_err(fault)
        })?;
        file.finish().map_err(fault)?.place().map_err(LakeError::from)?;
        Ok(comparison)
    }

    fn show(
        &self,
        old: &Manifest,
        new: &Manifest,
        comparison: &Comparison,
        largest: &[Revision],
        measures: &BTreeMap<String, Tally>,
    ) {
        let when = |manifest: &Manifest| manifest.created_at.strftime("%Y-%m-%d %H:%M UTC").to_string();
        let synthetic = if old.synthetic || new.synthetic { ", SYNTETISKA DATA" } else { "" };
        text::line(&format!("{}{synthetic}", self.dataset));
        for (side, manifest) in [("old", old), ("new", new)] {
            let (version, rows) = (&manifest.version, manifest.rows);
            text::line(&format!("  {side} {version}, {}, {rows} rows", when(manifest)));
        }
        show_columns(&comparison.columns);
        let summary = match &comparison.rows {
            Rows::Unlike(unlike) => {
                text::line(&format!("the rows can't be compared one by one: {unlike}"));
                return;
            }
            Rows::Compared(summary) => summary,
        };
        let Summary { added, removed, revised, unchanged, .. } = summary;
        text::line(&format!("rows: {added} added, {removed} removed, {revised} revised, {unchanged} unchanged"));
        for (what, names) in [
            ("new periods", &summary.periods_only_new),
            ("periods gone", &summary.periods_only_old),
            ("new area levels", &summary.levels_only_new),
            ("area levels gone", &summary.levels_only_old),
        ] {
            if !names.is_empty() {
                text::line(&format!("{what}: {}", few(names, self.limit)));
            }
        }
        for (name, rows) in &summary.columns {
            let tally = measures.get(name).map(in_words).unwrap_or_default();
            text::line(&format!("  {name}: differs in {rows} rows{tally}"));
        }
        self.show_places(summary);
        if !largest.is_empty() {
            text::line("largest revisions:");
            largest.iter().for_each(show_revision);
        }
        let all: u64 = measures.values().map(|tally| tally.total()).sum();
        if let Some(more) = all.checked_sub(largest.len() as u64).filter(|more| *more > 0 && !largest.is_empty()) {
            text::line(&format!("  … and {more} more"));
        }
    }

    fn show_places(&self, summary: &Summary) {
        let mut places: Vec<(&Where, &Counts)> = summary.places.iter().collect();
        if places.is_empty() {
            return;
        }
        places.sort_by_key(|(place, counts)| (std::cmp::Reverse(counts.total()), (*place).clone()));
        text::line("period      county       added     removed     revised");
        for (place, counts) in places.iter().take(self.limit) {
            let Counts { added, removed, revised } = counts;
            text::line(&format!("{:11} {:6} {added:>11} {removed:>11} {revised:>11}", place.period, place.lan));
        }
        if places.len() > self.limit {
            text::line(&format!("… and {} more", places.len() - self.limit));
        }
    }
}

fn told<'a>(
    old: &'a Manifest,
    new: &Manifest,
    comparison: Comparison,
    largest: Vec<Revision>,
    measures: BTreeMap<String, Tally>,
) -> Told<'a> {
    let version = |manifest: &Manifest| Version {
        version: manifest.version.to_string(),
        created_at: manifest.created_at.to_string(),
        rows: manifest.rows,
    };
    let mut told = Told {
        dataset: &old.dataset,
        old: version(old),
        new: version(new),
        columns: comparison.columns,
        incomparable: None,
        rows: None,
        differing: None,
        measures: None,
        periods: None,
        levels: None,
        places: None,
        largest: None,
    };
    match comparison.rows {
        Rows::Unlike(unlike) => told.incomparable = Some(unlike.to_string()),
        Rows::Compared(summary) => {
            let Summary { added, removed, revised, revised_figures, unchanged, .. } = summary;
            told.rows = Some(RowCounts { added, removed, revised, revised_figures, unchanged });
            told.differing = Some(summary.columns);
            told.measures = Some(measures);
            told.periods = Some(Sets { only_old: summary.periods_only_old, only_new: summary.periods_only_new });
            told.levels = Some(Sets { only_old: summary.levels_only_old, only_new: summary.levels_only_new });
            let places = summary.places.into_iter().map(|(place, counts)| {
                let Counts { added, removed, revised } = counts;
                InPlace { period: place.period, lan: place.lan, added, removed, revised }
            });
            told.places = Some(places.collect());
            told.largest = Some(largest);
        }
    }
    told
}

fn show_columns(columns: &ColumnChanges) {
    for (what, names) in [
        ("columns added", &columns.added),
        ("columns removed", &columns.removed),
        ("columns retitled", &columns.retitled),
    ] {
        if !names.is_empty() {
            text::line(&format!("{what}: {}", names.join(", ")));
        }
    }
    for redefined in &columns.redefined {
        let aspects: Vec<String> = redefined
            .aspects
            .iter()
            .map(|aspect| {
                let word = |word: &Option<String>| word.clone().unwrap_or_else(|| "none".to_owned());
                format!("{} {} → {}", aspect.aspect, word(&aspect.old), word(&aspect.new))
            })
            .collect();
        text::line(&format!("column redefined: {}: {}", redefined.column, aspects.join(", ")));
    }
}

fn few(names: &[String], limit: usize) -> String {
    let shown = names.iter().take(limit).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > limit { format!("{shown} and {} more", names.len() - limit) } else { shown }
}

fn in_words(tally: &Tally) -> String {
    let words = [
        (tally.changed, "to another number"),
        (tally.appeared, "from none"),
        (tally.vanished, "to none"),
        (tally.status_only, "in status alone"),
    ];
    let parts: Vec<String> =
        words.into_iter().filter(|(rows, _)| *rows > 0).map(|(rows, word)| format!("{rows} {word}")).collect();
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
}

fn show_revision(revision: &Revision) {
    let key: Vec<String> = revision.key.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let figure = |figure: &Figure| {
        let value = match figure.value {
            Some(Number::Int(value)) => value.to_string(),
            Some(Number::Float(value)) => value.to_string(),
            None => "none".to_owned(),
        };
        let status = figure.status.as_deref().filter(|status| *status != "observed");
        status.map_or_else(|| value.clone(), |status| format!("{value} ({status})"))
    };
    let relative = revision.relative.map(|relative| format!("  {:+.1} %", relative * 100.0)).unwrap_or_default();
    let (old, new) = (figure(&revision.old), figure(&revision.new));
    text::line(&format!("  {}  {}: {old} → {new}{relative}", key.join(" "), revision.measure));
}

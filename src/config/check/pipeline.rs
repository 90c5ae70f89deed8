//! `pipeline.toml`: schedule, SQL tables and datasets of one pipeline.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use toml::Spanned;

use crate::config::diagnostic::SourceFiles;
use crate::config::names::CHECK_TABLES;
use crate::config::node::Node;
use crate::config::{Input, Missed, Overlap, Pipeline, Schedule, hash, leaf};

use super::areas::Areas;
use super::sources::Sources;
use super::sql_file::SqlFiles;
use super::{Problems, dataset, fetch};

/// A pipeline, and where it says what other pipelines are held against.
pub(in crate::config) struct Draft {
    pub pipeline: Pipeline,
    pub datasets: Vec<Spanned<String>>,
    /// The names of datasets that it reads.
    pub inputs: Vec<Spanned<String>>,
    /// The names of pipelines that it runs after.
    pub after: Vec<Spanned<String>>,
    /// Whether the file could be read to its end.
    pub complete: bool,
}

pub(in crate::config) struct Surroundings<'a> {
    pub sources: &'a Sources,
    pub areas: &'a Areas,
}

pub(in crate::config) fn pipeline(
    name: &str,
    text: &str,
    root: &Node<'_>,
    around: &Surroundings<'_>,
    files: &mut SourceFiles,
    problems: &mut Problems<'_>,
) -> Draft {
    let dir = problems.file.parent().unwrap_or(Path::new("."));
    tables(root, problems);
    let mut fetches = BTreeMap::new();
    for (name, node) in root.nodes("fetch") {
        let name = *name.get_ref();
        if let Some(fetch) = fetch::fetch(name, &node, dir, around.sources, problems) {
            fetches.insert(name.to_owned(), fetch);
        }
    }
    let mut draft_inputs = Vec::new();
    let mut inputs = BTreeMap::new();
    for (name, node) in root.nodes("input") {
        let Some(dataset) = node.text("dataset") else { continue };
        let (name, written) = ((*name.get_ref()).to_owned(), (*dataset.get_ref()).to_owned());
        draft_inputs.push(Spanned::new(dataset.span(), written.clone()));
        inputs.insert(name.clone(), Input { name, dataset: written });
    }
    let mut sql_files = SqlFiles::new(dir, files);
    let mut draft_datasets = Vec::new();
    let mut datasets = BTreeMap::new();
    for (name, node) in root.nodes("dataset") {
        let written = (*name.get_ref()).to_owned();
        draft_datasets.push(Spanned::new(name.span(), written.clone()));
        if let Some(dataset) = dataset::dataset(&written, &node, around.areas, &mut sql_files, problems) {
            datasets.insert(written, dataset);
        }
    }
    if root.has("dataset") && draft_datasets.is_empty() {
        problems.error(root.key_span("dataset"), "the pipeline publishes no dataset");
    }
    let texts = std::mem::take(&mut sql_files.texts);
    let release = root.node("release").map(|node| super::release::release(&node, root, problems));
    let mut pipeline = Pipeline {
        name: name.to_owned(),
        dir: dir.to_owned(),
        title: root.string("title").unwrap_or_default(),
        description: root.string("description").unwrap_or_default(),
        schedule: root.node("schedule").map(|node| schedule(&node, root, problems)),
        release,
        fetches,
        inputs,
        datasets,
        config_hash: String::new(),
    };
    pipeline.config_hash = hash::config_hash(text, &texts, &pipeline, &around.sources.sources, &around.areas.sets);
    let after = root.node("schedule").map(|node| owned(node.texts("after"))).unwrap_or_default();
    Draft { pipeline, datasets: draft_datasets, inputs: draft_inputs, after, complete: true }
}

fn owned(texts: Vec<Spanned<&str>>) -> Vec<Spanned<String>> {
    texts.into_iter().map(|text| Spanned::new(text.span(), (*text.get_ref()).to_owned())).collect()
}

fn schedule(node: &Node<'_>, root: &Node<'_>, problems: &mut Problems<'_>) -> Schedule {
    if !["cron", "after"].into_iter().any(|key| node.has(key)) && !root.has_if_known("release") {
        problems.hinted(
            node.span.clone(),
            "[schedule] says neither when nor after what it runs",
            "give `cron`, `after` or a [release]; without [schedule] it runs only by hand",
        );
    }
    Schedule {
        cron: node.leaf("cron", leaf::cron),
        after: node.strings("after"),
        enabled: node.boolean("enabled").unwrap_or(true),
        timezone: node.leaf("timezone", leaf::time_zone).unwrap_or_else(|| "Europe/Stockholm".to_owned()),
        missed: match node.text("missed").map(Spanned::into_inner) {
            Some("skip") => Missed::Skip,
            _ => Missed::Latest,
        },
        overlap: match node.text("overlap").map(Spanned::into_inner) {
            Some("queue") => Overlap::Queue,
            _ => Overlap::Skip,
        },
        jitter: node.leaf("jitter", leaf::duration).unwrap_or(Duration::ZERO),
        late_after: node.leaf("late_after", leaf::duration),
    }
}

/// Every SQL table of the pipeline has a name of its own.
fn tables(root: &Node<'_>, problems: &mut Problems<'_>) {
    let mut taken: Vec<(String, Range<usize>, String)> = Vec::new();
    for (name, _) in root.nodes("fetch") {
        let written = *name.get_ref();
        taken.push((written.to_owned(), name.span(), format!("[fetch.{written}]")));
        taken.push((format!("{written}_koder"), name.span(), format!("the labels of [fetch.{written}]")));
    }
    for (name, _) in root.nodes("input") {
        taken.push(((*name.get_ref()).to_owned(), name.span(), format!("[input.{}]", name.get_ref())));
    }
    // Where two clash, the later one is the one to rename.
    taken.sort_by_key(|(_, span, _)| span.start);
    let mut complained = BTreeSet::new();
    for (index, (name, span, what)) in taken.iter().enumerate() {
        if CHECK_TABLES.contains(&name.as_str()) {
            let message = format!("an SQL table can't be called `{name}`");
            problems.hinted(
                span.clone(),
                message,
                "custom checks call the new rows `ny` and the published ones `publicerad`",
            );
        } else if name.starts_with("ref_") && complained.insert(span.start) {
            let message = format!("an SQL table can't be called `{name}`");
            problems.hinted(span.clone(), message, "`ref_` begins the names of the tables in the reference folder");
        }
        if let Some((_, _, other)) = taken[..index].iter().find(|(other, _, _)| other == name) {
            let message = format!("two SQL tables would be called `{name}`: {other} and {what}");
            problems.taken(span.clone(), message);
        }
    }
}

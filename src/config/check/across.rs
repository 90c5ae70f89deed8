//! What only shows when all pipelines are seen together: dataset names, and
//! which pipeline waits for which.

use std::collections::{BTreeMap, BTreeSet};

use crate::codes;
use crate::config::diagnostic::Diagnostic;
use crate::config::names::choice;

use super::Draft;

/// `published` are datasets that need no pipeline here.
pub(in crate::config) fn across(drafts: &[Draft], published: &BTreeSet<String>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut owner: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, draft) in drafts.iter().enumerate() {
        for dataset in &draft.datasets {
            let name = dataset.get_ref().as_str();
            if let Some(first) = owner.get(name) {
                let first = &drafts[*first].pipeline.name;
                let message = format!("the pipeline `{first}` already has a dataset `{name}`");
                let hint = "names of datasets are unique over all pipelines";
                found.push(Diagnostic::error(codes::NAME_TAKEN, file(draft), message).at(dataset.span()).hint(hint));
            } else {
                owner.insert(name, index);
            }
        }
    }
    let complete = drafts.iter().all(|draft| draft.complete);
    for draft in drafts {
        for input in &draft.inputs {
            let name = input.get_ref().as_str();
            if complete && !owner.contains_key(name) && !published.contains(name) {
                let hint = choice(name, "known datasets", owner.keys().copied());
                let message = format!("no pipeline has a dataset `{name}`");
                found.push(Diagnostic::error(codes::UNKNOWN_NAME, file(draft), message).at(input.span()).hint(hint));
            }
        }
    }
    found.extend(cycles(drafts, &owner));
    found.extend(super::after::after(drafts, complete));
    found
}

pub(super) fn file(draft: &Draft) -> std::path::PathBuf {
    draft.pipeline.dir.join("pipeline.toml")
}

/// One complaint per circle, at the input that closes it.
fn cycles(drafts: &[Draft], owner: &BTreeMap<&str, usize>) -> Vec<Diagnostic> {
    let mut search = Search { drafts, owner, done: vec![false; drafts.len()], way: Vec::new(), found: Vec::new() };
    for start in 0..drafts.len() {
        search.visit(start);
    }
    search.found
}

struct Search<'a> {
    drafts: &'a [Draft],
    owner: &'a BTreeMap<&'a str, usize>,
    done: Vec<bool>,
    way: Vec<usize>,
    found: Vec<Diagnostic>,
}

impl Search<'_> {
    fn visit(&mut self, index: usize) {
        if self.done[index] {
            return;
        }
        self.way.push(index);
        let drafts = self.drafts;
        for input in &drafts[index].inputs {
            let Some(next) = self.owner.get(input.get_ref().as_str()).copied() else { continue };
            if let Some(start) = self.way.iter().position(|step| *step == next) {
                let circle = self.way[start..].iter().chain([&next]);
                let circle: Vec<&str> = circle.map(|step| drafts[*step].pipeline.name.as_str()).collect();
                let message = format!("pipelines wait for each other in a circle: {}", circle.join(" → "));
                let hint = "each name reads a dataset of the next; a pipeline's own fetches are tables already";
                found(&mut self.found, &drafts[index], input.span(), message, hint);
            } else {
                self.visit(next);
            }
        }
        self.way.pop();
        self.done[index] = true;
    }
}

fn found(list: &mut Vec<Diagnostic>, draft: &Draft, span: std::ops::Range<usize>, message: String, hint: &str) {
    list.push(Diagnostic::error(codes::CYCLE, file(draft), message).at(span).hint(hint));
}

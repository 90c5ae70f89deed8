//! Which pipeline runs after which: each must be there, and none after itself, be it by way of others.

use std::collections::BTreeMap;

use crate::codes;
use crate::config::diagnostic::Diagnostic;
use crate::config::names::choice;

use super::Draft;
use super::across::file;

/// `complete`: every pipeline could be read.
pub(super) fn after(drafts: &[Draft], complete: bool) -> Vec<Diagnostic> {
    let known: BTreeMap<&str, usize> =
        drafts.iter().enumerate().map(|(index, draft)| (draft.pipeline.name.as_str(), index)).collect();
    let mut search =
        Search { drafts, known: &known, done: vec![false; drafts.len()], way: Vec::new(), found: Vec::new() };
    for (index, draft) in drafts.iter().enumerate() {
        for before in &draft.after {
            let name = before.get_ref().as_str();
            if complete && !known.contains_key(name) {
                let hint = choice(name, "known pipelines", known.keys().copied());
                let message = format!("there is no pipeline `{name}` to run after");
                let found = Diagnostic::error(codes::UNKNOWN_NAME, file(draft), message);
                search.found.push(found.at(before.span()).hint(hint));
            }
        }
        search.visit(index);
    }
    search.found
}

struct Search<'a> {
    drafts: &'a [Draft],
    known: &'a BTreeMap<&'a str, usize>,
    done: Vec<bool>,
    way: Vec<usize>,
    found: Vec<Diagnostic>,
}

impl Search<'_> {
    /// One complaint per circle, at the name that closes it.
    fn visit(&mut self, index: usize) {
        if self.done[index] {
            return;
        }
        self.way.push(index);
        let drafts = self.drafts;
        for before in &drafts[index].after {
            let Some(next) = self.known.get(before.get_ref().as_str()).copied() else { continue };
            let Some(start) = self.way.iter().position(|step| *step == next) else {
                self.visit(next);
                continue;
            };
            let circle = self.way[start..].iter().chain([&next]);
            let circle: Vec<&str> = circle.map(|step| drafts[*step].pipeline.name.as_str()).collect();
            let (message, hint) = if next == index {
                (format!("`{}` can't run after itself", circle[0]), "to run again and again, give it a `cron`")
            } else {
                let message = format!("pipelines run after each other in a circle: {}", circle.join(" → "));
                (message, "each name runs after the next; one of them must start by itself")
            };
            let found = Diagnostic::error(codes::CYCLE, file(&drafts[index]), message);
            self.found.push(found.at(before.span()).hint(hint));
        }
        self.way.pop();
        self.done[index] = true;
    }
}

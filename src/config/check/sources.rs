//! `sources.toml`: the public sources.

use std::collections::BTreeMap;
use std::time::Duration;

use toml::Spanned;

use crate::config::node::Node;
use crate::config::{Limits, Source, SourceKind, leaf};
use crate::contract::Status;

use super::Problems;

/// The sources, and what is known about those that are faulty.
#[derive(Default)]
pub(in crate::config) struct Sources {
    pub sources: BTreeMap<String, Source>,
    /// Every name in the file, with the kinds it is declared with.
    pub declared: BTreeMap<String, Vec<SourceKind>>,
    /// Whether the file could be read to its end: else a missing name proves nothing.
    pub complete: bool,
}

pub(in crate::config) const KINDS: [SourceKind; 3] = [SourceKind::Pxweb, SourceKind::Kolada, SourceKind::File];

pub(in crate::config) fn sources(root: &Node<'_>, complete: bool) -> Sources {
    let mut all = Sources { complete, ..Sources::default() };
    for (name, kinds) in root.nodes("source") {
        let name = (*name.get_ref()).to_owned();
        for kind in KINDS {
            if let Some(node) = kinds.node(kind.as_str()) {
                all.declared.entry(name.clone()).or_default().push(kind);
                if let Some(source) = source(&name, kind, &node) {
                    all.sources.insert(name.clone(), source);
                }
            }
        }
        all.declared.entry(name).or_default();
    }
    all
}

fn source(name: &str, kind: SourceKind, node: &Node<'_>) -> Option<Source> {
    let mut symbols = default_symbols(kind);
    for (symbol, status) in node.pairs("symbols") {
        symbols.insert((*symbol.get_ref()).to_owned(), status.get_ref().parse::<Status>().ok()?);
    }
    let limits = node.node("limits").map(|limits| Limits {
        calls: limits.whole("calls").unwrap_or(0),
        window: Duration::from_secs(limits.whole("window_secs").unwrap_or(1)),
        cells: limits.whole("cells").unwrap_or(0),
    });
    Some(Source {
        name: name.to_owned(),
        kind,
        base_url: node.leaf("base_url", leaf::base_url)?,
        credit: node.string("credit")?,
        licence: node.string("licence")?,
        limits,
        symbols,
        synthetic: false,
    })
}

/// What a kind's symbols mean where `symbols` says nothing else. PxWeb writes dots and
/// dashes in place of a value; what each stands for differs between agencies.
fn default_symbols(kind: SourceKind) -> BTreeMap<String, Status> {
    let table: &[(&str, Status)] = match kind {
        SourceKind::Pxweb => &[
            (".", Status::NotApplicable),
            ("..", Status::Missing),
            ("...", Status::Missing),
            ("....", Status::Missing),
            (".....", Status::Missing),
            ("......", Status::Missing),
            ("-", Status::Missing),
            (":", Status::Suppressed),
        ],
        SourceKind::Kolada | SourceKind::File => &[("", Status::Missing)],
    };
    table.iter().map(|(symbol, status)| ((*symbol).to_owned(), *status)).collect()
}

impl Sources {
    /// Complains when `written` is no source of the kind that the fetch needs.
    pub fn expect(&self, written: &Spanned<&str>, wanted: SourceKind, problems: &mut Problems<'_>) {
        let name = *written.get_ref();
        match self.declared.get(name) {
            None if self.complete => {
                let hint =
                    crate::config::names::choice(name, "known sources", self.declared.keys().map(String::as_str));
                problems.hinted(written.span(), format!("unknown source `{name}`"), hint);
            }
            // Its own file already says that it has no known kind.
            Some(kinds) if !kinds.is_empty() && !kinds.contains(&wanted) => {
                let fitting: Vec<String> = self
                    .declared
                    .iter()
                    .filter(|(_, kinds)| kinds.contains(&wanted))
                    .map(|(name, _)| format!("`{name}`"))
                    .collect();
                let wanted = wanted.as_str();
                let hint = match fitting.as_slice() {
                    [] => format!("sources.toml has no {wanted} source"),
                    names => format!("{wanted} sources: {}", names.join(", ")),
                };
                let found = kinds[0].as_str();
                let message = format!("source `{name}` is of kind {found}, and this fetch is of kind {wanted}");
                problems.hinted(written.span(), message, hint);
            }
            _ => {}
        }
    }
}

//! `areas.toml`: sets of areas made of municipalities.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::names::LEVELS;
use crate::config::node::Node;
use crate::config::{Area, AreaSet};
use crate::nearest::nearest;

use super::Problems;

#[derive(Default)]
pub(in crate::config) struct Areas {
    pub sets: BTreeMap<String, AreaSet>,
    /// Whether the file could be read to its end: else a missing set proves nothing.
    pub complete: bool,
}

/// `kommuner`: today's codes; none where the reference folder has no list of them.
pub(in crate::config) fn areas(
    root: &Node<'_>,
    kommuner: Option<&BTreeSet<String>>,
    complete: bool,
    problems: &mut Problems<'_>,
) -> Areas {
    let mut all = Areas { complete, ..Areas::default() };
    for (name, node) in root.nodes("set") {
        if LEVELS.contains(name.get_ref()) {
            let message = format!("a set can't be called `{}`: that is a level of its own", name.get_ref());
            problems.error(name.span(), message);
        }
        let mut set = AreaSet { name: (*name.get_ref()).to_owned(), areas: BTreeMap::new() };
        for (key, area) in node.nodes("area") {
            for code in area.texts("kommuner") {
                unknown_kommun(&code, kommuner, problems);
            }
            let key = (*key.get_ref()).to_owned();
            let title = area.string("title").unwrap_or_default();
            set.areas.insert(key.clone(), Area { key, title, kommuner: area.strings("kommuner") });
        }
        all.sets.insert(set.name.clone(), set);
    }
    all
}

fn unknown_kommun(code: &toml::Spanned<&str>, kommuner: Option<&BTreeSet<String>>, problems: &mut Problems<'_>) {
    let written = *code.get_ref();
    let Some(kommuner) = kommuner else { return };
    // A malformed code has been reported as such.
    if kommuner.contains(written) || crate::config::leaf::kommun(written).is_err() {
        return;
    }
    let hint = match nearest(written, kommuner.iter().map(String::as_str)) {
        Some(near) => format!("did you mean \"{near}\"? reference/kommuner.csv lists every code"),
        None => "reference/kommuner.csv lists every code".to_owned(),
    };
    problems.unknown(code.span(), format!("no municipality has the code {written:?}"), hint);
}

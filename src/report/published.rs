//! What a report is rendered from: published versions, the publisher, and the areas that get a page.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;

use crate::config::Publisher;
use crate::lake::Manifest;

/// One published version of a dataset, pinned: the pointer may move on meanwhile.
#[derive(Clone, Debug)]
pub struct Published {
    pub manifest: Manifest,
    /// `…/versions/ID/data`, the version's own folder, never `current`.
    pub data: PathBuf,
    /// When the sources were last asked, also when their answer was found unchanged.
    pub checked_at: Timestamp,
}

/// The areas that get a page, in the order in which they are listed.
#[derive(Clone, Debug, Default)]
pub struct Geography {
    /// Code and name.
    pub lan: Vec<(String, String)>,
    /// Code, name and the code of the län.
    pub kommuner: Vec<(String, String, String)>,
}

impl Geography {
    /// The municipalities of a county, in listed order.
    pub fn kommuner_in<'a>(&'a self, lan: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.kommuner.iter().filter(move |(_, _, of)| of == lan).map(|(kod, namn, _)| (kod.as_str(), namn.as_str()))
    }
}

/// Everything that a site is made of.
#[derive(Clone, Debug)]
pub struct SiteInput {
    /// By dataset name. Datasets that no figure names are left alone.
    pub published: BTreeMap<String, Published>,
    pub publisher: Publisher,
    pub geography: Geography,
}

impl SiteInput {
    /// Whether any of these datasets, or what one of them was made from, is a stand-in's invention.
    pub(super) fn synthetic<'a>(&self, mut datasets: impl Iterator<Item = &'a str>) -> bool {
        datasets.any(|name| {
            self.published.get(name).is_some_and(|published| {
                published.manifest.synthetic || published.manifest.sources.values().any(|source| source.synthetic)
            })
        })
    }
}

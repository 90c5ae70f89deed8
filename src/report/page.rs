//! A page's area, and where the figures on it come from.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::lake::{ColumnInfo, Manifest};

use super::definition::{Level, Series};
use super::observations::Coverage;
use super::published::{Geography, Published, SiteInput};
use super::view::{Link, Origin, SourceLine};
use super::words;

/// The area that a page is about.
#[derive(Clone, Debug)]
pub(super) struct Place<'a> {
    pub level: Level,
    pub kod: &'a str,
    pub namn: &'a str,
    /// The county of a municipality.
    pub lan: Option<(&'a str, &'a str)>,
}

/// An area on a page: the page's own first, then those it is compared with.
#[derive(Clone, Debug)]
pub(super) struct Peer<'a> {
    pub level: Level,
    pub kod: &'a str,
    pub namn: &'a str,
}

impl<'a> Place<'a> {
    pub const RIKET: Self = Self { level: Level::Riket, kod: "00", namn: "Riket", lan: None };

    /// Every area with a page of its own, in listed order.
    pub fn all(geography: &'a Geography) -> Vec<Self> {
        let lan = geography.lan.iter().map(|(kod, namn)| Self { level: Level::Lan, kod, namn, lan: None });
        let kommuner = geography.kommuner.iter().map(|(kod, namn, of)| Self {
            level: Level::Kommun,
            kod,
            namn,
            lan: geography.lan.iter().find(|(lan, _)| lan == of).map(|(kod, namn)| (kod.as_str(), namn.as_str())),
        });
        lan.chain(kommuner).collect()
    }

    /// `kommun/0180/`: the page's folder below the site's root, and the way back.
    pub fn folder(&self) -> (String, &'static str) {
        match self.level {
            Level::Riket => (String::new(), ""),
            level => (format!("{}/{}/", level.as_str(), self.kod), "../../"),
        }
    }

    pub fn peers(&self, compare: &[Level]) -> Vec<Peer<'a>> {
        let mut peers = vec![Peer { level: self.level, kod: self.kod, namn: self.namn }];
        if let (Some((kod, namn)), true) = (self.lan, compare.contains(&Level::Lan)) {
            peers.push(Peer { level: Level::Lan, kod, namn });
        }
        if self.level != Level::Riket && compare.contains(&Level::Riket) {
            peers.push(Peer { level: Level::Riket, kod: "00", namn: "Riket" });
        }
        peers
    }

    /// The Parquet folders that hold this page's rows: code and what to call it.
    fn partitions(&self) -> Vec<(&'a str, &'a str)> {
        let own = match (self.level, self.lan) {
            (Level::Lan, _) => Some((self.kod, self.namn)),
            (_, lan) => lan,
        };
        own.into_iter().chain([("00", "riket")]).collect()
    }
}

/// A published dataset as pages speak of it.
pub(super) struct Source<'a> {
    pub published: &'a Published,
    pub coverage: Coverage,
}

impl Source<'_> {
    fn manifest(&self) -> &Manifest {
        &self.published.manifest
    }

    pub fn column(&self, name: &str) -> Option<&ColumnInfo> {
        self.manifest().columns.iter().find(|column| column.name == name)
    }

    pub fn unit(&self, series: &Series) -> Option<String> {
        series.unit.clone().or_else(|| self.column(&series.value)?.unit.clone())
    }

    pub fn decimals(&self, series: &Series) -> Option<u8> {
        series.decimals.or_else(|| self.column(&series.value)?.decimals)
    }

    /// The Swedish title of a column, or its name.
    pub fn title<'a>(&'a self, column: &'a str) -> &'a str {
        self.column(column).map_or(column, |column| column.title.as_str())
    }

    fn period(&self) -> Option<String> {
        let (first, last) = self.coverage.as_ref()?;
        Some(span(&first.swedish(), &last.swedish()))
    }

    pub fn origin(&self, place: &Place<'_>, value: &str, figures: Vec<String>) -> Origin {
        let manifest = self.manifest();
        let (_, root) = place.folder();
        let version = manifest.version.to_string();
        let files = |lan: &str| {
            let folder = format!("lan-{lan}/");
            manifest.files.iter().map(|file| &file.path).filter(move |path| path.starts_with(&folder))
        };
        let parquet = place.partitions().into_iter().flat_map(|(kod, namn)| {
            let (root, name, version) = (root, &manifest.dataset, version.clone());
            files(kod).map(move |path| Link {
                href: format!("{root}datasets/{name}/versions/{version}/data/{path}"),
                text: format!("Parquet, {namn}"),
            })
        });
        Origin {
            dataset: manifest.dataset.clone(),
            title: manifest.title.clone(),
            credit: manifest.credit.clone(),
            parquet: parquet.collect(),
            version,
            accepted: manifest.accepted.iter().map(|one| (date(one.at), one.reason.clone())).collect(),
            period: self.period(),
            warnings: warnings(manifest),
            notices: self.published.notices.clone(),
            perturbed: self.column(value).is_some_and(|column| column.perturbation.is_some()),
            figures,
        }
    }

    /// One line per fetch that the version was made from.
    pub fn lines(&self) -> Vec<SourceLine> {
        let manifest = self.manifest();
        let line = |source: String, fetched: jiff::Timestamp, licence: String, notes: Vec<String>| {
            let (fetched, checked) = (date(fetched), date(self.published.checked_at));
            SourceLine {
                dataset: manifest.dataset.clone(),
                title: manifest.title.clone(),
                source,
                checked: (checked > fetched).then_some(checked),
                fetched,
                period: self.period(),
                version: manifest.version.to_string(),
                licence,
                notes,
                notices: self.published.notices.clone(),
            }
        };
        if manifest.sources.is_empty() {
            // Made from other datasets alone.
            return vec![line(manifest.title.clone(), manifest.created_at, manifest.licences.join(", "), vec![])];
        }
        let sources = manifest.sources.values();
        sources
            .map(|source| line(source.credit.clone(), source.fetched_at, source.licence.clone(), source.notes.clone()))
            .collect()
    }
}

/// What readers are told of the checks that did not hold, each sentence once.
fn warnings(manifest: &Manifest) -> Vec<String> {
    let mut sentences = Vec::new();
    for check in manifest.broken() {
        // What a source calls things is the operator's business; readers are told what an operator let through.
        if !check.notice.is_empty() && !sentences.contains(&check.notice) {
            sentences.push(check.notice.clone());
        }
    }
    sentences
}

/// Both ends, or the one they share.
pub(super) fn span(first: &str, last: &str) -> String {
    if first == last { first.to_owned() } else { format!("{first}–{last}") }
}

/// The day in UTC, as in version ids.
fn date(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// What every page of a site says.
#[derive(Debug, Serialize)]
pub(super) struct SiteView {
    pub title: String,
    pub description: String,
    pub publisher: String,
    pub contact: String,
    /// The contact is an address to write to.
    pub mail: bool,
    pub synthetic: bool,
    pub sources: Vec<SourceLine>,
    /// Sentences about datasets that are not published yet.
    pub pending: Vec<String>,
    /// Words and sentences for every status.
    pub statuses: Vec<(&'static str, &'static str)>,
    pub lan: Vec<LanView>,
}

#[derive(Debug, Serialize)]
pub(super) struct LanView {
    pub kod: String,
    pub namn: String,
    pub kommuner: Vec<(String, String)>,
}

impl SiteView {
    pub fn new(
        report: &super::Report,
        input: &SiteInput,
        sources: &BTreeMap<&str, Source<'_>>,
        pending: Vec<String>,
    ) -> Self {
        let geography = &input.geography;
        let lan = geography.lan.iter().map(|(kod, namn)| LanView {
            kod: kod.clone(),
            namn: namn.clone(),
            kommuner: geography
                .kommuner_in(kod)
                .into_iter()
                .map(|(kod, namn)| (kod.to_owned(), namn.to_owned()))
                .collect(),
        });
        let contact = input.publisher.contact.clone();
        let statuses = crate::contract::Status::ALL;
        Self {
            title: report.title.clone(),
            description: report.description.clone(),
            publisher: input.publisher.name.clone(),
            mail: contact.contains('@') && !contact.contains([' ', '/', ':', '?']),
            contact,
            synthetic: input.synthetic(sources.keys().copied()),
            sources: sources.values().flat_map(Source::lines).collect(),
            pending,
            statuses: statuses
                .into_iter()
                .filter_map(|status| Some((words::status(status)?, words::explanation(status)?)))
                .collect(),
            lan: lan.collect(),
        }
    }
}

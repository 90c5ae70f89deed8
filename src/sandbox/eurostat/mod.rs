//! The stand-in of Eurostat's dissemination API: statistics as JSON-stat,
//! datasets as SDMX-CSV, dataflows, content constraints, code lists and the table
//! of contents, with its limits and errors.

mod answer;
mod model;
mod structure;

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;

use self::model::{Dataset, datasets};
use super::fault::{Drift, FaultKind};
use super::http::{Ask, Reply};
use super::options::Options;
use super::population::Population;
use super::region::Region;
use crate::reference::Reference;

pub struct Eurostat {
    datasets: Vec<Dataset>,
    updated: Timestamp,
    /// Cells that are answered at once; ten times as many are too many.
    cells: u64,
}

impl Eurostat {
    pub fn new(reference: &Reference, options: &Options, regions: &[Region], people: &Arc<Population>) -> Self {
        let datasets = datasets(reference, options.seed, regions, people);
        Self { datasets, updated: options.updated, cells: options.eurostat_cells }
    }

    pub fn answer(&self, ask: &Ask<'_>) -> Reply {
        match ask.segments.as_slice() {
            ["statistics", "1.0", "data", code] => match self.find(ask, code) {
                Some(dataset) => answer::json_stat(self, &dataset, ask),
                None => error(404, 100, "Dataset not found"),
            },
            ["sdmx", "2.1", "data", code] => match self.find(ask, code) {
                Some(dataset) => answer::csv(self, &dataset, ask),
                None => soap(404),
            },
            ["sdmx", "2.1", "dataflow", "ESTAT", code] => match self.find(ask, code) {
                Some(dataset) => structure::dataflow(self, &dataset, ask),
                None => soap(404),
            },
            ["sdmx", "2.1", "contentconstraint", "ESTAT", code] => match self.find(ask, code) {
                Some(dataset) => structure::constraint(&dataset),
                None => soap(404),
            },
            ["sdmx", "2.1", "codelist", "ESTAT", list, "latest"] => self.codelist(list),
            ["catalogue", "toc", "txt"] => structure::contents(self),
            _ => soap(404),
        }
    }

    /// The dataset of this code, whatever its case, as it is said to be today.
    fn find(&self, ask: &Ask<'_>, code: &str) -> Option<Described<'_>> {
        let dataset = self.datasets.iter().find(|dataset| dataset.code.eq_ignore_ascii_case(code))?;
        (!ask.distortion.lost_table).then(|| Described::new(dataset, &ask.distortion.drift))
    }

    fn codelist(&self, list: &str) -> Reply {
        let mut codes: Vec<&(String, String)> = self
            .datasets
            .iter()
            .flat_map(|dataset| &dataset.dimensions)
            .filter(|(id, _)| id.eq_ignore_ascii_case(list) && *id != "time")
            .flat_map(|(_, codes)| codes)
            .collect();
        codes.sort_unstable();
        codes.dedup();
        if codes.is_empty() {
            return soap(404);
        }
        let lines: String = codes.iter().map(|(code, label)| format!("{code}\t{label}\r\n")).collect();
        Reply::new(200, "text/tab-separated-values", lines)
    }

    /// As Eurostat writes the time of an update.
    fn updated(&self, ask: &Ask<'_>) -> String {
        let days = if ask.distortion.revise { 1 } else { 0 };
        let at = self.updated + jiff::SignedDuration::from_hours(24 * days);
        format!("{}+0200", at.strftime("%Y-%m-%dT%H:%M:%S"))
    }
}

/// A dataset with every ordered difference.
struct Described<'a> {
    dataset: &'a Dataset,
    title: String,
    /// By dimension, the codes that there are: place in the dataset, code, label.
    codes: Vec<Vec<(usize, String, String)>>,
}

impl<'a> Described<'a> {
    fn new(dataset: &'a Dataset, drifts: &[Drift]) -> Self {
        let mut title = dataset.title.to_owned();
        let mut codes: Vec<Vec<(usize, String, String)>> = dataset
            .dimensions
            .iter()
            .map(|(_, codes)| {
                codes.iter().enumerate().map(|(at, (code, label))| (at, code.clone(), label.clone())).collect()
            })
            .collect();
        for drift in drifts {
            let at = dataset.dimensions.iter().position(|(id, _)| drift.dimension.as_deref().unwrap_or("geo") == *id);
            let Some(list) = at.map(|at| &mut codes[at]) else { continue };
            match (drift.kind, &drift.code) {
                (FaultKind::ChangedTitle, _) => title = format!("{title} (new)"),
                (FaultKind::RelabelledCode, Some(wanted)) => {
                    list.iter_mut()
                        .filter(|(_, code, _)| code == wanted)
                        .for_each(|(_, _, label)| label.push_str(" (new)"));
                }
                (FaultKind::RemovedCode, Some(wanted)) => list.retain(|(_, code, _)| code != wanted),
                (FaultKind::NewCode, Some(wanted)) => {
                    if let Some(first) = list.last().map(|(place, ..)| *place) {
                        list.push((first, wanted.clone(), "New code".to_owned()));
                    }
                }
                _ => {}
            }
        }
        Self { dataset, title, codes }
    }
}

fn error(status: u16, id: u16, label: &str) -> Reply {
    Reply::json(status, &json!({ "error": [{ "status": status, "id": id, "label": label }] }))
}

/// What the SDMX side says of a fault.
fn soap(status: u16) -> Reply {
    let body = format!(
        "<?xml version=\"1.0\"?><S:Fault xmlns:S=\"http://schemas.xmlsoap.org/soap/envelope/\"><faultcode>{status}</faultcode>\
         <faultstring>No results found</faultstring></S:Fault>"
    );
    Reply::new(status, "application/xml", body)
}

//! The stand-in of Kolada v3: the KPI catalogue, the units, a few groups, and data
//! by kpi, municipality and year, over synthetic figures under the real titles.

mod catalogue;
mod data;
mod model;
mod ou;
mod unit;

use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::json;

use self::catalogue::{Kpi, KpiGroup};
use self::ou::Ou;
use self::unit::{Group, Unit};
use super::fault::{Drift, FaultKind};
use super::http::{Ask, Reply};
use super::options::Options;
use super::population::Population;
use super::region::Region;
use crate::reference::Reference;

/// Rows of one page, at most and unless asked for fewer.
const PAGE: usize = 5000;
/// Values in one path segment.
const SEGMENT: usize = 25;

pub struct Kolada {
    seed: u64,
    people: Arc<Population>,
    kpis: Vec<Kpi>,
    /// Riket and the regions, then the kommuner: by id.
    units: Vec<Unit>,
    groups: Vec<Group>,
    kpi_groups: Vec<KpiGroup>,
    ous: Vec<Ou>,
    updated: jiff::Timestamp,
}

impl Kolada {
    pub fn new(reference: &Reference, options: &Options, regions: &[Region], people: Arc<Population>) -> Self {
        let units = unit::units(reference, regions);
        let groups = unit::groups(reference, &units);
        let mut kpis = catalogue::kpis(reference);
        for kpi in &mut kpis {
            kpi.publication = options.next_update.map(|next| next.strftime("%Y-%m-%d").to_string());
        }
        let kpi_groups = catalogue::groups(&kpis);
        let ous = ou::ous(&units);
        Self { seed: options.seed, people, kpis, units, groups, kpi_groups, ous, updated: options.updated }
    }

    pub fn answer(&self, ask: &Ask<'_>) -> Reply {
        match ask.segments.as_slice() {
            ["kpi", ids @ ..] if ids.len() < 2 => {
                let rows = self.kpis.iter().filter(|kpi| !is_removed(ask, &kpi.id));
                let rows = rows.map(|kpi| (kpi.id.as_str(), kpi.title.as_str(), kpi.json()));
                let rows = rows.map(|row| drifted(ask, FaultKind::ChangedTitle, " (ny)", row));
                list(ask, ids, rows.map(|row| drifted(ask, FaultKind::EndedSeries, " (-2024)", row)))
            }
            ["kpi_groups", ids @ ..] if ids.len() < 2 => {
                let rows = self.kpi_groups.iter().map(|group| (group.id, group.title, group.json(ask, &self.kpis)));
                list(ask, ids, rows.map(|row| drifted(ask, FaultKind::ChangedTitle, " (ny)", row)))
            }
            ["municipality", ids @ ..] if ids.len() < 2 => {
                let kind = ask.parameter("region_type").or(ask.parameter("type"));
                let wanted = self.units.iter().filter(|unit| kind.is_none_or(|kind| unit.kind() == kind));
                let rows = wanted.map(|unit| (unit.id.as_str(), unit.title.as_str(), unit.json()));
                list(ask, ids, rows.map(|row| drifted(ask, FaultKind::RelabelledCode, " (ny)", row)))
            }
            ["municipality_groups", ids @ ..] if ids.len() < 2 => {
                let rows = self.groups.iter();
                list(ask, ids, rows.map(|group| (group.id, group.title.as_str(), group.json(ask, &self.units))))
            }
            ["ou", ids @ ..] if ids.len() < 2 => {
                let of: Option<Vec<&str>> = ask.parameter("municipality").map(|list| list.split(',').collect());
                let rows =
                    self.ous.iter().filter(|ou| of.as_ref().is_none_or(|of| of.contains(&ou.municipality.as_str())));
                list(ask, ids, rows.map(|ou| (ou.id.as_str(), ou.title.as_str(), ou.json())))
            }
            ["data" | "oudata"] => {
                let segments = by_parameters(ask);
                data::answer(self, ask, &segments.iter().map(String::as_str).collect::<Vec<_>>())
            }
            [kind @ ("data" | "oudata"), segments @ ..] if segments.len().is_multiple_of(2) => {
                let unit = if *kind == "data" { "municipality" } else { "ou" };
                let known = |name: &str| ["kpi", unit, "year"].contains(&name);
                if segments.chunks_exact(2).any(|pair| !known(pair[0])) {
                    return Reply::json(404, &json!({ "detail": "Not Found" }));
                }
                data::answer(self, ask, segments)
            }
            _ => Reply::json(404, &json!({ "detail": "Not Found" })),
        }
    }
}

/// The row with more behind its title, where that is ordered for its id.
fn drifted<'a>(
    ask: &Ask<'_>,
    kind: FaultKind,
    suffix: &str,
    (id, title, mut row): (&'a str, &'a str, serde_json::Value),
) -> (&'a str, &'a str, serde_json::Value) {
    if is_ordered(ask, kind, id) {
        row["title"] = json!(format!("{title}{suffix}"));
    }
    (id, title, row)
}

fn is_ordered(ask: &Ask<'_>, kind: FaultKind, id: &str) -> bool {
    ask.distortion.drift.iter().any(|drift: &Drift| drift.kind == kind && drift.code.as_deref() == Some(id))
}

/// An indicator that Kolada has withdrawn: its catalogue and its figures know nothing of it.
fn is_removed(ask: &Ask<'_>, kpi: &str) -> bool {
    is_ordered(ask, FaultKind::RemovedCode, kpi)
}

/// `?kpi_id=…&municipality_id=…&year=…`, each once for every value, as path segments.
fn by_parameters(ask: &Ask<'_>) -> Vec<String> {
    let names = [("kpi_id", "kpi"), ("municipality_id", "municipality"), ("ou_id", "ou"), ("year", "year")];
    let lists = names.into_iter().filter_map(|(parameter, segment)| {
        let values: Vec<&str> =
            ask.query.iter().filter(|(key, _)| key == parameter).map(|(_, value)| value.as_str()).collect();
        (!values.is_empty()).then(|| [segment.to_owned(), values.join(",")])
    });
    lists.flatten().collect()
}

/// The rows of a list with these ids and this title, each given with both.
fn list<'a>(ask: &Ask<'_>, ids: &[&str], rows: impl Iterator<Item = (&'a str, &'a str, serde_json::Value)>) -> Reply {
    let wanted: Option<Vec<&str>> = ids.first().map(|ids| ids.split(',').collect());
    if wanted.as_ref().is_some_and(|wanted| wanted.len() > SEGMENT) {
        return too_many();
    }
    let title = ask.parameter("title").unwrap_or_default().to_lowercase();
    let mut rows: Vec<String> = rows
        .filter(|(id, ..)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
        .filter(|(_, text, _)| text.to_lowercase().contains(&title))
        .map(|(.., row)| row.to_string())
        .collect();
    if let Some(by) = ask.distortion.turned.filter(|_| !rows.is_empty()) {
        let by = by % rows.len();
        rows.rotate_left(by);
    }
    let page = Page::of(ask);
    let more = rows.len() > page.end();
    let rest = rows.get(page.start()..).unwrap_or_default();
    page.reply(ask, &rest[..rest.len().min(page.size)], more)
}

fn too_many() -> Reply {
    Reply::json(400, &json!({ "detail": format!("at most {SEGMENT} values in a path segment") }))
}

/// The page that was asked for.
#[derive(Clone, Copy)]
struct Page {
    number: usize,
    size: usize,
}

impl Page {
    fn of(ask: &Ask<'_>) -> Self {
        Self { number: ask.number("page", 1), size: ask.number("per_page", PAGE).min(PAGE) }
    }

    const fn start(self) -> usize {
        (self.number - 1).saturating_mul(self.size)
    }

    const fn end(self) -> usize {
        self.start().saturating_add(self.size)
    }

    /// The envelope around rows already written as JSON.
    fn reply(self, ask: &Ask<'_>, rows: &[String], more: bool) -> Reply {
        let url = |page: usize| {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            for (key, value) in ask.query.iter().filter(|(key, _)| key != "page" && key != "per_page") {
                query.append_pair(key, value);
            }
            query.append_pair("page", &page.to_string()).append_pair("per_page", &self.size.to_string());
            let url = format!("{}/kolada/v3/{}?{}", ask.origin, ask.segments.join("/"), query.finish());
            serde_json::Value::String(url)
        };
        let next = if more { url(self.number + 1) } else { serde_json::Value::Null };
        let previous = if self.number > 1 { url(self.number - 1) } else { serde_json::Value::Null };
        let count = rows.len();
        let mut body = String::with_capacity(rows.iter().map(|row| row.len() + 1).sum::<usize>() + 300);
        body.push_str("{\"values\":[");
        body.push_str(&rows.join(","));
        let _ = write!(body, "],\"count\":{count},\"next_url\":{next},\"previous_url\":{previous}}}");
        let mut reply = Reply::new(200, "application/json", body);
        reply.cells = Some(count as u64);
        reply
    }
}

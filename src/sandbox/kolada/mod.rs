//! The stand-in of Kolada v3: the KPI catalogue, the units, a few groups, and data
//! by kpi, municipality and year, over synthetic figures under the real titles.

mod catalogue;
mod data;
mod model;
mod unit;

use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::json;

use self::catalogue::Kpi;
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
}

impl Kolada {
    pub fn new(reference: &Reference, options: &Options, regions: &[Region], people: Arc<Population>) -> Self {
        let units = unit::units(reference, regions);
        let groups = unit::groups(reference, &units);
        Self { seed: options.seed, people, kpis: catalogue::kpis(reference), units, groups }
    }

    pub fn answer(&self, ask: &Ask<'_>) -> Reply {
        match ask.segments.as_slice() {
            ["kpi", ids @ ..] if ids.len() < 2 => {
                let rows = self.kpis.iter().map(|kpi| (kpi.id.as_str(), kpi.title.as_str(), kpi.json()));
                list(ask, ids, rows.map(|row| drifted(ask, FaultKind::ChangedTitle, "title", row)))
            }
            ["municipality", ids @ ..] if ids.len() < 2 => {
                let kind = ask.parameter("region_type").or(ask.parameter("type"));
                let wanted = self.units.iter().filter(|unit| kind.is_none_or(|kind| unit.kind() == kind));
                let rows = wanted.map(|unit| (unit.id.as_str(), unit.title.as_str(), unit.json()));
                list(ask, ids, rows.map(|row| drifted(ask, FaultKind::RelabelledCode, "title", row)))
            }
            ["municipality_groups", ids @ ..] if ids.len() < 2 => {
                let rows = self.groups.iter();
                list(ask, ids, rows.map(|group| (group.id, group.title.as_str(), group.json(&self.units))))
            }
            ["data", segments @ ..] if !segments.is_empty() && segments.len().is_multiple_of(2) => {
                data::answer(self, ask, segments)
            }
            _ => Reply::json(404, &json!({ "detail": "Not Found" })),
        }
    }
}

/// The row with another text in a field, where that is ordered for its id.
fn drifted<'a>(
    ask: &Ask<'_>,
    kind: FaultKind,
    field: &str,
    (id, title, mut row): (&'a str, &'a str, serde_json::Value),
) -> (&'a str, &'a str, serde_json::Value) {
    let ordered = |drift: &Drift| drift.kind == kind && drift.code.as_deref() == Some(id);
    if ask.distortion.drift.iter().any(ordered) {
        row[field] = json!(format!("{title} (ny)"));
    }
    (id, title, row)
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

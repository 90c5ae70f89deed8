//! The stand-in of PxWeb API v1 over the same tables: folders, metadata, queries and
//! the formats that real installations have, with v1's own limits and refusals. Two
//! databases: `ssd` as at SCB, and `lopnummer` as at agencies whose tables are files
//! without codes: running numbers for regions, nothing eliminated, no search.

mod listing;
mod query;

use std::sync::Arc;

use serde_json::json;

use super::Pxweb;
use super::drift;
use super::table::{Role, Table};
use crate::sandbox::http::{Ask, Reply};
use crate::sandbox::options::Options;

/// Values that the metadata list of one variable.
const MAX_VALUES: usize = 110_000;

/// As the server says no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    Parameter,
    /// The variable's code, by its place in the table.
    Variable(&'static str),
    TooMany,
    NotFound,
    NoSearch,
}

impl Refusal {
    fn reply(self) -> Reply {
        let (status, error) = match self {
            Self::Parameter => (400, "Parameter error".to_owned()),
            Self::Variable(code) => {
                (400, format!("The request for variable '{code}' has an error. Please check your query."))
            }
            Self::TooMany => (403, "Too many values selected".to_owned()),
            Self::NotFound => {
                return Reply::new(404, "text/html", "<html><body><h1>404 - Not Found</h1></body></html>");
            }
            Self::NoSearch => (400, "Search not activated".to_owned()),
        };
        Reply::json(status, &json!({ "error": error }))
    }
}

impl Pxweb {
    /// What stands below `/pxweb/api/v1`.
    pub fn answer_v1(&self, ask: &Ask<'_>, options: &Options) -> Reply {
        self.route_v1(ask, options).unwrap_or_else(Refusal::reply)
    }

    fn route_v1(&self, ask: &Ask<'_>, options: &Options) -> Result<Reply, Refusal> {
        let [language, rest @ ..] = ask.segments.as_slice() else { return Err(Refusal::NotFound) };
        if !["sv", "en"].contains(language) {
            return Err(Refusal::NotFound);
        }
        let Some((database, folders)) = rest.split_first() else {
            let databases = [("ssd", "Statistikdatabasen"), ("lopnummer", "Filer utan koder")];
            return Ok(Reply::json(200, &databases.map(|(id, text)| json!({ "dbid": id, "text": text })).into()));
        };
        let files = match *database {
            "ssd" => false,
            "lopnummer" => true,
            _ => return Err(Refusal::NotFound),
        };
        if ask.query.iter().any(|(key, _)| key == "config") {
            return Ok(listing::config(options, MAX_VALUES));
        }
        if ask.parameter("query").is_some() {
            return Err(Refusal::NoSearch);
        }
        let folders = folders.strip_prefix(&["START"]).unwrap_or(folders);
        // A table that is no longer updated is gone from this API.
        let current = self.tables.iter().filter(|table| !table.discontinued);
        let tables: Vec<Table> = current
            .map(|table| {
                let table = drift::drifted(table, &ask.distortion.drift);
                if files { numbered(&table) } else { table }
            })
            .collect();
        let found = tables.iter().find(|table| listing::path(table, files) == folders);
        match (found, ask.body) {
            (Some(_), _) if ask.distortion.lost_table => Err(Refusal::Parameter),
            (Some(table), None) => Ok(listing::metadata(table, MAX_VALUES)),
            (Some(table), Some(body)) => query::answer(table, body, language, files, ask.distortion, options),
            (None, None) => listing::folder(&tables, folders, files, ask.distortion),
            (None, Some(_)) => Err(Refusal::Parameter),
        }
    }
}

/// The table as a file without codes: regions are numbered, and their labels hold the codes.
fn numbered(table: &Table) -> Table {
    let mut table = table.clone();
    for dimension in &mut table.dimensions {
        dimension.elimination = None;
        dimension.codelists.clear();
        if dimension.id == "Region" {
            for (place, category) in dimension.categories.iter_mut().enumerate() {
                category.label = format!("{} {}", category.code, category.label);
                category.code = place.to_string();
            }
        }
        if dimension.role == Role::Metric {
            dimension.id = "variabel";
        }
    }
    table.cell = Arc::clone(&table.cell);
    table
}

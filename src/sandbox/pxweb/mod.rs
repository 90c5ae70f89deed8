//! The stand-in of `PxWeb` API v2 as SCB runs it: the documented calls, limits,
//! errors and shapes over a few synthetic tables, in json-stat2, px and csv, or in
//! those of them that the installation is said to have.

mod answer;
mod catalogue;
mod drift;
mod expression;
mod matching;
mod population;
mod problem;
mod selection;
mod small;
mod table;
mod text;
mod v1;
mod values;
mod write;

use std::sync::Arc;

use jiff::{Timestamp, ToSpan};

use self::problem::Refusal;
use self::selection::Selection;
use self::table::Table;
use super::fault::Distortion;
use super::http::{Ask, Reply};
use super::options::Options;
use super::population::Population;
use super::region::Region;

/// What every label of synthetic data ends with.
const MARK: &str = " (SYNTETISKA DATA)";
const SOURCE: &str = "Underlags sandlåda";
/// Longer ones the real server's front does not let through.
const LONGEST_URL: usize = 2100;

pub struct Pxweb {
    tables: Vec<Table>,
}

impl Pxweb {
    pub fn new(options: &Options, regions: &[Region], people: Arc<Population>) -> Self {
        let mut tables = vec![population::table(regions, people, options.updated)];
        tables.extend(small::tables(regions, options));
        tables.push(matching::table(regions, options));
        for table in tables.iter_mut().filter(|table| !table.discontinued) {
            table.next_update = options.next_update;
        }
        Self { tables }
    }

    pub fn answer(&self, ask: &Ask<'_>, url_length: usize, options: &Options) -> Reply {
        if url_length > LONGEST_URL {
            let page = "<html><head><title>404</title></head><body>Not Found</body></html>";
            return Reply::new(404, "text/html; charset=utf-8", page);
        }
        self.route(ask, options).unwrap_or_else(Refusal::reply)
    }

    fn route(&self, ask: &Ask<'_>, options: &Options) -> Result<Reply, Refusal> {
        let language = ask.parameter("lang").filter(|text| !text.is_empty()).unwrap_or("sv");
        if !["sv", "en"].contains(&language) {
            return Err(Refusal::Language);
        }
        let drifted: Vec<Table>;
        let tables = match ask.distortion.drift.as_slice() {
            _ if ask.distortion.lost_table => &[],
            [] => self.tables.as_slice(),
            drifts => {
                drifted = self.tables.iter().map(|table| drift::drifted(table, drifts)).collect();
                drifted.as_slice()
            }
        };
        let find = |id: &str| tables.iter().find(|table| table.id.eq_ignore_ascii_case(id));
        // The server's own links write `codeLists` and put a slash after `tables`.
        let lower: Vec<String> = ask.segments.iter().map(|segment| segment.to_lowercase()).collect();
        match lower.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["config"] => Ok(catalogue::config(options)),
            ["tables"] => catalogue::tables(&self.tables, ask, language),
            ["tables", id] => {
                let table = find(id).ok_or(Refusal::Table)?;
                Ok(Reply::json(200, &catalogue::entry(table, ask, language)))
            }
            ["tables", id, "metadata"] => answer::metadata(find(id).ok_or(Refusal::Table)?, ask, language),
            ["tables", id, "data"] => {
                let table = find(id).ok_or(Refusal::TableOfData)?;
                let format = catalogue::format(ask, options).ok_or(Refusal::OutputFormat)?;
                if ask.body.is_some_and(<[u8]>::is_empty) {
                    return Err(Refusal::NoQuery);
                }
                let axes = Selection::read(ask)?.resolve(table)?;
                if selection::cells(&axes) > options.max_cells || ask.distortion.too_many_cells {
                    return Err(Refusal::TooManyCells);
                }
                if format == "json-stat2" {
                    return Ok(answer::data(table, axes, language, ask.distortion));
                }
                let codes =
                    ask.parameter("outputFormatParams").is_some_and(|text| text.eq_ignore_ascii_case("UseCodes"));
                let mut reply = write::write(table, &axes, format, codes, ask.distortion);
                reply.cells = Some(selection::cells(&axes));
                Ok(reply)
            }
            ["codelists", _] => catalogue::codelist(tables, ask.segments[1], ask, language),
            _ => Ok(Reply::new(404, "text/plain", Vec::new())),
        }
    }
}

/// When the table was updated; a revision comes a day later, what is late was last updated a day before.
fn stamp(table: &Table, distortion: &Distortion) -> String {
    let day = match (distortion.revise, distortion.late) {
        (true, _) => 24.hours(),
        (false, true) => -24.hours(),
        (false, false) => 0.hours(),
    };
    table.updated.checked_add(day).unwrap_or(Timestamp::MAX).to_string()
}

//! `/data`: rows by kpi, municipality and year, two of the three at least, in any order.

#![expect(clippy::cast_precision_loss, reason = "counts of people are far below the limit")]

use std::fmt::Write as _;

use serde_json::json;

use super::catalogue::Kpi;
use super::model::{FIRST_YEAR, LAST_YEAR, Model};
use super::ou::Ou;
use super::unit::{Group, Unit};
use super::{Kolada, Page, SEGMENT, too_many};
use crate::sandbox::fault::Lost;
use crate::sandbox::http::{Ask, Reply};
use crate::sandbox::noise::{mix, part};
use crate::sandbox::population::AGES;
use crate::sandbox::region::Level;

/// A unit or a group, which has rows of its own when no municipality is named.
#[derive(Clone, Copy)]
enum Whose<'a> {
    Unit(&'a Unit),
    Group(&'a Group),
    Ou(&'a Ou),
}

impl Whose<'_> {
    fn id(&self) -> &str {
        match self {
            Self::Unit(unit) => &unit.id,
            Self::Group(group) => group.id,
            Self::Ou(ou) => &ou.id,
        }
    }
}

struct Row<'a> {
    kpi: &'a Kpi,
    whose: Whose<'a>,
    year: u16,
}

pub fn answer(world: &Kolada, ask: &Ask<'_>, segments: &[&str]) -> Reply {
    let mut wanted: [Option<Vec<&str>>; 3] = [const { None }; 3];
    for pair in segments.chunks_exact(2) {
        let name = if pair[0] == "ou" { "municipality" } else { pair[0] };
        let Some(at) = ["kpi", "municipality", "year"].iter().position(|known| *known == name) else {
            return Reply::json(404, &json!({ "detail": "Not Found" }));
        };
        let values: Vec<&str> = pair[1].split(',').collect();
        if values.len() > SEGMENT {
            return too_many();
        }
        wanted[at] = Some(values);
    }
    if wanted.iter().flatten().count() < 2 {
        return Reply::json(400, &json!({ "detail": "two of kpi, municipality and year are needed" }));
    }
    let [kpis, units, years] = &wanted;
    let has = |list: &Option<Vec<&str>>, id: &str| list.as_ref().is_none_or(|list| list.contains(&id));
    let schools = ask.segments.first() == Some(&"oudata");
    let all: Vec<Whose<'_>> = if schools {
        world.ous.iter().map(Whose::Ou).collect()
    } else {
        world.units.iter().map(Whose::Unit).chain(world.groups.iter().map(Whose::Group)).collect()
    };
    let whose: Vec<Whose<'_>> = all.into_iter().filter(|whose| has(units, whose.id())).collect();
    let changed_since = ask.parameter("from_date");
    let last = LAST_YEAR - u16::from(ask.distortion.late);
    let years: Vec<u16> = (FIRST_YEAR..=last).filter(|year| has(years, &year.to_string())).collect();

    let page = Page::of(ask);
    let (mut seen, mut rows) = (0, Vec::new());
    let mut more = false;
    'all: for kpi in world.kpis.iter().filter(|kpi| has(kpis, &kpi.id) && !super::is_removed(ask, &kpi.id)) {
        let model = Model::of(kpi);
        for whose in whose.iter().copied() {
            for year in years.iter().copied() {
                let row = Row { kpi, whose, year };
                if !exists(world, &row, &model) || changed_since.is_some_and(|day| changed(world, &row).as_str() < day)
                {
                    continue;
                }
                if seen >= page.end() {
                    more = true;
                    break 'all;
                }
                if seen >= page.start() {
                    rows.push(row);
                }
                seen += 1;
            }
        }
    }
    distort(&mut rows, ask);
    let mut rows: Vec<String> = rows.iter().map(|row| write(world, row, ask.distortion.revise)).collect();
    if ask.distortion.duplicate_kommun && !rows.is_empty() {
        rows.insert(0, rows[0].clone());
    }
    page.reply(ask, &rows, more)
}

fn distort(rows: &mut Vec<Row<'_>>, ask: &Ask<'_>) {
    if let Some(lost) = &ask.distortion.lost_code {
        let code = match lost {
            Lost::Named(code) => Some(code.clone()),
            Lost::Last => rows.last().map(|row| row.whose.id().to_owned()),
        };
        if let Some(code) = code {
            rows.retain(|row| row.whose.id() != code && row.kpi.id != code);
        }
    }
    if ask.distortion.short_value {
        rows.pop();
    }
}

/// A KPI of kommuner has no rows for regions; before its first year and after its
/// latest there is nothing; and a few rows are simply not there.
fn exists(world: &Kolada, row: &Row<'_>, model: &Model) -> bool {
    let level = match row.whose {
        Whose::Unit(unit) => unit.level != Level::Lan || row.kpi.all_levels,
        Whose::Group(_) => true,
        Whose::Ou(ou) => row.kpi.of_schools && ou.is_school(),
    };
    level
        && (model.first..=row.kpi.latest_year()).contains(&row.year)
        && !(is_kommun(row.whose) && key(world, row, 0).is_multiple_of(400))
}

/// The day on which the row was changed last, within a year before the sandbox's latest update.
fn changed(world: &Kolada, row: &Row<'_>) -> String {
    let hours = i64::try_from(key(world, row, 5) % 365).unwrap_or(0) * 24;
    (world.updated - jiff::SignedDuration::from_hours(hours)).strftime("%Y-%m-%d").to_string()
}

fn is_kommun(whose: Whose<'_>) -> bool {
    matches!(whose, Whose::Unit(unit) if unit.level == Level::Kommun)
}

fn key(world: &Kolada, row: &Row<'_>, what: u64) -> u64 {
    mix(world.seed, &[part(&row.kpi.id), part(row.whose.id()), u64::from(row.year), what])
}

/// What is known about one figure.
enum State {
    Known(f64, usize),
    Unknown,
    Deleted,
}

fn state(world: &Kolada, row: &Row<'_>, model: &Model, gender: char) -> State {
    match row.whose {
        Whose::Unit(unit) if unit.level == Level::Kommun => {
            // Small numbers are left out, of komvux above all, and more so when divided.
            let small = world.people.exact(unit.region, 0, 0, AGES, 0) < 9000;
            let per_thousand = match (small, row.kpi.subject == "Komvux") {
                (true, true) => 120,
                (false, true) => 15,
                _ => 3,
            };
            let hidden = key(world, row, 1) % 1000 < per_thousand
                || gender != 'T' && key(world, row, 2) % 1000 < per_thousand / 2;
            if key(world, row, 3).is_multiple_of(700) {
                State::Deleted
            } else if hidden {
                State::Unknown
            } else {
                State::Known(model.figures(world, row.kpi, unit, row.year).of(gender), 1)
            }
        }
        Whose::Unit(unit) => State::Known(model.figures(world, row.kpi, unit, row.year).of(gender), 1),
        // Small schools are left out, and so are some of those divided.
        Whose::Ou(_) if key(world, row, 1) % 1000 < if gender == 'T' { 80 } else { 200 } => State::Unknown,
        Whose::Ou(ou) => {
            let whole = model.figures(world, row.kpi, &world.units[ou.of], row.year).of(gender);
            let apart = (key(world, row, 6) % 160) as f64 / 10.0 - 8.0;
            State::Known(((whole + apart).clamp(0.0, 100.0) * 10.0).round() / 10.0, 1)
        }
        Whose::Group(group) => {
            let known: Vec<f64> = group
                .members
                .iter()
                .filter_map(|at| {
                    let member = Row { kpi: row.kpi, whose: Whose::Unit(&world.units[*at]), year: row.year };
                    match state(world, &member, model, gender) {
                        State::Known(value, _) if exists(world, &member, model) => Some(value),
                        _ => None,
                    }
                })
                .collect();
            if known.is_empty() {
                return State::Unknown;
            }
            let mean = known.iter().sum::<f64>() / known.len() as f64;
            State::Known((mean * 1e8).round() / 1e8, known.len())
        }
    }
}

fn write(world: &Kolada, row: &Row<'_>, revised: bool) -> String {
    let model = Model::of(row.kpi);
    let genders: &[char] = if row.kpi.by_gender { &['T', 'M', 'K'] } else { &['T'] };
    let mut out = String::with_capacity(160);
    let _ = write!(
        out,
        "{{\"kpi\":\"{}\",\"{}\":\"{}\",\"period\":{},\"values\":[",
        row.kpi.id,
        if matches!(row.whose, Whose::Ou(_)) { "ou" } else { "municipality" },
        row.whose.id(),
        row.year
    );
    for (at, gender) in genders.iter().enumerate() {
        let comma = if at > 0 { "," } else { "" };
        let (count, value, deleted) = match state(world, row, &model, *gender) {
            State::Known(value, count) => {
                let revision = if revised && key(world, row, 4).is_multiple_of(40) { 1.0 } else { 0.0 };
                // A float's own notation always has a decimal point, as Kolada's has.
                (count, format!("{:?}", value + revision), false)
            }
            State::Unknown => (0, "null".to_owned(), false),
            State::Deleted => (0, "null".to_owned(), true),
        };
        let _ = write!(
            out,
            "{comma}{{\"gender\":\"{gender}\",\"count\":{count},\"status\":\"\",\"value\":{value},\"isdeleted\":{deleted}}}"
        );
    }
    out.push_str("]}");
    out
}

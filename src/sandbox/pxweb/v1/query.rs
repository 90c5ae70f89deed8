//! A query in v1's own notation, resolved against the table, and its answer in the
//! format that it asks for.

use serde::Deserialize;

use super::Refusal;
use crate::sandbox::fault::Distortion;
use crate::sandbox::http::Reply;
use crate::sandbox::options::Options;
use crate::sandbox::pxweb::answer;
use crate::sandbox::pxweb::selection::{Axis, cells};
use crate::sandbox::pxweb::table::{CodelistKind, Group, Role, Table};
use crate::sandbox::pxweb::write;

#[derive(Deserialize)]
struct Query {
    #[serde(default)]
    query: Vec<Variable>,
    #[serde(default)]
    response: Response,
}

#[derive(Deserialize)]
struct Variable {
    code: String,
    selection: Selection,
}

#[derive(Deserialize)]
struct Selection {
    filter: String,
    values: Vec<String>,
}

#[derive(Default, Deserialize)]
struct Response {
    format: Option<String>,
}

pub fn answer(
    table: &Table,
    body: &[u8],
    language: &str,
    files: bool,
    distortion: &Distortion,
    options: &Options,
) -> Result<Reply, Refusal> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let query: Query = serde_json::from_slice(body).map_err(|_| Refusal::Parameter)?;
    if query.query.iter().any(|wanted| !table.dimensions.iter().any(|one| one.id == wanted.code)) {
        return Err(Refusal::Parameter);
    }
    let axes = (0..table.dimensions.len()).map(|at| axis(table, at, &query.query)).collect::<Result<Vec<_>, _>>()?;
    if cells(&axes) > options.max_cells || distortion.too_many_cells {
        return Err(Refusal::TooMany);
    }
    // Eliminated ones come last, as the writer expects them.
    let (mut shown, eliminated): (Vec<Axis>, Vec<Axis>) = axes.into_iter().partition(|axis| !axis.eliminated);
    shown.extend(eliminated);
    let format = query.response.format.unwrap_or_else(|| "px".to_owned());
    // The installation of files is an old one.
    let has = |format: &str| match format {
        "json-stat2" => !files,
        "json-stat" | "json" | "px" | "csv" | "csv2" | "csv3" => true,
        _ => false,
    };
    if !has(&format) {
        return Err(Refusal::Parameter);
    }
    let count = cells(&shown);
    let mut reply = if format == "px" || format.starts_with("csv") || format == "json" {
        write::write(table, &shown, &format, format == "csv3", distortion)
    } else {
        let reply = answer::data(table, shown, language, distortion);
        if format == "json-stat" { write::older(reply) } else { reply }
    };
    if format.starts_with("json") {
        // As .NET writes UTF-8 unless told otherwise.
        reply.body.splice(..0, *b"\xef\xbb\xbf");
    }
    reply.cells = Some(count);
    Ok(reply)
}

/// A variable that the query leaves out is eliminated, or taken whole where that can't be.
fn axis(table: &Table, at: usize, query: &[Variable]) -> Result<Axis, Refusal> {
    let dimension = &table.dimensions[at];
    let wrong = Refusal::Variable(dimension.id);
    let mut wanted = query.iter().filter(|wanted| wanted.code == dimension.id);
    let Some(Variable { selection: Selection { filter, values }, .. }) = wanted.next() else {
        let whole = dimension.elimination.and_then(|code| dimension.position(code));
        let mut groups = dimension.groups();
        return Ok(match whole {
            Some(whole) => Axis { dimension: at, groups: vec![groups.swap_remove(whole)], eliminated: true },
            None => Axis { dimension: at, groups, eliminated: false },
        });
    };
    if wanted.next().is_some() {
        return Err(wrong);
    }
    let own = dimension.groups();
    let is_time = dimension.role == Role::Time;
    let groups = match filter.as_str() {
        "item" => explicit(&own, values),
        "all" => Some(own.into_iter().filter(|group| values.iter().any(|value| fits(value, &group.code))).collect()),
        "top" => match values.as_slice() {
            [number] => number.parse::<usize>().ok().filter(|number| *number > 0).map(|number| {
                let skipped = if is_time { own.len().saturating_sub(number) } else { 0 };
                own.into_iter().skip(skipped).take(number).collect()
            }),
            _ => None,
        },
        list => {
            let (kind, id) = list.split_once(':').ok_or(wrong)?;
            let (prefix, wanted) = match kind {
                "vs" => ("vs_", CodelistKind::Valueset),
                "agg" | "agg_single" | "agg_all" => ("agg_", CodelistKind::Aggregation),
                _ => return Err(wrong),
            };
            let known = dimension.codelists.iter().find(|one| one.kind == wanted && one.id == format!("{prefix}{id}"));
            known.and_then(|list| explicit(&list.groups, values))
        }
    };
    let groups: Vec<Group> = groups.ok_or(wrong)?;
    if groups.is_empty() {
        return Err(wrong);
    }
    Ok(Axis { dimension: at, groups, eliminated: false })
}

/// The named groups in the list's order; nothing where one is unknown or named twice.
fn explicit(groups: &[Group], values: &[String]) -> Option<Vec<Group>> {
    let mut marks = vec![false; groups.len()];
    for value in values {
        let place = groups.iter().position(|group| group.code == *value)?;
        if std::mem::replace(&mut marks[place], true) {
            return None;
        }
    }
    Some(groups.iter().zip(marks).filter(|(_, marked)| *marked).map(|(group, _)| group.clone()).collect())
}

/// A star leads or trails.
fn fits(pattern: &str, code: &str) -> bool {
    let (code, pattern) = (code.to_lowercase(), pattern.to_lowercase());
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(""), _) => true,
        (Some(rest), _) => match rest.strip_suffix('*') {
            Some(middle) => code.contains(middle),
            None => code.ends_with(rest),
        },
        (None, Some(start)) => code.starts_with(start),
        (None, None) => code == pattern,
    }
}

//! Writes a table, or a cut of it, as JSON-stat 2.0 the way the real server does.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::problem::Refusal;
use super::selection::{Axis, cells, place};
use super::table::{CodelistKind, Dimension, Group, Role, Table};
use super::values;
use crate::sandbox::fault::{Distortion, Lost};
use crate::sandbox::http::{Ask, Reply};

/// Everything but the values: a dataset with all codes and an empty value array.
pub fn metadata(table: &Table, ask: &Ask<'_>, language: &str) -> Result<Reply, Refusal> {
    let mut lists = vec![None; table.dimensions.len()];
    for (variable, id) in ask.bracketed("codelist") {
        let at = place(table, variable).ok_or(Refusal::Variable)?;
        lists[at] = Some(table.dimensions[at].codelist(id).ok_or(Refusal::Codelist)?);
    }
    let mut dimensions = Map::new();
    let mut size = Vec::new();
    for (dimension, list) in table.dimensions.iter().zip(lists) {
        let groups = list.map_or_else(|| dimension.groups(), |list| list.groups.clone());
        let own = dimension.elimination.filter(|_| list.is_none());
        let mut extension = Map::new();
        extension.insert("elimination".to_owned(), json!(own.is_some()));
        describe(dimension, &groups, &mut extension);
        let lists: Vec<Value> = dimension
            .codelists
            .iter()
            .map(|list| {
                let href = format!("{}/pxweb/api/v2/codeLists/{}?lang={language}", ask.origin, list.id);
                let link = json!({ "rel": "metadata", "hreflang": language, "href": href });
                json!({ "id": list.id, "label": list.label, "type": kind(list.kind), "links": [link] })
            })
            .collect();
        extension.insert("codelists".to_owned(), Value::Array(lists));
        size.push(groups.len());
        dimensions.insert(dimension.id.to_owned(), category(dimension, &groups, &extension, false));
    }
    let (first, last) = table.span();
    let ids: Vec<&str> = table.dimensions.iter().map(|dimension| dimension.id).collect();
    let span = match table.time_unit {
        "Annual" | "Monthly" => "År",
        _ => "Kvartal",
    };
    let label = format!("{}.  {span} {first}-{last}{}", table.label(false), super::MARK);
    let mut document = head(table, &label, &ids, &size, &dimensions, language, ask.distortion);
    document.insert("value".to_owned(), json!([]));
    Ok(Reply::json(200, &Value::Object(document)))
}

/// The chosen cells.
pub fn data(table: &Table, mut axes: Vec<Axis>, language: &str, distortion: &Distortion) -> Reply {
    let mut twice = false;
    if let Some(lost) = &distortion.lost_code {
        lose(&mut axes, lost);
    }
    if distortion.duplicate_kommun
        && let Some(axis) = axes.iter_mut().find(|axis| !axis.eliminated)
    {
        axis.groups.insert(0, axis.groups[0].clone());
        twice = true;
    }
    let shown: Vec<&Axis> = axes.iter().filter(|axis| !axis.eliminated).collect();
    let mut dimensions = Map::new();
    for (at, axis) in shown.iter().enumerate() {
        let dimension = &table.dimensions[axis.dimension];
        let whole = dimension.elimination.filter(|code| axis.groups.iter().any(|group| group.code == *code));
        let mut extension = Map::new();
        extension.insert("elimination".to_owned(), json!(whole.is_some()));
        if let Some(code) = whole {
            extension.insert("eliminationValueCode".to_owned(), json!(code));
        }
        describe(dimension, &axis.groups, &mut extension);
        // A code that stands twice cannot be a key of an object.
        let listed = twice && at == 0;
        dimensions.insert(dimension.id.to_owned(), category(dimension, &axis.groups, &extension, listed));
    }
    let ids: Vec<&str> = shown.iter().map(|axis| table.dimensions[axis.dimension].id).collect();
    let size: Vec<usize> = shown.iter().map(|axis| axis.groups.len()).collect();
    let label = format!("{}{}", table.label(true), super::MARK);
    let head = head(table, &label, &ids, &size, &dimensions, language, distortion);

    let mut body = Value::Object(head).to_string();
    body.pop();
    body.push_str(",\"value\":[");
    let mut status = String::new();
    values::write(table, &axes, distortion, &mut body, &mut status);
    body.push(']');
    if !status.is_empty() {
        let _ = write!(body, ",\"status\":{{{status}}}");
    }
    body.push('}');
    let mut reply = Reply::new(200, "application/json; charset=utf-8", body);
    reply.cells = Some(cells(&axes));
    reply
}

/// Takes a code and its cells away: the named one, or the last of the first dimension with several.
fn lose(axes: &mut [Axis], lost: &Lost) {
    for axis in axes.iter_mut().filter(|axis| !axis.eliminated && axis.groups.len() > 1) {
        match lost {
            Lost::Named(code) if axis.groups.iter().any(|group| group.code == *code) => {
                axis.groups.retain(|group| group.code != *code);
                return;
            }
            Lost::Named(_) => {}
            Lost::Last => {
                axis.groups.pop();
                return;
            }
        }
    }
}

fn head(
    table: &Table,
    label: &str,
    ids: &[&str],
    size: &[usize],
    dimensions: &Map<String, Value>,
    language: &str,
    distortion: &Distortion,
) -> Map<String, Value> {
    let with_role = |role| -> Vec<&str> {
        table
            .dimensions
            .iter()
            .filter(|dimension| dimension.role == role && ids.contains(&dimension.id))
            .map(|dimension| dimension.id)
            .collect()
    };
    let metric = |id: &str| table.dimensions.iter().any(|one| one.id == id && one.role != Role::Class);
    let (heading, stub): (Vec<&str>, Vec<&str>) = ids.iter().copied().partition(|id| metric(id));
    let mandatory: Map<String, Value> = (0..table.notes.len()).map(|at| (at.to_string(), json!(true))).collect();
    let decimals = table.dimensions.iter().flat_map(|one| &one.contents).map(|content| content.decimals).max();
    let mut document = json!({
        "version": "2.0",
        "class": "dataset",
        "label": label,
        "source": super::SOURCE,
        "updated": super::stamp(table, distortion),
        "note": table.notes,
        "role": { "time": with_role(Role::Time), "metric": with_role(Role::Metric) },
        "id": ids,
        "size": size,
        "dimension": dimensions,
        "extension": {
            "noteMandatory": mandatory,
            "px": {
                "infofile": table.subject.code,
                "tableid": table.id,
                "decimals": decimals.unwrap_or(0),
                "official-statistics": false,
                "aggregallowed": table.aggregable,
                "copyright": false,
                "language": language,
                "contents": table.about,
                "descriptiondefault": false,
                "heading": heading,
                "stub": stub,
                "matrix": table.id,
                "subject-code": &table.subject.code[..2],
                "subject-area": table.subject.area,
            },
            "discontinued": table.discontinued.then_some(true),
            "contact": [],
        },
    });
    if let Some(next) = table.next_update {
        document["extension"]["px"]["nextUpdate"] = json!(next.to_string());
    }
    match document {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// The parts of a dimension's extension that metadata and data share.
fn describe(dimension: &Dimension, groups: &[Group], extension: &mut Map<String, Value>) {
    extension.insert("show".to_owned(), json!(dimension.show));
    if dimension.role == Role::Metric {
        let each = |text: &dyn Fn(&Group) -> Value| -> Value {
            groups.iter().map(|group| (group.code.clone(), text(group))).collect::<Map<_, _>>().into()
        };
        let content = |group: &Group| &dimension.contents[group.members[0]];
        extension.insert("refperiod".to_owned(), each(&|group| json!(content(group).reference_period)));
        extension.insert("measuringType".to_owned(), each(&|group| json!(content(group).measuring)));
        extension.insert("priceType".to_owned(), each(&|_| json!("NotApplicable")));
        extension.insert("adjustment".to_owned(), each(&|_| json!("None")));
        extension.insert("alternativeText".to_owned(), each(&|group| json!(group.label)));
    }
}

fn category(dimension: &Dimension, groups: &[Group], extension: &Map<String, Value>, listed: bool) -> Value {
    let index: Value = if listed {
        groups.iter().map(|group| json!(group.code)).collect()
    } else {
        groups.iter().enumerate().map(|(at, group)| (group.code.clone(), json!(at))).collect::<Map<_, _>>().into()
    };
    let label: Map<String, Value> = groups.iter().map(|group| (group.code.clone(), json!(group.label))).collect();
    let mut category = json!({ "index": index, "label": label });
    if dimension.role == Role::Metric {
        let unit = |group: &Group| {
            let content = &dimension.contents[group.members[0]];
            (group.code.clone(), json!({ "base": content.unit, "decimals": content.decimals }))
        };
        category["unit"] = groups.iter().map(unit).collect::<Map<_, _>>().into();
    }
    json!({ "label": dimension.label, "category": category, "extension": extension })
}

pub const fn kind(kind: CodelistKind) -> &'static str {
    match kind {
        CodelistKind::Valueset => "Valueset",
        CodelistKind::Aggregation => "Aggregation",
    }
}

//! What v1 says of itself: limits, folders, and a table's variables.

use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::Refusal;
use crate::sandbox::fault::Distortion;
use crate::sandbox::http::Reply;
use crate::sandbox::options::Options;
use crate::sandbox::pxweb::table::{Role, Table};
use crate::sandbox::pxweb::{MARK, stamp};

pub fn config(options: &Options, max_values: usize) -> Reply {
    let (calls, window) = (options.calls, options.window.as_secs());
    Reply::json(
        200,
        &json!({ "maxValues": max_values, "maxCells": options.max_cells, "maxCalls": calls, "timeWindow": window, "CORS": true }),
    )
}

/// Where a table is: its folders and its own name, which is not that of v2.
pub fn path(table: &Table, files: bool) -> Vec<&'static str> {
    let (subject, name) = (table.subject.code, name(table.id));
    if files {
        return vec![table.subject.area, file(table.id)];
    }
    vec![&subject[..2], subject, name]
}

fn name(id: &'static str) -> &'static str {
    match id {
        "TAB6471" => "BefolkManadCKM",
        "TAB9001" => "ArbetslosaAr",
        "TAB9002" => "MatchUtbildning",
        other => other,
    }
}

fn file(id: &'static str) -> &'static str {
    match id {
        "TAB6471" => "folkmangd_manad_20261120_080000.px",
        "TAB9001" => "arbetslosa_lan_20261120_080000.px",
        "TAB9002" => "matchning_20261120_080000.px",
        other => other,
    }
}

/// What is directly below these folders.
pub fn folder(tables: &[Table], folders: &[&str], files: bool, distortion: &Distortion) -> Result<Reply, Refusal> {
    let mut nodes: Vec<Value> = Vec::new();
    for table in tables {
        let path = path(table, files);
        let Some(rest) = path.strip_prefix(folders) else { continue };
        let node = match rest {
            [] => continue,
            // A lost table is gone from its folder too.
            [_] if distortion.lost_table => continue,
            [name] => {
                let (first, last) = table.span();
                let text = format!("{}.  År {first} - {last}{MARK}", table.label(false));
                let mut node = json!({ "id": name, "type": "t", "text": text });
                if !files {
                    node["updated"] = json!(local(table, distortion));
                }
                node
            }
            [folder, ..] => {
                let text = if folders.is_empty() { table.subject.area } else { table.subject.folder };
                json!({ "id": folder, "type": "l", "text": text })
            }
        };
        if !nodes.iter().any(|known| known["id"] == node["id"]) {
            nodes.push(node);
        }
    }
    if nodes.is_empty() && !folders.is_empty() {
        return Err(Refusal::NotFound);
    }
    Ok(Reply::json(200, &Value::Array(nodes)))
}

/// In Swedish time and without a zone, as SCB's listing has it.
pub fn local(table: &Table, distortion: &Distortion) -> String {
    let stamp = stamp(table, distortion);
    let zone = TimeZone::get("Europe/Stockholm").unwrap_or(TimeZone::UTC);
    let local = stamp.parse::<jiff::Timestamp>().map(|stamp| stamp.to_zoned(zone).datetime().to_string());
    local.unwrap_or(stamp)
}

pub fn metadata(table: &Table, max_values: usize) -> Reply {
    let variables: Vec<Value> = table
        .dimensions
        .iter()
        .map(|dimension| {
            let mut variable = Map::new();
            variable.insert("code".to_owned(), json!(dimension.id));
            variable.insert("text".to_owned(), json!(dimension.label));
            let listed = dimension.categories.len() <= max_values;
            let codes = || dimension.categories.iter().map(|category| json!(category.code)).collect::<Vec<_>>();
            let labels = || dimension.categories.iter().map(|category| json!(category.label)).collect::<Vec<_>>();
            variable.insert("values".to_owned(), if listed { codes().into() } else { Value::Null });
            variable.insert("valueTexts".to_owned(), if listed { labels().into() } else { Value::Null });
            // What is false is left out.
            if dimension.elimination.is_some() {
                variable.insert("elimination".to_owned(), json!(true));
            }
            if dimension.role == Role::Time {
                variable.insert("time".to_owned(), json!(true));
            }
            Value::Object(variable)
        })
        .collect();
    Reply::json(200, &json!({ "title": format!("{}{MARK}", table.label(true)), "variables": variables }))
}

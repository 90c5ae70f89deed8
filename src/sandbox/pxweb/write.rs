//! The formats besides JSON-stat 2.0: JSON-stat 1, PxWeb's JSON of rows, and with
//! the texts of `text.rs` PX and the three kinds of CSV.

use serde_json::{Map, Value, json};

use super::text;
use crate::sandbox::fault::Distortion;
use crate::sandbox::http::Reply;
use crate::sandbox::pxweb::selection::Axis;
use crate::sandbox::pxweb::table::{Group, Role, Table};
use crate::sandbox::pxweb::{SOURCE, stamp, values};

/// A cut of a table, its cells as texts.
pub struct Cut<'a> {
    pub table: &'a Table,
    pub axes: Vec<&'a Axis>,
    pub cells: Vec<Cell>,
    pub updated: String,
}

pub struct Cell {
    /// None where there is only a symbol.
    pub value: Option<String>,
    pub symbol: Option<String>,
}

impl Cell {
    /// The number, or the symbol in its place.
    pub fn text(&self) -> &str {
        self.value.as_deref().or(self.symbol.as_deref()).unwrap_or("..")
    }
}

impl Cut<'_> {
    pub fn groups(&self, axis: usize) -> &[Group] {
        &self.axes[axis].groups
    }

    pub fn id(&self, axis: usize) -> &'static str {
        self.table.dimensions[self.axes[axis].dimension].id
    }

    pub fn label(&self, axis: usize) -> &'static str {
        self.table.dimensions[self.axes[axis].dimension].label
    }

    pub fn role(&self, axis: usize) -> Role {
        self.table.dimensions[self.axes[axis].dimension].role
    }

    /// The place on every axis of a cell by its number.
    pub fn places(&self, mut flat: usize) -> Vec<usize> {
        let mut places: Vec<usize> = self
            .axes
            .iter()
            .rev()
            .map(|axis| {
                let place = flat % axis.groups.len();
                flat /= axis.groups.len();
                place
            })
            .collect();
        places.reverse();
        places
    }

    /// Axes before the first of contents or time are the stub.
    pub fn stub(&self) -> usize {
        (0..self.axes.len()).position(|axis| self.role(axis) != Role::Class).unwrap_or(self.axes.len())
    }
}

/// `codes` says whether CSV has codes or labels.
pub fn write(table: &Table, axes: &[Axis], format: &str, codes: bool, distortion: &Distortion) -> Reply {
    let (mut numbers, mut symbols) = (String::from("["), String::new());
    values::write(table, axes, distortion, &mut numbers, &mut symbols);
    numbers.push(']');
    let numbers: Vec<Value> = serde_json::from_str(&numbers).unwrap_or_default();
    let symbols: Map<String, Value> = serde_json::from_str(&format!("{{{symbols}}}")).unwrap_or_default();
    let cells = numbers
        .iter()
        .enumerate()
        .map(|(at, number)| Cell {
            value: number.is_number().then(|| number.to_string()),
            symbol: symbols.get(&at.to_string()).and_then(Value::as_str).map(str::to_owned),
        })
        .collect();
    let axes = axes.iter().filter(|axis| !axis.eliminated).collect();
    let cut = Cut { table, axes, cells, updated: stamp(table, distortion) };
    match format {
        "px" => text::px(&cut),
        "json" => rows(&cut),
        csv => text::csv(&cut, csv, codes),
    }
}

/// Rows of codes and texts, the contents side by side.
fn rows(cut: &Cut<'_>) -> Reply {
    let metric = (0..cut.axes.len()).find(|axis| cut.role(*axis) == Role::Metric);
    let column = |axis: usize| {
        let kind = if cut.role(axis) == Role::Time { "t" } else { "d" };
        json!({ "code": cut.id(axis), "text": cut.label(axis), "type": kind })
    };
    let mut columns: Vec<Value> = (0..cut.axes.len()).filter(|axis| Some(*axis) != metric).map(column).collect();
    let contents: &[Group] = metric.map_or(&[], |metric| cut.groups(metric));
    columns.extend(contents.iter().map(|group| json!({ "code": group.code, "text": group.label, "type": "c" })));
    let mut data: Vec<Value> = Vec::new();
    let mut known: std::collections::HashMap<Vec<usize>, usize> = std::collections::HashMap::new();
    for (flat, cell) in cut.cells.iter().enumerate() {
        let mut places = cut.places(flat);
        if let Some(metric) = metric {
            places[metric] = 0;
        }
        let at = *known.entry(places.clone()).or_insert_with(|| {
            let key: Vec<&str> = (0..places.len())
                .filter(|axis| Some(*axis) != metric)
                .map(|axis| cut.groups(axis)[places[axis]].code.as_str())
                .collect();
            data.push(json!({ "key": key, "values": [] }));
            data.len() - 1
        });
        if let Some(values) = data[at]["values"].as_array_mut() {
            values.push(json!(cell.text()));
        }
    }
    let about = json!([{ "infofile": cut.table.subject.code, "updated": cut.updated, "label": cut.table.label(true), "source": SOURCE }]);
    Reply::json(200, &json!({ "columns": columns, "comments": [], "data": data, "metadata": about }))
}

/// JSON-stat 2 as version 1 writes it: wrapped, with `id`, `size` and `role` inside `dimension`.
pub fn older(reply: Reply) -> Reply {
    let Ok(Value::Object(mut cube)) = serde_json::from_slice(&reply.body) else { return reply };
    for gone in ["version", "class", "note"] {
        cube.shift_remove(gone);
    }
    let moved: Vec<(&str, Option<Value>)> =
        ["id", "size", "role"].into_iter().map(|name| (name, cube.shift_remove(name))).collect();
    if let Some(Value::Object(dimension)) = cube.get_mut("dimension") {
        for (name, value) in moved {
            dimension.insert(name.to_owned(), value.unwrap_or_default());
        }
    }
    Reply::json(200, &json!({ "dataset": cube }))
}

/// Cells of a cut, for a writer that counts its rows.
pub fn width(axes: &[&Axis]) -> usize {
    axes.iter().map(|axis| axis.groups.len()).product()
}

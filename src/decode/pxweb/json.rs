//! PxWeb v1's own JSON (`format` `json`): rows of codes and of values as text, with
//! the symbols among them. Recorded at SCB; it holds no labels, units or decimals.

use arrow::record_batch::RecordBatch;
use serde::Deserialize;

use super::target::Target;
use crate::decode::json::{begins, fault, without_mark};
use crate::decode::json_stat::CubeMeta;
use crate::decode::{DecodeError, Layout};

const EXPECTED: &str = "PxWeb's JSON of rows";

#[derive(Deserialize)]
struct Document {
    columns: Vec<Column>,
    data: Vec<Row>,
}

#[derive(Deserialize)]
struct Column {
    code: String,
    /// d for a dimension, t for the time, c for a content.
    #[serde(rename = "type", default)]
    kind: String,
}

#[derive(Deserialize)]
struct Row {
    key: Vec<String>,
    values: Vec<String>,
}

/// The answer as a batch of `layout.schema()`.
///
/// # Errors
/// As [`super::csv`].
pub fn json(body: &[u8], layout: &Layout, meta: &CubeMeta) -> Result<RecordBatch, DecodeError> {
    let text = without_mark(body);
    if text.trim_ascii_start().first() != Some(&b'{') {
        return Err(DecodeError::NotTheFormat { expected: EXPECTED, begins: begins(text) });
    }
    let document: Document = serde_json::from_slice(text).map_err(|error| fault(&error, text, 0))?;
    let mut target = Target::new(layout, meta)?;
    let metric = target.axes.iter().position(|axis| Some(&axis.id) == layout.metric.as_ref());
    let (contents, keys): (Vec<&Column>, Vec<&Column>) = document.columns.iter().partition(|one| one.kind == "c");
    let keys = keys
        .into_iter()
        .map(|column| {
            let place = target.axes.iter().position(|axis| axis.id == column.code);
            place
                .filter(|place| Some(*place) != metric)
                .ok_or_else(|| DecodeError::DimensionUnasked(column.code.clone()))
        })
        .collect::<Result<Vec<usize>, _>>()?;
    if let Some(lost) = (0..target.axes.len()).find(|axis| !keys.contains(axis) && Some(*axis) != metric) {
        return Err(DecodeError::DimensionLost(target.axes[lost].id.clone()));
    }
    let contents = match metric {
        Some(metric) => contents
            .into_iter()
            .map(|column| {
                let axis = &target.axes[metric];
                axis.codes
                    .iter()
                    .position(|code| *code == column.code)
                    .ok_or_else(|| DecodeError::CodeUnasked { dimension: axis.id.clone(), code: column.code.clone() })
            })
            .collect::<Result<Vec<usize>, _>>()?,
        None if contents.len() == 1 => vec![0],
        None => {
            return Err(DecodeError::Shape(format!("{} columns of contents, where one was expected", contents.len())));
        }
    };
    let mut places = vec![0; target.axes.len()];
    for (row, Row { key, values }) in (1..).zip(&document.data) {
        if key.len() != keys.len() || values.len() != contents.len() {
            let (codes, cells) = (key.len(), values.len());
            return Err(DecodeError::Shape(format!(
                "row {row} has {codes} codes and {cells} values, the columns say {} and {}",
                keys.len(),
                contents.len()
            )));
        }
        for (code, axis) in key.iter().zip(&keys) {
            let of = &target.axes[*axis];
            places[*axis] = of
                .codes
                .iter()
                .position(|one| one == code)
                .ok_or_else(|| DecodeError::CodeUnasked { dimension: of.id.clone(), code: code.clone() })?;
        }
        for (value, content) in values.iter().zip(&contents) {
            if let Some(metric) = metric {
                places[metric] = *content;
            }
            target.put(&places, value, row)?;
        }
    }
    target.batch()
}

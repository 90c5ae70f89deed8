//! Data calls: what is asked, and the answer in whichever format the installation
//! has, as the rows of the configuration's own codes.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray, StringArray};
use arrow::datatypes::{Int32Type, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use serde::Serialize;

use super::super::pxweb::query::{Part, Query};
use super::table::Dialect;
use crate::config::SourceKind;
use crate::decode::json_stat::{self, CubeMeta, older};
use crate::decode::{DecodeError, Dimension, Layout, px, pxweb};
use crate::fetch::Expect;

/// A response format, by the server's own name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    JsonStat2,
    JsonStat,
    Px,
    Csv(&'static str),
    Json,
}

impl Format {
    pub fn of(name: &str) -> Option<Self> {
        Some(match name {
            "json-stat2" => Self::JsonStat2,
            "json-stat" => Self::JsonStat,
            "px" => Self::Px,
            "csv3" => Self::Csv("csv3"),
            "csv2" => Self::Csv("csv2"),
            "csv" => Self::Csv("csv"),
            "json" => Self::Json,
            _ => return None,
        })
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::JsonStat2 => "json-stat2",
            Self::JsonStat => "json-stat",
            Self::Px => "px",
            Self::Csv(name) => name,
            Self::Json => "json",
        }
    }

    pub const fn expect(self) -> Expect {
        match self {
            Self::JsonStat2 | Self::JsonStat | Self::Json => Expect::Json,
            Self::Px | Self::Csv(_) => Expect::Any,
        }
    }

    /// Whether an answer tells units and decimals.
    pub const fn describes(self) -> bool {
        matches!(self, Self::JsonStat2 | Self::JsonStat | Self::Px)
    }

    /// What an answer says of its table.
    pub fn metadata(self, body: &[u8]) -> Result<CubeMeta, DecodeError> {
        match self {
            Self::JsonStat => json_stat::metadata(&older::dataset(body, None)?),
            Self::Px => px::metadata(body, None),
            _ => json_stat::metadata(body),
        }
    }

    /// The rows of a call for one box, as `query` lays them out.
    pub fn decode(
        self,
        body: &[u8],
        query: &Layout,
        dialect: &Dialect,
        kind: SourceKind,
    ) -> Result<RecordBatch, DecodeError> {
        let layout = theirs(query, dialect);
        let batch = match self {
            Self::JsonStat2 => json_stat::decode(body, &layout),
            Self::JsonStat => json_stat::decode(&older::dataset(body, None)?, &layout),
            Self::Px => px::decode_as(body, &layout, &dialect.names()),
            Self::Csv(_) => pxweb::csv(body, &layout, &dialect.own),
            Self::Json => pxweb::json(body, &layout, &dialect.own),
        };
        let batch = batch.map_err(|error| match error {
            // Where the configuration says what its symbols mean.
            DecodeError::Contradiction { cell, value, symbol, status, .. } => {
                DecodeError::Contradiction { cell, value, symbol, status, kind }
            }
            error => error,
        })?;
        ours(&batch, query, dialect)
    }
}

/// The body of a data call. The fields' order is part of a call's identity.
#[derive(Serialize)]
struct Body<'a> {
    query: Vec<Asked<'a>>,
    response: Response,
}

#[derive(Serialize)]
struct Asked<'a> {
    code: &'a str,
    selection: Selection<'a>,
}

#[derive(Serialize)]
struct Selection<'a> {
    filter: &'a str,
    values: Vec<&'a str>,
}

#[derive(Serialize)]
struct Response {
    format: &'static str,
}

/// Asks for explicit codes of every dimension that is not left out.
pub fn body(query: &Query, ranges: &[Range<usize>], dialect: &Dialect, format: Format) -> String {
    let parts = query.parts(ranges).map(|Part { id, codes, codelist, .. }| Asked {
        code: id,
        selection: Selection {
            filter: codelist.unwrap_or("item"),
            values: codes.iter().map(|code| dialect.asked(id, code)).collect(),
        },
    });
    let fixed = dialect
        .fixed
        .iter()
        .map(|(id, code)| Asked { code: id, selection: Selection { filter: "item", values: vec![code.as_str()] } });
    let body = Body { query: parts.chain(fixed).collect(), response: Response { format: format.name() } };
    serde_json::to_string(&body).expect("text in lists always serialises")
}

/// The layout in the server's codes, with the dimensions that are there only to be left out.
fn theirs(layout: &Layout, dialect: &Dialect) -> Layout {
    let mut layout = layout.clone();
    for dimension in &mut layout.dimensions {
        if dialect.codes.contains_key(&dimension.id) {
            let id = dimension.id.clone();
            for code in &mut dimension.codes {
                *code = dialect.asked(&id, code).to_owned();
            }
        }
    }
    for (place, (id, code)) in dialect.fixed.iter().enumerate() {
        layout.dimensions.push(Dimension {
            id: id.clone(),
            column: format!("\u{0}{place}"),
            codes: vec![code.clone()],
        });
    }
    layout
}

/// Back to our codes, without what was there only to be left out.
fn ours(batch: &RecordBatch, layout: &Layout, dialect: &Dialect) -> Result<RecordBatch, DecodeError> {
    let schema: SchemaRef = layout.schema();
    let columns = schema
        .fields()
        .iter()
        .map(|field| {
            let column = batch
                .column_by_name(field.name())
                .ok_or_else(|| DecodeError::Shape(format!("the answer lacks column {:?}", field.name())))?;
            let dimension = layout.dimensions.iter().find(|one| one.column == *field.name());
            match dimension.and_then(|one| dialect.codes.get(&one.id)) {
                Some(codes) => renamed(column, codes),
                None => Ok(column.clone()),
            }
        })
        .collect::<Result<Vec<ArrayRef>, DecodeError>>()?;
    let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(schema, columns, &rows)?)
}

fn renamed(column: &ArrayRef, codes: &HashMap<String, String>) -> Result<ArrayRef, DecodeError> {
    let back: HashMap<&str, &str> = codes.iter().map(|(ours, theirs)| (theirs.as_str(), ours.as_str())).collect();
    let column: &DictionaryArray<Int32Type> = column.as_dictionary();
    let values = column.values().as_string::<i32>();
    let values = StringArray::from_iter_values((0..values.len()).map(|at| {
        let code = values.value(at);
        back.get(code).copied().unwrap_or(code)
    }));
    Ok(Arc::new(DictionaryArray::try_new(column.keys().clone(), Arc::new(values))?))
}

//! What every decoder produces: record batches of code columns and values, a
//! status and a symbol per value, and the labels apart in a code table.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use crate::codes::{self, Code};
use crate::config::{SourceKind, ValueType};
use crate::contract::Status;

/// How a cube becomes a table: which dimension is which column, which content is which measure.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    pub dimensions: Vec<Dimension>,
    /// The dimension whose categories are the measures (`ContentsCode`), if there is one.
    pub metric: Option<String>,
    pub measures: Vec<Measure>,
    /// The source's symbols and what they mean.
    pub symbols: BTreeMap<String, Status>,
}

#[derive(Clone, Debug)]
pub struct Dimension {
    /// As the source names it.
    pub id: String,
    pub column: String,
    /// The codes that were asked for, in order: an answer with other codes is an error.
    pub codes: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct Measure {
    /// The source's code (a ContentsCode); empty in a table without a metric dimension.
    pub code: String,
    pub column: String,
    /// `Int64` or `Float64`.
    pub kind: ValueType,
    pub decimals: Option<u8>,
    pub unit: Option<String>,
}

/// One label: a row of the SQL table `NAME_koder`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeRow {
    pub kolumn: String,
    pub kod: String,
    pub text: String,
    pub ordning: i32,
}

impl Layout {
    /// The schema of every batch made with this layout: a dictionary column per dimension,
    /// then for each measure its value, `<name>_status` and `<name>_symbol`.
    pub fn schema(&self) -> SchemaRef {
        let codes = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        let flags = DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::Utf8));
        let mut fields: Vec<Field> =
            self.dimensions.iter().map(|dimension| Field::new(&dimension.column, codes.clone(), false)).collect();
        for measure in &self.measures {
            let kind = match measure.kind {
                ValueType::Int64 => DataType::Int64,
                ValueType::Float64 => DataType::Float64,
                ValueType::Text => DataType::Utf8,
            };
            fields.push(Field::new(&measure.column, kind, true));
            fields.push(Field::new(format!("{}_status", measure.column), flags.clone(), false));
            fields.push(Field::new(format!("{}_symbol", measure.column), flags.clone(), true));
        }
        Arc::new(Schema::new(fields))
    }
}

/// What can be wrong with a body. The caller adds pipeline, source and URL.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    #[error("the body is not {expected}: it begins with {begins:?}")]
    NotTheFormat { expected: &'static str, begins: String },
    #[error("the body is cut off or broken at byte {offset}: {reason}")]
    Broken { offset: u64, reason: String },
    #[error("{keyword} at byte {offset}: {reason}")]
    Keyword { keyword: String, offset: u64, reason: String },
    #[error("the cube is {size:?} = {cells} cells, but `value` holds {values}")]
    ValueCount { size: Vec<u64>, cells: u64, values: u64 },
    #[error("the cube is {size:?} = {cells} cells, but `status` holds {values}")]
    StatusCount { size: Vec<u64>, cells: u64, values: u64 },
    #[error("dimension {dimension:?} has no code {code:?}, which was asked for")]
    CodeLost { dimension: String, code: String },
    #[error("dimension {dimension:?} answers code {code:?}, which was not asked for")]
    CodeUnasked { dimension: String, code: String },
    #[error("dimension {0:?}, which was asked for, is not in the answer")]
    DimensionLost(String),
    #[error("dimension {0:?} is in the answer but was not asked for")]
    DimensionUnasked(String),
    #[error("the value at {cell} is {value}, {why}")]
    Value { cell: String, value: String, why: &'static str },
    #[error("row {row}: column {column:?} is {value:?}, {why}")]
    Cell { row: u64, column: String, value: String, why: &'static str },
    #[error("no record has {column:?}{}", .nearest.as_ref().map(|name| format!("; the nearest is {name:?}")).unwrap_or_default())]
    ColumnLost { column: String, nearest: Option<String> },
    #[error("{place}: column {column:?} is {value:?}, {why}")]
    Place { place: String, column: String, value: String, why: &'static str },
    #[error(
        "there is no column {column:?}{}; the header has {there}",
        .nearest.as_ref().map(|name| format!("; the nearest is {name:?}")).unwrap_or_default()
    )]
    HeaderLost { column: String, nearest: Option<String>, there: String },
    #[error("at {cell} the source gives both the value {value} and {symbol:?}, which means {status}")]
    Contradiction {
        cell: String,
        value: String,
        symbol: String,
        status: Status,
        /// Of source: where the configuration says what its symbols mean.
        kind: SourceKind,
    },
    #[error("{0}")]
    Shape(String),
    #[error(transparent)]
    Arrow(#[from] arrow::error::ArrowError),
}

impl DecodeError {
    pub const fn code(&self) -> Code {
        match self {
            Self::NotTheFormat { .. } | Self::Broken { .. } | Self::Keyword { .. } | Self::Arrow(_) => {
                codes::BROKEN_ANSWER
            }
            Self::ValueCount { .. }
            | Self::StatusCount { .. }
            | Self::CodeLost { .. }
            | Self::CodeUnasked { .. }
            | Self::DimensionUnasked(_)
            | Self::Shape(_) => codes::INCONSISTENT_ANSWER,
            Self::DimensionLost(_) | Self::ColumnLost { .. } | Self::HeaderLost { .. } => codes::COLUMN_LOST,
            Self::Value { .. } | Self::Cell { .. } | Self::Place { .. } | Self::Contradiction { .. } => {
                codes::UNREADABLE_VALUE
            }
        }
    }
}

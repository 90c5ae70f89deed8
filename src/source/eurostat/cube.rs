//! One part of a dataset, as JSON-stat: its own codes held against those that
//! were asked for, and its cells without those that do not exist.

use std::collections::BTreeMap;

use arrow::compute::{filter_record_batch, is_not_null, or};
use arrow::record_batch::RecordBatch;
use serde_json::Value;

use super::super::SourceError;
use super::query::{Piece, Query};
use super::{column, measure};
use crate::config::{EurostatFetch, SourceKind};
use crate::contract::Status;
use crate::decode::json_stat::{self, CubeMeta};
use crate::decode::{DecodeError, Dimension, Layout};
use crate::fetch::Answer;

pub enum Part {
    Rows(Box<Cube>),
    /// No cell at all, in one of the ways in which Eurostat says so.
    Empty,
    /// Said under 200: less has to be asked for.
    TooLarge(SourceError),
}

pub struct Cube {
    pub batch: RecordBatch,
    pub updated: Option<String>,
    /// Of each dimension, code and label.
    pub labels: Vec<(String, Vec<(String, String)>)>,
}

pub fn decode(
    answer: &Answer,
    fetch: &EurostatFetch,
    query: &Query,
    piece: &Piece,
    symbols: &BTreeMap<String, Status>,
) -> Result<Part, SourceError> {
    let fault = |error| SourceError::decode(answer, error);
    let meta = match json_stat::metadata(&answer.body) {
        Ok(meta) => meta,
        Err(error) => return said_instead(answer.content(), fault(error)),
    };
    hold_against(&meta, query, piece).map_err(fault)?;
    if meta.dimensions.iter().any(|dimension| dimension.codes.is_empty()) {
        return Ok(Part::Empty);
    }
    let codes =
        |id: &str| meta.dimensions.iter().find(|dimension| dimension.id == id).map(|dimension| &dimension.codes);
    let layout = Layout {
        dimensions: query
            .dimensions
            .iter()
            .map(|dimension| Dimension {
                id: dimension.id.clone(),
                column: column(fetch, &dimension.id),
                codes: codes(&dimension.id).into_iter().flatten().map(|(code, _)| code.clone()).collect(),
            })
            .collect(),
        metric: None,
        measures: vec![measure(fetch)],
        symbols: symbols.clone(),
    };
    let batch = json_stat::decode(&answer.body, &layout).map_err(|error| fault(of_eurostat(error)))?;
    let batch = existing(&batch).map_err(|error| fault(error.into()))?;
    let labels = meta.dimensions.into_iter().map(|dimension| (dimension.id, dimension.codes)).collect();
    Ok(Part::Rows(Box::new(Cube { batch, updated: meta.updated, labels })))
}

/// The decoder knows no source.
fn of_eurostat(error: DecodeError) -> DecodeError {
    match error {
        DecodeError::Contradiction { cell, value, symbol, status, .. } => {
            DecodeError::Contradiction { cell, value, symbol, status, kind: SourceKind::Eurostat }
        }
        error => error,
    }
}

/// Answers name only codes that have data: none that was not asked for may be among them.
fn hold_against(meta: &CubeMeta, query: &Query, piece: &Piece) -> Result<(), DecodeError> {
    for (at, dimension) in query.dimensions.iter().enumerate() {
        let answered = meta.dimensions.iter().find(|answered| answered.id == dimension.id);
        let answered = answered.ok_or_else(|| DecodeError::DimensionLost(dimension.id.clone()))?;
        let asked = query.codes(at, piece);
        for (code, _) in &answered.codes {
            let wanted = match dimension.time {
                true => query.wants_period(at, piece, code),
                false => asked.contains(code),
            };
            if !wanted {
                return Err(DecodeError::CodeUnasked { dimension: dimension.id.clone(), code: code.clone() });
            }
        }
    }
    Ok(())
}

/// The rows that the source gives a value or a flag for.
fn existing(batch: &RecordBatch) -> Result<RecordBatch, arrow::error::ArrowError> {
    let [.., value, _, symbol] = batch.columns() else { return Ok(batch.clone()) };
    filter_record_batch(batch, &or(&is_not_null(value)?, &is_not_null(symbol)?)?)
}

/// A document that is no dataset: `{"error": [{"id", "label"}]}` or `{"warning": {"status", "label"}}`.
fn said_instead(body: &[u8], fault: SourceError) -> Result<Part, SourceError> {
    let Ok(document) = serde_json::from_slice::<Value>(body) else { return Err(fault) };
    let said = ["error", "warning"].into_iter().find_map(|name| document.get(name));
    let Some(said) = said.map(|said| said.get(0).unwrap_or(said)) else { return Err(fault) };
    let label = said["label"].as_str().unwrap_or_default();
    if label.contains("ASYNCHRONOUS_RESPONSE") || label.contains("EXTRACTION_TOO_BIG") {
        return Ok(Part::TooLarge(fault));
    }
    if said["id"].as_u64() == Some(100) {
        return Ok(Part::Empty);
    }
    Err(fault)
}

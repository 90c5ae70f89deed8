//! PX files: the rules of the format one by one, real files of many agencies, and
//! random tables that must come back as they were written.

mod real;
mod round_trip;
mod rules;

use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::*;
use crate::config::{ValueType, column_of};
use crate::contract::Status;
use crate::decode::{Dimension, Measure};

/// Everything that the file holds, under the columns' usual names.
fn whole(meta: &CubeMeta) -> Layout {
    let kind = |decimals| if decimals == Some(0) { ValueType::Int64 } else { ValueType::Float64 };
    let codes =
        |one: &crate::decode::json_stat::CubeDimension| one.codes.iter().map(|(code, _)| code.clone()).collect();
    let metric = meta.dimensions.iter().find(|one| Some(&one.id) == meta.metric.as_ref());
    let measures = match metric {
        Some(metric) => (0..)
            .zip(&metric.codes)
            .map(|(place, (code, _))| Measure {
                code: code.clone(),
                column: format!("m{place}"),
                kind: kind(metric.decimals_by_code.get(code).copied().or(meta.decimals)),
                decimals: None,
                unit: None,
            })
            .collect(),
        None => vec![Measure {
            code: String::new(),
            column: "antal".to_owned(),
            kind: kind(meta.decimals),
            decimals: None,
            unit: None,
        }],
    };
    Layout {
        dimensions: meta
            .dimensions
            .iter()
            .filter(|one| Some(&one.id) != meta.metric.as_ref())
            .map(|one| Dimension { id: one.id.clone(), column: column_of(&one.id), codes: codes(one) })
            .collect(),
        metric: meta.metric.clone(),
        measures,
        symbols: [(".", Status::NotApplicable), ("..", Status::Missing), ("-", Status::Missing)]
            .map(|(symbol, status)| (symbol.to_owned(), status))
            .into(),
    }
}

/// Every row as text, cells parted by `|`, null as nothing.
fn rows(batch: &RecordBatch) -> Vec<String> {
    let options = FormatOptions::new();
    let columns: Vec<_> =
        batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options).unwrap()).collect();
    (0..batch.num_rows())
        .map(|row| columns.iter().map(|column| column.value(row).to_string()).collect::<Vec<_>>().join("|"))
        .collect()
}

fn decoded(body: &[u8]) -> Vec<String> {
    let layout = whole(&metadata(body, None).unwrap());
    let batch = decode(body, &layout).unwrap();
    assert_eq!(batch.schema(), layout.schema());
    rows(&batch)
}

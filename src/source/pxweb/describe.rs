//! A table's metadata in the form that all sources share.

use crate::config::{PxwebFetch, When};
use crate::decode::json_stat::{CubeDimension, CubeMeta};
use crate::source::metadata::{Content, Dimension, Kind, Metadata, without_periods};

pub fn describe(fetch: &PxwebFetch, meta: &CubeMeta) -> Metadata {
    let is_metric = |dimension: &&CubeDimension| meta.metric.as_ref() == Some(&dimension.id);
    let is_time = |dimension: &CubeDimension| meta.time.contains(&dimension.id);
    let periods = meta.dimensions.iter().find(|dimension| is_time(dimension)).map(|time| time.codes.as_slice());
    let period = |code: Option<&(String, String)>| code.map(|(code, _)| code.clone());
    let first = periods.and_then(|codes| period(codes.first()));
    let last = periods.and_then(|codes| period(codes.last()));
    let contents = match meta.dimensions.iter().find(is_metric) {
        Some(metric) => metric.codes.iter().map(|(code, label)| content(meta, metric, code, label)).collect(),
        None => vec![Content { decimals: meta.decimals, ..Content::default() }],
    };
    Metadata {
        table: fetch.table.clone(),
        title: without_periods(&meta.label, first.as_deref(), last.as_deref()),
        dimensions: meta
            .dimensions
            .iter()
            .filter(|dimension| !is_metric(dimension))
            .map(|dimension| Dimension {
                id: dimension.id.clone(),
                label: dimension.label.clone(),
                time: is_time(dimension),
                codelist: fetch.codelist.get(&dimension.id).cloned(),
                codes: if is_time(dimension) { Vec::new() } else { dimension.codes.clone() },
            })
            .collect(),
        metric: meta.metric.clone(),
        contents,
        released: meta.updated.as_deref().and_then(When::read),
        next_releases: meta.next_update.as_deref().and_then(When::read).into_iter().collect(),
        ..Metadata::new(Kind::Pxweb)
    }
}

fn content(meta: &CubeMeta, metric: &CubeDimension, code: &str, label: &str) -> Content {
    Content {
        code: code.to_owned(),
        label: label.to_owned(),
        unit: metric.unit_by_code.get(code).cloned(),
        decimals: metric.decimals_by_code.get(code).copied().or(meta.decimals),
        definition: Vec::new(),
    }
}

//! A table's metadata of any shape, under selections of any spelling.

use std::collections::BTreeMap;

use super::super::pxweb_v1::answer::Format;
use super::call::DataCall;
use super::note;
use super::planner::Split;
use super::query::Query;
use crate::config::PxwebFetch;
use crate::decode::json_stat;

/// The calls looked at, of however many a hostile table would need.
const CALLS: usize = 200;

/// What an address may hold.
const LONGEST: usize = 300;

/// A line of expressions, for one dimension after another, then the metadata.
pub fn pxweb(data: &[u8]) {
    let Some(end) = data.iter().position(|byte| *byte == b'\n') else { return };
    let Ok(line) = std::str::from_utf8(&data[..end]) else { return };
    let body = &data[end + 1..];
    let Ok(meta) = json_stat::metadata(body) else { return };
    let mut select = BTreeMap::new();
    for (dimension, expressions) in meta.dimensions.iter().zip(line.split(';')) {
        // Nothing between two marks leaves a dimension out.
        if !expressions.is_empty() {
            select.insert(dimension.id.clone(), expressions.split('&').map(str::to_owned).collect());
        }
    }
    let fetch = PxwebFetch { table: "TAB1".to_owned(), select, ..PxwebFetch::default() };
    let query = match Query::new(&fetch, &meta) {
        Ok(query) => query,
        Err(error) => {
            let _ = (error.to_string(), error.hint());
            return;
        }
    };
    let _ = (note::of_dimensions(body, &query), query.hash());
    let limit = line.len() as u64;
    let Ok(split) = Split::new(&query.sizes(), query.per_row(), limit) else { return };
    assert!(split.calls >= split.lower_bound);
    let call = DataCall {
        table: fetch.table.clone(),
        language: "lang=sv".to_owned(),
        format: Format::JsonStat2,
        longest_get: LONGEST,
    };
    for ranges in split.boxes().take(CALLS) {
        let cells = ranges.iter().map(|range| range.len() as u64).product::<u64>() * query.per_row();
        assert!(limit == 0 || cells <= limit, "{cells} cells in a call of at most {limit}");
        assert!(cells > 0, "a call for nothing");
        let layout = query.layout(&ranges, &BTreeMap::new());
        assert_eq!(
            layout.dimensions.iter().map(|one| one.codes.len()).product::<usize>() as u64 * query.per_row(),
            cells
        );
        let asked: serde_json::Value = serde_json::from_str(&query.body(&ranges)).expect("a body is JSON");
        assert!(asked["selection"].is_array());
        let request = call.request(&query, &ranges);
        assert!(request.path.is_ascii() && !request.path.contains([' ', '#', '"']), "{:?} is no address", request.path);
        assert!(request.body.is_some() || request.path.len() <= call.longest_get);
    }
}

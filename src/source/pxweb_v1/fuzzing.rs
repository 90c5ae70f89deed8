//! A table's metadata of any shape, under selections of any spelling.

use std::collections::BTreeMap;

use super::answer::{Format, body};
use super::table::{Table, read};
use crate::config::{Installation, PxwebFetch};
use crate::source::pxweb::query::Query;

/// A line of expressions for `Region` and `Tid`, then the metadata.
pub fn pxweb_v1(data: &[u8]) {
    let Some(end) = data.iter().position(|byte| *byte == b'\n') else { return };
    let Ok(line) = std::str::from_utf8(&data[..end]) else { return };
    let mut select = BTreeMap::new();
    for (id, expressions) in ["Region", "Tid", "Kon"].into_iter().zip(line.split(';')) {
        if !expressions.is_empty() {
            select.insert(id.to_owned(), expressions.split('&').map(str::to_owned).collect());
        }
    }
    let fetch = PxwebFetch { table: "A/B".to_owned(), select, ..PxwebFetch::default() };
    let installation = Installation {
        code_in_label: vec!["Region".to_owned()],
        totals: BTreeMap::from([("Kon".to_owned(), "1".to_owned())]),
        ..Installation::default()
    };
    for installation in [Installation::default(), installation] {
        let Ok(table) = serde_json::from_slice::<Table>(&data[end + 1..]) else { return };
        let Ok((meta, dialect)) = read(table, &fetch, &installation) else { continue };
        let Ok(query) = Query::new(&fetch, &meta) else { continue };
        let asked: serde_json::Value =
            serde_json::from_str(&body(&query, &query.whole(), &dialect, Format::Px)).expect("a body is JSON");
        for part in asked["query"].as_array().expect("a query has its parts") {
            assert!(part["selection"]["values"].as_array().is_some_and(|values| !values.is_empty()), "{part}");
        }
        let _ = dialect.names();
    }
}

//! A query's answer of any shape.

use super::flatten::{flatten, schema};
use crate::source::fuzzing::answer;

/// Rows are counted as they are, each with the id of a concept.
pub fn taxonomy(body: &[u8]) {
    let Ok(flat) = flatten(&answer(body), 31, "prov") else { return };
    assert_eq!(flat.batches.iter().map(|batch| batch.num_rows() as u64).sum::<u64>(), flat.rows);
    for batch in &flat.batches {
        assert_eq!(batch.schema(), schema());
        assert_eq!(batch.column_by_name("id").map(|ids| ids.null_count()), Some(0));
    }
}

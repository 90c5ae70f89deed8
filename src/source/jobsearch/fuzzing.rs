//! Counts of any shape.

use super::answer::{Counts, counts};
use super::call::{By, Call, Where};
use super::{COLUMNS, count, select};
use crate::config::{JobsearchFetch, PlaceLevel};
use crate::decode::rows::Table;
use crate::source::fuzzing::answer;

/// A row for each group asked for, and no zero where something is left out.
pub fn jobsearch(body: &[u8]) {
    let answer = answer(body);
    let Ok([counted, _]) = counts(&answer, ["occupation-group", "region"]) else { return };
    let fetch = JobsearchFetch { level: PlaceLevel::Lan, places: Some(vec!["25".to_owned()]), groups: None };
    let work = select::select(&fetch).expect("the shipped lists are sound");
    let call = Call { place: Where::Place(0), by: By::Groups((0..29).collect()) };
    let mut table = Table::new(COLUMNS.map(|(name, kind)| (name.to_owned(), kind)).into(), '.');
    if count::rows(&work, &call, &counted, "2026-11-23", &mut table).is_err() {
        return;
    }
    assert_eq!(table.rows(), 29);
    judge(&counted);
    assert_eq!(table.take().map(|batch| batch.num_rows()).ok(), Some(29));
}

fn judge(counted: &Counts) {
    let sum = counted.by_id.values().fold(counted.nameless, |sum, (count, _)| sum.saturating_add(*count));
    assert_eq!(counted.left_out() == 0, sum >= counted.total);
    assert!(!counted.may_be_cut || counted.left_out() > 0);
}

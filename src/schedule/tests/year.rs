//! A year of 200 pipelines against the oracle.

use std::collections::BTreeMap;

use crate::schedule::SlotState;
use crate::schedule::testing::{Year, drive, oracle};

#[test]
fn a_year_of_200_pipelines_gives_every_slot_the_fate_that_its_policy_says() {
    let year = Year::new();
    let begun = std::time::Instant::now();
    let book = drive(&year);
    let driven = begun.elapsed();
    let expected = oracle(&year);
    let mut fates: BTreeMap<(SlotState, String), u64> = BTreeMap::new();
    for slot in book.slots.values().flat_map(|slots| slots.values()) {
        *fates.entry((slot.state, slot.why.split([':', ' ']).next().unwrap().to_owned())).or_default() += slot.count;
    }
    eprintln!("{driven:?} {:?} {} runs {fates:?}", begun.elapsed() - driven, book.runs.len());
    book.compare(expected);
}

//! A year of 200 pipelines against the oracle.

use std::collections::BTreeMap;
use std::thread;

use crate::schedule::testing::{Year, drive, oracle};

#[test]
fn a_year_of_200_pipelines_gives_every_slot_the_fate_that_its_policy_says() {
    let year = Year::new();
    // Neither knows of the other.
    let (book, expected) = thread::scope(|scope| {
        let expected = scope.spawn(|| oracle(&year));
        (drive(&year), expected.join().unwrap())
    });
    let tried = ["retry 1", "retry 2", "retry 3"].map(|cause| {
        let slots = book.slots.values().flat_map(BTreeMap::values);
        slots.filter(|slot| slot.why == cause && !slot.state.is_open()).count()
    });
    assert!(tried[0] > 1000 && tried[1] > 100 && tried[2] > 10, "it is tried again, and again: {tried:?}");
    book.compare(expected);
}

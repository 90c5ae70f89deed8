//! A year of 200 pipelines against the oracle.

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
    book.compare(expected);
}

//! Exports of any shape from SiRiS.

use std::collections::BTreeMap;

use super::{Listed, columns, sheet};
use crate::config::{SirisFetch, Years};
use crate::contract::Status;
use crate::decode::rows::Table;
use crate::source::answer::parse;
use crate::source::fuzzing::answer;

/// Every line is a row, or text around the table, or an error that can be told.
pub fn siris(bytes: &[u8]) {
    let named = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(heading, name)| ((*heading).to_owned(), (*name).to_owned())).collect()
    };
    let fetch = SirisFetch {
        export: 42,
        years: Years::List(vec![2024]),
        county: None,
        municipality: None,
        texts: named(&[("Kommun", "kommun"), ("Kommunkod", "kommun_kod"), ("Län", "kommun"), ("Länkod", "kommun_kod")]),
        numbers: named(&[("Elever", "elever"), ("Totalt per elev", "kostnad"), ("Andel", "andel")]),
        parameters: BTreeMap::new(),
    };
    let symbols: BTreeMap<String, Status> =
        [("..", Status::Suppressed), (".", Status::NotApplicable), ("~", Status::Unreliable)]
            .map(|(mark, status)| (mark.to_owned(), status))
            .into();
    // The columns that one line of any headings may have.
    let narrow = SirisFetch { texts: named(&[("a", "a")]), numbers: named(&[("b", "b")]), ..fetch.clone() };
    for fetch in [fetch, narrow] {
        let mut table = Table::new(columns(&fetch), ',');
        match sheet::read(bytes, 2024, &fetch, &symbols, &mut table) {
            Err(error) => drop(error.to_string()),
            Ok(aside) => {
                let rows = table.rows();
                let lines = bytes.split(|byte| *byte == b'\n' || *byte == b'\r').count();
                assert!(rows as u64 + aside <= lines as u64, "no line is told twice");
                assert_eq!(table.take().expect("whole rows make a batch").num_rows(), rows);
            }
        }
    }
    let _ = parse::<Listed>(&answer(bytes));
}

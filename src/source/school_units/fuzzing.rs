//! Answers of any shape from the register.

use super::{KEPT, Known, list, rows, table};
use crate::config::RegisterWhat;
use crate::decode::scrub::fuzzing::scrubbed;
use crate::source::answer::parse;
use crate::source::fuzzing::answer;

/// What is kept is nothing but the list, and every row of it is read or refused, as a list and as details.
pub fn school_units(bytes: &[u8]) {
    let Some(kept) = scrubbed(bytes, KEPT) else { return };
    let answer = answer(&kept);
    for what in RegisterWhat::ALL {
        let mut known = Known::default();
        if let Ok(records) = list(&answer) {
            let mut table = table(what);
            let written = records.iter().enumerate().try_for_each(|(number, record)| {
                let key = rows::key(what, number, record)?;
                if known.is_new(&key, record, number)? {
                    rows::write_listed(what, number, Some("0114"), record, &mut table)?;
                }
                Ok::<_, crate::decode::DecodeError>(())
            });
            match written {
                // A row that failed has left its columns of different lengths.
                Err(error) => drop(error.to_string()),
                Ok(()) => {
                    let rows = table.rows();
                    assert_eq!(table.take().expect("whole rows make a batch").num_rows(), rows);
                }
            }
        }
        if let Ok(record) = parse::<super::Record>(&answer) {
            let mut table = table(what);
            match rows::write_detail(what, &super::Record::new(), &record, &mut table) {
                Err(error) => drop(error.to_string()),
                Ok(()) => {
                    let rows = table.rows();
                    assert!(rows > 0, "details are a row at least");
                    assert_eq!(table.take().expect("whole rows make a batch").num_rows(), rows);
                }
            }
        }
    }
}

//! Answers of any shape from Susa-navet.

use super::{KEPT, page, rows, table};
use crate::config::SusaWhat;
use crate::decode::scrub::fuzzing::scrubbed;
use crate::source::fuzzing::answer;

/// What is kept is nothing but the list, and every row of it is read or refused.
pub fn susa_navet(bytes: &[u8]) {
    let Some(kept) = scrubbed(bytes, KEPT) else { return };
    let answer = answer(&kept);
    for what in SusaWhat::ALL {
        let page = match page(what, &answer) {
            Ok(page) => page,
            Err(error) => {
                let _ = error.to_string();
                continue;
            }
        };
        let mut table = table(what);
        let mut written =
            page.rows.iter().enumerate().map(|(number, record)| rows::write(what, number, record, &mut table));
        // A row that failed has left its columns of different lengths.
        if written.all(|row| row.is_ok()) {
            assert_eq!(table.rows(), page.rows.len());
            assert_eq!(table.take().expect("whole rows make a batch").num_rows(), page.rows.len());
        }
    }
}

//! Yrkesbarometern's file of any shape.

use std::collections::BTreeMap;

use super::rows::{Barometer, groups, schema};
use super::{describe, row};
use crate::contract::Status;
use crate::source::fuzzing::answer;

/// No row is lost or made up, and each has a status for each of its assessments.
pub fn yrkesbarometer(body: &[u8]) {
    let Ok(rows) = row::rows(&answer(body)) else { return };
    let Ok(barometer) = Barometer::new(rows) else { return };
    let _ = (barometer.notes(), barometer.rounds(), describe::describe(&barometer), describe::codes(&barometer));
    let symbols = BTreeMap::from([(String::new(), Status::NotAssessed)]);
    let Ok(batch) = barometer.batch(&symbols) else { return };
    let expected: usize = barometer.rows.iter().map(|row| groups(row).count()).sum();
    assert_eq!((batch.num_rows(), batch.schema()), (expected, schema()));
    for column in ["jobbmojligheter_status", "rekryteringssituation_status", "prognos_status", "ssyk", "kod"] {
        assert_eq!(batch.column_by_name(column).map(|column| column.null_count()), Some(0), "{column}");
    }
}

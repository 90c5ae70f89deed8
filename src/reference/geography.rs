//! The län and kommuner out of `lan.csv` and `kommuner.csv`, checked against each other.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::RecordBatch;

use super::file::Table;
use super::{Kommun, Lan, Problem, RIKET, Reference};

/// Fills in the län and kommuner, and notes every code or name that cannot be right.
pub(super) fn fill(reference: &mut Reference, tables: &[Table], problems: &mut Vec<Problem>) {
    for table in tables.iter().filter(|table| table.name == "lan") {
        for (line, [kod, namn]) in rows(table, ["kod", "namn"], problems) {
            if !digits(&kod, 2) || kod == RIKET {
                problems.push(table.problem(line, format!("the code {kod:?} of a län is not two digits from 01")));
            } else if reference.lan.insert(kod.clone(), Lan { kod: kod.clone(), namn }).is_some() {
                problems.push(table.problem(line, format!("the code {kod:?} stands twice")));
            }
        }
        unique_names(table, problems);
    }
    for table in tables.iter().filter(|table| table.name == "kommuner") {
        for (line, [kod, namn, lan]) in rows(table, ["kod", "namn", "lan"], problems) {
            if !digits(&kod, 4) {
                problems.push(table.problem(line, format!("the code {kod:?} of a kommun is not four digits")));
                continue;
            }
            if kod[..2] != lan {
                problems.push(table.problem(line, format!("the kommun {kod} is placed in the län {lan:?}")));
            } else if !reference.lan.contains_key(&lan) {
                problems.push(table.problem(line, format!("the län {lan:?} of the kommun {kod} is not in lan.csv")));
            }
            if reference.kommuner.insert(kod.clone(), Kommun { kod: kod.clone(), namn, lan }).is_some() {
                problems.push(table.problem(line, format!("the code {kod:?} stands twice")));
            }
        }
        unique_names(table, problems);
    }
}

/// Riket, every län, every kommun, in that order.
pub(super) fn batch(reference: &Reference) -> RecordBatch {
    let riket = [("riket", RIKET, "Riket", RIKET)];
    let lan = reference.lan.values().map(|lan| ("lan", lan.kod.as_str(), lan.namn.as_str(), lan.kod.as_str()));
    let kommuner = reference
        .kommuner
        .values()
        .map(|kommun| ("kommun", kommun.kod.as_str(), kommun.namn.as_str(), kommun.lan.as_str()));
    let rows: Vec<_> = riket.into_iter().chain(lan).chain(kommuner).collect();
    let text = |pick: fn(&(&'static str, &str, &str, &str)) -> String| {
        Arc::new(StringArray::from_iter_values(rows.iter().map(pick))) as ArrayRef
    };
    let columns = vec![
        text(|row| row.0.to_owned()),
        text(|row| row.1.to_owned()),
        text(|row| row.2.to_owned()),
        text(|row| row.3.to_owned()),
    ];
    let fields: Vec<Field> =
        ["niva", "kod", "namn", "lan"].into_iter().map(|name| Field::new(name, DataType::Utf8, false)).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).expect("every column was made from the same rows")
}

fn digits(code: &str, width: usize) -> bool {
    code.len() == width && code.bytes().all(|byte| byte.is_ascii_digit())
}

/// The rows of a table reduced to the named columns; a missing column is a problem and gives no rows.
fn rows<const N: usize>(table: &Table, names: [&str; N], problems: &mut Vec<Problem>) -> Vec<(u64, [String; N])> {
    let mut places = [0; N];
    for (place, name) in places.iter_mut().zip(names) {
        let Some(at) = table.column(name) else {
            problems.push(table.problem(1, format!("the column {name:?} is missing")));
            return Vec::new();
        };
        *place = at;
    }
    table.rows.iter().map(|(line, row)| (*line, places.map(|at| row[at].clone()))).collect()
}

fn unique_names(table: &Table, problems: &mut Vec<Problem>) {
    let mut seen = BTreeSet::new();
    for (line, [namn]) in rows(table, ["namn"], &mut Vec::new()) {
        if namn.trim().is_empty() {
            problems.push(table.problem(line, "the name is empty".to_owned()));
        } else if !seen.insert(namn.clone()) {
            problems.push(table.problem(line, format!("the name {namn:?} stands twice")));
        }
    }
}

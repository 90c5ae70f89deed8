//! Kolada's answers of any shape.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bytes::Bytes;
use jiff::Timestamp;

use super::answer::{DataRow, Group, Kpi, Municipality, Ou, page};
use super::lookup::{Level, Unit, unit};
use super::ou::OuRows;
use super::rows::Rows;
use super::segment::{Segment, segments};
use super::{PAGE, SEGMENT, codes};
use crate::contract::Status;
use crate::fetch::{Answer, AnswerRecord, Method, Request};

/// Every list and every row is read as each kind; the data rows are asked for as they stand, so that sound ones are
/// taken, and no value is lost or made up.
pub fn kolada(body: &[u8]) {
    let answer = answer(body);
    let kpis = page::<Kpi>(&answer).map(|page| page.values).unwrap_or_default();
    let units: Vec<Unit> = page::<Municipality>(&answer)
        .map(|page| page.values.into_iter().filter_map(|municipality| unit(municipality).ok()).collect())
        .unwrap_or_default();
    let _ = page::<Ou>(&answer).map(|page| page.values.len());
    let groups = page::<Group>(&answer).map(|page| page.values).unwrap_or_default();
    let groups = groups.into_iter().map(|group| Unit { id: group.id, title: group.title, level: Level::Group });
    let units: Vec<Unit> = units.into_iter().chain(groups).collect();
    calls_fit(&kpis, &units);
    let _ = codes(&kpis, "enhet", units.iter().map(|unit| (unit.id.as_str(), unit.title.as_str())));
    match page::<DataRow>(&answer) {
        Ok(page) => rows(&page.values),
        Err(error) => {
            let _ = (error.to_string(), error.hint());
        }
    }
}

fn calls_fit(kpis: &[Kpi], units: &[Unit]) {
    let years = ["2023".to_owned(), "2024".to_owned()];
    let Ok(found) = segments(kpis, units, &years) else { return };
    assert!(found.lower_bound <= found.calls.len() as u64, "{} < {}", found.calls.len(), found.lower_bound);
    for call in &found.calls {
        assert!([&call.kpis, &call.units, &call.years].iter().all(|list| (1..=SEGMENT).contains(&list.len())));
        assert!(call.kpis.len() * call.units.len() * call.years.len() <= PAGE);
    }
}

fn rows(rows: &[DataRow]) {
    let distinct = |field: fn(&DataRow) -> &str| -> Vec<String> {
        rows.iter().map(field).collect::<BTreeSet<_>>().into_iter().map(str::to_owned).collect()
    };
    let segment =
        Segment { kpis: distinct(|row| &row.kpi), units: distinct(DataRow::unit), years: distinct(|row| &row.period) };
    let level = |id: &str| if id.len() == 4 && id.starts_with("00") { Level::Region } else { Level::Group };
    let units: HashMap<String, Unit> = segment
        .units
        .iter()
        .map(|id| (id.clone(), Unit { id: id.clone(), title: String::new(), level: level(id) }))
        .collect();
    let symbols = BTreeMap::from([("Not applicable".to_owned(), Status::NotApplicable)]);
    let mut batch = Rows::new(&units, &segment, &symbols);
    for (number, row) in rows.iter().enumerate() {
        if batch.push(number, row).is_err() {
            return;
        }
    }
    ous(rows, &segment, &symbols);
    let deleted = batch.deleted();
    let cells = rows.iter().map(|row| row.values.len() as u64).sum::<u64>();
    let batch = batch.finish().expect("rows that were taken make a batch");
    assert_eq!(batch.num_rows() as u64 + deleted, cells, "a value for every cell");
}

/// The same rows as those of schools: as many are taken.
fn ous(rows: &[DataRow], segment: &Segment, symbols: &BTreeMap<String, Status>) {
    let of = segment.units.iter().map(|id| (id.clone(), "0180".to_owned())).collect();
    let mut batch = OuRows::new(&of, segment, symbols);
    for (number, row) in rows.iter().enumerate() {
        if batch.push(number, row).is_err() {
            return;
        }
    }
    let deleted = batch.deleted();
    let cells = rows.iter().map(|row| row.values.len() as u64).sum::<u64>();
    let batch = batch.finish().expect("rows that were taken make a batch");
    assert_eq!(batch.num_rows() as u64 + deleted, cells, "a value for every cell");
}

fn answer(body: &[u8]) -> Answer {
    let record = AnswerRecord {
        identity: Request::get("/").identity("kolada"),
        source: "kolada".to_owned(),
        method: Method::Get,
        url: "https://api.example.org/".to_owned(),
        request_body: None,
        fetched_at: Timestamp::UNIX_EPOCH,
        status: 200,
        headers: BTreeMap::new(),
        hash: String::new(),
        size: body.len() as u64,
        original: None,
        synthetic: false,
    };
    Answer { record, body: Bytes::copy_from_slice(body) }
}

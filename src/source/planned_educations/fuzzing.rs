//! Answers of any shape from Skolverket's sources.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;

use super::answer::{body, events};
use super::event::{COLUMNS, Cleaned, Row, table};
use super::statistics::{self, About};
use super::support;
use crate::contract::Status;
use crate::fetch::{Answer, AnswerRecord, Method, Request};

/// Every row that is read becomes a row, or an error that can be told; a figure is never made of what is none.
pub fn planned(bytes: &[u8]) {
    let answer = answer(bytes);
    let symbols: BTreeMap<String, Status> = [
        ("null", Status::Missing),
        ("..", Status::Suppressed),
        ("~", Status::Unreliable),
        ("cirka", Status::Unreliable),
        ("EXISTS", Status::Observed),
        ("MISSING", Status::Missing),
    ]
    .map(|(mark, status)| (mark.to_owned(), status))
    .into();
    if let Ok(listed) = events(&answer) {
        let (mut table, mut cleaned) = (table(), Cleaned::default());
        let mut rows = 0;
        for (number, fields) in listed.rows.iter().enumerate() {
            let row = Row { number: number as u64, fields };
            match row.write(&mut table, [None, Some("1")], &symbols, &mut cleaned) {
                Ok(()) => rows += 1,
                Err(error) => {
                    let _ = error.to_string();
                    // A row that failed has left its columns of different lengths.
                    return;
                }
            }
        }
        let batch = table.take().expect("whole rows make a batch");
        assert_eq!(batch.num_rows(), rows);
        assert_eq!(batch.num_columns(), COLUMNS.len() + 4);
    }
    let _ = support::areas(&answer);
    let _ = support::places(&answer).map(|places| support::municipalities(&places));
    let _ = support::types(&answer);
    if let Ok(body) = body(&answer) {
        let about = About { unit: "12345678", school: "gy", symbols: &symbols };
        let mut table = statistics::table();
        if statistics::write(&about, &body, &mut table).is_ok() {
            let rows = table.rows();
            assert_eq!(table.take().expect("whole rows make a batch").num_rows(), rows);
        }
    }
}

fn answer(bytes: &[u8]) -> Answer {
    let record = AnswerRecord {
        identity: Request::get("/x").identity("prov"),
        source: "prov".to_owned(),
        method: Method::Get,
        url: "https://example.org/x".to_owned(),
        request_body: None,
        fetched_at: Timestamp::UNIX_EPOCH,
        status: 200,
        headers: BTreeMap::new(),
        hash: String::new(),
        size: bytes.len() as u64,
        synthetic: false,
        original: None,
    };
    Answer { record, body: Bytes::copy_from_slice(bytes) }
}

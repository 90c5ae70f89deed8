//! Eurostat's answers of any shape.

use std::collections::BTreeMap;

use super::structure::{Structure, TIME, read_constraint};
use super::{csv, flags, query::Query};
use crate::config::{EurostatFetch, EurostatFormat, EurostatTime};
use crate::contract::Status;

/// Read as a description of a dataset, and as the figures of one: what is taken makes batches of the declared shape.
pub fn eurostat(body: &[u8]) {
    if let Ok(structure) = read_constraint(body) {
        let fetch = fetch(structure.dimensions.iter().map(|(id, _)| id.clone()));
        if let Ok(query) = Query::new(&fetch, &structure) {
            let (whole, parts) = (query.whole().cells(&query), query.parts(10_000));
            if parts.len() < 1000 {
                let sum = parts.iter().map(|part| part.cells(&query)).fold(0, u64::saturating_add);
                assert!(sum == whole, "{sum} of {whole} cells");
            }
        }
    }
    let list = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect::<Vec<_>>();
    let structure = Structure {
        dimensions: vec![
            ("freq".into(), list(&["A"])),
            ("geo".into(), list(&["SE11", "SE12"])),
            (TIME.into(), list(&["2023", "2024"])),
        ],
        periods_known: true,
    };
    let fetch = fetch(["geo".to_owned()].into_iter());
    let query = Query::new(&fetch, &structure).expect("a sound selection");
    let symbols = flags::combined(&BTreeMap::from([
        (":".to_owned(), Status::Missing),
        ("c".to_owned(), Status::Suppressed),
        ("p".to_owned(), Status::Preliminary),
    ]));
    let columns: Vec<String> = query.dimensions.iter().map(|dimension| dimension.id.clone()).collect();
    let schema = csv::schema(&columns, &fetch.value);
    let mut reader = csv::Reader::new(&fetch, &query, &symbols);
    let mut rows = 0;
    let mut write = |batch: &arrow::record_batch::RecordBatch| {
        assert_eq!(batch.schema(), schema);
        rows += batch.num_rows();
        Ok(())
    };
    let end = futures::executor::block_on(csv::read(body, &mut reader, &mut write));
    if let Err(csv::Fault::Decode(error)) = end {
        let _ = error.to_string();
    }
    assert!(rows <= body.len() || body.starts_with(&[0x1f, 0x8b]), "a row for at least a byte");
}

fn fetch(dimensions: impl Iterator<Item = String>) -> EurostatFetch {
    EurostatFetch {
        dataset: "prov".into(),
        select: dimensions.map(|id| (id, vec!["*".to_owned()])).collect(),
        geo_level: None,
        time: EurostatTime::Selected,
        rename: BTreeMap::new(),
        value: "varde".into(),
        format: EurostatFormat::SdmxCsv,
    }
}

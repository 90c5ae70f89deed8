//! The barometer in the form that all sources share. An occupation's SSYK
//! groups stand in its label: other groups are a redefinition to be told of.

use std::collections::BTreeMap;

use super::super::metadata::{Dimension, Kind, Metadata};
use super::super::order;
use super::rows::Barometer;
use crate::decode::CodeRow;

pub fn describe(barometer: &Barometer) -> Metadata {
    let mut occupations = BTreeMap::new();
    let mut areas = BTreeMap::new();
    for row in &barometer.rows {
        let label = format!("{} (SSYK {})", row.yb_yrke.trim(), row.ssyk);
        occupations.entry(row.yb_concept_id.clone()).or_insert(label);
        areas.entry(row.lan.clone()).or_insert_with(|| row.lan.clone());
    }
    let dimension = |id: &str, codes: BTreeMap<String, String>| Dimension {
        id: id.to_owned(),
        label: id.to_owned(),
        codes: codes.into_iter().collect(),
        ..Dimension::default()
    };
    Metadata {
        title: "Yrkesbarometern".to_owned(),
        dimensions: vec![dimension("yb_id", occupations), dimension("kod", areas)],
        ..Metadata::new(Kind::Yrkesbarometer)
    }
}

/// The occupations' names.
pub fn codes(barometer: &Barometer) -> Vec<CodeRow> {
    let names: BTreeMap<&str, &str> =
        barometer.rows.iter().map(|row| (row.yb_concept_id.as_str(), row.yb_yrke.trim())).collect();
    let row = |(place, (code, text)): (usize, (&str, &str))| CodeRow {
        kolumn: "yb_id".to_owned(),
        kod: code.to_owned(),
        text: text.to_owned(),
        ordning: order(place),
    };
    names.into_iter().enumerate().map(row).collect()
}

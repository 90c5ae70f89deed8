//! Groups and places in the form that all sources share. The source lists
//! neither: they are the project's own, and what it says differently is told
//! with the counts.

use super::super::metadata::{Content, Dimension, Kind, Metadata};
use super::super::order;
use super::known::{Group, Place};
use crate::decode::CodeRow;
use crate::reference::RIKET;

pub fn describe(groups: &[Group], places: &[Place]) -> Metadata {
    let dimension = |id: &str, codes: Vec<(String, String)>| Dimension {
        id: id.to_owned(),
        label: id.to_owned(),
        codes,
        ..Dimension::default()
    };
    // Rows without a code are those of advertisements without a place.
    let kod = [(RIKET, "Riket"), ("", "Utan ort")].map(|(kod, namn)| (kod.to_owned(), namn.to_owned())).into_iter();
    Metadata {
        title: "Öppna platsannonser".to_owned(),
        dimensions: vec![
            dimension("ssyk", groups.iter().map(|group| (group.ssyk.clone(), group.label.clone())).collect()),
            dimension("kod", kod.chain(places.iter().map(|place| (place.kod.clone(), place.namn.clone()))).collect()),
        ],
        contents: vec![Content {
            code: "antal".to_owned(),
            label: "Annonser".to_owned(),
            unit: Some("antal".to_owned()),
            decimals: Some(0),
            definition: Vec::new(),
        }],
        ..Metadata::new(Kind::Jobsearch)
    }
}

pub fn codes(groups: &[Group], places: &[Place]) -> Vec<CodeRow> {
    let row = |kolumn: &str, place: usize, kod: &str, text: &str| CodeRow {
        kolumn: kolumn.to_owned(),
        kod: kod.to_owned(),
        text: text.to_owned(),
        ordning: order(place),
    };
    let groups = groups.iter().enumerate().map(|(at, group)| row("ssyk", at, &group.ssyk, &group.label));
    let places = places.iter().enumerate().map(|(at, place)| row("kod", at, &place.kod, &place.namn));
    groups.chain(places).collect()
}

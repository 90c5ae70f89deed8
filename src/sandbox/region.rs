//! The units that the synthetic data is about, in the order SCB lists them.

use crate::reference::{RIKET, Reference};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Riket,
    Lan,
    Kommun,
}

#[derive(Clone, Debug)]
pub struct Region {
    pub level: Level,
    pub code: String,
    pub name: String,
    pub lan: String,
}

/// A kommun that no reference list knows.
pub const UNKNOWN: &str = "9998";

/// Riket, then each län followed by its kommuner; last, when asked for, the unknown kommun.
pub fn regions(reference: &Reference, unknown: bool) -> Vec<Region> {
    let region = |level, code: &str, name: &str, lan: &str| Region {
        level,
        code: code.to_owned(),
        name: name.to_owned(),
        lan: lan.to_owned(),
    };
    let mut list = vec![region(Level::Riket, RIKET, "Riket", RIKET)];
    for lan in reference.lan.values() {
        list.push(region(Level::Lan, &lan.kod, &lan.namn, &lan.kod));
        for kommun in reference.kommuner.values().filter(|kommun| kommun.lan == lan.kod) {
            list.push(region(Level::Kommun, &kommun.kod, &kommun.namn, &kommun.lan));
        }
    }
    if unknown {
        list.push(region(Level::Kommun, UNKNOWN, "Okändköping", "99"));
    }
    list
}

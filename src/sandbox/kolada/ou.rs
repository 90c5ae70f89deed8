//! Units below the municipalities: two invented compulsory schools in each, and
//! a preschool that no figures are about.

use serde_json::{Value, json};

use super::unit::Unit;
use crate::sandbox::region::Level;

#[derive(Clone, Debug)]
pub struct Ou {
    pub id: String,
    pub title: String,
    pub municipality: String,
    /// Its municipality's place among the units.
    pub of: usize,
}

impl Ou {
    pub fn json(&self) -> Value {
        json!({ "id": self.id, "title": self.title, "municipality": self.municipality })
    }

    /// Whether there are figures about it.
    pub fn is_school(&self) -> bool {
        self.id.starts_with("V15E")
    }
}

pub fn ous(units: &[Unit]) -> Vec<Ou> {
    let mut ous: Vec<Ou> = units
        .iter()
        .enumerate()
        .filter(|(_, unit)| unit.level == Level::Kommun)
        .flat_map(|(of, unit)| {
            let named =
                [("V11E", "00101", "förskola"), ("V15E", "00101", "norra skola"), ("V15E", "00201", "södra skola")];
            named.map(|(kind, number, name)| Ou {
                id: format!("{kind}{}{number}", unit.id),
                title: format!("{} {name} (SYNTETISK)", unit.title),
                municipality: unit.id.clone(),
                of,
            })
        })
        .collect();
    ous.sort_by(|one, other| one.id.cmp(&other.id));
    ous
}

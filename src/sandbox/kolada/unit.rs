//! Who the figures are about: riket, regions, kommuner, and groups of kommuner.

use serde_json::{Value, json};

use crate::reference::Reference;
use crate::sandbox::fault::FaultKind;
use crate::sandbox::http::Ask;
use crate::sandbox::lists::text;
use crate::sandbox::region::{Level, Region};

#[derive(Clone, Debug)]
pub struct Unit {
    pub id: String,
    pub title: String,
    pub level: Level,
    pub lan: String,
    /// Its place among the regions of the population.
    pub region: usize,
}

#[derive(Clone, Debug)]
pub struct Group {
    pub id: &'static str,
    pub title: String,
    /// Places among the units.
    pub members: Vec<usize>,
}

/// Kolada's group of each län's kommuner, in the order of the län codes.
const LAN_GROUPS: [(&str, &str); 21] = [
    ("01", "G33612"),
    ("03", "G33613"),
    ("04", "G33614"),
    ("05", "G33615"),
    ("06", "G33616"),
    ("07", "G33617"),
    ("08", "G33618"),
    ("09", "G33619"),
    ("10", "G33620"),
    ("12", "G33621"),
    ("13", "G33622"),
    ("14", "G33623"),
    ("17", "G33624"),
    ("18", "G33625"),
    ("19", "G33626"),
    ("20", "G33627"),
    ("21", "G33628"),
    ("22", "G33629"),
    ("23", "G33630"),
    ("24", "G33631"),
    ("25", "G33632"),
];
const ALL_KOMMUNER: &str = "G2328";

impl Unit {
    /// Riket counts as a region.
    pub const fn kind(&self) -> &'static str {
        match self.level {
            Level::Kommun => "K",
            Level::Riket | Level::Lan => "L",
        }
    }

    pub fn json(&self) -> Value {
        json!({ "id": self.id, "title": self.title, "type": self.kind() })
    }
}

impl Group {
    pub fn json(&self, ask: &Ask<'_>, units: &[Unit]) -> Value {
        let mut members = self.members.clone();
        if super::is_ordered(ask, FaultKind::ChangedMembers, self.id) {
            members.pop();
            members.extend((0..units.len()).find(|at| units[*at].kind() == "K" && !self.members.contains(at)));
        }
        let member = |at: &usize| json!({ "member_id": units[*at].id, "member_title": units[*at].title });
        json!({ "id": self.id, "title": self.title, "members": members.iter().map(member).collect::<Vec<_>>() })
    }
}

pub fn units(reference: &Reference, regions: &[Region]) -> Vec<Unit> {
    let names = reference.tables.get("lan");
    let title = |region: &Region| {
        let own = names.and_then(|table| {
            let row = (0..table.num_rows()).find(|row| text(table, "kod", *row) == region.code)?;
            Some(text(table, "region", row)).filter(|name| !name.is_empty())
        });
        own.unwrap_or_else(|| region.name.clone())
    };
    let mut units: Vec<Unit> = regions
        .iter()
        .enumerate()
        .map(|(at, region)| {
            let (id, title) = match region.level {
                Level::Riket => ("0000".to_owned(), region.name.clone()),
                Level::Lan => (format!("00{}", region.code), title(region)),
                Level::Kommun => (region.code.clone(), region.name.clone()),
            };
            Unit { id, title, level: region.level, lan: region.lan.clone(), region: at }
        })
        .collect();
    units.sort_by(|one, other| one.id.cmp(&other.id));
    units
}

/// All kommuner, and those of each län.
pub fn groups(reference: &Reference, units: &[Unit]) -> Vec<Group> {
    let kommuner = |keep: &dyn Fn(&Unit) -> bool| -> Vec<usize> {
        units.iter().enumerate().filter(|(_, unit)| unit.kind() == "K" && keep(unit)).map(|(at, _)| at).collect()
    };
    let mut groups =
        vec![Group {
            id: ALL_KOMMUNER, title: "Alla kommuner (ovägt medel)".to_owned(), members: kommuner(&|_| true)
        }];
    for (lan, id) in LAN_GROUPS {
        let members = kommuner(&|unit| unit.lan == lan);
        if !members.is_empty() {
            let name = reference.name_of("lan", lan).unwrap_or(lan);
            let title = format!("{name}s kommuner (ovägt medel)");
            groups.push(Group { id, title, members });
        }
    }
    groups
}

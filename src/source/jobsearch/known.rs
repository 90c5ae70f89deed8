//! The occupation groups and places that there are, with their ids in JobTech's
//! taxonomy, from the project's own lists (`reference/ssyk.csv`,
//! `reference/platser.csv`).

use std::sync::LazyLock;

use arrow::array::{Array as _, AsArray as _, StringArray};

use super::super::SourceError;
use super::super::nearest_code::nearest_code;
use crate::embedded;

/// An occupation group: SSYK 2012 as Arbetsförmedlingen has it, 400 groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    pub id: String,
    pub ssyk: String,
    pub label: String,
    pub field_id: String,
    pub field: String,
}

/// A län or a kommun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub id: String,
    pub niva: String,
    pub kod: String,
    pub namn: String,
}

pub struct Known {
    pub groups: Vec<Group>,
    /// Län and kommuner, by code.
    pub places: Vec<Place>,
    /// The id of Sweden.
    pub nation: String,
}

impl Known {
    /// The group that a code of none most likely means: Arbetsförmedlingen has merged some of SCB's groups (managers of
    /// two levels, nurses' assistants); else one of the same three digits, or the one of that name.
    pub fn nearest_group(&self, code: &str) -> Option<String> {
        let is_ssyk = code.len() == 4 && code.bytes().all(|byte| byte.is_ascii_digit());
        if !is_ssyk {
            let by_code = self.groups.iter().map(|group| (group.ssyk.clone(), group.label.clone()));
            let by_id = self.groups.iter().map(|group| (group.id.clone(), group.label.clone()));
            return nearest_code(code, &by_code.chain(by_id).collect::<Vec<_>>());
        }
        let merged = match code {
            "5322" => "5321".to_owned(),
            "5324" => "5323".to_owned(),
            manager if manager.starts_with('1') => format!("{}0", &manager[..3]),
            other => other.to_owned(),
        };
        let mut likely = self.groups.iter().filter(|group| group.ssyk[..3] == code[..3]);
        let exact = self.groups.iter().find(|group| group.ssyk == merged);
        exact.or_else(|| likely.next()).map(|group| group.ssyk.clone())
    }
}

static KNOWN: LazyLock<Option<Known>> = LazyLock::new(read);

pub fn known() -> Result<&'static Known, SourceError> {
    KNOWN.as_ref().ok_or_else(|| SourceError::NothingToAsk {
        why: "the program's own lists of occupation groups and places cannot be read".to_owned(),
    })
}

fn read() -> Option<Known> {
    let reference = embedded::reference().ok()?;
    let column = |table: &str, name: &str| -> Option<StringArray> {
        reference.tables.get(table)?.column_by_name(name)?.as_string_opt::<i32>().cloned()
    };
    let groups = {
        let [id, ssyk, label, field_id, field] =
            ["taxonomi_id", "ssyk", "benamning", "yrkesomrade_id", "yrkesomrade"].map(|name| column("ssyk", name));
        let (id, ssyk, label, field_id, field) = (id?, ssyk?, label?, field_id?, field?);
        let group = |row: usize| Group {
            id: id.value(row).to_owned(),
            ssyk: ssyk.value(row).to_owned(),
            label: label.value(row).to_owned(),
            field_id: field_id.value(row).to_owned(),
            field: field.value(row).to_owned(),
        };
        (0..id.len()).map(group).collect::<Vec<_>>()
    };
    let [id, niva, kod, namn] = ["taxonomi_id", "niva", "kod", "namn"].map(|name| column("platser", name));
    let (id, niva, kod, namn) = (id?, niva?, kod?, namn?);
    let place = |row: usize| Place {
        id: id.value(row).to_owned(),
        niva: niva.value(row).to_owned(),
        kod: kod.value(row).to_owned(),
        namn: namn.value(row).to_owned(),
    };
    let (nation, mut places): (Vec<Place>, Vec<Place>) =
        (0..id.len()).map(place).partition(|place| place.niva == "riket");
    places.sort_by(|one, other| one.kod.cmp(&other.kod));
    Some(Known { groups, places, nation: nation.first()?.id.clone() })
}

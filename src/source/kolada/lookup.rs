//! Looks up indicators and units before any data are asked for: Kolada answers
//! an unknown id with an empty success.

use std::collections::{BTreeMap, HashSet};

use serde::de::DeserializeOwned;

use super::super::SourceError;
use super::super::nearest_code::nearest_code;
use super::super::selection::CodeList;
use super::answer::{Group, Kpi, Municipality, Ou};
use super::paging::Pages;
use super::{PAGE, id_lists};
use crate::decode::DecodeError;
use crate::fetch::{Courier, Request, masked};

/// The nation's id.
const NATION: &str = "0000";

/// What a unit is, which decides the indicators that can have values for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Nation,
    Region,
    Municipality,
    Group,
}

impl Level {
    /// As the column `niva` says it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nation => "riket",
            Self::Region => "lan",
            Self::Municipality => "kommun",
            Self::Group => "grupp",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Unit {
    pub id: String,
    pub title: String,
    pub level: Level,
}

impl Unit {
    /// The code that everyone else uses: `00` for the nation, two digits for a county.
    pub fn code(&self) -> &str {
        match self.level {
            Level::Nation | Level::Region => &self.id[2..],
            Level::Municipality | Level::Group => &self.id,
        }
    }
}

/// The catalogue of indicators, whole.
pub async fn catalogue(courier: &Courier) -> Result<Vec<Kpi>, SourceError> {
    whole(courier, &format!("/kpi?per_page={PAGE}")).await
}

/// The indicators with these ids, in this order, each once, and the ids that Kolada does not know.
pub async fn kpis(courier: &Courier, ids: &[String]) -> Result<(Vec<Kpi>, Vec<String>), SourceError> {
    let ids = distinct(ids);
    let mut found = BTreeMap::new();
    for list in id_lists(&ids) {
        let kpis: Vec<Kpi> = whole(courier, &format!("/kpi/{list}")).await?;
        found.extend(kpis.into_iter().map(|kpi| (kpi.id.clone(), kpi)));
    }
    let unknown = ids.iter().filter(|id| !found.contains_key(*id)).cloned().collect();
    Ok((ids.iter().filter_map(|id| found.remove(id)).collect(), unknown))
}

/// The groups of indicators with these ids, in this order, each once.
pub async fn kpi_groups(courier: &Courier, ids: &[String]) -> Result<Vec<Group>, SourceError> {
    let ids = distinct(ids);
    let mut groups = Vec::new();
    for list in id_lists(&ids) {
        groups.extend(whole::<Group>(courier, &format!("/kpi_groups/{list}")).await?);
    }
    ids.iter()
        .map(|id| {
            let found = groups.iter().find(|group| group.id == *id).cloned();
            found.ok_or_else(|| {
                let (name, url) = place(courier, "kpi_groups");
                SourceError::UnknownUnit { name, url, what: "group of indicators", id: id.clone(), nearest: None }
            })
        })
        .collect()
}

/// The units below the municipalities that these ids and patterns choose, and all that were looked through: those of
/// the municipalities that are named, of the whole country when none is.
pub async fn ous(
    courier: &Courier,
    wanted: &[String],
    municipalities: Option<&[String]>,
) -> Result<(Vec<Ou>, Vec<Ou>), SourceError> {
    let named = |text: &String| !text.contains(['*', '?']);
    let mut all: Vec<Ou> = Vec::new();
    if wanted.iter().all(named) {
        let ids = distinct(wanted);
        for list in id_lists(&ids) {
            all.extend(whole::<Ou>(courier, &format!("/ou/{list}")).await?);
        }
    } else if let Some(municipalities) = municipalities {
        for list in id_lists(&distinct(municipalities)) {
            all.extend(whole::<Ou>(courier, &format!("/ou?municipality={list}&per_page={PAGE}")).await?);
        }
    } else {
        all = whole(courier, &format!("/ou?per_page={PAGE}")).await?;
    }
    all.sort_by(|one, other| one.id.cmp(&other.id));
    all.dedup_by(|one, other| one.id == other.id);
    if let Some(municipalities) = municipalities {
        all.retain(|ou| municipalities.contains(&ou.municipality));
    }
    let codes: Vec<(String, String)> = all.iter().map(|ou| (ou.id.clone(), ou.title.clone())).collect();
    let list = CodeList { dimension: "ou", codes: &codes, is_time: false };
    let places = list.resolve(wanted).map_err(|error| match error {
        SourceError::UnknownCode { code, nearest, .. } => {
            let (name, url) = place(courier, "ou");
            SourceError::UnknownUnit { name, url, what: "unit", id: code, nearest }
        }
        error => error,
    })?;
    Ok((places.into_iter().map(|at| all[at].clone()).collect(), all))
}

/// The catalogue, or nothing where it cannot be had: it is wanted for a better message only.
pub async fn catalogue_or_nothing(courier: &Courier) -> Vec<Kpi> {
    if courier.is_of_archive() {
        return Vec::new();
    }
    catalogue(courier).await.unwrap_or_default()
}

/// The units that a fetch is about.
pub struct Units {
    /// Those with the ids that are named, all but the groups when none are.
    pub chosen: Vec<Unit>,
    /// All that were found on the way.
    pub all: Vec<Unit>,
    /// The groups among them, with their members of today.
    pub groups: Vec<Group>,
}

pub async fn units(courier: &Courier, ids: Option<&[String]>) -> Result<Units, SourceError> {
    let first = Request::get(format!("/municipality?per_page={PAGE}"));
    let mut pages = Pages::<Municipality>::open(courier, first).await?;
    let mut all = Vec::new();
    while let Some((answer, page)) = pages.next().await? {
        for municipality in page {
            all.push(unit(municipality).map_err(|error| SourceError::decode(&answer, error))?);
        }
        courier.accept(&answer)?;
    }
    let Some(ids) = ids else { return Ok(Units { chosen: all.clone(), all, groups: Vec::new() }) };
    let ids = distinct(ids);
    let wanted: Vec<String> = ids.iter().filter(|id| id.starts_with('G')).cloned().collect();
    let mut groups: Vec<Group> = Vec::new();
    for list in id_lists(&wanted) {
        groups.extend(whole::<Group>(courier, &format!("/municipality_groups/{list}")).await?);
    }
    let unit = |group: &Group| Unit { id: group.id.clone(), title: group.title.clone(), level: Level::Group };
    all.extend(groups.iter().map(unit));
    let find = |id: &String| all.iter().find(|unit| unit.id == *id).cloned();
    let chosen = ids.iter().map(|id| find(id).ok_or_else(|| unknown_unit(courier, id, &all)));
    Ok(Units { chosen: chosen.collect::<Result<_, _>>()?, all, groups })
}

pub fn unit(municipality: Municipality) -> Result<Unit, DecodeError> {
    let Municipality { id, title, kind } = municipality;
    let digits = id.len() == 4 && id.bytes().all(|byte| byte.is_ascii_digit());
    let level = match kind.as_str() {
        "L" if id == NATION => Level::Nation,
        "L" if digits && id.starts_with("00") => Level::Region,
        "K" if digits => Level::Municipality,
        _ => {
            return Err(DecodeError::Shape(format!(
                "{id:?} ({title}) is of type {kind:?}: neither nation, region nor municipality"
            )));
        }
    };
    Ok(Unit { id, title, level })
}

fn unknown_unit(courier: &Courier, id: &str, all: &[Unit]) -> SourceError {
    let known: Vec<(String, String)> = all.iter().map(|unit| (unit.id.clone(), unit.title.clone())).collect();
    let (name, url) = place(courier, "municipality");
    SourceError::UnknownUnit {
        name,
        url,
        what: "municipality, region or group",
        id: id.to_owned(),
        nearest: nearest_code(id, &known),
    }
}

/// The source and the address of one of its lists.
pub fn place(courier: &Courier, list: &str) -> (String, String) {
    let source = courier.source();
    (source.name.clone(), format!("{}/{list}", masked(source.base_url.as_str()).trim_end_matches('/')))
}

/// Every row of every page.
pub async fn whole<T: DeserializeOwned>(courier: &Courier, path: &str) -> Result<Vec<T>, SourceError> {
    let mut pages = Pages::<T>::open(courier, Request::get(path)).await?;
    let mut rows = Vec::new();
    while let Some((answer, page)) = pages.next().await? {
        courier.accept(&answer)?;
        rows.extend(page);
    }
    Ok(rows)
}

fn distinct(ids: &[String]) -> Vec<String> {
    let mut seen = HashSet::new();
    ids.iter().filter(|id| seen.insert(id.as_str())).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(id: &str, kind: &str) -> Result<(Level, String), String> {
        let municipality = Municipality { id: id.into(), title: "X".into(), kind: kind.into() };
        unit(municipality).map(|unit| (unit.level, unit.code().to_owned())).map_err(|error| error.to_string())
    }

    #[test]
    fn units_get_the_codes_that_everyone_uses() {
        assert_eq!(level("0000", "L"), Ok((Level::Nation, "00".into())));
        assert_eq!(level("0014", "L"), Ok((Level::Region, "14".into())));
        assert_eq!(level("0114", "K"), Ok((Level::Municipality, "0114".into())));
        assert!(level("01", "R").unwrap_err().contains("neither nation, region nor municipality"));
    }
}

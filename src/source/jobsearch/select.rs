//! What a fetch asks for, as groups and places that are known, and the calls
//! that count them.

use std::collections::HashSet;

use super::super::SourceError;
use super::super::nearest_code::nearest_code;
use super::known::{Group, Known, Place, known};
use super::{Work, planner};
use crate::config::{JobsearchFetch, PlaceLevel};

pub fn select(fetch: &JobsearchFetch) -> Result<Work, SourceError> {
    let known = known()?;
    let groups = match &fetch.groups {
        None => known.groups.clone(),
        Some(wanted) => groups(known, wanted)?,
    };
    let of_level = |place: &&Place| place.niva == fetch.level.as_str();
    let places = match &fetch.places {
        None => known.places.iter().filter(of_level).cloned().collect(),
        Some(wanted) => places(known, fetch.level, wanted)?,
    };
    let lan: HashSet<&str> = places.iter().filter_map(|place| place.kod.get(..2)).collect();
    let calls = planner::calls(groups.len(), places.len());
    let every = known.places.iter().filter(of_level).count() == places.len();
    Ok(Work {
        every_group: groups.len() == known.groups.len(),
        every_lan: every && lan.len() == known.places.iter().filter(|place| place.niva == "lan").count(),
        groups,
        places,
        calls,
    })
}

/// In the list's order, each once.
fn groups(known: &Known, wanted: &[String]) -> Result<Vec<Group>, SourceError> {
    let is = |group: &Group, code: &str| group.ssyk == code || group.id == code || group.field_id == code;
    for code in wanted {
        if !known.groups.iter().any(|group| is(group, code)) {
            let nearest = known.nearest_group(code);
            return Err(SourceError::UnknownCode { dimension: "groups".to_owned(), code: code.clone(), nearest });
        }
    }
    Ok(known.groups.iter().filter(|group| wanted.iter().any(|code| is(group, code))).cloned().collect())
}

fn places(known: &Known, level: PlaceLevel, wanted: &[String]) -> Result<Vec<Place>, SourceError> {
    let of_level = |place: &&Place| place.niva == level.as_str();
    let is =
        |place: &Place, code: &str| place.kod == code || level == PlaceLevel::Kommun && place.kod.starts_with(code);
    for code in wanted {
        if !known.places.iter().filter(of_level).any(|place| is(place, code)) {
            let list: Vec<(String, String)> =
                known.places.iter().filter(of_level).map(|place| (place.kod.clone(), place.namn.clone())).collect();
            let nearest = nearest_code(code, &list);
            return Err(SourceError::UnknownCode { dimension: "places".to_owned(), code: code.clone(), nearest });
        }
    }
    let chosen = known.places.iter().filter(of_level).filter(|place| wanted.iter().any(|code| is(place, code)));
    Ok(chosen.cloned().collect())
}

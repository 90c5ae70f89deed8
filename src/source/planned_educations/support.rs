//! The source's code lists as tables, each asked for whole.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::SourceError;
use super::answer::{body, kind, typed};
use super::{version, vocabulary};
use crate::config::ValueType;
use crate::decode::DecodeError;
use crate::decode::rows::{Cell, Table};
use crate::fetch::{Answer, Courier, Expect, Request};

pub const AREAS: &str = "/adult-education-events/areas";
pub const ADULT_TYPES: &str = "/support/adultTypeOfSchooling";
pub const SCHOOL_TYPES: &str = "/support/school-types";
pub const GEOGRAPHICAL: &str = "/support/geographical-areas";

pub const AREA_COLUMNS: [&str; 6] =
    ["omrade_id", "omrade", "omrade_en", "inriktning_id", "inriktning", "inriktning_en"];
pub const TYPE_COLUMNS: [&str; 4] = ["lista", "kod", "namn", "aldre_kod"];
pub const GEOGRAPHICAL_COLUMNS: [&str; 5] = ["kod", "namn", "typ", "kommun_kod", "kort_namn"];

#[derive(Clone, Debug, Deserialize)]
pub struct Area {
    #[serde(rename = "areaId", deserialize_with = "id")]
    pub id: String,
    pub name: String,
    #[serde(rename = "nameEn", default)]
    pub english: Option<String>,
    #[serde(default)]
    pub directions: Vec<Direction>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Direction {
    #[serde(rename = "directionId", deserialize_with = "id")]
    pub id: String,
    pub name: String,
    #[serde(rename = "nameEn", default)]
    pub english: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Place {
    pub code: String,
    pub name: String,
    #[serde(rename = "areaType")]
    pub kind: String,
    #[serde(rename = "shortName", default)]
    pub short: Option<String>,
}

/// A type of school in one of the source's two lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub code: String,
    pub name: String,
    pub older: Option<String>,
}

fn id<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Id {
        Number(u64),
        Text(String),
    }
    Ok(match Id::deserialize(deserializer)? {
        Id::Number(number) => number.to_string(),
        Id::Text(text) => text,
    })
}

pub async fn ask(courier: &Courier, path: &str) -> Result<Answer, SourceError> {
    let request = Request::get(format!("{}{path}", version::CURRENT.path)).accepting(version::CURRENT.accept);
    Ok(courier.ask(&request, Expect::Json).await?)
}

pub fn areas(answer: &Answer) -> Result<Vec<Area>, SourceError> {
    #[derive(Deserialize)]
    struct Body {
        areas: Vec<Area>,
    }
    Ok(typed::<Body>(answer)?.areas)
}

pub fn places(answer: &Answer) -> Result<Vec<Place>, SourceError> {
    typed(answer)
}

/// Four digits, of those places that are municipalities.
pub fn municipalities(places: &[Place]) -> Vec<String> {
    let four = |code: &str| code.len() == 4 && code.bytes().all(|byte| byte.is_ascii_digit());
    let mut codes: Vec<String> = places
        .iter()
        .filter(|place| place.kind == "MUNICIPALITY" && four(&place.code))
        .map(|place| place.code.clone())
        .collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// Types of school in adult education, under either of the names that the list has had, or in general.
pub fn types(answer: &Answer) -> Result<Vec<Listed>, SourceError> {
    let fault = |why: String| SourceError::decode(answer, DecodeError::Shape(why));
    let body = body(answer)?;
    let embedded = body.get("_embedded");
    let list = ["adultTypeOfSchoolings", "vuxenUtbildningsForm"].iter().find_map(|name| embedded?.get(*name));
    let rows = match list.unwrap_or(&body) {
        Value::Array(rows) => rows,
        other => return Err(fault(format!("the list of types of school is {}", kind(other)))),
    };
    let text = |row: &Map<String, Value>, names: &[&str]| {
        names.iter().find_map(|name| row.get(*name)?.as_str()).map(|text| text.trim().to_owned())
    };
    let listed = rows.iter().enumerate().map(|(number, row)| {
        let row = row.as_object().ok_or_else(|| fault(format!("row {number} is {}", kind(row))))?;
        let code = text(row, &["id", "code"]).ok_or_else(|| fault(format!("row {number} has no id and no code")))?;
        let name = text(row, &["value", "displayName"]).unwrap_or_default();
        let own = || vocabulary::known(&code).filter(|known| known.code == code).map(|known| known.older.join(" "));
        let older = text(row, &["old code", "oldCode"]).or_else(own).filter(|older| !older.is_empty());
        Ok(Listed { code, name, older })
    });
    listed.collect()
}

pub fn table(columns: &[&str]) -> Table {
    Table::new(columns.iter().map(|name| ((*name).to_owned(), ValueType::Text)).collect(), '.')
}

pub fn push(table: &mut Table, row: u64, texts: &[Option<&str>]) -> Result<(), DecodeError> {
    for (place, text) in texts.iter().enumerate() {
        table.push(place, row, text.map_or(Cell::Absent, Cell::Text))?;
    }
    table.end_row(&vec![true; texts.len()]);
    Ok(())
}

pub fn write_areas(areas: &[Area], table: &mut Table) -> Result<(), DecodeError> {
    let mut row = 0;
    for area in areas {
        for direction in &area.directions {
            let texts = [
                Some(area.id.as_str()),
                Some(area.name.trim()),
                area.english.as_deref(),
                Some(direction.id.as_str()),
                Some(direction.name.trim()),
                direction.english.as_deref(),
            ];
            push(table, row, &texts)?;
            row += 1;
        }
    }
    Ok(())
}

pub fn write_types(list: &str, types: &[Listed], table: &mut Table) -> Result<(), DecodeError> {
    for (row, one) in types.iter().enumerate() {
        push(table, row as u64, &[Some(list), Some(&one.code), Some(&one.name), one.older.as_deref()])?;
    }
    Ok(())
}

pub fn write_places(places: &[Place], table: &mut Table) -> Result<(), DecodeError> {
    for (row, place) in places.iter().enumerate() {
        // A town's code begins with its municipality's: `1489-Alingsås`.
        let municipality = match place.kind.as_str() {
            "MUNICIPALITY" => Some(place.code.as_str()),
            _ => place.code.split_once('-').map(|(code, _)| code).filter(|code| code.len() == 4),
        };
        let texts = [
            Some(place.code.as_str()),
            Some(place.name.trim()),
            Some(&place.kind),
            municipality,
            place.short.as_deref(),
        ];
        push(table, row as u64, &texts)?;
    }
    Ok(())
}

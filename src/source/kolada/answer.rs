//! The shapes of Kolada's answers. Unknown keys are passed over; a missing
//! `values`, or a value of another kind, is a fault that names its row.

use std::fmt::Write as _;

use serde::de::{DeserializeOwned, Deserializer, Error, Unexpected};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::SourceError;
use super::super::answer::{bytes, fault, parse};
use crate::decode::DecodeError;
use crate::fetch::Answer;

#[derive(Deserialize)]
pub struct Page<T> {
    pub values: Vec<T>,
    /// Null, missing or empty on the last page.
    #[serde(default)]
    pub next_url: Option<String>,
}

/// An indicator (nyckeltal).
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Kpi {
    pub id: String,
    pub title: String,
    #[serde(deserialize_with = "flag")]
    pub is_divided_by_gender: bool,
    /// `K`: municipalities; `L`: regions; `A`: both.
    pub municipality_type: String,
    #[serde(default)]
    pub description: Option<String>,
    #[serde(default)]
    pub operating_area: Option<String>,
    #[serde(default)]
    pub prel_publication_date: Option<String>,
    #[serde(default)]
    pub publication_date: Option<String>,
    /// The year that the next publication covers.
    #[serde(default)]
    pub publ_period: Option<String>,
    #[serde(default)]
    pub has_ou_data: Option<bool>,
}

impl Kpi {
    /// All that is known of the indicator, in a form that changes only when it does.
    pub fn canonical(&self) -> String {
        let mut text =
            format!("{}\n{}\n{}\n{}", self.id, self.title, self.is_divided_by_gender, self.municipality_type);
        for field in [&self.description, &self.prel_publication_date, &self.publication_date, &self.publ_period] {
            // Writing to a string cannot fail.
            let _ = write!(text, "\n{}", field.as_deref().unwrap_or_default());
        }
        text
    }
}

/// A municipality, a region or the nation.
#[derive(Clone, Debug, Deserialize)]
pub struct Municipality {
    pub id: String,
    pub title: String,
    /// `K` or `L`; the nation is `L`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// A group of units or of indicators.
#[derive(Clone, Debug, Deserialize)]
pub struct Group {
    pub id: String,
    pub title: String,
    #[serde(default)]
    pub members: Vec<Member>,
}

/// The second names are those of Kolada's own description of v2; both have been recorded.
#[derive(Clone, Debug, Deserialize)]
pub struct Member {
    #[serde(rename = "member_id", alias = "id")]
    pub id: String,
    #[serde(rename = "member_title", alias = "title", default)]
    pub title: String,
}

/// A unit below a municipality, such as a school.
#[derive(Clone, Debug, Deserialize)]
pub struct Ou {
    pub id: String,
    pub title: String,
    pub municipality: String,
}

/// The values of one indicator, unit and year.
#[derive(Debug, Deserialize)]
pub struct DataRow {
    pub kpi: String,
    #[serde(default)]
    pub municipality: Option<String>,
    /// Of `/oudata`, in place of the municipality.
    #[serde(default)]
    pub ou: Option<String>,
    #[serde(deserialize_with = "period")]
    pub period: String,
    pub values: Vec<Cell>,
}

impl DataRow {
    /// Who it is about; empty where the row does not say.
    pub fn unit(&self) -> &str {
        self.ou.as_deref().or(self.municipality.as_deref()).unwrap_or_default()
    }
}

#[derive(Debug, Deserialize)]
pub struct Cell {
    pub gender: String,
    /// Null is allowed, absence is not.
    #[serde(deserialize_with = "Option::deserialize")]
    pub value: Option<f64>,
    #[serde(default)]
    pub status: Option<String>,
    #[serde(default, alias = "is_deleted", deserialize_with = "flag")]
    pub isdeleted: bool,
}

/// `true`, `false`, 1 or 0: Kolada has written both.
fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Flag {
        Bool(bool),
        Number(u64),
    }
    match Flag::deserialize(deserializer)? {
        Flag::Bool(flag) => Ok(flag),
        Flag::Number(0) => Ok(false),
        Flag::Number(1) => Ok(true),
        Flag::Number(other) => Err(D::Error::invalid_value(Unexpected::Unsigned(other), &"true, false, 1 or 0")),
    }
}

/// A year as a number or as text.
fn period<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Period {
        Number(u64),
        Text(String),
    }
    Ok(match Period::deserialize(deserializer)? {
        Period::Number(year) => year.to_string(),
        Period::Text(text) => text,
    })
}

/// Parses one page. Only when that fails are the rows taken one by one, to find the faulty one.
pub fn page<T: DeserializeOwned>(answer: &Answer) -> Result<Page<T>, SourceError> {
    serde_json::from_slice(bytes(answer)).map_err(|error| {
        let fault = fault(answer, &error);
        match &fault {
            DecodeError::Shape(_) => SourceError::decode(answer, faulty_row::<T>(answer).unwrap_or(fault)),
            _ => SourceError::decode(answer, fault),
        }
    })
}

fn faulty_row<T: DeserializeOwned>(answer: &Answer) -> Option<DecodeError> {
    let page: Page<Value> = parse(answer).ok()?;
    page.values.into_iter().enumerate().find_map(|(number, row)| {
        let text: String = row.to_string().chars().take(120).collect();
        let error = serde_json::from_value::<T>(row).err()?;
        Some(DecodeError::Shape(format!("row {number} ({text}): {error}")))
    })
}

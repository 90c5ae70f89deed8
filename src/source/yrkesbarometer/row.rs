//! A row of the file. Unknown fields are passed over; a field of another type
//! is a fault that names its row.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::super::SourceError;
use super::super::answer::{bytes, fault};
use crate::decode::DecodeError;
use crate::fetch::Answer;

/// A field that may be null; absence is told apart, so that a field that no row has is found.
pub type Field<T> = Option<Option<T>>;

#[derive(Debug, Deserialize)]
pub struct Row {
    #[serde(default)]
    pub yrkesomrade: Option<String>,
    pub yb_yrke: String,
    pub yb_concept_id: String,
    pub lan: String,
    #[serde(default)]
    pub antal_ssyk: Option<i64>,
    /// 1: the occupation is only a part of its SSYK group.
    #[serde(default)]
    pub del_av_ssyk: Option<i64>,
    /// Four digits, or several such with commas between.
    pub ssyk: String,
    #[serde(default)]
    pub ssyk_text: Option<String>,
    #[serde(default)]
    pub yb_beskrivning: Option<String>,
    #[serde(default, deserialize_with = "field")]
    pub jobbmojligheter: Field<String>,
    #[serde(default, deserialize_with = "field")]
    pub rekryteringssituation: Field<String>,
    #[serde(default)]
    pub paradox: Option<Vec<String>>,
    #[serde(default, deserialize_with = "field")]
    pub prognos: Field<String>,
    #[serde(default)]
    pub text_jobbmojligheter: Option<String>,
    #[serde(default)]
    pub text_rekryteringssituation: Option<String>,
    #[serde(default, deserialize_with = "field")]
    pub hogsta_bedomningsniva: Field<String>,
    #[serde(default, deserialize_with = "field")]
    pub delvis_helt: Field<String>,
    pub omgang: String,
    #[serde(default)]
    pub taxonomi_version: Option<i64>,
}

/// Called only where the field is there.
fn field<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Field<String>, D::Error> {
    Option::<String>::deserialize(deserializer).map(Some)
}

/// Only when the whole does not parse are the rows taken one by one, to find the faulty one.
pub fn rows(answer: &Answer) -> Result<Vec<Row>, SourceError> {
    serde_json::from_slice(bytes(answer)).map_err(|error| {
        let fault = fault(answer, &error);
        let found = matches!(fault, DecodeError::Shape(_)).then(|| faulty_row(bytes(answer))).flatten();
        SourceError::decode(answer, found.unwrap_or(fault))
    })
}

fn faulty_row(body: &[u8]) -> Option<DecodeError> {
    let rows: Vec<Value> = serde_json::from_slice(body).ok()?;
    rows.into_iter().enumerate().find_map(|(number, row)| {
        let text: String = row.to_string().chars().take(120).collect();
        let error = serde_json::from_value::<Row>(row).err()?;
        Some(DecodeError::Shape(format!("row {number} ({text}): {error}")))
    })
}

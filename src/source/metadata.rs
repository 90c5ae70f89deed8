//! What a source says of its data, apart from the data: a small document in
//! one form for all APIs, kept with every version, so that it can be told
//! later what has changed since. It is read off an answer, never judged here.

use serde::{Deserialize, Serialize};

use crate::config::When;

/// The number of this program's documents.
pub const FORMAT: u32 = 1;

/// All that is known, not only what a fetch selects: what a selection means is told by the selection of the day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    pub format: u32,
    pub of: Kind,
    /// The id of a table; two tables are not compared.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub table: String,
    /// Without the periods that it covers.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// In the table's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dimensions: Vec<Dimension>,
    /// The dimension whose codes are the contents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contents: Vec<Content>,
    /// Groups that stand for their members of the day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Group>,
    /// Of a file, in its order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<Column>,
    /// When this edition was published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released: Option<When>,
    /// When the source says that it publishes next, which changes nothing of what the data mean.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub next_releases: Vec<When>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Pxweb,
    Kolada,
    Eurostat,
    File,
    PlannedEducations,
    SchoolUnits,
    SusaNavet,
    HistoricalAds,
    JobStream,
    Siris,
    Yrkesbarometer,
    Taxonomy,
    Jobsearch,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dimension {
    pub id: String,
    pub label: String,
    /// Its codes are periods, which come and go: they are left out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub time: bool,
    /// The code list that the codes are of, where it is not the dimension's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codelist: Option<String>,
    /// Code and label, in the source's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<(String, String)>,
}

/// What a number says: a content of a table, an indicator.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    pub code: String,
    pub label: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decimals: Option<u8>,
    /// What else defines it, as name and text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub definition: Vec<(String, String)>,
}

/// A group of units or of indicators that the fetch names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    pub id: String,
    pub label: String,
    /// Its members are contents, not codes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub of_contents: bool,
    /// Code and label, by code.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<(String, String)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    pub name: String,
    /// As declared, since files tell no types.
    pub kind: String,
}

impl Metadata {
    pub fn new(of: Kind) -> Self {
        Self {
            format: FORMAT,
            of,
            table: String::new(),
            title: String::new(),
            dimensions: Vec::new(),
            metric: None,
            contents: Vec::new(),
            groups: Vec::new(),
            columns: Vec::new(),
            released: None,
            next_releases: Vec::new(),
        }
    }

    /// The same bytes for the same metadata.
    pub fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("texts and numbers in lists always serialise")
    }

    /// Reads a document of this or any older format.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let read: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if read.format > FORMAT {
            return Err(format!("its format {} is newer than this program, which reads up to {FORMAT}", read.format));
        }
        Ok(read)
    }
}

/// A title without the years and periods from the first to the last that the data cover, which move on.
pub fn without_periods(title: &str, first: Option<&str>, last: Option<&str>) -> String {
    let year = |period: Option<&str>| period.and_then(|period| period.get(..4)).map(str::to_owned);
    let years = [year(first), year(last)];
    let mut text = String::new();
    let mut rest = title.trim();
    while let Some(start) = rest.find(|letter: char| letter.is_alphanumeric()) {
        let end =
            rest[start..].find(|letter: char| !letter.is_alphanumeric()).map_or(rest.len(), |length| start + length);
        text.push_str(&rest[..start]);
        let word = &rest[start..end];
        let covered = years.iter().flatten().any(|year| word.starts_with(year.as_str()));
        text.push_str(if covered { "…" } else { word });
        rest = &rest[end..];
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_reads_as_it_was_written_and_a_later_one_is_refused() {
        let mut metadata = Metadata::new(Kind::Pxweb);
        metadata.contents.push(Content {
            code: "A".into(),
            label: "a".into(),
            decimals: Some(1),
            ..Content::default()
        });
        metadata.dimensions.push(Dimension {
            id: "Region".into(),
            label: "region".into(),
            codes: vec![("01".into(), "Stockholms län".into())],
            ..Dimension::default()
        });
        let bytes = metadata.bytes();
        assert_eq!(
            String::from_utf8(bytes.clone()).unwrap(),
            r#"{"format":1,"of":"pxweb","dimensions":[{"id":"Region","label":"region","codes":[["01","Stockholms län"]]}],"contents":[{"code":"A","label":"a","decimals":1}]}"#
        );
        assert_eq!(Metadata::parse(&bytes).unwrap(), metadata);
        metadata.format = 2;
        assert_eq!(
            Metadata::parse(&metadata.bytes()).unwrap_err(),
            "its format 2 is newer than this program, which reads up to 1"
        );
        assert!(Metadata::parse(b"{}").is_err());
    }

    #[test]
    fn a_title_does_not_change_with_the_periods_it_covers() {
        let title = "Folkmängden per månad efter region, ålder och kön.  År 2025M01-2026M04";
        let expected = "Folkmängden per månad efter region, ålder och kön.  År …-…";
        assert_eq!(without_periods(title, Some("2025M01"), Some("2026M04")), expected);
        assert_eq!(without_periods("KPI (1980=100) 2025–2026", Some("2025"), Some("2026")), "KPI (1980=100) …–…");
        assert_eq!(without_periods(" Arbetslöshet ", None, None), "Arbetslöshet");
    }
}

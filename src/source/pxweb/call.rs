//! A data call: `POST /tables/ID/data`, or `GET` where all that is asked for fits
//! into an address as short as the source's configuration allows.
//!
//! Facts behind the code: SCB's front answers 404 to long addresses (read of some
//! 2,100 characters), whatever the API would say. In an address codes are parted by
//! commas; a code that holds one stands in brackets there, which only the server's
//! source tells, so that such codes are left to `POST`. The length is counted
//! without the host: a call is the same call when a source moves.

use std::ops::Range;

use super::super::encode::{encode, encode_list};
use super::super::pxweb_v1::answer::Format;
use super::query::Query;
use crate::fetch::Request;

/// What all data calls of a plan have in common.
#[derive(Clone, Debug)]
pub struct DataCall {
    pub table: String,
    /// As the parameter that tells it.
    pub language: String,
    pub format: Format,
    /// The most characters of what follows the source's address in a `GET`; 0: none is made.
    pub longest_get: usize,
}

impl DataCall {
    pub fn request(&self, query: &Query, ranges: &[Range<usize>]) -> Request {
        let path = self.path();
        match self.address(&path, query, ranges) {
            Some(address) => Request::get(address),
            None => Request::post(path, query.body(ranges)),
        }
    }

    fn path(&self) -> String {
        let format = match self.format {
            Format::Csv(_) => "csv&outputFormatParams=UseCodes",
            other => other.name(),
        };
        format!("/tables/{}/data?{}&outputFormat={format}", encode(&self.table), self.language)
    }

    /// The path with all that is asked for, where that can be said in one short enough.
    fn address(&self, path: &str, query: &Query, ranges: &[Range<usize>]) -> Option<String> {
        let mut address = path.to_owned();
        for part in query.parts(ranges) {
            let is_plain = !part.id.contains(['[', ']']) && !part.codes.iter().any(|code| needs_brackets(code));
            if address.len() >= self.longest_get || !is_plain {
                return None;
            }
            let id = encode(part.id);
            address.push_str(&format!("&valueCodes%5B{id}%5D={}", encode_list(part.codes)));
            if let Some(list) = part.codelist {
                address.push_str(&format!("&codelist%5B{id}%5D={}", encode(list)));
            }
            if let Some(values) = part.output_values {
                address.push_str(&format!("&outputValues%5B{id}%5D={values}"));
            }
        }
        (address.len() <= self.longest_get).then_some(address)
    }
}

/// Whether a code would be read as several, or without its blanks.
fn needs_brackets(code: &str) -> bool {
    code.is_empty() || code.contains([',', '[', ']']) || code.trim() != code
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::{OutputValues, PxwebFetch};
    use crate::decode::json_stat::{CubeDimension, CubeMeta};
    use crate::fetch::Method;

    fn asked(longest_get: usize, codes: &[&str], format: Format) -> Request {
        let dimension = |id: &str, codes: &[&str]| CubeDimension {
            id: id.to_owned(),
            codes: codes.iter().map(|code| ((*code).to_owned(), String::new())).collect(),
            ..CubeDimension::default()
        };
        let meta = CubeMeta {
            dimensions: vec![dimension("Ålder", codes), dimension("ContentsCode", &["A", "B"])],
            metric: Some("ContentsCode".to_owned()),
            ..CubeMeta::default()
        };
        let one = |value: &str| BTreeMap::from([("Ålder".to_owned(), value.to_owned())]);
        let fetch = PxwebFetch {
            select: BTreeMap::from([("Ålder".to_owned(), vec!["*".to_owned()])]),
            codelist: one("agg_Ålder"),
            output_values: BTreeMap::from([("Ålder".to_owned(), OutputValues::Aggregated)]),
            ..PxwebFetch::default()
        };
        let query = Query::new(&fetch, &meta).unwrap();
        let call = DataCall { table: "TAB1".to_owned(), language: "lang=sv".to_owned(), format, longest_get };
        call.request(&query, &query.whole())
    }

    #[test]
    fn a_short_call_is_a_get_that_says_everything() {
        let got = asked(250, &["0-4", "100+"], Format::JsonStat2);
        assert_eq!((got.method, got.body), (Method::Get, None));
        assert_eq!(
            got.path,
            "/tables/TAB1/data?lang=sv&outputFormat=json-stat2&valueCodes%5B%C3%85lder%5D=0-4,100%2B\
             &codelist%5B%C3%85lder%5D=agg_%C3%85lder&outputValues%5B%C3%85lder%5D=aggregated\
             &valueCodes%5BContentsCode%5D=A,B"
        );
        let exactly = got.path.len();
        assert_eq!(asked(exactly, &["0-4", "100+"], Format::JsonStat2).method, Method::Get);
        let csv = asked(300, &["0-4"], Format::Csv("csv")).path;
        assert!(csv.contains("&outputFormat=csv&outputFormatParams=UseCodes&valueCodes"), "{csv}");

        let posted = asked(exactly - 1, &["0-4", "100+"], Format::JsonStat2);
        assert_eq!(
            (posted.method, posted.path.as_str()),
            (Method::Post, "/tables/TAB1/data?lang=sv&outputFormat=json-stat2")
        );
        assert_eq!(
            posted.body.as_deref(),
            Some(
                r#"{"selection":[{"variableCode":"Ålder","valueCodes":["0-4","100+"],"codelist":"agg_Ålder","outputValues":"aggregated"},{"variableCode":"ContentsCode","valueCodes":["A","B"]}]}"#
            )
        );
        assert_eq!(asked(0, &["0-4"], Format::JsonStat2).method, Method::Post);
    }

    #[test]
    fn what_an_address_would_take_for_something_else_is_posted() {
        for code in ["10,5", "[x]", " 1", "1 ", ""] {
            assert_eq!(asked(2000, &[code], Format::JsonStat2).method, Method::Post, "{code:?}");
        }
        assert_eq!(asked(2000, &["a b", "A-U", "å&=?"], Format::JsonStat2).method, Method::Get);
    }
}

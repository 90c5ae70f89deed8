//! PxWeb: statistical cubes at SCB and some thirty other agencies.

pub(in crate::source) mod announced;
mod assembly;
pub(super) mod assumptions;
mod band;
pub(super) mod browse;
mod call;
mod codelist;
mod cuts;
pub(in crate::source) mod describe;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod gathered;
pub(in crate::source) mod harvest;
mod note;
pub(in crate::source) mod part;
pub(in crate::source) mod planner;
pub(in crate::source) mod query;
#[cfg(test)]
mod sandbox_tests;
mod v2;

use arrow::datatypes::SchemaRef;

use crate::config::{PxwebFetch, ValueType, column_of};
use crate::decode::{Dimension, Layout, Measure};

pub use v2::{Work, harvest, plan};

use super::selection::is_expression;

/// The dimension of measures, as every PxWeb installation seen so far names it.
pub(in crate::source) const CONTENTS: &str = "ContentsCode";

/// The measure of a table that has no dimension of measures.
const ONLY_MEASURE: &str = "antal";

/// Which measures the configuration spells out, as (code, column); `None` when only the table can tell.
fn declared_measures(fetch: &PxwebFetch) -> Option<Vec<(String, String)>> {
    let mut measures = fetch.measures.clone();
    for code in fetch.select.get(CONTENTS).into_iter().flatten() {
        if is_expression(code) {
            return None;
        }
        measures.entry(code.clone()).or_insert_with(|| column_of(code));
    }
    (!measures.is_empty()).then(|| measures.into_iter().collect())
}

/// Dimensions in the order of their names, then measures in the order of their codes.
pub fn declared_schema(fetch: &PxwebFetch, dataset_columns: &dyn Fn(&str) -> Option<ValueType>) -> Option<SchemaRef> {
    let mut ids: Vec<&String> = fetch.select.keys().chain(fetch.rename.keys()).collect();
    ids.retain(|id| *id != CONTENTS);
    ids.sort_unstable();
    ids.dedup();
    let dimensions = ids.into_iter().map(|id| Dimension {
        id: id.clone(),
        column: fetch.rename.get(id).cloned().unwrap_or_else(|| column_of(id)),
        codes: Vec::new(),
    });
    let measures = declared_measures(fetch)?.into_iter().map(|(code, column)| {
        let kind = dataset_columns(&column).filter(|kind| *kind != ValueType::Text).unwrap_or(ValueType::Float64);
        Measure { code, column, kind, decimals: None, unit: None }
    });
    let layout = Layout { dimensions: dimensions.collect(), measures: measures.collect(), ..Layout::default() };
    Some(layout.schema())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn map<T>(pairs: &[(&str, T)]) -> BTreeMap<String, T>
    where
        T: Clone,
    {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect()
    }

    fn fetch() -> PxwebFetch {
        PxwebFetch {
            table: "TAB6929".into(),
            select: map(&[
                ("Region", vec!["*".to_owned()]),
                ("Ålder", vec!["*".to_owned()]),
                ("Tid", vec!["TOP(3)".to_owned()]),
            ]),
            rename: map(&[("Region", "kod".to_owned())]),
            measures: map(&[("000008QT", "personer".to_owned()), ("000008QQ", "helt_matchade".to_owned())]),
            ..PxwebFetch::default()
        }
    }

    fn columns(fetch: &PxwebFetch) -> Option<String> {
        let schema = declared_schema(fetch, &|name| (name == "personer").then_some(ValueType::Int64))?;
        let words: Vec<String> = schema
            .fields()
            .iter()
            .filter(|field| !field.name().ends_with("_status") && !field.name().ends_with("_symbol"))
            .map(|field| match field.data_type() {
                arrow::datatypes::DataType::Dictionary(..) => field.name().clone(),
                number => format!("{}:{number}", field.name()),
            })
            .collect();
        Some(words.join(" "))
    }

    #[test]
    fn the_schema_is_known_without_asking_when_measures_are_named() {
        let mut fetch = fetch();
        assert_eq!(columns(&fetch).unwrap(), "kod tid alder helt_matchade:Float64 personer:Int64");
        fetch.select.insert(CONTENTS.into(), vec!["000008QW".into()]);
        assert_eq!(columns(&fetch).unwrap(), "kod tid alder helt_matchade:Float64 personer:Int64 000008qw:Float64");
        fetch.select.insert(CONTENTS.into(), vec!["*".into()]);
        assert_eq!(columns(&fetch), None);
    }

    #[test]
    fn all_contents_can_only_be_told_by_the_table() {
        let fetch = PxwebFetch { measures: BTreeMap::new(), ..fetch() };
        assert_eq!(columns(&fetch), None);
    }

    #[test]
    fn every_measure_has_a_status_and_a_symbol() {
        let schema = declared_schema(&fetch(), &|_| None).unwrap();
        assert!(schema.field_with_name("personer_status").is_ok() && schema.field_with_name("personer_symbol").is_ok());
    }
}

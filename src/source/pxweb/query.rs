//! What a fetch asks of a table, in the table's own terms: the configuration
//! resolved against the metadata to explicit codes, columns and types.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Serialize;

use super::super::SourceError;
use super::super::order;
use super::super::selection::CodeList;
use super::{CONTENTS, ONLY_MEASURE};
use crate::config::{PxwebFetch, ValueType, column_of};
use crate::contract::Status;
use crate::decode::json_stat::{CubeDimension, CubeMeta};
use crate::decode::{CodeRow, Dimension, Layout, Measure};
use crate::nearest::nearest;

#[derive(Clone, Debug)]
pub struct Query {
    /// In the table's order.
    axes: Vec<Axis>,
    metric: Option<Axis>,
    /// In the order of their codes.
    pub measures: Vec<Measure>,
    pub codes: Vec<CodeRow>,
}

#[derive(Clone, Debug)]
struct Axis {
    id: String,
    column: String,
    codelist: Option<String>,
    output_values: Option<&'static str>,
    codes: Vec<String>,
}

/// What a call asks of a dimension.
pub struct Part<'a> {
    pub id: &'a str,
    pub codes: &'a [String],
    pub codelist: Option<&'a str>,
    /// Whether the list's own codes are wanted or those behind, where the fetch says so.
    pub output_values: Option<&'static str>,
}

/// The body of a data call. The fields' order is part of a call's identity.
#[derive(Serialize)]
struct Body<'a> {
    selection: Vec<Variable<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Variable<'a> {
    variable_code: &'a str,
    value_codes: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    codelist: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_values: Option<&'static str>,
}

impl Query {
    pub fn new(fetch: &PxwebFetch, meta: &CubeMeta) -> Result<Self, SourceError> {
        for id in fetch.select.keys().chain(fetch.codelist.keys()).chain(fetch.rename.keys()) {
            if !meta.dimensions.iter().any(|dimension| dimension.id == *id) {
                return Err(unknown_dimension(fetch, meta, id));
            }
        }
        let mut query = Self { axes: Vec::new(), metric: None, measures: Vec::new(), codes: Vec::new() };
        for dimension in &meta.dimensions {
            if meta.metric.as_ref() == Some(&dimension.id) {
                query.take_measures(fetch, meta, dimension)?;
            } else {
                query.take_dimension(fetch, meta, dimension)?;
            }
        }
        if query.metric.is_none() {
            // The only key that names the measure of such a table is the empty one.
            if fetch.measures.keys().any(|code| !code.is_empty()) {
                return Err(unknown_dimension(fetch, meta, CONTENTS));
            }
            let column = fetch.measures.values().next().map_or(ONLY_MEASURE, String::as_str).to_owned();
            let decimals = meta.decimals;
            query.measures.push(Measure { code: String::new(), column, kind: kind(decimals), decimals, unit: None });
        }
        query.refuse_same_columns()?;
        Ok(query)
    }

    fn take_dimension(
        &mut self,
        fetch: &PxwebFetch,
        meta: &CubeMeta,
        dimension: &CubeDimension,
    ) -> Result<(), SourceError> {
        let Some(expressions) = fetch.select.get(&dimension.id) else {
            let id = dimension.id.clone();
            return if fetch.rename.contains_key(&id) {
                Err(SourceError::RenamedNotSelected { dimension: id })
            } else if dimension.elimination {
                Ok(())
            } else {
                Err(SourceError::NotEliminable { dimension: id })
            };
        };
        let chosen = code_list(meta, dimension).resolve(expressions)?;
        let column = fetch.rename.get(&dimension.id).cloned().unwrap_or_else(|| column_of(&dimension.id));
        self.codes.extend(chosen.iter().enumerate().map(|(place, &at)| {
            let (code, label) = &dimension.codes[at];
            CodeRow { kolumn: column.clone(), kod: code.clone(), text: label.trim().to_owned(), ordning: order(place) }
        }));
        self.axes.push(axis(fetch, dimension, column, &chosen));
        Ok(())
    }

    fn take_measures(
        &mut self,
        fetch: &PxwebFetch,
        meta: &CubeMeta,
        dimension: &CubeDimension,
    ) -> Result<(), SourceError> {
        let mut expressions: Vec<String> = fetch.select.get(&dimension.id).cloned().unwrap_or_default();
        expressions.extend(fetch.measures.keys().cloned());
        if expressions.is_empty() {
            expressions.push("*".to_owned());
        }
        let chosen = code_list(meta, dimension).resolve(&expressions)?;
        for &at in &chosen {
            let (code, _) = &dimension.codes[at];
            let decimals = dimension.decimals_by_code.get(code).copied().or(meta.decimals);
            self.measures.push(Measure {
                code: code.clone(),
                column: fetch.measures.get(code).cloned().unwrap_or_else(|| column_of(code)),
                kind: kind(decimals),
                decimals,
                unit: dimension.unit_by_code.get(code).cloned(),
            });
        }
        self.measures.sort_unstable_by(|one, other| one.code.cmp(&other.code));
        self.metric = Some(axis(fetch, dimension, String::new(), &chosen));
        Ok(())
    }

    fn refuse_same_columns(&self) -> Result<(), SourceError> {
        let mut taken: BTreeMap<String, String> = BTreeMap::new();
        let dimensions = self.axes.iter().map(|axis| (axis.column.clone(), format!("dimension {:?}", axis.id)));
        let measures = self.measures.iter().flat_map(|measure| {
            ["", "_status", "_symbol"]
                .map(|tail| (format!("{}{tail}", measure.column), format!("measure {:?}", measure.code)))
        });
        for (column, owner) in dimensions.chain(measures) {
            if let Some(first) = taken.insert(column.clone(), owner.clone()) {
                return Err(SourceError::SameColumn { column, first, second: owner });
            }
        }
        Ok(())
    }

    /// Number of chosen codes per dimension, measures apart.
    pub fn sizes(&self) -> Vec<u64> {
        self.axes.iter().map(|axis| axis.codes.len() as u64).collect()
    }

    /// Each dimension's column, in the table's order.
    pub fn columns(&self) -> Vec<&str> {
        self.axes.iter().map(|axis| axis.column.as_str()).collect()
    }

    /// The chosen codes of a dimension.
    pub fn codes_of(&self, axis: usize) -> &[String] {
        self.axes.get(axis).map(|axis| axis.codes.as_slice()).unwrap_or_default()
    }

    /// Cells that make one row.
    pub fn per_row(&self) -> u64 {
        self.measures.len() as u64
    }

    /// The body of the data call for one box.
    pub fn body(&self, ranges: &[Range<usize>]) -> String {
        let variable = |Part { id, codes, codelist, output_values }| Variable {
            variable_code: id,
            value_codes: codes,
            codelist,
            output_values,
        };
        let body = Body { selection: self.parts(ranges).map(variable).collect() };
        serde_json::to_string(&body).expect("text in lists always serialises")
    }

    /// What a call for one box asks of each dimension, the measures last.
    pub fn parts<'a>(&'a self, ranges: &'a [Range<usize>]) -> impl Iterator<Item = Part<'a>> {
        let axes = self.axes.iter().zip(ranges).map(|(axis, range)| (axis, range.clone()));
        let metric = self.metric.iter().map(|metric| (metric, 0..metric.codes.len()));
        axes.chain(metric).map(|(axis, range)| Part {
            id: &axis.id,
            codes: &axis.codes[range],
            codelist: axis.codelist.as_deref(),
            output_values: axis.output_values,
        })
    }

    /// What the answer for one box must hold. Columns stand in the order of the dimensions' names,
    /// as in the schema that is declared without asking.
    pub fn layout(&self, ranges: &[Range<usize>], symbols: &BTreeMap<String, Status>) -> Layout {
        let mut dimensions: Vec<Dimension> = self
            .axes
            .iter()
            .zip(ranges)
            .map(|(axis, range)| Dimension {
                id: axis.id.clone(),
                column: axis.column.clone(),
                codes: axis.codes[range.clone()].to_vec(),
            })
            .collect();
        dimensions.sort_unstable_by(|one, other| one.id.cmp(&other.id));
        Layout {
            dimensions,
            metric: self.metric.as_ref().map(|metric| metric.id.clone()),
            measures: self.measures.clone(),
            symbols: symbols.clone(),
        }
    }

    /// The whole selection as one box.
    pub fn whole(&self) -> Vec<Range<usize>> {
        self.axes.iter().map(|axis| 0..axis.codes.len()).collect()
    }

    pub fn keeps(&self, dimension: &str) -> bool {
        self.axes.iter().chain(&self.metric).any(|axis| axis.id == dimension)
    }

    /// Names the selection: its codes, code lists and columns.
    pub fn hash(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.body(&self.whole()).as_bytes());
        let columns = self.axes.iter().map(|axis| &axis.column).chain(self.measures.iter().map(|one| &one.column));
        for column in columns {
            hasher.update(&[0]).update(column.as_bytes());
        }
        hasher.finalize().to_hex()[..16].to_owned()
    }
}

fn axis(fetch: &PxwebFetch, dimension: &CubeDimension, column: String, chosen: &[usize]) -> Axis {
    Axis {
        id: dimension.id.clone(),
        column,
        codelist: fetch.codelist.get(&dimension.id).cloned(),
        // Without a list it would have no meaning.
        output_values: fetch
            .output_values
            .get(&dimension.id)
            .filter(|_| fetch.codelist.contains_key(&dimension.id))
            .map(|one| one.as_str()),
        codes: chosen.iter().map(|&at| dimension.codes[at].0.clone()).collect(),
    }
}

fn code_list<'a>(meta: &CubeMeta, dimension: &'a CubeDimension) -> CodeList<'a> {
    CodeList { dimension: &dimension.id, codes: &dimension.codes, is_time: meta.time.contains(&dimension.id) }
}

/// A count without decimals is whole; what the source does not say may have some.
fn kind(decimals: Option<u8>) -> ValueType {
    if decimals == Some(0) { ValueType::Int64 } else { ValueType::Float64 }
}

fn unknown_dimension(fetch: &PxwebFetch, meta: &CubeMeta, id: &str) -> SourceError {
    let known: Vec<String> = meta.dimensions.iter().map(|dimension| dimension.id.clone()).collect();
    let nearest = meta
        .dimensions
        .iter()
        .find(|dimension| dimension.label.to_lowercase() == id.to_lowercase())
        .map(|dimension| dimension.id.clone())
        .or_else(|| nearest(id, known.iter().map(String::as_str)).map(str::to_owned));
    SourceError::UnknownDimension { table: fetch.table.clone(), dimension: id.to_owned(), known, nearest }
}

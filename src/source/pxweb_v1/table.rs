//! A table's metadata, and the names by which it is asked: the codes of the
//! server, where the configuration has others.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Deserialize;

use super::super::SourceError;
use super::super::pxweb::CONTENTS;
use super::super::selection::is_expression;
use crate::config::{Installation, PxwebFetch};
use crate::decode::DecodeError;
use crate::decode::json_stat::{CubeDimension, CubeMeta};
use crate::decode::px::Names;

#[derive(Debug, Deserialize)]
pub struct Table {
    #[serde(default)]
    title: String,
    variables: Vec<Variable>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Variable {
    code: String,
    #[serde(default)]
    text: String,
    /// Missing where there are more than the server lists.
    values: Option<Vec<String>>,
    value_texts: Option<Vec<String>>,
    #[serde(default)]
    elimination: bool,
    #[serde(default)]
    time: bool,
}

/// What the server calls things, and what is asked besides the selection.
#[derive(Clone, Debug, Default)]
pub struct Dialect {
    /// Of the dimensions whose codes stand in the labels: id → our code → the server's.
    pub codes: BTreeMap<String, HashMap<String, String>>,
    /// Dimensions that are left out by asking for the one code of the whole.
    pub fixed: Vec<(String, String)>,
    /// Dimensions of which only the named codes are known, since no list tells the others.
    pub named: HashSet<String>,
    /// The table in the server's own codes and labels.
    pub own: CubeMeta,
}

impl Dialect {
    /// The server's code.
    pub fn asked<'a>(&'a self, dimension: &str, code: &'a str) -> &'a str {
        self.codes.get(dimension).and_then(|codes| codes.get(code)).map_or(code, String::as_str)
    }

    /// For PX answers, which may name variables by their text and values by their labels.
    pub fn names(&self) -> Names {
        let labels =
            |one: &CubeDimension| one.codes.iter().map(|(code, label)| (label.clone(), code.clone())).collect();
        Names {
            ids: self.own.dimensions.iter().map(|one| (one.label.clone(), one.id.clone())).collect(),
            codes: self.own.dimensions.iter().map(|one| (one.id.clone(), labels(one))).collect(),
        }
    }
}

/// PxWeb v2 writes `agg_X` where v1 has `agg:X`.
pub fn codelist(id: &str) -> String {
    for (v2, v1) in [("agg_", "agg:"), ("vs_", "vs:")] {
        if let Some(rest) = id.strip_prefix(v2).filter(|_| !id.contains(':')) {
            return format!("{v1}{rest}");
        }
    }
    id.to_owned()
}

/// The table in the form that all of PxWeb is planned in, and how to ask for it.
pub fn read(
    table: Table,
    fetch: &PxwebFetch,
    installation: &Installation,
) -> Result<(CubeMeta, Dialect), SourceErrorOr> {
    let mut dialect = Dialect::default();
    let mut dimensions = Vec::new();
    let mut own = Vec::new();
    let mut time = Vec::new();
    let mut seen = HashSet::new();
    for variable in table.variables {
        let id = variable.code.clone();
        if !seen.insert(id.clone()) {
            return Err(DecodeError::Shape(format!("variable {id:?} comes twice")).into());
        }
        let codes = codes(&variable, fetch, &mut dialect)?;
        let mut dimension = CubeDimension {
            label: if variable.text.trim().is_empty() { id.clone() } else { variable.text.trim().to_owned() },
            codes: codes.clone(),
            elimination: variable.elimination,
            id: id.clone(),
            ..CubeDimension::default()
        };
        own.push(CubeDimension { codes, ..dimension.clone() });
        if installation.code_in_label.contains(&id) && !dialect.named.contains(&id) {
            dimension.codes = from_labels(&id, &dimension.codes, &mut dialect)?;
        }
        if variable.time {
            time.push(id.clone());
        }
        let left_out = !fetch.select.contains_key(&id) && !variable.elimination;
        if let Some(total) = installation.totals.get(&id).filter(|_| left_out) {
            let asked = dialect.asked(&id, total).to_owned();
            if !own.last().is_some_and(|one| one.codes.iter().any(|(code, _)| *code == asked)) {
                return Err(DecodeError::Shape(format!(
                    "dimension {id:?} has no code {total:?}, which `totals` of the source names as its whole"
                ))
                .into());
            }
            dimension.elimination = true;
            dialect.fixed.push((id, asked));
        }
        dimensions.push(dimension);
    }
    let metric = contents(&dimensions, fetch);
    dialect.own = CubeMeta { label: table.title.clone(), dimensions: own, ..CubeMeta::default() };
    Ok((CubeMeta { label: table.title, dimensions, metric, time, ..CubeMeta::default() }, dialect))
}

/// Either fault, before it is known which answer it is in.
pub enum SourceErrorOr {
    Decode(DecodeError),
    Source(SourceError),
}

impl From<DecodeError> for SourceErrorOr {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

/// Codes and labels, of a code list or a list too long to be told only those that the selection names.
fn codes(
    variable: &Variable,
    fetch: &PxwebFetch,
    dialect: &mut Dialect,
) -> Result<Vec<(String, String)>, SourceErrorOr> {
    let id = &variable.code;
    let listed = variable.values.as_ref().filter(|_| !fetch.codelist.contains_key(id));
    let Some(values) = listed else {
        let named = fetch.select.get(id).cloned().unwrap_or_default();
        if let Some(expression) = named.iter().find(|code| is_expression(code)) {
            return Err(SourceErrorOr::Source(SourceError::Expression {
                dimension: id.clone(),
                expression: expression.clone(),
                why: "the source does not list these codes, so each must be named",
            }));
        }
        dialect.named.insert(id.clone());
        return Ok(named.into_iter().map(|code| (code.clone(), code)).collect());
    };
    let texts = variable.value_texts.as_ref().unwrap_or(values);
    if texts.len() != values.len() {
        let (codes, labels) = (values.len(), texts.len());
        return Err(DecodeError::Shape(format!("variable {id:?} has {codes} values and {labels} texts")).into());
    }
    let mut seen = HashSet::with_capacity(values.len());
    if let Some(code) = values.iter().find(|code| !seen.insert(code.as_str())) {
        return Err(DecodeError::Shape(format!("variable {id:?} has the value {code:?} twice")).into());
    }
    Ok(values.iter().zip(texts).map(|(code, text)| (code.clone(), text.trim().to_owned())).collect())
}

/// `01 Stockholms län` is code 01; a label of one word is both.
fn from_labels(
    id: &str,
    codes: &[(String, String)],
    dialect: &mut Dialect,
) -> Result<Vec<(String, String)>, DecodeError> {
    let mut asked = HashMap::with_capacity(codes.len());
    let mut read = Vec::with_capacity(codes.len());
    for (theirs, label) in codes {
        let (code, rest) = label.split_once(char::is_whitespace).unwrap_or((label, label));
        if code.is_empty() {
            return Err(DecodeError::Shape(format!("dimension {id:?} has a code without a label: {theirs:?}")));
        }
        if asked.insert(code.to_owned(), theirs.clone()).is_some() {
            return Err(DecodeError::Shape(format!("dimension {id:?} has two labels that begin with {code:?}")));
        }
        read.push((code.to_owned(), rest.trim().to_owned()));
    }
    dialect.codes.insert(id.to_owned(), asked);
    Ok(read)
}

/// The dimension of the measures, as far as can be told before any data: the usual one, or one that is not selected
/// and has all the codes that `measures` names.
fn contents(dimensions: &[CubeDimension], fetch: &PxwebFetch) -> Option<String> {
    if let Some(usual) = dimensions.iter().find(|one| one.id == CONTENTS) {
        return Some(usual.id.clone());
    }
    let named: Vec<&String> = fetch.measures.keys().filter(|code| !code.is_empty()).collect();
    let has = |one: &CubeDimension, code: &String| one.codes.iter().any(|(known, _)| known == code);
    let fits = |one: &&CubeDimension| {
        !named.is_empty() && !fetch.select.contains_key(&one.id) && named.iter().all(|code| has(one, code))
    };
    dimensions.iter().find(fits).map(|one| one.id.clone())
}

//! Code lists whose codes behind are wanted one by one (`output_values` = single).
//!
//! Facts behind the code: the API once had a parameter `outputValues` for this. Its
//! specification of today does not, and a server that does not know the parameter
//! takes no notice of it and answers with the list's own codes, sums and all. So the
//! list is read (`/codelists/ID`, whose `valueMap` says which codes each stands for)
//! and the table is asked for those by name, which every server understands alike.

use std::collections::HashSet;

use serde::Deserialize;

use super::super::SourceError;
use super::super::answer::parse;
use super::super::encode::encode;
use super::super::metadata::{Group, Metadata};
use super::super::selection::CodeList;
use crate::config::{OutputValues, PxwebFetch};
use crate::decode::DecodeError;
use crate::decode::json_stat::CubeMeta;
use crate::fetch::{Courier, Expect, Request};

#[derive(Deserialize)]
struct Listed {
    values: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Value {
    code: String,
    #[serde(default)]
    label: String,
    /// Left out where a code stands for itself.
    value_map: Option<Vec<String>>,
}

/// A list, for a dimension whose own codes are wanted.
#[derive(Debug)]
pub struct Behind {
    dimension: String,
    list: String,
    /// Code and label, in the list's order.
    codes: Vec<(String, String)>,
    /// What each code stands for.
    members: Vec<Vec<String>>,
}

/// The fetch without the lists whose codes behind are wanted: what the table's metadata are asked by.
pub fn without(fetch: &PxwebFetch) -> PxwebFetch {
    let mut plain = fetch.clone();
    plain.codelist.retain(|dimension, _| fetch.output_values.get(dimension) != Some(&OutputValues::Single));
    plain
}

/// Asks for every list whose codes behind are wanted.
pub async fn behind(courier: &Courier, fetch: &PxwebFetch, language: &str) -> Result<Vec<Behind>, SourceError> {
    let mut all = Vec::new();
    for (dimension, list) in &fetch.codelist {
        if fetch.output_values.get(dimension) != Some(&OutputValues::Single) {
            continue;
        }
        let request = Request::get(format!("/codelists/{}?{language}", encode(list)));
        let answer = courier.ask(&request, Expect::Json).await?;
        let listed: Listed = parse(&answer)?;
        let one = read(dimension, list, listed).map_err(|error| SourceError::decode(&answer, error))?;
        courier.accept(&answer)?;
        all.push(one);
    }
    Ok(all)
}

fn read(dimension: &str, list: &str, listed: Listed) -> Result<Behind, DecodeError> {
    let mut seen = HashSet::new();
    let (mut codes, mut members) = (Vec::new(), Vec::new());
    for Value { code, label, value_map } in listed.values {
        if !seen.insert(code.clone()) {
            return Err(DecodeError::Shape(format!("code list {list:?} has the code {code:?} twice")));
        }
        members.push(value_map.filter(|map| !map.is_empty()).unwrap_or_else(|| vec![code.clone()]));
        codes.push((code, label.trim().to_owned()));
    }
    Ok(Behind { dimension: dimension.to_owned(), list: list.to_owned(), codes, members })
}

impl Behind {
    /// The places of the codes that the selection chooses from the list.
    fn chosen(&self, fetch: &PxwebFetch) -> Result<Vec<usize>, SourceError> {
        let expressions = fetch.select.get(&self.dimension).map(Vec::as_slice).unwrap_or_default();
        CodeList { dimension: &self.dimension, codes: &self.codes, is_time: false }.resolve(expressions)
    }
}

/// The fetch with the codes behind in the place of the lists' own.
pub fn expanded(mut plain: PxwebFetch, behind: &[Behind]) -> Result<PxwebFetch, SourceError> {
    for one in behind {
        let mut seen = HashSet::new();
        let members = one.chosen(&plain)?.into_iter().flat_map(|at| &one.members[at]);
        // A code may stand in several groups; it is asked for once.
        let members: Vec<String> = members.filter(|code| seen.insert(code.as_str())).cloned().collect();
        plain.select.insert(one.dimension.clone(), members);
    }
    Ok(plain)
}

/// What is told of the table, in the terms of the selection: the lists' own codes, and whom the chosen ones stand for.
pub fn describe(metadata: &mut Metadata, behind: &[Behind], plain: &PxwebFetch, meta: &CubeMeta) {
    for one in behind {
        let own = meta.dimensions.iter().find(|own| own.id == one.dimension);
        let label = |code: &String| {
            let known = own.and_then(|own| own.codes.iter().find(|(known, _)| known == code));
            known.map(|(_, label)| label.clone()).unwrap_or_default()
        };
        for dimension in metadata.dimensions.iter_mut().filter(|dimension| dimension.id == one.dimension) {
            dimension.codelist = Some(one.list.clone());
            dimension.codes.clone_from(&one.codes);
        }
        for at in one.chosen(plain).unwrap_or_default() {
            let (id, title) = one.codes[at].clone();
            let mut members: Vec<(String, String)> =
                one.members[at].iter().map(|code| (code.clone(), label(code))).collect();
            members.sort_unstable();
            metadata.groups.push(Group { id, label: title, of_contents: false, members });
        }
    }
}

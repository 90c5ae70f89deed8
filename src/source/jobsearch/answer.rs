//! The shape of an answer, as far as counts go.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::super::SourceError;
use super::super::answer::parse;
use super::planner::MOST_VALUES;
use crate::decode::DecodeError;
use crate::fetch::Answer;

#[derive(Deserialize)]
struct Document {
    total: Total,
    #[serde(default)]
    stats: Option<Vec<Statistic>>,
}

#[derive(Deserialize)]
struct Total {
    value: u64,
}

#[derive(Deserialize)]
struct Statistic {
    #[serde(rename = "type")]
    kind: String,
    values: Vec<Value>,
}

#[derive(Deserialize)]
struct Value {
    #[serde(default)]
    term: Option<String>,
    #[serde(default)]
    concept_id: Option<String>,
    count: u64,
}

/// A statistic: advertisements by concept id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub total: u64,
    /// Count and label of each concept; one that is told of twice is added up.
    pub by_id: BTreeMap<String, (u64, String)>,
    /// Counted under no concept.
    pub nameless: u64,
    /// Perhaps not all that there are: the list is as long as it may be, and the total larger than its sum.
    pub may_be_cut: bool,
}

impl Counts {
    /// In the total and in no value: their concept has no old id.
    pub fn left_out(&self) -> u64 {
        let counted = self.by_id.values().map(|(count, _)| *count).fold(self.nameless, u64::saturating_add);
        self.total.saturating_sub(counted)
    }
}

/// The statistics of these kinds, in their order.
pub fn counts<const N: usize>(answer: &Answer, kinds: [&str; N]) -> Result<[Counts; N], SourceError> {
    let document: Document = parse(answer)?;
    let statistics = document.stats.unwrap_or_default();
    let mut found = [const { Counts { total: 0, by_id: BTreeMap::new(), nameless: 0, may_be_cut: false } }; N];
    for (counts, kind) in found.iter_mut().zip(kinds) {
        counts.total = document.total.value;
        let Some(statistic) = statistics.iter().find(|statistic| statistic.kind == kind) else {
            // Where there is nothing to count, none may be told.
            if counts.total == 0 {
                continue;
            }
            let message = format!("it tells of {} advertisements and not how they are spread by {kind}", counts.total);
            return Err(SourceError::decode(answer, DecodeError::Shape(message)));
        };
        for value in &statistic.values {
            match value.concept_id.as_deref().filter(|id| !id.is_empty()) {
                Some(id) => {
                    let (count, label) = counts.by_id.entry(id.to_owned()).or_default();
                    *count = count.saturating_add(value.count);
                    *label = value.term.clone().unwrap_or_default();
                }
                None => counts.nameless = counts.nameless.saturating_add(value.count),
            }
        }
        counts.may_be_cut = statistic.values.len() >= MOST_VALUES && counts.left_out() > 0;
        if statistic.values.len() > MOST_VALUES {
            let message =
                format!("{kind} has {} values, more than the {MOST_VALUES} asked for", statistic.values.len());
            return Err(SourceError::decode(answer, DecodeError::Shape(message)));
        }
    }
    Ok(found)
}

//! The revisions that a reader would ask about first. Only as many are kept
//! as are shown, however many there are.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BinaryHeap};

use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use serde::Serialize;

use crate::lake::LakeError;

use super::cells::Cells;
use super::columns::{Kind, Plan};
use super::{Change, ChangedRow, Changes, Side};

/// One measure of one key, before and after.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Revision {
    /// `niva`, `kod` and `namn`, then the rest of the key.
    pub key: BTreeMap<String, String>,
    pub measure: String,
    pub old: Figure,
    pub new: Figure,
    /// (new − old) / |old|; none where either is not a number, or the old value is 0.
    pub relative: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    pub value: Option<Number>,
    pub status: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Number {
    Int(i64),
    Float(f64),
}

impl Number {
    pub const fn to_f64(self) -> f64 {
        match self {
            Self::Int(value) => value as f64,
            Self::Float(value) => value,
        }
    }
}

/// How the revised values of one measure changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// A number became another.
    pub changed: u64,
    /// There was none, now there is.
    pub appeared: u64,
    /// There was one, now there is none.
    pub vanished: u64,
    /// The status alone.
    pub status_only: u64,
}

impl Tally {
    pub const fn total(self) -> u64 {
        self.changed + self.appeared + self.vanished + self.status_only
    }
}

/// Is shown all changes and keeps the largest.
#[derive(Debug)]
pub struct Largest {
    measures: Vec<Measure>,
    /// Names of the columns that describe a key.
    described: Vec<String>,
    limit: usize,
    heap: BinaryHeap<Reverse<Ranked>>,
    seen: u64,
}

#[derive(Debug)]
struct Measure {
    name: String,
    kind: Kind,
    tally: Tally,
}

/// Ordered by how much a reader would want to see it.
#[derive(Debug)]
struct Ranked {
    class: Class,
    relative: f64,
    absolute: f64,
    /// Of equals, the first in the order of the version.
    place: Reverse<u64>,
    revision: Revision,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    StatusOnly,
    CameOrWent,
    Changed,
}

impl Ranked {
    fn rank(&self) -> (Class, f64, f64, Reverse<u64>) {
        (self.class, self.relative, self.absolute, self.place)
    }
}

fn order(one: (Class, f64, f64, Reverse<u64>), other: (Class, f64, f64, Reverse<u64>)) -> Ordering {
    (one.0.cmp(&other.0)).then(one.1.total_cmp(&other.1)).then(one.2.total_cmp(&other.2)).then(one.3.cmp(&other.3))
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ranked {}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        order(self.rank(), other.rank())
    }
}

impl Largest {
    pub fn new(old: &Side<'_>, new: &Side<'_>, limit: usize) -> Self {
        let columns = Plan::of(old.manifest, new.manifest).map(|plan| plan.columns).unwrap_or_default();
        let is_measure = |name: &str| new.manifest.columns.iter().any(|column| column.name == name && column.measure);
        let measures = columns
            .iter()
            .filter(|column| is_measure(&column.name))
            .map(|column| Measure { name: column.name.clone(), kind: column.kind, tally: Tally::default() })
            .collect();
        let mut described: Vec<String> = ["niva", "kod", "namn"].map(str::to_owned).to_vec();
        described.extend(new.manifest.key.iter().filter(|name| *name != "niva" && *name != "kod").cloned());
        described.retain(|name| columns.iter().any(|column| column.name == *name));
        Self { measures, described, limit, heap: BinaryHeap::new(), seen: 0 }
    }

    pub fn look(&mut self, changes: &Changes<'_>) -> Result<(), LakeError> {
        let Self { measures, described, limit, heap, seen } = self;
        for measure in measures {
            let column = |batch: &RecordBatch, name: &str, kind| {
                batch.column_by_name(name).map(|column| Cells::of(column.as_ref(), kind))
            };
            let status = format!("{}_status", measure.name);
            let (Some(old), Some(new)) =
                (column(changes.old, &measure.name, measure.kind), column(changes.new, &measure.name, measure.kind))
            else {
                continue;
            };
            let statuses = (column(changes.old, &status, Kind::Text), column(changes.new, &status, Kind::Text));
            for row in changes.rows {
                let ChangedRow { change: Change::Revised, old: Some(before), new: Some(now) } = *row else { continue };
                let (before, now) = (before as usize, now as usize);
                let same_status =
                    statuses.0.as_ref().zip(statuses.1.as_ref()).is_none_or(|(old, new)| old.same(before, new, now));
                let same_value = old.same(before, &new, now);
                if same_value && same_status {
                    continue;
                }
                let values = (number(&old, before), number(&new, now));
                let tally = &mut measure.tally;
                let (class, relative, absolute) = match values {
                    _ if same_value => {
                        tally.status_only += 1;
                        (Class::StatusOnly, 0.0, 0.0)
                    }
                    (Some(old), Some(new)) => {
                        tally.changed += 1;
                        let difference = new.to_f64() - old.to_f64();
                        (Class::Changed, (difference / old.to_f64()).abs(), difference.abs())
                    }
                    (old, new) => {
                        *(if new.is_some() { &mut tally.appeared } else { &mut tally.vanished }) += 1;
                        let size = old.or(new).map_or(0.0, |value| value.to_f64().abs());
                        (Class::CameOrWent, 0.0, size)
                    }
                };
                *seen += 1;
                let rank = (class, relative, absolute, Reverse(*seen));
                let full = heap.len() >= *limit;
                if full && heap.peek().is_none_or(|Reverse(least)| order(rank, least.rank()).is_le()) {
                    continue;
                }
                if full {
                    heap.pop();
                }
                let text = |cells: &Option<Cells>, at: usize| {
                    cells.as_ref().and_then(|cells| cells.text(at)).map(str::to_owned)
                };
                let signed = values.0.zip(values.1).map(|(old, new)| {
                    let (old, new) = (old.to_f64(), new.to_f64());
                    (new - old) / old.abs()
                });
                let revision = Revision {
                    key: describe(changes.new, now, described)?,
                    measure: measure.name.clone(),
                    old: Figure { value: values.0, status: text(&statuses.0, before) },
                    new: Figure { value: values.1, status: text(&statuses.1, now) },
                    relative: signed.filter(|relative| relative.is_finite()),
                };
                heap.push(Reverse(Ranked { class, relative, absolute, place: Reverse(*seen), revision }));
            }
        }
        Ok(())
    }

    /// The largest first, and how each measure changed in all.
    pub fn finish(self) -> (Vec<Revision>, BTreeMap<String, Tally>) {
        let sorted = self.heap.into_sorted_vec().into_iter().map(|Reverse(ranked)| ranked.revision);
        let tallies = self.measures.into_iter().filter(|measure| measure.tally != Tally::default());
        (sorted.collect(), tallies.map(|measure| (measure.name, measure.tally)).collect())
    }
}

fn number(cells: &Cells, row: usize) -> Option<Number> {
    cells.int(row).map(Number::Int).or_else(|| cells.float(row).map(Number::Float))
}

fn describe(batch: &RecordBatch, row: usize, names: &[String]) -> Result<BTreeMap<String, String>, LakeError> {
    let mut key = BTreeMap::new();
    for name in names {
        if let Some(column) = batch.column_by_name(name) {
            let text = ArrayFormatter::try_new(column.as_ref(), &FormatOptions::new())?.value(row).to_string();
            key.insert(name.clone(), text);
        }
    }
    Ok(key)
}

//! What the calls come to together, held against what the source says of the
//! whole: advertisements that no cell holds are told of, and an id that the
//! source no longer knows is found by what it answers without it.

use std::collections::{BTreeMap, BTreeSet};

use super::Work;
use super::answer::Counts;
use super::call::{By, Call, Where};
use super::count::Overview;
use crate::decode::DecodeError;

/// Things that a note names; the rest are counted.
const NAMED: usize = 5;

#[derive(Debug, Default)]
pub struct Tally {
    overview: Overview,
    /// Totals by place; of groups in the nation.
    places: BTreeMap<usize, u64>,
    groups: BTreeMap<usize, u64>,
    nation: u64,
    unplaced: u64,
    left_out: u64,
    /// Calls that leave something out, in words.
    leaving: Vec<String>,
    /// Counted under other concepts than were asked for.
    unasked: BTreeMap<String, u64>,
    nameless: u64,
    renamed: BTreeSet<String>,
}

impl Tally {
    pub fn new(work: &Work, overview: Overview) -> Self {
        let places = (0..work.places.len()).map(|place| (place, 0)).collect();
        Self { overview, places, ..Self::default() }
    }

    pub fn add(&mut self, work: &Work, call: &Call, counted: &Counts) {
        let left = counted.left_out();
        if left > 0 {
            self.left_out += left;
            let place = match (call.place, &call.by) {
                (Where::Nation, _) => "riket".to_owned(),
                (Where::Unplaced, _) => "utan ort".to_owned(),
                (Where::Place(at), _) => work.places[at].namn.clone(),
                (Where::Each, By::Places(group, _)) => format!("SSYK {}", work.groups[*group].ssyk),
                (Where::Each, By::Groups(_)) => String::new(),
            };
            self.leaving.push(format!("{place} {left} of {}", counted.total));
        }
        self.nameless += counted.nameless;
        let ids = call.ids(work);
        for (id, (count, label)) in counted.by_id.iter().filter(|(id, _)| !ids.contains(&id.as_str())) {
            *self.unasked.entry(format!("{id} ({label})")).or_default() += count;
        }
        let of = |id: &str| counted.by_id.get(id).map_or(0, |(count, _)| *count);
        match &call.by {
            By::Groups(list) => {
                for at in list {
                    let group = &work.groups[*at];
                    let count = of(&group.id);
                    if call.place == Where::Nation {
                        *self.groups.entry(*at).or_default() += count;
                    }
                    if let Some((_, label)) = counted.by_id.get(&group.id)
                        && !label.is_empty()
                        && *label != group.label
                    {
                        self.renamed.insert(format!("{} is called {label:?}, here {:?}", group.ssyk, group.label));
                    }
                }
                match call.place {
                    Where::Nation => self.nation += counted.total,
                    Where::Unplaced => self.unplaced += counted.total,
                    Where::Place(at) => *self.places.entry(at).or_default() += counted.total,
                    Where::Each => {}
                }
            }
            By::Places(_, list) => {
                for at in list {
                    *self.places.entry(*at).or_default() += of(&work.places[*at].id);
                }
            }
        }
    }

    /// A place or field that has advertisements as long as it is not asked for by its id: the source knows the id no
    /// more, and every count of it is a false 0.
    pub fn judge(&self, work: &Work) -> Result<(), DecodeError> {
        let gone = |what: &str, id: &str, name: &str, count: u64| {
            DecodeError::Shape(format!(
                "it counts {count} advertisements in {what} {name:?} ({id}), and none when asked by that id: \
                 the id is not the source's any more"
            ))
        };
        if work.every_group {
            for (at, total) in &self.places {
                let place = &work.places[*at];
                if let Some((count, _)) = self.overview.regions.by_id.get(&place.id)
                    && *total == 0
                    && *count >= SURELY
                {
                    return Err(gone("region", &place.id, &place.namn, *count));
                }
            }
        }
        for (id, (count, label)) in &self.overview.fields.by_id {
            let all = |at: &&usize| work.groups[**at].field_id == *id;
            let in_field = work.groups.iter().filter(|group| group.field_id == *id).count();
            let asked = self.groups.keys().filter(all).count();
            let total: u64 = self.groups.iter().filter(|(at, _)| all(at)).map(|(_, count)| *count).sum();
            if work.every_group && asked == in_field && asked > 0 && total == 0 && *count >= SURELY {
                return Err(gone("field", id, label, *count));
            }
        }
        Ok(())
    }

    pub fn notes(&self, work: &Work) -> Vec<String> {
        let whole = self.overview.regions.total;
        let mut notes = vec![format!(
            "{whole} advertisements are open, {} of them in Sweden in the occupation groups asked for, of which {} have \
             no place",
            self.nation, self.unplaced
        )];
        if work.every_group {
            let counted: u64 = self.overview.fields.by_id.values().map(|(count, _)| *count).sum();
            let abroad = whole.saturating_sub(self.nation);
            notes.push(format!(
                "{abroad} are abroad or in no known occupation group ({} in no occupation field)",
                whole.saturating_sub(counted)
            ));
        }
        if work.every_lan {
            let placed: u64 = self.places.values().sum();
            let parts = placed + self.unplaced;
            if parts != self.nation {
                notes.push(format!(
                    "the places' {placed} and the {} without one are {parts}, the nation's are {}: an advertisement can \
                     have several places, and some come and go meanwhile",
                    self.unplaced, self.nation
                ));
            }
        }
        if self.left_out > 0 {
            notes.push(format!(
                "{} advertisements are in a total and in no group or place, since their concept has no old id; where a \
                 count could be theirs it is missing, not 0: {}",
                self.left_out,
                named(&self.leaving)
            ));
        }
        if self.nameless > 0 {
            notes.push(format!("{} advertisements are counted under no concept id", self.nameless));
        }
        if !self.unasked.is_empty() {
            let list: Vec<String> = self.unasked.iter().map(|(id, count)| format!("{id} {count}")).collect();
            notes.push(format!("counted under concepts that were not asked for, and left out: {}", named(&list)));
        }
        if !self.renamed.is_empty() {
            let list: Vec<String> = self.renamed.iter().cloned().collect();
            notes.push(format!("the source has other names: {}", named(&list)));
        }
        notes
    }
}

/// Advertisements that do not all vanish while the calls are made.
const SURELY: u64 = 5;

fn named(list: &[String]) -> String {
    match list.get(..NAMED) {
        Some(first) if list.len() > NAMED => format!("{} and {} more", first.join("; "), list.len() - NAMED),
        _ => list.join("; "),
    }
}

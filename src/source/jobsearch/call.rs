//! One call: what is counted, where, and the address that asks for it.

use std::fmt::Write as _;

use super::Work;
use super::known::Known;
use super::planner::MOST_VALUES;
use crate::fetch::Request;

/// The place of a call that counts groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Where {
    Nation,
    /// Somewhere in Sweden, with no region told.
    Unplaced,
    /// By its position.
    Place(usize),
    /// Those of the call.
    Each,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// Groups of one place, by position.
    Groups(Vec<usize>),
    /// Places of one group, by position.
    Places(usize, Vec<usize>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub place: Where,
    pub by: By,
}

impl Call {
    pub fn cells(&self) -> u64 {
        match &self.by {
            By::Groups(list) | By::Places(_, list) => list.len() as u64,
        }
    }

    /// The same in two calls; `None` where there is only one cell, whose count is the total.
    pub fn halves(&self) -> Option<[Self; 2]> {
        let half = |list: &[usize]| Self {
            place: self.place,
            by: match &self.by {
                By::Groups(_) => By::Groups(list.to_vec()),
                By::Places(group, _) => By::Places(*group, list.to_vec()),
            },
        };
        match &self.by {
            By::Groups(list) | By::Places(_, list) if list.len() > 1 => {
                let (one, other) = list.split_at(list.len().div_ceil(2));
                // Taken from the end of a list of open calls: the first half first.
                Some([half(other), half(one)])
            }
            _ => None,
        }
    }

    /// The statistic that it asks for.
    pub fn statistic(&self, work: &Work) -> &'static str {
        match &self.by {
            By::Groups(_) => "occupation-group",
            By::Places(..) if work.places.first().is_some_and(|place| place.niva == "lan") => "region",
            By::Places(..) => "municipality",
        }
    }

    /// The concept ids of its cells, in order.
    pub fn ids<'w>(&self, work: &'w Work) -> Vec<&'w str> {
        match &self.by {
            By::Groups(list) => list.iter().map(|at| work.groups[*at].id.as_str()).collect(),
            By::Places(_, list) => list.iter().map(|at| work.places[*at].id.as_str()).collect(),
        }
    }

    pub fn request(&self, work: &Work, known: &Known) -> Request {
        let mut path = format!("/search?limit=0&stats={}&stats.limit={MOST_VALUES}", self.statistic(work));
        let mut filter = |name: &str, value: &str| {
            // Writing to a string cannot fail. Ids are letters, digits and underscores.
            let _ = write!(path, "&{name}={value}");
        };
        let place = |at: usize| {
            let place = &work.places[at];
            (if place.niva == "lan" { "region" } else { "municipality" }, place.id.as_str())
        };
        match self.place {
            Where::Nation => filter("country", &known.nation),
            Where::Unplaced => filter("unspecified-sweden-workplace", "true"),
            Where::Place(at) => filter(place(at).0, place(at).1),
            Where::Each => {}
        }
        match &self.by {
            By::Groups(list) => list.iter().for_each(|at| filter("occupation-group", &work.groups[*at].id)),
            By::Places(group, list) => {
                filter("occupation-group", &work.groups[*group].id);
                for at in list {
                    filter(place(*at).0, place(*at).1);
                }
            }
        }
        Request::get(path)
    }
}

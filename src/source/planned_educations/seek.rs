//! Looks for the events that a cut has left out, by the other cuts.

use std::collections::{HashSet, VecDeque};

use futures::future::BoxFuture;
use jiff::civil::Date;

use super::super::SourceError;
use super::PAGE;
use super::gather::{Gathered, Gatherer, Page, hold};
use super::known::About;
use super::slice::{Cut, Dim, Slice};
use crate::fetch::Answer;

const DIMS: [Dim; 7] = [Dim::Area, Dim::Direction, Dim::Type, Dim::Distance, Dim::Pace, Dim::Condition, Dim::Start];

impl Gatherer<'_> {
    /// Looks for what the parts of a slice have left out.
    pub(super) async fn seek_missing(&self, slice: &Slice, all: &mut Gathered) -> Result<(), SourceError> {
        let used: HashSet<Dim> = all
            .parts
            .iter()
            .flat_map(|(part, _)| DIMS.into_iter().filter(|dim| part.has(*dim) && !slice.has(*dim)))
            .collect();
        let mut cuts: Vec<Cut> = self.ways.cuts(slice);
        cuts.retain(|cut| cut.dim != Dim::Area && !used.contains(&cut.dim));
        // First those by which the known events can be told apart, the few values before the many.
        let rank = [Dim::Distance, Dim::Condition, Dim::Pace, Dim::Type, Dim::Start, Dim::Direction];
        cuts.sort_by_key(|cut| rank.iter().position(|dim| *dim == cut.dim));
        let mut leaves = Vec::new();
        let (scope, total) = (all.ids.clone(), all.total);
        self.seek(slice, &cuts, scope, total, all, &mut leaves).await?;
        all.leaves.extend(leaves);
        Ok(())
    }

    /// Asks for the parts of a slice by one cut after the other, and of those that hold more than is known, for theirs,
    /// until as many events of it are known as the source counts. `known` are of the slice; with what was found.
    fn seek<'s>(
        &'s self,
        slice: &'s Slice,
        cuts: &'s [Cut],
        mut known: HashSet<u32>,
        total: u64,
        all: &'s mut Gathered,
        leaves: &'s mut Vec<Answer>,
    ) -> BoxFuture<'s, Result<HashSet<u32>, SourceError>> {
        Box::pin(async move {
            for (place, cut) in cuts.iter().enumerate() {
                // Where the known events tell, lists are halved as long as they hold more; else it is one by one.
                let at_once =
                    if cut.lists && cut.dim != Dim::Direction { cut.values.len().div_ceil(2).max(1) } else { 1 };
                let mut queue: VecDeque<&[String]> = cut.values.chunks(at_once).collect();
                while let Some(values) = queue.pop_front() {
                    if all.complete() || known.len() as u64 >= total {
                        return Ok(known);
                    }
                    let part = slice.with(cut.dim, values);
                    let page = self.page(&part, false).await?;
                    self.courier.accept(&page.answer)?;
                    let mut held = self.inside(cut.dim, values, &page, &known).unwrap_or_default();
                    held.extend(&page.ids);
                    known.extend(&page.ids);
                    let before = all.ids.len();
                    all.ids.extend(&page.ids);
                    if all.ids.len() > before {
                        leaves.push(page.answer);
                    }
                    if page.total <= PAGE || held.len() as u64 >= page.total {
                        continue;
                    }
                    if values.len() > 1 {
                        let (left, right) = values.split_at(values.len() / 2);
                        queue.push_front(right);
                        queue.push_front(left);
                        continue;
                    }
                    known.extend(self.seek(&part, &cuts[place + 1..], held, page.total, all, leaves).await?);
                }
            }
            Ok(known)
        })
    }

    /// Those of the known events that pass the filter; none where their rows do not tell.
    fn inside(&self, dim: Dim, values: &[String], page: &Page, scope: &HashSet<u32>) -> Option<HashSet<u32>> {
        let known = hold(&self.known);
        let about = |id: &u32| known.about[*id as usize];
        let word = |text: &str| known.words.iter().position(|word| **word == *text);
        let chosen = |fits: &dyn Fn(About) -> bool| Some(scope.iter().copied().filter(|id| fits(about(id))).collect());
        let value = values.first()?;
        match dim {
            Dim::Distance => {
                let wanted = word(value)?;
                chosen(&|about| about.distance as usize == wanted)
            }
            Dim::Condition => {
                let wanted = word(value)?;
                chosen(&|about| about.condition as usize == wanted)
            }
            Dim::Pace => {
                let (low, high) = value.split_once('-')?;
                let (low, high): (f64, f64) = (low.parse().ok()?, high.parse().ok()?);
                chosen(&|about| (low..=high).contains(&about.pace))
            }
            Dim::Start => {
                let window = |text: &String| {
                    let (first, last) = text.split_once("TO")?;
                    Some(first.parse::<Date>().ok()?..=last.parse::<Date>().ok()?)
                };
                let windows: Vec<_> = values.iter().filter_map(window).collect();
                chosen(&|about| about.start.is_some_and(|start| windows.iter().any(|window| window.contains(&start))))
            }
            // A type's rows bear its name instead of its code: it is told by the page's own.
            Dim::Type => {
                let first = about(page.ids.first()?).school;
                let alone = page.ids.iter().all(|id| about(id).school == first);
                if alone { chosen(&|about| about.school == first) } else { None }
            }
            Dim::Area | Dim::Direction => None,
        }
    }
}

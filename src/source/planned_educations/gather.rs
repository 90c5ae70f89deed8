//! Finds every event of a slice. The order of events over pages is not stable,
//! so an answer counts only where it holds its slice whole: what is larger is
//! cut until it does. The different events that came are held against the
//! source's own count, of each slice and of what it was cut from.
//!
//! - A slice whose count moved while it was read is asked again, and of its parts those that moved with it.
//! - A cut can lose events: those without a municipality, or without a direction. Where the parts of a slice do not
//!   make it up, and its count has not moved, the missing are sought by the other cuts, passing over parts of which
//!   as many events as the source counts are known already.
//! - What is missing after that is an error.
//!
//! Only numbers of events are held here: the rows are read again from the archive when they are written.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures::StreamExt as _;
use futures::future::BoxFuture;

use super::super::SourceError;
use super::answer::events;
use super::event::Row;
use super::slice::{Cut, Dim, Slice, Ways};
use super::{PAGE, TRIES};
use crate::decode::DecodeError;
use crate::fetch::{Answer, Courier, Expect};

pub struct Gatherer<'a> {
    courier: &'a Courier,
    ways: &'a Ways,
    known: Mutex<Known>,
    told: Mutex<Box<dyn FnMut(u64) + Send + 'a>>,
}

/// Every event that was seen, by number.
#[derive(Default)]
struct Known {
    numbers: HashMap<Box<str>, u32>,
    about: Vec<About>,
    words: Vec<Box<str>>,
    calls: u64,
    again: u64,
}

/// What an event's row tells of the filters that it would pass.
#[derive(Clone, Copy, PartialEq, Eq)]
struct About {
    /// Places in `words`.
    school: u32,
    distance: u32,
    condition: u32,
}

/// A slice, whole.
#[derive(Default)]
pub struct Gathered {
    pub total: u64,
    ids: HashSet<u32>,
    /// The answers that hold the events, in order, and what was asked for.
    leaves: Vec<Answer>,
    parts: Vec<(Slice, Gathered)>,
}

/// One page of a slice.
struct Page {
    answer: Answer,
    total: u64,
    ids: Vec<u32>,
}

enum Opened {
    Known(Gathered),
    Page(Page),
}

impl Gathered {
    fn complete(&self) -> bool {
        self.ids.len() as u64 == self.total
    }

    /// The answers that hold the events, in the order of the cuts.
    pub fn answers(&self) -> Vec<&Answer> {
        let mut answers: Vec<&Answer> = self.parts.iter().flat_map(|(_, part)| part.answers()).collect();
        answers.extend(&self.leaves);
        answers
    }

    fn add(&mut self, slice: Slice, part: Self) {
        self.ids.extend(&part.ids);
        self.parts.push((slice, part));
    }
}

impl<'a> Gatherer<'a> {
    /// `told` hears how many calls are done.
    pub fn new(courier: &'a Courier, ways: &'a Ways, told: Box<dyn FnMut(u64) + Send + 'a>) -> Self {
        Self { courier, ways, known: Mutex::default(), told: Mutex::new(told) }
    }

    /// Slices that were asked for again, as their count had moved.
    pub fn again(&self) -> u64 {
        hold(&self.known).again
    }

    pub fn calls(&self) -> u64 {
        hold(&self.known).calls
    }

    pub async fn gather(&self, slice: &Slice) -> Result<Gathered, SourceError> {
        let page = self.page(slice, false).await?;
        self.from_page(slice.clone(), page, false).await
    }

    /// `anew`: the parts must be asked for now, whatever an interrupted run has left.
    fn from_page(&self, slice: Slice, first: Page, anew: bool) -> BoxFuture<'_, Result<Gathered, SourceError>> {
        Box::pin(async move {
            let mut page = first;
            let mut earlier = HashMap::new();
            let (mut total, mut found) = (0, 0);
            for attempt in 0..TRIES {
                let anew = anew || attempt > 0;
                self.courier.accept(&page.answer)?;
                let mut all = self.whole(&slice, page, &mut earlier, anew).await?;
                if all.complete() {
                    return Ok(all);
                }
                hold(&self.known).again += 1;
                page = self.page(&slice, true).await?;
                if page.total == all.total && (all.ids.len() as u64) < all.total {
                    self.seek_missing(&slice, &mut all).await?;
                    if all.complete() {
                        return Ok(all);
                    }
                }
                (total, found) = (all.total, all.ids.len() as u64);
                earlier = all.parts.into_iter().collect();
            }
            let name = self.courier.source().name.clone();
            Err(SourceError::Incomplete { name, slice: slice.to_string(), total, found })
        })
    }

    async fn whole(
        &self,
        slice: &Slice,
        page: Page,
        earlier: &mut HashMap<Slice, Gathered>,
        anew: bool,
    ) -> Result<Gathered, SourceError> {
        if page.total <= PAGE {
            let ids = page.ids.into_iter().collect();
            return Ok(Gathered { total: page.total, ids, leaves: vec![page.answer], ..Gathered::default() });
        }
        for cut in self.ways.cuts(slice) {
            let mut all = Gathered { total: page.total, ..Gathered::default() };
            if self.cut(slice, &cut, &mut all, earlier, anew).await? {
                return Ok(all);
            }
        }
        let name = self.courier.source().name.clone();
        Err(SourceError::Uncuttable { name, slice: slice.to_string(), total: page.total, limit: PAGE })
    }

    /// Adds the parts of a slice; false where the source does not tell them apart.
    async fn cut(
        &self,
        slice: &Slice,
        cut: &Cut,
        all: &mut Gathered,
        earlier: &mut HashMap<Slice, Gathered>,
        anew: bool,
    ) -> Result<bool, SourceError> {
        if cut.dim == Dim::Area {
            self.cut_areas(slice, cut, all, earlier, anew).await?;
            return Ok(true);
        }
        let mut queue: VecDeque<Vec<String>> = groups(cut, all.total);
        let grouped = queue.iter().any(|group| group.len() > 1);
        // Parts as large as their whole, and what all parts hold together.
        let (mut same, mut sum) = (0, 0);
        while let Some(group) = queue.pop_front() {
            let part = slice.with(cut.dim, &group);
            let page = match self.opened(&part, earlier.remove(&part), anew).await? {
                Opened::Known(known) => {
                    sum += known.total;
                    all.add(part, known);
                    if all.complete() {
                        return Ok(true);
                    }
                    continue;
                }
                Opened::Page(page) => page,
            };
            sum += page.total;
            same += u32::from(page.total == all.total);
            if same > 1 {
                return Ok(false);
            }
            if page.total > PAGE && group.len() > 1 {
                // Its count alone is used, and must be there when the version is computed again.
                self.courier.accept(&page.answer)?;
                sum -= page.total;
                same -= u32::from(page.total == all.total);
                let (left, right) = group.split_at(group.len() / 2);
                queue.push_front(right.to_vec());
                queue.push_front(left.to_vec());
                continue;
            }
            let gathered = self.from_page(part.clone(), page, anew).await?;
            all.add(part, gathered);
            if all.complete() {
                return Ok(true);
            }
            if queue.is_empty() && sum == 0 && grouped {
                // Lists of values mean nothing to it: one by one, then.
                let singles = Cut { lists: false, ..cut.clone() };
                return Box::pin(self.cut(slice, &singles, all, earlier, anew)).await;
            }
        }
        Ok(true)
    }

    /// Counties and municipalities, as many at a time as the source may be asked; taken in order, so that the same
    /// answers make the same of them.
    async fn cut_areas(
        &self,
        slice: &Slice,
        cut: &Cut,
        all: &mut Gathered,
        earlier: &mut HashMap<Slice, Gathered>,
        anew: bool,
    ) -> Result<(), SourceError> {
        let parts = cut.values.iter().map(|value| {
            let part = slice.with(cut.dim, std::slice::from_ref(value));
            let known = earlier.remove(&part);
            async move {
                let gathered = match self.opened(&part, known, anew).await? {
                    Opened::Known(known) => known,
                    Opened::Page(page) => self.from_page(part.clone(), page, anew).await?,
                };
                Ok::<_, SourceError>((part, gathered))
            }
        });
        let parts: Vec<_> = parts.collect();
        let mut parts = futures::stream::iter(parts).buffered(self.courier.source().parallel.max(1));
        while let Some(gathered) = parts.next().await {
            let (part, gathered) = gathered?;
            all.add(part, gathered);
        }
        Ok(())
    }

    /// A part that was whole before and has not moved since, or its first page now.
    async fn opened(&self, part: &Slice, known: Option<Gathered>, anew: bool) -> Result<Opened, SourceError> {
        let page = self.page(part, anew || known.is_some()).await?;
        let same = |known: &Gathered| {
            known.complete() && known.total == page.total && page.ids.iter().all(|id| known.ids.contains(id))
        };
        Ok(match known.filter(same) {
            Some(known) => Opened::Known(known),
            None => Opened::Page(page),
        })
    }

    /// Looks for what the parts of a slice have left out.
    async fn seek_missing(&self, slice: &Slice, all: &mut Gathered) -> Result<(), SourceError> {
        let used: HashSet<Dim> = all
            .parts
            .iter()
            .flat_map(|(part, _)| DIMS.into_iter().filter(|dim| part.has(*dim) && !slice.has(*dim)))
            .collect();
        let mut cuts: Vec<Cut> = self.ways.cuts(slice);
        cuts.retain(|cut| cut.dim != Dim::Area && !used.contains(&cut.dim));
        // First those by which the known events can be told apart.
        cuts.sort_by_key(|cut| !matches!(cut.dim, Dim::Type | Dim::Distance | Dim::Condition));
        let mut leaves = Vec::new();
        for place in 0..cuts.len() {
            let scope = all.ids.clone();
            self.seek(slice, &cuts[place..], &scope, all, &mut leaves).await?;
            if all.complete() {
                break;
            }
        }
        all.leaves.extend(leaves);
        Ok(())
    }

    /// Asks for the parts by the first of the cuts, and of those that hold more than is known, for theirs.
    fn seek<'s>(
        &'s self,
        slice: &'s Slice,
        cuts: &'s [Cut],
        scope: &'s HashSet<u32>,
        all: &'s mut Gathered,
        leaves: &'s mut Vec<Answer>,
    ) -> BoxFuture<'s, Result<(), SourceError>> {
        Box::pin(async move {
            let Some((cut, rest)) = cuts.split_first() else { return Ok(()) };
            for value in &cut.values {
                if all.complete() {
                    return Ok(());
                }
                let part = slice.with(cut.dim, std::slice::from_ref(value));
                let page = self.page(&part, false).await?;
                self.courier.accept(&page.answer)?;
                let inside = self.inside(cut.dim, value, &page, scope);
                let news = page.ids.iter().any(|id| !all.ids.contains(id));
                all.ids.extend(&page.ids);
                if news {
                    leaves.push(page.answer);
                }
                let listed: HashSet<u32> = page.ids.into_iter().collect();
                let known = inside.as_ref().map_or(0, |inside| inside.union(&listed).count() as u64);
                if page.total > PAGE && known < page.total {
                    let scope = inside.unwrap_or_else(|| scope.clone());
                    self.seek(&part, rest, &scope, all, leaves).await?;
                }
            }
            Ok(())
        })
    }

    /// Those of the known events that pass the filter; none where their rows do not tell.
    fn inside(&self, dim: Dim, value: &str, page: &Page, scope: &HashSet<u32>) -> Option<HashSet<u32>> {
        let known = hold(&self.known);
        let about = |id: &u32| known.about[*id as usize];
        let word = |text: &str| known.words.iter().position(|word| **word == *text);
        let chosen = |part: fn(About) -> u32, wanted: usize| {
            scope.iter().copied().filter(|id| part(about(id)) as usize == wanted).collect()
        };
        match dim {
            Dim::Distance => Some(chosen(|about| about.distance, word(value)?)),
            Dim::Condition => Some(chosen(|about| about.condition, word(value)?)),
            // A type's rows bear its name instead of its code: it is told by the page's own.
            Dim::Type => {
                let first = about(page.ids.first()?).school;
                let alone = page.ids.iter().all(|id| about(id).school == first);
                alone.then(|| chosen(|about| about.school, first as usize))
            }
            _ => None,
        }
    }

    async fn page(&self, slice: &Slice, anew: bool) -> Result<Page, SourceError> {
        let request = slice.request();
        let answer = if anew {
            self.courier.ask_anew(&request, Expect::Json).await?
        } else {
            self.courier.ask(&request, Expect::Json).await?
        };
        let listed = events(&answer)?;
        let fault = |error| SourceError::decode(&answer, error);
        if listed.rows.len() as u64 > PAGE {
            return Err(fault(DecodeError::Shape(format!(
                "{} rows came, and {PAGE} were asked for",
                listed.rows.len()
            ))));
        }
        let mut ids = Vec::with_capacity(listed.rows.len());
        let mut here = 0;
        let area = slice.only(Dim::Area);
        let calls = {
            let mut known = hold(&self.known);
            for (number, fields) in listed.rows.iter().enumerate() {
                let row = Row { number: number as u64, fields };
                ids.push(known.note(&row).map_err(fault)?);
                let place = row.raw("geographicalAreaCode").map_err(fault)?;
                here += usize::from(area.is_none_or(|area| place.is_some_and(|place| place.starts_with(area))));
            }
            known.calls += 1;
            known.calls
        };
        if here == 0 && !ids.is_empty() {
            let area = area.unwrap_or_default();
            return Err(fault(DecodeError::Shape(format!(
                "none of {} rows lies in {area}, which was asked for",
                ids.len()
            ))));
        }
        let distinct: HashSet<u32> = ids.iter().copied().collect();
        if distinct.len() < ids.len() {
            ids = distinct.into_iter().collect();
        }
        (hold(&self.told))(calls);
        Ok(Page { answer: Answer { body: Bytes::new(), ..answer }, total: listed.total, ids })
    }
}

const DIMS: [Dim; 7] = [Dim::Area, Dim::Direction, Dim::Type, Dim::Distance, Dim::Pace, Dim::Condition, Dim::Start];

/// As few lists of values as may do; one value a list where the source takes no more.
fn groups(cut: &Cut, total: u64) -> VecDeque<Vec<String>> {
    if !cut.lists {
        return cut.values.iter().map(|value| vec![value.clone()]).collect();
    }
    // Half as many again as the pages that there must be: parts are of different size.
    let wanted = usize::try_from((total * 3).div_ceil(PAGE * 2)).unwrap_or(usize::MAX);
    let size = cut.values.len().div_ceil(wanted.clamp(1, cut.values.len().max(1))).max(1);
    cut.values.chunks(size).map(<[String]>::to_vec).collect()
}

impl Known {
    fn note(&mut self, row: &Row<'_>) -> Result<u32, DecodeError> {
        let school = row.raw("typeOfSchool")?;
        let distance = row.raw("distance")?;
        let condition = row.raw("executionCondition")?;
        let about = About {
            school: self.word(school.as_deref()),
            distance: self.word(distance.as_deref()),
            condition: self.word(condition.as_deref()),
        };
        let id = row.id()?;
        if let Some(number) = self.numbers.get(id) {
            self.about[*number as usize] = about;
            return Ok(*number);
        }
        let number = u32::try_from(self.about.len()).unwrap_or(u32::MAX);
        self.numbers.insert(id.into(), number);
        self.about.push(about);
        Ok(number)
    }

    fn word(&mut self, text: Option<&str>) -> u32 {
        let text = text.unwrap_or_default();
        let place = self.words.iter().position(|word| **word == *text).unwrap_or_else(|| {
            self.words.push(text.into());
            self.words.len() - 1
        });
        u32::try_from(place).unwrap_or(u32::MAX)
    }
}

/// A panic while it was held can't leave these half changed.
fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_values_are_few_and_no_longer_than_the_values() {
        let cut = |lists: bool| Cut { dim: Dim::Direction, values: (0..150).map(|id| id.to_string()).collect(), lists };
        assert_eq!(groups(&cut(true), 300).len(), 5);
        assert_eq!(groups(&cut(true), 100_000).len(), 150);
        assert_eq!(groups(&cut(true), 101).iter().map(Vec::len).sum::<usize>(), 150);
        assert_eq!(groups(&cut(false), 300).len(), 150);
    }
}

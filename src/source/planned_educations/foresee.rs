//! How many calls a harvest of events will take. The first pages of slices tell
//! how many events they hold, and the harvest needs them anyhow: they are asked
//! for when planning, and found by the harvest, as many as [`MOST`]. What lies
//! below, and what is left out, is an estimate; the fewest calls are no guess.

use futures::future::BoxFuture;

use super::answer::events;
use super::slice::{Dim, Slice, Ways};
use super::{PAGE, SourceError, parallel};
use crate::fetch::{Courier, Expect};

/// First pages that are asked for when planning: those of every municipality and county, and some.
const MOST: usize = 400;

/// Calls for some slices.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Foreseen {
    pub calls: f64,
    /// There are no fewer, as long as the source's counts stand.
    pub least: u64,
    /// Events, of the slices whose first page was asked for.
    pub total: u64,
    /// Slices whose first page was asked for.
    pub asked: usize,
    /// Slices that must be cut in ways that no count tells of, and slices that nothing is known of.
    pub guessed: usize,
}

pub(super) struct Seer<'a> {
    courier: &'a Courier,
    ways: &'a Ways,
    left: usize,
}

impl<'a> Seer<'a> {
    pub const fn new(courier: &'a Courier, ways: &'a Ways) -> Self {
        Self { courier, ways, left: MOST }
    }

    /// Slices side by side; of more than may be asked for, some from everywhere among them.
    pub fn foresee(&mut self, slices: Vec<Slice>) -> BoxFuture<'_, Result<Foreseen, SourceError>> {
        Box::pin(async move {
            let all = slices.len();
            let chosen = spread(slices, self.left);
            self.left -= chosen.len();
            let mut totals = Vec::with_capacity(chosen.len());
            let courier = self.courier;
            let ask = |slice: Slice| {
                let courier = courier.clone();
                async move { Ok(courier.ask(&slice.request(), Expect::Json).await?) }
            };
            parallel::in_order(courier.source().parallel, chosen.iter().cloned(), ask, |answer| {
                totals.push(events(&answer)?.total);
                courier.accept(&answer)?;
                Ok(())
            })
            .await?;
            let mut sum = Foreseen { asked: chosen.len(), guessed: all - chosen.len(), ..Foreseen::default() };
            // Of those that are cut by place, the ones whose parts were counted tell of the others.
            let (mut told, mut untold) = (Foreseen::default(), Vec::new());
            let mut cut = 0.0;
            for (slice, total) in chosen.into_iter().zip(totals) {
                sum.total += total;
                if total <= PAGE {
                    sum.calls += 1.0;
                    sum.least += 1;
                    continue;
                }
                let parts = self.places(&slice);
                let least = 1 + total.div_ceil(PAGE);
                if parts.is_empty() {
                    sum.calls += below_a_place(total);
                    sum.least += least;
                    sum.guessed += 1;
                } else if self.left == 0 {
                    sum.least += least.max(1 + parts.len() as u64);
                    sum.guessed += 1;
                    untold.push((parts.len() as u64, total));
                } else {
                    let below = self.foresee(parts).await?;
                    sum.least += least.max(1 + below.least);
                    sum.guessed += below.guessed;
                    told.calls += 1.0 + below.calls;
                    cut += 1.0;
                }
            }
            let mean = if cut > 0.0 { Some(told.calls / cut) } else { None };
            let rough = |(parts, total): &(u64, u64)| (1 + parts + (total * 2).div_ceil(PAGE)) as f64;
            sum.calls += told.calls + untold.iter().map(|one| mean.unwrap_or_else(|| rough(one))).sum::<f64>();
            if sum.asked > 0 {
                // Every slice takes a call at least; of calls, the others take as many as these.
                sum.calls *= all as f64 / sum.asked as f64;
            } else {
                sum.calls = all as f64;
            }
            sum.least += (all - sum.asked) as u64;
            Ok(sum)
        })
    }

    /// The counties, or a county's municipalities.
    fn places(&self, slice: &Slice) -> Vec<Slice> {
        let cut = self.ways.cuts(slice).into_iter().find(|cut| cut.dim == Dim::Area);
        let values = cut.map(|cut| cut.values).unwrap_or_default();
        values.iter().map(|value| slice.with(Dim::Area, std::slice::from_ref(value))).collect()
    }
}

/// Calls for a slice that can be cut by place no further: its page, lists of directions, its page again, as some events
/// have no direction, and the other cuts until those are found, which takes the more the more there are. As it is with
/// the sandbox's events; what it is with the source's is not known.
fn below_a_place(total: u64) -> f64 {
    let hundreds = total as f64 / PAGE as f64;
    2.0 + (1.5 * hundreds).ceil() + (1.0 + hundreds.powi(3) / 9.0).ceil()
}

/// At most so many, from everywhere in the list, in its order.
fn spread(slices: Vec<Slice>, most: usize) -> Vec<Slice> {
    let all = slices.len();
    if all <= most {
        return slices;
    }
    let chosen = |place: usize| place * most / all != (place + 1) * most / all;
    slices.into_iter().enumerate().filter(|(place, _)| chosen(*place)).map(|(_, slice)| slice).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_from_everywhere_stand_for_all() {
        let slices: Vec<Slice> =
            (0..1000).map(|code| Slice::default().with(Dim::Area, &[format!("{code:04}")])).collect();
        for most in [0, 1, 7, 400, 999] {
            let some = spread(slices.clone(), most);
            assert_eq!(some.len(), most);
            assert!(some.windows(2).all(|two| two[0] < two[1]), "in order");
        }
        assert_eq!(spread(slices.clone(), 1000), slices);
        let places: Vec<usize> =
            spread(slices.clone(), 4).iter().map(|one| slices.iter().position(|slice| slice == one).unwrap()).collect();
        assert_eq!(places, [249, 499, 749, 999]);
    }

    #[test]
    fn a_place_of_a_few_pages_takes_a_few_calls() {
        for (total, made) in [(110, 6.0), (260, 11.0), (420, 15.0), (900, 108.0)] {
            let off = below_a_place(total) / made - 1.0;
            assert!(off.abs() < 0.35, "{total}: {off:+.2}");
        }
    }
}

//! When a state is told. No clock and no ledger: what was, what is seen, what to tell.
//!
//! - What was not so and is, is told; as long as it is so, nothing more is told of it, until its text becomes one of
//!   another kind.
//! - What was told and is so no longer is told as recovered.
//! - What was raised (or became another) three times within a day is told the third time as unstable. From then
//!   nothing is told of it until it has stood still for six hours: then it is told how it stands.

use jiff::{SignedDuration, Timestamp};

use crate::ledger::{Condition, Told};

const WITHIN: SignedDuration = SignedDuration::from_hours(24);
const TIMES: usize = 3;
const SETTLED: SignedDuration = SignedDuration::from_hours(6);

/// What to tell of a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// `again`: with a text of the same kind as the last time.
    Raised {
        again: bool,
    },
    /// Still so, and of another kind.
    Changed,
    Recovered {
        raised: Timestamp,
    },
    Unstable {
        times: usize,
    },
}

/// A condition that is so; `news`: of another kind than what is known of it.
pub fn raise(
    before: Option<Condition>,
    subject: &str,
    matter: &str,
    text: &str,
    news: bool,
    at: Timestamp,
) -> (Condition, Option<Change>) {
    let mut condition = before.unwrap_or_else(|| Condition {
        subject: subject.to_owned(),
        matter: matter.to_owned(),
        raised: false,
        since: at,
        text: String::new(),
        told: Told::Nothing,
        changes: Vec::new(),
    });
    let was = condition.raised;
    text.clone_into(&mut condition.text);
    if was && !news {
        return (condition, None);
    }
    if !was {
        condition.raised = true;
        condition.since = at;
    }
    condition.changes.retain(|change| at.duration_since(*change) < WITHIN);
    condition.changes.push(at);
    // Enough to see that it is unstable.
    let surplus = condition.changes.len().saturating_sub(50);
    condition.changes.drain(..surplus);
    if condition.told == Told::Unstable {
        return (condition, None);
    }
    let times = condition.changes.len();
    if times >= TIMES {
        condition.told = Told::Unstable;
        return (condition, Some(Change::Unstable { times }));
    }
    condition.told = Told::Raised;
    let change = if was { Change::Changed } else { Change::Raised { again: !news } };
    (condition, Some(change))
}

/// A condition that is so no longer.
pub fn clear(mut condition: Condition, at: Timestamp) -> (Condition, Option<Change>) {
    if !condition.raised {
        return (condition, None);
    }
    let raised = condition.since;
    condition.raised = false;
    condition.since = at;
    if condition.told != Told::Raised {
        return (condition, None);
    }
    condition.told = Told::Nothing;
    (condition, Some(Change::Recovered { raised }))
}

/// When an unstable condition will have stood still for long enough.
pub fn settles(condition: &Condition) -> Option<Timestamp> {
    let last = condition.changes.last().copied().unwrap_or(condition.since).max(condition.since);
    (condition.told == Told::Unstable).then(|| last.checked_add(SETTLED).unwrap_or(Timestamp::MAX))
}

/// How an unstable condition stands, once it has stood still for long enough.
pub fn settle(mut condition: Condition, now: Timestamp) -> Option<(Condition, Change)> {
    settles(&condition).filter(|at| *at <= now)?;
    let raised = condition.changes.first().copied().unwrap_or(condition.since);
    condition.changes.clear();
    if condition.raised {
        condition.told = Told::Raised;
        Some((condition, Change::Raised { again: true }))
    } else {
        condition.told = Told::Nothing;
        Some((condition, Change::Recovered { raised }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(minutes * 60).unwrap()
    }

    /// Raises or clears, minute by minute; gives what is told.
    fn tell(steps: &[(i64, bool)]) -> (Option<Condition>, Vec<(i64, Change)>) {
        let mut condition: Option<Condition> = None;
        let mut told = Vec::new();
        for &(minute, raised) in steps {
            let (after, change) = match (condition.take(), raised) {
                (before, true) => raise(before, "pipeline folk", "failed", "fel", false, at(minute)),
                (Some(before), false) => clear(before, at(minute)),
                (None, false) => continue,
            };
            condition = Some(after);
            told.extend(change.map(|change| (minute, change)));
        }
        (condition, told)
    }

    #[test]
    fn the_same_failure_every_day_is_told_once() {
        let day = 24 * 60;
        let (_, told) = tell(&[(0, true), (day, true), (2 * day, true), (3 * day, false), (4 * day, false)]);
        assert_eq!(told, [(0, Change::Raised { again: true }), (3 * day, Change::Recovered { raised: at(0) })]);
        assert!(tell(&[(0, false)]).1.is_empty());
    }

    #[test]
    fn a_text_of_another_kind_is_news() {
        let (condition, _) = raise(None, "pipeline folk", "failed", "fel", true, at(0));
        let (condition, change) = raise(Some(condition), "", "", "fel 2", false, at(9));
        assert_eq!((change, condition.text.as_str(), condition.since), (None, "fel 2", at(0)));
        let (condition, change) = raise(Some(condition), "", "", "annat", true, at(10));
        assert_eq!((change, condition.since), (Some(Change::Changed), at(0)));
    }

    #[test]
    fn what_comes_and_goes_is_told_as_unstable_and_then_when_it_has_settled() {
        let flapping: Vec<(i64, bool)> = (0..40).map(|step| (step * 10, step % 2 == 0)).collect();
        let (condition, told) = tell(&flapping);
        let condition = condition.unwrap();
        assert_eq!(told.len(), 5, "{told:?}");
        assert_eq!(told.last().unwrap(), &(40, Change::Unstable { times: 3 }));
        assert_eq!(settles(&condition), Some(at(390 + 360)));
        assert_eq!(settle(condition.clone(), at(749)), None);
        let (settled, change) = settle(condition.clone(), at(750)).unwrap();
        assert!(matches!(change, Change::Recovered { .. }));
        assert_eq!((settled.told, settled.changes.len()), (Told::Nothing, 0));
        let (raised, _) = raise(Some(condition), "", "", "fel", false, at(400));
        let (settled, change) = settle(raised, at(760)).unwrap();
        assert_eq!((settled.told, change), (Told::Raised, Change::Raised { again: true }));
        // From there it is a condition like any other.
        assert!(matches!(clear(settled, at(800)).1, Some(Change::Recovered { .. })));
    }

    #[test]
    fn once_or_twice_a_day_is_not_unstable() {
        let half = 12 * 60;
        let steps: Vec<(i64, bool)> = (0..20).map(|step| (step * half, step % 2 == 0)).collect();
        assert_eq!(tell(&steps).1.len(), 20);
    }
}

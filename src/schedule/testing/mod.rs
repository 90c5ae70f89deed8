//! A year of 200 pipelines with times when nothing runs and edits; what an oracle that shares no code with the scheduler
//! says must become of every slot; and a book of what did. For any driver: the scheduler itself, or the daemon's loop.

mod book;
mod calendar;
mod oracle;
mod year;

pub(crate) use book::Book;
pub(crate) use calendar::{Pattern, walk};
pub(crate) use oracle::oracle;
pub(crate) use year::{Year, verdict};

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::ledger::Outcome;

use super::{Event, Scheduler};

/// Drives the scheduler itself through the year, as the daemon's loop would: told the time when it asks to be, when a
/// run ends and when the files change, and killed or stopped at the windows.
pub(crate) fn drive(year: &Year) -> Book {
    let mut book = Book::default();
    let mut up = year.begin;
    for (number, window) in year.windows.iter().map(Some).chain([None]).enumerate() {
        let down = window.map_or(year.end, |window| window.from);
        stretch(year, &mut book, up, down, number % 2 == 0);
        up = window.map_or(year.end, |window| window.to);
    }
    book
}

/// From one start of the program to its end. `killed`: without a word, otherwise by a polite stop.
fn stretch(year: &Year, book: &mut Book, up: Timestamp, down: Timestamp, killed: bool) {
    let mut ends: BTreeMap<(Timestamp, String), (Outcome, bool)> = BTreeMap::new();
    let (mut scheduler, events) = Scheduler::start(year.jobs_at(up), year.places, book.memory(), up);
    take(&mut scheduler, book, &mut ends, up, events);
    let mut edits = year.edits.iter().filter(|edit| edit.at > up && edit.at < down).peekable();
    loop {
        let end = ends.first_key_value().map(|(key, _)| key.0);
        let edit = edits.peek().map(|edit| edit.at);
        let wake = scheduler.next_wake();
        let Some(now) = end.into_iter().chain(edit).chain(wake).min().filter(|now| *now < down) else { break };
        let events = if end == Some(now) {
            let ((_, pipeline), (outcome, may_pass)) = ends.pop_first().unwrap();
            scheduler.ended(&pipeline, outcome, may_pass, now)
        } else if edit == Some(now) {
            scheduler.reload(edits.next().unwrap().jobs.clone(), year.places, now)
        } else {
            scheduler.tick(now)
        };
        take(&mut scheduler, book, &mut ends, now, events);
    }
    if !killed {
        scheduler.stop();
        for (_, pipeline) in ends.into_keys() {
            book.take(&scheduler.ended(&pipeline, Outcome::Interrupted, false, down));
        }
    }
}

fn take(
    scheduler: &mut Scheduler,
    book: &mut Book,
    ends: &mut BTreeMap<(Timestamp, String), (Outcome, bool)>,
    now: Timestamp,
    events: Vec<Event>,
) {
    for start in book.take(&events) {
        let run = book.begin(&start, now);
        let events = scheduler.began(&start.pipeline, run, now);
        assert!(book.take(&events).is_empty());
        let (length, outcome, may_pass) = verdict(&start.pipeline, now);
        ends.insert((now.checked_add(length).unwrap(), start.pipeline), (outcome, may_pass));
    }
}

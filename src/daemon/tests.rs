//! The loop itself through a year, with tokio's time paused: nothing of it is left out but the wake-up, the runs and the
//! disk under the ledger.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::beat::{Beat, Ended, Late, Message, Plan, Taken, Tell, Work};
use super::clock::Clock;
use super::live::Shown;
use crate::ledger::{Ledger, Outcome, RunEntry};
use crate::schedule::Start;
use crate::schedule::testing::{Book, Year, oracle, verdict};

/// Tokio's clock, told as a time of that year.
#[derive(Clone, Copy)]
struct Virtual {
    origin: Instant,
    begin: Timestamp,
}

impl Virtual {
    fn moment(self, at: Timestamp) -> Instant {
        let after = at.duration_since(self.begin);
        self.origin + Duration::try_from(after).unwrap_or_default()
    }
}

impl Clock for Virtual {
    fn now(&self) -> Timestamp {
        self.begin + SignedDuration::try_from(self.origin.elapsed()).unwrap()
    }

    async fn wake(&mut self, next: Option<Timestamp>) {
        match next {
            Some(at) => tokio::time::sleep_until(self.moment(at)).await,
            None => std::future::pending().await,
        }
    }
}

/// Runs that take their time and do nothing.
struct Pretence {
    clock: Virtual,
    book: Mutex<Book>,
    ledger: Arc<Ledger>,
    under_way: Mutex<Vec<AbortHandle>>,
}

impl Work for Pretence {
    fn start(&self, start: Start, tell: mpsc::UnboundedSender<Message>) {
        let now = self.clock.now();
        self.book.lock().unwrap().begin(&start, now);
        let run = self.ledger.begin(&start.pipeline, now).unwrap();
        let pipeline = start.pipeline;
        let _ = tell.send(Message::Began { pipeline: pipeline.clone(), run: run.number() });
        let (length, outcome) = verdict(&pipeline, now);
        let (clock, ledger) = (self.clock, Arc::clone(&self.ledger));
        let task = tokio::spawn(async move {
            let at = now + length;
            tokio::time::sleep_until(clock.moment(at)).await;
            ledger.end(run, &entry(&pipeline, outcome, at)).unwrap();
            let _ = tell.send(Message::Ended(Ended { pipeline, outcome, run: Some(run.number()) }));
        });
        self.under_way.lock().unwrap().push(task.abort_handle());
    }

    fn next_poll(&self, _pipeline: &str, _after: Timestamp) -> Option<Timestamp> {
        None
    }

    fn late_release(&self, _pipeline: &str, _now: Timestamp) -> Option<Timestamp> {
        None
    }

    fn stop(&self) {}
}

fn entry(pipeline: &str, outcome: Outcome, at: Timestamp) -> RunEntry {
    RunEntry {
        run: 0,
        pipeline: pipeline.to_owned(),
        started_at: at,
        ended_at: Some(at),
        outcome,
        message: String::new(),
        calls: 0,
        reused: 0,
        retries: 0,
        bytes: 0,
        rows_fetched: 0,
        datasets: Vec::new(),
    }
}

struct Silence;

impl Tell for Silence {
    fn listens(&self) -> bool {
        false
    }
    fn shown(&self, _: &Shown) {}
    fn ended(&self, _: &Ended) {}
    fn late(&self, _: &str, _: Option<Late>, _: Timestamp) {}
    fn alive(&self) {}
}

#[tokio::test(start_paused = true)]
async fn the_loop_gives_every_slot_of_a_year_the_fate_that_its_policy_says() {
    let year = Year::new();
    let clock = Virtual { origin: Instant::now(), begin: year.begin };
    let ledger = Arc::new(Ledger::in_memory().unwrap());
    let book = Mutex::new(Book::default());
    let work = Arc::new(Pretence { clock, book, ledger: Arc::clone(&ledger), under_way: Mutex::default() });
    let mut up = year.begin;
    for (number, window) in year.windows.iter().map(Some).chain([None]).enumerate() {
        let down = window.map_or(year.end, |window| window.from);
        tokio::time::sleep_until(clock.moment(up)).await;
        let (say, hears) = mpsc::unbounded_channel();
        let plan = Plan { jobs: year.jobs_at(up), places: year.places };
        let beat =
            Beat::new(plan, Arc::clone(&ledger), Arc::clone(&work), (clock, Silence), (say.clone(), hears)).unwrap();
        let beating = tokio::spawn(beat.go());
        for edit in year.edits.iter().filter(|edit| edit.at > up && edit.at < down) {
            tokio::time::sleep_until(clock.moment(edit.at)).await;
            let plan = Plan { jobs: edit.jobs.clone(), places: year.places };
            let _ = say.send(Message::Read(Box::new(Ok(Taken { plan, changed: String::new() }))));
        }
        tokio::time::sleep_until(clock.moment(down)).await;
        let under_way = std::mem::take(&mut *work.under_way.lock().unwrap());
        under_way.iter().for_each(AbortHandle::abort);
        if number % 2 == 0 {
            // Killed, without a word.
            beating.abort();
        } else {
            let (stopped, _) = oneshot::channel();
            let _ = say.send(Message::Stop { stopped });
            tokio::task::yield_now().await;
            beating.abort();
        }
        let _ = beating.await;
        for (run, pipeline, _) in ledger.open_runs().unwrap() {
            ledger.end(run, &entry(&pipeline, Outcome::Interrupted, down)).unwrap();
        }
        up = window.map_or(year.end, |window| window.to);
    }
    let mut book = std::mem::take(&mut *work.book.lock().unwrap());
    for slot in ledger.slots(None, u32::MAX).unwrap() {
        book.slots.entry(slot.pipeline.clone()).or_default().insert(slot.due_at, slot);
    }
    book.compare(oracle(&year));
}

//! The loop itself through a year, with tokio's time paused: nothing of it is left out but the wake-up, the runs and the
//! disk under the ledger.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::beat::{Beat, Ended, Message, Plan, Taken, Tell, Work};
use super::clock::Clock;
use super::late::Late;
use super::live::Shown;
use crate::config::{Missed, Overlap, Schedule};
use crate::ledger::{Condition, Ledger, Outcome, RunEntry, Told};
use crate::release::Overdue;
use crate::schedule::testing::{Book, Year, oracle, verdict};
use crate::schedule::{Job, Start};

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
        let (length, outcome, may_pass) = verdict(&pipeline, now);
        let (clock, ledger) = (self.clock, Arc::clone(&self.ledger));
        let task = tokio::spawn(async move {
            let at = now + length;
            tokio::time::sleep_until(clock.moment(at)).await;
            ledger.end(run, &entry(&pipeline, outcome, at)).unwrap();
            let _ = tell.send(Message::Ended(Ended { pipeline, outcome, run: Some(run.number()), may_pass }));
        });
        self.under_way.lock().unwrap().push(task.abort_handle());
    }

    fn next_poll(&self, _pipeline: &str, _after: Timestamp) -> Option<Timestamp> {
        None
    }

    fn overdue(&self, _pipeline: &str) -> Option<Overdue> {
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
    fn late(&self, _: &str, _: Option<&Late>, _: Timestamp) {}
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

/// One pipeline that waits for a release, which its third run finds.
struct Waits {
    begin: Timestamp,
    asked: Mutex<u32>,
}

impl Work for Waits {
    fn start(&self, start: Start, tell: mpsc::UnboundedSender<Message>) {
        *self.asked.lock().unwrap() += 1;
        let pipeline = start.pipeline;
        let _ = tell.send(Message::Ended(Ended { pipeline, outcome: Outcome::Unchanged, run: None, may_pass: false }));
    }

    fn next_poll(&self, pipeline: &str, after: Timestamp) -> Option<Timestamp> {
        (pipeline == "folk").then(|| after + SignedDuration::from_hours(24))
    }

    fn overdue(&self, pipeline: &str) -> Option<Overdue> {
        let expected = self.begin + SignedDuration::from_hours(1);
        let late_at = expected + SignedDuration::from_hours(30);
        let waits = *self.asked.lock().unwrap() < 3;
        (pipeline != "annat" && waits).then_some(Overdue { late_at, expected })
    }

    fn stop(&self) {}
}

/// Keeps what was said of lateness, in hours since the beginning, and what was shown of it last.
struct Heard {
    begin: Timestamp,
    late: Arc<Mutex<Vec<String>>>,
    shown: Arc<Mutex<Option<Shown>>>,
}

impl Tell for Heard {
    fn shown(&self, shown: &Shown) {
        *self.shown.lock().unwrap() = Some(shown.clone());
    }
    fn ended(&self, _: &Ended) {}
    fn late(&self, pipeline: &str, late: Option<&Late>, now: Timestamp) {
        let hours = now.duration_since(self.begin).as_hours();
        let why = late.map_or("late no longer".to_owned(), Late::why);
        self.late.lock().unwrap().push(format!("{hours} h: {pipeline}: {why}"));
    }
    fn alive(&self) {}
}

#[tokio::test(start_paused = true)]
async fn a_release_that_does_not_come_is_told_of_once_and_again_when_it_has_come() {
    let begin: Timestamp = "2026-12-09T06:00:00Z".parse().unwrap();
    let clock = Virtual { origin: Instant::now(), begin };
    let ledger = Arc::new(Ledger::in_memory().unwrap());
    // Of the pipeline `annat` it was told before a restart that it was late, and it is no longer.
    let condition = Condition {
        subject: "pipeline annat".to_owned(),
        matter: "late".to_owned(),
        raised: true,
        since: begin,
        text: String::new(),
        told: Told::Raised,
        changes: Vec::new(),
    };
    ledger.note(|notes| notes.put(&condition)).unwrap();
    // Those that are not enabled are not asked for, and so not late.
    let schedule = |enabled| Schedule {
        cron: None,
        after: Vec::new(),
        enabled,
        timezone: "UTC".to_owned(),
        missed: Missed::Skip,
        overlap: Overlap::Skip,
        jitter: Duration::ZERO,
        late_after: None,
    };
    let job = |name: &str, schedule| Job { pipeline: name.to_owned(), fingerprint: String::new(), schedule };
    let jobs = vec![job("annat", None), job("av", Some(schedule(false))), job("folk", None)];
    let work = Arc::new(Waits { begin, asked: Mutex::default() });
    let (late, shown) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(None)));
    let tell = Heard { begin, late: Arc::clone(&late), shown: Arc::clone(&shown) };
    let (say, hears) = mpsc::unbounded_channel();
    let plan = Plan { jobs, places: 1 };
    let beating = tokio::spawn(Beat::new(plan, ledger, work, (Hourly(clock), tell), (say, hears)).unwrap().go());
    let live = || shown.lock().unwrap().as_ref().unwrap().pipelines["folk"].clone();
    tokio::time::sleep(Duration::from_hours(40)).await;
    assert_eq!(live().late_since, Some("2026-12-10T13:00:00Z".parse().unwrap()));
    assert_eq!(live().late_why, "the release expected 2026-12-09 07:00 UTC has not come");
    tokio::time::sleep(Duration::from_hours(100)).await;
    assert_eq!((live().late_since, live().late_why.as_str()), (None, ""));
    beating.abort();
    let told = late.lock().unwrap().clone();
    assert_eq!(
        told,
        [
            "0 h: annat: late no longer",
            "31 h: folk: the release expected 2026-12-09 07:00 UTC has not come",
            "72 h: folk: late no longer"
        ]
    );
}

/// Looks every hour, whatever is next.
struct Hourly(Virtual);

impl Clock for Hourly {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    async fn wake(&mut self, _: Option<Timestamp>) {
        tokio::time::sleep(Duration::from_hours(1)).await;
    }
}

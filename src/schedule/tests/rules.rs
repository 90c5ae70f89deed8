//! One rule at a time, on a few pipelines and one day.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::config::{Missed, Overlap, Schedule};
use crate::ledger::Outcome;
use crate::schedule::testing::Book;
use crate::schedule::{Cause, Event, Job, Memory, Scheduled, Scheduler, SlotState};

pub(super) const DAILY: &str = "0 8 * * *";
pub(super) const HOURLY: &str = "0 * * * *";

pub(super) fn at(text: &str) -> Timestamp {
    let text = if text.len() == 5 { format!("2026-11-23T{text}:00Z") } else { text.to_owned() };
    text.parse().unwrap()
}

pub(super) fn schedule(cron: &str) -> Schedule {
    Schedule {
        cron: Some(cron.to_owned()).filter(|cron| !cron.is_empty()),
        after: Vec::new(),
        enabled: true,
        timezone: "UTC".to_owned(),
        missed: Missed::Latest,
        overlap: Overlap::Skip,
        jitter: Duration::ZERO,
        late_after: Some(Duration::from_hours(2)),
    }
}

pub(super) fn job(name: &str, schedule: Schedule) -> Job {
    Job { pipeline: name.to_owned(), fingerprint: format!("{schedule:?}"), schedule: Some(schedule) }
}

pub(super) fn after(name: &str, before: &str) -> Job {
    job(name, Schedule { after: vec![before.to_owned()], ..schedule("") })
}

/// A scheduler and the book of what it told.
pub(super) struct Day {
    pub(super) scheduler: Scheduler,
    pub(super) book: Book,
}

impl Day {
    pub(super) fn new(jobs: impl Into<Vec<Job>>) -> Self {
        Self::with(jobs, 9, BTreeMap::new(), "06:30")
    }

    pub(super) fn with(jobs: impl Into<Vec<Job>>, places: usize, memory: BTreeMap<String, Memory>, now: &str) -> Self {
        let (scheduler, events) = Scheduler::start(jobs.into(), places, memory, at(now));
        let mut day = Self { scheduler, book: Book::default() };
        day.take(events);
        day
    }

    /// The pipelines that start, with the hours and minutes of the slots that they serve.
    pub(super) fn take(&mut self, events: Vec<Event>) -> Vec<String> {
        let text = |slot: &Timestamp| slot.to_string()[11..16].to_owned();
        let starts = self.book.take(&events).into_iter();
        starts
            .map(|start| format!("{} {}", start.pipeline, start.slots.iter().map(text).collect::<Vec<_>>().join("+")))
            .collect()
    }

    pub(super) fn tick(&mut self, now: &str) -> Vec<String> {
        let events = self.scheduler.tick(at(now));
        self.take(events)
    }

    pub(super) fn ended(&mut self, pipeline: &str, outcome: Outcome, now: &str) -> Vec<String> {
        let events = self.scheduler.ended(pipeline, outcome, false, at(now));
        self.take(events)
    }

    /// For something that may pass.
    pub(super) fn failed(&mut self, pipeline: &str, now: &str) -> Vec<String> {
        let events = self.scheduler.ended(pipeline, Outcome::Failed, true, at(now));
        self.take(events)
    }

    pub(super) fn request(&mut self, pipeline: &str, cause: Cause, now: &str) -> Vec<String> {
        let events = self.scheduler.request(pipeline, cause, at(now));
        self.take(events)
    }

    pub(super) fn reload(&mut self, jobs: impl Into<Vec<Job>>, now: &str) -> Vec<String> {
        let events = self.scheduler.reload(jobs.into(), 9, at(now));
        self.take(events)
    }

    /// Killed, and started again.
    pub(super) fn again(self, jobs: impl Into<Vec<Job>>, now: &str) -> (Self, Vec<String>) {
        let (scheduler, events) = Scheduler::start(jobs.into(), 9, self.book.memory(), at(now));
        let mut day = Self { scheduler, book: self.book };
        let starts = day.take(events);
        (day, starts)
    }

    /// `08:00 handled`, of every row; `08:00-10:00 3 skipped: why`.
    pub(super) fn fates(&self, pipeline: &str) -> Vec<String> {
        let text = |slot: Timestamp| slot.to_string()[11..16].to_owned();
        let rows = self.book.slots.get(pipeline).into_iter().flat_map(BTreeMap::values);
        rows.map(|slot| {
            let row = if slot.count > 1 { format!("-{} {}", text(slot.last), slot.count) } else { String::new() };
            let why = if slot.state == SlotState::Skipped { format!(": {}", slot.why) } else { String::new() };
            format!("{}{row} {}{why}", text(slot.due_at), slot.state)
        })
        .collect()
    }
}

#[test]
fn a_slot_is_due_then_running_then_handled() {
    let mut day = Day::new([job("a", schedule(DAILY))]);
    assert_eq!(day.scheduler.next_wake(), Some(at("08:00")));
    assert_eq!(day.scheduler.next_due("a"), Some((at("08:00"), Cause::Cron)));
    assert_eq!(day.tick("07:59"), [""; 0]);
    assert_eq!(day.tick("08:00"), ["a 08:00"]);
    assert_eq!(day.fates("a"), ["08:00 running"]);
    let numbered = day.scheduler.began("a", 7, at("08:00"));
    day.take(numbered);
    assert_eq!(day.tick("08:00"), [""; 0]);
    assert_eq!(day.ended("a", Outcome::Unchanged, "08:05"), [""; 0]);
    assert_eq!(day.fates("a"), ["08:00 handled"]);
    assert_eq!(day.book.slots["a"][&at("08:00")].run, Some(7));
    assert_eq!(day.scheduler.next_wake(), Some(at("2026-11-24T08:00:00Z")));
}

#[test]
fn what_was_missed_is_skipped_or_made_up_for_as_far_as_the_latest() {
    let hourly = |missed| [job("a", Schedule { missed, ..schedule(HOURLY) })];
    let (day, starts) = Day::new(hourly(Missed::Skip)).again(hourly(Missed::Skip), "11:20");
    assert_eq!(starts, [""; 0]);
    let nothing_ran = "missed: nothing ran at the time";
    assert_eq!(day.fates("a"), [format!("07:00-11:00 5 skipped: {nothing_ran}, and `missed` is \"skip\"")]);
    let (day, starts) = Day::new(hourly(Missed::Latest)).again(hourly(Missed::Latest), "11:20");
    assert_eq!(starts, ["a 11:00"]);
    let older = format!("07:00-10:00 4 skipped: {nothing_ran}, and only the latest is made up for");
    assert_eq!(day.fates("a"), [&older, "11:00 running"]);
    // A minute late is not missed, and the hour before is made up for by the same run.
    let (_, starts) = Day::new(hourly(Missed::Latest)).again(hourly(Missed::Latest), "11:01");
    assert_eq!(starts, ["a 10:00+11:00"]);
    let (_, starts) = Day::new(hourly(Missed::Skip)).again(hourly(Missed::Skip), "11:01");
    assert_eq!(starts, ["a 11:00"]);
}

#[test]
fn a_clock_that_leaps_ahead_misses_slots_like_a_program_that_was_down() {
    let mut day = Day::new([job("a", schedule(HOURLY))]);
    assert_eq!(day.tick("07:00"), ["a 07:00"]);
    day.ended("a", Outcome::Published, "07:10");
    assert_eq!(day.tick("10:30"), ["a 10:00"]);
    assert_eq!(day.fates("a").len(), 3);
}

#[test]
fn a_clock_that_is_set_back_brings_nothing_twice() {
    let mut day = Day::new([job("a", schedule(HOURLY))]);
    for hour in ["07:00", "08:00"] {
        day.tick(hour);
        day.ended("a", Outcome::Published, hour);
    }
    for back in ["06:10", "07:00", "08:00"] {
        assert_eq!(day.tick(back), [""; 0]);
    }
    // What is not of the clock is due all the same, as a slot of its own.
    assert_eq!(day.request("a", Cause::Hand, "07:30"), ["a 08:00"]);
    day.ended("a", Outcome::Published, "07:31");
    assert_eq!(day.book.slots["a"].len(), 3);
    assert_eq!(day.tick("09:00"), ["a 09:00"]);
}

#[test]
fn a_clock_that_was_far_ahead_is_forgotten() {
    let mut day = Day::new([job("a", schedule(DAILY))]);
    let events = day.scheduler.tick(at("2031-01-01T12:00:00Z"));
    assert!(events.iter().any(|event| matches!(event, Event::Start(_))));
    day.scheduler.ended("a", Outcome::Failed, false, at("2031-01-01T12:01:00Z"));
    let events = day.scheduler.tick(at("07:00"));
    assert_eq!(events[0], Event::SetBack { to: at("07:00") });
    assert_eq!(day.scheduler.next_wake(), Some(at("08:00")));
    // The same when it is set right while nothing runs.
    let fingerprint = format!("{:?}", schedule(DAILY));
    let scheduled = Some(Scheduled { fingerprint, seen_until: at("2031-01-01T12:00:00Z") });
    let memory = BTreeMap::from([("a".to_owned(), Memory { scheduled, ..Memory::default() })]);
    let (scheduler, events) = Scheduler::start(vec![job("a", schedule(DAILY))], 1, memory, at("07:00"));
    assert_eq!(events[0], Event::SetBack { to: at("07:00") });
    assert_eq!(scheduler.next_wake(), Some(at("08:00")));
}

#[test]
fn very_many_missed_slots_are_not_counted_one_by_one_and_the_latest_is_made_up_for() {
    let often = || [job("a", schedule("* * * * *"))];
    let (day, starts) = Day::new(often()).again(often(), "2027-01-22T06:30:30Z");
    assert_eq!(starts, ["a 06:29+06:30"]);
    let rows: Vec<_> = day.book.slots["a"].values().collect();
    assert!(rows.iter().all(|row| row.count <= 40_000) && rows.len() < 6, "{rows:?}");
    assert!(rows[0].why.contains("too many to count"), "{}", rows[0].why);
    for pair in rows.windows(2) {
        assert!(pair[0].last < pair[1].due_at, "{pair:?}");
    }
}

#[test]
fn a_time_that_finds_a_run_under_way_is_skipped_or_waits() {
    let hourly = |overlap| Day::new([job("a", Schedule { overlap, ..schedule(HOURLY) })]);
    let mut day = hourly(Overlap::Skip);
    assert_eq!(day.tick("07:00"), ["a 07:00"]);
    assert_eq!(day.tick("08:00"), [""; 0]);
    assert_eq!(day.ended("a", Outcome::Published, "08:30"), [""; 0]);
    assert_eq!(day.fates("a")[1], "08:00 skipped: the run before was not done, and `overlap` is \"skip\"");
    let mut day = hourly(Overlap::Queue);
    assert_eq!(day.tick("07:00"), ["a 07:00"]);
    assert_eq!(day.tick("08:00"), [""; 0]);
    assert_eq!(day.tick("09:00"), [""; 0]);
    assert!(day.scheduler.is_queued("a") && day.scheduler.is_running("a"));
    assert_eq!(day.ended("a", Outcome::Failed, "09:30"), ["a 08:00+09:00"]);
    // A slot of the very moment in which the run ends finds the pipeline free.
    let mut day = hourly(Overlap::Skip);
    day.tick("07:00");
    assert_eq!(day.ended("a", Outcome::Failed, "08:00"), ["a 08:00"]);
}

#[test]
fn jitter_delays_the_start_and_not_the_slot() {
    let jitter = Duration::from_mins(30);
    let mut day = Day::new([job("befolkning", Schedule { jitter, missed: Missed::Skip, ..schedule(DAILY) })]);
    assert_eq!(day.tick("08:00"), [""; 0]);
    assert_eq!(day.fates("befolkning"), ["08:00 due"]);
    let start = day.scheduler.next_wake().unwrap();
    let delay = start.duration_since(at("08:00")).as_secs();
    assert_eq!(delay, 1677, "the same for ever");
    // Noticed a minute after it should have started, it is not missed yet.
    let events = day.scheduler.tick(start);
    assert_eq!(day.take(events), ["befolkning 08:00"]);
    // Whatever else makes it due meanwhile starts it at once, and serves the slot too.
    let mut day = Day::new([job("befolkning", Schedule { jitter, ..schedule(DAILY) })]);
    day.tick("08:00");
    assert_eq!(day.request("befolkning", Cause::Release, "08:01"), ["befolkning 08:00+08:01"]);
    day.ended("befolkning", Outcome::Published, "08:02");
    let events = day.scheduler.tick(start);
    assert_eq!(day.take(events), [""; 0]);
}

#[test]
fn late_counts_from_the_slot_until_a_success_serves_it_or_a_later_one() {
    let jobs = || [job("a", schedule(DAILY))];
    let mut day = Day::new(jobs());
    day.tick("08:00");
    assert_eq!(day.scheduler.late_since("a", at("09:59")), None);
    // It is told in time, though no slot is due then.
    assert_eq!(day.scheduler.next_wake(), Some(at("10:00")));
    assert_eq!(day.scheduler.late_since("a", at("10:30")), Some(at("10:00")));
    day.ended("a", Outcome::Failed, "10:40");
    let (mut day, starts) = day.again(jobs(), "11:00");
    assert_eq!(starts, [""; 0]);
    assert_eq!(day.scheduler.late_since("a", at("11:00")), Some(at("10:00")));
    assert_eq!(day.request("a", Cause::Hand, "12:00"), ["a 12:00"]);
    assert_eq!(day.scheduler.late_since("a", at("12:00")), Some(at("10:00")));
    day.ended("a", Outcome::Unchanged, "12:10");
    assert_eq!(day.scheduler.late_since("a", at("2026-11-24T07:00:00Z")), None);
    assert!(day.book.memory()["a"].failed_since.is_none());
}

#[test]
fn pipelines_follow_those_that_publish() {
    let mut day = Day::new([job("a", schedule(DAILY)), after("b", "a"), after("c", "b")]);
    assert_eq!(day.tick("08:00"), ["a 08:00"]);
    assert_eq!(day.ended("a", Outcome::Published, "08:10"), ["b 08:10"]);
    assert_eq!(day.book.slots["b"][&at("08:10")].why, "after a");
    assert_eq!(day.ended("b", Outcome::Unchanged, "08:20"), [""; 0]);
    assert_eq!(day.request("a", Cause::Hand, "09:00"), ["a 09:00"]);
    assert_eq!(day.ended("a", Outcome::Failed, "09:10"), [""; 0]);
    // A run of somebody else's.
    let events = day.scheduler.published("b", at("09:20"));
    assert_eq!(day.take(events), ["c 09:20"]);
}

#[test]
fn what_published_during_a_run_is_followed_after_it_whatever_overlap_says() {
    let mut day = Day::new([job("a", schedule(HOURLY)), after("b", "a")]);
    day.tick("07:00");
    assert_eq!(day.ended("a", Outcome::Published, "07:01"), ["b 07:01"]);
    day.tick("08:00");
    assert_eq!(day.ended("a", Outcome::Published, "08:01"), [""; 0]);
    day.tick("09:00");
    assert_eq!(day.ended("a", Outcome::Published, "09:01"), [""; 0]);
    assert_eq!(day.ended("b", Outcome::Failed, "09:30"), ["b 08:01+09:01"]);
}

#[test]
fn what_published_before_a_crash_is_followed_after_it() {
    let jobs = || [job("a", schedule(DAILY)), after("b", "a")];
    let mut day = Day::new(jobs());
    day.tick("08:00");
    // Due already when the program ended.
    day.ended("a", Outcome::Published, "08:10");
    let (day, starts) = day.again(jobs(), "15:00");
    assert_eq!(starts, ["b 08:10"]);
    assert_eq!(day.fates("a"), ["08:00 handled"]);
    // The run's end is in the ledger, and the slot was still open.
    let mut day = Day::new(jobs());
    day.tick("08:00");
    let mut memory = day.book.memory();
    memory.get_mut("a").unwrap().open[0].outcome = Some(Outcome::Published);
    let mut day = Day { book: day.book, ..Day::with(jobs(), 9, BTreeMap::new(), "06:30") };
    let (_, events) = Scheduler::start(jobs().into(), 9, memory, at("15:00"));
    assert_eq!(day.take(events), ["b 15:00"]);
    assert_eq!(day.fates("a"), ["08:00 handled"]);
}

#[test]
fn an_interrupted_run_is_made_up_for_or_not_as_missed_says() {
    for (missed, fate) in [
        (Missed::Latest, "08:00 running"),
        (Missed::Skip, "08:00 skipped: interrupted: the program ended during its run, and `missed` is \"skip\""),
    ] {
        let jobs = || [job("a", Schedule { missed, ..schedule(DAILY) })];
        let mut day = Day::new(jobs());
        day.tick("08:00");
        day.scheduler.stop();
        assert_eq!(day.request("a", Cause::Hand, "08:01"), [""; 0]);
        assert_eq!(day.ended("a", Outcome::Interrupted, "08:01"), [""; 0]);
        let (day, starts) = day.again(jobs(), "08:02");
        // What a person asked for is done either way.
        assert_eq!(starts, [if missed == Missed::Latest { "a 08:00+08:01" } else { "a 08:01" }]);
        assert_eq!(day.fates("a"), [fate, "08:01 running"]);
    }
    // Nothing is stopping: then it is a failure like any other.
    let mut day = Day::new([job("a", schedule(DAILY))]);
    day.tick("08:00");
    day.ended("a", Outcome::Interrupted, "08:01");
    assert_eq!(day.fates("a"), ["08:00 failed"]);
}

#[test]
fn an_edited_pipeline_starts_from_now() {
    let jitter = Duration::from_mins(30);
    let old = || job("befolkning", Schedule { jitter, ..schedule(DAILY) });
    let edited = Job { fingerprint: "edited".into(), ..old() };
    let mut day = Day::new([old()]);
    day.tick("08:00");
    assert_eq!(day.reload([edited.clone()], "08:05"), [""; 0]);
    assert_eq!(day.fates("befolkning"), ["08:00 skipped: the pipeline was changed before a run was done"]);
    assert_eq!(day.scheduler.next_wake(), Some(at("2026-11-24T08:00:00Z")));
    // Likewise when that is first seen at the next start, and nothing of the meantime is made up for.
    let mut day = Day::new([old()]);
    day.tick("08:00");
    let (day, starts) = day.again([edited], "2026-11-25T12:00:00Z");
    assert_eq!(starts, [""; 0]);
    assert_eq!(day.fates("befolkning"), ["08:00 skipped: the pipeline was changed before a run was done"]);
    // What was not edited goes on as if nothing had been.
    let mut day = Day::new([old()]);
    day.tick("08:00");
    day.reload([old(), job("b", schedule(DAILY))], "08:05");
    assert_eq!(day.fates("befolkning"), ["08:00 due"]);
    assert_eq!(day.scheduler.next_due("b"), Some((at("2026-11-24T08:00:00Z"), Cause::Cron)));
}

#[test]
fn a_disabled_pipeline_is_run_by_hand_only_and_enabled_again_it_starts_from_now() {
    let job = |enabled| job("a", Schedule { enabled, after: vec!["b".to_owned()], ..schedule(HOURLY) });
    let mut day = Day::new([job(true)]);
    day.reload([job(false)], "06:40");
    assert_eq!(day.scheduler.next_wake(), None);
    for cause in [Cause::Release, Cause::After("b".to_owned()), Cause::Cron] {
        assert_eq!(day.request("a", cause, "07:10"), [""; 0]);
    }
    assert_eq!(day.request("a", Cause::Hand, "07:20"), ["a 07:20"]);
    // It was interrupted, and does not go on by itself.
    let (mut day, starts) = day.again([job(false)], "09:30");
    assert_eq!(starts, ["a 07:20"]);
    day.ended("a", Outcome::Published, "09:40");
    assert_eq!(day.reload([job(true)], "10:30"), [""; 0]);
    assert_eq!(day.tick("11:00"), ["a 11:00"]);
    day.reload([job(false)], "11:10");
    let (day, starts) = day.again([job(false)], "12:30");
    assert_eq!(starts, [""; 0]);
    assert_eq!(day.fates("a")[1], "11:00 skipped: the pipeline does not run by itself any longer");
}

#[test]
fn a_renamed_pipeline_starts_from_now_and_one_that_comes_back_too() {
    let daily = |name| job(name, Schedule { jitter: Duration::from_hours(2), ..schedule(DAILY) });
    let mut day = Day::new([daily("a"), job("running", schedule(DAILY))]);
    assert_eq!(day.tick("08:00"), ["running 08:00"]);
    day.reload([daily("b")], "08:00");
    assert_eq!(day.fates("a"), ["08:00 skipped: the pipeline was removed before a run was done"]);
    assert_eq!((day.fates("b").len(), day.book.scheduled.len()), (0, 1));
    // A run under way ends as it would have.
    assert_eq!(day.scheduler.running(), 1);
    day.ended("running", Outcome::Published, "08:10");
    assert_eq!(day.fates("running"), ["08:00 handled"]);
    let (mut day, _) = day.again([daily("b")], "2026-12-24T08:30:00Z");
    assert_eq!(day.reload([daily("a"), daily("b")], "2026-12-24T09:00:00Z"), [""; 0]);
    assert_eq!(day.scheduler.next_due("a"), Some((at("2026-12-25T08:00:00Z"), Cause::Cron)));
    assert_eq!(day.fates("a").len(), 1);
}

#[test]
fn places_are_given_to_who_has_been_ready_longest() {
    let at_minute = |name, minute: u8| job(name, schedule(&format!("{minute} 8 * * *")));
    let jobs = [at_minute("a", 3), at_minute("b", 1), at_minute("c", 0), at_minute("d", 0)];
    let mut day = Day::with(jobs, 2, BTreeMap::new(), "06:30");
    assert_eq!(day.tick("08:00"), ["c 08:00", "d 08:00"]);
    assert_eq!(day.tick("08:01"), [""; 0]);
    assert_eq!(day.tick("08:03"), [""; 0]);
    assert!(day.scheduler.is_queued("b"));
    assert_eq!(day.fates("b"), ["08:01 due"]);
    assert_eq!(day.ended("c", Outcome::Published, "08:04"), ["b 08:01"]);
    assert_eq!(day.ended("d", Outcome::Published, "08:05"), ["a 08:03"]);
    assert_eq!(day.scheduler.running(), 2);
}

#[test]
fn a_pipeline_without_a_schedule_runs_when_it_is_asked() {
    let mut day = Day::new([Job { pipeline: "a".into(), fingerprint: "1".into(), schedule: None }]);
    assert_eq!(day.scheduler.next_wake(), None);
    assert_eq!(day.scheduler.next_due("a"), None);
    assert_eq!(day.request("a", Cause::Release, "08:00"), ["a 08:00"]);
    assert_eq!(day.request("a", Cause::Hand, "08:00"), [""; 0]);
    assert_eq!(day.request("a", Cause::Hand, "08:00"), [""; 0]);
    assert_eq!(day.ended("a", Outcome::Unchanged, "08:01"), ["a 08:00+08:00"]);
    assert_eq!(day.request("unknown", Cause::Hand, "08:02"), [""; 0]);
    assert_eq!(day.ended("unknown", Outcome::Failed, "08:02"), [""; 0]);
}

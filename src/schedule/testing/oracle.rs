//! What must become of every slot, told pipeline by pipeline from the rules in docs/schedules.md. It shares nothing with
//! the scheduler but the words in which reasons are given: it looks at every minute of the year, knows all that will
//! happen beforehand, and follows one pipeline through it at a time, those that others follow first.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::config::{Missed, Overlap, Schedule};
use crate::ledger::Outcome;
use crate::schedule::{Job, SlotState};

use super::book::SeenRun;
use super::calendar::{Pattern, walk};
use super::year::{Year, verdict};

#[derive(Default)]
pub(crate) struct Expected {
    pub slots: BTreeMap<String, BTreeMap<Timestamp, Fate>>,
    /// By pipeline and beginning.
    pub runs: BTreeMap<(String, Timestamp), SeenRun>,
}

#[derive(Clone, Debug)]
pub(crate) struct Fate {
    pub state: SlotState,
    pub why: String,
}

/// What happens to a pipeline.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Moment {
    Slot,
    Published(String),
    Edit,
    Down,
    Up,
}

/// The slots of a year by zone and pattern.
type Calendar = BTreeMap<(String, String), Vec<Timestamp>>;

pub(crate) fn oracle(year: &Year) -> Expected {
    let calendar = calendar(year);
    let jobs = || year.edits.iter().flat_map(|edit| &edit.jobs).chain(&year.jobs);
    let names: BTreeSet<&str> = jobs().map(|job| job.pipeline.as_str()).collect();
    let mut expected = Expected::default();
    let mut published: Vec<(Timestamp, String)> = Vec::new();
    // In order of name: nobody follows a later one.
    for name in names {
        let lives = lives(year, name);
        let moments = moments(year, &lives, &calendar, &published);
        let mut line = Line::new(name, &calendar, &mut expected);
        for (at, moment) in moments {
            line.until(at);
            match moment {
                Moment::Slot => line.slot(at),
                Moment::Published(by) => line.request(&format!("after {by}"), at),
                Moment::Edit => line.edit(life_at(&lives, at), at),
                Moment::Down => line.down(),
                Moment::Up => line.up(life_at(&lives, at), at),
            }
        }
        line.until(year.end);
        published.extend(line.published.into_iter().map(|at| (at, name.to_owned())));
    }
    expected
}

fn calendar(year: &Year) -> Calendar {
    let mut wanted: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for job in year.edits.iter().flat_map(|edit| &edit.jobs).chain(&year.jobs) {
        let Some(schedule) = &job.schedule else { continue };
        wanted.entry(&schedule.timezone).or_default().extend(schedule.cron.as_deref());
    }
    let mut calendar = Calendar::new();
    for (zone, patterns) in wanted {
        let read: Vec<Pattern> = patterns.iter().map(|pattern| Pattern::new(pattern)).collect();
        // Further than the year, since a run is not tried again when its next time comes first.
        let slots = walk(zone, &read, year.begin, year.end.checked_add(SignedDuration::from_hours(8)).unwrap());
        let keys = patterns.into_iter().map(|pattern| (zone.to_owned(), pattern.to_owned()));
        calendar.extend(keys.zip(slots));
    }
    calendar
}

/// From when on the pipeline is what, as the program sees it: an edit made while nothing runs is seen at the next start.
fn lives<'y>(year: &'y Year, name: &str) -> Vec<(Timestamp, Option<&'y Job>)> {
    let find = |jobs: &'y [Job]| jobs.iter().find(|job| job.pipeline == name);
    let mut lives = vec![(year.begin, find(&year.jobs))];
    for edit in &year.edits {
        let down = year.windows.iter().find(|window| window.from < edit.at && edit.at < window.to);
        let seen_at = down.map_or(edit.at, |window| window.to);
        if lives.last().unwrap().0 == seen_at && lives.len() > 1 {
            lives.pop();
        }
        let job = find(&edit.jobs);
        if job.map(|job| &job.fingerprint) != lives.last().unwrap().1.map(|job| &job.fingerprint) {
            lives.push((seen_at, job));
        }
    }
    lives
}

fn life_at<'y>(lives: &[(Timestamp, Option<&'y Job>)], at: Timestamp) -> Option<&'y Job> {
    lives.iter().rev().find(|(from, _)| *from <= at).unwrap().1
}

fn moments(
    year: &Year,
    lives: &[(Timestamp, Option<&Job>)],
    calendar: &Calendar,
    published: &[(Timestamp, String)],
) -> BTreeSet<(Timestamp, Moment)> {
    let mut moments = BTreeSet::new();
    for (number, (from, job)) in lives.iter().enumerate() {
        let to = lives.get(number + 1).map_or(year.end, |next| next.0);
        if year.windows.iter().all(|window| window.to != *from) {
            moments.insert((*from, Moment::Edit));
        }
        let Some(schedule) = enabled(*job) else { continue };
        if let Some(cron) = &schedule.cron {
            let slots = &calendar[&(schedule.timezone.clone(), cron.clone())];
            moments.extend(slots.iter().filter(|slot| *from < **slot && **slot < to).map(|at| (*at, Moment::Slot)));
        }
        let followed = published.iter().filter(|(at, by)| *from < *at && *at < to && schedule.after.contains(by));
        moments.extend(followed.map(|(at, by)| (*at, Moment::Published(by.clone()))));
    }
    for window in &year.windows {
        moments.insert((window.from, Moment::Down));
        moments.insert((window.to, Moment::Up));
    }
    moments
}

fn enabled(job: Option<&Job>) -> Option<&Schedule> {
    job?.schedule.as_ref().filter(|schedule| schedule.enabled)
}

/// A pipeline at a moment of the year.
struct Line<'y> {
    name: String,
    calendar: &'y Calendar,
    slots: &'y mut BTreeMap<Timestamp, Fate>,
    runs: &'y mut BTreeMap<(String, Timestamp), SeenRun>,
    job: Option<&'y Job>,
    delay: SignedDuration,
    now: Timestamp,
    /// The latest slot there was.
    last: Timestamp,
    /// What no run serves yet: why it is due, and from when on a run may begin.
    waiting: BTreeMap<Timestamp, (String, Timestamp)>,
    running: Option<Run>,
    /// While nothing runs: what came by, and what was due or running (true) before.
    missed: Option<Vec<Timestamp>>,
    open: Vec<(Timestamp, String, bool)>,
    published: Vec<Timestamp>,
}

struct Run {
    ends: Timestamp,
    outcome: Outcome,
    may_pass: bool,
    slots: Vec<(Timestamp, String)>,
}

impl<'y> Line<'y> {
    fn new(name: &str, calendar: &'y Calendar, expected: &'y mut Expected) -> Self {
        Self {
            name: name.to_owned(),
            calendar,
            slots: expected.slots.entry(name.to_owned()).or_default(),
            runs: &mut expected.runs,
            job: None,
            delay: SignedDuration::ZERO,
            now: Timestamp::MIN,
            last: Timestamp::MIN,
            waiting: BTreeMap::new(),
            running: None,
            missed: None,
            open: Vec::new(),
            published: Vec::new(),
        }
    }

    fn fate(&mut self, due_at: Timestamp, state: SlotState, why: &str) {
        self.slots.insert(due_at, Fate { state, why: why.to_owned() });
    }

    fn wait(&mut self, due_at: Timestamp, cause: &str, ready: Timestamp) {
        self.fate(due_at, SlotState::Due, cause);
        self.last = self.last.max(due_at);
        self.waiting.insert(due_at, (cause.to_owned(), ready));
    }

    /// All that happens by itself before a moment: runs end, and what waits starts or finds a run under way.
    fn until(&mut self, moment: Timestamp) {
        loop {
            let ends = self.running.as_ref().map(|run| run.ends);
            let skips = enabled(self.job).is_none_or(|schedule| schedule.overlap == Overlap::Skip);
            let judged = self.waiting.values().filter(|(cause, _)| ends.is_none() || (skips && cause == "cron"));
            let ready = judged.map(|(_, ready)| (*ready).max(self.now)).min();
            if let Some(ends) = ends.filter(|ends| *ends < moment && ready.is_none_or(|ready| *ends <= ready)) {
                self.now = ends;
                self.end();
            } else if let Some(ready) = ready.filter(|ready| *ready < moment) {
                self.now = ready;
                if ends.is_some() { self.skip_overlapping() } else { self.begin() }
            } else {
                self.now = self.now.max(moment);
                break;
            }
        }
    }

    fn begin(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        let slots: Vec<(Timestamp, String)> = waiting.into_iter().map(|(due_at, (cause, _))| (due_at, cause)).collect();
        for (due_at, cause) in &slots {
            self.fate(*due_at, SlotState::Running, cause);
        }
        let causes = slots.iter().map(|(_, cause)| cause.clone()).collect();
        let run = SeenRun { slots: slots.iter().map(|(due_at, _)| *due_at).collect(), causes };
        self.runs.insert((self.name.clone(), self.now), run);
        let (length, outcome, may_pass) = verdict(&self.name, self.now);
        self.running = Some(Run { ends: self.now.checked_add(length).unwrap(), outcome, may_pass, slots });
    }

    fn end(&mut self) {
        let run = self.running.take().unwrap();
        let state = if run.outcome == Outcome::Failed { SlotState::Failed } else { SlotState::Handled };
        for (due_at, cause) in &run.slots {
            self.fate(*due_at, state, cause);
        }
        if run.outcome == Outcome::Published {
            self.published.push(run.ends);
        }
        if run.outcome == Outcome::Failed && run.may_pass {
            self.try_again(&run.slots);
        }
    }

    /// Three times, if nothing that is known of comes before.
    fn try_again(&mut self, served: &[(Timestamp, String)]) {
        let Some(schedule) = enabled(self.job) else { return };
        let tries = |(_, cause): &(Timestamp, String)| cause.strip_prefix("retry ").map(|tries| tries.parse().unwrap());
        let tried: i64 = served.iter().filter_map(tries).max().unwrap_or(0);
        if tried == 3 {
            return;
        }
        let cause = format!("retry {}", tried + 1);
        let due_at = self.free(self.now);
        let ready = due_at.checked_add(pause(&cause)).unwrap();
        let times = schedule.cron.as_ref().map(|cron| &self.calendar[&(schedule.timezone.clone(), cron.clone())]);
        let next = times.and_then(|times| times.iter().find(|time| **time > self.now));
        let next = next.map(|next| next.checked_add(self.delay).unwrap());
        if self.waiting.values().map(|(_, ready)| *ready).chain(next).all(|other| other > ready) {
            self.wait(due_at, &cause, ready);
        }
    }

    fn skip_overlapping(&mut self) {
        let now = self.now;
        let over: Vec<Timestamp> = self
            .waiting
            .iter()
            .filter(|(_, (cause, ready))| cause == "cron" && *ready <= now)
            .map(|(at, _)| *at)
            .collect();
        for due_at in over {
            self.waiting.remove(&due_at);
            self.fate(due_at, SlotState::Skipped, "the run before was not done, and `overlap` is \"skip\"");
        }
    }

    fn slot(&mut self, at: Timestamp) {
        match &mut self.missed {
            Some(missed) => missed.push(at),
            None => self.wait(at, "cron", at.checked_add(self.delay).unwrap()),
        }
    }

    /// In whole seconds, and a second after the last slot where that one is as late.
    fn request(&mut self, cause: &str, at: Timestamp) {
        self.wait(self.free(at), cause, at);
    }

    fn free(&self, at: Timestamp) -> Timestamp {
        let free = self.last.checked_add(SignedDuration::from_secs(1)).unwrap();
        Timestamp::from_second(at.max(free).as_second()).unwrap()
    }

    fn become_of(&mut self, job: Option<&'y Job>, at: Timestamp) {
        if self.job.is_none() {
            self.last = self.last.max(at);
        }
        self.job = job;
        let jitter = enabled(job).map_or(0, |schedule| schedule.jitter.as_secs());
        let hash = *blake3::hash(self.name.as_bytes()).as_bytes();
        let chosen = u64::from_le_bytes(hash[..8].try_into().unwrap()) % (jitter + 1);
        self.delay = SignedDuration::from_secs(chosen as i64);
    }

    fn edit(&mut self, job: Option<&'y Job>, at: Timestamp) {
        for due_at in std::mem::take(&mut self.waiting).into_keys() {
            self.fate(due_at, SlotState::Skipped, gone(job));
        }
        self.become_of(job, at);
    }

    fn down(&mut self) {
        let running = self.running.take().map(|run| run.slots).unwrap_or_default();
        self.open = running.into_iter().map(|(due_at, cause)| (due_at, cause, true)).collect();
        let waiting = std::mem::take(&mut self.waiting);
        self.open.extend(waiting.into_iter().map(|(due_at, (cause, _))| (due_at, cause, false)));
        self.missed = Some(Vec::new());
    }

    fn up(&mut self, job: Option<&'y Job>, at: Timestamp) {
        let passed = self.missed.take().unwrap();
        let open = std::mem::take(&mut self.open);
        let same = job.is_some() && job.map(|job| &job.fingerprint) == self.job.map(|job| &job.fingerprint);
        self.become_of(job, at);
        self.last = self.last.max(at);
        let Some(schedule) = enabled(job).filter(|_| same) else {
            let why = if same { "the pipeline does not run by itself any longer" } else { gone(job) };
            for (due_at, _, _) in open {
                self.fate(due_at, SlotState::Skipped, why);
            }
            return;
        };
        let patience = self.delay + SignedDuration::from_secs(60);
        let is_missed = |due_at: Timestamp| due_at.checked_add(patience).unwrap() < at;
        let mut missed: Vec<(Timestamp, bool)> = Vec::new();
        for (due_at, cause, begun) in open {
            if cause.starts_with("retry") && !begun {
                self.wait(due_at, &cause, due_at.checked_add(pause(&cause)).unwrap());
            } else if cause != "cron" {
                self.wait(due_at, &cause, at);
            } else if begun || is_missed(due_at) {
                missed.push((due_at, begun));
            } else {
                self.wait(due_at, "cron", due_at.checked_add(self.delay).unwrap());
            }
        }
        for due_at in passed {
            if is_missed(due_at) {
                missed.push((due_at, false));
            } else {
                self.wait(due_at, "cron", due_at.checked_add(self.delay).unwrap());
            }
        }
        let latest = if schedule.missed == Missed::Latest { missed.pop() } else { None };
        if let Some((due_at, _)) = latest {
            self.wait(due_at, "cron", at);
        }
        for (due_at, begun) in missed {
            let why = match (schedule.missed, begun) {
                (Missed::Skip, false) => "missed: nothing ran at the time, and `missed` is \"skip\"",
                (Missed::Skip, true) => "interrupted: the program ended during its run, and `missed` is \"skip\"",
                (Missed::Latest, false) => "missed: nothing ran at the time, and only the latest is made up for",
                (Missed::Latest, true) => {
                    "interrupted: the program ended during its run, and a later one is made up for"
                }
            };
            self.last = self.last.max(due_at);
            self.fate(due_at, SlotState::Skipped, why);
        }
    }
}

fn pause(cause: &str) -> SignedDuration {
    match cause {
        "retry 1" => SignedDuration::from_mins(15),
        "retry 2" => SignedDuration::from_mins(60),
        "retry 3" => SignedDuration::from_mins(240),
        _ => panic!("{cause}"),
    }
}

fn gone(job: Option<&Job>) -> &'static str {
    match job {
        Some(_) => "the pipeline was changed before a run was done",
        None => "the pipeline was removed before a run was done",
    }
}

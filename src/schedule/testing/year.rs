//! The year that is driven: 2028, for its leap day.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::config::{Missed, Overlap, Schedule};
use crate::ledger::Outcome;
use crate::schedule::Job;

pub(crate) struct Year {
    pub begin: Timestamp,
    pub end: Timestamp,
    /// So many that none waits for one: the oracle looks at one pipeline at a time.
    pub places: usize,
    pub jobs: Vec<Job>,
    pub windows: Vec<Window>,
    /// In order of time; each with all the jobs that there are from then on.
    pub edits: Vec<Edit>,
}

/// A time in which nothing runs.
pub(crate) struct Window {
    pub from: Timestamp,
    pub to: Timestamp,
}

pub(crate) struct Edit {
    pub at: Timestamp,
    pub jobs: Vec<Job>,
}

/// Often, daily, around leaps of the clock, on some days only, seldom.
const PATTERNS: [&str; 40] = [
    "10 8 * * *",
    "40 5 * * MON-FRI",
    "30 2 * * *",
    "0 7 1 * *",
    "0 3 * * *",
    "15 2,14 * * *",
    "0 0 31 * *",
    "0 0 29 2 *",
    "*/20 2 * * *",
    "5 1-3 * * *",
    "0 6 1-7 * MON",
    "0 */6 * * *",
    "59 23 * * SUN",
    "0 0 * * *",
    "30 12 15 */3 *",
    "0 2 * * SUN",
    "45 1 * * *",
    "0 9 * * 1,3,5",
    "20 4 1,15 * *",
    "30 8-16/4 * * 1-5",
    "10 8 * * *",
    "1 0 1 1 *",
    "35 2 * 3,10 *",
    "0 22 * * FRI",
    "5 5 * * *",
    "55 2 * * *",
    "0 1,2,3 * 3-4 *",
    "0 2-3 * 9-11 0",
    "25 6 28-31 * *",
    "0 18 * * *",
    "*/30 1-3 * * 0",
    "12 13 * * TUE",
    "0 8 * * *",
    "50 7 * * MON-FRI",
    "5 8 * 1-6 *",
    "0 0 30 * *",
    "7 7 7 7 *",
    "0 4 * * 6",
    "30 6 */2 * *",
    "0 23 * * *",
];

const ZONES: [&str; 7] = [
    "Europe/Stockholm",
    "Europe/Stockholm",
    "Europe/Stockholm",
    "UTC",
    "Europe/Stockholm",
    "America/New_York",
    "Australia/Lord_Howe",
];

/// The same for the same words, and different enough for others.
fn chance(words: &str, below: u64) -> u64 {
    let hash = blake3::hash(words.as_bytes());
    hash.as_bytes().iter().take(6).fold(0, |sum, byte| sum * 256 + u64::from(*byte)) % below
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn name(number: usize) -> String {
    format!("p{number:03}")
}

/// What a pipeline is in its so-manieth edition: every seventh is disabled, every ninth is not there.
fn job(number: usize, edition: u64) -> Option<Job> {
    let about = |what: &str, below| chance(&format!("{what} {number} {edition}"), below);
    if edition > 0 && about("there", 9) == 0 {
        return None;
    }
    let cron = match number {
        0 => "*/15 * * * *".to_owned(),
        1..4 => "*/30 * * * *".to_owned(),
        4..10 => format!("{} * * * *", about("minute", 60)),
        10..14 => "0 */2 * * *".to_owned(),
        _ => PATTERNS[(number + 7 * edition as usize) % PATTERNS.len()].to_owned(),
    };
    // The later ones follow earlier ones, some of them those that follow themselves.
    let follows = number >= 140;
    let after =
        if follows { vec![name(number - 100 + about("after", 60) as usize), name(number - 135)] } else { vec![] };
    let schedule = Schedule {
        cron: Some(cron).filter(|_| !follows || number.is_multiple_of(2)),
        after,
        enabled: edition == 0 || about("enabled", 7) > 0,
        timezone: ZONES[about("zone", 7) as usize].to_owned(),
        missed: if about("missed", 3) == 0 { Missed::Skip } else { Missed::Latest },
        overlap: if about("overlap", 2) == 0 { Overlap::Skip } else { Overlap::Queue },
        jitter: Duration::from_secs([0, 0, 300, 1800, 5400][about("jitter", 5) as usize]),
        late_after: None,
    };
    let schedule = Some(schedule).filter(|_| !number.is_multiple_of(50) || number == 0);
    Some(Job { pipeline: name(number), fingerprint: format!("{number} {edition}"), schedule })
}

impl Year {
    pub fn new() -> Self {
        let mut editions = [0; 200];
        let all = |editions: &[u64; 200]| (0..200).filter_map(|number| job(number, editions[number])).collect();
        let jobs = all(&editions);
        let (begin, end) = (at("2027-12-31T22:59:41.3Z"), at("2029-01-01T12:00:02.9Z"));
        let mut edits = Vec::new();
        let mut edited = begin;
        for number in 0_u64.. {
            // Also in the middle of the night, and twice within minutes.
            let after = [180, 95_000, 401_000, 1_100_000][chance(&format!("pause {number}"), 4) as usize];
            edited += SignedDuration::from_millis(after * 1000 + chance(&format!("odd {number}"), 900_000) as i64);
            if edited >= end {
                break;
            }
            // Sometimes nothing was changed, often one pipeline, now and then many.
            for _ in 0..[0, 1, 1, 2, 3, 40][chance(&format!("many {number}"), 6) as usize] {
                let which = chance(&format!("which {number} {editions:?}"), 200) as usize;
                editions[which] += 1;
            }
            edits.push(Edit { at: edited, jobs: all(&editions) });
        }
        let windows = [
            ("2028-01-03T07:09:50.123Z", "2028-01-03T07:10:20.456Z"),
            ("2028-01-20T03:00:00.5Z", "2028-01-20T03:00:59.9Z"),
            ("2028-02-28T21:14:03.7Z", "2028-03-01T05:00:07.2Z"),
            ("2028-03-26T00:31:10.1Z", "2028-03-26T01:04:10.1Z"),
            ("2028-04-02T12:00:00.2Z", "2028-04-11T09:32:00.4Z"),
            ("2028-04-11T09:33:00.2Z", "2028-04-11T09:33:01.4Z"),
            ("2028-05-17T08:09:01.2Z", "2028-05-17T08:12:09.8Z"),
            ("2028-06-30T22:00:00.1Z", "2028-07-01T06:00:00.1Z"),
            ("2028-07-10T00:00:00.3Z", "2028-08-15T04:20:00.7Z"),
            ("2028-09-03T11:11:11.1Z", "2028-09-03T12:34:56.7Z"),
            ("2028-10-28T23:50:00.6Z", "2028-10-29T00:20:00.2Z"),
            ("2028-10-29T00:40:00.6Z", "2028-10-29T01:10:00.2Z"),
            ("2028-11-05T05:20:00.6Z", "2028-11-05T06:40:00.2Z"),
            ("2028-12-31T22:58:00.1Z", "2028-12-31T23:02:00.1Z"),
        ];
        let windows = windows.map(|(from, to)| Window { from: at(from), to: at(to) }).into();
        Self { begin, end, places: 1000, jobs, windows, edits }
    }

    /// What stands in the files then.
    pub fn jobs_at(&self, then: Timestamp) -> Vec<Job> {
        self.edits.iter().rev().find(|edit| edit.at <= then).map_or(&self.jobs, |edit| &edit.jobs).clone()
    }
}

/// How long a run takes that begins then, and what comes of it: mostly seconds, sometimes longer than until the next slot.
/// The last word: a failure that may pass.
pub(crate) fn verdict(pipeline: &str, began: Timestamp) -> (SignedDuration, Outcome, bool) {
    let about = |what: &str, below| chance(&format!("{what} {pipeline} {began}"), below) as i64;
    let longest = [40, 40, 40, 40, 600, 600, 4000, 20_000][about("class", 8) as usize];
    let length = SignedDuration::from_millis(1 + about("length", longest * 1000));
    let outcome = match about("outcome", 10) {
        0 => Outcome::Failed,
        1..4 => Outcome::Unchanged,
        _ => Outcome::Published,
    };
    (length, outcome, about("passes", 3) > 0)
}

//! `JobStream`: advertisements that are published, changed and removed as the
//! clock goes, so that a snapshot with the changes since is the next snapshot.
//! One is published every hour; it lives for thirty days, some are changed on the
//! way, some are removed before their time, and of those whose time is up only
//! every other is told of as removed.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::advertisement::{Facts, Writer};
use super::local;
use crate::sandbox::http::{Ask, Reply};
use crate::sandbox::noise::mix;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
const LIFE: i64 = 30 * DAY;
const CHANGED_AFTER: i64 = 6 * DAY + 3 * HOUR;
const REMOVED_AFTER: i64 = 12 * DAY;
/// How long the removed are told of.
const TOLD: i64 = 90 * DAY;

pub struct JobStream {
    seed: u64,
}

/// Where an advertisement is at some time, and since when (seconds since 1970).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Live { since: i64, changed: bool },
    Removed { since: i64 },
}

impl JobStream {
    pub(in crate::sandbox) const fn new(seed: u64) -> Self {
        Self { seed }
    }

    fn published(&self, number: i64) -> i64 {
        number * HOUR + (mix(self.seed, &[number.unsigned_abs(), 5]) % 3000).cast_signed()
    }

    fn state(&self, number: i64, now: i64) -> Option<State> {
        let published = self.published(number);
        let removed = match number % 4 {
            1 => Some(published + REMOVED_AFTER),
            0 | 2 => Some(published + LIFE),
            // Its time is up without a word.
            _ => None,
        };
        if published > now {
            return None;
        }
        if let Some(since) = removed.filter(|since| *since <= now) {
            return (since + TOLD > now).then_some(State::Removed { since });
        }
        if published + LIFE <= now {
            return None;
        }
        let changed = number % 5 == 0 && published + CHANGED_AFTER <= now;
        let since = if changed { published + CHANGED_AFTER } else { published };
        Some(State::Live { since, changed })
    }

    /// Every advertisement that is told of at a time.
    fn all(&self, now: i64) -> impl Iterator<Item = (i64, State)> {
        let last = now / HOUR;
        (last - (LIFE + TOLD) / HOUR..=last).filter_map(move |number| Some((number, self.state(number, now)?)))
    }

    pub(in crate::sandbox) fn answer(&self, ask: &Ask<'_>, now: Timestamp, writer: &Writer) -> Reply {
        let now = now.as_second();
        let lines = (ask.header)("accept").is_some_and(|accept| accept.contains("jsonl") || accept.contains("ndjson"));
        let time = |name: &str| ask.parameter(name).map(|text| seconds(text).ok_or_else(|| text.to_owned()));
        let (after, before) = match ask.segments.as_slice() {
            ["v2", "snapshot"] | ["snapshot"] => return self.reply(now, None, lines, writer, ask),
            ["v2", "stream"] => (time("updated-after"), time("updated-before")),
            ["stream"] => (time("date"), time("updated-before-date")),
            _ => return Reply::new(404, "application/json", "{\"message\":\"Not Found\"}"),
        };
        match (after, before) {
            (None, _) => Reply::new(
                400,
                "application/json",
                "{\"errors\":{\"updated-after\":\"Missing required parameter in the query string\"},\
                 \"message\":\"Input payload validation failed\"}",
            ),
            (Some(Err(text)), _) | (_, Some(Err(text))) => {
                let said = serde_json::json!({
                    "errors": { "updated-after": format!("time data '{text}' does not match format '%Y-%m-%dT%H:%M:%S'") },
                    "message": "Input payload validation failed",
                });
                Reply::json(400, &said)
            }
            (Some(Ok(after)), before) => {
                let before = before.and_then(Result::ok).unwrap_or(i64::MAX);
                self.reply(now, Some((after, before)), lines, writer, ask)
            }
        }
    }

    /// All that live, or what has changed within a window, both ends included.
    fn reply(&self, now: i64, window: Option<(i64, i64)>, lines: bool, writer: &Writer, ask: &Ask<'_>) -> Reply {
        let mut out = String::new();
        let mut count = 0;
        let again = usize::from(ask.distortion.duplicate_kommun);
        for (number, state) in self.all(now) {
            let (State::Live { since, .. } | State::Removed { since }) = state;
            let is_wanted = match window {
                Some((after, before)) => (after..=before).contains(&since),
                None => matches!(state, State::Live { .. }),
            };
            if !is_wanted {
                continue;
            }
            for _ in 0..=(if count == 0 { again } else { 0 }) {
                out.push_str(match (lines, count) {
                    (true, _) => "",
                    (false, 0) => "[",
                    (false, _) => ",",
                });
                self.write(number, state, writer, &mut out);
                if lines {
                    out.push('\n');
                }
                count += 1;
            }
        }
        if !lines {
            out.push_str(if count == 0 { "[]" } else { "]" });
        }
        let kind = if lines { "application/jsonl" } else { "application/json" };
        let mut reply = Reply::new(200, kind, out);
        reply.cells = Some(count);
        reply
    }

    fn write(&self, number: i64, state: State, writer: &Writer, out: &mut String) {
        let published = self.published(number);
        match state {
            State::Removed { since } => {
                let _ = write!(
                    out,
                    "{{\"id\":\"{}\",\"removed\":true,\"removed_date\":\"{}\",\"occupation\":\"Y3QA_5pk_uXd\",\
                     \"occupation_group\":\"jY19_knH_MJp\",\"occupation_field\":\"NYW6_mP6_vwf\",\
                     \"municipality\":\"aYA7_PpG_BqP\",\"region\":\"CifL_Rzy_Mku\",\"country\":\"i46j_HmG_v64\"}}",
                    id(number),
                    local(civil(since))
                );
            }
            State::Live { since, changed } => {
                let facts = Facts {
                    number: mix(self.seed, &[number.unsigned_abs(), 9]),
                    id: id(number),
                    original_id: None,
                    published: civil(published),
                    last_published: civil(published + LIFE),
                    timestamp: since * 1000,
                    vacancies: Some(1 + u32::from(changed)),
                    in_array: false,
                };
                writer.write(&facts, out);
            }
        }
    }
}

fn id(number: i64) -> String {
    (24_000_000 + number).to_string()
}

/// The clock on the wall in Sweden, without a zone.
fn civil(seconds: i64) -> DateTime {
    let zone = TimeZone::get("Europe/Stockholm").unwrap_or(TimeZone::UTC);
    Timestamp::from_second(seconds).unwrap_or_default().to_zoned(zone).datetime()
}

fn seconds(text: &str) -> Option<i64> {
    let zone = TimeZone::get("Europe/Stockholm").unwrap_or(TimeZone::UTC);
    let at: DateTime = text.parse().ok()?;
    let at = zone.to_zoned(at).ok()?;
    Some(at.timestamp().as_second())
}

//! Log lines on stderr, for people or as JSON.

use std::io::Write as _;

use jiff::Timestamp;
use serde_json::{Map, Value as Json};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::fields::{Fields, Value, run_of};
use super::keep::InRun;

/// Writes each event as one line, in one piece.
pub(super) struct Lines {
    style: Style,
}

#[derive(Clone, Copy)]
enum Style {
    Human { colour: bool },
    Json,
}

impl Lines {
    pub fn human(colour: bool) -> Self {
        Self { style: Style::Human { colour } }
    }

    pub fn json() -> Self {
        Self { style: Style::Json }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let (now, run, fields) = (Timestamp::now(), run_of(event, &context), Fields::of(event));
        let (level, target) = (*event.metadata().level(), event.metadata().target());
        let line = match self.style {
            Style::Human { colour } => human(now, level, run.as_ref(), &fields, colour),
            Style::Json => json(now, level, target, run.as_ref(), fields),
        };
        // A reader of the log that went away is no reason to stop.
        let _ = writeln!(std::io::stderr().lock(), "{line}");
    }
}

/// `2026-11-23T08:00:00.000Z  WARN run 5 befolkning: a call failed and will be tried again source=scb`.
fn human(now: Timestamp, level: Level, run: Option<&InRun>, fields: &Fields, colour: bool) -> String {
    let sign = match level {
        Level::ERROR => "31",
        Level::WARN => "33",
        Level::INFO => "32",
        _ => "2",
    };
    let level = if colour { format!("\u{1b}[{sign}m{level:>5}\u{1b}[0m") } else { format!("{level:>5}") };
    let (place, without) = match run {
        Some(run) => (format!("run {} {}: ", run.run, run.pipeline), ["pipeline"].as_slice()),
        None => (String::new(), [].as_slice()),
    };
    format!("{now:.3} {level} {place}{}", fields.sentence(without))
}

fn json(now: Timestamp, level: Level, target: &str, run: Option<&InRun>, fields: Fields) -> String {
    let mut line = Map::new();
    line.insert("timestamp".to_owned(), format!("{now:.6}").into());
    line.insert("level".to_owned(), level.as_str().to_ascii_lowercase().into());
    line.insert("message".to_owned(), fields.message.into());
    line.insert("target".to_owned(), target.into());
    if let Some(run) = run {
        line.insert("run".to_owned(), run.run.into());
        line.insert("pipeline".to_owned(), run.pipeline.as_ref().into());
    }
    for (name, value) in fields.others {
        let value = match value {
            Value::Text(text) => Json::String(text),
            Value::Plain(value) => value,
        };
        // The line's own keys are not a field's to change.
        line.entry(name).or_insert(value);
    }
    Json::Object(line).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields() -> Fields {
        let others = vec![
            ("pipeline", Value::Text("folk".to_owned())),
            ("source", Value::Text("scb".to_owned())),
            ("reason", Value::Text("no answer within 30 s".to_owned())),
            ("tries", Value::Plain(2.into())),
        ];
        Fields { message: "a call failed".to_owned(), others }
    }

    #[test]
    fn a_line_for_people_tells_its_run_first() {
        let now = "2026-11-23T08:00:00Z".parse().unwrap();
        let run = InRun::of(5, "folk");
        assert_eq!(
            human(now, Level::WARN, Some(&run), &fields(), false),
            "2026-11-23T08:00:00.000Z  WARN run 5 folk: a call failed source=scb reason=\"no answer within 30 s\" tries=2"
        );
        assert_eq!(
            human(now, Level::INFO, None, &Fields { message: "ready".to_owned(), others: vec![] }, true),
            "2026-11-23T08:00:00.000Z \u{1b}[32m INFO\u{1b}[0m ready"
        );
    }

    #[test]
    fn a_line_as_json_keeps_numbers_and_its_own_keys() {
        let now = "2026-11-23T08:00:00Z".parse().unwrap();
        let mut fields = fields();
        fields.others.push(("level", Value::Text("forged".to_owned())));
        let line: Json =
            serde_json::from_str(&json(now, Level::WARN, "underlag", Some(&InRun::of(5, "folk")), fields)).unwrap();
        let expected = serde_json::json!({
            "timestamp": "2026-11-23T08:00:00.000000Z", "level": "warn", "message": "a call failed", "target": "underlag",
            "run": 5, "pipeline": "folk", "source": "scb", "reason": "no answer within 30 s", "tries": 2,
        });
        assert_eq!(line, expected);
    }
}

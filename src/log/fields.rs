//! An event's message and fields as text, the run that it belongs to first.

use std::fmt::{self, Write as _};

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::keep::InRun;
use crate::fetch::masked;

/// In the order in which they were written.
#[derive(Debug, Default)]
pub(super) struct Fields {
    pub message: String,
    pub others: Vec<(&'static str, Value)>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Text(String),
    Plain(serde_json::Value),
}

impl Fields {
    pub fn of(event: &Event<'_>) -> Self {
        let mut fields = Self::default();
        event.record(&mut fields);
        fields
    }

    /// `a call failed source=scb tries=2`; what a run's lines share is left out where the line tells it.
    pub fn sentence(&self, without: &[&str]) -> String {
        let mut text = self.message.clone();
        for (name, value) in self.others.iter().filter(|(name, _)| !without.contains(name)) {
            let _ = match value {
                Value::Text(value) if value.contains([' ', '"']) || value.is_empty() => {
                    write!(text, " {name}={value:?}")
                }
                Value::Text(value) => write!(text, " {name}={value}"),
                Value::Plain(value) => write!(text, " {name}={value}"),
            };
        }
        text
    }

    fn put(&mut self, field: &Field, text: String) {
        let text = without_secrets(&text);
        if field.name() == "message" {
            self.message = text;
        } else {
            self.others.push((field.name(), Value::Text(text)));
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.to_owned());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.others.push((field.name(), Value::Plain(value.into())));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.others.push((field.name(), Value::Plain(value.into())));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.others.push((field.name(), Value::Plain(value.into())));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.others.push((field.name(), Value::Plain(value.into())));
    }
}

/// Every address in a text, word by word, as it may be shown; and one line.
pub(super) fn without_secrets(text: &str) -> String {
    let one_line = |text: &str| text.replace(|each: char| each.is_control() && each != '\n', " ");
    if !text.contains("://") {
        return one_line(text);
    }
    let mut shown = String::with_capacity(text.len());
    for word in text.split_inclusive([' ', '\n', '"', '\'', '`', '<', '>', '(', ')', ',']) {
        let ending = word.len() - word.trim_end_matches([' ', '\n', '"', '\'', '`', '<', '>', '(', ')', ',']).len();
        let (address, rest) = word.split_at(word.len() - ending);
        shown.push_str(&if address.contains("://") { masked(address) } else { address.to_owned() });
        shown.push_str(rest);
    }
    one_line(&shown)
}

/// The run in whose span an event happened.
pub(super) fn run_of<S>(event: &Event<'_>, context: &Context<'_, S>) -> Option<InRun>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let scope = context.event_scope(event)?;
    scope.into_iter().find_map(|span| span.extensions().get::<InRun>().cloned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_within_sentences_are_masked() {
        assert_eq!(
            without_secrets("asking \"https://u:p@a.example/x?key=abc&y=1\", then (http://b.example/?token=t)"),
            "asking \"https://***@a.example/x?key=***&y=1\", then (http://b.example/?token=***)"
        );
        assert_eq!(without_secrets("a\u{1b}[31m b\tc"), "a [31m b c");
    }
}

//! How times, sizes and counts stand on the status pages.

use jiff::Timestamp;
use minijinja::Environment;

use crate::status;

pub(super) fn add_to(environment: &mut Environment<'_>) {
    environment.add_filter("time", |text: String| parsed(&text).map_or(text, status::time));
    environment
        .add_filter("clock", |text: String| parsed(&text).map_or(text, |at| at.strftime("%H:%M:%S%.3f").to_string()));
    environment.add_filter("ago", |text: String, now: String| between(&text, &now, status::ago));
    environment.add_filter("age", |text: String, now: String| between(&text, &now, status::age));
    environment.add_filter("sentence", |text: String| text.lines().next().unwrap_or_default().to_owned());
    environment.add_filter("urlencode", urlencode);
    environment.add_filter("grouped", grouped);
    environment.add_filter("bytes", bytes);
    environment.add_filter("seconds", seconds);
}

fn parsed(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

fn between(text: &str, now: &str, words: fn(Timestamp, Timestamp) -> String) -> String {
    parsed(text).zip(parsed(now)).map_or_else(String::new, |(at, now)| words(at, now))
}

/// A segment of a path.
fn urlencode(text: String) -> String {
    let mut shown = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            shown.push(char::from(byte));
        } else {
            shown += &format!("%{byte:02X}");
        }
    }
    shown
}

/// `1 234 567`, with narrow spaces that do not break.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

fn bytes(number: u64) -> String {
    let units = [(1_u64 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match units.into_iter().find(|(unit, _)| number >= *unit) {
        Some((unit, name)) => format!("{:.1} {name}", number as f64 / unit as f64),
        None => format!("{number} B"),
    }
}

fn seconds(number: f64) -> String {
    if number < 120.0 { format!("{number:.1} s") } else { status::span(number as i64) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_shown_for_people() {
        assert_eq!([0, 999, 1000, 1234567].map(grouped), ["0", "999", "1\u{202f}000", "1\u{202f}234\u{202f}567"]);
        assert_eq!([0, 1023, 1536, 5 << 20].map(bytes), ["0 B", "1023 B", "1.5 KiB", "5.0 MiB"]);
        assert_eq!([0.04, 119.9, 7200.0].map(seconds), ["0.0 s", "119.9 s", "2 h"]);
    }
}

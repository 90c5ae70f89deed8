//! Spreadsheets keep a date as a number that only its cell's format tells from
//! any other.

use jiff::ToSpan;
use jiff::civil::{Date, date};

const SECONDS: f64 = 86_400.0;

/// Whether a number format shows dates or times.
pub fn shows_date(id: u32, code: Option<&str>) -> bool {
    if let Some(code) = code {
        return code_shows_date(code);
    }
    matches!(id, 14..=22 | 27..=36 | 45..=47 | 50..=58)
}

fn code_shows_date(code: &str) -> bool {
    let mut letters = code.chars();
    let mut bracket = String::new();
    let (mut quoted, mut within) = (false, false);
    while let Some(letter) = letters.next() {
        match letter {
            '"' => quoted = !quoted,
            _ if quoted => {}
            // The next one stands for itself, or sets a width.
            '\\' | '_' | '*' => drop(letters.next()),
            '[' => {
                within = true;
                bracket.clear();
            }
            ']' => {
                within = false;
                // Hours beyond a day, and not a colour, a condition or a language.
                if !bracket.is_empty()
                    && bracket.chars().all(|each| matches!(each.to_ascii_lowercase(), 'h' | 'm' | 's'))
                {
                    return true;
                }
            }
            _ if within => bracket.push(letter),
            // Only the first section counts.
            ';' => return false,
            'd' | 'D' | 'm' | 'M' | 'y' | 'Y' | 'h' | 'H' | 's' | 'S' => return true,
            _ => {}
        }
    }
    false
}

/// A serial number as `2026-11-01`, with the time where it has one; a time alone below 1. Nothing beyond year 9999.
pub fn iso(serial: f64, since_1904: bool) -> Option<String> {
    if !(0.0..2_958_466.0).contains(&serial) {
        return None;
    }
    let seconds = (serial * SECONDS).round() as i64;
    let (days, seconds) = (seconds / 86_400, seconds % 86_400);
    let time = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if days == 0 && !since_1904 {
        return Some(time);
    }
    // The first system holds 29 February 1900 for a day.
    let first: Date = match (since_1904, days) {
        (true, _) => date(1904, 1, 1),
        (false, ..60) => date(1899, 12, 31),
        (false, _) => date(1899, 12, 30),
    };
    let day = first.checked_add(days.days()).ok()?;
    Some(if seconds == 0 { day.to_string() } else { format!("{day}T{time}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serial_numbers_are_dates() {
        for (serial, expected) in [
            (45943.0, "2025-10-13"),
            (45943.5, "2025-10-13T12:00:00"),
            (0.25, "06:00:00"),
            (1.0, "1900-01-01"),
            (61.0, "1900-03-01"),
        ] {
            assert_eq!(iso(serial, false).as_deref(), Some(expected));
        }
        assert_eq!(iso(44_481.0, true).as_deref(), Some("2025-10-13"));
        assert_eq!((iso(-1.0, false), iso(f64::NAN, false), iso(3e6, false)), (None, None, None));
    }

    #[test]
    fn formats_that_show_dates() {
        for code in ["yyyy-mm-dd", "[$-41D]d mmmm yyyy", "[h]:mm", "\"den \"d/m"] {
            assert!(shows_date(164, Some(code)), "{code}");
        }
        for code in ["General", "0.00", "#,##0\\ \"kr\"", "[Red]0", "\"dagar\" 0", "0_d", "@"] {
            assert!(!shows_date(164, Some(code)), "{code}");
        }
        assert!(shows_date(14, None) && !shows_date(2, None));
    }
}

//! Periods in time order, shown in Swedish. Their own text is never sorted by: VT comes before HT.

use std::sync::Arc;

/// The text as the source writes it, ordered by the day it begins.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Period {
    /// Days since 1970-01-01.
    pub start: Option<i32>,
    pub text: Arc<str>,
}

impl Period {
    /// `2025M01` → `jan 2025`, `2025K1` → `kvartal 1 2025`; anything else as it stands.
    pub fn swedish(&self) -> String {
        const MONTHS: [&str; 12] =
            ["jan", "feb", "mars", "april", "maj", "juni", "juli", "aug", "sep", "okt", "nov", "dec"];
        let text = &*self.text;
        let (Some(year), Some(rest)) = (text.get(..4), text.get(4..)) else { return text.to_owned() };
        if !year.bytes().all(|byte| byte.is_ascii_digit()) {
            return text.to_owned();
        }
        let month = rest.strip_prefix('M').filter(|digits| digits.len() == 2).and_then(|digits| digits.parse().ok());
        if let Some(name) = month.and_then(|month: usize| MONTHS.get(month.checked_sub(1)?)) {
            return format!("{name} {year}");
        }
        match rest {
            "K1" | "K2" | "K3" | "K4" => format!("kvartal {} {year}", &rest[1..]),
            _ => text.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Period;

    fn shown(text: &str) -> String {
        Period { start: None, text: text.into() }.swedish()
    }

    #[test]
    fn months_and_quarters_are_read_out_and_all_else_is_left_alone() {
        assert_eq!(shown("2025M01"), "jan 2025");
        assert_eq!(shown("2025K3"), "kvartal 3 2025");
        for text in ["2024", "2025M13", "2025M00", "HT2024", "2024/25", "åäö", ""] {
            assert_eq!(shown(text), text);
        }
    }

    #[test]
    fn periods_stand_in_time_order() {
        let spring = Period { start: Some(20_100), text: "VT2025".into() };
        let autumn = Period { start: Some(20_300), text: "HT2025".into() };
        assert!(spring < autumn);
    }
}

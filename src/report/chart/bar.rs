//! Horizontal bars, one per category, each with its value written at its end.

use std::fmt::Write;

use super::{escape, open};

/// Percent of the width that the longest bar takes; its value stands beyond.
const REACH: f64 = 80.0;
/// Where bars begin when short labels stand beside them.
const BESIDE: f64 = 21.0;

pub struct Bar {
    pub label: String,
    /// None: nothing is drawn, and `text` says why.
    pub value: Option<f64>,
    /// The value in Swedish, or the reason that there is none.
    pub text: String,
}

pub struct BarChart<'a> {
    pub id: &'a str,
    pub title: &'a str,
    pub description: &'a str,
    pub bars: &'a [Bar],
}

impl BarChart<'_> {
    /// Bars begin at zero, always.
    #[expect(clippy::cast_precision_loss, reason = "a few bars")]
    pub fn svg(&self) -> String {
        let beside = self.bars.iter().all(|bar| bar.label.chars().count() <= 10);
        let (pitch, top, thick) = if beside { (27.0, 4.0, 18.0) } else { (44.0, 22.0, 15.0) };
        let start = if beside { BESIDE } else { 0.0 };
        let height = pitch * self.bars.len() as f64 + 6.0;
        let values = || self.bars.iter().filter_map(|bar| bar.value);
        let (low, high) = (values().fold(0.0, f64::min), values().fold(0.0, f64::max));
        let spread = if high > low { high - low } else { 1.0 };
        let across = |value: f64| start + (value - low) / spread * (REACH - start);

        let mut svg = open("bar", self.id, height, self.title, self.description);
        for (at, bar) in self.bars.iter().enumerate() {
            let y = pitch * at as f64;
            let middle = y + top + thick / 2.0 + 4.5;
            let label = escape(&bar.label);
            let (label_y, value_x) =
                (if beside { middle } else { y + 15.0 }, bar.value.map_or(start, |value| across(value.max(0.0))));
            _ = write!(svg, "<text class=\"label\" x=\"0\" y=\"{label_y:.1}\">{label}</text>");
            if let Some(value) = bar.value {
                let (from, to) = (across(value.min(0.0)), across(value.max(0.0)));
                _ = write!(
                    svg,
                    "<rect class=\"fill\" x=\"{from:.2}%\" y=\"{:.1}\" width=\"{:.2}%\" height=\"{thick}\"/>",
                    y + top,
                    (to - from).max(0.15)
                );
            }
            let class = if bar.value.is_some() { "value" } else { "value none" };
            let gap = if bar.value.is_some() { 7 } else { 0 };
            let text = escape(&bar.text);
            _ = write!(svg, "<text class=\"{class}\" x=\"{value_x:.2}%\" dx=\"{gap}\" y=\"{middle:.1}\">{text}</text>");
        }
        svg.push_str("</svg>");
        svg
    }
}

#[cfg(test)]
mod tests {
    use super::{Bar, BarChart};

    #[test]
    fn a_bar_without_a_value_is_not_drawn_and_says_why() {
        let bars = [
            Bar { label: "<A>".into(), value: Some(10.0), text: "10".into() },
            Bar { label: "B".into(), value: None, text: "– sekretess".into() },
        ];
        let svg = BarChart { id: "x", title: "t", description: "d", bars: &bars }.svg();
        assert_eq!(svg.matches("<rect").count(), 1);
        assert!(svg.contains("– sekretess") && svg.contains("&lt;A&gt;"));
    }
}

//! Horizontal bars, one per category, each with its value written at its end.

use std::fmt::Write;

use super::{escape, open};

/// Percent of the width that the longest bar takes; its value stands beyond.
const REACH: f64 = 80.0;
/// Letters of a label on one line, so that it fits on a telephone.
const LETTERS: usize = 40;
/// Pixels from one line of a label to the next.
const LINE: f64 = 17.0;
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
        let start = if beside { BESIDE } else { 0.0 };
        let wrapped: Vec<Vec<String>> =
            self.bars.iter().map(|bar| if beside { vec![bar.label.clone()] } else { wrap(&bar.label) }).collect();
        // How far down its row a bar begins, and how tall the row is.
        let rows = wrapped.iter().map(|lines| {
            if beside {
                (4.0, 18.0, 27.0)
            } else {
                (LINE * lines.len() as f64 + 5.0, 15.0, LINE * lines.len() as f64 + 27.0)
            }
        });
        let rows: Vec<(f64, f64, f64)> = rows.collect();
        let height = rows.iter().map(|(.., pitch)| pitch).sum::<f64>() + 6.0;
        let values = || self.bars.iter().filter_map(|bar| bar.value);
        let (low, high) = (values().fold(0.0, f64::min), values().fold(0.0, f64::max));
        let spread = if high > low { high - low } else { 1.0 };
        let across = |value: f64| start + (value - low) / spread * (REACH - start);

        let mut svg = open("bar", self.id, height, self.title, self.description);
        let mut y = 0.0;
        for ((bar, lines), (top, thick, pitch)) in self.bars.iter().zip(&wrapped).zip(rows) {
            let middle = y + top + thick / 2.0 + 4.5;
            let value_x = bar.value.map_or(start, |value| across(value.max(0.0)));
            for (at, line) in lines.iter().enumerate() {
                let label_y = if beside { middle } else { y + LINE * (at + 1) as f64 - 2.0 };
                let label = escape(line);
                _ = write!(svg, "<text class=\"label\" x=\"0\" y=\"{label_y:.1}\">{label}</text>");
            }
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
            y += pitch;
        }
        svg.push_str("</svg>");
        svg
    }
}

/// Breaks a label between words.
fn wrap(label: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in label.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= LETTERS => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    if lines.is_empty() {
        lines.push(String::new());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{Bar, BarChart, LETTERS, wrap};

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

    #[test]
    fn long_labels_are_broken_between_words() {
        let label = "Undersköterskor, hemtjänst, hemsjukvård, äldreboende och habilitering";
        let lines = wrap(label);
        assert!(lines.len() == 2 && lines.iter().all(|line| line.chars().count() <= LETTERS), "{lines:?}");
        assert_eq!(lines.join(" "), label);
    }
}

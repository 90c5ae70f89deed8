//! A line over time. A missing value breaks the line; a value alone is a dot.

use std::fmt::Write;

use super::scale::Scale;
use super::{escape, open};
use crate::report::number::Number;
use crate::report::period::Period;

const HEIGHT: f64 = 268.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 234.0;
/// Percent of the width that a letter of the vertical axis takes before the first point.
const LETTER: f64 = 1.7;
const LABEL_GAP: f64 = 18.0;

pub struct Line {
    /// Written at its end.
    pub name: String,
    /// 0 the page's own area, 1 the county, 2 the nation: decides colour, dash and marker.
    pub style: usize,
    /// One per period.
    pub values: Vec<Option<f64>>,
}

pub struct LineChart<'a> {
    pub id: &'a str,
    pub title: &'a str,
    pub description: &'a str,
    /// In time order, at least one.
    pub periods: &'a [Period],
    pub lines: &'a [Line],
}

impl LineChart<'_> {
    /// The SVG, and whether the vertical axis begins at zero.
    #[expect(clippy::cast_precision_loss, reason = "a few letters")]
    pub fn svg(&self) -> (String, bool) {
        let scale = Scale::around(self.lines.iter().flat_map(|line| line.values.iter().flatten().copied()));
        let right = if self.lines.len() > 1 { 70.0 } else { 97.0 };
        let places = self.places();
        let ticks = scale.ticks().into_iter().map(|tick| (tick, Number::Float(tick).swedish(Some(scale.decimals()))));
        let ticks: Vec<(f64, String)> = ticks.collect();
        let longest = ticks.iter().map(|(_, text)| text.chars().count()).max().unwrap_or(0);
        let left = LETTER * longest as f64;
        let across = |place: f64| left + place * (right - left);
        let down = |value: f64| BOTTOM - scale.place(value) * (BOTTOM - TOP);
        let mut svg = open("line", self.id, HEIGHT, self.title, self.description);

        for (tick, text) in ticks {
            let y = down(tick);
            let class = if tick == 0.0 { "grid zero" } else { "grid" };
            _ = write!(svg, "<line class=\"{class}\" x1=\"0\" x2=\"{right:.1}%\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>");
            _ = write!(svg, "<text class=\"tick\" x=\"0\" y=\"{:.1}\">{text}</text>", y - 5.0);
        }
        for (at, anchor) in self.labelled() {
            let x = across(places[at]);
            let text = escape(&self.periods[at].swedish());
            _ = write!(
                svg,
                "<line class=\"notch\" x1=\"{x:.2}%\" x2=\"{x:.2}%\" y1=\"{BOTTOM}\" y2=\"{}\"/>",
                BOTTOM + 5.0
            );
            _ = write!(
                svg,
                "<text class=\"tick\" x=\"{x:.2}%\" y=\"{}\" text-anchor=\"{anchor}\">{text}</text>",
                BOTTOM + 22.0
            );
        }

        // The plot is stretched to the width that it gets; strokes are told not to stretch with it.
        _ = write!(
            svg,
            "<svg x=\"{left:.1}%\" y=\"0\" width=\"{:.1}%\" height=\"{HEIGHT}\" viewBox=\"0 0 1000 {HEIGHT}\" \
             preserveAspectRatio=\"none\" overflow=\"visible\">",
            right - left
        );
        // The page's own area last, on top.
        for line in self.lines.iter().rev() {
            for run in runs(&line.values) {
                let points: Vec<String> =
                    run.iter().map(|(at, value)| format!("{:.1},{:.1}", places[*at] * 1000.0, down(*value))).collect();
                _ = write!(
                    svg,
                    "<polyline class=\"s{}\" vector-effect=\"non-scaling-stroke\" points=\"{}\"/>",
                    line.style,
                    points.join(" ")
                );
            }
        }
        svg.push_str("</svg>");

        for line in self.lines.iter().rev() {
            let ends = runs(&line.values);
            let last = ends.iter().filter_map(|run| run.last()).next_back().copied();
            let alone = ends.iter().filter(|run| run.len() == 1).map(|run| run[0]);
            for (at, value) in alone.chain(last) {
                marker(&mut svg, line.style, across(places[at]), down(value));
            }
        }
        self.name_ends(&mut svg, right, down);
        svg.push_str("</svg>");
        (svg, scale.low <= 0.0)
    }

    /// The lines' names at their ends, moved apart where they would collide.
    fn name_ends(&self, svg: &mut String, right: f64, down: impl Fn(f64) -> f64) {
        if self.lines.len() < 2 {
            return;
        }
        let mut ends: Vec<(f64, &Line)> = self
            .lines
            .iter()
            .filter_map(|line| Some((down((*line.values.iter().flatten().next_back()?).to_owned()), line)))
            .collect();
        ends.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        for at in 1..ends.len() {
            ends[at].0 = ends[at].0.max(ends[at - 1].0 + LABEL_GAP);
        }
        let over = ends.last().map_or(0.0, |(y, _)| (y - BOTTOM).max(0.0));
        for (y, line) in ends {
            _ = write!(
                svg,
                "<text class=\"name s{}\" x=\"{right:.1}%\" dx=\"11\" y=\"{:.1}\">{}</text>",
                line.style,
                y - over + 4.5,
                escape(&line.name)
            );
        }
    }

    /// Where each period stands, from 0 to 1, by its first day where all have one.
    #[expect(clippy::cast_precision_loss, reason = "few periods, and places on a chart")]
    fn places(&self) -> Vec<f64> {
        let count = self.periods.len();
        let starts: Option<Vec<i32>> = self.periods.iter().map(|period| period.start).collect();
        match starts.as_deref() {
            _ if count < 2 => vec![0.5; count],
            Some([first, .., last]) if last > first => self
                .periods
                .iter()
                .map(|period| f64::from(period.start.unwrap_or(*first) - first) / f64::from(last - first))
                .collect(),
            _ => (0..count).map(|at| at as f64 / (count - 1) as f64).collect(),
        }
    }

    /// The periods that are written below the axis, with their anchors: the ends, and some between.
    fn labelled(&self) -> Vec<(usize, &'static str)> {
        let last = self.periods.len().saturating_sub(1);
        let longest = self.periods.iter().map(|period| period.swedish().chars().count()).max().unwrap_or(0);
        let most = if longest <= 4 { 4 } else { 2 };
        // Even gaps where there are any.
        let gaps = (2..=most).rev().find(|gaps| last.is_multiple_of(*gaps)).unwrap_or(2).min(last);
        if gaps == 0 {
            return vec![(0, "middle")];
        }
        (0..=gaps)
            .map(|step| match step {
                0 => (0, "start"),
                step if step == gaps => (last, "end"),
                step => ((step * last + gaps / 2) / gaps, "middle"),
            })
            .collect()
    }
}

/// Unbroken runs of values with their places in the row.
fn runs(values: &[Option<f64>]) -> Vec<Vec<(usize, f64)>> {
    let placed: Vec<(usize, Option<f64>)> = values.iter().copied().enumerate().collect();
    placed
        .chunk_by(|(_, a), (_, b)| a.is_some() == b.is_some())
        .map(|run| run.iter().filter_map(|(at, value)| Some((*at, (*value)?))).collect::<Vec<_>>())
        .filter(|run| !run.is_empty())
        .collect()
}

fn marker(svg: &mut String, style: usize, x: f64, y: f64) {
    let shape = match style {
        0 => "<circle r=\"5\"/>",
        1 => "<rect x=\"-4.5\" y=\"-4.5\" width=\"9\" height=\"9\"/>",
        _ => "<path d=\"M0 -5.5 5.5 4.5H-5.5Z\"/>",
    };
    _ = write!(svg, "<svg class=\"mark s{style}\" x=\"{x:.2}%\" y=\"{y:.1}\" overflow=\"visible\">{shape}</svg>");
}

#[cfg(test)]
mod tests {
    use super::{Line, LineChart, runs};
    use crate::report::period::Period;

    #[test]
    fn a_missing_value_breaks_the_line() {
        let values = [Some(1.0), None, Some(3.0), Some(4.0), None];
        assert_eq!(runs(&values), [vec![(0, 1.0)], vec![(2, 3.0), (3, 4.0)]]);
        assert!(runs(&[None, None]).is_empty());
    }

    #[test]
    fn a_chart_escapes_its_texts_and_says_whether_it_starts_at_zero() {
        let periods: Vec<Period> =
            [0, 365, 730].map(|start| Period { start: Some(start), text: format!("<{start}>").into() }).into();
        let line = |style, values: [f64; 3]| Line { name: "<i>".into(), style, values: values.map(Some).into() };
        let lines = [line(0, [41.0, 42.0, 43.0]), line(2, [40.0, 40.5, 43.1])];
        let chart = LineChart { id: "x", title: "<t>", description: "\"d\"", periods: &periods, lines: &lines };
        let (svg, zero) = chart.svg();
        assert!(!zero);
        assert!(!svg.contains("<i>") && !svg.contains("<t>") && !svg.contains("<730>"), "{svg}");
        assert_eq!(svg.matches("<polyline").count(), 2);
        assert_eq!(svg.matches("<svg").count(), svg.matches("</svg>").count());
    }
}

//! A synthetic population for every region, sex and age: plausible in size and
//! shape, nobody's real figures. Kept in thousandths of a person, so that län are
//! the exact sums of their kommuner and the nation of its län until a figure is
//! rounded and perturbed on its way out.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "the figures are invented, far below the limits, and rounding is what is meant"
)]

use super::noise::{between, mix, part, swing, unit};
use super::region::{Level, Region};

/// 0 to 99 and 100+.
pub const AGES: usize = 101;
/// Total, men, women.
pub const SEXES: usize = 3;

/// Relative size of an age at its anchor, with straight lines between.
const SHAPE: [(f64, f64); 15] = [
    (0.0, 9.6),
    (10.0, 11.8),
    (19.0, 11.2),
    (28.0, 12.5),
    (35.0, 14.2),
    (45.0, 12.2),
    (55.0, 12.9),
    (65.0, 10.8),
    (75.0, 10.4),
    (80.0, 7.6),
    (85.0, 4.6),
    (90.0, 2.3),
    (95.0, 0.8),
    (99.0, 0.3),
    (100.0, 0.3),
];

/// The share of women at an age, likewise.
const WOMEN: [(f64, f64); 5] = [(0.0, 0.486), (50.0, 0.49), (70.0, 0.507), (85.0, 0.58), (100.0, 0.78)];

pub struct Population {
    seed: u64,
    /// Thousandths at the first month, summed over the ages before each age.
    level: Vec<i64>,
    /// Change per month, likewise.
    slope: Vec<i64>,
}

impl Population {
    pub fn new(seed: u64, regions: &[Region]) -> Self {
        let steps = AGES + 1;
        let mut level = vec![0_i64; regions.len() * SEXES * steps];
        let mut slope = level.clone();
        let place = |region: usize, sex: usize| (region * SEXES + sex) * steps;
        for (at, region) in regions.iter().enumerate().filter(|(_, region)| region.level == Level::Kommun) {
            let hash = |what: &str| mix(seed, &[part(&region.code), part(what)]);
            let inhabitants = size(&region.code, hash("size"));
            let weights = ages(&region.code, &hash);
            let whole: f64 = weights.iter().sum();
            let growth = swing(hash("growth")) * 0.9 + if inhabitants > 40_000 { 0.4 } else { -0.3 };
            for (age, weight) in weights.iter().enumerate() {
                let both = thousandths(inhabitants as f64 * weight / whole);
                let lean = 1.0 + swing(mix(hash("women"), &[age as u64])) * 0.02;
                let women = thousandths(both as f64 / 1000.0 * line(&WOMEN, age as f64) * lean);
                for (sex, count) in [(0, both), (1, both - women), (2, women)] {
                    let monthly = (count as f64 * growth / 1200.0) as i64;
                    level[place(at, sex) + age + 1] = count;
                    slope[place(at, sex) + age + 1] = monthly;
                }
            }
        }
        for figures in [&mut level, &mut slope] {
            // The total is the sum of the sexes, also where each was rounded on its own.
            for at in 0..regions.len() {
                for step in 0..steps {
                    figures[place(at, 0) + step] = figures[place(at, 1) + step] + figures[place(at, 2) + step];
                }
            }
            for (at, region) in regions.iter().enumerate().filter(|(_, region)| region.level == Level::Kommun) {
                for (whole, _) in regions.iter().enumerate().filter(|(_, whole)| {
                    whole.level == Level::Riket || whole.level == Level::Lan && whole.code == region.lan
                }) {
                    for step in 0..SEXES * steps {
                        figures[place(whole, 0) + step] += figures[place(at, 0) + step];
                    }
                }
            }
            for at in 0..regions.len() * SEXES {
                for step in 1..steps {
                    figures[at * steps + step] += figures[at * steps + step - 1];
                }
            }
        }
        Self { seed, level, slope }
    }

    /// Persons of the ages `from..to` in a month counted from the first, unperturbed.
    pub fn exact(&self, region: usize, sex: usize, from: usize, to: usize, month: usize) -> i64 {
        let base = (region * SEXES + sex) * (AGES + 1);
        let level = self.level[base + to] - self.level[base + from];
        let slope = self.slope[base + to] - self.slope[base + from];
        (level + slope * month as i64 + 500) / 1000
    }

    /// The same as it is published: every cell, totals too, shifted a little on its own,
    /// in the manner of the cell key method. Zero stays zero; one and two do not occur.
    pub fn published(&self, region: usize, sex: usize, from: usize, to: usize, month: usize) -> i64 {
        let exact = self.exact(region, sex, from, to, month);
        let key = mix(self.seed, &[region as u64, sex as u64, from as u64, to as u64, month as u64]);
        match exact {
            ..=0 => 0,
            1 | 2 => between(key, 0, 2) * 3,
            _ => (exact + [0, 0, 0, 1, -1, 1, -1, 2, -2, 3][(key % 10) as usize]).max(0),
        }
    }
}

/// Inhabitants by a class that the code gives away: the capital, the other two
/// metropolises, towns of residence, their neighbours, the capital's surroundings, the rest.
fn size(code: &str, hash: u64) -> i64 {
    let small = unit(hash);
    match (code, &code[..2], &code[2..]) {
        ("0180", ..) => between(hash, 930_000, 990_000),
        ("1480", ..) => between(hash, 560_000, 620_000),
        ("1280", ..) => between(hash, 330_000, 370_000),
        (_, _, "80") => between(hash, 60_000, 160_000),
        (_, "01", _) => between(hash, 30_000, 105_000),
        (_, _, "81") => between(hash, 30_000, 100_000),
        (_, _, "82" | "83" | "84") => between(hash, 12_000, 60_000),
        _ => 3_000 + (small * small * 38_000.0) as i64,
    }
}

fn ages(code: &str, hash: &impl Fn(&str) -> u64) -> [f64; AGES] {
    let town = code.ends_with("80");
    let tilt = if town { -0.08 } else { 0.1 + swing(hash("tilt")) * 0.18 };
    let jitter = hash("ages");
    std::array::from_fn(|age| {
        let years = age as f64;
        let students = if town && (19..28).contains(&age) { 1.35 } else { 1.0 };
        let uneven = 1.0 + swing(mix(jitter, &[age as u64])) * 0.05;
        line(&SHAPE, years) * (1.0 + tilt * (years - 42.0) / 42.0) * students * uneven
    })
}

/// The height at `x` of the line through the anchors.
fn line(anchors: &[(f64, f64)], x: f64) -> f64 {
    anchors
        .windows(2)
        .find(|pair| x <= pair[1].0)
        .map_or(0.0, |pair| pair[0].1 + (pair[1].1 - pair[0].1) * (x - pair[0].0) / (pair[1].0 - pair[0].0))
}

fn thousandths(count: f64) -> i64 {
    (count * 1000.0) as i64
}

//! What the synthetic figures look like: a level, a spread between kommuner, a
//! trend and a difference between the sexes for each KPI.

#![expect(clippy::cast_precision_loss, reason = "counts of people are far below the limit")]

use super::Kolada;
use super::catalogue::Kpi;
use super::unit::Unit;
use crate::sandbox::noise::{mix, part, swing};
use crate::sandbox::population::AGES;
use crate::sandbox::region::Level;

pub const FIRST_YEAR: u16 = 2015;
pub const LAST_YEAR: u16 = 2025;
/// The year the levels below belong to.
const LEVEL_YEAR: f64 = 2020.0;

pub struct Model {
    form: Form,
    pub first: u16,
    /// KPIs that share this move together.
    family: &'static str,
}

enum Form {
    /// Per cent (or kronor): level, spread, change per year, women minus men, highest possible.
    Share { level: f64, spread: f64, trend: f64, women: f64, most: f64 },
    /// Per thousand inhabitants, change per year in per cent.
    Count { rate: f64, trend: f64 },
    /// Inhabitants 20–64 years.
    People,
    /// What the other levels of education leave of a hundred.
    Remainder,
}

impl Model {
    pub fn of(kpi: &Kpi) -> Self {
        let share = |level, spread, trend, women| Form::Share { level, spread, trend, women, most: 100.0 };
        let count = |rate, trend| Form::Count { rate, trend };
        let (form, first, family) = match kpi.id.as_str() {
            "N18896" => (count(7.0, 1.5), FIRST_YEAR, "komvux"),
            "N18897" => (count(31.0, 2.6), FIRST_YEAR, "komvux"),
            "N18898" => (count(25.0, 3.0), FIRST_YEAR, "komvux"),
            "N18900" => (count(6.0, 1.5), FIRST_YEAR, "huvudman"),
            "N18901" => (count(23.0, 3.0), FIRST_YEAR, "huvudman"),
            "N18822" => (count(0.6, 4.0), 2017, "bygg"),
            "N18823" => (count(0.5, 5.0), 2017, "el"),
            "N18828" => (count(0.7, 2.0), 2017, "industri"),
            "N18832" => (count(2.2, 3.5), 2017, "vard"),
            "N18500" => (share(71.0, 9.0, 0.3, 3.0), FIRST_YEAR, "slutfort"),
            "N18945" => (share(79.0, 8.0, 0.2, 2.0), 2018, "slutfort"),
            "N18958" => (share(56.0, 9.0, 0.6, -2.0), 2019, "arbete"),
            "N01982" => (share(38.0, 13.0, 0.6, 9.0), FIRST_YEAR, "eftergymnasial"),
            "N01983" => (Form::Remainder, FIRST_YEAR, ""),
            "N01984" => (share(12.0, 4.0, -0.3, -3.0), FIRST_YEAR, "forgymnasial"),
            "N01985" => (share(1.6, 0.7, 0.05, -0.4), FIRST_YEAR, "saknas"),
            "N02267" => (share(80.0, 5.0, 0.2, -1.8), 2020, "sysselsatta"),
            "N02268" => (share(67.0, 8.0, 0.5, -6.0), 2020, "sysselsatta"),
            "N02269" => (share(85.0, 3.5, 0.1, -0.6), 2020, "sysselsatta"),
            "N03920" => (share(6.3, 2.6, -0.1, -0.4), FIRST_YEAR, "arbetslosa"),
            "N03935" => (share(7.2, 3.2, -0.2, -1.6), FIRST_YEAR, "arbetslosa"),
            "N03941" => (share(7.4, 3.0, -0.1, -0.3), 2020, "arbetslosa"),
            "N02797" => (share(6.9, 2.1, -0.15, -0.2), FIRST_YEAR, "uvas"),
            "N02276" => (share(31.0, 17.0, 0.1, -3.0), 2020, "inpendling"),
            "N02279" => (share(37.0, 20.0, 0.1, -5.0), 2020, "utpendling"),
            "N01955" => (Form::People, FIRST_YEAR, ""),
            _ => match kpi.unit.as_str() {
                "antal" => (count(5.0, 1.0), FIRST_YEAR, "antal"),
                "kronor" => {
                    let most = f64::MAX;
                    let form = Form::Share { level: 80_000.0, spread: 20_000.0, trend: 1500.0, women: 0.0, most };
                    (form, FIRST_YEAR, "kronor")
                }
                _ => (share(50.0, 12.0, 0.1, 1.0), FIRST_YEAR, "procent"),
            },
        };
        Self { form, first, family }
    }

    /// The figures for men and women (or all, where the KPI is not divided) of one kommun.
    fn kommun(&self, world: &Kolada, kpi: &Kpi, region: usize, year: u16) -> Figures {
        let effect = mix(world.seed, &[part(self.family), region as u64]);
        let uneven = mix(world.seed, &[part(&kpi.id), region as u64, u64::from(year)]);
        let since = f64::from(year) - LEVEL_YEAR;
        let people = |sex| world.people.exact(region, sex, 0, AGES, 0) as f64;
        match &self.form {
            Form::Share { level, spread, trend, women, most } => {
                let lean =
                    if self.family == "eftergymnasial" { town(people(0)) + 0.5 * swing(effect) } else { swing(effect) };
                let value = level + spread * lean + trend * since + spread * 0.1 * swing(uneven);
                let clamp = |value: f64| value.clamp(0.0, *most);
                Figures {
                    men: clamp(value - women / 2.0),
                    women: clamp(value + women / 2.0),
                    weights: [people(1), people(2)],
                    sum: false,
                }
            }
            Form::Count { rate, trend } => {
                let level = rate * (1.0 + 0.4 * swing(effect)) * (1.0 + trend * since / 100.0);
                let count = |sex| (people(sex) * level / 1000.0 * (1.0 + 0.08 * swing(uneven))).round();
                // Two women to each man in adult education.
                let all = count(0);
                let men = (all * 0.37).round();
                Figures { men, women: all - men, weights: [1.0, 1.0], sum: true }
            }
            Form::People => {
                let month = 12 * i64::from(year) - 12 * i64::from(LAST_YEAR);
                let grown = |sex| {
                    let now = world.people.exact(region, sex, 20, 65, 0);
                    let later = world.people.exact(region, sex, 20, 65, 12);
                    (now + (later - now) * month / 12) as f64
                };
                Figures { men: grown(1), women: grown(2), weights: [1.0, 1.0], sum: true }
            }
            Form::Remainder => {
                let mut rest = Figures { men: 100.0, women: 100.0, weights: [people(1), people(2)], sum: false };
                for other in ["N01982", "N01984", "N01985"] {
                    let other = Kpi { id: other.to_owned(), ..kpi.clone() };
                    let taken = Self::of(&other).kommun(world, &other, region, year);
                    rest.men -= taken.men;
                    rest.women -= taken.women;
                }
                rest
            }
        }
    }

    /// The figures of a unit; those of riket and the regions come from their kommuner.
    pub fn figures(&self, world: &Kolada, kpi: &Kpi, unit: &Unit, year: u16) -> Figures {
        let whole = |keep: &dyn Fn(&Unit) -> bool| {
            let mut total = Figures { men: 0.0, women: 0.0, weights: [0.0, 0.0], sum: true };
            for member in world.units.iter().filter(|member| member.level == Level::Kommun && keep(member)) {
                let part = self.kommun(world, kpi, member.region, year);
                total.sum = part.sum;
                let [men, women] = if part.sum { [1.0, 1.0] } else { part.weights };
                total.men += part.men * men;
                total.women += part.women * women;
                total.weights[0] += men;
                total.weights[1] += women;
            }
            if !total.sum {
                total.men /= total.weights[0].max(1.0);
                total.women /= total.weights[1].max(1.0);
            }
            total
        };
        match unit.level {
            Level::Kommun => self.kommun(world, kpi, unit.region, year),
            Level::Lan => whole(&|member| member.lan == unit.lan),
            Level::Riket => whole(&|_| true),
        }
    }
}

/// How much a kommun of this size leans towards longer education.
fn town(inhabitants: f64) -> f64 {
    match inhabitants {
        100_000.0.. => 0.6,
        40_000.0.. => 0.2,
        15_000.0.. => -0.2,
        _ => -0.5,
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Figures {
    men: f64,
    women: f64,
    weights: [f64; 2],
    sum: bool,
}

impl Figures {
    /// `T`, `M` or `K`, to the eight decimals that Kolada gives.
    pub fn of(&self, gender: char) -> f64 {
        let value = match gender {
            'M' => self.men,
            'K' => self.women,
            _ if self.sum => self.men + self.women,
            _ => {
                let [men, women] = self.weights;
                (self.men * men + self.women * women) / (men + women).max(1.0)
            }
        };
        (value * 1e8).round() / 1e8
    }
}

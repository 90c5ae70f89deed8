//! Two datasets of regions under their real codes: adults in education by
//! NUTS 2, with flags of every kind, and the population by NUTS 3, whose counties
//! agree with the other stand-ins. The figures are nobody's.

#![expect(clippy::cast_precision_loss, reason = "counts of people are far below the limit")]

use std::sync::Arc;

use crate::reference::Reference;
use crate::sandbox::lists::text;
use crate::sandbox::noise::{mix, part, swing};
use crate::sandbox::population::{AGES, Population};
use crate::sandbox::region::{Level, Region};

pub struct Dataset {
    pub code: &'static str,
    pub title: &'static str,
    /// In order, the time last; each with its codes and their labels.
    pub dimensions: Vec<(&'static str, Vec<(String, String)>)>,
    seed: u64,
    kind: Kind,
}

enum Kind {
    Share,
    People { people: Arc<Population>, places: Vec<Vec<usize>> },
}

/// A cell that exists.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    pub value: Option<f64>,
    pub flag: &'static str,
}

const SEXES: [(&str, &str); 3] = [("T", "Total"), ("M", "Males"), ("F", "Females")];
/// The population's age groups as codes, labels, and from and to.
const GROUPS: [(&str, &str, usize, usize); 4] = [
    ("TOTAL", "Total", 0, AGES),
    ("Y_LT15", "Less than 15 years", 0, 15),
    ("Y15-64", "From 15 to 64 years", 15, 65),
    ("Y_GE65", "65 years or over", 65, AGES),
];
/// Regions of other countries, which a selection of Sweden's must leave out.
const ABROAD: [(&str, &str); 5] = [
    ("EU27_2020", "European Union - 27 countries (from 2020)"),
    ("DK", "Denmark"),
    ("DK01", "Hovedstaden"),
    ("FI", "Finland"),
    ("FI1B", "Helsinki-Uusimaa"),
];

pub fn datasets(reference: &Reference, seed: u64, regions: &[Region], people: &Arc<Population>) -> Vec<Dataset> {
    let pairs = |list: &[(&str, &str)]| -> Vec<(String, String)> {
        list.iter().map(|(code, label)| ((*code).to_owned(), (*label).to_owned())).collect()
    };
    let years = |first: u16, last: u16| (first..=last).map(|year| (year.to_string(), year.to_string())).collect();
    let areas = areas(reference, regions);
    let geo = |longest: usize| -> Vec<(String, String)> {
        let abroad = ABROAD.iter().map(|(code, label)| ((*code).to_owned(), (*label).to_owned()));
        let ours = areas.iter().filter(|area| area.code.len() <= longest);
        abroad.chain(ours.map(|area| (area.code.clone(), area.name.clone()))).collect()
    };
    let freq = || ("freq", pairs(&[("A", "Annual")]));
    let share = Dataset {
        code: "trng_lfse_04",
        title: "Participation rate in education and training (last 4 weeks) by NUTS 2 region (SYNTHETIC DATA)",
        dimensions: vec![
            freq(),
            ("unit", pairs(&[("PC", "Percentage")])),
            ("sex", pairs(&SEXES)),
            ("age", pairs(&[("Y25-64", "From 25 to 64 years")])),
            ("geo", geo(4)),
            ("time", years(2008, 2025)),
        ],
        seed,
        kind: Kind::Share,
    };
    let geo3 = geo(5);
    let places = geo3.iter().map(|(code, _)| {
        let area = areas.iter().find(|area| area.code == *code);
        area.map(|area| area.lan.clone()).unwrap_or_default()
    });
    let population = Dataset {
        code: "demo_r_pjanaggr3",
        title: "Population on 1 January by broad age group, sex and NUTS 3 region (SYNTHETIC DATA)",
        dimensions: vec![
            freq(),
            ("unit", pairs(&[("NR", "Number")])),
            ("sex", pairs(&SEXES)),
            ("age", GROUPS.iter().map(|(code, label, ..)| ((*code).to_owned(), (*label).to_owned())).collect()),
            ("geo", geo3.clone()),
            ("time", years(2014, 2026)),
        ],
        seed,
        kind: Kind::People { people: Arc::clone(people), places: places.collect() },
    };
    vec![share, population]
}

/// A region of the NUTS and the län that it is made of, by their places among the regions.
struct Area {
    code: String,
    name: String,
    lan: Vec<usize>,
}

fn areas(reference: &Reference, regions: &[Region]) -> Vec<Area> {
    let Some(table) = reference.tables.get("lan") else { return Vec::new() };
    let mut areas: Vec<Area> = vec![Area { code: "SE".to_owned(), name: "Sweden".to_owned(), lan: Vec::new() }];
    for row in 0..table.num_rows() {
        let lan = text(table, "kod", row);
        let Some(place) = regions.iter().position(|region| region.level == Level::Lan && region.code == lan) else {
            continue;
        };
        let levels = [
            ("SE".to_owned(), String::new()),
            (text(table, "nuts1", row), text(table, "nuts1_namn", row)),
            (text(table, "nuts2", row), text(table, "nuts2_namn", row)),
            (text(table, "nuts3", row), text(table, "namn", row)),
        ];
        for (code, name) in levels {
            match areas.iter_mut().find(|area| area.code == code) {
                Some(area) => area.lan.push(place),
                None => areas.push(Area { code, name, lan: vec![place] }),
            }
        }
    }
    areas.sort_by(|one, other| one.code.cmp(&other.code));
    areas
}

impl Dataset {
    /// The cell at a place on each dimension; nothing where there is no observation.
    pub fn cell(&self, at: &[usize], revised: bool) -> Option<Cell> {
        let code = |dimension: usize| self.dimensions[dimension].1[at[dimension]].0.as_str();
        let (sex, age, geo, time) = (code(2), code(3), code(4), code(5));
        let year: i32 = time.parse().unwrap_or(2020);
        let key = |what: u64| mix(self.seed, &[part(self.code), part(sex), part(age), part(geo), part(time), what]);
        let revision = if revised && key(9).is_multiple_of(10) { 0.1 } else { 0.0 };
        match &self.kind {
            Kind::Share => {
                let abroad = !geo.starts_with("SE");
                // Small regions have no figures by sex in the first years, and some never had.
                if abroad && year < 2010 || geo.len() == 4 && sex != "T" && year < 2012 {
                    return None;
                }
                let level = 27.0 + 6.0 * swing(mix(self.seed, &[part(geo)])) + f64::from(year - 2015) * 0.35;
                let women = match sex {
                    "F" => 5.5,
                    "M" => -5.5,
                    _ => 0.0,
                };
                let value = ((level + women + 0.8 * swing(key(1))) * 10.0).round() / 10.0 + revision;
                let small = matches!(geo, "SE32" | "SE33") && sex != "T";
                Some(match (year, small, key(2) % 40) {
                    (_, _, 0) => Cell { value: None, flag: ":" },
                    (_, true, 1..=3) => Cell { value: None, flag: "c" },
                    (2021, true, _) => Cell { value: Some(value), flag: "bu" },
                    (2021, ..) => Cell { value: Some(value), flag: "b" },
                    (2025, ..) => Cell { value: Some(value), flag: "p" },
                    (_, true, _) => Cell { value: Some(value), flag: "u" },
                    (_, _, 4) => Cell { value: Some(value), flag: "d" },
                    _ => Cell { value: Some(value), flag: "" },
                })
            }
            Kind::People { people, places } => {
                let lan = &places[at[4]];
                if lan.is_empty() {
                    return None;
                }
                let sex = SEXES.iter().position(|(known, _)| *known == sex).unwrap_or(0);
                let (_, _, from, to) = GROUPS[at[3]];
                let month = usize::try_from((year - 2014) * 12).unwrap_or(0);
                let count: i64 = lan.iter().map(|place| people.exact(*place, sex, from, to, month)).sum();
                let flag = match year {
                    2026 => "ep",
                    2015 if geo == "SE" => "b",
                    _ => "",
                };
                Some(Cell { value: Some(count as f64 + revision * 10.0), flag })
            }
        }
    }
}

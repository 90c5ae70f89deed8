//! Three small tables for what the population table lacks: decimals and several
//! contents, missing values with their symbols, quarters, an aggregation, and a
//! table that is no longer updated.

use std::sync::Arc;

use super::table::{Category, Cell, Codelist, CodelistKind, Content, Dimension, Group, Subject, Table};
use crate::sandbox::noise::{between, mix};
use crate::sandbox::options::Options;
use crate::sandbox::region::{Level, Region};

const WORK: Subject = Subject { code: "AM0210", area: "Arbetsmarknad", folder: "Befolkningens arbetsmarknadsstatus" };
const SYNTHETIC: &str = "SYNTETISKA DATA: alla värden är påhittade.";

/// The region dimension, of the regions that pass.
pub fn region(regions: &[Region], keep: impl Fn(&Region) -> bool) -> Dimension {
    let categories = regions.iter().filter(|region| keep(region));
    let categories = categories.map(|region| Category::new(&region.code, &region.name)).collect();
    Dimension { elimination: Some("00"), show: "code_value", ..Dimension::new("Region", "region", categories) }
}

pub fn tables(regions: &[Region], options: &Options) -> Vec<Table> {
    vec![unemployment(regions, options), matching(regions, options), vacancies(regions, options)]
}

fn sexes() -> Dimension {
    let categories = vec![Category::new("1+2", "totalt"), Category::new("1", "män"), Category::new("2", "kvinnor")];
    Dimension { elimination: Some("1+2"), ..Dimension::new("Kon", "kön", categories) }
}

fn years(from: u16, to: u16) -> Dimension {
    Dimension::time("år", (from..=to).map(|year| year.to_string()))
}

const fn content(unit: &'static str, decimals: u8, measuring: &'static str) -> Content {
    Content { unit, decimals, reference_period: "31 december respektive år", measuring }
}

fn key(seed: u64, table: u64, at: &[usize]) -> u64 {
    at.iter().fold(mix(seed, &[table]), |key, one| mix(key, &[*one as u64]))
}

/// Two contents, one of them with a decimal; every cell has a value.
fn unemployment(regions: &[Region], options: &Options) -> Table {
    let seed = options.seed;
    Table {
        id: "TAB9001",
        about: "Arbetslöshet",
        dimensions: vec![
            region(regions, |region| region.level != Level::Kommun || region.lan == "99"),
            sexes(),
            Dimension::contents(vec![
                ("0000S1A1", "Arbetslöshet, procent", content("procent", 1, "Average")),
                ("0000S1A2", "Arbetslösa, antal", content("antal personer", 0, "Stock")),
            ]),
            years(2019, 2025),
        ],
        notes: vec![SYNTHETIC],
        updated: options.updated,
        discontinued: false,
        next_update: None,
        time_unit: "Annual",
        subject: WORK,
        aggregable: true,
        cell: Arc::new(move |at| {
            let hash = key(seed, 9001, at);
            Cell::value(if at[2] == 0 { between(hash, 30, 120) } else { between(hash, 900, 40_000) })
        }),
    }
}

/// Cells that are missing for every reason there is a symbol for, and an aggregation.
fn matching(regions: &[Region], options: &Options) -> Table {
    let seed = options.seed;
    let education = [
        ("00S", "samtliga utbildningar "),
        ("53B", "byggutbildning, gymnasial nivå"),
        ("53E", "el- och energiutbildning, gymnasial nivå "),
        ("53F", "fordonsutbildning, gymnasial nivå"),
        ("53V", "vård- och omsorgsutbildning, gymnasial nivå"),
        ("55V", "sjuksköterskeutbildning, grundutbildning"),
    ];
    let mut groups = Dimension::new(
        "Utbildning",
        "utbildningsgrupp",
        education.iter().map(|(code, label)| Category::new(code, label)).collect(),
    );
    let group = |code: &str, label: &str, members: &[usize]| Group {
        code: code.to_owned(),
        label: label.to_owned(),
        members: members.to_vec(),
    };
    groups.codelists = vec![Codelist {
        id: "agg_Utbildningsnivå",
        label: "utbildningsnivå",
        kind: CodelistKind::Aggregation,
        groups: vec![group("G", "gymnasial", &[3, 1, 2, 4]), group("E", "eftergymnasial", &[5])],
    }];
    Table {
        id: "TAB9002",
        about: "Matchning på arbetsmarknaden",
        dimensions: vec![
            region(regions, |_| true),
            groups,
            Dimension::contents(vec![
                ("0000S2A1", "Matchad förvärvsgrad", content("procent", 1, "Other")),
                ("0000S2A2", "Personer i utbildningsgruppen (justerat antal)", content("antal", 0, "Stock")),
            ]),
            years(2021, 2024),
        ],
        notes: vec![SYNTHETIC, "Två prickar (..) anger att uppgift inte är tillgänglig eller för osäker."],
        updated: options.updated,
        discontinued: false,
        next_update: None,
        time_unit: "Annual",
        subject: WORK,
        aggregable: false,
        cell: Arc::new(move |at| {
            let hash = key(seed, 9002, at);
            let value = if at[2] == 0 { between(hash, 250, 990) } else { between(hash, 4, 9_000) };
            match key(seed, 9002, &[at[0], at[1], at[3]]) % 40 {
                0..=2 => Cell::absent(".."),
                3 => Cell::absent("."),
                4 => Cell::absent("-"),
                5 => Cell::absent("..."),
                // A symbol beside a value is a note on it, not its absence.
                6 => Cell { value: Some(value), symbol: Some("p") },
                _ => Cell::value(value),
            }
        }),
    }
}

/// Quarters, a code in small letters, and an end in 2024.
fn vacancies(regions: &[Region], options: &Options) -> Table {
    let seed = options.seed;
    let quarters = (0..20).map(|quarter| format!("{}K{}", 2020 + quarter / 4, quarter % 4 + 1));
    Table {
        id: "TAB9003",
        about: "Lediga jobb",
        dimensions: vec![
            region(regions, |region| region.level != Level::Kommun),
            Dimension::new(
                "Sektor",
                "sektor",
                vec![Category::new("priv", "privat sektor"), Category::new("OFF", "offentlig sektor")],
            ),
            Dimension::contents(vec![("0000S3A1", "Lediga jobb", content("antal", 0, "Stock"))]),
            Dimension::time("kvartal", quarters),
        ],
        notes: vec![SYNTHETIC, "Tabellen uppdateras inte längre."],
        updated: options.updated,
        discontinued: true,
        next_update: None,
        time_unit: "Quarterly",
        subject: WORK,
        aggregable: true,
        cell: Arc::new(move |at| Cell::value(between(key(seed, 9003, at), 0, 12_000))),
    }
}

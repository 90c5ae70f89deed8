//! SCB's table E3 (TAB6929) in form and size: matching between education and
//! work for every region, education group, industry, group of people and year,
//! 135 million cells. Which codes the real table has is known second-hand only;
//! its sizes per dimension are those of the real one.

use std::sync::Arc;

use super::table::{Category, Cell, Content, Dimension, Subject, Table};
use crate::sandbox::noise::mix;
use crate::sandbox::options::Options;
use crate::sandbox::region::{Level, Region};

const FIELDS: [(char, &str); 9] = [
    ('0', "allmän utbildning"),
    ('1', "pedagogik"),
    ('2', "humaniora och konst"),
    ('3', "samhällsvetenskap, juridik och handel"),
    ('4', "naturvetenskap och data"),
    ('5', "teknik, vård och tillverkning"),
    ('6', "lant- och skogsbruk"),
    ('8', "tjänster"),
    ('9', "okänd inriktning"),
];
const LEVELS: [(char, &str); 3] = [('B', "gymnasial nivå"), ('V', "yrkeshögskola"), ('X', "högskola")];
const EDUCATIONS: usize = 87;

const INDUSTRIES: [(&str, &str); 17] = [
    ("A-U", "samtliga näringsgrenar"),
    ("00", "okänd verksamhet"),
    ("A", "jordbruk, skogsbruk och fiske"),
    ("B+C", "tillverkning och utvinning"),
    ("D+E", "energi och miljö"),
    ("F", "byggverksamhet"),
    ("G", "handel"),
    ("H", "transport och magasinering"),
    ("I", "hotell- och restaurangverksamhet"),
    ("J", "information och kommunikation"),
    ("K", "finans- och försäkringsverksamhet"),
    ("L", "fastighetsverksamhet"),
    ("M+N", "företagstjänster"),
    ("O", "offentlig förvaltning och försvar"),
    ("P", "utbildning"),
    ("Q", "vård och omsorg"),
    ("R-U", "kulturella och personliga tjänster"),
];

const PEOPLE: [(&str, &str); 7] = [
    ("TOT", "totalt"),
    ("M", "män"),
    ("K", "kvinnor"),
    ("INR", "inrikes födda"),
    ("UTR", "utrikes födda"),
    ("20-39", "20-39 år"),
    ("40-69", "40-69 år"),
];

pub fn table(regions: &[Region], options: &Options) -> Table {
    let seed = options.seed;
    let mut region = super::small::region(regions, |_| true);
    region.codelists = vec![
        region.valueset("vs_CKM02Län", "län", |code| code.len() == 2 && code != "00"),
        region.valueset("vs_CKM03Kommun", "kommuner", |code| code.len() == 4),
    ];
    let shares: Vec<u64> = regions
        .iter()
        .map(|region| match region.level {
            Level::Riket => 40_000,
            Level::Lan => 4_000,
            Level::Kommun => 900,
        })
        .collect();
    let people = Dimension {
        elimination: Some("TOT"),
        ..Dimension::new("KonAlderFodelseland", "kön, ålder och födelseland", categories(&PEOPLE))
    };
    let industry = Dimension {
        elimination: Some("A-U"),
        ..Dimension::new("SNI2007", "näringsgren SNI 2007", categories(&INDUSTRIES))
    };
    let count = |code, label| (code, label, content("antal", 0, "Stock"));
    let rate = |code, label| (code, label, content("procent", 1, "Other"));
    Table {
        id: "TAB6929",
        about: "Förvärvsarbetande med matchat yrke",
        dimensions: vec![
            region,
            Dimension::new("Utbildning", "utbildningsgrupp", educations()),
            industry,
            people,
            Dimension::contents(vec![
                count("000008QQ", "Helt matchade"),
                count("000008QR", "Delvis matchade"),
                count("000008QS", "Inte matchade"),
                count("000008QT", "Personer i utbildningsgruppen (justerat antal)"),
                count("000008QU", "Otillräckliga uppgifter"),
                rate("000008QV", "Förvärvsgrad"),
                rate("000008QW", "Matchad förvärvsgrad"),
            ]),
            Dimension::time("år", (2019..2025).map(|year: u16| year.to_string())),
        ],
        notes: vec![
            "SYNTETISKA DATA: alla värden är påhittade.",
            "Två prickar (..) anger att uppgift inte är tillgänglig eller för osäker.",
        ],
        updated: options.updated,
        discontinued: false,
        next_update: None,
        time_unit: "Annual",
        subject: Subject { code: "AM9906", area: "Arbetsmarknad", folder: "Regionala matchningsindikatorer" },
        aggregable: false,
        cell: Arc::new(move |at| {
            let &[region, education, industry, people, content, year] = at else { return Cell::absent("..") };
            // One draw for all contents of a group, so that they agree with each other.
            let group = ((education * INDUSTRIES.len() + industry) * PEOPLE.len() + people) * 6 + year;
            let draw = mix(seed, &[(region * 1_000_000 + group) as u64]);
            let share = shares.get(region).copied().unwrap_or(0) / (if industry == 0 { 1 } else { 12 }) + 5;
            let persons = draw % share * ((draw >> 32) % 64) / 64;
            if persons < 4 && draw >> 61 == 0 {
                return Cell::absent("..");
            }
            let matched = persons * (30 + (draw >> 16) % 60) / 100;
            let partly = (persons - matched) * ((draw >> 24) % 50) / 100;
            let not = (persons - matched - partly) * ((draw >> 40) % 70) / 100;
            let share_of = |part: u64| (part * 1000).checked_div(persons).unwrap_or(0);
            let value = match content {
                0 => matched,
                1 => partly,
                2 => not,
                3 => persons,
                4 => persons - matched - partly - not,
                5 => share_of(matched + partly + not),
                _ => share_of(matched),
            };
            Cell::value(value.cast_signed())
        }),
    }
}

fn categories(pairs: &[(&str, &str)]) -> Vec<Category> {
    pairs.iter().map(|(code, label)| Category::new(code, label)).collect()
}

/// The total, then fields by level and letter.
fn educations() -> Vec<Category> {
    let mut list = vec![Category::new("00S", "samtliga utbildningar")];
    for letter in ['A', 'B', 'C', 'D'] {
        for (field, name) in FIELDS {
            for (level, title) in LEVELS {
                if list.len() < EDUCATIONS {
                    let code = format!("{field}{letter}{level}");
                    list.push(Category::new(&code, &format!("{name} {letter}, {title}")));
                }
            }
        }
    }
    list.sort_by(|one, other| one.code.cmp(&other.code));
    list
}

fn content(unit: &'static str, decimals: u8, measuring: &'static str) -> Content {
    Content { unit, decimals, reference_period: "31 december respektive år", measuring }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded;
    use crate::sandbox::region::regions;

    #[test]
    fn it_has_the_size_of_the_real_one() {
        let regions = regions(&embedded::reference().unwrap(), false);
        let table = table(&regions, &Options::default());
        let sizes: Vec<usize> = table.dimensions.iter().map(|dimension| dimension.categories.len()).collect();
        assert_eq!(sizes, [312, 87, 17, 7, 7, 6]);
        assert_eq!(table.dimensions[0].codelist("vs_CKM03Kommun").unwrap().groups.len(), 290);
        let cell = |content| (table.cell)(&[5, 3, 0, 0, content, 2]).value.unwrap();
        assert_eq!(cell(0) + cell(1) + cell(2) + cell(4), cell(3));
        let education = &table.dimensions[1].categories;
        assert!(education.windows(2).all(|pair| pair[0].code < pair[1].code), "each code once");
    }
}

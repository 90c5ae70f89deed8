//! Rows rolled up from municipalities to the operator's own areas, compared
//! with what adding up by hand gives.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::local::{Row, rows};
use crate::world::World;

/// `norra` lies in one county, `gransen` in two; `norra` and `gransen` share a municipality.
const AREAS: [(&str, &str, &str, &[&str]); 2] = [
    ("norra", "Norra samverkansområdet", "01", &["0114", "0115", "0117"]),
    ("gransen", "Över gränsen", "00", &["0117", "0330", "0380"]),
];

const KOMMUNER: [&str; 5] = ["0114", "0115", "0117", "0330", "0380"];

/// The dataset `svar`: two perturbed counts, a mean that may not be summed, and a ratio of the counts.
fn world(cells: &[Value]) -> World {
    let world = World::new();
    let areas: Vec<String> = AREAS
        .iter()
        .map(|(key, title, _, kommuner)| {
            format!("[set.samverkan.area.{key}]\ntitle = \"{title}\"\nkommuner = {kommuner:?}\n")
        })
        .collect();
    world.write("config/areas.toml", &format!("version = 1\n{}", areas.join("")));
    world.write(
        "pipelines/svar/pipeline.toml",
        r#"version = 1
title = "Svar"

[fetch.rader.file]
path = "rader.json"
format = "json-records"
columns = { niva = "text", kod = "text", period = "text", kon = "text", traff = "int64", traff_st = "text", personer = "int64", personer_st = "text", medel = "float64" }

[dataset.svar]
title = "Svar"
sql = "svar.sql"
key = ["kod", "kon", "period"]
areas = ["samverkan"]

[dataset.svar.column.kon]
type = "text"
title = "Kön"

[dataset.svar.column.traff]
type = "int64"
title = "Träffar"
additive = true
perturbation = "ckm"

[dataset.svar.column.personer]
type = "int64"
title = "Personer"
additive = true
perturbation = "ckm"

[dataset.svar.column.medel]
type = "float64"
title = "Medelålder"
decimals = 1

[dataset.svar.column.andel]
type = "float64"
title = "Andel träffar"
unit = "procent"
decimals = 1
ratio = { numerator = "traff", denominator = "personer", scale = 100 }
"#,
    );
    world.write(
        "pipelines/svar/svar.sql",
        "SELECT niva, kod, period, kon,\n    traff, coalesce(traff_st, traff_status) AS traff_status,\n    \
         personer, coalesce(personer_st, personer_status) AS personer_status,\n    medel, medel_status\nFROM rader\n",
    );
    world.write("pipelines/svar/rader.json", &Value::from(cells.to_vec()).to_string());
    world
}

fn cell(kod: &str, traff: Option<i64>, traff_st: Option<&str>, personer: Option<i64>) -> Value {
    json!({
        "niva": if kod.len() == 2 { "lan" } else { "kommun" }, "kod": kod, "period": "2024", "kon": "T",
        "traff": traff, "traff_st": traff_st, "personer": personer, "personer_st": null, "medel": 40.5,
    })
}

fn of<'a>(rows: &'a [Row], kod: &str) -> &'a Row {
    rows.iter().find(|row| row["kod"] == kod).unwrap_or_else(|| panic!("no row for {kod}"))
}

fn pick<const N: usize>(row: &Row, names: [&str; N]) -> [String; N] {
    names.map(|name| row[name].clone())
}

#[test]
fn sums_ratios_names_and_counties_of_areas() {
    let cells = [
        cell("0114", Some(10), None, Some(100)),
        cell("0115", Some(20), None, Some(100)),
        cell("0117", Some(3), None, Some(70)),
        cell("0330", Some(1), Some("preliminary"), Some(10)),
        cell("0380", Some(6), None, Some(20)),
        // A county in the same table is not part of any area.
        cell("01", Some(1000), None, Some(1001)),
    ];
    let world = world(&cells);
    world.ok(&["run", "svar"]);
    let rows = rows(&world, "svar");
    assert_eq!(rows.len(), cells.len() + AREAS.len());
    let columns =
        ["niva", "namn", "lan", "period_start", "period_end", "traff", "traff_status", "traff_storda", "andel"];
    let expected = |values: [&str; 9]| values.map(str::to_owned);
    assert_eq!(
        pick(of(&rows, "norra"), columns),
        expected([
            "samverkan",
            "Norra samverkansområdet",
            "01",
            "2024-01-01",
            "2024-12-31",
            "33",
            "observed",
            "3",
            "12.2"
        ])
    );
    assert_eq!(
        pick(of(&rows, "gransen"), columns),
        expected(["samverkan", "Över gränsen", "00", "2024-01-01", "2024-12-31", "10", "preliminary", "3", "10.0"])
    );
    // What may not be summed is not: null, and why.
    assert_eq!(pick(of(&rows, "norra"), ["medel", "medel_status"]), ["", "not_applicable"]);
    // The municipalities' own rows are as they came; one cell each is perturbed.
    assert_eq!(
        pick(of(&rows, "0330"), columns),
        expected(["kommun", "Knivsta", "03", "2024-01-01", "2024-12-31", "1", "preliminary", "1", "10.0"])
    );
    // Files: areas across a border lie with the nation, others in their county.
    assert!(world.path("data/datasets/svar/current/lan-00").exists());
    let manifest = world.manifest("svar");
    let credit = manifest["credit"].as_str().unwrap();
    assert!(credit.starts_with("Beräknad av Region Prov med underlag från Region Prov, hämtat 20"), "{credit}");
}

#[test]
fn a_part_without_a_value_leaves_the_area_without_one_and_says_why() {
    let world = world(&[
        cell("0114", None, Some("suppressed"), Some(100)),
        cell("0115", None, Some("missing"), Some(0)),
        cell("0117", Some(3), None, Some(0)),
        // 0330 has no row at all.
        cell("0380", Some(6), None, Some(0)),
    ]);
    world.ok(&["run", "svar"]);
    let rows = rows(&world, "svar");
    let columns = ["traff", "traff_status", "traff_storda", "personer", "personer_status", "andel", "andel_status"];
    let expected = |values: [&str; 7]| values.map(str::to_owned);
    // Suppressed goes before missing; the persons of the same area can be summed; nothing is perturbed in a value that is not there.
    assert_eq!(
        pick(of(&rows, "norra"), columns),
        expected(["", "suppressed", "0", "100", "observed", "", "suppressed"])
    );
    // A municipality without a row is missing from the sum, so there is no sum.
    assert_eq!(pick(of(&rows, "gransen"), columns), expected(["", "missing", "0", "", "missing", "", "missing"]));
    // A ratio over nobody is not applicable.
    assert_eq!(
        pick(of(&rows, "0117"), columns),
        expected(["3", "observed", "1", "0", "observed", "", "not_applicable"])
    );
    assert_eq!(
        pick(of(&rows, "0114"), columns),
        expected(["", "suppressed", "0", "100", "observed", "", "suppressed"])
    );
}

/// Status words by precedence, and whether a value stands beside them.
const STATUSES: [(&str, bool); 8] = [
    ("suppressed", false),
    ("not_applicable", false),
    ("not_assessed", false),
    ("missing", false),
    ("pending", false),
    ("unreliable", true),
    ("preliminary", true),
    ("observed", true),
];

const MISSING: usize = 3;

/// A small generator of chance that gives the same everywhere.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) % end
    }

    /// Mostly observed, so that sums come about too.
    fn count(&mut self) -> (Option<i64>, usize) {
        let status = if self.below(10) < 8 { 7 } else { self.below(8) as usize };
        let value = self.below(2000) as i64;
        (STATUSES[status].1.then_some(value), status)
    }
}

/// The sum of parts and the place of its status; a part that is not there is missing.
fn sum(parts: &[Option<(Option<i64>, usize)>]) -> (Option<i64>, usize, i64) {
    let status = parts.iter().map(|part| part.map_or(MISSING, |(_, status)| status)).min().unwrap();
    if !STATUSES[status].1 {
        return (None, status, 0);
    }
    let values = parts.iter().map(|part| part.unwrap().0.unwrap());
    (Some(values.sum()), status, parts.len() as i64)
}

/// Per kommun and sex: hits and persons; none where there is no row.
type Cells = BTreeMap<(&'static str, &'static str), Option<[(Option<i64>, usize); 2]>>;

#[test]
fn areas_are_what_adding_up_by_hand_gives() {
    for seed in 1..=8 {
        let mut chance = Chance(seed);
        let mut cells: Cells = BTreeMap::new();
        for kod in KOMMUNER {
            for kon in ["K", "M", "T"] {
                let there = chance.below(12) > 0;
                cells.insert((kod, kon), there.then(|| [chance.count(), chance.count()]));
            }
        }
        let records: Vec<Value> = cells
            .iter()
            .filter_map(|((kod, kon), counts)| counts.map(|counts| (kod, kon, counts)))
            .map(|(kod, kon, [(traff, traff_st), (personer, personer_st)])| {
                json!({
                    "niva": "kommun", "kod": kod, "period": "2024", "kon": kon, "medel": 1.5,
                    "traff": traff, "traff_st": STATUSES[traff_st].0,
                    "personer": personer, "personer_st": STATUSES[personer_st].0,
                })
            })
            .collect();
        let world = world(&records);
        world.ok(&["run", "svar"]);
        world.ok(&["verify"]);
        let rows = rows(&world, "svar");
        let mut areas = 0;
        for (key, _, lan, kommuner) in AREAS {
            for kon in ["K", "M", "T"] {
                let parts = |at: usize| -> Vec<Option<(Option<i64>, usize)>> {
                    kommuner.iter().map(|kod| cells[&(*kod, kon)].map(|counts| counts[at])).collect()
                };
                let row = rows.iter().find(|row| row["kod"] == key && row["kon"] == kon);
                if parts(0).iter().all(Option::is_none) {
                    assert!(row.is_none(), "seed {seed}: a row from nothing: {row:?}");
                    continue;
                }
                areas += 1;
                let row = row.unwrap_or_else(|| panic!("seed {seed}: no row for {key} {kon}"));
                let (traff, traff_st, traff_storda) = sum(&parts(0));
                let (personer, personer_st, personer_storda) = sum(&parts(1));
                let text = |value: Option<i64>| value.map_or(String::new(), |value| value.to_string());
                let (andel, andel_st) = match (traff, personer) {
                    (Some(hits), Some(all)) if all != 0 => {
                        (Some(100.0 * hits as f64 / all as f64), STATUSES[traff_st.min(personer_st)].0)
                    }
                    (Some(_), Some(_)) => (None, "not_applicable"),
                    _ => (None, STATUSES[traff_st.min(personer_st)].0),
                };
                let expected = [
                    lan.to_owned(),
                    text(traff),
                    STATUSES[traff_st].0.to_owned(),
                    traff_storda.to_string(),
                    text(personer),
                    STATUSES[personer_st].0.to_owned(),
                    personer_storda.to_string(),
                    andel_st.to_owned(),
                ];
                let columns = [
                    "lan",
                    "traff",
                    "traff_status",
                    "traff_storda",
                    "personer",
                    "personer_status",
                    "personer_storda",
                    "andel_status",
                ];
                assert_eq!(pick(row, columns), expected, "seed {seed}: {key} {kon}");
                match andel {
                    None => assert_eq!(row["andel"], "", "seed {seed}: {key} {kon}"),
                    Some(andel) => {
                        let found: f64 = row["andel"].parse().unwrap();
                        assert!((found - andel).abs() < 0.051, "seed {seed}: {key} {kon}: {found} for {andel}");
                    }
                }
            }
        }
        assert_eq!(rows.len(), records.len() + areas, "seed {seed}");
    }
}

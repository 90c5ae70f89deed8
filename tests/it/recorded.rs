//! Real recorded answers, where they lie beside the project: what must come out
//! of them is known to the last figure.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::world::{World, http};

const RECORDED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared");

/// The script that serves them; ends with the value.
struct Replay {
    child: Child,
    address: String,
}

impl Replay {
    /// `None`, with a word about it, where the recordings or Python are missing.
    fn start(options: &[&str]) -> Option<Self> {
        let script = Path::new(RECORDED).join("replay/serve.py");
        if !script.exists() {
            println!("skipped: no recorded answers at {}", script.display());
            return None;
        }
        let mut command = Command::new("python3");
        command.arg(script).args(["--port", "0"]).args(options).stdout(Stdio::piped());
        let Ok(mut child) = command.spawn() else {
            println!("skipped: no python3");
            return None;
        };
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.strip_prefix("ready http://").and_then(|rest| rest.split_whitespace().next());
        let address = address.unwrap_or_else(|| panic!("the server said {line:?}")).to_owned();
        Some(Self { child, address })
    }

    /// A configuration of its own on these answers.
    fn world(&self) -> World {
        let world = World::new();
        let address = &self.address;
        world.write(
            "config/sources.toml",
            &format!(
                "version = 1\n\
                 [source.scb.pxweb]\nbase_url = \"http://{address}/pxweb/api/v2\"\ncredit = \"SCB\"\nlicence = \"CC0-1.0\"\n\
                 [source.kolada.kolada]\nbase_url = \"http://{address}/kolada/v3\"\ncredit = \"Kolada\"\n\
                 licence = \"Koladas användarvillkor\"\n\
                 [source.af.file]\nbase_url = \"http://{address}/filer\"\ncredit = \"Arbetsförmedlingen\"\nlicence = \"CC0-1.0\"\n"
            ),
        );
        world
    }

    /// Every call so far whose path contains this.
    fn calls(&self, path: &str) -> Vec<Value> {
        let answer = http(&self.address, "GET", "/_calls", "");
        let calls: Vec<Value> = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
        calls.into_iter().filter(|call| call["path"].as_str().unwrap().contains(path)).collect()
    }

    fn forget_calls(&self) {
        http(&self.address, "DELETE", "/_calls", "");
    }
}

impl Drop for Replay {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

type Row = BTreeMap<String, String>;

fn number(row: &Row, column: &str) -> i64 {
    row[column].parse().unwrap()
}

/// The rows whose columns hold these texts.
fn only<'a>(rows: &'a [Row], wanted: &[(&str, &str)]) -> Vec<&'a Row> {
    rows.iter().filter(|row| wanted.iter().all(|(column, text)| row[*column] == *text)).collect()
}

fn distinct<'a>(rows: impl IntoIterator<Item = &'a Row>, column: &str) -> BTreeSet<&'a str> {
    rows.into_iter().map(|row| row[column].as_str()).collect()
}

/// Runs again: no new version, no data call, and `plan` said so.
fn nothing_new(world: &World, dataset: &str, planned: &str) {
    let version = world.current(dataset).unwrap();
    let plan = world.ok(&["plan", dataset]).stdout;
    assert!(plan.starts_with(&format!("{dataset}: {planned}")), "{plan}");
    let again = world.ok(&["run", dataset]).stdout;
    assert!(again.starts_with(&format!("{dataset:14} unchanged")), "{again}");
    assert_eq!(world.versions(dataset), [version.as_str()]);
    assert_eq!(world.current(dataset).unwrap(), version);
    let verify = world.ok(&["verify"]).stdout;
    assert!(verify.contains("ok: everything is as it was published"), "{verify}");
}

const BEFOLKNING: &str = r#"
version = 1
title = "Befolkning"

[fetch.folk.pxweb]
source = "scb"
table = "TAB6471"
select = { Region = "*", Alder = "*", Kon = "*", Tid = "*" }
rename = { Region = "kod", Tid = "period" }
measures = { "000007SF" = "folkmangd" }

[dataset.befolkning]
title = "Folkmängd per månad, län, ålder och kön"
sql = "befolkning.sql"
partition_by = ["lan"]
key = ["kod", "alder", "kon", "period"]

[dataset.befolkning.column.alder]
type = "text"
title = "Ålder"

[dataset.befolkning.column.kon]
type = "text"
title = "Kön"

[dataset.befolkning.column.folkmangd]
type = "int64"
title = "Folkmängd"
unit = "antal"
additive = true
perturbation = "ckm"

[dataset.befolkning.check]
min_rows = 2772
max_drop = "1%"
unique = true
custom = ["negativa.sql"]
"#;

#[test]
fn the_monthly_population_keeps_its_perturbed_cells() {
    let Some(replay) = Replay::start(&["--max-cells", "1000"]) else { return };
    let world = replay.world();
    world.write("pipelines/befolkning/pipeline.toml", BEFOLKNING);
    world.write(
        "pipelines/befolkning/befolkning.sql",
        "SELECT 'lan' AS niva, kod, period, alder, kon, folkmangd, folkmangd_status, folkmangd_symbol FROM folk",
    );
    world.write("pipelines/befolkning/negativa.sql", "SELECT kod, alder, kon, period FROM ny WHERE folkmangd < 0");

    let plan = world.ok(&["plan"]).stdout;
    assert!(plan.contains("3 data calls (at least 3), 2772 cells"), "{plan}");
    world.ok(&["run", "befolkning"]);
    let cells: Vec<u64> = replay.calls("/data").iter().map(|call| call["cells"].as_u64().unwrap()).collect();
    assert_eq!((cells.len(), cells.iter().sum()), (3, 2772_u64), "{cells:?}");

    let rows = world.rows("befolkning");
    assert_eq!(rows.len(), 2772);
    assert_eq!(distinct(&rows, "folkmangd_status"), ["observed"].into());
    let stockholm = only(&rows, &[("kod", "01"), ("alder", "0-9"), ("kon", "TotSa"), ("period", "2026M01")]);
    let [stockholm] = stockholm.as_slice() else { panic!("{} rows", stockholm.len()) };
    assert_eq!(number(stockholm, "folkmangd"), 245_284);
    assert_eq!((stockholm["namn"].as_str(), stockholm["lan"].as_str()), ("Stockholms län", "01"));
    assert_eq!((stockholm["period_start"].as_str(), stockholm["period_end"].as_str()), ("2026-01-01", "2026-01-31"));

    // SCB shifts every value a little, totals too: that is no error and is not mended.
    let mut gaps: BTreeMap<[&str; 3], i64> = BTreeMap::new();
    for row in &rows {
        let count = number(row, "folkmangd");
        let cell = ["kod", "alder", "period"].map(|column| row[column].as_str());
        *gaps.entry(cell).or_default() += if row["kon"] == "TotSa" { -count } else { count };
    }
    let perturbed = gaps.values().filter(|gap| **gap != 0).count();
    assert_eq!((gaps.len(), perturbed), (924, 776));
    let largest = gaps.values().map(|gap| gap.abs()).max().unwrap();
    let manifest = world.manifest("befolkning");
    assert_eq!(manifest["credit"], "Källa: SCB");
    assert!(manifest["sources"]["folk"]["notes"].to_string().contains("Cell Key Method"), "{}", manifest["sources"]);
    eprintln!(
        "TAB6471: {} rows by {} calls of {cells:?} cells; Stockholm 0-9 TotSa 2026M01 = {}; men + women differ from the \
         total in {perturbed} of {} cells, by {largest} at most",
        rows.len(),
        cells.len(),
        stockholm["folkmangd"],
        gaps.len(),
    );

    replay.forget_calls();
    nothing_new(&world, "befolkning", "unchanged: nothing would be fetched, no new version");
    assert_eq!(replay.calls("/data").len(), 0);
}

#[test]
fn the_advertisements_of_2024_add_up_on_every_level() {
    let Some(replay) = Replay::start(&[]) else { return };
    let world = replay.world().with_shipped("annonser");
    let recorded = "arbetsformedlingen/ads2024_ssyk4concept_x_country_region_municipality.json";
    world.edit("pipelines/annonser/pipeline.toml", "ssyk_region_kommun_annonser_2024.json", recorded);
    world.ok(&["run", "annonser"]);

    let rows = world.rows("annonser");
    let sum = |niva: &str| only(&rows, &[("niva", niva)]).iter().map(|row| number(row, "antal")).sum::<i64>();
    let areas = |niva: &str| distinct(only(&rows, &[("niva", niva)]), "kod").len();
    assert_eq!((sum("riket"), sum("lan"), sum("kommun")), (697_030, 697_030, 697_030));
    assert_eq!((areas("riket"), areas("lan"), areas("kommun")), (1, 21, 290));

    let groups: BTreeSet<[&str; 3]> =
        rows.iter().map(|row| ["ssyk", "yrkesgrupp", "yrkesomrade"].map(|column| row[column].as_str())).collect();
    assert_eq!((groups.len(), distinct(&rows, "ssyk").len()), (400, 400));
    assert!(groups.iter().flatten().all(|text| !text.is_empty()));
    assert!(groups.iter().all(|[ssyk, ..]| ssyk.len() == 4 && ssyk.bytes().all(|byte| byte.is_ascii_digit())));
    assert!(groups.contains(&["0110", "Officerare", "Militära yrken"]));
    let upplands_vasby = only(&rows, &[("kod", "0114")]);
    assert!(!upplands_vasby.is_empty());
    assert_eq!(distinct(upplands_vasby, "lan"), ["01"].into());
    assert!(world.path("data/datasets/annonser/current/lan-01").is_dir());

    // Against the file itself, read another way.
    let file = fs::read_to_string(PathBuf::from(RECORDED).join("real").join(recorded)).unwrap();
    let file: BTreeMap<String, BTreeMap<String, i64>> = serde_json::from_str(&file).unwrap();
    assert_eq!(rows.len(), file.values().map(BTreeMap::len).sum::<usize>());
    let all: i64 = file.values().flat_map(BTreeMap::values).sum();
    assert_eq!(all, 3 * 697_030);
    eprintln!(
        "annonser: {} rows; {} in riket = {} in {} län = {} in {} kommuner; {} occupation groups with label and \
         yrkesområde, 0110 among them",
        rows.len(),
        sum("riket"),
        sum("lan"),
        areas("lan"),
        sum("kommun"),
        areas("kommun"),
        groups.len(),
    );

    replay.forget_calls();
    nothing_new(&world, "annonser", "unchanged: nothing would be fetched, no new version");
    assert!(replay.calls("/filer").iter().all(|call| call["method"] == "HEAD"));
}

#[test]
fn recorded_indicators_come_home_with_their_nulls() {
    let Some(replay) = Replay::start(&[]) else { return };
    let recorded = recorded_indicators();
    let kpis: BTreeSet<&str> = recorded.keys().map(|[kpi, ..]| kpi.as_str()).collect();
    let world = replay.world();
    world.write(
        "pipelines/nyckeltal/pipeline.toml",
        &format!(
            r#"
version = 1
title = "Nyckeltal"

[fetch.k.kolada]
source = "kolada"
kpi = {kpis:?}
municipality = "*"
years = "1996.."

[dataset.nyckeltal]
title = "Nyckeltal"
sql = "nyckeltal.sql"
partition_by = ["lan"]
key = ["kod", "kpi", "kon", "period"]

[dataset.nyckeltal.column.kpi]
type = "text"
title = "Nyckeltal"

[dataset.nyckeltal.column.titel]
type = "text"
title = "Titel"

[dataset.nyckeltal.column.enhet]
type = "text"
title = "Enhet"

[dataset.nyckeltal.column.kon]
type = "text"
title = "Kön"

[dataset.nyckeltal.column.varde]
type = "float64"
title = "Värde"

[dataset.nyckeltal.check]
unique = true
"#,
            kpis = kpis.iter().collect::<Vec<_>>(),
        ),
    );
    world.write(
        "pipelines/nyckeltal/nyckeltal.sql",
        "SELECT k.niva, k.kod, k.enhet, k.period, k.kpi, titel.text AS titel, k.kon, k.varde, k.varde_status, k.varde_symbol
         FROM k JOIN k_koder AS titel ON titel.kolumn = 'kpi' AND titel.kod = k.kpi",
    );
    world.ok(&["run", "nyckeltal"]);

    let rows = world.rows("nyckeltal");
    let published: BTreeMap<[String; 4], Option<f64>> = rows
        .iter()
        .map(|row| (["kpi", "enhet", "period", "kon"].map(|column| row[column].clone()), row["varde"].parse().ok()))
        .collect();
    assert_eq!(published.len(), rows.len());
    assert_eq!(published, recorded, "every recorded value of a municipality or region, and no other");
    assert!(rows.iter().all(|row| row["varde_status"] == if row["varde"].is_empty() { "missing" } else { "observed" }));
    assert!(rows.iter().all(|row| !row["titel"].is_empty()));

    let count = |status: &str, kpi: &str| {
        rows.iter().filter(|row| row["kpi"].starts_with(kpi) && row["varde_status"] == status).count()
    };
    assert_eq!((count("observed", "N00945"), count("missing", "N00945")), (69, 6));
    eprintln!(
        "Kolada: {} indicators, {} rows: {} observed, {} missing (N00945: {} and {}; N003xx: {} and {}) in {} calls",
        kpis.len(),
        rows.len(),
        count("observed", ""),
        count("missing", ""),
        count("observed", "N00945"),
        count("missing", "N00945"),
        count("observed", "N003"),
        count("missing", "N003"),
        replay.calls("/kolada").len(),
    );

    // Kolada never says what it has revised, so the rows are fetched and compared.
    nothing_new(
        &world,
        "nyckeltal",
        "seems unchanged: data would be fetched and compared, a new version only if they differ",
    );
}

/// What the recorded files hold for municipalities, regions and the nation, by indicator, unit, year and sex.
fn recorded_indicators() -> BTreeMap<[String; 4], Option<f64>> {
    let mut cells = BTreeMap::new();
    for file in ["kolada_data_n00945_2026-03-04_v3.json", "kolada_data_grp_data_2026-03-04_v3.json"] {
        let text = fs::read_to_string(Path::new(RECORDED).join("real/kolada").join(file)).unwrap();
        let document: Value = serde_json::from_str(&text).unwrap();
        for row in document["values"].as_array().unwrap() {
            let unit = row["municipality"].as_str().unwrap();
            if unit.starts_with('G') {
                continue;
            }
            for cell in row["values"].as_array().unwrap() {
                assert_eq!(cell["isdeleted"], false);
                let text = |value: &Value| value.as_str().unwrap().to_owned();
                let key = [text(&row["kpi"]), unit.to_owned(), row["period"].to_string(), text(&cell["gender"])];
                cells.insert(key, cell["value"].as_f64());
            }
        }
    }
    cells
}

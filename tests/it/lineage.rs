//! From a published figure to its bytes and back: `trace` names the archived
//! answer that holds it, `replay` computes a version again from the archive
//! alone. What was damaged or changed on the way is said.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use serde_json::{Value, json};

use crate::demo::demo;
use crate::local::{files_below, local, rows, three};
use crate::people::people;
use crate::world::{Sandbox, World};

/// Hashes differ from run to run as soon as a time is in what they are of.
fn unhashed(text: &str) -> String {
    regex::Regex::new("[0-9a-f]{64}").unwrap().replace_all(text, "[hash]").into_owned()
}

fn version_folder(world: &World, dataset: &str, version: &str) -> PathBuf {
    world.path(&format!("data/datasets/{dataset}/versions/{version}"))
}

fn object(world: &World, hash: &str) -> PathBuf {
    world.path(&format!("data/archive/objects/{}/{}.zst", &hash[..2], &hash[2..]))
}

fn edit_manifest(world: &World, dataset: &str, version: &str, change: impl Fn(&mut Value)) {
    let file = version_folder(world, dataset, version).join("manifest.json");
    let mut manifest: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    change(&mut manifest);
    fs::write(file, serde_json::to_vec_pretty(&manifest).unwrap()).unwrap();
}

/// Every file with its size and time of change: nothing may be written by a look.
fn state(folder: &Path) -> BTreeMap<PathBuf, (u64, SystemTime)> {
    let seen = |path: PathBuf| {
        let found = fs::metadata(&path).unwrap();
        (path, (found.len(), found.modified().unwrap()))
    };
    files_below(folder).into_iter().map(seen).collect()
}

#[test]
fn the_shipped_pipelines_are_computed_again_with_no_source_and_no_configuration() {
    // The demo's sandbox is gone, and this project's own configuration has no pipeline at all.
    let (world, _) = demo();
    let before = state(&world.path("data"));
    for (dataset, answers) in [("annonser", 1), ("befolkning", 5), ("nyckeltal", 28)] {
        let version = world.current(dataset).unwrap();
        let manifest = world.manifest(dataset);
        let recorded: usize = manifest["sources"]
            .as_object()
            .unwrap()
            .values()
            .map(|source| source["answers"].as_array().unwrap().len())
            .sum();
        assert_eq!(recorded, answers, "{dataset}");
        let ran = world.ok(&["replay", dataset, &version]);
        assert_eq!(
            ran.stdout,
            format!(
                "{dataset} [version]: byte-identical in content: {}, {} rows, from {answers} archived {}\n",
                manifest["content_hash"].as_str().unwrap(),
                manifest["rows"],
                if answers == 1 { "answer" } else { "answers" }
            )
        );
        assert_eq!(ran.stderr, "");
    }
    assert!(state(&world.path("data")) == before, "a replay writes nothing below the data folder");
}

#[test]
fn a_later_configuration_changes_no_earlier_version() {
    let world = local(&three());
    world.ok(&["run", "lokal"]);
    let first = world.current("tal").unwrap();
    world.edit("pipelines/lokal/tal.sql", "    antal,", "    antal * 2 AS antal,");
    world.ok(&["run", "lokal"]);
    let second = world.current("tal").unwrap();
    assert_ne!(first, second);
    fs::remove_file(world.path("pipelines/lokal/rader.json")).unwrap();
    world.edit("config/underlag.toml", "Region Prov", "Region Annan");
    for version in [&first, &second] {
        let ran = world.ok(&["replay", "tal", version]);
        assert!(ran.stdout.contains("byte-identical in content"), "{}", ran.stdout);
    }

    // Equal recipes are one object, and another query is another recipe.
    let recipe = |version: &str| {
        let file = version_folder(&world, "tal", version).join("manifest.json");
        let manifest: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
        manifest["recipe"].as_str().unwrap().to_owned()
    };
    assert_ne!(recipe(&first), recipe(&second));
    let text = zstd::bulk::decompress(&fs::read(object(&world, &recipe(&second))).unwrap(), 1 << 20).unwrap();
    let text: Value = serde_json::from_slice(&text).unwrap();
    let names: Vec<&String> = text["files"].as_object().unwrap().keys().collect();
    assert_eq!(
        names,
        [
            "config/underlag.toml",
            "pipelines/lokal/pipeline.toml",
            "pipelines/lokal/tal.sql",
            "reference/forandringar.csv",
            "reference/kommuner.csv",
            "reference/lan.csv",
            "reference/nuts.csv",
            "reference/nyckeltal.csv",
            "reference/platser.csv",
            "reference/ssyk.csv",
        ]
    );
    assert_eq!(text["files"]["config/underlag.toml"], "version = 1\n\n[publisher]\nname = \"Region Prov\"\n");

    let ran = world.run(&["replay", "tal", &second, "--json"]);
    let told: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((&told["identical"], &told["differences"], &told["answers"]), (&json!(true), &json!([]), &json!(1)));
}

#[test]
fn a_recomputed_version_can_be_written_elsewhere() {
    let world = local(&three());
    world.ok(&["run", "lokal"]);
    let version = world.current("tal").unwrap();
    let ran = world.ok(&["replay", "tal", &version, "--output", "ut"]);
    insta::assert_snapshot!(unhashed(&ran.stdout), @r"
    tal [version]: byte-identical in content: [hash], 3 rows, from 1 archived answer
      written: ut/data, 3 rows
    ");
    let data = |root: PathBuf| -> Vec<(PathBuf, Vec<u8>)> {
        let root = root.join("data");
        let files = files_below(&root).into_iter();
        files.map(|file| (file.strip_prefix(&root).unwrap().to_owned(), fs::read(&file).unwrap())).collect()
    };
    assert!(data(world.path("ut")) == data(version_folder(&world, "tal", &version)), "byte for byte");
    let ran = world.run(&["replay", "tal", &version, "--output", "ut"]);
    insta::assert_snapshot!(format!("{}{}", ran.code, ran.stderr), @r"
    2error[U0901]: ut exists already
    hint: a replayed version is written into a new folder, never over another
    ");
}

/// A published version whose archive or record is then spoilt, and what `replay` says of it.
fn spoilt(spoil: impl Fn(&World, &str)) -> String {
    let world = local(&three());
    world.ok(&["run", "lokal"]);
    let version = world.current("tal").unwrap();
    spoil(&world, &version);
    let ran = world.run(&["replay", "tal", &version]);
    assert_eq!(ran.code, 3, "{}{}", ran.stdout, ran.stderr);
    unhashed(&format!("{}{}", ran.stdout, ran.stderr))
}

fn answer(world: &World) -> PathBuf {
    object(world, world.manifest("tal")["sources"]["rader"]["answers"][0]["hash"].as_str().unwrap())
}

#[test]
fn what_the_archive_has_lost_is_named() {
    insta::assert_snapshot!(spoilt(|world, _| fs::remove_file(answer(world)).unwrap()), @r"
    error[U0611]: fetch rader: fil: the archived answer to GET file://[world]/pipelines/lokal/rader.json cannot be read: the archived answer [world]/data/archive/objects/[hash].zst is damaged: it is not there
    hint: the archive cannot be fetched again as it was: restore the file from a backup
    ");
    insta::assert_snapshot!(spoilt(|world, _| {
        let file = answer(world);
        let mut bytes = fs::read(&file).unwrap();
        // Inside the packed content, past the frame's head.
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(file, bytes).unwrap();
    }), @r"
    error[U0611]: fetch rader: fil: the archived answer to GET file://[world]/pipelines/lokal/rader.json cannot be read: the archived answer [world]/data/archive/objects/[hash].zst is damaged: its content does not have the hash that it is named by
    hint: the archive cannot be fetched again as it was: restore the file from a backup
    ");
    insta::assert_snapshot!(spoilt(|world, _| {
        fs::remove_file(object(world, world.manifest("tal")["recipe"].as_str().unwrap())).unwrap();
    }), @r"
    error[U0611]: the archived recipe of tal [version] cannot be read: the archived answer [world]/data/archive/objects/[hash].zst is damaged: it is not there
    hint: the archive cannot be fetched again as it was: restore the file from a backup
    ");
    insta::assert_snapshot!(spoilt(|world, version| {
        edit_manifest(world, "tal", version, |manifest| manifest["sources"] = json!({}));
    }), @"error[U0612]: fetch rader: the manifest of tal [version] has no record of it");
}

#[test]
fn a_version_that_was_changed_is_told_from_one_that_comes_out_otherwise() {
    // The manifest was edited.
    insta::assert_snapshot!(spoilt(|world, version| {
        edit_manifest(world, "tal", version, |manifest| manifest["content_hash"] = json!("00".repeat(32)));
    }), @r"
    tal [version]: differs, computed again from 1 archived answer
      content hash: the manifest says [hash], the archive gives [hash]
      the published rows are those that the archive gives: it is the manifest that was changed
    ");
    // The rows were exchanged for others.
    insta::assert_snapshot!(spoilt(|world, version| {
        world.edit("pipelines/lokal/rader.json", "300", "301");
        world.edit("pipelines/lokal/rader.json", "0115", "0117");
        world.ok(&["run", "lokal"]);
        let other = world.current("tal").unwrap();
        let file = |version: &str| files_below(&version_folder(world, "tal", version).join("data")).remove(0);
        fs::copy(file(&other), file(version)).unwrap();
    }), @r"
    tal [version]: differs, computed again from 1 archived answer
      the published rows have the content hash [hash]: they were changed after publishing
      1 rows only published, 1 only from the archive, 1 with other values, 1 alike
      kod=0115 period=2024: only from the archive
      kod=0117 period=2024: only published
      kod=0180 period=2024: antal published 301, from the archive 300
    ");
    // Another answer was put in the record's place: all of it sound, but not what was published.
    insta::assert_snapshot!(spoilt(|world, version| {
        world.edit("pipelines/lokal/rader.json", "300", "301");
        world.ok(&["run", "lokal"]);
        let later = world.manifest("tal")["sources"].clone();
        edit_manifest(world, "tal", version, |manifest| manifest["sources"] = later.clone());
    }), @r"
    tal [version]: differs, computed again from 1 archived answer
      content hash: the manifest says [hash], the archive gives [hash]
      0 rows only published, 0 only from the archive, 1 with other values, 2 alike
      kod=0180 period=2024: antal published 300, from the archive 301
    ");
    // A column that the query does not give.
    insta::assert_snapshot!(spoilt(|world, version| {
        edit_manifest(world, "tal", version, |manifest| {
            manifest["columns"].as_array_mut().unwrap().retain(|column| column["name"] != "antal_status");
            manifest["content_hash"] = json!("00".repeat(32));
        });
    }), @r"
    tal [version]: differs, computed again from 1 archived answer
      content hash: the manifest says [hash], the archive gives [hash]
      column antal_status: not published, the archive gives one
      the published files are those that the manifest names, with the content hash [hash]: it is the manifest that was changed
    ");
}

#[test]
fn a_version_without_a_recipe_is_computed_by_todays_configuration() {
    let world = local(&three());
    world.ok(&["run", "lokal"]);
    let version = world.current("tal").unwrap();
    edit_manifest(&world, "tal", &version, |manifest| {
        manifest.as_object_mut().unwrap().remove("recipe");
        manifest["program"] = json!("underlag/0.0.9");
    });
    insta::assert_snapshot!(unhashed(&world.ok(&["replay", "tal", &version]).stdout), @r"
    tal [version]: byte-identical in content: [hash], 3 rows, from 1 archived answer
      note: it was computed by underlag/0.0.9, and now by underlag/0.1.0
      note: its manifest is of a time before recipes were archived: today's configuration of lokal stands in for the one of then
    ");
    world.edit("pipelines/lokal/tal.sql", "    antal,", "    antal * 2 AS antal,");
    let ran = world.run(&["replay", "tal", &version]);
    assert_eq!(ran.code, 3);
    insta::assert_snapshot!(unhashed(&ran.stdout), @r"
    tal [version]: differs, computed again from 1 archived answer
      content hash: the manifest says [hash], the archive gives [hash]
      0 rows only published, 0 only from the archive, 3 with other values, 0 alike
      kod=0114 period=2024: antal published 10, from the archive 20
      kod=0115 period=2024: antal published 20, from the archive 40
      kod=0180 period=2024: antal published 300, from the archive 600
      note: it was computed by underlag/0.0.9, and now by underlag/0.1.0
      note: its manifest is of a time before recipes were archived: today's configuration of lokal stands in for the one of then
    ");
    fs::remove_dir_all(world.path("pipelines")).unwrap();
    let ran = world.run(&["replay", "tal", &version]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""));
    insta::assert_snapshot!(ran.stderr, @r#"
    error[U0612]: tal [version] has no archived recipe, and pipeline "lokal" with that dataset is not configured now
    hint: versions made before recipes were archived need the configuration of then
    "#);
}

#[test]
fn mistakes_in_todays_configuration_hinder_no_look_at_the_past() {
    let world = local(&three());
    world.ok(&["run", "lokal"]);
    let version = world.current("tal").unwrap();
    world.write("pipelines/lokal/pipeline.toml", "version = 1\ntitel = \"Lokal\"\n");
    world.ok(&["replay", "tal", &version]);
    world.ok(&["trace", "tal", "kod=0180"]);
    fs::remove_dir_all(world.path("pipelines")).unwrap();
    fs::remove_dir_all(world.path("config")).unwrap();
    world.ok(&["replay", "tal", &version, "--data-dir", "data"]);
    let ran = world.run(&["replay", "tal", &version]);
    assert_eq!(ran.code, 2);
    insta::assert_snapshot!(ran.stderr, @r"
    error[U0101]: no configuration: neither config/underlag.toml here nor /etc/underlag/underlag.toml exists
    hint: name one with --config FILE, or try `underlag demo`, which needs none
    ");
}

#[test]
fn a_split_table_is_computed_again_though_its_source_announced_no_limits() {
    let sandbox = Sandbox::start();
    sandbox.fault(json!({ "path_contains": "/config", "kind": "status", "status": 404 }));
    let world = people(&sandbox);
    world.edit(
        "config/sources.toml",
        "credit = \"SCB\"",
        "credit = \"SCB\"\nlimits = { calls = 100, window_secs = 1, cells = 1000 }",
    );
    world.ok(&["run", "folk"]);
    drop(sandbox);
    let manifest = world.manifest("folk_lan");
    // The table, its metadata, and four parts.
    assert_eq!(manifest["sources"]["folk"]["answers"].as_array().unwrap().len(), 6);
    let version = world.current("folk_lan").unwrap();
    let ran = world.ok(&["replay", "folk_lan", &version]);
    assert!(ran.stdout.ends_with(" from 6 archived answers\n"), "{}", ran.stdout);

    // Without the metadata in its record, a version cannot be computed, and the missing call is named.
    edit_manifest(&world, "folk_lan", &version, |manifest| {
        let answers = manifest["sources"]["folk"]["answers"].as_array_mut().unwrap();
        answers.retain(|answer| !answer["url"].as_str().unwrap().contains("metadata"));
    });
    let ran = world.run(&["replay", "folk_lan", &version]);
    insta::assert_snapshot!(format!("{} {}{}", ran.code, ran.stdout, ran.stderr), @r"
    3 error[U0611]: fetch folk: scb: GET http://127.0.0.1:[port]/pxweb/api/v2/tables/TAB6471/metadata?lang=sv is not among the archived answers of this version
    hint: what is asked for now was not asked for then: the program or the configuration plans other calls
    ");
}

#[test]
fn secrets_never_enter_a_recipe() {
    let sandbox = Sandbox::start();
    let world = World::new().with_sandbox(&sandbox).with_shipped("annonser");
    let address = format!("url = \"{}/ssyk_region_kommun_annonser_2024.json?token=hemligt\"", sandbox.files);
    world.edit("pipelines/annonser/pipeline.toml", "source = \"af\"\n", "");
    world.edit("pipelines/annonser/pipeline.toml", "path = \"ssyk_region_kommun_annonser_2024.json\"", &address);
    world.ok(&["run", "annonser"]);
    drop(sandbox);
    let recipe = world.manifest("annonser")["recipe"].as_str().unwrap().to_owned();
    let text = zstd::bulk::decompress(&fs::read(object(&world, &recipe)).unwrap(), 1 << 20).unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("?token=***") && !text.contains("hemligt"), "{text}");
    for file in files_below(&world.path("data/datasets")) {
        let bytes = fs::read(&file).unwrap();
        assert!(!bytes.windows(7).any(|part| part == b"hemligt"), "{}", file.display());
    }
    world.ok(&["replay", "annonser", &world.current("annonser").unwrap()]);
}

/// A second pipeline `vidare` with the dataset `dubbla`, computed from `tal`.
fn chained() -> World {
    let world = local(&three());
    world.write(
        "pipelines/vidare/pipeline.toml",
        "version = 1\ntitle = \"Vidare\"\n\n[input.bas]\ndataset = \"tal\"\n\n\
         [dataset.dubbla]\ntitle = \"Dubbla tal\"\nsql = \"dubbla.sql\"\nkey = [\"kod\", \"period\"]\n\n\
         [dataset.dubbla.column.dubbelt]\ntype = \"int64\"\ntitle = \"Dubbelt\"\nunit = \"antal\"\n",
    );
    world.write(
        "pipelines/vidare/dubbla.sql",
        "SELECT niva, kod, period, antal * 2 AS dubbelt, antal_status AS dubbelt_status FROM bas\n",
    );
    world
}

#[test]
fn a_version_is_computed_from_the_versions_that_it_was_computed_from() {
    let world = chained();
    world.ok(&["run", "--all"]);
    let (tal, dubbla) = (world.current("tal").unwrap(), world.current("dubbla").unwrap());
    world.edit("pipelines/lokal/rader.json", "300", "400");
    world.ok(&["run", "lokal"]);
    insta::assert_snapshot!(unhashed(&world.ok(&["replay", "dubbla", &dubbla]).stdout), @"dubbla [version]: byte-identical in content: [hash], 3 rows, from tal [version]");

    let trace = world.ok(&["trace", "dubbla", "kod=0180", "period=2024"]);
    insta::assert_snapshot!(unhashed(&trace.stdout), @r"
    dubbla [version], published [time], current
    row
      niva            kommun  (Nivå)
      kod             0180  (Områdeskod)
      namn            Stockholm  (Namn)
      lan             01  (Län)
      period          2024  (Period)
      period_start    2024-01-01  (Periodens första dag)
      period_end      2024-12-31  (Periodens sista dag)
      dubbelt         600 antal  (Dubbelt)
      dubbelt_status  observed  (Dubbelt: status)
    query dubbla.sql, blake3 [hash]
      | SELECT niva, kod, period, antal * 2 AS dubbelt, antal_status AS dubbelt_status FROM bas
    program underlag/0.1.0
    configuration [hash]
    recipe [hash], archive/objects/[hash].zst
    input bas: dataset tal [version]
      trace on with: underlag trace tal kod=0180 period=2024 --version [version]
    ");
    let (_, command) = trace.stdout.split_once("trace on with: underlag ").unwrap();
    assert!(command.starts_with("trace tal kod=0180 period=2024 --version [version]\n"), "{command}");
    let on = world.ok(&["trace", "tal", "kod=0180", "period=2024", "--version", &tal]);
    assert!(on.stdout.contains("antal=300"), "{}", on.stdout);

    // The retention removes the data of old versions: they come from the archive, too.
    fs::remove_dir_all(version_folder(&world, "tal", &tal).join("data")).unwrap();
    insta::assert_snapshot!(unhashed(&world.ok(&["replay", "dubbla", &dubbla]).stdout), @"dubbla [version]: byte-identical in content: [hash], 3 rows, from 1 archived answer and tal [version]");
    let on = world.ok(&["trace", "tal", "kod=0180", "period=2024", "--version", &tal]);
    assert!(on.stdout.contains("antal=300"), "{}", on.stdout);

    // Data that were changed are no ground to compute on.
    let current = world.current("dubbla").unwrap();
    world.ok(&["run", "vidare"]);
    let newer = world.current("dubbla").unwrap();
    assert_ne!(current, newer);
    let spoilt = files_below(&version_folder(&world, "tal", &world.current("tal").unwrap()).join("data")).remove(0);
    let mut bytes = fs::read(&spoilt).unwrap();
    bytes[20] ^= 1;
    fs::write(spoilt, bytes).unwrap();
    let ran = world.run(&["replay", "dubbla", &newer]);
    insta::assert_snapshot!(format!("{} {}{}", ran.code, ran.stdout, ran.stderr), @r"
    3 error[U0607]: tal [version]: data/lan-01/[version].parquet is not as it was published
    hint: `underlag verify` lists all that is damaged
    ");
}

#[test]
fn kept_periods_lead_to_the_version_that_they_are_from() {
    let row = |period: &str, antal: u32| json!({ "kod": "0180", "period": period, "antal": antal, "status": null });
    let world = local(&json!([row("2022", 1), row("2023", 2)]));
    let publish = |rows: Value| {
        world.write("pipelines/lokal/rader.json", &rows.to_string());
        world.ok(&["run", "lokal"]);
        world.current("tal").unwrap()
    };
    let first = publish(json!([row("2022", 1), row("2023", 2)]));
    let second = publish(json!([row("2023", 2), row("2024", 3)]));
    let third = publish(json!([row("2024", 3), row("2025", 4)]));
    assert_eq!(world.manifest("tal")["carried"].as_array().unwrap().len(), 2);
    for version in [&first, &second, &third] {
        let ran = world.ok(&["replay", "tal", version]);
        assert!(ran.stdout.ends_with(" from 1 archived answer\n"), "{}", ran.stdout);
    }
    for (period, from, antal) in [("2022", Some(&first), "1"), ("2023", Some(&second), "2"), ("2024", None, "3")] {
        let output = world.command(&["trace", "tal", &format!("period={period}"), "--json"]).output().unwrap();
        let traced: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(traced["version"], json!(third));
        assert_eq!(traced.get("carried_from"), from.map(|version| json!(version)).as_ref());
        let cells = traced["tables"][0]["shown"][0]["cells"].as_array().unwrap();
        assert!(cells.contains(&json!(["antal", antal])), "{cells:?}");
    }
    let told = world.ok(&["trace", "tal", "period=2022"]).stdout;
    assert!(told.contains("\nkept from version [version]; what follows is of that version\n"), "{told}");

    // As the retention leaves it: every manifest, and the archive.
    for version in [&first, &second] {
        fs::remove_dir_all(version_folder(&world, "tal", version).join("data")).unwrap();
    }
    let ran = world.ok(&["replay", "tal", &third]);
    assert!(ran.stdout.ends_with(" rows, from 3 archived answers\n"), "{}", ran.stdout);
    let ran = world.ok(&["replay", "tal", &first]);
    insta::assert_snapshot!(unhashed(&ran.stdout), @r"
    tal [version]: byte-identical in content: [hash], 2 rows, from 1 archived answer
      note: its files are gone: what came out was compared with the manifest alone
    ");
    edit_manifest(&world, "tal", &second, |manifest| manifest["title"] = json!("En annan"));
    let ran = world.run(&["replay", "tal", &third]);
    insta::assert_snapshot!(format!("{} {}{}", ran.code, ran.stdout, ran.stderr), @"3 error[U0612]: tal [version] keeps periods of the version before it, and no manifest has the hash that it names that one by");
}

/// The value of a cell in a JSON-stat answer, by the codes of its dimensions.
fn cell(answer: &Value, codes: &[(&str, &str)]) -> Value {
    let ids: Vec<&str> = answer["id"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    let sizes: Vec<usize> =
        answer["size"].as_array().unwrap().iter().map(|size| size.as_u64().unwrap() as usize).collect();
    let mut place = 0;
    for (id, size) in ids.iter().zip(&sizes) {
        let index = &answer["dimension"][*id]["category"]["index"];
        let position = |code: &str| match index {
            Value::Array(codes) => codes.iter().position(|known| known == code).unwrap(),
            index => index[code].as_u64().unwrap() as usize,
        };
        let at = codes.iter().find(|(dimension, _)| dimension == id).map_or(0, |(_, code)| position(code));
        place = place * size + at;
    }
    match &answer["value"] {
        Value::Array(values) => values[place].clone(),
        values => values[place.to_string()].clone(),
    }
}

#[test]
fn a_cell_of_the_population_leads_to_the_one_answer_that_holds_it() {
    let (world, _) = demo();
    let all = rows(world, "befolkning");
    let mut answers = std::collections::BTreeSet::new();
    // The first and the last row lie in different answers.
    for row in [&all[0], &all[all.len() - 1]] {
        let key = ["kod", "alder", "kon", "period"].map(|column| format!("{column}={}", row[column]));
        let mut arguments = vec!["trace", "befolkning", "--json"];
        arguments.extend(key.iter().map(String::as_str));
        // As it is: hashes and URLs are looked at.
        let output = world.command(&arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let traced: Value = serde_json::from_slice(&output.stdout).unwrap();
        let table = &traced["tables"][0];
        assert_eq!((&table["fetch"], &table["found"]), (&json!("folk"), &json!(1)));
        assert_eq!(table["answers"].as_array().unwrap().len(), 1);
        assert_eq!(table["others"].as_u64().unwrap() + 1 + 3, 5, "{table}");
        assert_eq!(table["metadata"].as_array().unwrap().len(), 3);
        let answer = &table["answers"][0];
        let hash = answer["hash"].as_str().unwrap();
        answers.insert(hash.to_owned());
        let packed = fs::read(world.path("data").join(answer["place"].as_str().unwrap())).unwrap();
        let body = zstd::bulk::decompress(&packed, 64 << 20).unwrap();
        assert_eq!(blake3::hash(&body).to_hex().as_str(), hash);
        let body: Value = serde_json::from_slice(&body).unwrap();
        let codes = [("Region", "kod"), ("Alder", "alder"), ("Kon", "kon"), ("Tid", "period")];
        let value = cell(&body, &codes.map(|(dimension, column)| (dimension, row[column].as_str())));
        assert_eq!(value.to_string(), row["folkmangd"]);
        // The request names the cell as well: a small one in its address.
        let asked = |dimension: &str, code: &str| match answer["request_body"].as_str() {
            Some(body) => {
                let body: Value = serde_json::from_str(body).unwrap();
                let selection = body["selection"].as_array().unwrap();
                let selected = selection.iter().find(|each| each["variableCode"] == dimension).unwrap();
                selected["valueCodes"].as_array().unwrap().iter().any(|known| known == code)
            }
            None => {
                let url = url::Url::parse(answer["url"].as_str().unwrap()).unwrap();
                let wanted = format!("valueCodes[{dimension}]");
                let asked = url.query_pairs().find(|(name, _)| *name == wanted).unwrap().1.into_owned();
                asked.split(',').any(|known| known == code)
            }
        };
        assert!(codes.iter().all(|(dimension, column)| asked(dimension, &row[*column])));
    }
    assert_eq!(answers.len(), 2);
}

#[test]
fn rows_of_every_kind_of_source_are_found_in_their_answers() {
    let (world, _) = demo();
    let trace = |dataset: &str, key: &[&str]| -> Value {
        let row = &rows(world, dataset)[7];
        let key: Vec<String> = key.iter().map(|column| format!("{column}={}", row[*column])).collect();
        let mut arguments = vec!["trace", dataset, "--json"];
        arguments.extend(key.iter().map(String::as_str));
        let output = world.command(&arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let kolada = trace("nyckeltal", &["kod", "kpi", "kon", "period"]);
    let table = &kolada["tables"][0];
    assert_eq!((&table["found"], table["answers"].as_array().unwrap().len()), (&json!(1), 1));
    let value = |cells: &Value, name: &str| {
        cells.as_array().unwrap().iter().find(|cell| cell[0] == name).map(|cell| cell[1].clone()).unwrap()
    };
    let published = kolada["row"].as_array().unwrap().iter().find(|cell| cell["column"] == "varde").unwrap();
    assert_eq!(value(&table["shown"][0]["cells"], "varde"), published["value"]);
    // The advertisements' ids are exchanged for codes by the query: the file is one answer all the same.
    let file = trace("annonser", &["kod", "ssyk", "period"]);
    let table = &file["tables"][0];
    assert_eq!((&table["found"], table["answers"].as_array().unwrap().len()), (&Value::Null, 1));
}

#[test]
fn a_row_is_told_with_all_that_it_came_from() {
    let world = local(&three());
    world.ok(&["run", "lokal"]);
    let ran = world.ok(&["trace", "tal", "kod=0180"]);
    insta::assert_snapshot!(unhashed(&ran.stdout), @r"
    tal [version], published [time], current
    row
      niva          kommun  (Nivå)
      kod           0180  (Områdeskod)
      namn          Stockholm  (Namn)
      lan           01  (Län)
      period        2024  (Period)
      period_start  2024-01-01  (Periodens första dag)
      period_end    2024-12-31  (Periodens sista dag)
      antal         300 antal  (Antal)
      antal_status  observed  (Antal: status)
    query tal.sql, blake3 [hash]
      | SELECT
      |     'kommun' AS niva,
      |     kod,
      |     period,
      |     antal,
      |     coalesce(status, antal_status) AS antal_status
      | FROM rader
    program underlag/0.1.0
    configuration [hash]
    recipe [hash], archive/objects/[hash].zst
    fetch rader: source fil, 3 rows, fetched [time]
      1 row has kod=0180 period=2024
      row 3 of ad4f603a…: antal=300 antal_status=observed kod=0180 period=2024
      answer GET file://[world]/pipelines/lokal/rader.json
        200 at [time], 170 bytes, 3 rows
        blake3 [hash]
        archive/objects/[hash].zst
      metadata accepted with it: archive/objects/[hash].zst
    ");
}

#[test]
fn an_area_leads_to_the_rows_of_its_municipalities() {
    let world = local(&three());
    world.write(
        "config/areas.toml",
        "version = 1\n[set.prov.area.norr]\ntitle = \"Norr\"\nkommuner = [\"0114\", \"0115\"]\n",
    );
    world.edit(
        "pipelines/lokal/pipeline.toml",
        "key = [\"kod\", \"period\"]",
        "key = [\"kod\", \"period\"]\nareas = [\"prov\"]",
    );
    world.ok(&["run", "lokal"]);
    let ran = world.ok(&["trace", "tal", "kod=norr"]);
    let (_, table) = ran.stdout.split_once("fetch rader").unwrap();
    let lines: Vec<&str> = table.lines().skip(1).take(3).collect();
    assert_eq!(lines[0], "  2 rows have kod=0114|0115 period=2024");
    assert!(lines[1].contains("antal=10") && lines[1].contains("kod=0114") && lines[2].contains("kod=0115"));
    let version = world.current("tal").unwrap();
    world.ok(&["replay", "tal", &version]);
}

#[test]
fn what_names_no_row_or_several_is_answered_with_what_would() {
    let world = local(&json!([
        { "kod": "0114", "period": "2023", "antal": 9, "status": null },
        { "kod": "0114", "period": "2024", "antal": 10, "status": null },
        { "kod": "0180", "period": "2024", "antal": 300, "status": null },
    ]));
    world.ok(&["run", "lokal"]);
    let said = |arguments: &[&str]| {
        let ran = world.run(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{arguments:?}");
        ran.stderr
    };
    insta::assert_snapshot!(said(&["trace", "tal", "kod=0114"]), @r"
    error[U0902]: tal [version] has 2 rows with kod=0114
      kod=0114 period=2023
      kod=0114 period=2024
    hint: tell them apart by period
    ");
    insta::assert_snapshot!(said(&["trace", "tal", "kod=0181", "period=2024"]), @r"
    error[U0902]: tal [version] has no row with kod=0181, period=2024
    hint: did you mean kod=0180?
    ");
    insta::assert_snapshot!(said(&["trace", "tal", "kod=stockholm"]), @r"
    error[U0902]: tal [version] has no row with kod=stockholm
    hint: did you mean kod=0180?
    ");
    insta::assert_snapshot!(said(&["trace", "tal", "kod=0180", "period=2023"]), @r"
    error[U0902]: tal [version] has no row with kod=0180, period=2023
    hint: each of the values occurs, but not together
    ");
    insta::assert_snapshot!(said(&["trace", "tal", "kod=0180", "period=1999"]), @r"
    error[U0902]: tal [version] has no row with kod=0180, period=1999
    hint: period has 2023, 2024
    ");
    insta::assert_snapshot!(said(&["trace", "tal", "kodd=0180"]), @r#"
    error[U0902]: tal [version] has no column "kodd"
    hint: did you mean kod?
    "#);
    insta::assert_snapshot!(said(&["trace", "tall", "kod=0180"]), @r#"
    error[U0902]: there is no dataset "tall"
    hint: did you mean tal?
    "#);
    insta::assert_snapshot!(said(&["replay", "tal", "000009-20260101T000000Z-00000000"]), @r#"
    error[U0902]: tal has no version "[version]"
    hint: the newest are [version]
    "#);
    insta::assert_snapshot!(said(&["trace", "tal", "0180"]), @r"
    error[U0901]: invalid value '0180' for '<COLUMN=VALUE>...': write COLUMN=VALUE, such as kod=0180

    For more information, try '--help'.
    ");
}

#[test]
fn a_look_leaves_no_temporary_files() {
    let world = local(&three());
    world.ok(&["run", "lokal"]);
    fs::create_dir(world.path("tmp")).unwrap();
    let version = world.current("tal").unwrap();
    let mut command: Command = world.command(&["replay", "tal", &version]);
    assert!(command.env("TMPDIR", world.path("tmp")).status().unwrap().success());
    assert_eq!(fs::read_dir(world.path("tmp")).unwrap().count(), 0);
}

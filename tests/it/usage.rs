//! What holds for every command: where its settings come from, its help, its
//! streams; and the schemas of the configuration.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use crate::local::{local, three};
use crate::world::{World, copy_folder};

#[test]
fn schemas_are_listed_printed_and_the_shipped_ones_are_fresh() {
    let world = World::new();
    insta::assert_snapshot!(world.ok(&["schema"]).stdout, @r#"
    underlag
    sources
    areas
    pipeline
    "#);
    for name in world.ok(&["schema"]).stdout.lines() {
        let printed = String::from_utf8(world.command(&["schema", name]).output().unwrap().stdout).unwrap();
        let schema: Value = serde_json::from_str(&printed).unwrap();
        assert!(schema["$schema"].is_string(), "{name}");
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/schema/{name}.schema.json"));
        if let Ok(shipped) = fs::read_to_string(&shipped) {
            assert_eq!(printed, shipped, "docs/schema is stale: underlag schema --write docs/schema");
        }
    }
    world.ok(&["schema", "--write", "ut"]);
    assert_eq!(world.read("ut/pipeline.schema.json"), world.ok(&["schema", "pipeline"]).stdout);
    let unknown = world.run(&["schema", "pipelines"]);
    assert_eq!((unknown.code, unknown.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(unknown.stderr, @r#"
    error[U0902]: there is no schema "pipelines"
    hint: there are underlag, sources, areas, pipeline
    "#);
}

#[test]
fn a_code_is_explained_and_the_documents_are_those_that_are_shipped() {
    let world = World::new();
    let page = world.ok(&["explain", "u0402"]).stdout;
    assert!(
        page.starts_with("U0402: more rows are gone than may be\n") && page.contains("\nWhat to do\n  1. "),
        "{page}"
    );
    assert!(world.ok(&["explain"]).stdout.contains("\n  U0402  more rows are gone than may be\n"));
    insta::assert_snapshot!(world.run(&["explain", "U0499"]).stderr, @r#"
    error[U0902]: there is no code "U0499"
    hint: `underlag explain` lists all
    "#);

    world.ok(&["explain", "--write", "ut"]);
    world.ok(&["schema", "--keys", "nycklar.md"]);
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    for (written, shipped) in [("ut/U0402.md", "errors/U0402.md"), ("nycklar.md", "configuration.md")] {
        assert_eq!(world.read(written), fs::read_to_string(docs.join(shipped)).unwrap(), "{shipped} is stale");
    }
    assert_eq!(fs::read_dir(world.path("ut")).unwrap().count(), fs::read_dir(docs.join("errors")).unwrap().count());
}

#[test]
fn flag_beats_environment_beats_file() {
    let world = local(&three());
    world.ok(&["run", "lokal"]);
    // Another configuration, beside the first, with another data folder.
    copy_folder(&world.path("config"), &world.path("annan"));
    world.edit("annan/underlag.toml", "\"../data\"", "\"../annan-data\"");
    let rows = |arguments: &[&str], environment: &[(&str, &str)]| {
        let ran = world.ran(world.command(arguments).envs(environment.iter().copied()).output().unwrap());
        assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.stderr);
        if ran.stdout.contains("tal [version]: 3 rows") {
            "data"
        } else {
            assert!(ran.stdout.contains("tal: not published"), "{}", ran.stdout);
            "nothing"
        }
    };
    assert_eq!(rows(&["status"], &[]), "data");
    for arguments in [["--config", "annan/underlag.toml", "status"], ["status", "--config", "annan/underlag.toml"]] {
        assert_eq!(rows(&arguments, &[]), "nothing");
    }
    for arguments in [["--data-dir", "tom", "status"], ["status", "--data-dir", "tom"]] {
        assert_eq!(rows(&arguments, &[]), "nothing");
    }
    let (config, data) = (("UNDERLAG_CONFIG", "annan/underlag.toml"), ("UNDERLAG_DATA_DIR", "tom"));
    assert_eq!(rows(&["status"], &[config]), "nothing");
    assert_eq!(rows(&["status"], &[data]), "nothing");
    assert_eq!(rows(&["status", "--config", "config/underlag.toml"], &[config]), "data");
    assert_eq!(rows(&["status", "--data-dir", "data"], &[config, data]), "data");
    assert_eq!(rows(&["status"], &[config, ("UNDERLAG_DATA_DIR", "data")]), "data");
}

#[test]
fn no_configuration_and_no_such_file() {
    let world = local(&three());
    fs::remove_dir_all(world.path("config")).unwrap();
    for command in ["check", "plan", "status", "verify", "report"] {
        let ran = world.run(&[command]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{command}");
        insta::allow_duplicates! {
            insta::assert_snapshot!(ran.stderr, @r#"
            error[U0101]: no configuration: neither config/underlag.toml here nor /etc/underlag/underlag.toml exists
            hint: name one with --config FILE, or try `underlag demo`, which needs none
            "#);
        }
    }
    let ran = world.run(&["check", "--config", "finns/inte.toml"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(ran.stderr, @r#"
    error[U0103]: the file can't be read: No such file or directory (os error 2)
    --> finns/inte.toml

    1 problem in 1 file

    error[U0102]: the configuration is refused
    hint: nothing was run; correct the problems above
    "#);
}

#[test]
fn every_command_has_a_help_that_names_its_options() {
    let world = World::new();
    let commands: [(&str, &[&str]); 14] = [
        ("explain", &["[CODE]", "--write"]),
        ("check", &[]),
        ("test", &["[PIPELINES]"]),
        ("plan", &["[PIPELINES]"]),
        ("run", &["[PIPELINES]", "--all", "--force"]),
        ("status", &["--json"]),
        ("history", &["[PIPELINE]", "--json", "--limit"]),
        ("diff", &["<DATASET>", "[OLD]", "[NEW]", "--json", "--output", "--limit"]),
        ("export", &["<DATASET>", "--as-of", "--version", "--area", "--format", "--output", "csv-sv"]),
        ("verify", &[]),
        ("report", &[]),
        ("sandbox", &["--listen", "--calls", "--window", "--max-cells", "--seed"]),
        ("demo", &["--once", "--listen"]),
        ("schema", &["[FILE]", "--write"]),
    ];
    let overview = world.ok(&["--help"]);
    assert_eq!(overview.stderr, "");
    for (command, options) in commands {
        assert!(overview.stdout.contains(&format!("\n  {command} ")), "{command} is not in --help");
        let help = world.ok(&[command, "--help"]);
        assert_eq!(help.stderr, "", "{command}");
        for option in options.iter().chain(&["--config", "--data-dir", "UNDERLAG_CONFIG", "UNDERLAG_DATA_DIR"]) {
            assert!(help.stdout.contains(option), "{command}: {option} is not in\n{}", help.stdout);
        }
    }
    assert!(world.ok(&["--version"]).stdout.starts_with("underlag 0."));
    let unknown = world.run(&["kör"]);
    assert_eq!((unknown.code, unknown.stdout.as_str()), (2, ""));
    assert!(unknown.stderr.starts_with("error[U0901]: "), "{}", unknown.stderr);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let world = local(&three());
    world.ok(&["run", "lokal"]);
    for arguments in [&["schema", "pipeline"][..], &["status"], &["history"], &["verify"], &["run", "--help"]] {
        let mut child = world.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::with_capacity(16, child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(0) && stderr.is_empty(), "{arguments:?}: {:?} {stderr}", output.status);
    }
}

//! Job advertisements through the binary: a year's file and the stream of the
//! moment, with nobody's data anywhere in the data folder.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use serde_json::json;
use underlag::sandbox::ads::INVENTED;

use crate::world::{Sandbox, World};

fn world(sandbox: &Sandbox) -> World {
    let world = World::new();
    let base = sandbox.files.trim_end_matches("/filer");
    world.write(
        "config/sources.toml",
        &format!(
            "version = 1\n\
             [source.historik.historical-ads]\nbase_url = \"{base}/historiska\"\ncredit = \"Arbetsförmedlingen\"\nlicence = \"CC0-1.0\"\n\
             [source.strom.jobstream]\nbase_url = \"{base}/jobstream\"\ncredit = \"Arbetsförmedlingen\"\nlicence = \"CC0-1.0\"\n"
        ),
    );
    let dataset = |name: &str| {
        format!(
            "\n[dataset.{name}]\ntitle = \"Annonser\"\nsql = \"{name}.sql\"\nkey = [\"kod\", \"ssyk\", \"period\"]\n\
             [dataset.{name}.column.ssyk]\ntype = \"text\"\ntitle = \"Yrkesgrupp\"\n\
             [dataset.{name}.column.antal]\ntype = \"int64\"\ntitle = \"Annonser\"\nunit = \"antal\"\nadditive = true\n"
        )
    };
    let toml =
        "version = 1\ntitle = \"Annonser\"\n\n[fetch.ads.historical-ads]\nsource = \"historik\"\nyears = [2023]\n";
    world.write("pipelines/historik/pipeline.toml", &format!("{toml}{}", dataset("annonser")));
    world.write(
        "pipelines/historik/annonser.sql",
        "SELECT 'kommun' AS niva, kommun AS kod, manad AS period, ssyk, annonser AS antal, annonser_status AS antal_status\n\
         FROM ads WHERE kommun IS NOT NULL AND ssyk IS NOT NULL\n",
    );
    let toml = "version = 1\ntitle = \"Annonser nu\"\n\n[fetch.ads.jobstream]\nsource = \"strom\"\n";
    world.write("pipelines/nu/pipeline.toml", &format!("{toml}{}", dataset("nu")));
    world.write(
        "pipelines/nu/nu.sql",
        "SELECT 'kommun' AS niva, kommun AS kod, '2026' AS period, ssyk, count(*) AS antal, 'observed' AS antal_status\n\
         FROM ads WHERE kommun IS NOT NULL AND ssyk IS NOT NULL GROUP BY kommun, ssyk\n",
    );
    world
}

/// Every file below the data folder, as it lies there and unpacked.
fn each_file(folder: &Path, look: &mut dyn FnMut(&Path, &[u8])) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            each_file(&path, look);
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        look(&path, &bytes);
        if path.extension().is_some_and(|extension| extension == "zst") {
            let mut unpacked = Vec::new();
            zstd::stream::read::Decoder::new(bytes.as_slice()).unwrap().read_to_end(&mut unpacked).unwrap();
            look(&path, &unpacked);
        }
    }
}

fn nobody_is_there(world: &World) {
    let mut files = 0;
    each_file(&world.path("data"), &mut |path, bytes| {
        files += 1;
        for word in INVENTED {
            let found = bytes.windows(word.len()).any(|window| window == word.as_bytes());
            assert!(!found, "{word} is in {}", path.display());
        }
    });
    assert!(files > 0, "{files}");
}

#[test]
fn a_year_is_counted_replayed_and_holds_nobody() {
    let sandbox = Sandbox::start();
    let world = world(&sandbox);
    let ran = world.ok(&["run", "historik"]);
    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert!(said.contains("2023: 990 advertisements, 10 that came again left out"), "{said}");
    let rows = world.rows("annonser");
    let sum: u64 = rows.iter().map(|row| row["antal"].parse::<u64>().unwrap()).sum();
    assert!((900..990).contains(&sum), "{sum}: all but those without a kommun or a group");
    assert!(rows.iter().all(|row| row["period"].starts_with("2023M") && row["ssyk"].len() == 4));
    nobody_is_there(&world);
    for word in INVENTED {
        assert!(!said.contains(word), "{word} is in what was said");
    }
    let answer = &world.manifest("annonser")["sources"]["ads"]["answers"][0];
    assert_eq!(answer["original"]["hash"].as_str().unwrap().len(), 64, "{answer}");
    world.ok(&["verify"]);
    let version = world.current("annonser").unwrap();
    world.ok(&["replay", "annonser", &version]);

    // Half a file, or a page in its place: the version stays, and nothing of it is kept.
    for kind in ["truncate", "drop", "html200"] {
        sandbox.behave();
        sandbox.fault(json!({"path_contains": "2023", "kind": "revise"}));
        sandbox.fault(json!({"path_contains": "2023", "kind": kind, "after": 1}));
        let ran = world.run(&["run", "historik"]);
        assert_eq!(ran.code, 1, "{kind}: {}{}", ran.stdout, ran.stderr);
        assert_eq!(world.current("annonser"), Some(version.clone()));
        nobody_is_there(&world);
    }
    sandbox.behave();
    sandbox.forget_calls();
    let ran = world.ok(&["run", "historik"]);
    let bodies = sandbox.calls().iter().filter(|call| call["method"] == "GET" && call["status"] == 200).count();
    assert_eq!(bodies, 0, "an unchanged year is not sent again: {}", ran.stdout);
}

#[test]
fn the_stream_goes_on_from_what_was_published() {
    let sandbox = Sandbox::start();
    let world = world(&sandbox);
    world.ok(&["run", "nu"]);
    assert!(world.rows("nu").len() > 200);
    nobody_is_there(&world);
    sandbox.forget_calls();
    world.ok(&["run", "nu"]);
    let snapshots = sandbox.calls().iter().filter(|call| call["path"].as_str().unwrap().contains("snapshot")).count();
    assert_eq!(snapshots, 0, "only changes are asked for: {:?}", sandbox.calls());
    let version = world.current("nu").unwrap();
    world.ok(&["replay", "nu", &version]);

    let other = self::world(&sandbox);
    sandbox.fault(json!({"path_contains": "snapshot", "kind": "truncate"}));
    let ran = other.run(&["run", "nu"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("it is cut off within advertisement"), "{}", ran.stderr);
    nobody_is_there(&other);
}

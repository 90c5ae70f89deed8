//! The sandbox as a program: misbehaviour from a file, a note of every call,
//! and recorded answers.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use serde_json::{Value, json};
use underlag::fetch::Method;
use underlag::sandbox::replay::{Recorded, Recorder};

use crate::people::people;
use crate::world::{Sandbox, World, http};

#[test]
fn what_a_source_can_do_wrong_is_survived_or_told() {
    let world = World::new();
    // In the order in which a run meets them; all but the last pass.
    world.write(
        "faults.toml",
        "[[fault]]\nkind = \"latency\"\ndelay_ms = 5\n\n\
         [[fault]]\npath_contains = \"/config\"\nkind = \"status\"\nstatus = 429\nretry_after = \"1\"\ntimes = 1\n\n\
         [[fault]]\npath_contains = \"TAB6471?\"\nkind = \"status\"\nstatus = 429\ntimes = 1\n\n\
         [[fault]]\npath_contains = \"/metadata\"\nkind = \"reset\"\ntimes = 1\n\n\
         [[fault]]\npath_contains = \"/data\"\nkind = \"status\"\nstatus = 502\nevery = 4\n\n\
         [[fault]]\npath_contains = \"/data\"\nkind = \"drop\"\ntimes = 1\n",
    );
    let faults = world.path("faults.toml");
    let noted = world.path("calls.jsonl");
    let options = [
        "--calls",
        "0",
        "--max-cells",
        "500",
        "--faults",
        faults.to_str().unwrap(),
        "--record-calls",
        noted.to_str().unwrap(),
    ];
    let sandbox = Sandbox::start_with(&options);
    let folk = people(&sandbox);
    folk.edit("config/underlag.toml", "max_tries = 3\n", "max_tries = 3\nmax_decompressed = \"8MiB\"\n");
    let ran = folk.ok(&["run", "folk"]);
    assert!(ran.stdout.starts_with("folk           published"), "{}", ran.stdout);
    sandbox.forget_calls();
    let calls: Vec<Value> = world.read("calls.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let statuses = |status: u16| calls.iter().filter(|call| call["status"] == status).count();
    assert_eq!((statuses(429), statuses(502)), (2, 2), "{calls:?}");
    assert!(calls.iter().any(|call| call["body"].as_str().is_some_and(|body| body.contains("selection"))));

    // What no second try mends: each is told by its name, and nothing is published.
    let before = folk.current("folk_kommun");
    let mut told = String::new();
    for kind in ["html200", "truncate", "charset", "bomb", "short_value", "late_release", "revise"] {
        sandbox.behave();
        sandbox.fault(json!({ "kind": "revise" }));
        let struck = if kind == "late_release" { "" } else { "/data" };
        sandbox.fault(json!({ "kind": kind, "path_contains": struck }));
        let ran = folk.run(&["run", "folk"]);
        told.push_str(&format!("{kind}: {}\n{}", ran.code, ran.stderr));
        if ran.code != 0 {
            assert_eq!(folk.current("folk_kommun"), before, "{kind}");
        }
        std::fs::remove_dir_all(folk.path("data/stage")).unwrap();
    }
    insta::assert_snapshot!(told, @r#"
    html200: 1
    error[U0205]: pipeline folk: fetch folk: scb: POST http://127.0.0.1:[port]/pxweb/api/v2/tables/TAB6471/data?lang=sv&outputFormat=json-stat2 was answered with text/html; charset=utf-8 instead of JSON; it begins "<!DOCTYPE html> <html lang=\"sv\"><head><title>Underhåll pågår</title></head><body…"
    hint: a proxy or maintenance page may be answering in the API's place
    truncate: 1
    error[U0301]: pipeline folk: fetch folk: scb: POST http://127.0.0.1:[port]/pxweb/api/v2/tables/TAB6471/data?lang=sv&outputFormat=json-stat2: the body is cut off or broken at byte 2955: EOF while parsing a value
    hint: run again later; if it stays so, the source has changed its answers (this one is kept as archive/objects/[hash].zst)
    charset: 1
    error[U0301]: pipeline folk: fetch folk: scb: POST http://127.0.0.1:[port]/pxweb/api/v2/tables/TAB6471/data?lang=sv&outputFormat=json-stat2: the body is cut off or broken at byte 50: invalid unicode code point
    hint: run again later; if it stays so, the source has changed its answers (this one is kept as archive/objects/[hash].zst)
    bomb: 1
    error[U0207]: pipeline folk: fetch folk: scb: the answer of http://127.0.0.1:[port]/pxweb/api/v2/tables/TAB6471/data?lang=sv&outputFormat=json-stat2 unpacks to more than the 8388608 bytes allowed
    hint: ask for less at a time, or raise max_decompressed
    short_value: 1
    error[U0302]: pipeline folk: fetch folk: scb: POST http://127.0.0.1:[port]/pxweb/api/v2/tables/TAB6471/data?lang=sv&outputFormat=json-stat2: the cube is [39, 2, 3, 1, 2] = 468 cells, but `value` holds 467
    hint: run again later; if it stays so, the source has changed its answers (this one is kept as archive/objects/[hash].zst)
    late_release: 0
    revise: 0
    "#);
}

#[test]
fn a_file_of_faults_with_a_mistake_is_refused() {
    let world = World::new();
    world.write("faults.toml", "[[fault]]\nkind = \"explode\"\n");
    let ran = world.run(&["sandbox", "--faults", "faults.toml"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert!(ran.stderr.starts_with("error[U0901]: faults.toml: "), "{}", ran.stderr);
    assert!(ran.stderr.contains("unknown variant `explode`"), "{}", ran.stderr);
    let gone = world.run(&["sandbox", "--faults", "gone.toml"]);
    assert_eq!(gone.stderr, "error[U0901]: gone.toml: No such file or directory (os error 2)\n");
    let none = world.run(&["sandbox", "--replay", "gone"]);
    assert_eq!(
        none.stderr,
        "error[U0906]: could not read the recording gone/index.jsonl: No such file or directory (os error 2)\n"
    );
}

/// `underlag sandbox --replay`, and the address that it gives for `scb`.
struct Replaying(Child, String);

impl Replaying {
    fn start(world: &World) -> Self {
        let mut command = world.command(&["sandbox", "--replay", "recording"]);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.strip_prefix("scb ").unwrap_or_else(|| panic!("{line:?}")).trim().to_owned();
        Self(child, url)
    }
}

impl Drop for Replaying {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_recording_gives_the_same_data_as_its_source() {
    let sandbox = Sandbox::start_with(&["--calls", "0", "--max-cells", "500"]);
    let world = people(&sandbox);
    world.ok(&["run", "folk"]);
    // Every call of the run once more, into a recording.
    let calls = sandbox.calls();
    let mut recorder = Recorder::create(&world.path("recording")).unwrap();
    let address = sandbox.pxweb.trim_start_matches("http://").split('/').next().unwrap();
    for call in &calls {
        let (method, path) = (call["method"].as_str().unwrap(), call["path"].as_str().unwrap());
        let answer = http(address, method, path, call["body"].as_str().unwrap_or_default());
        let recorded = Recorded {
            format: 1,
            source: "scb".to_owned(),
            kind: "pxweb".to_owned(),
            base_url: sandbox.pxweb.clone(),
            method: if method == "POST" { Method::Post } else { Method::Get },
            path: path.strip_prefix("/pxweb/api/v2").unwrap().to_owned(),
            request_body: call["body"].as_str().map(str::to_owned),
            status: 200,
            headers: [("content-type".to_owned(), "application/json".to_owned())].into(),
            fetched_at: "2026-11-23T08:00:00Z".parse().unwrap(),
            file: String::new(),
        };
        recorder.add(&recorded, answer.split_once("\r\n\r\n").unwrap().1.as_bytes()).unwrap();
    }
    let pxweb = sandbox.pxweb.clone();
    let (mut rows, version) = (world.rows("folk_kommun"), world.manifest("folk_kommun")["content_hash"].clone());
    drop(sandbox);

    let replaying = Replaying::start(&world);
    let sources = world.read("config/sources.toml").replace(&pxweb, &replaying.1);
    world.write("config/sources.toml", &sources);
    world.ok(&["run", "folk", "--data-dir", "again"]);
    let _ = &mut rows;
    let again = world.path("again/datasets/folk_kommun");
    let target = std::fs::read_link(again.join("current")).unwrap();
    let manifest = std::fs::read_to_string(again.join(target).join("../manifest.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&manifest).unwrap()["content_hash"], version);

    // What was not recorded is named.
    world.edit("pipelines/folk/pipeline.toml", "\"TOP(2)\"", "\"TOP(3)\"");
    let ran = world.run(&["run", "folk", "--data-dir", "third"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr.contains("404 Not Found: the recording has no answer to POST /tables/TAB6471/data"),
        "{}",
        ran.stderr
    );
}

//! A disk that fills up, wherever a run may be by then: nothing half-made is
//! seen, the text says what is wrong, and with room the next run completes.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use insta::assert_snapshot;
use serde_json::json;

use crate::world::{Ran, Sandbox, World};

const PIPELINE: &str = r#"
version = 1
title = "Befolkning"

[fetch.folk.pxweb]
source = "scb"
table = "TAB6471"
select = { Region = "*", Alder = ["0-9", "10-19"], Kon = ["1", "2"], Tid = "TOP(1)" }
rename = { Region = "kod", Tid = "period" }
measures = { "000007SF" = "folkmangd" }

[dataset.befolkning]
title = "Folkmängd"
description = "Efter region, ålder och kön."
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
"#;

const QUERY: &str = "
SELECT
    CASE WHEN kod = '00' THEN 'riket' WHEN character_length(kod) = 2 THEN 'lan' ELSE 'kommun' END AS niva,
    kod, period, alder, kon, folkmangd, folkmangd_status
FROM folk
";

fn world(sandbox: &Sandbox) -> World {
    let world = World::new().with_sandbox(sandbox);
    world.write("pipelines/befolkning/pipeline.toml", PIPELINE);
    world.write("pipelines/befolkning/befolkning.sql", QUERY);
    world
}

/// A shell in a mount namespace of its own, where the data folder is a small disk in memory.
struct SmallDisk<'a> {
    world: &'a World,
    shell: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl<'a> SmallDisk<'a> {
    /// `None`, with a word about it, where the system allows no such namespace.
    fn mount(world: &'a World, size: &str) -> Option<Self> {
        fs::create_dir(world.path("data")).unwrap();
        for namespaces in ["-m", "-rm"] {
            let mut unshare = world.tool("unshare");
            unshare.args([namespaces, "sh"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
            let Ok(mut shell) = unshare.spawn() else { continue };
            let (orders, answers) = (shell.stdin.take().unwrap(), BufReader::new(shell.stdout.take().unwrap()));
            let mut disk = Self { world, shell, orders, answers };
            if disk.sh(&format!("mount -t tmpfs -o size={size} tmpfs data")).is_some_and(|(code, _)| code == 0) {
                return Some(disk);
            }
        }
        println!("skipped: no mount namespace can be had here");
        None
    }

    /// Exit code and stdout of some commands; `None` when the shell has gone.
    fn sh(&mut self, commands: &str) -> Option<(i32, String)> {
        writeln!(self.orders, "{{ {commands}\n}}\necho \"[ended $?]\"").ok()?;
        let mut out = String::new();
        loop {
            let mut line = String::new();
            if self.answers.read_line(&mut line).ok()? == 0 {
                return None;
            }
            match line.strip_prefix("[ended ").and_then(|rest| rest.trim_end().strip_suffix(']')) {
                Some(code) => return Some((code.parse().unwrap(), out)),
                None => out.push_str(&line),
            }
        }
    }

    fn underlag(&mut self, arguments: &str) -> Ran {
        let (code, _) = self.sh(&format!("\"$UNDERLAG\" {arguments} >stdout 2>stderr")).unwrap();
        let said = |name: &str| self.world.same(&self.world.read(name));
        Ran { code, stdout: said("stdout"), stderr: said("stderr") }
    }

    /// Leaves so much room, in KiB.
    fn fill(&mut self, leave: u32) {
        let fill = format!(
            "rm -f data/ballast; free=$(df -k --output=avail data | tail -n 1)\n\
             head -c $(( (free - {leave}) * 1024 )) /dev/zero >data/ballast"
        );
        assert_eq!(self.sh(&fill).unwrap().0, 0);
    }

    fn current(&mut self) -> String {
        self.sh("readlink data/datasets/befolkning/current").unwrap().1
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}

/// Which part of the work an error text is about.
fn step(stderr: &str) -> &'static str {
    let steps = [
        ("published befolkning", "record"),
        ("/versioner/", "publish"),
        ("/stage/", "stage"),
        ("/archive/", "archive"),
        ("ledger", "ledger"),
    ];
    steps.iter().find(|(word, _)| stderr.contains(word)).unwrap_or_else(|| panic!("{stderr}")).1
}

/// In which county's file the room ends is chance, and whether a line of the journal was cut before.
fn without_chance(text: &str) -> String {
    let error = &text[text.find("error[").unwrap()..];
    regex::Regex::new(r"lan-\d\d").unwrap().replace_all(error, "lan-[nn]").into_owned()
}

#[test]
fn a_disk_that_fills_up_at_every_step() {
    let sandbox = Sandbox::start();
    let world = world(&sandbox);
    let Some(mut disk) = SmallDisk::mount(&world, "3m") else { return };
    assert_eq!(disk.underlag("run befolkning").code, 0);
    let first = disk.current();
    sandbox.fault(json!({ "kind": "revise" }));

    let mut steps = BTreeSet::new();
    let mut leave = 0;
    loop {
        disk.fill(leave);
        let ran = disk.underlag("run befolkning");
        if ran.code == 0 {
            break;
        }
        let text = &ran.stderr;
        assert_eq!(ran.code, 1, "with {leave} KiB: {}\n{text}", ran.stdout);
        let named = ["No space left on device (os error 28)", "disk is full", "disk I/O error"];
        assert!(
            named.iter().any(|words| text.contains(words)) && text.contains("\nhint: "),
            "with {leave} KiB: {text}"
        );
        assert!(!text.contains("panicked"), "{text}");
        // The pointer moves whole or not at all, and when it did the text says so.
        assert_eq!(disk.current() != first, step(text) == "record", "with {leave} KiB: {text}");
        let verify = disk.underlag("verify");
        assert_eq!(verify.code, 0, "with {leave} KiB: {}{}", verify.stdout, verify.stderr);
        assert!(text.contains("free space"), "with {leave} KiB: {text}");
        if steps.insert(step(text)) && step(text) == "publish" {
            assert_snapshot!(without_chance(text), @r"
            error[U0601]: pipeline befolkning: could not write [world]/data/stage/befolkning/versioner/befolkning/[version]/data/lan-[nn]/[version].parquet: No space left on device (os error 28)
            hint: the disk is full: free space and run again; what was published before is untouched
            ");
        }
        if step(text) == "record" {
            break;
        }
        leave += 8;
    }
    eprintln!("a full disk was met at {steps:?}, the last time with {leave} KiB left");
    assert!(["ledger", "archive", "publish"].iter().all(|step| steps.contains(step)), "{steps:?}");

    disk.sh("rm data/ballast").unwrap();
    assert_eq!(disk.underlag("run befolkning").code, 0);
    assert_ne!(disk.current(), first);
    assert_eq!(disk.sh("ls data/datasets/befolkning/versions").unwrap().1.lines().count(), 2);
    let verify = disk.underlag("verify");
    assert_eq!(verify.code, 0, "{}{}", verify.stdout, verify.stderr);
    assert_eq!(disk.sh("ls data/stage").unwrap().1, "", "nothing of the failed runs is left");
}

/// The program where no file may grow beyond so many KiB.
fn limited(world: &World, kib: u32) -> Ran {
    let mut shell: Command = world.tool("sh");
    // Blocks are of 512 bytes; without the trap the signal would end the program before the error could.
    shell.args(["-c", &format!("trap '' XFSZ; ulimit -f {}; exec \"$UNDERLAG\" run befolkning", kib * 2)]);
    world.ran(shell.output().unwrap())
}

#[test]
fn a_limit_on_file_size_met_while_publishing() {
    let sandbox = Sandbox::start();
    let world = world(&sandbox);
    // Of all that a run writes, only the manifest and the descriptor hold the description.
    let long = "Efter region, ålder och kön. ".repeat(20_000);
    world.edit("pipelines/befolkning/pipeline.toml", "Efter region, ålder och kön.", &long);
    world.ok(&["run", "befolkning"]);
    let first = world.current("befolkning").unwrap();
    sandbox.fault(json!({ "kind": "revise" }));

    for (kib, expected) in [(4, "ledger"), (200, "publish")] {
        let ran = limited(&world, kib);
        assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
        assert_eq!(step(&ran.stderr), expected, "{}", ran.stderr);
        if expected == "publish" {
            assert_snapshot!(ran.stderr, @r"
            error[U0601]: pipeline befolkning: could not write [world]/data/stage/befolkning/versioner/befolkning/[version]/manifest.json: File too large (os error 27)
            hint: the system limits how large a file may be (ulimit -f, LimitFSIZE): raise that and run again
            ");
        }
        assert_eq!(world.current("befolkning").as_ref(), Some(&first));
        assert_eq!(world.versions("befolkning"), [first.as_str()]);
        world.ok(&["verify"]);
    }
    // What was fetched before the failure is not asked for again.
    sandbox.forget_calls();
    world.ok(&["run", "befolkning"]);
    assert!(sandbox.calls().iter().all(|call| call["method"] != "POST"));
    assert_ne!(world.current("befolkning").unwrap(), first);
    world.ok(&["verify"]);
}

#[test]
fn a_ledger_that_fails_after_the_pointer_moved() {
    let sandbox = Sandbox::start();
    let world = world(&sandbox);
    world.ok(&["run", "befolkning"]);
    let first = world.current("befolkning").unwrap();
    sandbox.fault(json!({ "kind": "revise" }));
    let ledger = rusqlite::Connection::open(world.path("data/ledger.sqlite")).unwrap();
    let full = "BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END";
    ledger.execute_batch(&format!("CREATE TRIGGER full BEFORE INSERT ON pipeline_state {full}")).unwrap();

    let ran = world.run(&["run", "befolkning"]);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    assert_snapshot!(ran.stderr, @r"
    error[U0610]: pipeline befolkning: published befolkning [version], but could not record it: could not use ledger.sqlite: database or disk is full
    hint: readers see the new version; free space and run again: it will be found unchanged
    ");
    let second = world.current("befolkning").unwrap();
    assert_ne!(second, first);
    world.ok(&["verify"]);
    assert!(world.ok(&["history"]).stdout.contains("published befolkning [version], but could not record it"));

    ledger.execute_batch("DROP TRIGGER full").unwrap();
    let again = world.ok(&["run", "befolkning"]).stdout;
    assert!(again.starts_with("befolkning     unchanged"), "{again}");
    assert_eq!(world.current("befolkning").unwrap(), second);
    assert_eq!(world.versions("befolkning"), [first, second]);
}

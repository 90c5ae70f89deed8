//! The daemon from outside: what it runs and when, what it says to systemd, how it takes another configuration, and
//! how it ends.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::net::UnixDatagram;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use insta::assert_snapshot;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::people::{DATASETS, people};
use crate::world::{Sandbox, World, http, pause};

/// A daemon under way, ended when the test ends.
struct Daemon {
    child: Child,
    /// Where its pages are.
    address: String,
    stderr: Option<ChildStderr>,
    /// What systemd would have heard.
    heard: Arc<Mutex<Vec<String>>>,
}

impl Daemon {
    fn start(world: &World) -> Self {
        let path = world.path("notify");
        let _ = fs::remove_file(&path);
        let socket = UnixDatagram::bind(&path).unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        std::thread::spawn({
            let heard = Arc::clone(&heard);
            move || {
                let mut buffer = [0; 4096];
                while let Ok(length) = socket.recv(&mut buffer) {
                    let lines = String::from_utf8_lossy(&buffer[..length]);
                    heard.lock().unwrap().extend(lines.lines().map(str::to_owned));
                }
            }
        });
        let mut command = world.command(&["daemon"]);
        command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "30000000").env("UNDERLAG_LOG", "info");
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let Some(address) = line.trim().strip_prefix("site: http://").map(|rest| rest.trim_end_matches('/').to_owned())
        else {
            let out = child.wait_with_output().unwrap();
            panic!("the daemon did not start: {line:?} {}", String::from_utf8_lossy(&out.stderr));
        };
        let stderr = child.stderr.take();
        Self { child, address, stderr, heard }
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// The exit code and the log.
    fn ended(&mut self) -> (i32, String) {
        let code = self.child.wait().unwrap().code().unwrap_or(-1);
        let log = std::io::read_to_string(self.stderr.take().unwrap()).unwrap();
        (code, log)
    }

    fn stop(&mut self) -> (i32, String) {
        self.signal("-TERM");
        self.ended()
    }

    /// Everything that systemd was told so far.
    fn told(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until something holds; a test that waits for nothing fails.
fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_mins(2), "waited in vain: {what}");
        pause(50);
    }
}

fn scheduled(sandbox: &Sandbox, schedule: &str) -> World {
    let world = people(sandbox);
    world.edit("config/underlag.toml", "[publisher]", "[server]\nlisten = \"127.0.0.1:0\"\n[publisher]");
    let toml = world.read("pipelines/folk/pipeline.toml");
    world.write(
        "pipelines/folk/pipeline.toml",
        &toml.replace("\n[fetch.", &format!("\n[schedule]\n{schedule}\n\n[fetch.")),
    );
    world
}

fn ledger(world: &World) -> Connection {
    let connection = Connection::open(world.path("data/ledger.sqlite")).unwrap();
    connection.busy_timeout(Duration::from_secs(10)).unwrap();
    connection
}

/// State, count and reason of every slot of a pipeline, oldest first.
fn slots(world: &World, pipeline: &str) -> Vec<(String, i64, String)> {
    let ledger = ledger(world);
    let mut statement =
        ledger.prepare("SELECT state, count, why FROM slot WHERE pipeline = ?1 ORDER BY due_at").unwrap();
    let rows = statement.query_map([pipeline], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

fn runs(world: &World) -> Vec<Value> {
    let history = world.ok(&["history", "--json"]);
    let Value::Array(runs) = serde_json::from_str(&history.stdout).unwrap() else { panic!("{}", history.stdout) };
    runs
}

fn shown(world: &World) -> Value {
    serde_json::from_str(&world.read("data/daemon.json")).unwrap()
}

/// As if the daemon had stopped so many days ago.
fn was_down_for(world: &World, days: i64) {
    let since = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24 * days);
    let changed = ledger(world).execute("UPDATE schedule SET seen_until = ?1", [since.to_string()]).unwrap();
    assert!(changed > 0);
}

#[test]
fn a_new_pipeline_waits_for_its_slot_and_what_was_missed_is_made_up_once() {
    let sandbox = Sandbox::start();
    let world = scheduled(&sandbox, "cron = \"0 3 * * *\"\nmissed = \"latest\"");
    let mut daemon = Daemon::start(&world);
    until("ready", || daemon.told().iter().any(|line| line == "READY=1").then_some(()));
    until("the first look", || daemon.told().iter().any(|line| line == "WATCHDOG=1").then_some(()));
    let shown = shown(&world);
    assert_eq!((&shown["ready"], &shown["pipelines"]["folk"]["next_why"]), (&json!(true), &json!("cron")));
    until("the word", || {
        daemon.told().iter().any(|line| line.starts_with("STATUS=0 running; next folk ")).then_some(())
    });
    assert!(http(&daemon.address, "GET", "/healthz", "").ends_with("ok\n"));
    let (code, log) = daemon.stop();
    assert_eq!(code, 0, "{log}");
    until("the word", || daemon.told().iter().any(|line| line == "STOPPING=1").then_some(()));
    // Nothing was due.
    assert_eq!((runs(&world).len(), slots(&world, "folk")), (0, Vec::new()), "{log}");

    was_down_for(&world, 3);
    let mut daemon = Daemon::start(&world);
    until("the made-up run", || {
        (world.current(DATASETS[1]).is_some() && slots(&world, "folk").iter().any(|slot| slot.0 == "handled"))
            .then_some(())
    });
    let (code, log) = daemon.stop();
    assert_eq!(code, 0, "{log}");
    let slots = slots(&world, "folk");
    assert_eq!(slots.iter().map(|slot| slot.1).sum::<i64>(), 3, "{slots:?}");
    assert_eq!(slots.last().unwrap().0, "handled", "{slots:?}");
    assert!(slots[..slots.len() - 1].iter().all(|slot| slot.0 == "skipped" && !slot.2.is_empty()), "{slots:?}");
    assert_eq!(runs(&world).len(), 1);
    world.ok(&["verify"]);
}

#[test]
fn what_follows_runs_when_the_other_published_also_by_hand() {
    let sandbox = Sandbox::start();
    let world = scheduled(&sandbox, "cron = \"0 3 1 1 *\"");
    world.write(
        "pipelines/efter/pipeline.toml",
        "version = 1\ntitle = \"Efter\"\n[schedule]\nafter = [\"folk\"]\n[input.folk]\ndataset = \"folk_lan\"\n\
         [dataset.efter]\ntitle = \"Efter\"\nsql = \"efter.sql\"\nkey = [\"kod\", \"kon\", \"period\"]\n\
         [dataset.efter.column.kon]\ntype = \"text\"\ntitle = \"Kön\"\n\
         [dataset.efter.column.folkmangd]\ntype = \"int64\"\ntitle = \"Folkmängd\"\nunit = \"antal\"\n",
    );
    world.write(
        "pipelines/efter/efter.sql",
        "SELECT niva, kod, kon, period, folkmangd, folkmangd_status FROM folk WHERE alder = 'TotSA'\n",
    );
    let checked = world.run(&["check"]);
    assert_eq!(checked.code, 0, "{}", checked.stderr);
    let mut daemon = Daemon::start(&world);
    // The daemon holds no lock while nothing runs.
    world.ok(&["run", "folk", "--wait=30s"]);
    let followed = || slots(&world, "efter").into_iter().find(|slot| slot.0 == "handled" || slot.0 == "failed");
    let slot = until("the run after it", followed);
    let (_, log) = daemon.stop();
    assert_eq!((slot.0.as_str(), slot.2.as_str()), ("handled", "after folk"), "{log}");
    assert!(world.current("efter").is_some());
}

#[test]
fn an_edit_is_taken_whole_or_not_at_all() {
    let sandbox = Sandbox::start();
    let world = scheduled(&sandbox, "cron = \"0 3 1 1 *\"");
    let mut daemon = Daemon::start(&world);
    let before = shown(&world)["pipelines"]["folk"]["next_due"].clone();
    world.edit("pipelines/folk/pipeline.toml", "0 3 1 1 *", "0 3 1 1");
    let refused = until("the refusal", || shown(&world)["configuration"]["refused"].as_str().map(str::to_owned));
    assert_snapshot!(world.same(&refused), @r#"
    error[U0108]: "0 3 1 1" has 4 fields, and a schedule has five
     --> pipelines/folk/pipeline.toml:5:8
      |
    5 | cron = "0 3 1 1"
      |        ^^^^^^^^^
      |
      = hint: five fields: minute, hour, day of month, month, day of week; "5 8 * * *" is every day at 08:05

    1 problem in 1 file
    "#);
    assert_eq!(shown(&world)["pipelines"]["folk"]["next_due"], before);
    until("the word", || daemon.told().iter().any(|line| line == "RELOADING=1").then_some(()));

    world.edit("pipelines/folk/pipeline.toml", "0 3 1 1", "0 4 1 1 *");
    until("the new configuration", || {
        (shown(&world)["configuration"]["changed"] == json!("changed folk")).then_some(())
    });
    assert_eq!(shown(&world)["configuration"]["refused"], Value::Null);
    assert_ne!(shown(&world)["pipelines"]["folk"]["next_due"], before);

    // What only a start takes up is refused whole.
    world.edit("config/underlag.toml", "127.0.0.1:0", "127.0.0.1:1");
    daemon.signal("-HUP");
    let refused = until("the refusal", || shown(&world)["configuration"]["refused"].as_str().map(str::to_owned));
    assert_snapshot!(refused, @r"
    error[U0119]: [server] listen can't change while the daemon runs
    hint: restart it: systemctl restart underlag
    ");
    let (code, log) = daemon.stop();
    assert_eq!(code, 0);
    assert!(log.contains("the configuration is in force: changed folk"), "{log}");
}

#[test]
fn told_to_stop_it_keeps_what_it_has_and_the_next_goes_on_from_there() {
    let sandbox = Sandbox::start_with(&["--calls", "0", "--max-cells", "500"]);
    let world = scheduled(&sandbox, "cron = \"0 3 * * *\"");
    Daemon::start(&world).stop();
    was_down_for(&world, 2);
    sandbox.fault(json!({ "kind": "delay", "delay_ms": 400 }));
    let mut daemon = Daemon::start(&world);
    let data = |calls: &[Value]| calls.iter().filter(|call| call["path"].as_str().unwrap().contains("/data")).count();
    until("two answers", || (data(&sandbox.calls()) >= 2).then_some(()));
    let begun = Instant::now();
    let (code, log) = daemon.stop();
    assert_eq!(code, 0, "{log}");
    assert!(begun.elapsed() < Duration::from_secs(20), "{log}");
    assert!(log.contains("the program is shutting down"), "{log}");
    assert!(!log.contains("ERROR"), "{log}");
    assert_eq!(runs(&world)[0]["outcome"], json!("interrupted"), "{log}");
    assert!(world.current(DATASETS[0]).is_none());
    let answered = data(&sandbox.calls());

    sandbox.behave();
    sandbox.forget_calls();
    let mut daemon = Daemon::start(&world);
    until("the rest", || world.current(DATASETS[1]));
    daemon.stop();
    let rest = data(&sandbox.calls());
    let reused = runs(&world)[0]["reused"].as_u64().unwrap();
    assert!(reused >= answered as u64 - 1 && reused > 0, "{reused} reused of {answered}");
    assert!(rest > 0);
    world.ok(&["verify"]);
}

#[test]
fn told_twice_it_ends_at_once_and_nothing_is_lost() {
    let sandbox = Sandbox::start();
    let world = scheduled(&sandbox, "cron = \"0 3 * * *\"");
    Daemon::start(&world).stop();
    was_down_for(&world, 2);
    sandbox.fault(json!({ "kind": "delay", "delay_ms": 20_000 }));
    let mut daemon = Daemon::start(&world);
    until("a call", || (!sandbox.calls().is_empty()).then_some(()));
    let begun = Instant::now();
    daemon.signal("-TERM");
    until("that it heard", || daemon.told().iter().any(|line| line == "STOPPING=1").then_some(()));
    daemon.signal("-INT");
    let (code, log) = daemon.ended();
    assert_eq!(code, 0, "{log}");
    assert!(begun.elapsed() < Duration::from_secs(10), "{log}");
    sandbox.behave();
    let mut daemon = Daemon::start(&world);
    until("the run", || world.current(DATASETS[1]));
    daemon.stop();
    world.ok(&["verify"]);
}

/// Whether somebody is told of it as late, and how.
fn told_late(world: &World, pipeline: &str) -> Option<(String, String)> {
    let sql = "SELECT state, text FROM condition WHERE matter = 'late' AND subject = ?1";
    let subject = format!("pipeline {pipeline}");
    ledger(world).query_row(sql, [subject], |row| Ok((row.get(0)?, row.get(1)?))).ok()
}

#[test]
fn a_release_that_has_not_come_is_late_everywhere_until_it_comes() {
    let sandbox = Sandbox::start_with(&["--updated", "2026-06-08T06:00:00Z", "--calls", "0"]);
    let world = people(&sandbox);
    world.edit("config/underlag.toml", "[publisher]", "[server]\nlisten = \"127.0.0.1:0\"\n[publisher]");
    world.ok(&["run", "folk"]);
    let version = world.current(DATASETS[1]);
    let toml = world.read("pipelines/folk/pipeline.toml");
    let waiting = |date: &str| toml.replacen("\n[fetch.", &format!("\n[release]\ndates = [\"{date}\"]\n\n[fetch."), 1);
    world.write("pipelines/folk/pipeline.toml", &waiting("2026-06-09"));
    let mut daemon = Daemon::start(&world);
    let (state, text) = until("the word of it", || told_late(&world, "folk"));
    assert_eq!(state, "raised");
    assert!(text.ends_with(": the release expected 2026-06-09 06:00 UTC has not come"), "{text}");
    until("it is shown", || shown(&world)["pipelines"]["folk"]["late_since"].is_string().then_some(()));
    let status = world.ok(&["status"]).stdout;
    assert!(status.contains("the release expected"), "{status}");
    let metrics = until("the metrics", || {
        let metrics = http(&daemon.address, "GET", "/metrics", "");
        metrics.contains("underlag_pipeline_late{pipeline=\"folk\"} 1").then_some(metrics)
    });
    assert!(!metrics.contains("underlag_dataset_release_overdue_seconds{pipeline=\"folk\",dataset=\"folk_lan\"} 0"));
    assert!(http(&daemon.address, "GET", "/status/pipelines/folk", "").contains("has not come"));
    assert_eq!(world.current(DATASETS[1]), version, "the last good edition stays");
    // The next edition is dated a day later: it is what was waited for, whoever fetches it.
    sandbox.fault(json!({ "kind": "revise" }));
    world.ok(&["run", "folk", "--wait"]);
    until("its end is told", || told_late(&world, "folk").filter(|(state, _)| state != "raised"));
    assert!(shown(&world)["pipelines"]["folk"]["late_since"].is_null());
    let (code, log) = daemon.stop();
    assert_eq!(code, 0, "{log}");
    assert_eq!(log.matches("WARN late ").count(), 1, "{log}");
}

#[test]
fn what_failed_for_a_source_that_was_out_waits_to_be_tried_again() {
    let sandbox = Sandbox::start();
    let world = scheduled(&sandbox, "cron = \"0 3 * * *\"");
    let mut daemon = Daemon::start(&world);
    until("the first look", || daemon.told().iter().any(|line| line == "WATCHDOG=1").then_some(()));
    daemon.stop();
    was_down_for(&world, 1);
    sandbox.fault(json!({ "kind": "status", "status": 503 }));
    let mut daemon = Daemon::start(&world);
    let waiting = || slots(&world, "folk").last().filter(|slot| slot.2 == "retry 1").cloned();
    let slot = until("it waits to be tried again", waiting);
    assert_eq!(slot.0, "due");
    until("it is shown", || (shown(&world)["pipelines"]["folk"]["next_why"] == "retry 1").then_some(()));
    let (code, log) = daemon.stop();
    assert_eq!(code, 0, "{log}");
    // A quarter of an hour later, after a restart.
    sandbox.behave();
    let before = (jiff::Timestamp::now() - jiff::SignedDuration::from_mins(16)).round(jiff::Unit::Second).unwrap();
    let moved = "UPDATE slot SET due_at = ?1, last = ?1 WHERE why = 'retry 1'";
    assert_eq!(ledger(&world).execute(moved, [before.to_string()]).unwrap(), 1);
    let mut daemon = Daemon::start(&world);
    until("it is made up for", || {
        slots(&world, "folk").iter().any(|slot| slot.0 == "handled" && slot.2 == "retry 1").then_some(())
    });
    let (code, log) = daemon.stop();
    assert_eq!(code, 0, "{log}");
    assert_eq!(runs(&world).len(), 2);
}

#[test]
fn a_second_daemon_and_a_damaged_lake_are_refused() {
    let sandbox = Sandbox::start();
    let world = scheduled(&sandbox, "cron = \"0 3 1 1 *\"");
    world.ok(&["run", "folk"]);
    let mut daemon = Daemon::start(&world);
    let second = world.run(&["daemon"]);
    assert_eq!(second.code, 1);
    let holder = format!(": process {}", daemon.child.id());
    assert_snapshot!(second.stderr.replace(&holder, ": process [pid]"), @r"
    error[U0701]: another daemon is at work in [world]/data: process [pid]
    hint: stop it first, or give another --data-dir
    ");
    daemon.stop();

    let version = world.current(DATASETS[0]).unwrap();
    let data = world.path(&format!("data/datasets/{}/versions/{version}/data", DATASETS[0]));
    let lan = fs::read_dir(data).unwrap().next().unwrap().unwrap().path();
    let file = fs::read_dir(lan).unwrap().next().unwrap().unwrap().path();
    fs::write(&file, b"PAR1").unwrap();
    let refused = world.run(&["daemon"]);
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    assert!(refused.stderr.starts_with("error[U0607]: the lake is damaged:\n  "), "{}", refused.stderr);
    assert!(refused.stderr.contains(" has 4 bytes and should have "), "{}", refused.stderr);
    assert!(refused.stderr.contains("hint: `underlag verify` tells all that is damaged"), "{}", refused.stderr);
}

//! Two processes on one data folder: one writes, the other waits or is told who
//! is at work; and a lock dies with its holder.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use insta::assert_snapshot;
use serde_json::json;

use crate::people::{DATASETS, people};
use crate::world::{Sandbox, World, pause};

/// A run that takes its time, and has the lock by now.
fn at_work(sandbox: &Sandbox, world: &World) -> Child {
    sandbox.fault(json!({ "kind": "delay", "delay_ms": 200 }));
    sandbox.forget_calls();
    let child = world.command(&["run", "--all"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    while sandbox.calls().is_empty() {
        assert!(begun.elapsed() < Duration::from_mins(1), "the run never began");
        pause(5);
    }
    child
}

#[test]
fn the_second_of_two_runs_is_told_who_is_at_work() {
    let sandbox = Sandbox::start();
    let world = people(&sandbox);
    let mut first = at_work(&sandbox, &world);
    let second = world.run(&["run", "--all"]);
    assert_eq!((second.code, second.stdout.as_str()), (1, ""));
    assert_snapshot!(second.stderr, @r"
    error[U0605]: another underlag is at work in [world]/data: process [pid], `underlag run --all`, since [time]
    hint: wait for it to end (--wait does), or give another --data-dir
    ");
    let impatient = world.run(&["run", "--all", "--wait=100ms"]);
    assert_eq!(impatient.code, 1);
    assert_snapshot!(impatient.stderr, @r"
    waiting for process [pid], `underlag run --all`, since [time]
    error[U0605]: another underlag is at work in [world]/data: process [pid], `underlag run --all`, since [time]
    hint: wait for it to end (--wait does), or give another --data-dir
    ");
    // Who only reads is not kept waiting.
    world.ok(&["status"]);
    world.ok(&["verify"]);
    assert!(first.wait().unwrap().success());
    assert_eq!(DATASETS.map(|dataset| world.versions(dataset).len()), [1, 1]);
}

#[test]
fn the_second_of_two_runs_waits_when_it_is_told_to() {
    let sandbox = Sandbox::start();
    let world = people(&sandbox);
    let mut first = at_work(&sandbox, &world);
    let second = world.ok(&["run", "--all", "--wait"]);
    assert_snapshot!(second.stderr, @"waiting for process [pid], `underlag run --all`, since [time]");
    assert!(second.stdout.starts_with("folk           unchanged"), "{}", second.stdout);
    assert!(first.wait().unwrap().success());
    let wrong = world.run(&["run", "--all", "--wait=soon"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.stderr.contains("\"soon\" is not a time like 90s, 10m or 2h"), "{}", wrong.stderr);
}

#[test]
fn the_lock_of_a_killed_process_is_free_at_once_whatever_its_file_says() {
    let sandbox = Sandbox::start();
    let world = people(&sandbox);
    let mut first = at_work(&sandbox, &world);
    first.kill().unwrap();
    first.wait().unwrap();
    sandbox.behave();
    assert!(world.read("data/lock").starts_with("process "), "its text outlives it");
    world.ok(&["run", "--all"]);
    // Not even the number of a process that lives makes it a lock.
    world.write(
        "data/lock",
        &format!("process {}, `underlag run`, since 1970-01-01 00:00:00 UTC\n", std::process::id()),
    );
    world.ok(&["report"]);
    world.ok(&["verify"]);
}

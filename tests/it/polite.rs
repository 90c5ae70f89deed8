//! A source is never asked harder than need be: by two pipelines, twice in a
//! row, or while it is out of order.

use serde_json::{Value, json};

use crate::people::people;
use crate::world::{Sandbox, World};

const SHIPPED: [&str; 3] = ["annonser", "befolkning", "indikatorer"];

fn shipped() -> Vec<String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let mut names: Vec<String> = entries
        .filter(|entry| entry.path().join("pipeline.toml").exists())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_second_run_of_everything_makes_almost_no_calls() {
    let sandbox = Sandbox::start();
    let names = shipped();
    println!("{names:?} {SHIPPED:?}");
    let world = names.iter().fold(World::new().with_sandbox(&sandbox), |world, name| world.with_shipped(name));
    world.ok(&["run", "--all"]);
    let first = sandbox.calls().len();
    sandbox.forget_calls();
    let ran = world.ok(&["run", "--all"]);
    let second = sandbox.calls();
    for call in &second {
        println!("{} {} {}", call["method"], call["path"], call["status"]);
    }
    println!("{first} then {}", second.len());
    println!("{}", ran.stdout);
}

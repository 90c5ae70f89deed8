//! The commands, each on a small configuration against the sandbox.

use crate::world::{Sandbox, World};

#[test]
fn a_second_run_with_nothing_changed_makes_no_new_version_and_plan_says_so() {
    let sandbox = Sandbox::start();
    let world = World::new().with_sandbox(&sandbox).with_shipped("annonser");
    let before = world.ok(&["plan"]);
    assert!(before.stdout.contains("annonser: would be published for the first time"), "{}", before.stdout);
    world.ok(&["run", "annonser"]);
    let version = world.current("annonser").unwrap();
    let plan = world.ok(&["plan"]);
    assert!(plan.stdout.contains("annonser: unchanged: nothing would be fetched, no new version"), "{}", plan.stdout);
    let again = world.ok(&["run", "annonser"]);
    assert!(again.stdout.contains("annonser       unchanged"), "{}", again.stdout);
    assert_eq!(world.current("annonser").unwrap(), version);
    assert_eq!(world.versions("annonser"), [version]);
    world.ok(&["verify"]);
}

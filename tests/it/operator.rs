//! The operator's word on a version: rolled back, withdrawn; on record, and where readers see it.

use std::fs;

use serde_json::{Value, json};

use crate::local::{reported, rows};
use crate::world::World;

fn give(world: &World, antal: i64) {
    let rows = json!([{ "kod": "0180", "period": "2024", "antal": antal, "status": null }]);
    world.write("pipelines/lokal/rader.json", &rows.to_string());
}

fn two() -> World {
    let world = reported();
    for antal in 1..=2 {
        give(&world, antal);
        world.ok(&["run", "lokal"]);
    }
    world
}

fn changes(world: &World) -> Value {
    serde_json::from_str(&world.read("data/datasets/tal/changes.json")).unwrap()
}

fn act(world: &World, name: &str) -> Value {
    serde_json::from_str(&world.read(&format!("data/datasets/tal/acts/{name}.json"))).unwrap()
}

#[test]
fn a_rollback_gives_readers_the_version_before_and_is_told_everywhere() {
    let world = two();
    let [first, second] = world.versions("tal").try_into().unwrap();
    let ran = world.ok(&["rollback", "tal", "--reason", "kommunerna var förväxlade"]);
    assert_eq!(ran.stderr, "");
    insta::assert_snapshot!(ran.stdout.lines().take(2).collect::<Vec<_>>().join("\n"), @r"
    tal: readers are given [version] instead of [version]
    the same rows are not published again, unless run --force says so
    ");
    assert_eq!(world.current("tal"), Some(first.clone()));
    let act = act(&world, "000001-rollback");
    assert_eq!((&act["from"], &act["to"]), (&json!(second), &json!(first)));
    let told = changes(&world);
    assert_eq!(told["versions"][0]["rolled_back"][0]["reason"], "kommunerna var förväxlade");
    assert_eq!(told["current"], json!(first));
    let page = world.read("data/site/current/kommun/0180/index.html");
    let words = format!("Version {second} drogs tillbaka (");
    assert!(page.contains(&words) && page.contains("kommunerna var förväxlade."), "{page}");
    let status = world.ok(&["status"]);
    assert!(
        status.stdout.contains("    rolled back from [version] [time]: kommunerna var förväxlade"),
        "{}",
        status.stdout
    );

    // The same rows stay away, also when the source is read again for another reason.
    let ran = world.ok(&["run", "lokal"]);
    assert!(ran.stdout.contains("lokal          unchanged"), "{}", ran.stdout);
    world.edit("pipelines/lokal/pipeline.toml", "title = \"Lokal\"", "title = \"Lokalt\"");
    let ran = world.ok(&["run", "lokal"]);
    insta::assert_snapshot!(ran.stdout.lines().take(2).collect::<Vec<_>>().join("\n"), @r"
    lokal          unchanged  tal [version] (1 rows) 1 rows fetched, 0 calls, 112 bytes, [seconds] s
      tal: not published: it would be [version] again, which was taken back (kommunerna var förväxlade); run --force publishes it
    ");
    assert_eq!(world.current("tal"), Some(first));
    // New rows are another matter, and name the act.
    give(&world, 3);
    world.ok(&["run", "lokal"]);
    assert_eq!(world.manifest("tal")["acts"].as_array().unwrap().len(), 1);
    assert_eq!(rows(&world, "tal")[0]["antal"], "3");
    let page = world.read("data/site/current/kommun/0180/index.html");
    assert!(!page.contains("drogs tillbaka"), "what is shown now was never taken back");
    world.ok(&["verify"]);
}

#[test]
fn force_publishes_what_was_rolled_back() {
    let world = two();
    let second = world.current("tal").unwrap();
    world.ok(&["rollback", "tal", "--reason", "för tidigt"]);
    let ran = world.ok(&["run", "lokal", "--force"]);
    assert!(ran.stdout.contains("lokal          published"), "{}", ran.stdout);
    let third = world.current("tal").unwrap();
    assert_ne!(third, second);
    assert_eq!(rows(&world, "tal")[0]["antal"], "2");
    // And a rollback can be taken back, to the very version.
    world.ok(&["rollback", "tal", "--to", &second, "--reason", "den var rätt"]);
    assert_eq!(world.current("tal"), Some(second));
    world.ok(&["verify"]);
}

#[test]
fn a_withdrawn_version_stays_and_says_so() {
    let world = two();
    let [first, second] = world.versions("tal").try_into().unwrap();
    let ran = world.ok(&["withdraw", "tal", "2", "--reason", "enheten är fel"]);
    insta::assert_snapshot!(ran.stdout.lines().take(2).collect::<Vec<_>>().join("\n"), @r"
    tal [version] is withdrawn; it stays, and says so
    readers are still given it
    ");
    insta::assert_snapshot!(ran.stderr, @"hint: underlag rollback tal --reason … gives them the version before it");
    assert_eq!(world.current("tal"), Some(second.clone()));
    let page = world.read("data/site/current/kommun/0180/index.html");
    assert!(page.contains(&format!("Version {second} är återkallad (")) && page.contains("enheten är fel."), "{page}");
    assert!(page.contains("datasets/tal/changes.atom\""), "{page}");
    assert_eq!(changes(&world)["versions"][0]["withdrawn"][0]["reason"], "enheten är fel");
    let status = world.ok(&["status"]);
    assert!(status.stdout.contains("    [version] was withdrawn [time]: enheten är fel"), "{}", status.stdout);
    let json: Value = serde_json::from_str(&world.ok(&["status", "--json"]).stdout).unwrap();
    assert_eq!(json[0]["datasets"][0]["notes"].as_array().unwrap().len(), 1);

    world.ok(&["rollback", "tal", "--reason", "enheten är fel"]);
    assert_eq!(world.current("tal"), Some(first));
    let feed = world.read("data/datasets/tal/changes.atom");
    let feed =
        regex::Regex::new("urn:uuid:[0-9a-f-]{36}").unwrap().replace_all(&world.same(&feed), "[id]").into_owned();
    insta::assert_snapshot!(feed, @r#"
    <?xml version="1.0" encoding="utf-8"?>
    <feed xmlns="http://www.w3.org/2005/Atom" xml:lang="sv">
      <id>[id]</id>
      <title>Tal per kommun: ändringar</title>
      <updated>[time]</updated>
      <author>
        <name>Region Prov</name>
      </author>
      <generator>underlag</generator>
      <link rel="self" type="application/atom+xml" href="changes.atom"/>
      <link rel="alternate" type="application/json" href="changes.json"/>
      <entry>
        <id>[id]</id>
        <title>Tal per kommun: version 1 gäller igen</title>
        <updated>[time]</updated>
        <category term="rollback"/>
        <content type="text">Version [version] drogs tillbaka, och version [version] gäller i stället. Skäl: enheten är fel.</content>
      </entry>
      <entry>
        <id>[id]</id>
        <title>Tal per kommun: version 2 är återkallad</title>
        <updated>[time]</updated>
        <category term="withdraw"/>
        <content type="text">Version [version] är återkallad och bör inte användas. Skäl: enheten är fel.</content>
      </entry>
      <entry>
        <id>[id]</id>
        <title>Tal per kommun, version 2: reviderade värden</title>
        <updated>[time]</updated>
        <category term="revision"/>
        <content type="text">Version [version] med 1 rad.
    Tillkomna rader: 0. Borttagna: 0. Reviderade: 1.</content>
      </entry>
      <entry>
        <id>[id]</id>
        <title>Tal per kommun, version 1: första versionen</title>
        <updated>[time]</updated>
        <content type="text">Version [version] med 1 rad.</content>
      </entry>
    </feed>
    "#);
    let back = world.run(&["rollback", "tal", "--to", &second, "--reason", "prov"]);
    insta::assert_snapshot!(back.stderr, @r"
    error[U0904]: tal can't go to [version]: it is withdrawn
    hint: choose another version
    ");
    let nowhere = world.run(&["rollback", "tal", "--reason", "prov"]);
    assert_eq!(nowhere.code, 2);
    insta::assert_snapshot!(nowhere.stderr, @r"
    error[U0903]: tal has no sound version before [version]
    hint: mend the source or the pipeline and run it, or withdraw the version so that readers know
    ");
}

#[test]
fn the_operator_is_told_what_there_is_to_choose_from() {
    let world = two();
    let said = |arguments: &[&str]| {
        let ran = world.run(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{arguments:?}");
        ran.stderr
    };
    insta::assert_snapshot!(said(&["rollback", "tall", "--reason", "prov"]), @r#"
    error[U0902]: there is no dataset "tall"
    hint: did you mean tal?
    "#);
    insta::assert_snapshot!(said(&["rollback", "tal", "--reason", " "]), @r"
    error[U0901]: the reason is empty
    hint: say in a sentence what is wrong; readers see it
    ");
    insta::assert_snapshot!(said(&["withdraw", "tal", "9", "--reason", "prov"]), @r#"
    error[U0902]: tal has no version "9"
    hint: the newest are [version], [version]
    "#);
    insta::assert_snapshot!(said(&["rollback", "tal", "--to", "2", "--reason", "prov"]), @"error[U0904]: tal [version] is what readers are given already");
    assert!(!world.path("data/datasets/tal/acts").exists());
}

#[test]
fn a_rollback_that_was_cut_short_is_ended_by_the_next_run() {
    let world = two();
    let [first, second] = world.versions("tal").try_into().unwrap();
    world.ok(&["rollback", "tal", "--reason", "prov"]);
    let link = world.path("data/datasets/tal/current");
    fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(format!("versions/{second}/data"), &link).unwrap();
    fs::remove_file(world.path("data/datasets/tal/changes.atom")).unwrap();
    let ran = world.ok(&["run", "lokal"]);
    insta::assert_snapshot!(ran.stderr, @"tal: ended the rollback to [version], which had been cut short");
    assert_eq!(world.current("tal"), Some(first));
    assert!(world.path("data/datasets/tal/changes.atom").exists());
}

#[test]
fn a_damaged_version_is_passed_over_on_the_way_back() {
    let world = two();
    give(&world, 3);
    world.ok(&["run", "lokal"]);
    let [first, second, _] = world.versions("tal").try_into().unwrap();
    fs::write(world.path(&format!("data/datasets/tal/versions/{second}/data/lan-01/{second}.parquet")), "skräp")
        .unwrap();
    let ran = world.ok(&["rollback", "tal", "--reason", "prov"]);
    insta::assert_snapshot!(ran.stderr, @"passed over [version]: its files are not what was published: see underlag verify");
    assert_eq!(world.current("tal"), Some(first));
}

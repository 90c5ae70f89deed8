//! A source that says something else of its data than before: told in words,
//! held against the fetch's policy, and never published unseen.

use serde_json::{Value, json};

use crate::people::people;
use crate::world::{Ran, Sandbox, World};

/// What is said below a verdict.
fn notes(ran: &Ran) -> String {
    let lines: Vec<&str> = ran.stdout.lines().filter(|line| line.starts_with("  ")).map(str::trim).collect();
    lines.join("\n")
}

/// Orders a drift, runs, and gives what was said; then the source is as it was, and nothing waits any longer.
fn stopped(world: &World, sandbox: &Sandbox, fault: Value) -> String {
    let before = world.current("folk_kommun").unwrap();
    sandbox.fault(fault);
    let ran = world.run(&["run", "folk"]);
    assert_eq!(ran.code, 1, "{}\n{}", ran.stdout, ran.stderr);
    assert_eq!(world.current("folk_kommun").unwrap(), before, "the last good version stays");
    sandbox.behave();
    let healed = world.ok(&["run", "folk"]);
    assert!(healed.stdout.starts_with("folk           unchanged"), "{}", healed.stdout);
    assert!(!world.ok(&["status"]).stdout.contains("waiting"));
    let said = ran.stderr.lines().filter(|line| !line.starts_with("hint:")).collect::<Vec<_>>().join("\n");
    said.split_once(": pipeline folk: ").unwrap().1.to_owned()
}

#[test]
fn what_changes_in_a_table_stops_the_publish_in_words() {
    let sandbox = Sandbox::start();
    let world = people(&sandbox);
    world.ok(&["run", "folk"]);
    let say = |fault: Value| stopped(&world, &sandbox, fault);
    insta::assert_snapshot!(say(json!({ "kind": "removed_code", "dimension": "Kon", "code": "2" })), @r#"
    nothing published: a source says something else of its data than before, which waits to be accepted
      fetch folk: dimension "Kon" has lost the code "2" (kvinnor)
    "#);
    insta::assert_snapshot!(say(json!({ "kind": "relabelled_code", "dimension": "Region", "code": "0180" })), @r#"
    nothing published: a source says something else of its data than before, which waits to be accepted
      fetch folk: dimension "Region" has a code with another name: "0180" was "Stockholm" and is "Stockholm (ny)"
    "#);
    insta::assert_snapshot!(say(json!({ "kind": "relabelled_dimension" })), @r#"
    nothing published: a source says something else of its data than before, which waits to be accepted
      fetch folk: the table has another title: it was "Folkmängden per månad efter region, ålder och kön.  År …-… (SYNTETISKA DATA)", it is "Folkmängden per månad efter område, ålder och kön.  År …-… (SYNTETISKA DATA)"
      fetch folk: dimension "Region" has another name: it was "region", it is "område"
    "#);
    insta::assert_snapshot!(say(json!({ "kind": "changed_unit" })), @r#"
    nothing published: a source says something else of its data than before, which waits to be accepted
      fetch folk: content "000007SF" (Folkmängden per månad) has another unit: it was "antal", it is "tusental"
    "#);
    insta::assert_snapshot!(say(json!({ "kind": "changed_decimals" })), @r#"
    nothing published: a source says something else of its data than before, which waits to be accepted
      fetch folk: content "000007SF" (Folkmängden per månad) has another number of decimals: it was 0, it is 1
    "#);
    insta::assert_snapshot!(say(json!({ "kind": "changed_title" })), @r#"
    nothing published: a source says something else of its data than before, which waits to be accepted
      fetch folk: the table has another title: it was "Folkmängden per månad efter region, ålder och kön.  År …-… (SYNTETISKA DATA)", it is "Något annat än förr efter region, ålder och kön.  År …-… (SYNTETISKA DATA)"
    "#);
    // What `select` names is asked for by name: the error says so, and what came before it.
    insta::assert_snapshot!(say(json!({ "kind": "removed_code", "dimension": "Alder", "code": "0-9" })), @r#"
    fetch folk: scb: http://127.0.0.1:[port]/pxweb/api/v2/tables/TAB6471/metadata?lang=sv: dimension "Alder" has no code "0-9"
      since it was last accepted: dimension "Alder" has lost the code "0-9" (0-9 år)
    "#);
    insta::assert_snapshot!(say(json!({ "kind": "removed_content" })), @r#"
    fetch folk: scb: http://127.0.0.1:[port]/pxweb/api/v2/tables/TAB6471/metadata?lang=sv: dimension "ContentsCode" has no code "000007SF"
      since it was last accepted: content "000007SF" (Folkmängden per månad) is gone
    "#);
}

#[test]
fn a_new_code_is_published_with_a_warning_and_told_once() {
    let sandbox = Sandbox::start();
    let world = people(&sandbox);
    world.ok(&["run", "folk"]);
    sandbox.fault(json!({ "kind": "new_code", "dimension": "Kon", "code": "3" }));
    insta::assert_snapshot!(world.ok(&["plan", "folk"]).stdout.lines().last().unwrap(), @r#"    warning: dimension "Kon" has a new code: "3" (ny kod)"#);
    let ran = world.ok(&["run", "folk"]);
    assert!(ran.stdout.starts_with("folk           published"), "{}", ran.stdout);
    insta::assert_snapshot!(notes(&ran), @r#"folk: warning: dimension "Kon" has a new code: "3" (ny kod)"#);
    let checks = world.manifest("folk_kommun")["checks"].clone();
    let drift: Vec<&Value> = checks.as_array().unwrap().iter().filter(|check| check["check"] == "drift").collect();
    assert_eq!(
        drift,
        [&json!({ "check": "drift", "severity": "warn", "held": false,
        "message": "fetch folk: dimension \"Kon\" has a new code: \"3\" (ny kod)",
        "notice": "Källan redovisar uppgifterna på ett annat sätt än tidigare." })]
    );
    insta::assert_snapshot!(world.ok(&["status"]).stdout, @r#"
    folk           published   run [time], checked [time]
      folk_kommun [version]: 4640 rows, fetched [time]
        latest period 2026M10, released [time]
      folk_lan [version]: 336 rows, fetched [time]
        latest period 2026M10, released [time]
      warning: fetch folk: dimension "Kon" has a new code: "3" (ny kod)
    "#);

    // The second time it is what was accepted.
    assert_eq!(notes(&world.ok(&["run", "folk", "--force"])), "");
    // The version that was published with it still says so.
    let status = world.ok(&["status"]).stdout;
    assert!(status.contains("  published with drift: fetch folk: dimension \"Kon\" has a new code"), "{status}");
    world.ok(&["verify"]);
}

#[test]
fn a_content_beside_what_is_selected_is_a_note_also_when_nothing_is_fetched() {
    let sandbox = Sandbox::start();
    let world = people(&sandbox);
    world.ok(&["run", "folk"]);
    sandbox.fault(json!({ "kind": "new_content" }));
    let ran = world.ok(&["run", "folk"]);
    assert!(ran.stdout.starts_with("folk           unchanged"), "{}", ran.stdout);
    insta::assert_snapshot!(notes(&ran), @r#"folk: content "NYTT" (nytt innehåll) is new and not selected"#);
    assert_eq!(notes(&world.ok(&["run", "folk"])), "", "it is told once");
}

#[test]
fn a_policy_is_declared_per_fetch_and_a_lost_ledger_forgets_nothing() {
    let sandbox = Sandbox::start();
    let world = people(&sandbox);
    let policy =
        |lines: &str| world.edit("pipelines/folk/pipeline.toml", "measures =", &format!("{lines}\nmeasures ="));
    policy("on_new_code = \"stop\"\non_lost_code = \"warn\"\non_renamed = \"accept\"");
    world.ok(&["run", "folk"]);
    for name in ["ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"] {
        let _ = std::fs::remove_file(world.path(&format!("data/{name}")));
    }
    sandbox.fault(json!({ "kind": "new_code", "dimension": "Kon", "code": "3" }));
    insta::assert_snapshot!(world.run(&["run", "folk"]).stderr, @r#"
    note: ledger.sqlite is made anew from the manifests: 1 runs, 2 versions
    error[U0403]: pipeline folk: nothing published: a source says something else of its data than before, which waits to be accepted
      fetch folk: dimension "Kon" has a new code: "3" (ny kod)
    hint: the last good version stays published; if the figures still mean what the pipeline says they do: underlag accept folk --reason "…"
    "#);
    sandbox.behave();
    sandbox.fault(json!({ "kind": "relabelled_code", "dimension": "Kon", "code": "2" }));
    assert_eq!(notes(&world.ok(&["run", "folk"])), "", "accepted without a word");
    sandbox.fault(json!({ "kind": "removed_code", "dimension": "Kon", "code": "1" }));
    insta::assert_snapshot!(notes(&world.ok(&["run", "folk"])), @r#"folk: warning: dimension "Kon" has lost the code "1" (män)"#);

    world.edit("pipelines/folk/pipeline.toml", "on_renamed = \"accept\"", "on_renamed = \"never\"");
    insta::assert_snapshot!(world.run(&["check"]).stderr, @r#"
    error[U0108]: `fetch.folk.pxweb.on_renamed` can't be "never"
      --> pipelines/folk/pipeline.toml:11:14
       |
    11 | on_renamed = "never"
       |              ^^^^^^^
       |
       = hint: allowed: "accept", "warn", "stop"

    1 problem in 1 file

    error[U0102]: the configuration is refused
    hint: nothing was run; correct the problems above
    "#);
}

#[test]
fn another_selection_is_the_operators_own_and_no_drift() {
    let sandbox = Sandbox::start();
    let world = people(&sandbox);
    world.ok(&["run", "folk"]);
    world.edit("pipelines/folk/pipeline.toml", "\"0-9\"", "\"10-19\", \"20-29\"");
    world.edit("pipelines/folk/pipeline.toml", "Kon = \"*\"", "Kon = [\"1\"]");
    let ran = world.ok(&["run", "folk"]);
    assert!(ran.stdout.starts_with("folk           published"), "{}", ran.stdout);
    assert_eq!(notes(&ran), "");
}

#[test]
fn an_indicator_that_is_redefined_stops_the_publish() {
    let sandbox = Sandbox::start();
    let world = World::new().with_sandbox(&sandbox);
    world.write(
        "pipelines/n/pipeline.toml",
        "version = 1\ntitle = \"N\"\n\n[fetch.k.kolada]\nsource = \"kolada\"\nkpi = [\"N18898\"]\n\
         municipality = [\"0180\", \"0114\"]\nyears = [2023]\n\n\
         [dataset.n]\ntitle = \"N\"\nsql = \"n.sql\"\nkey = [\"kod\", \"period\"]\n\
         [dataset.n.column.varde]\ntype = \"float64\"\ntitle = \"Värde\"\nunit = \"antal\"\ndecimals = 8\n",
    );
    world.write(
        "pipelines/n/n.sql",
        "SELECT niva, kod, period, varde, varde_status, varde_symbol FROM k WHERE kon = 'T'\n",
    );
    world.ok(&["run", "n"]);
    sandbox.fault(json!({ "kind": "changed_title", "code": "N18898" }));
    sandbox.fault(json!({ "kind": "relabelled_code", "code": "0114" }));
    sandbox.fault(json!({ "kind": "relabelled_code", "code": "0115" }));
    insta::assert_snapshot!(world.run(&["run", "n"]).stderr, @r#"
    error[U0403]: pipeline n: nothing published: a source says something else of its data than before, which waits to be accepted
      fetch k: dimension "enhet" has a code with another name: "0114" was "Upplands Väsby" and is "Upplands Väsby (ny)"
      fetch k: indicator "N18898" is redefined, by its title: it was "Elever i kommunal gymnasial vuxenutbildning hemkommun, antal", it is "Elever i kommunal gymnasial vuxenutbildning hemkommun, antal (ny)"
    hint: the last good version stays published; if the figures still mean what the pipeline says they do: underlag accept n --reason "…"
    "#);
}

#[test]
fn columns_of_a_file_are_watched_too() {
    let world = World::new();
    world.write(
        "pipelines/fil/pipeline.toml",
        "version = 1\ntitle = \"Fil\"\n\n[fetch.rader.file]\npath = \"rader.csv\"\nformat = \"csv\"\n\
         columns = { kod = \"text\", period = \"text\", antal = \"int64\" }\n\n\
         [dataset.tal]\ntitle = \"Tal\"\nsql = \"tal.sql\"\nkey = [\"kod\", \"period\"]\n\
         [dataset.tal.column.antal]\ntype = \"int64\"\ntitle = \"Antal\"\nunit = \"antal\"\n",
    );
    world.write("pipelines/fil/tal.sql", "SELECT 'kommun' AS niva, kod, period, antal, antal_status FROM rader\n");
    let file = |text: &str| world.write("pipelines/fil/rader.csv", text);
    file("kod,period,antal,rest\n0180,2024,1,x\n");
    world.ok(&["run", "fil"]);
    file("kod,period,antal,annat,mer\n0180,2024,2,x,y\n");
    insta::assert_snapshot!(notes(&world.ok(&["run", "fil"])), @r#"
    rader: column "rest", which is not taken, is gone
    rader: column "annat" is new and not taken
    rader: column "mer" is new and not taken
    "#);
    assert_eq!(notes(&world.ok(&["run", "fil", "--force"])), "", "they are told once");
    file("kod,period,summa,annat,mer\n0180,2024,2,x,y\n");
    insta::assert_snapshot!(world.run(&["run", "fil"]).stderr, @r#"
    error[U0303]: pipeline fil: fetch rader: fil: GET file://[world]/pipelines/fil/rader.csv: there is no column "antal"; the header has kod, period, summa, annat, mer
    hint: the source may have renamed it: see `columns` of the fetch
    "#);
}

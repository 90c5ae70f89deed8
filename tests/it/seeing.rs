//! What an operator sees of a run afterwards: its page's facts, its log, and log lines as a machine reads them.

use serde_json::Value;

use crate::local::{local, three};

#[test]
fn a_run_can_be_looked_at_with_its_steps_checks_and_log() {
    let world = local(&three());
    world.ok(&["run", "lokal"]);
    let told = world.ok(&["history", "--run", "1"]).stdout;
    for part in [
        "lokal          published",
        "started by: by hand (underlag/",
        "  fetch and stage",
        "  rader from fil: 1 calls planned, 3 rows",
        "  held     tal: ",
        " info  asking what is new",
        " info  the run ended outcome=published rows_fetched=3",
    ] {
        assert!(told.contains(part), "{part:?} is not in:\n{told}");
    }
    let run: Value = serde_json::from_str(&world.ok(&["history", "lokal", "--run", "1", "--json"]).stdout).unwrap();
    assert_eq!((&run["run"], &run["outcome"]), (&Value::from(1), &Value::from("published")));
    let steps: Vec<&str> =
        run["detail"]["steps"].as_array().unwrap().iter().map(|step| step["step"].as_str().unwrap()).collect();
    assert_eq!(steps, ["plan", "fetch and stage", "compute, check and write", "prepare", "publish"]);
    assert_eq!(run["detail"]["datasets"][0]["rows"], 3);

    // Three rows more, and the status tells how many differ.
    let mut rows = three();
    rows[0]["antal"] = 11.into();
    world.write("pipelines/lokal/rader.json", &rows.to_string());
    world.ok(&["run", "lokal"]);
    let status: Value = serde_json::from_str(&world.ok(&["status", "--json"]).stdout).unwrap();
    let of = |key: &str| status[0][key].as_u64();
    assert_eq!(
        (of("run"), of("rows_in"), of("rows_kept"), of("rows_published"), of("rows_changed")),
        (Some(2), Some(3), Some(3), Some(3), Some(1)),
    );
    assert_eq!(world.run(&["history", "--run", "9"]).code, 2);
    assert_eq!(world.run(&["history", "annan", "--run", "1"]).code, 2);
}

#[test]
fn a_failed_run_keeps_why_and_what_its_checks_found() {
    let world = local(&three());
    let toml = world.read("pipelines/lokal/pipeline.toml") + "\n[dataset.tal.check]\nmin_rows = 10\n";
    world.write("pipelines/lokal/pipeline.toml", &toml);
    assert_eq!(world.run(&["run", "lokal"]).code, 1);
    let run: Value = serde_json::from_str(&world.ok(&["history", "--run", "1", "--json"]).stdout).unwrap();
    let check = &run["detail"]["failed_checks"][0];
    assert_eq!((&check["check"], &check["held"]), (&Value::from("min_rows"), &Value::from(false)), "{run}");
    assert!(run["detail"]["error"].as_str().unwrap().contains("a check did not hold"));
    assert!(world.ok(&["history", "--run", "1"]).stdout.contains("  broken   tal: min_rows: "));
}

#[test]
fn log_lines_as_json_carry_their_run() {
    let world = local(&three());
    let mut command = world.command(&["run", "lokal"]);
    let ran =
        world.ran(command.env("UNDERLAG_LOG", "underlag=info").env("UNDERLAG_LOG_FORMAT", "json").output().unwrap());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let lines: Vec<Value> = ran
        .stderr
        .lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of_run = |line: &&Value| line["run"] == 1 && line["pipeline"] == "lokal" && line["level"] == "info";
    assert!(lines.iter().filter(of_run).any(|line| line["message"] == "asking what is new"), "{}", ran.stderr);
    let end = lines.iter().find(|line| line["message"] == "the run ended").unwrap();
    assert_eq!((&end["rows_fetched"], &end["run"]), (&Value::from(3), &Value::from(1)));
    assert_eq!(world.run(&["run", "lokal", "--log-format", "xml"]).code, 2);
}

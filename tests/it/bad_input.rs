//! What a source can do wrong in answering, one by one, and the bed that such
//! tests lie in: in every case the run fails with a text that an operator can
//! act on, what was published before stays and is sound, the ledger knows, and
//! the next run goes well.

use std::net::TcpListener;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::world::{Sandbox, World};

/// A pipeline that has published once and whose source has new figures since.
pub struct Bed {
    pub sandbox: Sandbox,
    pub world: World,
    pipeline: &'static str,
    published: String,
}

impl Bed {
    fn new(pipeline: &'static str, prepare: impl FnOnce(World) -> World) -> Self {
        let sandbox = Sandbox::start();
        let world = prepare(World::new().with_sandbox(&sandbox));
        world.ok(&["run", pipeline]);
        sandbox.fault(json!({ "kind": "revise" }));
        let published = world.current(pipeline).unwrap();
        Self { sandbox, world, pipeline, published }
    }

    /// One age and the latest month of SCB's table, men and women.
    pub fn befolkning() -> Self {
        Self::new("befolkning", |world| {
            world.write("pipelines/befolkning/pipeline.toml", BEFOLKNING);
            world.write("pipelines/befolkning/befolkning.sql", BEFOLKNING_SQL);
            world
        })
    }

    /// One indicator of Kolada's, two years.
    pub fn nyckeltal() -> Self {
        Self::new("nyckeltal", |world| {
            world.write("pipelines/nyckeltal/pipeline.toml", NYCKELTAL);
            world.write("pipelines/nyckeltal/nyckeltal.sql", NYCKELTAL_SQL);
            world
        })
    }

    pub fn annonser() -> Self {
        Self::new("annonser", |world| world.with_shipped("annonser"))
    }

    /// Orders a fault and runs: see [`Self::stderr`].
    pub fn with(&self, fault: Value) -> String {
        self.sandbox.fault(fault);
        self.stderr()
    }

    /// What a run says that must fail and must leave everything published as it was.
    pub fn stderr(&self) -> String {
        let Self { world, pipeline, .. } = self;
        let ran = world.run(&["run", pipeline]);
        assert_eq!(ran.code, 1, "{}\n{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.starts_with(&format!("{pipeline:14} failed ")), "{}", ran.stdout);

        assert_eq!(world.current(pipeline).as_ref(), Some(&self.published));
        assert_eq!(world.versions(pipeline), [self.published.as_str()]);
        world.ok(&["verify"]);

        let history = world.ok(&["history", pipeline, "--json"]).stdout;
        let history: Value = serde_json::from_str(&history).unwrap();
        let [last, .., first] = history.as_array().unwrap().as_slice() else { panic!("{history}") };
        assert_eq!((&last["outcome"], &first["outcome"]), (&json!("failed"), &json!("published")));
        let message = last["message"].as_str().unwrap();
        // `[U0301] fetch folk: …` of `error[U0301]: pipeline befolkning: fetch folk: …`.
        let (code, message) = message.split_once(' ').unwrap();
        assert!(ran.stderr.contains(&format!("error{code}: pipeline {pipeline}: {message}")), "{message}");
        ran.stderr
    }

    /// The source behaves again: the next run publishes what is new.
    pub fn recovers(&self) {
        self.sandbox.behave();
        self.sandbox.fault(json!({ "kind": "revise" }));
        let ran = self.world.ok(&["run", self.pipeline]);
        assert_eq!(ran.stderr, "");
        assert_ne!(self.world.current(self.pipeline).as_ref(), Some(&self.published));
        assert_eq!(self.world.versions(self.pipeline).len(), 2);
        self.world.ok(&["verify"]);
    }
}

const BEFOLKNING: &str = r#"
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
unit = "antal"
additive = true
perturbation = "ckm"

[dataset.befolkning.check]
min_rows = 100
unique = true
"#;

const BEFOLKNING_SQL: &str = "
SELECT
    CASE WHEN kod = '00' THEN 'riket' WHEN character_length(kod) = 2 THEN 'lan' ELSE 'kommun' END AS niva,
    kod, period, alder, kon, folkmangd, folkmangd_status, folkmangd_symbol
FROM folk
";

const NYCKELTAL: &str = r#"
version = 1
title = "Nyckeltal"

[fetch.k.kolada]
source = "kolada"
kpi = ["N01982"]
municipality = "*"
years = [2022, 2023]

[dataset.nyckeltal]
title = "Nyckeltal"
sql = "nyckeltal.sql"
partition_by = ["lan"]
key = ["kod", "kpi", "kon", "period"]

[dataset.nyckeltal.column.kpi]
type = "text"
title = "Nyckeltal"

[dataset.nyckeltal.column.kon]
type = "text"
title = "Kön"

[dataset.nyckeltal.column.varde]
type = "float64"
title = "Värde"

[dataset.nyckeltal.check]
unique = true
"#;

const NYCKELTAL_SQL: &str = "SELECT niva, kod, period, kpi, kon, varde, varde_status, varde_symbol FROM k";

#[test]
fn a_web_page_with_status_200() {
    let bed = Bed::befolkning();
    assert_snapshot!(bed.with(json!({ "path_contains": "/data", "kind": "html200" })), @r#"
    error[U0205]: pipeline befolkning: fetch folk: scb: POST http://127.0.0.1:[port]/pxweb/api/v2/tables/TAB6471/data?lang=sv&outputFormat=json-stat2 was answered with text/html; charset=utf-8 instead of JSON; it begins "<!DOCTYPE html> <html lang=\"sv\"><head><title>Underhåll pågår</title></head><body…"
    hint: a proxy or maintenance page may be answering in the API's place
    "#);
    bed.recovers();
}

#[test]
fn a_json_document_cut_in_half() {
    let bed = Bed::befolkning();
    assert_snapshot!(bed.with(json!({ "path_contains": "/data", "kind": "truncate" })), @r"
    error[U0301]: pipeline befolkning: fetch folk: scb: POST http://127.0.0.1:[port]/pxweb/api/v2/tables/TAB6471/data?lang=sv&outputFormat=json-stat2: the body is cut off or broken at byte 8444: EOF while parsing a string
    hint: run again later; if it stays so, the source has changed its answers (this one is kept as archive/objects/[hash].zst)
    ");
    bed.recovers();
}

#[test]
fn a_connection_that_breaks_every_time() {
    let bed = Bed::befolkning();
    assert_snapshot!(bed.with(json!({ "path_contains": "/data", "kind": "drop" })), @r#"
    [time]  WARN run [run] befolkning: a call failed and will be tried again source=scb url=http://127.0.0.1:[port]/pxweb/api/v2/tables/TAB6471/data?lang=sv&outputFormat=json-stat2 tries=1 wait_ms=[ms] reason="the body was cut off: end of file before message length reached"
    [time]  WARN run [run] befolkning: a call failed and will be tried again source=scb url=http://127.0.0.1:[port]/pxweb/api/v2/tables/TAB6471/data?lang=sv&outputFormat=json-stat2 tries=2 wait_ms=[ms] reason="the body was cut off: end of file before message length reached"
    error[U0201]: pipeline befolkning: fetch folk: scb: POST http://127.0.0.1:[port]/pxweb/api/v2/tables/TAB6471/data?lang=sv&outputFormat=json-stat2 failed 3 times; the last time: the body was cut off: end of file before message length reached
    hint: check the network, the proxy settings and the source's base_url
    "#);
    bed.recovers();
}

#[test]
fn a_connection_that_breaks_once_is_no_failure() {
    let bed = Bed::befolkning();
    bed.sandbox.fault(json!({ "path_contains": "/data", "kind": "drop", "times": 1 }));
    let ran = bed.world.ok(&["run", "befolkning"]);
    assert!(ran.stdout.contains(", 1 retries, "), "{}", ran.stdout);
    assert_eq!(bed.world.versions("befolkning").len(), 2);
}

#[test]
fn a_refusal_for_size_in_spite_of_planning() {
    let bed = Bed::befolkning();
    assert_snapshot!(bed.with(json!({ "path_contains": "/data", "kind": "too_many_cells" })), @r"
    error[U0212]: pipeline befolkning: fetch folk: scb: http://127.0.0.1:[port]/pxweb/api/v2/tables/TAB6471/data?lang=sv&outputFormat=json-stat2 refused a call of 12 cells as too many, though it announces a limit of 150000
    hint: select less in this fetch, in two fetches if need be, and tell the source's owner
    ");
    bed.recovers();
}

#[test]
fn a_table_that_does_not_exist() {
    let bed = Bed::befolkning();
    assert_snapshot!(bed.with(json!({ "path_contains": "/tables/TAB6471?", "kind": "lost_table" })), @r#"
    error[U0210]: pipeline befolkning: fetch folk: scb: table "TAB6471" does not exist at http://127.0.0.1:[port]/pxweb/api/v2/tables/TAB6471?lang=sv
    hint: the table may have been withdrawn or replaced by one with another id
    "#);
    bed.recovers();
}

#[test]
fn a_table_that_goes_between_metadata_and_data() {
    let bed = Bed::befolkning();
    assert_snapshot!(bed.with(json!({ "path_contains": "/data", "kind": "lost_table" })), @r#"
    error[U0210]: pipeline befolkning: fetch folk: scb: table "TAB6471" does not exist at http://127.0.0.1:[port]/pxweb/api/v2/tables/TAB6471/data?lang=sv&outputFormat=json-stat2
    hint: the table may have been withdrawn or replaced by one with another id
    "#);
    bed.recovers();
}

#[test]
fn too_many_calls_for_ever() {
    let bed = Bed::befolkning();
    assert_snapshot!(bed.with(json!({ "path_contains": "/data", "kind": "status", "status": 429 })), @r#"
    [time]  WARN run [run] befolkning: a call failed and will be tried again source=scb url=http://127.0.0.1:[port]/pxweb/api/v2/tables/TAB6471/data?lang=sv&outputFormat=json-stat2 tries=1 wait_ms=[ms] reason="429 Too Many Requests: nginx"
    [time]  WARN run [run] befolkning: a call failed and will be tried again source=scb url=http://127.0.0.1:[port]/pxweb/api/v2/tables/TAB6471/data?lang=sv&outputFormat=json-stat2 tries=2 wait_ms=[ms] reason="429 Too Many Requests: nginx"
    error[U0203]: pipeline befolkning: fetch folk: scb: POST http://127.0.0.1:[port]/pxweb/api/v2/tables/TAB6471/data?lang=sv&outputFormat=json-stat2 failed 3 times; the last time: 429 Too Many Requests: nginx
    hint: the source limits calls, perhaps together with those of others behind this address; run again later
    "#);
    bed.recovers();
}

#[test]
fn a_longer_wait_than_is_allowed() {
    let bed = Bed::befolkning();
    let fault = json!({ "path_contains": "/data", "kind": "status", "status": 429, "retry_after": "3600" });
    assert_snapshot!(bed.with(fault), @r"
    error[U0203]: pipeline befolkning: fetch folk: scb: POST http://127.0.0.1:[port]/pxweb/api/v2/tables/TAB6471/data?lang=sv&outputFormat=json-stat2 was answered 429 Too Many Requests with the request to wait 3600 s, longer than the 2 s allowed
    hint: run again when that time has passed, or raise max_wait
    ");
    bed.recovers();
}

#[test]
fn a_forbidden_call() {
    let bed = Bed::befolkning();
    assert_snapshot!(bed.with(json!({ "path_contains": "/data", "kind": "status", "status": 403 })), @r"
    error[U0204]: pipeline befolkning: fetch folk: scb: POST http://127.0.0.1:[port]/pxweb/api/v2/tables/TAB6471/data?lang=sv&outputFormat=json-stat2 was answered 403 Forbidden: nginx
    hint: the source may want a key, or refuses this network address
    ");
    bed.recovers();
}

#[test]
fn a_source_out_of_order() {
    let bed = Bed::befolkning();
    assert_snapshot!(bed.with(json!({ "path_contains": "/config", "kind": "status", "status": 500 })), @r#"
    [time]  WARN run [run] befolkning: a call failed and will be tried again source=scb url=http://127.0.0.1:[port]/pxweb/api/v2/config tries=1 wait_ms=[ms] reason="500 Internal Server Error: nginx"
    [time]  WARN run [run] befolkning: a call failed and will be tried again source=scb url=http://127.0.0.1:[port]/pxweb/api/v2/config tries=2 wait_ms=[ms] reason="500 Internal Server Error: nginx"
    error[U0202]: pipeline befolkning: fetch folk: scb: GET http://127.0.0.1:[port]/pxweb/api/v2/config failed 3 times; the last time: 500 Internal Server Error: nginx
    hint: the source seems to be out of order; run again later
    "#);
    bed.recovers();
}

#[test]
fn a_source_that_cannot_be_reached() {
    let bed = Bed::befolkning();
    let reached = bed.world.read("config/sources.toml");
    // Taken and given back: nobody listens there.
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    bed.world.edit("config/sources.toml", &bed.sandbox.pxweb, &format!("http://{nobody}/pxweb/api/v2"));
    assert_snapshot!(bed.stderr(), @r#"
    [time]  WARN run [run] befolkning: a call failed and will be tried again source=scb url=http://127.0.0.1:[port]/pxweb/api/v2/tables/TAB6471/metadata?lang=sv tries=1 wait_ms=[ms] reason="could not connect: Connection refused"
    [time]  WARN run [run] befolkning: a call failed and will be tried again source=scb url=http://127.0.0.1:[port]/pxweb/api/v2/tables/TAB6471/metadata?lang=sv tries=2 wait_ms=[ms] reason="could not connect: Connection refused"
    error[U0201]: pipeline befolkning: fetch folk: scb: GET http://127.0.0.1:[port]/pxweb/api/v2/tables/TAB6471/metadata?lang=sv failed 3 times; the last time: could not connect: Connection refused
    hint: check the network, the proxy settings and the source's base_url
    "#);
    bed.world.write("config/sources.toml", &reached);
    bed.recovers();
}

#[test]
fn a_chosen_code_that_the_table_lacks() {
    let bed = Bed::befolkning();
    let pipeline = "pipelines/befolkning/pipeline.toml";
    bed.world.edit(pipeline, r#"["0-9", "10-19"]"#, r#"["0-9", "10-91"]"#);
    assert_snapshot!(bed.stderr(), @r#"
    error[U0211]: pipeline befolkning: fetch folk: scb: http://127.0.0.1:[port]/pxweb/api/v2/tables/TAB6471/metadata?lang=sv: dimension "Alder" has no code "10-91"
    hint: did you mean "10-19"?
    "#);
    bed.world.edit(pipeline, r#"["0-9", "10-91"]"#, r#"["0-9", "10-19"]"#);
    bed.recovers();
}

#[test]
fn an_answer_without_a_code_that_was_asked_for() {
    let bed = Bed::befolkning();
    assert_snapshot!(bed.with(json!({ "path_contains": "/data", "kind": "lost_code", "code": "0180" })), @r#"
    error[U0302]: pipeline befolkning: fetch folk: scb: POST http://127.0.0.1:[port]/pxweb/api/v2/tables/TAB6471/data?lang=sv&outputFormat=json-stat2: dimension "Region" has no code "0180", which was asked for
    hint: run again later; if it stays so, the source has changed its answers (this one is kept as archive/objects/[hash].zst)
    "#);
    bed.recovers();
}

#[test]
fn a_value_array_one_short() {
    let bed = Bed::befolkning();
    assert_snapshot!(bed.with(json!({ "path_contains": "/data", "kind": "short_value" })), @r"
    error[U0302]: pipeline befolkning: fetch folk: scb: POST http://127.0.0.1:[port]/pxweb/api/v2/tables/TAB6471/data?lang=sv&outputFormat=json-stat2: the cube is [312, 2, 2, 1, 1] = 1248 cells, but `value` holds 1247
    hint: run again later; if it stays so, the source has changed its answers (this one is kept as archive/objects/[hash].zst)
    ");
    bed.recovers();
}

#[test]
fn a_code_twice_in_a_cube() {
    let bed = Bed::befolkning();
    assert_snapshot!(bed.with(json!({ "path_contains": "/data", "kind": "duplicate_kommun" })), @r#"
    error[U0302]: pipeline befolkning: fetch folk: scb: POST http://127.0.0.1:[port]/pxweb/api/v2/tables/TAB6471/data?lang=sv&outputFormat=json-stat2: dimension "Region": code "00" comes twice
    hint: run again later; if it stays so, the source has changed its answers (this one is kept as archive/objects/[hash].zst)
    "#);
    bed.recovers();
}

//! Over real sockets on loopback: what is given, and how.

#![expect(clippy::disallowed_methods, reason = "moves a pointer as the program does, in a folder of its own")]

use std::fs::{self, File};
use std::os::unix::fs::symlink;

use jiff::Timestamp;
use serde_json::Value;

use super::Limits;
use super::fixture::{ask, body, data_dir, get, header, serving, state, status, with_server};
use crate::ledger::{CheckDetail, DatasetDetail, Ledger, LogLine, Outcome, RunDetail, RunEntry, Step, Stop};

#[tokio::test]
async fn the_site_and_the_datasets_are_served_with_strict_headers() {
    let dir = data_dir();
    with_server(dir.path(), async |address| {
        let start = get(address, "/").await;
        assert!(status(&start) == "200" && start.ends_with("<h1>ett</h1>"), "{start}");
        let policy = header(&start, "content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'self';") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(header(&start, "x-content-type-options"), Some("nosniff"));
        assert_eq!(header(&start, "content-type"), Some("text/html; charset=utf-8"));
        assert!(get(address, "/lan/01/").await.ends_with("<h1>län</h1>"));
        assert_eq!(header(&get(address, "/lan/01").await, "location"), Some("/lan/01/"));
        assert!(get(address, "/healthz").await.ends_with("ok\n"));
        for path in ["/datasets/bef/current/lan-01/1.parquet", "/datasets/bef/versions/1/data/lan-01/1.parquet"] {
            let answer = get(address, path).await;
            assert!(answer.ends_with("PAR1"), "{path}");
            assert_eq!(header(&answer, "content-type"), Some("application/vnd.apache.parquet"));
        }
    })
    .await;
}

#[tokio::test]
async fn a_moved_pointer_is_followed_at_the_next_request() {
    let dir = data_dir();
    with_server(dir.path(), async |address| {
        let first = get(address, "/").await;
        assert!(first.ends_with("ett</h1>"));
        symlink("versions/2", dir.path().join("site/next")).unwrap();
        fs::rename(dir.path().join("site/next"), dir.path().join("site/current")).unwrap();
        assert!(get(address, "/").await.ends_with("två</h1>"));
        // What a client has of the first version is no part of the second.
        let etag = header(&first, "etag").unwrap();
        let answer = ask(address, "GET", "/", &format!("Range: bytes=4-6\r\nIf-Range: {etag}\r\n")).await;
        assert!(status(&answer) == "200" && answer.ends_with("<h1>två</h1>"), "{answer}");
        let answer = ask(address, "GET", "/", &format!("If-None-Match: {etag}\r\n")).await;
        assert_eq!(status(&answer), "200", "{answer}");
    })
    .await;
}

#[tokio::test]
async fn parts_and_conditions_are_answered_as_http_has_it() {
    let dir = data_dir();
    with_server(dir.path(), async |address| {
        let path = "/datasets/bef/current/lan-01/1.parquet";
        let whole = get(address, path).await;
        let etag = header(&whole, "etag").unwrap().to_owned();
        let modified = header(&whole, "last-modified").unwrap().to_owned();
        let parts = [
            ("Range: bytes=0-1\r\n".to_owned(), "206", "PA"),
            ("Range: bytes=-1\r\n".to_owned(), "206", "1"),
            (format!("Range: bytes=1-2\r\nIf-Range: {etag}\r\n"), "206", "AR"),
            (format!("Range: bytes=1-2\r\nIf-Range: W/{etag}\r\n"), "200", "PAR1"),
            (format!("Range: bytes=1-2\r\nIf-Range: {modified}\r\n"), "200", "PAR1"),
            (format!("If-None-Match: {etag}\r\n"), "304", ""),
            (format!("If-Modified-Since: {modified}\r\n"), "304", ""),
            ("If-Match: \"annan\"\r\n".to_owned(), "412", "412 precondition failed\n"),
            ("Range: bytes=4-\r\n".to_owned(), "416", "416 range not satisfiable\n"),
            ("Range: bytes=0-1,3-3\r\n".to_owned(), "200", "PAR1"),
            ("Range: bytes=0-1\r\nRange: bytes=2-3\r\n".to_owned(), "200", "PAR1"),
            ("Range: bytes=2-1\r\n".to_owned(), "200", "PAR1"),
            ("Range: bytes=a-b\r\n".to_owned(), "200", "PAR1"),
            ("Range: rader=0-1\r\n".to_owned(), "200", "PAR1"),
        ];
        for (headers, expected, content) in &parts {
            let answer = ask(address, "GET", path, headers).await;
            assert_eq!((status(&answer), body(&answer)), (*expected, *content), "{headers}{answer}");
        }
        assert_eq!(header(&ask(address, "GET", path, "Range: bytes=9-\r\n").await, "content-range"), Some("bytes */4"));
        for path in ["/", path, "/healthz", "/status/", "/metrics", "/openapi.json", "/okänd", "/status/runs/9"] {
            let path = path.replace('ä', "%C3%A4");
            let (head, get) = (ask(address, "HEAD", &path, "").await, get(address, &path).await);
            assert_eq!((status(&head), body(&head)), (status(&get), ""), "{path}");
            assert_eq!(
                header(&head, "content-type").is_some(),
                header(&get, "content-type").is_some(),
                "{path}: {head}"
            );
        }
    })
    .await;
}

fn ledger_with_a_failure(root: &std::path::Path) {
    let ledger = Ledger::open(root).unwrap();
    let at: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
    let run = ledger.begin("<b>folk</b>", at).unwrap();
    let entry = RunEntry {
        run: 0,
        pipeline: String::new(),
        started_at: at,
        ended_at: Some(at),
        outcome: Outcome::Failed,
        message: "a check did not hold\n  <script>alert(1)</script>".to_owned(),
        calls: 3,
        reused: 1,
        retries: 2,
        bytes: 4096,
        rows_fetched: 1234567,
        datasets: vec![],
    };
    ledger.end(run, &entry).unwrap();
    let check = CheckDetail { check: "unique".to_owned(), message: "<i>två</i>".to_owned(), ..CheckDetail::default() };
    let detail = RunDetail {
        started_by: "cron".to_owned(),
        error: Some("<script>alert(2)</script>".to_owned()),
        steps: vec![Step { step: "plan".to_owned(), seconds: 0.4 }],
        datasets: vec![DatasetDetail { dataset: "bef".to_owned(), checks: vec![check], ..DatasetDetail::default() }],
        ..RunDetail::default()
    };
    ledger.set_detail(run, &detail).unwrap();
    let line = LogLine { line: 1, at, level: "warn".to_owned(), text: "\"><img src=x onerror=alert(3)>".to_owned() };
    ledger.add_log(run, &[line]).unwrap();
    let stop = Stop { about: "fetch folk".to_owned(), what: "changed".to_owned(), whole: "changed".to_owned() };
    ledger.wait("<b>folk</b>", &[stop], at).unwrap();
}

#[tokio::test]
async fn a_runs_page_tells_all_that_is_kept_and_escapes_it() {
    let dir = data_dir();
    ledger_with_a_failure(dir.path());
    with_server(dir.path(), async |address| {
        let page = get(address, "/status/runs/1").await;
        assert_eq!(status(&page), "200", "{page}");
        for told in ["cron", "plan", "unique", "1\u{202f}234\u{202f}567", "4.0 KiB", "08:00:00.000", "&lt;i&gt;två"] {
            assert!(page.contains(told), "{told} is not in {page}");
        }
        let past = get(address, "/status/pipelines/%3Cb%3Efolk%3C%2Fb%3E").await;
        assert_eq!(status(&past), "400", "an encoded slash is refused: {past}");
        for page in [&page] {
            for raw in ["<script", "<img", "<b>folk", "<i>", " style=", " onerror=alert(3)>"] {
                assert!(!body(page).contains(raw), "{raw} is in {page}");
            }
        }
        for path in [
            "/status/runs/2",
            "/status/runs/0",
            "/status/runs/01",
            "/status/runs/-1",
            "/status/runs/x",
            "/status/pipelines/okand",
        ] {
            assert_eq!(status(&get(address, path).await), "404", "{path}");
        }
        assert_eq!(header(&get(address, "/status").await, "location"), Some("/status/"));
        let style = get(address, "/status/status.css").await;
        assert_eq!(header(&style, "content-type"), Some("text/css; charset=utf-8"));
    })
    .await;
}

#[tokio::test]
async fn readiness_is_the_daemons_and_reasons_are_told() {
    let dir = data_dir();
    with_server(dir.path(), async |address| {
        let answer = get(address, "/readyz").await;
        assert_eq!((status(&answer), body(&answer)), ("503", r#"{"ready":false,"reasons":["no daemon runs here"]}"#));
    })
    .await;
    let json = |ready: bool, refused: &str| {
        format!(
            r#"{{"process":1,"program":"underlag/0.1.0","since":"2026-11-23T08:00:00Z","ready":{ready},
            "why_not_ready":"the lake is looked through","configuration":{{"loaded_at":"2026-11-23T08:00:00Z","changed":"",
            "refused_at":null,"refused":{refused}}},"pipelines":{{}},"running":0,"stopping":false}}"#
        )
    };
    fs::write(dir.path().join("daemon.json"), json(false, r#""error: <b>unknown key</b>""#)).unwrap();
    let held = File::create(dir.path().join("daemon.lock")).unwrap();
    held.lock().unwrap();
    with_server(dir.path(), async |address| {
        let answer = get(address, "/readyz").await;
        assert!(status(&answer) == "503" && answer.contains("the lake is looked through"), "{answer}");
        let page = get(address, "/status/").await;
        assert!(page.contains("configuration was refused") && page.contains("&lt;b&gt;unknown key"), "{page}");
    })
    .await;
    fs::write(dir.path().join("daemon.json"), json(true, "null")).unwrap();
    with_server(dir.path(), async |address| assert_eq!(status(&get(address, "/readyz").await), "200")).await;
    drop(held);
    with_server(dir.path(), async |address| {
        assert!(get(address, "/readyz").await.contains("the daemon does not run"));
        assert!(get(address, "/status/").await.contains("The daemon does not run"));
        let told: Value = serde_json::from_str(body(&get(address, "/status.json").await)).unwrap();
        assert_eq!((&told["daemon"]["alive"], &told["pipelines"]), (&Value::Bool(false), &Value::Array(vec![])));
    })
    .await;
}

#[tokio::test]
async fn a_server_without_a_daemon_is_ready_when_it_has_something_to_serve() {
    let dir = data_dir();
    let alone = || super::State::alone(state(dir.path()).config());
    serving(alone(), Limits::default(), async |address| {
        let answer = get(address, "/readyz").await;
        assert_eq!((status(&answer), body(&answer)), ("200", r#"{"ready":true,"reasons":[]}"#));
    })
    .await;
    fs::remove_file(dir.path().join("site/current")).unwrap();
    serving(alone(), Limits::default(), async |address| {
        let answer = get(address, "/readyz").await;
        let expected = r#"{"ready":false,"reasons":["no site is published here"]}"#;
        assert_eq!((status(&answer), body(&answer)), ("503", expected));
        assert_eq!(status(&get(address, "/healthz").await), "200");
    })
    .await;
}

#[tokio::test]
async fn metrics_name_what_they_are() {
    let dir = data_dir();
    crate::metrics::install();
    with_server(dir.path(), async |address| {
        get(address, "/okand").await;
        let answer = get(address, "/metrics").await;
        assert_eq!(header(&answer, "content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
        for line in [
            "# HELP underlag_build_info",
            "# TYPE underlag_daemon_ready gauge",
            "underlag_http_requests_total{status=\"404\"}",
        ] {
            assert!(answer.contains(line), "{line} is not in {answer}");
        }
        let mut named: Vec<&str> = body(&answer).lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
        let count = named.len();
        named.sort_unstable();
        named.dedup();
        assert_eq!(named.len(), count, "each metric is told of once");
    })
    .await;
}

#[tokio::test]
async fn every_address_is_described_and_every_description_is_of_an_address() {
    let described: Value = serde_json::from_str(include_str!("../../docs/openapi.json")).unwrap();
    assert_eq!(described["openapi"], "3.1.0");
    let dir = data_dir();
    with_server(dir.path(), async |address| {
        for path in described["paths"].as_object().unwrap().keys() {
            let path = path.replace("{dataset}", "bef").replace("{version}", "1").replace("{lan}", "lan-01");
            let path = path.replace("{file}", "1.parquet").replace("{run}", "1").replace("{name}", "x");
            let path = path.replace("{page}", "index.html");
            let answer = get(address, &path).await;
            // What there is nothing of is not found by a page of ours, not for want of an address.
            let is_ours = matches!(status(&answer), "200" | "308" | "503") || answer.contains("<h1>Not found</h1>");
            assert!(is_ours, "{path}: {answer}");
        }
    })
    .await;
}

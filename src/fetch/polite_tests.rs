//! What the courier makes of declared answers, of outages, and of sources that
//! can say that nothing is new.

use std::sync::Arc;
use std::time::Duration;

use super::loopback::{House, json, reply, settings};
use super::*;
use crate::config::{Action, HttpSettings, OutageSettings, Response};

const NO_BODY: &[u8] = b"";

fn response(status: Option<u16>, contains: Option<&str>, action: Action) -> Response {
    Response { status, contains: contains.map(str::to_owned), action }
}

fn declared(house: &House, responses: &[Response]) -> Courier {
    house.courier_of(&settings(), |source| source.responses = responses.to_vec())
}

#[tokio::test]
async fn answers_mean_what_is_declared_of_the_source() {
    let house = House::new(|heard, before| match (heard.path.as_str(), before) {
        ("/api/v2/later", 0) => json("{\"warning\":{\"label\":\"ASYNCHRONOUS_RESPONSE\"}}"),
        ("/api/v2/later", _) => json("[1]"),
        ("/api/v2/much", _) => reply("500 Internal Server Error", &[], "{\"error\":\"Too many rows\"}"),
        ("/api/v2/stop", _) => reply("503 Service Unavailable", &[], "{\"title\":\"Closed for good\"}"),
        ("/api/v2/odd", _) => json("{\"error\":\"quota for this year is used\"}"),
        _ => reply("404 Not Found", &[("Content-Type", "text/html")], "<p>inga data</p>"),
    })
    .await;
    let responses = [
        response(None, Some("asynchronous_response"), Action::Retry),
        response(Some(500), Some("too many"), Action::Split),
        response(Some(503), Some("for good"), Action::Stop),
        response(Some(200), Some("quota"), Action::Stop),
        response(Some(404), Some("inga data"), Action::Empty),
    ];
    let courier = declared(&house, &responses);
    let ask = async |path: &str| courier.ask(&Request::get(path), Expect::Json).await;
    assert_eq!(ask("/later").await.unwrap().body, "[1]");
    assert_eq!(courier.tally().snapshot().retries, 1);
    for (path, expected, hint) in [
        (
            "/much",
            "scb: GET BASE/much asks for too much: 500 Internal Server Error: Too many rows",
            Some("ask for less in this fetch, in two fetches if need be"),
        ),
        ("/stop", "scb: GET BASE/stop was answered 503 Service Unavailable: Closed for good", None),
        ("/odd", "scb: GET BASE/odd was answered 200 OK: quota for this year is used", None),
        (
            "/none",
            "scb: GET BASE/none was answered 404 Not Found: inga data, which is declared to mean that there is nothing",
            Some("ask for something that the source has, or change its `responses` in sources.toml"),
        ),
    ] {
        let fault = ask(path).await.unwrap_err();
        assert_eq!(house.text(&fault), expected);
        assert_eq!(fault.hint().as_deref(), hint, "{path}");
    }
    assert_eq!(house.server.heard().len(), 6, "only what may pass is asked again");
    assert_eq!(house.statuses(), [200, 500, 503, 200, 404]);
    // Without a declaration the status decides.
    let fault = house.courier().ask(&Request::get("/much"), Expect::Json).await.unwrap_err();
    assert!(house.text(&fault).starts_with("scb: GET BASE/much failed 3 times"), "{fault}");
}

#[tokio::test]
async fn nothing_is_an_answer_for_those_who_can_do_with_it() {
    let house = House::new(|heard, _| match heard.path.as_str() {
        "/api/v2/some" => json("[1]"),
        _ => reply("404 Not Found", &[], "{\"error\":\"no data\"}"),
    })
    .await;
    let responses = [response(Some(404), None, Action::Empty)];
    let courier = declared(&house, &responses);
    let ask =
        async |courier: &Courier, path: &str| courier.ask_or_nothing(&Request::get(path), Expect::Json).await.unwrap();
    for path in ["/some", "/none"] {
        match ask(&courier, path).await {
            Said::Answer(answer) if path == "/some" => courier.accept(&answer).unwrap(),
            Said::Nothing(answer) if path == "/none" => courier.accept(&answer).unwrap(),
            said => panic!("{said:?}"),
        }
    }
    // The next run has both from the journal, and a replay from the archive.
    let next = declared(&house, &responses);
    assert!(matches!(ask(&next, "/none").await, Said::Nothing(_)));
    assert!(matches!(ask(&next, "/some").await, Said::Answer(_)));
    assert_eq!((next.tally().snapshot().calls, next.tally().snapshot().reused), (0, 2));
    let archive = Arc::new(archive::tests::archive(house.folder.path()));
    let client = Client::new(&settings(), &loopback::publisher()).unwrap();
    let source = Arc::new(courier.source().clone());
    let later = Courier::of_archive("befolkning", source, client, archive, courier.accepted());
    assert!(matches!(ask(&later, "/none").await, Said::Nothing(_)));
}

fn outages(after: u32) -> HttpSettings {
    HttpSettings { outages: OutageSettings { after, pause: Duration::from_hours(1) }, ..settings() }
}

#[tokio::test]
async fn a_source_that_is_out_is_left_alone_by_all_and_over_runs() {
    let well = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let is_well = Arc::clone(&well);
    let house = House::new(move |_, _| {
        if is_well.load(std::sync::atomic::Ordering::SeqCst) {
            json("[]")
        } else {
            reply("503 Service Unavailable", &[], NO_BODY)
        }
    })
    .await;
    let stage = house.folder.path().join("stage");
    let http = outages(4);
    let run = || Arc::new(Manners::new(http.outages, &stage));
    let courier = |manners: &Arc<Manners>| house.courier_with(&http).with_manners(manners);
    let ask = async |courier: &Courier| courier.ask(&Request::get("/x"), Expect::Json).await;

    let first = run();
    let fault = ask(&courier(&first)).await.unwrap_err();
    assert!(house.text(&fault).starts_with("scb: GET BASE/x failed 3 times"), "{fault}");
    // The fourth failure in a row is the last call that is made.
    let fault = ask(&courier(&first)).await.unwrap_err();
    assert_eq!(house.text(&fault), "scb: GET BASE/x failed once; the last time: 503 Service Unavailable");
    let time = regex::Regex::new(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ").unwrap();
    for manners in [&first, &run()] {
        let fault = ask(&courier(manners)).await.unwrap_err();
        let text = time.replace_all(&house.text(&fault), "TIME").into_owned();
        assert_eq!(
            text,
            "scb has been out of order since TIME: 4 calls failed in a row, the last with: 503 Service Unavailable; \
             it is asked again from TIME"
        );
        assert_eq!(
            fault.hint().unwrap(),
            "what it did not answer is fetched by the next run; `underlag run --force` asks it at once"
        );
    }
    assert_eq!(house.server.heard().len(), 4, "nothing is sent while it is out");

    // One call looks, and does not try a second time.
    let next = run();
    next.ask_all_again();
    ask(&courier(&next)).await.unwrap_err();
    assert_eq!(house.server.heard().len(), 5);
    well.store(true, std::sync::atomic::Ordering::SeqCst);
    next.ask_all_again();
    ask(&courier(&next)).await.unwrap();
    ask(&courier(&run())).await.unwrap();
}

#[tokio::test]
async fn refusals_and_too_many_calls_are_no_outage() {
    let house = House::new(|_, before| match before % 2 {
        0 => reply("404 Not Found", &[], NO_BODY),
        _ => reply("429 Too Many Requests", &[], NO_BODY),
    })
    .await;
    let http = HttpSettings { max_tries: 1, ..outages(2) };
    let manners = Arc::new(Manners::new(http.outages, house.folder.path()));
    for _ in 0..6 {
        let courier = house.courier_with(&http).with_manners(&manners);
        courier.ask(&Request::get("/x"), Expect::Json).await.unwrap_err();
    }
    assert_eq!(house.server.heard().len(), 6);
}

#[tokio::test]
async fn what_the_source_still_has_is_not_sent_again() {
    let house = House::new(|heard, _| {
        let has = |line: &str| heard.head.contains(line);
        match heard.path.as_str() {
            "/api/v2/tag" if has("if-none-match: \"7\"\r\n") => {
                reply("304 Not Modified", &[("ETag", "\"7\"")], NO_BODY)
            }
            "/api/v2/tag" => reply("200 OK", &[("ETag", "\"7\""), ("Content-Type", "application/json")], "[7]"),
            "/api/v2/date" if has("if-modified-since: mon, 23 nov 2026 08:00:00 gmt\r\n") => {
                reply("304 Not Modified", &[], NO_BODY)
            }
            "/api/v2/date" => reply("200 OK", &[("Last-Modified", "Mon, 23 Nov 2026 08:00:00 GMT")], "[8]"),
            _ => json("[9]"),
        }
    })
    .await;
    let paths = ["/tag", "/date", "/plain"];
    let first = house.courier();
    let mut records = Vec::new();
    for path in paths {
        records.push(first.ask(&Request::get(path), Expect::Json).await.unwrap().record);
    }
    let later = house.courier();
    later.remember(records.clone());
    for (path, (before, body)) in paths.into_iter().zip(records.iter().zip(["[7]", "[8]", "[9]"])) {
        let answer = later.ask(&Request::get(path), Expect::Json).await.unwrap();
        assert_eq!(answer.body, body);
        assert_eq!(answer.record == *before, path != "/plain", "{path}");
    }
    let counts = later.tally().snapshot();
    assert_eq!((counts.calls, counts.reused, counts.bytes_body), (3, 2, 3));
    assert_eq!(house.statuses(), [200, 200, 200, 304, 304, 200], "what it said is noted");

    // Without a sound copy there is nothing to be compared with.
    let object = house.folder.path().join(Archive::place(&records[0].hash));
    std::fs::write(&object, b"x").unwrap();
    let later = house.courier();
    later.remember(records);
    assert_eq!(later.ask(&Request::get("/tag"), Expect::Json).await.unwrap().body, "[7]");
    assert_eq!(house.statuses().last(), Some(&200));
}

#[tokio::test]
async fn an_interrupted_run_is_gone_on_with_only_in_the_same_edition() {
    let house = House::new(|heard, before| match heard.path.as_str() {
        "/api/v2/table" => json(if before < 4 { "{\"updated\":1}" } else { "{\"updated\":2}" }),
        path => json(&format!("[\"{path}\"]")),
    })
    .await;
    let (table, part) = (Request::get("/table"), Request::get("/part"));
    let run = async || {
        let courier = house.courier();
        for _ in 0..2 {
            let answer = courier.ask_for_edition(&table, Expect::Json).await.unwrap();
            courier.accept(&answer).unwrap();
        }
        courier.accept(&courier.ask(&part, Expect::Json).await.unwrap()).unwrap();
        let counts = courier.tally().snapshot();
        (counts.calls, counts.reused)
    };
    assert_eq!(run().await, (2, 1), "asked once in a run");
    assert_eq!(run().await, (1, 2), "the same edition: its part stands");
    assert_eq!(run().await, (1, 2));
    assert_eq!(run().await, (2, 1), "another edition: its part is fetched");
    assert_eq!(run().await, (1, 2), "and stands from then on");
}

#[tokio::test]
async fn a_source_that_says_the_same_is_not_asked_what_else_it_said() {
    let house = House::new(|heard, before| match heard.path.as_str() {
        "/api/v2/table" => json(if before < 4 { "{\"updated\":1}" } else { "{\"updated\":2}" }),
        path => json(&format!("[\"{path}\"]")),
    })
    .await;
    let (table, limits) = (Request::get("/table"), Request::get("/limits"));
    let mut records = Vec::new();
    let run = async |records: &mut Vec<crate::fetch::AnswerRecord>| {
        let courier = house.courier();
        courier.remember(std::mem::take(records));
        let answer = courier.ask_anew(&table, Expect::Json).await.unwrap();
        let stands = courier.stands(&answer, std::slice::from_ref(&limits));
        let other = courier.ask(&limits, Expect::Json).await.unwrap();
        records.extend([answer.record, other.record]);
        (stands, courier.tally().snapshot().calls)
    };
    assert_eq!(run(&mut records).await, (false, 2), "nothing is known yet");
    assert_eq!(run(&mut records).await, (true, 1));
    assert_eq!(run(&mut records).await, (true, 1), "what stood is remembered on");
    assert_eq!(run(&mut records).await, (false, 2), "it says something else");
    assert_eq!(run(&mut records).await, (true, 1));
    let courier = house.courier();
    courier.remember(records);
    courier.ask_afresh();
    let answer = courier.ask_anew(&table, Expect::Json).await.unwrap();
    assert!(!courier.remembers(&table) && !courier.stands(&answer, std::slice::from_ref(&limits)), "all is asked");
}

#[tokio::test]
async fn two_sources_on_one_host_share_its_limit() {
    let house = House::new(|_, _| json("[]")).await;
    let manners = Arc::new(Manners::unshared());
    let limiter = manners.limiter(&house.server.url);
    limiter.set_for("scb", crate::config::Limits { calls: 2, window: Duration::from_millis(300), cells: 0 });
    // A file with an address of its own, on the same host.
    let other = house
        .courier_of(&settings(), |source| {
            source.name = "fil".to_owned();
            source.base_url = "file:///".parse().unwrap();
        })
        .with_manners(&manners);
    let begun = std::time::Instant::now();
    for _ in 0..5 {
        other.ask_anew(&Request::get(format!("{}/x", house.server.url)), Expect::Json).await.unwrap();
    }
    assert!(begun.elapsed() >= Duration::from_millis(600));
    assert_eq!(other.limiter().limits(), None, "another's limit is not its own");
}

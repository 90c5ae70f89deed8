//! The courier against a server that behaves in every way we know of.

use std::fs;
use std::time::Duration;

use async_compression::tokio::bufread::{BrotliEncoder, GzipEncoder, ZstdEncoder};
use tokio::io::AsyncReadExt;

use super::loopback::{House, json, publisher, reply, settings};
use super::*;
use crate::config::{HttpSettings, Limits};

const NO_BODY: &[u8] = b"";

async fn fault_of(house: &House, path: &str) -> FetchError {
    house.courier().ask(&Request::get(path), Expect::Json).await.unwrap_err()
}

async fn packed(body: &[u8], encoding: &str) -> Vec<u8> {
    let mut out = Vec::new();
    match encoding {
        "gzip" => GzipEncoder::new(body).read_to_end(&mut out).await.unwrap(),
        "br" => BrotliEncoder::new(body).read_to_end(&mut out).await.unwrap(),
        _ => ZstdEncoder::new(body).read_to_end(&mut out).await.unwrap(),
    };
    out
}

#[tokio::test]
async fn an_answer_is_asked_for_politely_and_kept_whole() {
    let text = format!("{{\"value\":[{}0]}}", "1,".repeat(10_000));
    let mut wires = std::collections::BTreeMap::new();
    for encoding in ["gzip", "br", "zstd"] {
        wires.insert(format!("/api/v2/{encoding}"), packed(text.as_bytes(), encoding).await);
    }
    let lengths: usize = wires.values().map(Vec::len).sum();
    let house = House::new(move |heard, _| {
        let encoding = heard.path.rsplit('/').next().unwrap();
        reply("200 OK", &[("Content-Encoding", encoding), ("ETag", "\"1\""), ("X-Other", "1")], &wires[&heard.path])
    })
    .await;
    let courier = house.courier();
    for encoding in ["gzip", "br", "zstd"] {
        let request = Request::post(format!("/{encoding}"), "{\"selection\":[]}");
        let answer = courier.ask(&request, Expect::Json).await.unwrap();
        assert_eq!(answer.body, text, "{encoding}");
        assert_eq!(answer.record.size, text.len() as u64);
        assert_eq!(answer.record.identity, request.identity("scb"));
        assert_eq!(answer.record.headers["etag"], "\"1\"");
        assert!(!answer.record.headers.contains_key("x-other"));
    }
    let counts = courier.tally().snapshot();
    assert_eq!((counts.calls, counts.reused, counts.retries), (3, 0, 0));
    assert_eq!((counts.bytes_wire, counts.bytes_body), (lengths as u64, 3 * text.len() as u64));
    let heard = house.server.heard();
    assert_eq!((heard[0].method.as_str(), heard[0].body.as_str()), ("POST", "{\"selection\":[]}"));
    for header in [
        "accept-encoding: gzip, br, zstd\r\n",
        "accept: application/json\r\n",
        "content-type: application/json\r\n",
        concat!("user-agent: underlag/", env!("CARGO_PKG_VERSION"), " (+statistik@example.org; region exempel)\r\n"),
    ] {
        assert!(heard[0].head.contains(header), "{header} in {}", heard[0].head);
    }
    assert_eq!(house.statuses(), [200, 200, 200]);
}

#[tokio::test]
async fn caps_hold_on_the_wire_and_after_unpacking() {
    let bomb = packed(&vec![b' '; 5_000_000], "gzip").await;
    let house = House::new(move |heard, _| match heard.path.as_str() {
        "/api/v2/bomb" => reply("200 OK", &[("Content-Encoding", "gzip")], &bomb),
        "/api/v2/long" => reply("200 OK", &[], vec![b' '; 200_000]),
        "/api/v2/odd" => reply("200 OK", &[("Content-Encoding", "compress")], "x"),
        _ => [b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".as_slice(), &vec![b' '; 200_000]].concat(),
    })
    .await;
    for (path, expected) in [
        ("/bomb", "scb: the answer of BASE/bomb unpacks to more than the 1000000 bytes allowed"),
        ("/long", "scb: the answer of BASE/long is larger than the 100000 bytes allowed on the wire"),
        ("/endless", "scb: the answer of BASE/endless is larger than the 100000 bytes allowed on the wire"),
        ("/odd", "scb: the answer of BASE/odd is compressed with \"compress\", which was not asked for"),
    ] {
        assert_eq!(house.text(&fault_of(&house, path).await), expected);
    }
    assert_eq!(house.server.heard().len(), 4, "none of them is worth another try");
}

#[tokio::test]
async fn redirects_stay_on_the_origin_and_end() {
    let house = House::new(|heard, _| match heard.path.as_str() {
        "/api/v2/here" => reply("302 Found", &[("Location", "/api/v2/there")], NO_BODY),
        "/api/v2/there" => json("[]"),
        "/api/v2/away" => reply("302 Found", &[("Location", "http://evil.example/x?token=abc")], NO_BODY),
        _ => reply("307 Temporary Redirect", &[("Location", "/api/v2/round")], NO_BODY),
    })
    .await;
    let answer = house.courier().ask(&Request::get("/here"), Expect::Json).await.unwrap();
    assert_eq!(answer.record.url, format!("{}/here", house.server.url));
    let fault = fault_of(&house, "/away").await;
    assert_eq!(
        house.text(&fault),
        "scb: BASE/away redirects to http://evil.example/x?token=***, which is on another origin and is not followed"
    );
    assert_eq!(fault.hint().unwrap(), "if the source has moved, set base_url to its new address");
    let before = house.server.heard().len();
    let fault = fault_of(&house, "/round").await;
    assert!(
        house.text(&fault).starts_with("scb: BASE/round redirects more than the 3 times allowed"),
        "{}",
        house.text(&fault)
    );
    assert_eq!(house.server.heard().len() - before, 4);
    assert_eq!(house.statuses(), [200, 302, 307], "refused redirects are answers too");
}

#[tokio::test]
async fn passing_trouble_is_tried_again() {
    let house = House::new(|heard, before| match (heard.path.as_str(), before) {
        (_, 0) => reply("503 Service Unavailable", &[], NO_BODY),
        // Ten bytes promised, two sent.
        (_, 1) => b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\n[]".to_vec(),
        _ => json("[]"),
    })
    .await;
    let courier = house.courier();
    assert_eq!(courier.ask(&Request::get("/x"), Expect::Json).await.unwrap().body, "[]");
    let counts = courier.tally().snapshot();
    assert_eq!((counts.calls, counts.retries), (3, 2));
    assert!(counts.waited > Duration::ZERO);
    assert_eq!(house.statuses(), [200], "only what ends a call is kept");
}

#[tokio::test]
async fn trouble_that_does_not_pass_has_an_end() {
    let house = House::new(|heard, _| match heard.path.as_str() {
        "/api/v2/cut" => b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\n[]".to_vec(),
        "/api/v2/silent" => Vec::new(),
        _ => reply("429 Too Many Requests", &[], "{\"error\":\"Please try again later.\"}"),
    })
    .await;
    let fault = fault_of(&house, "/busy").await;
    assert_eq!(
        house.text(&fault),
        "scb: GET BASE/busy failed 3 times; the last time: 429 Too Many Requests: Please try again later."
    );
    assert_eq!(
        fault.hint().unwrap(),
        "the source limits calls, perhaps together with those of others behind this address; run again later"
    );
    let text = house.text(&fault_of(&house, "/cut").await);
    assert!(text.starts_with("scb: GET BASE/cut failed 3 times; the last time: the body was cut off: "), "{text}");
    let text = house.text(&fault_of(&house, "/silent").await);
    assert!(text.starts_with("scb: GET BASE/silent failed 3 times; the last time: the call was cut short: "), "{text}");
    assert_eq!(house.server.heard().len(), 9);
    assert_eq!(house.statuses(), [429]);
}

#[tokio::test]
async fn no_connection_is_trouble_too() {
    let mut house = House::new(|_, _| json("[]")).await;
    // A port that was free a moment ago.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    house.server.url.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
    drop(listener);
    let fault = fault_of(&house, "/x").await;
    assert_eq!(
        house.text(&fault),
        "scb: GET BASE/x failed 3 times; the last time: could not connect: Connection refused"
    );
}

#[tokio::test]
async fn silence_has_an_end() {
    let mut house = House::new(|_, _| json("[]")).await;
    // Connections are taken by the system, and nobody ever answers.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    house.server.url.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
    let http = HttpSettings { read_timeout: Duration::from_millis(50), max_tries: 1, ..settings() };
    let fault = house.courier_with(&http).ask(&Request::get("/x"), Expect::Json).await.unwrap_err();
    assert_eq!(house.text(&fault), "scb: GET BASE/x failed once; the last time: no answer within 0.05 s");
    assert_eq!(fault.hint().unwrap(), "check the network, the proxy settings and the source's base_url");
}

#[tokio::test]
async fn refusals_are_final_and_say_what_the_source_said() {
    let house = House::new(|heard, _| match heard.path.as_str() {
        "/api/v2/gone" => reply("404 Not Found", &[("Content-Type", "text/html")], "<h1>No such\n page</h1>"),
        "/api/v2/many" => reply(
            "400 Bad Request",
            &[],
            "{\"type\":\"Parameter error\",\"title\":\"Too many cells selected\",\"status\":400}",
        ),
        "/api/v2/unknown" => {
            reply("400 Bad Request", &[], "{\"type\":\"x\",\"title\":\"Non-existent table\",\"status\":404}")
        }
        _ => reply("403 Forbidden", &[], NO_BODY),
    })
    .await;
    for (path, expected) in [
        ("/gone", "scb: GET BASE/gone was answered 404 Not Found: No such page"),
        ("/many", "scb: GET BASE/many was answered 400 Bad Request: Too many cells selected"),
        ("/unknown", "scb: GET BASE/unknown was answered 400 Bad Request: Non-existent table (with status 404 inside)"),
        ("/x?api_key=hemlig", "scb: GET BASE/x?api_key=*** was answered 403 Forbidden"),
    ] {
        assert_eq!(house.text(&fault_of(&house, path).await), expected);
    }
    let fault = fault_of(&house, "/unknown").await;
    assert!(matches!(fault, FetchError::Refused { status: 400, problem_status: Some(404), .. }));
    assert_eq!(house.server.heard().len(), 5);
    assert_eq!(house.statuses(), [404, 400, 400, 403, 400]);
    let index = fs::read_dir(house.folder.path().join("archive/index")).unwrap().next().unwrap().unwrap().path();
    assert!(!fs::read_to_string(index).unwrap().contains("hemlig"));
}

#[tokio::test]
async fn a_page_in_place_of_data_is_not_taken_for_data() {
    let house = House::new(|heard, _| match heard.path.as_str() {
        "/api/v2/bom" => json("\u{feff} \n{}"),
        "/api/v2/empty" => reply("200 OK", &[], NO_BODY),
        _ => reply("200 OK", &[("Content-Type", "text/html")], "<!DOCTYPE html>\n<title>Underhåll pågår</title>"),
    })
    .await;
    let fault = fault_of(&house, "/x").await;
    assert_eq!(
        house.text(&fault),
        "scb: GET BASE/x was answered with text/html instead of JSON; it begins \
         \"<!DOCTYPE html> <title>Underhåll pågår</title>\""
    );
    assert_eq!(fault.hint().unwrap(), "a proxy or maintenance page may be answering in the API's place");
    assert_eq!(
        house.text(&fault_of(&house, "/empty").await),
        "scb: GET BASE/empty was answered with no content type instead of JSON; it begins \"\""
    );
    let answer = house.courier().ask(&Request::get("/bom"), Expect::Json).await.unwrap();
    assert_eq!(answer.content(), b" \n{}");
    assert!(house.courier().ask(&Request::get("/x"), Expect::Any).await.is_ok());
}

#[tokio::test]
async fn what_the_source_asks_to_wait_is_waited_by_all() {
    let house = House::new(|_, before| match before {
        0 => reply("429 Too Many Requests", &[("Retry-After", "1")], NO_BODY),
        _ => json("[]"),
    })
    .await;
    let http = HttpSettings { max_wait: Duration::from_secs(5), ..settings() };
    let courier = house.courier_with(&http);
    let begun = std::time::Instant::now();
    let first = tokio::spawn({
        let courier = courier.clone();
        async move { courier.ask(&Request::get("/a"), Expect::Json).await }
    });
    while courier.limiter().wait_for(1).is_zero() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    courier.ask(&Request::get("/b"), Expect::Json).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(1), "another call has waited too");
    first.await.unwrap().unwrap();
    assert_eq!(house.server.heard().len(), 3);
}

#[tokio::test]
async fn a_wait_beyond_reason_ends_the_call() {
    let house = House::new(|heard, _| match heard.path.as_str() {
        "/api/v2/date" => reply(
            "503 Service Unavailable",
            &[("Retry-After", "Mon, 23 Nov 2026 09:00:00 GMT"), ("Date", "Mon, 23 Nov 2026 08:00:00 GMT")],
            NO_BODY,
        ),
        _ => reply("429 Too Many Requests", &[("Retry-After", "7200")], NO_BODY),
    })
    .await;
    for (path, expected) in [
        (
            "/date",
            "scb: GET BASE/date was answered 503 Service Unavailable with the request to wait 3600 s, \
             longer than the 0 s allowed",
        ),
        (
            "/seconds",
            "scb: GET BASE/seconds was answered 429 Too Many Requests with the request to wait 7200 s, \
             longer than the 0 s allowed",
        ),
    ] {
        assert_eq!(house.text(&fault_of(&house, path).await), expected);
    }
    assert_eq!(house.statuses(), [503, 429]);
}

#[tokio::test]
async fn a_killed_run_is_completed_without_repeating_calls() {
    let house = House::new(|heard, _| json(&format!("[\"{}\"]", heard.path))).await;
    let (done, undone, missing) = (Request::get("/done"), Request::get("/undone"), Request::get("/missing"));
    let killed = house.courier();
    for request in [&done, &missing] {
        killed.accept(&killed.ask(request, Expect::Json).await.unwrap()).unwrap();
    }
    let gone = killed.accepted()[1].hash.clone();
    let not_accepted = killed.ask(&undone, Expect::Json).await.unwrap();
    drop(killed);
    fs::remove_file(house.folder.path().join(format!("archive/objects/{}/{}.zst", &gone[..2], &gone[2..]))).unwrap();

    let next = house.courier();
    let answer = next.ask(&done, Expect::Json).await.unwrap();
    assert_eq!(answer.body, "[\"/api/v2/done\"]");
    assert_eq!(next.tally().snapshot().reused, 1);
    assert_eq!(next.tally().snapshot().calls, 0);
    next.ask(&missing, Expect::Json).await.unwrap();
    assert_eq!(next.ask(&undone, Expect::Json).await.unwrap().record.hash, not_accepted.record.hash);
    assert_eq!(next.tally().snapshot().calls, 2, "the lost and the undecoded answer are asked for again");
    next.ask_anew(&done, Expect::Json).await.unwrap();
    assert_eq!(next.tally().snapshot().calls, 3);

    next.accept(&answer).unwrap();
    next.accept(&answer).unwrap();
    assert_eq!(next.accepted(), [answer.record]);
}

#[tokio::test]
async fn the_last_versions_answers_stand_in_when_the_source_is_unchanged() {
    let house = House::new(|_, _| json("[]")).await;
    let request = Request::get("/x");
    let record = house.courier().ask(&request, Expect::Json).await.unwrap().record;
    let courier = house.courier();
    courier.reuse([record.clone()]);
    assert_eq!(courier.ask(&request, Expect::Json).await.unwrap().record, record);
    assert_eq!(house.server.heard().len(), 1);
}

#[tokio::test]
async fn a_source_tells_about_a_file_without_sending_it() {
    let house = House::new(|heard, _| match heard.path.as_str() {
        "/api/v2/a.json" => b"HTTP/1.1 200 OK\r\nConnection: close\r\nETag: \"7\"\r\n\
            Last-Modified: Mon, 23 Nov 2026 08:00:00 GMT\r\nContent-Length: 390000000\r\n\r\n"
            .to_vec(),
        "/api/v2/shy" => reply("405 Method Not Allowed", &[], NO_BODY),
        _ => reply("404 Not Found", &[], NO_BODY),
    })
    .await;
    let courier = house.courier();
    let told = courier.head("/a.json").await.unwrap();
    assert_eq!(
        told,
        Validators {
            etag: Some("\"7\"".to_owned()),
            last_modified: Some("Mon, 23 Nov 2026 08:00:00 GMT".to_owned()),
            length: Some(390_000_000)
        }
    );
    assert_eq!(house.server.heard()[0].method, "HEAD");
    assert_eq!(courier.head("/shy").await.unwrap(), Validators::default());
    let fault = courier.head("/none").await.unwrap_err();
    assert_eq!(house.text(&fault), "scb: HEAD BASE/none was answered 404 Not Found");
}

#[tokio::test]
async fn a_local_file_is_an_answer_within_the_cap() {
    let house = House::new(|_, _| json("[]")).await;
    let courier = house.courier();
    let path = house.folder.path().join("annonser 2024.json");
    fs::write(&path, "{\"2512\":{}}").unwrap();
    let answer = courier.read_local(&path).await.unwrap();
    assert_eq!(answer.body, "{\"2512\":{}}");
    assert!(answer.record.url.starts_with("file:///") && answer.record.url.ends_with("/annonser%202024.json"));
    assert_eq!((answer.record.status, house.statuses().len()), (200, 1));
    fs::write(&path, vec![b' '; 100_001]).unwrap();
    assert!(matches!(courier.read_local(&path).await, Err(FetchError::TooLarge { limit: 100_000, .. })));
    let none = house.folder.path().join("none.json");
    assert_eq!(
        courier.read_local(&none).await.unwrap_err().to_string(),
        format!("could not read {}: No such file or directory (os error 2)", none.display())
    );
}

#[tokio::test]
async fn an_announced_limit_is_kept_by_parallel_calls() {
    let house = House::new(|_, _| json("[]")).await;
    let courier = house.courier();
    courier.limiter().set(Limits { calls: 3, window: Duration::from_millis(200), cells: 0 });
    let begun = std::time::Instant::now();
    let calls = (0..7).map(|number| {
        let courier = courier.clone();
        async move { courier.ask(&Request::get(format!("/{number}")), Expect::Json).await }
    });
    for answer in futures::future::join_all(calls).await {
        answer.unwrap();
    }
    assert!(begun.elapsed() >= Duration::from_millis(400));
    assert_eq!(house.server.heard().len(), 7);
}

#[tokio::test]
async fn the_archive_alone_answers_only_what_was_accepted() {
    let house = House::new(|_, _| json("{\"value\":[1]}")).await;
    let courier = house.courier();
    let (known, other) = (Request::post("/data", "{\"a\":1}"), Request::post("/data", "{\"a\":2}"));
    for request in [&known, &other] {
        let answer = courier.ask(request, Expect::Json).await.unwrap();
        if request == &known {
            courier.accept(&answer).unwrap();
        }
    }
    let heard = house.server.heard().len();
    let files = || std::fs::read_dir(house.folder.path().join("archive/index")).unwrap().count();
    let index = files();

    let archive = std::sync::Arc::new(archive::tests::archive(house.folder.path()));
    let client = Client::new(&settings(), &publisher()).unwrap();
    let source = std::sync::Arc::new(courier.source().clone());
    let later = Courier::of_archive("befolkning", source, client, archive, courier.accepted());
    for answer in [later.ask(&known, Expect::Json).await, later.ask_anew(&known, Expect::Json).await] {
        let answer = answer.unwrap();
        assert_eq!(answer.body, "{\"value\":[1]}");
        later.accept(&answer).unwrap();
    }
    assert_eq!(later.accepted(), courier.accepted());
    assert_eq!(
        house.text(&later.ask(&other, Expect::Json).await.unwrap_err()),
        "scb: POST BASE/data with {\"a\":2} is not among the archived answers of this version"
    );
    assert_eq!(later.head("/data").await.unwrap(), Validators::default());
    assert_eq!((house.server.heard().len(), files()), (heard, index), "nothing is sent and nothing kept");

    let object = house.folder.path().join(Archive::place(&courier.accepted()[0].hash));
    fs::write(&object, b"x").unwrap();
    let fault = later.ask(&known, Expect::Json).await.unwrap_err();
    assert!(matches!(fault, FetchError::Unreadable { .. }), "{fault}");
}

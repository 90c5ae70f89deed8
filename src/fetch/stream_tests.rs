//! Bodies of any size, whole and cut, with and without a scrub.

use std::fs;
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_compression::tokio::bufread::GzipEncoder;
use tokio::io::AsyncReadExt as _;

use super::loopback::{House, json, publisher, reply, settings};
use super::*;

fn lines(count: usize) -> String {
    let line = |number: usize| format!("{{\"id\":\"{number}\",\"name\":\"Hemliga Hulda {number}\"}}\n");
    (0..count).map(line).collect::<Vec<_>>().concat()
}

/// Drops the names, line by line; a line without an end is a cut.
fn without_names() -> Scrub {
    scrub(|input, output| {
        let mut lines = BufReader::new(input);
        let mut line = String::new();
        loop {
            line.clear();
            if lines.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if !line.ends_with('\n') {
                return Err(ScrubError::Incomplete("the last line has no end".to_owned()));
            }
            let Some((id, _)) = line.split_once(",\"name\"") else {
                return Err(ScrubError::Invalid("a line has no name".to_owned()));
            };
            writeln!(output, "{id}}}")?;
        }
    })
}

fn text(courier: &Courier, streamed: &Streamed) -> String {
    let mut text = String::new();
    courier.open(&streamed.record).unwrap().read_to_string(&mut text).unwrap();
    text
}

/// Every byte of every file below a folder.
fn everything(folder: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            bytes.extend(everything(&path));
        } else {
            let found = fs::read(&path).unwrap();
            bytes.extend(
                zstd::stream::read::Decoder::new(found.as_slice())
                    .ok()
                    .and_then(|mut packed| {
                        let mut unpacked = Vec::new();
                        packed.read_to_end(&mut unpacked).ok().map(|_| unpacked)
                    })
                    .unwrap_or_default(),
            );
            bytes.extend(found);
        }
    }
    bytes
}

fn holds(folder: &Path, word: &str) -> bool {
    everything(folder).windows(word.len()).any(|window| window == word.as_bytes())
}

fn leftovers(house: &House) -> usize {
    fs::read_dir(house.folder.path().join("stage/befolkning/streams")).map_or(0, Iterator::count)
}

#[tokio::test]
async fn a_body_above_the_usual_caps_is_kept_whole() {
    let body = lines(40_000);
    let mut packed = Vec::new();
    GzipEncoder::new(body.as_bytes()).read_to_end(&mut packed).await.unwrap();
    let sent = body.clone();
    let house = House::new(move |heard, _| match heard.path.as_str() {
        "/api/v2/gzip" => reply("200 OK", &[("Content-Encoding", "gzip"), ("ETag", "\"1\"")], &packed),
        _ => reply("200 OK", &[], &sent),
    })
    .await;
    assert!(body.len() as u64 > settings().max_body);
    let courier = house.courier();
    for path in ["/gzip", "/plain"] {
        let request = Request::get(path);
        let streamed = courier.ask_streamed(&request, Expect::Json, None).await.unwrap();
        assert_eq!(streamed.record.hash, blake3::hash(body.as_bytes()).to_hex().to_string());
        assert_eq!((streamed.record.size, &streamed.record.original), (body.len() as u64, &None));
        assert_eq!(text(&courier, &streamed), body);
        // The same object as `ask` files, and seekable where that is wanted.
        let mut file = courier.open_file(&streamed.record).unwrap();
        file.seek(SeekFrom::Start(body.len() as u64 - 3)).unwrap();
        let mut end = String::new();
        file.read_to_string(&mut end).unwrap();
        assert_eq!(end, "\"}\n");
        courier.accept_record(&streamed.record).unwrap();
    }
    assert_eq!(courier.tally().snapshot().bytes_body, 2 * body.len() as u64);
    assert_eq!((house.statuses(), leftovers(&house)), (vec![200, 200], 0));
    let objects: Vec<_> = fs::read_dir(house.folder.path().join("archive/objects")).unwrap().collect();
    assert_eq!(objects.len(), 1, "one body, kept once");

    let next = house.courier();
    let again = next.ask_streamed(&Request::get("/plain"), Expect::Json, None).await.unwrap();
    assert_eq!((next.tally().snapshot().calls, next.tally().snapshot().reused), (0, 1));
    assert_eq!(text(&next, &again), body);
}

#[tokio::test]
async fn what_a_scrub_drops_is_nowhere() {
    let body = lines(20_000);
    let sent = body.clone();
    let house = House::new(move |_, _| reply("200 OK", &[], &sent)).await;
    let courier = house.courier();
    let request = Request::get("/ads");
    let streamed = courier.ask_streamed(&request, Expect::Json, Some(without_names())).await.unwrap();
    let original = streamed.record.original.clone().unwrap();
    assert_eq!(original.hash, blake3::hash(body.as_bytes()).to_hex().to_string());
    assert_eq!(original.size, body.len() as u64);
    let kept = text(&courier, &streamed);
    assert!(kept.starts_with("{\"id\":\"0\"}\n{\"id\":\"1\"}\n"), "{}", &kept[..50]);
    assert_eq!(kept.lines().count(), 20_000);
    courier.accept_record(&streamed.record).unwrap();
    assert!(holds(house.folder.path(), "{\"id\":\"19999\"}") && !holds(house.folder.path(), "Hemliga"));

    // A record of the index names what came, and the next run and a replay begin with what is kept.
    let records: Vec<AnswerRecord> =
        archive::tests::archive(house.folder.path()).records().unwrap().map(Result::unwrap).collect();
    assert_eq!(records, std::slice::from_ref(&streamed.record));
    let next = house.courier();
    assert_eq!(next.ask_streamed(&request, Expect::Json, Some(without_names())).await.unwrap(), streamed);
    assert_eq!(next.tally().snapshot().calls, 0);
    let later = Courier::of_archive(
        "befolkning",
        Arc::new(courier.source().clone()),
        Client::new(&settings(), &publisher()).unwrap(),
        Arc::new(archive::tests::archive(house.folder.path())),
        courier.accepted(),
    );
    let replayed = later.ask_streamed(&request, Expect::Json, Some(without_names())).await.unwrap();
    assert_eq!(text(&later, &replayed), kept);
    let error = later.ask_streamed(&Request::get("/other"), Expect::Json, None).await.unwrap_err();
    assert_eq!(house.text(&error), "scb: GET BASE/other is not among the archived answers of this version");
}

#[tokio::test]
async fn half_a_body_leaves_nothing() {
    let body = lines(2_000);
    let mut packed = Vec::new();
    GzipEncoder::new(body.as_bytes()).read_to_end(&mut packed).await.unwrap();
    let house = House::new(move |heard, _| match heard.path.as_str() {
        // The promised length is not kept.
        "/api/v2/length" => {
            let whole = reply("200 OK", &[], &body);
            whole[..whole.len() - 100].to_vec()
        }
        "/api/v2/gzip" => reply("200 OK", &[("Content-Encoding", "gzip")], &packed[..packed.len() / 2]),
        // No length is promised: only the scrub can tell.
        _ => [b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".as_slice(), &body.as_bytes()[..body.len() - 10]].concat(),
    })
    .await;
    for (path, expected) in [
        ("/length", "scb: GET BASE/length failed 3 times; the last time: the body was cut off: "),
        ("/gzip", "scb: GET BASE/gzip failed 3 times; the last time: the compressed body ended too early"),
        ("/lines", "scb: GET BASE/lines failed 3 times; the last time: the last line has no end"),
    ] {
        for scrub in [None, Some(without_names())] {
            if scrub.is_none() && path == "/lines" {
                continue;
            }
            let fault = house.courier().ask_streamed(&Request::get(path), Expect::Json, scrub).await.unwrap_err();
            assert!(house.text(&fault).starts_with(expected), "{}", house.text(&fault));
        }
    }
    assert_eq!(leftovers(&house), 0);
    assert!(!house.folder.path().join("archive").exists(), "nothing is archived");
    assert!(!holds(house.folder.path(), "Hemliga"));
}

#[tokio::test]
async fn what_is_no_answer_is_said_and_not_kept() {
    let house = House::new(|heard, before| match heard.path.as_str() {
        "/api/v2/page" => reply("200 OK", &[("Content-Type", "text/html")], "<!DOCTYPE html><title>Underhåll</title>"),
        "/api/v2/empty" => reply("200 OK", &[], ""),
        "/api/v2/odd" => json("{\"id\":\"1\"}\n"),
        "/api/v2/gone" => reply("404 Not Found", &[], "{\"title\":\"Hulda is not here\"}"),
        "/api/v2/busy" if before.is_multiple_of(2) => reply("503 Service Unavailable", &[], "Hulda"),
        "/api/v2/long" => reply("200 OK", &[], vec![b' '; 3_000_001]),
        "/api/v2/away" => reply("302 Found", &[("Location", "http://evil.example/")], ""),
        _ => json("{\"id\":\"1\",\"name\":\"Hulda\"}\n"),
    })
    .await;
    let ask =
        async |path: &str| house.courier().ask_streamed(&Request::get(path), Expect::Json, Some(without_names())).await;
    for (path, expected) in [
        (
            "/page",
            "scb: GET BASE/page was answered with text/html instead of JSON; it begins \"<!DOCTYPE html><title>Underhåll</title>\"",
        ),
        ("/empty", "scb: GET BASE/empty was answered with no content type instead of JSON; it begins \"\""),
        ("/odd", "scb: the answer of BASE/odd is not what was expected: a line has no name"),
        ("/gone", "scb: GET BASE/gone was answered 404 Not Found: Hulda is not here"),
        ("/long", "scb: the answer of BASE/long is larger than the 3000000 bytes that max_stream allows"),
        ("/away", "scb: BASE/away redirects to http://evil.example/, which is on another origin and is not followed"),
    ] {
        assert_eq!(house.text(&ask(path).await.unwrap_err()), expected);
    }
    assert!(!house.folder.path().join("archive").exists(), "nothing is archived");
    let calls = house.server.heard().len();
    assert_eq!(calls, 6, "none of them is worth another try");
    ask("/busy").await.unwrap();
    assert_eq!((house.server.heard().len() - calls, house.statuses()), (2, vec![200]));
    assert!(!holds(house.folder.path(), "Hulda"));
}

#[tokio::test]
async fn a_bomb_stops_at_the_cap_of_streams() {
    let mut packed = Vec::new();
    GzipEncoder::new(vec![b' '; 20_000_001].as_slice()).read_to_end(&mut packed).await.unwrap();
    let house = House::new(move |_, _| reply("200 OK", &[("Content-Encoding", "gzip")], &packed)).await;
    let fault = house.courier().ask_streamed(&Request::get("/x"), Expect::Any, None).await.unwrap_err();
    assert_eq!(
        house.text(&fault),
        "scb: the answer of BASE/x is larger than the 20000000 bytes that max_stream_decompressed allows"
    );
    assert_eq!(fault.hint().unwrap(), "if it may be that large, raise max_stream_decompressed");
    assert_eq!(leftovers(&house), 0);
}

#[tokio::test]
async fn a_call_that_is_given_up_leaves_no_half() {
    let house = House::new(|_, _| Vec::new()).await;
    // Promises much and sends nothing more.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut base = house.server.url.clone();
    base.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
    let mut house = house;
    house.server.url = base;
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n[[[[";
        tokio::io::AsyncWriteExt::write_all(&mut stream, head).await.unwrap();
        std::future::pending::<()>().await;
    });
    let courier = house.courier();
    let request = Request::get("/x");
    let asked = courier.ask_streamed(&request, Expect::Json, None);
    assert!(tokio::time::timeout(Duration::from_millis(300), asked).await.is_err());
    for _ in 0..100 {
        if leftovers(&house) == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(leftovers(&house), 0);
    assert!(!house.folder.path().join("archive").exists());
    server.abort();
}

#[tokio::test]
async fn damage_shows_at_the_end_and_is_asked_for_again() {
    let body = lines(3_000);
    let sent = body.clone();
    let house = House::new(move |_, _| json(&sent)).await;
    let courier = house.courier();
    let streamed = courier.ask_streamed(&Request::get("/x"), Expect::Json, None).await.unwrap();
    courier.accept_record(&streamed.record).unwrap();
    let object = house.folder.path().join(Archive::place(&streamed.record.hash));
    fs::write(&object, zstd::bulk::compress(lines(2_999).as_bytes(), 3).unwrap()).unwrap();
    let error = io::copy(&mut courier.open(&streamed.record).unwrap(), &mut io::sink()).unwrap_err();
    assert_eq!(error.to_string(), "its content does not have the hash that it is named by");
    assert_eq!(
        courier.open_file(&streamed.record).unwrap_err().to_string(),
        format!("the archived answer {} is damaged: {error}", object.display())
    );
    let next = house.courier();
    next.ask_streamed(&Request::get("/x"), Expect::Json, None).await.unwrap();
    assert_eq!(next.tally().snapshot().calls, 1);
    assert_eq!(text(&next, &streamed), body, "mended");
}

#[tokio::test]
async fn a_file_of_this_machine_is_streamed_too() {
    let house = House::new(|_, _| Vec::new()).await;
    let path = house.folder.path().join("2020.jsonl");
    fs::write(&path, lines(1_000)).unwrap();
    let courier = house.courier();
    let streamed = courier.read_local_streamed(&path, Some(without_names())).await.unwrap();
    assert!(text(&courier, &streamed).ends_with("{\"id\":\"999\"}\n"));
    assert_eq!(streamed.record.original.as_ref().unwrap().size, lines(1_000).len() as u64);
    assert!(streamed.record.headers.contains_key("last-modified"));
    fs::write(&path, "{\"id\":\"1\",\"name\":\"Hul").unwrap();
    let error = courier.read_local_streamed(&path, Some(without_names())).await.unwrap_err();
    assert!(error.to_string().ends_with("is not what was expected: the last line has no end"), "{error}");
    let error = courier.read_local_streamed(house.folder.path(), None).await.unwrap_err();
    assert!(error.to_string().ends_with("it is not a regular file"), "{error}");
}

#[tokio::test]
async fn what_the_source_still_has_is_not_sent_again() {
    let body = lines(500);
    let house = House::new(move |heard, _| {
        if heard.head.contains("if-none-match: \"1\"") {
            reply("304 Not Modified", &[("ETag", "\"1\"")], "")
        } else {
            reply("200 OK", &[("ETag", "\"1\"")], &body)
        }
    })
    .await;
    let request = Request::get("/ads");
    let first = house.courier().ask_streamed(&request, Expect::Any, Some(without_names())).await.unwrap();
    let next = house.courier();
    next.remember([first.record.clone()]);
    assert_eq!(next.before(), std::slice::from_ref(&first.record));
    assert_eq!(next.ask_streamed(&request, Expect::Any, Some(without_names())).await.unwrap(), first);
    let counts = next.tally().snapshot();
    assert_eq!((counts.calls, counts.reused), (1, 1));
    // One that was kept whole is not taken for a scrubbed one, nor one that is spoilt for a sound one.
    assert_ne!(next.ask_streamed(&request, Expect::Any, None).await.unwrap(), first);
    fs::write(house.folder.path().join(Archive::place(&first.record.hash)), "x").unwrap();
    let again = next.ask_streamed(&request, Expect::Any, Some(without_names())).await.unwrap();
    assert_eq!((again.record.hash, again.record.original), (first.record.hash, first.record.original));
    let conditions: Vec<bool> = house.server.heard().iter().map(|call| call.head.contains("if-none-match")).collect();
    assert_eq!(conditions, [false, true, false, false]);
}

//! Over real sockets on loopback: what is refused, and what a client may not take.

#![expect(clippy::disallowed_methods, reason = "moves a pointer as the program does, in a folder of its own")]

use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::Limits;
use super::fixture::{ask, body, data_dir, get, header, rest, send, status, with_limits, with_server};

/// Long enough for a loaded machine; what is waited for comes much sooner.
const LONG: Duration = Duration::from_secs(20);

#[tokio::test]
async fn nothing_outside_the_two_folders_is_given() {
    let dir = data_dir();
    fs::remove_file(dir.path().join("site/current")).unwrap();
    symlink("versions/2", dir.path().join("site/current")).unwrap();
    fs::rename(dir.path().join("ledger.sqlite.txt"), dir.path().join("hemlig.txt")).unwrap();
    for link in ["datasets/bef/ut", "site/versions/2/ut"] {
        fs::remove_file(dir.path().join(link)).unwrap();
    }
    symlink("../../hemlig.txt", dir.path().join("datasets/bef/ut")).unwrap();
    symlink("/etc", dir.path().join("datasets/bef/system")).unwrap();
    symlink("../../../hemlig.txt", dir.path().join("site/versions/2/ut")).unwrap();
    symlink("runt", dir.path().join("datasets/bef/runt")).unwrap();
    with_server(dir.path(), async |address| {
        for (path, expected) in [
            ("/hemlig.txt", "404"),
            ("/../hemlig.txt", "400"),
            ("/../../hemlig.txt", "400"),
            ("/%2e%2e/%2e%2e/hemlig.txt", "400"),
            ("/%2E%2E/hemlig.txt", "400"),
            ("/.%2e/hemlig.txt", "400"),
            ("/..%2f..%2fhemlig.txt", "400"),
            ("/datasets/../hemlig.txt", "400"),
            ("/datasets/./bef", "400"),
            ("/datasets/%2e%2e/hemlig.txt", "400"),
            ("/datasets/..%2fhemlig.txt", "400"),
            ("/datasets/..%5chemlig.txt", "400"),
            ("/datasets/..\\hemlig.txt", "400"),
            ("/datasets/%252e%252e/hemlig.txt", "400"),
            ("/datasets/bef/../../archive/a.txt", "400"),
            ("/datasets//etc/passwd", "400"),
            ("/datasets/%2fetc/passwd", "400"),
            ("//etc/passwd", "400"),
            ("/datasets/bef%00", "400"),
            ("/datasets/bef%00.parquet", "400"),
            ("/%c0%ae%c0%ae/hemlig.txt", "400"),
            ("/datasets/%", "400"),
            ("/archive/a.txt", "404"),
            ("http://localhost/../hemlig.txt", "400"),
            ("http://localhost//etc/passwd", "400"),
            // Links that lead out of the served folder, or nowhere.
            ("/datasets/bef/ut", "404"),
            ("/datasets/bef/system/passwd", "404"),
            ("/datasets/bef/runt", "404"),
            ("/ut", "404"),
            ("/datasets", "404"),
            ("/datasets/", "404"),
            ("/datasets/bef/current/lan-01", "404"),
            ("/datasets/bef/current/lan-01/", "404"),
            ("/status/../hemlig.txt", "400"),
            ("/status/runs/%2e%2e", "400"),
        ] {
            let answer = get(address, path).await;
            assert!(!answer.contains("hemligt") && !answer.contains("root:"), "{path}: {answer}");
            assert_eq!(status(&answer), expected, "{path}: {answer}");
            assert!(header(&answer, "content-security-policy").is_some(), "{path}: {answer}");
            assert_eq!(header(&answer, "x-content-type-options"), Some("nosniff"), "{path}: {answer}");
        }
        let long = format!("/{}", "a".repeat(300));
        assert_eq!(status(&get(address, &long).await), "404", "longer than a file's name may be");
    })
    .await;
}

#[tokio::test]
async fn only_reading_is_allowed_and_nothing_is_taken_in() {
    let dir = data_dir();
    with_server(dir.path(), async |address| {
        for method in ["PUT", "POST", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"] {
            for path in ["/", "/healthz", "/status/", "/datasets/bef/current/lan-01/1.parquet", "/okand"] {
                let answer = ask(address, method, path, "").await;
                assert_eq!((status(&answer), header(&answer, "allow")), ("405", Some("GET, HEAD")), "{method} {path}");
                assert!(header(&answer, "content-security-policy").is_some(), "{answer}");
            }
        }
        let answer =
            send(address, b"PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx").await;
        assert_eq!(status(&answer), "405");
        for headers in ["Content-Length: 1\r\n", "Transfer-Encoding: chunked\r\n"] {
            let answer = ask(address, "GET", "/", headers).await;
            assert_eq!((status(&answer), header(&answer, "connection")), ("413", Some("close")), "{headers}: {answer}");
        }
        assert_eq!(status(&ask(address, "GET", "/", "Content-Length: 0\r\n").await), "200");
        for request in [
            "GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
            "GET /\r\n\r\n\r\n",
            "inget\r\n\r\n",
            "\u{16}\u{3}\u{1}\r\n\r\n",
        ] {
            let answer = send(address, request.as_bytes()).await;
            assert!(answer.is_empty() || status(&answer) == "400", "{request:?}: {answer}");
        }
        // HTTP/2 with prior knowledge is another protocol.
        let answer = send(address, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
        assert!(!answer.starts_with("HTTP/1.1 2"), "{answer}");
    })
    .await;
}

#[tokio::test]
async fn what_is_too_large_is_refused_before_it_is_looked_at() {
    let dir = data_dir();
    with_server(dir.path(), async |address| {
        let path = format!("/{}", "a/".repeat(1200));
        assert_eq!(status(&get(address, &path).await), "414");
        let many = (0..70).fold(String::new(), |many, number| many + &format!("X-{number}: 1\r\n"));
        assert_eq!(status(&ask(address, "GET", "/", &many).await), "431");
        let large = format!("X: {}\r\n", "a".repeat(17 << 10));
        assert_eq!(status(&ask(address, "GET", "/", &large).await), "431");
        // One that never ends is cut off, too.
        let mut stream = TcpStream::connect(address).await.unwrap();
        let chunk = [b'a'; 4096];
        stream.write_all(b"GET / HTTP/1.1\r\nX: ").await.unwrap();
        let mut sent = 0;
        while stream.write_all(&chunk).await.is_ok() {
            sent += chunk.len();
            assert!(sent < 64 << 20, "64 MiB of headers are taken in");
        }
        assert_eq!(status(&get(address, "/").await), "200");
    })
    .await;
}

#[tokio::test]
async fn who_sends_or_reads_too_slowly_is_hung_up_on() {
    let dir = data_dir();
    fs::write(dir.path().join("site/versions/1/stor.csv"), vec![b'x'; 32 << 20]).unwrap();
    let short = Duration::from_millis(200);
    let limits = Limits { header_timeout: short, write_timeout: short, ..Limits::default() };
    with_limits(dir.path(), limits, async |address| {
        // A byte now and then does not help.
        let slow_loris = async {
            let mut stream = TcpStream::connect(address).await.unwrap();
            for byte in b"GET / HTTP/1.1\r\nHost: a\r\nX-Long: and so on for ever and a day".iter().cycle() {
                if stream.write_all(&[*byte]).await.is_err() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(LONG, slow_loris).await.expect("a slow sender is hung up on");
        // Nor does saying nothing, before the first request or after it.
        let silent = async {
            let mut stream = TcpStream::connect(address).await.unwrap();
            assert_eq!(rest(&mut stream).await, "");
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
            assert!(rest(&mut stream).await.ends_with("ok\n"));
        };
        tokio::time::timeout(LONG, silent).await.expect("a silent client is hung up on");
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /stor.csv HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        tokio::time::sleep(Duration::from_secs(2)).await;
        let taken =
            tokio::time::timeout(LONG, rest(&mut stream)).await.expect("a reader who takes nothing is hung up on");
        assert!(taken.len() < 32 << 20, "all of it came after two seconds of not reading");
    })
    .await;
}

#[tokio::test]
async fn more_connections_than_there_are_places_for_are_closed_at_once() {
    let dir = data_dir();
    let limits = Limits { connections: 2, ..Limits::default() };
    with_limits(dir.path(), limits, async |address| {
        let mut held = Vec::new();
        for _ in 0..2 {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
            let mut first = [0; 15];
            stream.read_exact(&mut first).await.unwrap();
            held.push(stream);
        }
        assert_eq!(get(address, "/healthz").await, "");
        drop(held);
        let again = async {
            while get(address, "/healthz").await.is_empty() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(LONG, again).await.expect("a place is free again");
    })
    .await;
}

#[tokio::test]
async fn a_server_that_is_told_to_stop_ends_what_is_under_way_within_its_time() {
    let dir = data_dir();
    fs::write(dir.path().join("site/versions/1/stor.csv"), vec![b'x'; 32 << 20]).unwrap();
    let limits = Limits { drain: Duration::from_millis(500), ..Limits::default() };
    let mut left = None;
    let served = with_limits(dir.path(), limits, async |address| {
        // One lies idle, one asks slowly, one does not read: none of them holds the server up.
        let mut idle = TcpStream::connect(address).await.unwrap();
        idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        let mut asking = TcpStream::connect(address).await.unwrap();
        asking.write_all(b"GET / HT").await.unwrap();
        let mut reading = TcpStream::connect(address).await.unwrap();
        reading.write_all(b"GET /stor.csv HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        let mut first = [0; 15];
        reading.read_exact(&mut first).await.unwrap();
        left = Some((idle, asking, reading));
    });
    tokio::time::timeout(LONG, served).await.expect("the server ends");
    let (mut idle, ..) = left.unwrap();
    assert!(body(&rest(&mut idle).await).ends_with("ok\n"));
}

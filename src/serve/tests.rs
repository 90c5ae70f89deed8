//! Over real sockets on loopback: what is given, and what never is.

#![expect(clippy::disallowed_methods, reason = "moves a pointer as the program does, in a folder of its own")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use super::{bind, serve};

fn data_dir() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    for folder in ["site/versions/1/lan/01", "site/versions/2", "datasets/bef/versions/1/data/lan-01", "archive"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    fs::write(root.join("site/versions/1/index.html"), "<h1>ett</h1>").unwrap();
    fs::write(root.join("site/versions/1/lan/01/index.html"), "<h1>län</h1>").unwrap();
    fs::write(root.join("site/versions/2/index.html"), "<h1>två</h1>").unwrap();
    fs::write(root.join("datasets/bef/versions/1/data/lan-01/1.parquet"), "PAR1").unwrap();
    fs::write(root.join("ledger.sqlite"), "hemligt").unwrap();
    fs::write(root.join("archive/a.txt"), "hemligt").unwrap();
    symlink("versions/1", root.join("site/current")).unwrap();
    symlink("versions/1/data", root.join("datasets/bef/current")).unwrap();
    symlink("../../ledger.sqlite", root.join("datasets/bef/ut")).unwrap();
    symlink("../../ledger.sqlite", root.join("site/versions/2/ut")).unwrap();
    dir
}

/// The path goes out as it stands, so that no client tidies `..` away.
async fn get(address: std::net::SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

async fn with_server(root: &Path, check: impl AsyncFnOnce(std::net::SocketAddr)) {
    let (listener, address) = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let root = root.to_owned();
    let server = tokio::spawn(async move { serve(listener, &root, async { drop(stopped.await) }).await });
    check(address).await;
    stop.send(()).unwrap();
    server.await.unwrap().unwrap();
}

#[tokio::test]
async fn the_site_and_the_datasets_are_served_with_strict_headers() {
    let dir = data_dir();
    with_server(dir.path(), async |address| {
        let start = get(address, "/").await;
        assert!(start.starts_with("HTTP/1.1 200") && start.ends_with("<h1>ett</h1>"), "{start}");
        let head = start.to_lowercase();
        assert!(head.contains("content-security-policy: default-src 'none'; style-src 'self';"), "{start}");
        assert!(head.contains("x-content-type-options: nosniff") && head.contains("referrer-policy:"), "{start}");
        assert!(get(address, "/lan/01/").await.ends_with("<h1>län</h1>"));
        assert!(get(address, "/healthz").await.ends_with("ok\n"));
        for path in ["/datasets/bef/current/lan-01/1.parquet", "/datasets/bef/versions/1/data/lan-01/1.parquet"] {
            assert!(get(address, path).await.ends_with("PAR1"), "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_moved_pointer_is_followed_at_the_next_request() {
    let dir = data_dir();
    with_server(dir.path(), async |address| {
        assert!(get(address, "/").await.ends_with("ett</h1>"));
        symlink("versions/2", dir.path().join("site/next")).unwrap();
        fs::rename(dir.path().join("site/next"), dir.path().join("site/current")).unwrap();
        assert!(get(address, "/").await.ends_with("två</h1>"));
    })
    .await;
}

#[tokio::test]
async fn nothing_outside_the_two_folders_is_given() {
    let dir = data_dir();
    fs::remove_file(dir.path().join("site/current")).unwrap();
    symlink("versions/2", dir.path().join("site/current")).unwrap();
    with_server(dir.path(), async |address| {
        for path in [
            "/ledger.sqlite",
            "/../ledger.sqlite",
            "/../../ledger.sqlite",
            "/%2e%2e/%2e%2e/ledger.sqlite",
            "/..%2f..%2fledger.sqlite",
            "/datasets/../ledger.sqlite",
            "/datasets/%2e%2e/ledger.sqlite",
            "/datasets/..%2fledger.sqlite",
            "/datasets/..%5cledger.sqlite",
            "/datasets/bef/../../archive/a.txt",
            "/datasets//etc/passwd",
            "/datasets/%2fetc/passwd",
            "//etc/passwd",
            "/archive/a.txt",
            // Links that lead out of the served folder.
            "/datasets/bef/ut",
            "/ut",
            "/datasets",
            "/datasets/",
        ] {
            let answer = get(address, path).await;
            assert!(!answer.contains("hemligt") && !answer.contains("root:"), "{path}: {answer}");
            assert!(!answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
        }
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream
            .write_all(b"PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx")
            .await
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 405"), "{answer}");
    })
    .await;
}

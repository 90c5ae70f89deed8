//! A data folder with something published, a server over it on loopback, and
//! requests that go out as they stand, so that no client tidies them.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use super::{Limits, State, bind, router, serve};
use crate::config::{self, Overrides};

pub fn data_dir() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    for folder in ["site/versions/1/lan/01", "site/versions/2", "datasets/bef/versions/1/data/lan-01", "archive", "etc"]
    {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    fs::write(root.join("site/versions/1/index.html"), "<h1>ett</h1>").unwrap();
    fs::write(root.join("site/versions/1/lan/01/index.html"), "<h1>län</h1>").unwrap();
    fs::write(root.join("site/versions/2/index.html"), "<h1>två</h1>").unwrap();
    fs::write(root.join("datasets/bef/versions/1/data/lan-01/1.parquet"), "PAR1").unwrap();
    for file in ["changes.json", "changes.atom", "versions/1/manifest.json"] {
        fs::write(root.join("datasets/bef").join(file), "{}").unwrap();
    }
    fs::write(root.join("ledger.sqlite.txt"), "hemligt").unwrap();
    fs::write(root.join("archive/a.txt"), "hemligt").unwrap();
    fs::write(
        root.join("etc/underlag.toml"),
        "version = 1\n[publisher]\nname = \"Region X\"\ncontact = \"x@example.org\"\n",
    )
    .unwrap();
    symlink("versions/1", root.join("site/current")).unwrap();
    symlink("versions/1/data", root.join("datasets/bef/current")).unwrap();
    symlink("../../ledger.sqlite.txt", root.join("datasets/bef/ut")).unwrap();
    symlink("../../ledger.sqlite.txt", root.join("site/versions/2/ut")).unwrap();
    dir
}

/// The state over a data folder whose configuration is its `etc/underlag.toml`.
pub fn state(root: &Path) -> State {
    let overrides = Overrides { data_dir: Some(root.to_owned()), ..Overrides::default() };
    let loaded = config::load(&root.join("etc/underlag.toml"), &overrides);
    State::new(Arc::new(loaded.config.expect("the fixture's configuration is valid")))
}

pub async fn with_server(root: &Path, check: impl AsyncFnOnce(SocketAddr)) {
    with_limits(root, Limits::default(), check).await;
}

pub async fn with_limits(root: &Path, limits: Limits, check: impl AsyncFnOnce(SocketAddr)) {
    serving(state(root), limits, check).await;
}

pub async fn serving(state: State, limits: Limits, check: impl AsyncFnOnce(SocketAddr)) {
    let (listener, address) = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let router = router(state);
    let server = tokio::spawn(async move { serve(listener, router, limits, async { drop(stopped.await) }).await });
    check(address).await;
    stop.send(()).unwrap();
    server.await.unwrap().unwrap();
}

/// Sends these bytes on a connection of their own, and gives all that comes until it ends.
pub async fn send(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // A server that has refused already may have hung up.
    let _ = stream.write_all(bytes).await;
    rest(&mut stream).await
}

pub async fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

pub async fn get(address: SocketAddr, path: &str) -> String {
    ask(address, "GET", path, "").await
}

/// `headers` end with `\r\n` each.
pub async fn ask(address: SocketAddr, method: &str, path: &str, headers: &str) -> String {
    let request = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n");
    send(address, request.as_bytes()).await
}

/// `206`, or whatever stands in its place.
pub fn status(answer: &str) -> &str {
    answer.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).unwrap_or(answer)
}

pub fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let head = answer.split("\r\n\r\n").next()?;
    let of = |line: &'a str| line.split_once(": ").filter(|(key, _)| key.eq_ignore_ascii_case(name));
    head.lines().find_map(of).map(|(_, value)| value)
}

pub fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}

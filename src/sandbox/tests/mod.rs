//! The stand-ins as a client meets them: over HTTP on loopback.

#![expect(clippy::disallowed_methods, reason = "a small client against loopback")]

mod faults;
mod files;
mod kolada;
mod pxweb;

use std::path::Path;
use std::sync::Once;

use reqwest::{Client, Method, Response};
use serde_json::Value;

use super::{Options, Sandbox, start};
use crate::reference::Reference;

static CRYPTO: Once = Once::new();

/// A sandbox with no limit on calls, and a client for it.
struct Stage {
    sandbox: Sandbox,
    client: Client,
}

impl Stage {
    async fn open() -> Self {
        Self::with(Options { calls: 0, ..Options::default() }).await
    }

    async fn with(options: Options) -> Self {
        // The client wants a crypto provider even where nothing is encrypted.
        CRYPTO.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
        let reference = Reference::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("reference")).unwrap();
        let sandbox = start(([127, 0, 0, 1], 0).into(), reference, options).await.unwrap();
        Self { sandbox, client: Client::builder().no_proxy().build().unwrap() }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.sandbox.addr)
    }

    async fn get(&self, path: &str) -> Response {
        self.client.get(self.url(path)).send().await.unwrap()
    }

    async fn json(&self, path: &str) -> Value {
        let text = self.get(path).await.text().await.unwrap();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error} in {text:.200}"))
    }

    async fn post(&self, path: &str, body: &Value) -> Response {
        self.client.request(Method::POST, self.url(path)).body(body.to_string()).send().await.unwrap()
    }

    /// A table's data for a selection.
    async fn data(&self, table: &str, selection: Value) -> Value {
        let body = serde_json::json!({ "selection": selection });
        let response = self.post(&format!("pxweb/api/v2/tables/{table}/data"), &body).await;
        let text = response.text().await.unwrap();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{table}: {error} in {text:.200}"))
    }
}

/// The length that `size` promises.
fn cells(document: &Value) -> usize {
    document["size"].as_array().unwrap().iter().map(|size| usize::try_from(size.as_u64().unwrap()).unwrap()).product()
}

#[tokio::test]
async fn endpoints_are_named_and_calls_are_listed() {
    let stage = Stage::open().await;
    let names: Vec<&str> = stage.sandbox.endpoints().iter().map(|(name, _)| *name).collect();
    for name in [
        "pxweb-v2",
        "kolada-v3",
        "filer",
        "planned-educations",
        "school-units",
        "susa-navet",
        "siris",
        "eurostat",
        "pxweb-v1",
    ] {
        assert!(names.contains(&name), "{name}");
    }
    stage.get("pxweb/api/v2/config").await;
    stage.get("nowhere").await;
    let calls = stage.json("_calls").await;
    assert_eq!(calls[0]["path"], "/pxweb/api/v2/config");
    assert_eq!(calls[1]["status"], 404);
    assert_eq!(calls.as_array().unwrap().len(), 2);
    assert_eq!(stage.sandbox.calls().len(), 2);
    stage.client.delete(stage.url("_calls")).send().await.unwrap();
    assert!(stage.sandbox.calls().is_empty());
    stage.sandbox.stop().await;
}

#[tokio::test]
async fn two_sandboxes_answer_with_the_same_bytes() {
    let (one, other) = (Stage::open().await, Stage::open().await);
    for path in [
        "filer/ssyk_region_kommun_annonser_2024.json",
        "kolada/v3/data/kpi/N18898,N01982/year/2023",
        "pxweb/api/v2/tables/TAB6471/data?valueCodes[Alder]=-4&valueCodes[ContentsCode]=*&valueCodes[Tid]=TOP(1)&valueCodes[Region]=*",
    ] {
        let (one, other) = (one.get(path).await, other.get(path).await);
        assert_eq!(one.status(), 200);
        assert_eq!(one.bytes().await.unwrap(), other.bytes().await.unwrap(), "{path}");
    }
}

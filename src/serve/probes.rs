//! What machines ask: whether the process lives, whether it is ready, what it
//! counts, how everything stands, and what may be asked.

use axum::Json;
use axum::extract;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::State;
use super::state::Unreadable;
use crate::metrics;

const OPENAPI: &str = include_str!("../../docs/openapi.json");
const TEXT: [(axum::http::HeaderName, &str); 1] = [(CONTENT_TYPE, "text/plain; charset=utf-8")];

/// The process lives and answers.
pub(super) async fn healthz() -> impl IntoResponse {
    (TEXT, "ok\n")
}

#[derive(Serialize)]
struct Ready {
    ready: bool,
    reasons: Vec<String>,
}

/// What this server is for can be done: what is due can be published, or without a daemon, what is published can be
/// served. 503 with the reasons otherwise.
pub(super) async fn readyz(extract::State(state): extract::State<State>) -> Response {
    let reasons = state.unready().await;
    let status = if reasons.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Ready { ready: reasons.is_empty(), reasons })).into_response()
}

/// Prometheus' text format; the process tells of itself even where ledger and lake cannot be read.
pub(super) async fn metrics(extract::State(state): extract::State<State>) -> impl IntoResponse {
    let status = state.status().await.ok();
    let text = metrics::counters() + &metrics::gauges(status.as_deref());
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
}

pub(super) async fn status(extract::State(state): extract::State<State>) -> Result<Response, Unreadable> {
    let status = state.status().await?;
    Ok(Json(&*status).into_response())
}

pub(super) async fn openapi() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], OPENAPI)
}

impl IntoResponse for Unreadable {
    fn into_response(self) -> Response {
        tracing::warn!(reason = self.0, "a status page could not be made");
        (StatusCode::SERVICE_UNAVAILABLE, TEXT, format!("{}\n", self.0)).into_response()
    }
}

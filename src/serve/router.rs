//! The addresses that there are: the site at the root, datasets and the status
//! page beside it, and what machines ask.

use axum::Router;
use axum::extract::Request;
use axum::middleware::from_fn;
use axum::routing::get;
use tower::service_fn;

use super::files::Files;
use super::guard::guard;
use super::{State, pages, probes};

/// `/` is `site/current`, `/datasets/…` is `datasets`, both below the configuration's `data_dir`.
pub fn router(state: State) -> Router {
    let data_dir = state.config().data_dir.clone();
    let (site, datasets) = (data_dir.join("site"), data_dir.join("datasets"));
    let site = Files::new(&site.join("current"), &site, true);
    let datasets = Files::new(&datasets, &datasets, false);
    Router::new()
        .route("/healthz", get(probes::healthz))
        .route("/readyz", get(probes::readyz))
        .route("/metrics", get(probes::metrics))
        .route("/openapi.json", get(probes::openapi))
        .route("/status.json", get(probes::status))
        .route("/status", get(pages::to_overview))
        .route("/status/", get(pages::overview))
        .route("/status/status.css", get(pages::stylesheet))
        .route("/status/runs/{run}", get(pages::run))
        .route("/status/pipelines/{name}", get(pages::pipeline))
        .with_state(state)
        .nest_service("/datasets", service_fn(move |request: Request| datasets.clone().serve(request)))
        .fallback_service(service_fn(move |request: Request| site.clone().serve(request)))
        .layer(from_fn(guard))
}

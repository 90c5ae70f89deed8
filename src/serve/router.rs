//! The addresses that there are: the site at the root, datasets beside it, and a sign of life.

use std::path::Path;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, header};
use axum::routing::get;
use tower_http::services::ServeDir;
use tower_http::set_header::SetResponseHeaderLayer;

use super::confined::Confined;

/// Pages bring no script, no frame and nothing from elsewhere; the browser is told so.
const HEADERS: [(HeaderName, &str); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    // A version never changes, but `site/current` does: ask again, and be told "not modified".
    (header::CACHE_CONTROL, "no-cache"),
];

/// `/` is `site/current`, `/datasets/…` is `datasets`, both below `data_dir`.
pub fn router(data_dir: &Path) -> Router {
    let (site, datasets) = (data_dir.join("site"), data_dir.join("datasets"));
    let pages = ServeDir::with_backend(site.join("current"), Confined::new(&site));
    let files = ServeDir::with_backend(&datasets, Confined::new(&datasets)).append_index_html_on_directories(false);
    let router = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .nest_service("/datasets", files)
        .fallback_service(pages);
    HEADERS.into_iter().fold(router, |router, (name, value)| {
        router.layer(SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value)))
    })
}

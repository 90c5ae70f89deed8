//! Published files as they lie on the disk: types that analysts' tools know, and
//! a part of a file only where it is a part of the version that the client has.

use std::convert::Infallible;
use std::path::Path;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, IF_MATCH, IF_RANGE, RANGE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use tower::ServiceExt as _;
use tower_http::services::ServeDir;

use super::confined::Confined;

/// What the system's list of types does not know, or knows without its encoding.
const TYPES: [(&str, &str); 10] = [
    ("parquet", "application/vnd.apache.parquet"),
    ("json", "application/json"),
    ("jsonl", "application/jsonl"),
    ("csv", "text/csv; charset=utf-8"),
    ("html", "text/html; charset=utf-8"),
    ("css", "text/css; charset=utf-8"),
    ("txt", "text/plain; charset=utf-8"),
    ("atom", "application/atom+xml"),
    ("svg", "image/svg+xml"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
];

/// The files below one folder, `index.html` for a folder where `pages` says so.
#[derive(Clone)]
pub(super) struct Files {
    folder: ServeDir<tower_http::services::fs::DefaultServeDirFallback, Confined>,
}

impl Files {
    /// `served` lies below `root`, which no link leads out of.
    pub fn new(served: &Path, root: &Path, pages: bool) -> Self {
        let folder = ServeDir::with_backend(served, Confined::new(root)).append_index_html_on_directories(pages);
        Self { folder }
    }

    pub async fn serve(self, request: Request) -> Result<Response, Infallible> {
        let kind = of_type(request.uri().path());
        let mut answer = match part_of(&request) {
            Some((part, whole)) => {
                let part = self.clone().file(part).await;
                if part.status() == StatusCode::PRECONDITION_FAILED { self.file(whole).await } else { part }
            }
            None => self.file(request).await,
        };
        if answer.headers().contains_key(CONTENT_TYPE)
            && answer.status().is_success()
            && let Some(kind) = kind
        {
            answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        Ok(answer)
    }

    async fn file(self, request: Request) -> Response {
        match self.folder.oneshot(request).await {
            Ok(answer) => answer.map(Body::new).into_response(),
            Err(never) => match never {},
        }
    }
}

/// A folder's own address leads to its page.
fn of_type(path: &str) -> Option<&'static str> {
    let name = path.rsplit('/').next().unwrap_or_default();
    let extension = if name.is_empty() { "html" } else { name.rsplit_once('.')?.1 };
    TYPES.iter().find(|(of, _)| extension.eq_ignore_ascii_case(of)).map(|(_, kind)| *kind)
}

/// `If-Range`: the part if the file is still the one that the client has a part of, otherwise all of it. The first
/// request asks for the part on that condition, the second for the whole. A date is too coarse to tell two versions
/// apart, so with one the whole is given.
fn part_of(request: &Request) -> Option<(Request, Request)> {
    let condition = request.headers().get(IF_RANGE)?.clone();
    let again = || {
        let mut again = Request::new(Body::empty());
        request.method().clone_into(again.method_mut());
        request.uri().clone_into(again.uri_mut());
        request.headers().clone_into(again.headers_mut());
        again.headers_mut().remove(IF_RANGE);
        again
    };
    let (mut part, mut whole) = (again(), again());
    whole.headers_mut().remove(RANGE);
    if condition.as_bytes().starts_with(b"\"") {
        part.headers_mut().insert(IF_MATCH, condition);
    } else {
        part.headers_mut().remove(RANGE);
    }
    Some((part, whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_told_by_extension() {
        for (path, kind) in [
            ("/datasets/bef/current/lan-01/1.parquet", Some("application/vnd.apache.parquet")),
            ("/", Some("text/html; charset=utf-8")),
            ("/lan/01/", Some("text/html; charset=utf-8")),
            ("/x/changes.atom", Some("application/atom+xml")),
            ("/x/UPPER.CSV", Some("text/csv; charset=utf-8")),
            ("/x/okänd.bin", None),
            ("/x/ingen", None),
        ] {
            assert_eq!(of_type(path), kind, "{path}");
        }
    }
}

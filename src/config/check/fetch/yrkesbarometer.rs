//! `[fetch.NAME.yrkesbarometer]`.

use crate::config::YrkesbarometerFetch;
use crate::config::check::Problems;
use crate::config::node::Node;

pub(super) fn yrkesbarometer(node: &Node<'_>, problems: &mut Problems<'_>) -> YrkesbarometerFetch {
    if let Some(path) = node.text("path") {
        let written = *path.get_ref();
        let climbs = written.split('/').any(|part| part == ".." || part == ".");
        if climbs || written.starts_with('/') || written.contains('\\') || written.contains("://") {
            problems.hinted(
                path.span(),
                format!("{written:?} is not a path below the source's base URL"),
                "such as \"yrkesbarometer.json\", without `..` and without a slash in front",
            );
        }
    }
    YrkesbarometerFetch { path: node.string("path").unwrap_or_else(|| "yrkesbarometer.json".to_owned()) }
}

//! `[fetch.NAME.taxonomy]`.

use crate::config::node::Node;
use crate::config::{TaxonomyFetch, TaxonomyVersion, VERSIONS_URL};

pub(super) fn taxonomy(node: &Node<'_>) -> TaxonomyFetch {
    TaxonomyFetch {
        version: node.whole("version").map_or(TaxonomyVersion::Latest, TaxonomyVersion::Number),
        query: node.string("query").unwrap_or_default(),
        versions_url: node.string("versions_url").unwrap_or_else(|| VERSIONS_URL.to_owned()),
    }
}

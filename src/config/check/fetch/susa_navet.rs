//! `[fetch.NAME.susa-navet]`.

use crate::config::node::Node;
use crate::config::{SusaNavetFetch, SusaWhat};

pub(super) fn susa_navet(node: &Node<'_>) -> SusaNavetFetch {
    let what = node.string("what");
    let what = SusaWhat::ALL.into_iter().find(|one| Some(one.as_str()) == what.as_deref());
    SusaNavetFetch {
        what: what.unwrap_or(SusaWhat::Events),
        school_types: node.strings("school_types"),
        updated_since: node.string("updated_since"),
    }
}

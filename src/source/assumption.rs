//! What the code takes for granted of an API and knows only from documents or
//! from others' clients. Each fact has a name, says where it is from, and can be
//! held against a live answer: that is what `underlag probe` does.

pub use crate::fetch::Observed;

/// A fact that a connector relies on. Each connector lists its own as `ASSUMPTIONS`.
#[derive(Clone, Copy, Debug)]
pub struct Assumption {
    /// `KIND.topic.fact`, such as `pxweb-v1.config.max-cells`.
    pub name: &'static str,
    /// In a sentence, with figures where there are any.
    pub says: &'static str,
    /// Where it is known from.
    pub from: &'static str,
    pub ask: Ask,
    pub judge: fn(&Observed) -> Finding,
}

/// The call whose answer tells. `{table}` and its like stand for what the probe is given.
#[derive(Clone, Copy, Debug)]
pub enum Ask {
    /// Below the source's base URL.
    Get(&'static str),
    Post {
        path: &'static str,
        body: &'static str,
    },
    /// Nothing that may be asked for on purpose, such as an outage: only a recording can show it.
    Nothing,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    Agrees,
    /// What was seen instead.
    Differs(String),
    NotSeen,
}

impl Finding {
    /// Agrees if it holds; otherwise says what was seen.
    pub fn of(holds: bool, seen: impl FnOnce() -> String) -> Self {
        if holds { Self::Agrees } else { Self::Differs(seen()) }
    }
}

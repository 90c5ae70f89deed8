//! Every kind of problem that an operator can meet, with its code and its page:
//! what it means, what readers see meanwhile, what to do. One registry, by which
//! errors are marked, `underlag explain` answers and docs/errors is written. A
//! code is for good: a kind that goes leaves its number unused.

mod check;
mod command;
mod configuration;
mod daemon;
mod lake;
mod page;
mod source;

#[cfg(test)]
mod tests;

use std::fmt;

use crate::store::StoreError;

pub use check::*;
pub use command::*;
pub use configuration::*;
pub use daemon::*;
pub use lake::*;
pub use page::{files, list};
pub use source::*;

/// A kind of problem, `U0301`.
#[derive(Clone, Copy)]
pub struct Code(&'static Page);

/// What is said of it.
struct Page {
    code: &'static str,
    title: &'static str,
    means: &'static str,
    /// What readers of the published data see meanwhile.
    readers: &'static str,
    todo: &'static [&'static str],
    /// A heading of docs/runbooks.md, as an address has it.
    runbook: Option<&'static str>,
    /// As the program's own text names it.
    #[cfg(test)]
    name: &'static str,
}

/// Codes that stand under one heading.
pub struct Room {
    pub title: &'static str,
    pub codes: &'static [Code],
}

/// In the order of their numbers.
pub const ROOMS: [Room; 6] = [configuration::ROOM, source::ROOM, check::ROOM, lake::ROOM, daemon::ROOM, command::ROOM];

/// What readers see, where many pages say the same.
mod readers {
    pub const IN_FORCE: &str = "Nothing begins under it. A daemon goes on under the configuration before, and readers have what was published \
                                last.";
    pub const LAST_GOOD: &str =
        "The last good version, whole. Nothing of this run is published; other pipelines are not touched.";
    pub const UNTOUCHED: &str = "What was published before; none of it is touched.";
    pub const NOTHING: &str = "They notice nothing: no data are touched.";
}

/// Declares codes with their pages, and the room that they make up.
macro_rules! codes {
    ($room:literal: $($name:ident $code:literal $title:literal {
        means: $means:expr,
        readers: $readers:expr,
        todo: [$($todo:expr),+ $(,)?]
        $(, runbook: $runbook:literal)? $(,)?
    })+) => {
        $(
            #[doc = $title]
            pub const $name: $crate::codes::Code = $crate::codes::Code(&$crate::codes::Page {
                code: $code,
                title: $title,
                means: $means,
                readers: $readers,
                todo: &[$($todo),+],
                runbook: codes!(@runbook $($runbook)?),
                #[cfg(test)]
                name: stringify!($name),
            });
        )+
        pub(super) const ROOM: $crate::codes::Room = $crate::codes::Room { title: $room, codes: &[$($name),+] };
    };
    (@runbook) => { None };
    (@runbook $runbook:literal) => { Some($runbook) };
}
use codes;

impl Code {
    pub const fn as_str(self) -> &'static str {
        self.0.code
    }

    pub const fn title(self) -> &'static str {
        self.0.title
    }

    /// However it is written: `u0301`, `[U0301]`.
    pub fn find(text: &str) -> Option<Self> {
        let text = text.trim_matches(['[', ']', ':', ' ']);
        all().find(|code| code.as_str().eq_ignore_ascii_case(text))
    }

    /// Before a message that is kept: `[U0301] nothing published: …`.
    pub fn mark(self, message: &dyn fmt::Display) -> String {
        format!("[{self}] {message}")
    }
}

/// Of what became of rows on their way to a file: as a rule the disk.
pub fn of_kept(error: &anyhow::Error) -> Code {
    error.downcast_ref::<StoreError>().map_or(ROWS_REFUSED, StoreError::code)
}

/// All, in the order of their numbers.
pub fn all() -> impl Iterator<Item = Code> {
    ROOMS.iter().flat_map(|room| room.codes).copied()
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Code {}

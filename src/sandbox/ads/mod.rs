//! Job advertisements that nobody has written: yearly files and a stream of
//! changes, as JobTech has them. Every field that is somebody's in a real one is
//! filled with something plainly invented ([`INVENTED`]), so that a test can
//! look for it wherever it must not be.

mod advertisement;
mod historical;
mod stream;
mod text;
mod zip;

pub use advertisement::{Facts, Writer};
pub use historical::{Historical, Year};
pub use stream::JobStream;
pub use zip::Zipping;

/// Every advertisement has all of these: in its texts, its contacts, its employer.
pub const INVENTED: [&str; 6] =
    ["Fantasisson", "Påhitta", "070-17406", "@pahittat.example", "referens-hittepå", "Låtsasgatan"];

/// `2018-10-19T00:00:00`.
pub(super) fn local(at: jiff::civil::DateTime) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

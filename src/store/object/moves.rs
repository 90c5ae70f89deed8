//! `current.json`: which version is the current one, and which files it has.
//! Moved by a conditional put: whoever read another state of it moves nothing.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use object_store::{PutMode, UpdateVersion};
use serde::{Deserialize, Serialize};

use super::super::storage::Pointer;

/// The number of this program's pointers.
const FORMAT: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Current {
    format: u32,
    /// `versions/ID/data`, counted from the folder of this object, as the files are.
    pub target: String,
    #[serde(default)]
    pub files: Vec<String>,
    moved_at: Timestamp,
    /// Unlike that of every other move.
    #[serde(default, rename = "move")]
    token: String,
}

#[derive(Deserialize)]
struct Numbered {
    format: u32,
}

impl Current {
    pub fn new(target: &str, files: &[String]) -> Self {
        Self {
            format: FORMAT,
            target: target.to_owned(),
            files: files.iter().map(|file| format!("{target}/{file}")).collect(),
            moved_at: Timestamp::now(),
            token: token(),
        }
    }

    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let numbered: Numbered = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if numbered.format > FORMAT {
            return Err(format!("it has format {}, and this program reads up to {FORMAT}", numbered.format));
        }
        serde_json::from_slice(bytes).map_err(|error| error.to_string())
    }

    pub fn to_json(&self) -> String {
        // Texts and numbers always serialize.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

/// Where the object of a pointer lies.
pub(super) fn object(key: &str) -> String {
    format!("{key}.json")
}

/// Put only over what was read.
pub(super) fn condition(before: Option<&Pointer>) -> io::Result<PutMode> {
    match before {
        None => Ok(PutMode::Create),
        Some(Pointer { tag: Some(tag), .. }) => {
            Ok(PutMode::Update(UpdateVersion { e_tag: Some(tag.clone()), version: None }))
        }
        Some(Pointer { tag: None, .. }) => Err(io::Error::other(
            "the server gave no ETag with it, and nothing else tells whether another has moved it",
        )),
    }
}

/// Another writer has begun to put the same folder there.
pub(super) fn claimed() -> io::Error {
    io::Error::new(io::ErrorKind::ResourceBusy, "another underlag has published there meanwhile: this very version")
}

pub(super) fn overtaken(now: Option<&Current>) -> io::Error {
    let now = match now {
        Some(now) => format!("it leads to {}, since {:.0}", now.target, now.moved_at),
        None => "it is gone".to_owned(),
    };
    io::Error::new(io::ErrorKind::ResourceBusy, format!("another underlag published there meanwhile: {now}"))
}

/// Names in the order in which one process gives them, and across processes in the order of their clocks.
pub(super) fn sortable_name() -> String {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let now = u64::try_from(Timestamp::now().as_nanosecond()).unwrap_or_default();
    let before = LAST.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |last| Some(now.max(last + 1)));
    // The closure above gives a value always, so both arms hold the value before.
    let before = before.unwrap_or_else(|before| before);
    format!("{:020}-{}", now.max(before + 1), token())
}

/// 16 hexadecimal digits from the randomness that hash maps are seeded with.
fn token() -> String {
    static SERIAL: AtomicU64 = AtomicU64::new(0);
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u64(SERIAL.fetch_add(1, Ordering::Relaxed));
    format!("{:016x}", hasher.finish())
}

//! A zip, as archives and workbooks are: its members one at a time, each under
//! caps, since a few bytes of a zip can unpack to more than any disk holds.

use std::io::{self, Read};

use zip::ZipArchive;
use zip::read::ZipFile;

use super::input::{Input, Stream};
use crate::decode::DecodeError;
use crate::nearest::nearest;

/// A member may unpack to this, and to this many times its packed size once it is beyond what is always let through.
pub(super) const UNPACKED: u64 = 8 << 30;
const RATIO: u64 = 250;
const LET_THROUGH: u64 = 64 << 20;
const MEMBERS: usize = 10_000;

pub(super) struct Package {
    zip: ZipArchive<Stream>,
    names: Vec<String>,
}

impl Package {
    /// `expected` is what the body should be, for a message.
    pub fn open(input: &Input, expected: &'static str) -> Result<Self, DecodeError> {
        let head = input.begins(240).map_err(super::text::unwrapped)?;
        if !head.starts_with(b"PK") {
            return Err(DecodeError::NotTheFormat { expected, begins: super::begins(&head) });
        }
        let zip = ZipArchive::new(input.open().map_err(super::text::unwrapped)?).map_err(|error| broken(&error))?;
        if zip.len() > MEMBERS {
            return Err(DecodeError::Shape(format!(
                "the zip has {} members, more than the {MEMBERS} that are read",
                zip.len()
            )));
        }
        let names = zip.file_names().map(|name| name.map(std::borrow::Cow::into_owned));
        let names = names.collect::<Result<_, _>>().map_err(|error| broken(&error))?;
        Ok(Self { zip, names })
    }

    pub fn names(&self) -> &[String] {
        &self.names
    }

    pub fn has(&self, name: &str) -> bool {
        self.names.iter().any(|one| one == name)
    }

    /// A member's bytes, unpacked as they are read; its checksum is compared at its end.
    pub fn member(&mut self, name: &str) -> Result<Capped<ZipFile<'_, Stream>>, DecodeError> {
        let Some(place) = self.names.iter().position(|one| one == name) else {
            let near = nearest(name, self.names.iter().map(String::as_str));
            let near = near.map(|near| format!("; the nearest is {near:?}")).unwrap_or_default();
            return Err(DecodeError::Shape(format!("the zip has no member {name:?}{near}")));
        };
        // By the place in our list of names: a name that comes twice means its last.
        let index = self.zip.index_for_name(name).unwrap_or(place);
        let member = self.zip.by_index(index).map_err(|error| broken(&error))?;
        let packed = member.compressed_size();
        Ok(Capped::new(member, packed, format!("member {name:?}")))
    }

    /// A small member, whole.
    pub fn small(&mut self, name: &str, cap: u64) -> Result<Vec<u8>, DecodeError> {
        let mut bytes = Vec::new();
        let member = self.member(name)?;
        member.take(cap + 1).read_to_end(&mut bytes).map_err(super::text::unwrapped)?;
        if bytes.len() as u64 > cap {
            return Err(DecodeError::Shape(format!("member {name:?} is larger than {cap} bytes")));
        }
        Ok(bytes)
    }
}

pub(super) fn broken(error: &zip::result::ZipError) -> DecodeError {
    DecodeError::Shape(format!("the zip is cut off or broken: {error}"))
}

/// Counts what comes out of an unpacker and stops where no honest file goes.
pub(super) struct Capped<R> {
    inner: R,
    limit: u64,
    read: u64,
    what: String,
}

impl<R: Read> Capped<R> {
    /// `packed` is how many bytes are unpacked.
    pub fn new(inner: R, packed: u64, what: String) -> Self {
        let limit = UNPACKED.min(LET_THROUGH.max(packed.saturating_mul(RATIO)));
        Self { inner, limit, read: 0, what }
    }
}

impl<R: Read> Read for Capped<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        self.read += count as u64;
        if self.read > self.limit {
            let reason = format!(
                "{} unpacks to more than {} bytes, which no honest file of its size does",
                self.what, self.limit
            );
            return Err(io::Error::other(DecodeError::Shape(reason)));
        }
        Ok(count)
    }
}

//! An archived body as a stream: unpacked while it is read, and its hash
//! compared at the end.

use std::fmt;
use std::io::{self, BufReader, Read};

/// Reads as the body did when it came. Only a reader that has met the end without an error knows that it is sound.
pub struct Object {
    unpacked: zstd::stream::read::Decoder<'static, BufReader<Box<dyn Read + Send>>>,
    hasher: blake3::Hasher,
    hash: String,
    ended: bool,
}

impl Object {
    pub(super) fn open(packed: Box<dyn Read + Send>, hash: &str) -> io::Result<Self> {
        let unpacked = zstd::stream::read::Decoder::new(packed)?;
        Ok(Self { unpacked, hasher: blake3::Hasher::new(), hash: hash.to_owned(), ended: false })
    }
}

impl Read for Object {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ended || buffer.is_empty() {
            return Ok(0);
        }
        let length = self.unpacked.read(buffer)?;
        self.hasher.update(&buffer[..length]);
        if length == 0 {
            if self.hasher.finalize().to_hex().as_str() != self.hash {
                let reason = "its content does not have the hash that it is named by";
                return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
            }
            self.ended = true;
        }
        Ok(length)
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object").field("hash", &self.hash).finish_non_exhaustive()
    }
}

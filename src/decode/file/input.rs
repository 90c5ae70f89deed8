//! A body to be read: in memory or in a file, from its start as often as
//! needed. What has to be unpacked before it can be searched goes to a file
//! without a name when it is large.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write as _};

use bytes::Bytes;

/// What is unpacked is kept in memory up to here.
const IN_MEMORY: usize = 16 << 20;

#[derive(Debug)]
pub enum Input {
    Memory(Bytes),
    File(File),
}

/// A place in a body.
pub enum Stream {
    Memory(Cursor<Bytes>),
    File(File),
}

impl Input {
    /// From the start. Two streams of one file share their place: only one is read at a time.
    pub fn open(&self) -> io::Result<Stream> {
        Ok(match self {
            Self::Memory(bytes) => Stream::Memory(Cursor::new(bytes.clone())),
            Self::File(file) => {
                let mut file = file.try_clone()?;
                file.rewind()?;
                Stream::File(file)
            }
        })
    }

    pub fn size(&self) -> io::Result<u64> {
        Ok(match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::File(file) => file.metadata()?.len(),
        })
    }

    /// The first bytes, fewer where there are no more.
    pub fn begins(&self, count: usize) -> io::Result<Vec<u8>> {
        let mut head = Vec::new();
        self.open()?.take(count as u64).read_to_end(&mut head)?;
        Ok(head)
    }

    /// The whole body, up to a cap.
    pub fn whole(&self, cap: u64) -> io::Result<Bytes> {
        if let Self::Memory(bytes) = self {
            return Ok(bytes.clone());
        }
        let mut body = Vec::new();
        self.open()?.take(cap.saturating_add(1)).read_to_end(&mut body)?;
        if body.len() as u64 > cap {
            let reason = format!("larger than the {cap} bytes that a file of this format may have");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, reason));
        }
        Ok(Bytes::from(body))
    }

    /// Reads to the end, so that the bytes can be searched.
    pub fn spool(mut from: impl Read) -> io::Result<Self> {
        let mut start = Vec::new();
        (&mut from).take(IN_MEMORY as u64).read_to_end(&mut start)?;
        if start.len() < IN_MEMORY {
            return Ok(Self::Memory(Bytes::from(start)));
        }
        let mut file = tempfile::tempfile()?;
        file.write_all(&start)?;
        drop(start);
        io::copy(&mut from, &mut file)?;
        file.rewind()?;
        Ok(Self::File(file))
    }
}

impl Read for Stream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Memory(bytes) => bytes.read(into),
            Self::File(file) => file.read(into),
        }
    }
}

impl Seek for Stream {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Self::Memory(bytes) => bytes.seek(to),
            Self::File(file) => file.seek(to),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spooled_reads_the_same_wherever_it_lies() {
        for size in [0, 5, IN_MEMORY - 1, IN_MEMORY, IN_MEMORY + 7] {
            let body: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
            let input = Input::spool(&body[..]).unwrap();
            assert_eq!(matches!(input, Input::File(_)), size >= IN_MEMORY);
            for _ in 0..2 {
                assert!(input.whole(u64::MAX - 1).unwrap() == body);
            }
            assert_eq!(input.begins(3).unwrap(), body[..size.min(3)]);
            if size >= IN_MEMORY {
                assert!(input.whole(9).is_err());
            }
        }
    }
}

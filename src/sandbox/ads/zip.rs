//! A zip file with one member, written as it comes: lengths of 64 bits, after
//! the data.

use std::io::{self, Write};

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

const NAME_AT: usize = 30;

/// Takes the member's content; `finish` ends the file.
pub struct Zipping<W: Write> {
    packer: DeflateEncoder<Counting<W>>,
    crc: Crc,
    length: u64,
    name: String,
}

struct Counting<W> {
    inner: W,
    written: u64,
}

impl<W: Write> Write for Counting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.written += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<W: Write> Zipping<W> {
    /// # Errors
    /// Those of writing.
    pub fn new(inner: W, name: &str, level: u32) -> io::Result<Self> {
        let mut counting = Counting { inner, written: 0 };
        counting.write_all(&header(name))?;
        let packer = DeflateEncoder::new(counting, Compression::new(level));
        Ok(Self { packer, crc: Crc::new(), length: 0, name: name.to_owned() })
    }

    /// # Errors
    /// Those of writing.
    pub fn finish(self) -> io::Result<W> {
        let Self { packer, crc, length, name } = self;
        let mut out = packer.finish()?;
        let packed = out.written - header(&name).len() as u64;
        let mut end = Vec::new();
        end.extend_from_slice(b"PK\x07\x08");
        end.extend_from_slice(&crc.sum().to_le_bytes());
        end.extend_from_slice(&packed.to_le_bytes());
        end.extend_from_slice(&length.to_le_bytes());
        let directory = out.written + end.len() as u64;
        let start = end.len();
        end.extend_from_slice(b"PK\x01\x02\x2d\x00");
        end.extend_from_slice(&header(&name)[4..14]);
        end.extend_from_slice(&crc.sum().to_le_bytes());
        end.extend_from_slice(&[0xff; 8]);
        end.extend_from_slice(&(name.len() as u16).to_le_bytes());
        end.extend_from_slice(&20_u16.to_le_bytes());
        end.extend_from_slice(&[0; 14]);
        end.extend_from_slice(name.as_bytes());
        end.extend_from_slice(b"\x01\x00\x10\x00");
        end.extend_from_slice(&length.to_le_bytes());
        end.extend_from_slice(&packed.to_le_bytes());
        let size = (end.len() - start) as u64;
        let end_64 = directory + size;
        end.extend_from_slice(b"PK\x06\x06");
        end.extend_from_slice(&44_u64.to_le_bytes());
        end.extend_from_slice(b"\x2d\x00\x2d\x00\x00\x00\x00\x00\x00\x00\x00\x00");
        for number in [1, 1, size, directory] {
            end.extend_from_slice(&number.to_le_bytes());
        }
        end.extend_from_slice(b"PK\x06\x07\x00\x00\x00\x00");
        end.extend_from_slice(&end_64.to_le_bytes());
        end.extend_from_slice(b"\x01\x00\x00\x00");
        end.extend_from_slice(b"PK\x05\x06\x00\x00\x00\x00\x01\x00\x01\x00");
        end.extend_from_slice(&u32::try_from(size).unwrap_or(u32::MAX).to_le_bytes());
        end.extend_from_slice(&u32::try_from(directory).unwrap_or(u32::MAX).to_le_bytes());
        end.extend_from_slice(&[0; 2]);
        out.write_all(&end)?;
        Ok(out.inner)
    }
}

/// Lengths are told after the data; a name in UTF-8; deflated; midnight of the first day that a zip can tell.
fn header(name: &str) -> Vec<u8> {
    let mut bytes = b"PK\x03\x04\x2d\x00\x08\x08\x08\x00\x00\x00\x21\x00".to_vec();
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(&[0xff; 8]);
    bytes.extend_from_slice(&(name.len() as u16).to_le_bytes());
    bytes.extend_from_slice(&20_u16.to_le_bytes());
    debug_assert_eq!(bytes.len(), NAME_AT);
    bytes.extend_from_slice(name.as_bytes());
    bytes.extend_from_slice(b"\x01\x00\x10\x00");
    bytes.extend_from_slice(&[0; 16]);
    bytes
}

impl<W: Write> Write for Zipping<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.packer.write_all(bytes)?;
        self.crc.update(bytes);
        self.length += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.packer.flush()
    }
}

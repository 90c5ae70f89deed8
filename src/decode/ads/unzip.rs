//! A zip file read from its beginning, as it comes: local headers, with lengths
//! before or after the data and in 32 or 64 bits. It holds one file and folders;
//! its checksum and lengths must be right and its directory there, or it is cut.

use std::cmp::Ordering;
use std::io::Read;

use crc32fast::Hasher;
use flate2::{Decompress, FlushDecompress, Status};

use super::AdsError;
use super::pipe::Filler;
use super::scrub::read_full;

const LOCAL: [u8; 4] = *b"PK\x03\x04";
const DIRECTORY: [u8; 4] = *b"PK\x01\x02";
const DIRECTORY_END: [u8; 4] = *b"PK\x05\x06";
const DIRECTORY_END_64: [u8; 4] = *b"PK\x06\x06";
const LOCATOR_64: [u8; 4] = *b"PK\x06\x07";
const DESCRIPTOR: [u8; 4] = *b"PK\x07\x08";

const ENCRYPTED: u16 = 1;
const LENGTHS_AFTER: u16 = 1 << 3;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// Unpacked at a time.
const CHUNK: usize = 1 << 18;
/// A directory of one file and some folders is far smaller.
const DIRECTORY_MAX: usize = 1 << 20;

pub(super) fn is_zip(start: &[u8]) -> bool {
    start == LOCAL || start == DIRECTORY_END
}

fn cut() -> AdsError {
    AdsError::Cut("the zip file is cut off".to_owned())
}

fn wrong(why: &str) -> AdsError {
    AdsError::Wrong(format!("the zip file {why}"))
}

/// Hands the one file's content on in chunks, as long as somebody wants more.
pub(super) fn unzip(input: &mut (dyn Read + Send), cap: u64, filler: &Filler) -> Result<(), AdsError> {
    let mut zip = Zip { input, buffer: vec![0; CHUNK], start: 0, end: 0 };
    let mut files = 0;
    loop {
        match zip.peek(4)? {
            signature if signature == LOCAL => {}
            signature if [DIRECTORY, DIRECTORY_END, DIRECTORY_END_64].iter().any(|known| signature == known) => {
                return if files == 1 { zip.directory() } else { Err(wrong("holds no file")) };
            }
            _ => return Err(wrong("has something unknown between its files")),
        }
        let header = zip.header()?;
        if !header.is_folder {
            files += 1;
        }
        if files > 1 {
            return Err(wrong("holds more than one file"));
        }
        let unpacked = match header.method {
            DEFLATED => zip.inflate(cap, filler)?,
            STORED if header.lengths_after => {
                return Err(wrong("holds a file that is not compressed and whose length is not told before it"));
            }
            STORED => zip.stored(header.packed, cap, filler)?,
            other => return Err(wrong(&format!("is compressed in a way that is not known here ({other})"))),
        };
        let Some(unpacked) = unpacked else { return Ok(()) };
        let told = if header.lengths_after {
            zip.descriptor(&unpacked)?
        } else {
            header.crc == unpacked.crc && header.length == unpacked.length && header.packed == unpacked.packed
        };
        if !told {
            return Err(wrong("is damaged: checksum or lengths are not those of its content"));
        }
    }
}

struct Header {
    method: u16,
    lengths_after: bool,
    is_folder: bool,
    crc: u32,
    packed: u64,
    length: u64,
}

/// What was found of a file.
struct Unpacked {
    crc: u32,
    packed: u64,
    length: u64,
}

struct Zip<'a> {
    input: &'a mut (dyn Read + Send),
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from(u16_at(bytes, at)) | u32::from(u16_at(bytes, at + 2)) << 16
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}

impl Zip<'_> {
    /// As many bytes in the buffer as there are, up to `length`.
    fn available(&mut self, length: usize) -> Result<&[u8], AdsError> {
        if self.end - self.start < length {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
            if self.buffer.len() < length {
                self.buffer.resize(length, 0);
            }
            self.end += read_full(self.input, &mut self.buffer[self.end..])?;
        }
        Ok(&self.buffer[self.start..self.end])
    }

    fn peek(&mut self, length: usize) -> Result<&[u8], AdsError> {
        self.available(length)?.get(..length).ok_or_else(cut)
    }

    fn header(&mut self) -> Result<Header, AdsError> {
        let fixed = self.peek(30)?;
        let (flags, method) = (u16_at(fixed, 6), u16_at(fixed, 8));
        let (crc, mut packed, mut length) =
            (u32_at(fixed, 14), u64::from(u32_at(fixed, 18)), u64::from(u32_at(fixed, 22)));
        let (name, extra) = (usize::from(u16_at(fixed, 26)), usize::from(u16_at(fixed, 28)));
        let whole = &self.peek(30 + name + extra)?[30..];
        let is_folder = whole[..name].ends_with(b"/");
        let mut rest = &whole[name..];
        while rest.len() >= 4 {
            let (id, size) = (u16_at(rest, 0), usize::from(u16_at(rest, 2)));
            let Some(field) = rest.get(4..4 + size) else { break };
            if id == 1 {
                let mut at = 0;
                for value in [&mut length, &mut packed] {
                    if *value == u64::from(u32::MAX) && field.len() >= at + 8 {
                        *value = u64_at(field, at);
                        at += 8;
                    }
                }
            }
            rest = &rest[4 + size..];
        }
        self.start += 30 + name + extra;
        if flags & ENCRYPTED != 0 {
            return Err(wrong("is encrypted"));
        }
        Ok(Header { method, lengths_after: flags & LENGTHS_AFTER != 0, is_folder, crc, packed, length })
    }

    /// None where no more is wanted.
    fn inflate(&mut self, cap: u64, filler: &Filler) -> Result<Option<Unpacked>, AdsError> {
        let mut inflater = Decompress::new(false);
        let mut crc = Hasher::new();
        loop {
            let mut chunk = filler.buffer();
            chunk.resize(CHUNK, 0);
            let mut filled = 0;
            let mut ended = false;
            while filled < chunk.len() && !ended {
                let packed = self.available(1)?;
                let (read, written) = (inflater.total_in(), inflater.total_out());
                let status = inflater.decompress(packed, &mut chunk[filled..], FlushDecompress::None);
                let is_over = packed.is_empty();
                self.start += (inflater.total_in() - read) as usize;
                let written = (inflater.total_out() - written) as usize;
                filled += written;
                match status {
                    Ok(Status::StreamEnd) => ended = true,
                    Ok(_) if is_over && written == 0 => return Err(cut()),
                    Ok(_) => {}
                    Err(_) => return Err(wrong("is damaged: its content can't be unpacked")),
                }
            }
            if inflater.total_out() > cap {
                return Err(too_large(cap));
            }
            chunk.truncate(filled);
            crc.update(&chunk);
            if !filler.hand_on(chunk) {
                return Ok(None);
            }
            if ended {
                let (packed, length) = (inflater.total_in(), inflater.total_out());
                return Ok(Some(Unpacked { crc: crc.finalize(), packed, length }));
            }
        }
    }

    fn stored(&mut self, packed: u64, cap: u64, filler: &Filler) -> Result<Option<Unpacked>, AdsError> {
        if packed > cap {
            return Err(too_large(cap));
        }
        let mut crc = Hasher::new();
        let mut left = packed;
        while left > 0 {
            let found = self.available(1)?;
            if found.is_empty() {
                return Err(cut());
            }
            let length = found.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let mut chunk = filler.buffer();
            chunk.clear();
            chunk.extend_from_slice(&found[..length]);
            crc.update(&chunk);
            self.start += length;
            left -= length as u64;
            if !filler.hand_on(chunk) {
                return Ok(None);
            }
        }
        Ok(Some(Unpacked { crc: crc.finalize(), packed, length: packed }))
    }

    /// Steps over the lengths after a file's data, which come with or without a signature and in either width;
    /// whether they are the file's.
    fn descriptor(&mut self, found: &Unpacked) -> Result<bool, AdsError> {
        let bytes = self.available(28)?;
        for signed in [4, 0] {
            for width in [4, 8] {
                let Some(fields) = bytes.get(signed..signed + 4 + 2 * width) else { continue };
                let after = bytes.get(signed + 4 + 2 * width..signed + 6 + 2 * width);
                let number = |at| if width == 4 { u64::from(u32_at(fields, at)) } else { u64_at(fields, at) };
                let same = u32_at(fields, 0) == found.crc
                    && number(4) == found.packed
                    && number(4 + width) == found.length
                    && (signed == 0 || bytes[..4] == DESCRIPTOR)
                    && after.is_none_or(|after| after == b"PK");
                if same {
                    self.start += signed + 4 + 2 * width;
                    return Ok(true);
                }
            }
        }
        // The directory that follows is longer than this.
        if bytes.len() < 28 { Err(cut()) } else { Ok(false) }
    }

    /// A file that was cut off has no end of its directory.
    fn directory(&mut self) -> Result<(), AdsError> {
        let rest = self.available(DIRECTORY_MAX + 1)?;
        if rest.len() > DIRECTORY_MAX {
            return Err(wrong("goes on after its files"));
        }
        let number = |at: usize| rest.get(at..at + 2).map(|bytes| usize::from(u16_at(bytes, 0)));
        let mut at = 0;
        loop {
            let signature = rest.get(at..at + 4).ok_or_else(cut)?;
            at += if signature == DIRECTORY {
                let lengths = [28, 30, 32].map(|place| number(at + place));
                46 + lengths.into_iter().sum::<Option<usize>>().ok_or_else(cut)?
            } else if signature == DIRECTORY_END_64 {
                let length = u64_at(rest.get(at + 4..at + 12).ok_or_else(cut)?, 0);
                // Whatever it says, it is no longer than a directory may be.
                12 + usize::try_from(length).map_or(DIRECTORY_MAX, |length| length.min(DIRECTORY_MAX))
            } else if signature == LOCATOR_64 {
                20
            } else if signature == DIRECTORY_END {
                let end = at + 22 + number(at + 20).ok_or_else(cut)?;
                return match rest.len().cmp(&end) {
                    Ordering::Less => Err(cut()),
                    Ordering::Equal => Ok(()),
                    Ordering::Greater => Err(wrong("goes on after its directory")),
                };
            } else {
                return Err(wrong("has a directory that is none"));
            };
        }
    }
}

fn too_large(cap: u64) -> AdsError {
    AdsError::Wrong(format!("it unpacks to more than the {cap} bytes that max_stream_decompressed allows"))
}

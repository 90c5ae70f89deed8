//! Bytes in the declared encoding as UTF-8, piece by piece. Bytes that are not
//! in it are an error with their place, never a replacement character.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8};

use crate::decode::DecodeError;
use crate::decode::json::begins;

const PIECE: usize = 1 << 16;

pub(super) struct Text<R> {
    inner: R,
    decoder: Decoder,
    utf8: bool,
    raw: Vec<u8>,
    /// What of `raw` is not decoded yet.
    from: usize,
    /// Bytes decoded so far.
    offset: u64,
    /// How the bytes begin, for a message.
    head: Vec<u8>,
    ended: bool,
    out: Vec<u8>,
    at: usize,
    /// How much more may be read before the reader above says that it has come to an end of something.
    left: Arc<AtomicUsize>,
}

/// How long a single row, line or element may be.
pub(super) const LONGEST: usize = 32 << 20;

/// Lets the next row be as long as the one before.
#[derive(Clone)]
pub(super) struct Allowance(Arc<AtomicUsize>);

impl Allowance {
    pub fn new() -> Self {
        Self(Arc::new(AtomicUsize::new(LONGEST)))
    }

    pub fn renew(&self) {
        self.0.store(LONGEST, Ordering::Relaxed);
    }

    fn left(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.0)
    }
}

impl<R: Read> Text<R> {
    pub fn new(mut inner: R, label: &str, allowance: &Allowance) -> Result<Self, DecodeError> {
        let encoding = Encoding::for_label(label.as_bytes())
            .ok_or_else(|| DecodeError::Shape(format!("{label:?} is not an encoding")))?;
        let mut raw = Vec::with_capacity(PIECE);
        (&mut inner).take(PIECE as u64).read_to_end(&mut raw).map_err(unwrapped)?;
        let marked = raw.starts_with(b"\xef\xbb\xbf");
        if marked && encoding != UTF_8 {
            return Err(DecodeError::Shape(format!("the file begins with a UTF-8 mark, but {label} is declared")));
        }
        let from = if marked { 3 } else { 0 };
        Ok(Self {
            inner,
            decoder: encoding.new_decoder_without_bom_handling(),
            utf8: encoding == UTF_8,
            head: raw[..raw.len().min(240)].to_vec(),
            raw,
            from,
            offset: from as u64,
            ended: false,
            out: Vec::with_capacity(PIECE),
            at: 0,
            left: allowance.left(),
        })
    }

    /// Decodes the next piece; nothing is left when it is empty.
    fn fill(&mut self) -> io::Result<()> {
        self.out.clear();
        self.at = 0;
        while self.out.is_empty() && !self.ended {
            if self.from == self.raw.len() {
                self.raw.clear();
                self.from = 0;
                (&mut self.inner).take(PIECE as u64).read_to_end(&mut self.raw)?;
                if self.raw.is_empty() {
                    self.ended = true;
                }
            }
            let piece = &self.raw[self.from..];
            let needed = self.decoder.max_utf8_buffer_length_without_replacement(piece.len()).unwrap_or(4 * PIECE);
            self.out.resize(needed.max(16), 0);
            let (result, read, written) =
                self.decoder.decode_to_utf8_without_replacement(piece, &mut self.out, self.ended);
            self.out.truncate(written);
            self.from += read;
            self.offset += read as u64;
            if let DecoderResult::Malformed(length, after) = result {
                return Err(io::Error::other(self.malformed(u64::from(length) + u64::from(after))));
            }
        }
        Ok(())
    }

    fn malformed(&self, back: u64) -> DecodeError {
        if self.utf8 {
            return DecodeError::Broken { offset: self.offset.saturating_sub(back), reason: "not UTF-8".to_owned() };
        }
        DecodeError::NotTheFormat { expected: "text in the declared encoding", begins: begins(&self.head) }
    }
}

impl<R: Read> Read for Text<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.at == self.out.len() {
            self.fill()?;
        }
        let left = self.left.load(Ordering::Relaxed);
        let count = into.len().min(self.out.len() - self.at).min(left);
        if count == 0 && self.at < self.out.len() && !into.is_empty() {
            return Err(io::Error::other(too_long()));
        }
        self.left.store(left - count, Ordering::Relaxed);
        into[..count].copy_from_slice(&self.out[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

pub(super) fn too_long() -> DecodeError {
    DecodeError::Shape(format!("a single row is longer than {LONGEST} bytes"))
}

/// Ours come through other readers unchanged; the rest are theirs.
pub(super) fn unwrapped(error: io::Error) -> DecodeError {
    let reason = error.to_string();
    match error.into_inner().map(<dyn std::error::Error + Send + Sync>::downcast::<DecodeError>) {
        Some(Ok(ours)) => *ours,
        _ => DecodeError::Shape(format!("the file can't be read: {reason}")),
    }
}

//! Advertisements in, the same with nothing but the kept fields out, as JSON
//! Lines. What comes is unpacked on one thread, scrubbed on the next and kept
//! by a third, with a few buffers between them whatever the size.

use std::io::{self, Read};
use std::thread::{self, ScopedJoinHandle};

use super::AdsError;
use super::kept::{COLUMNS_OF_OLD, KEPT};
use super::objects::Objects;
use super::pipe::{Drain, Filler, Outflow, pipe};
use super::unzip;
use crate::decode::scrub::{Copier, Cursor, Stop};

/// Read of a file that is not packed at a time.
const CHUNK: usize = 1 << 18;
/// Kept at a time.
const FLUSH: usize = 1 << 17;

/// What a scrub has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scrubbed {
    pub ads: u64,
    /// Values that did not look like what their field is for, and were dropped.
    pub refused: u64,
}

/// What is done with the lines that may be kept.
pub type Keeper<'a> = dyn FnMut(&[u8]) -> Result<(), AdsError> + Send + 'a;

/// Reads a zip with one file of advertisements, or the file itself, of at most `cap` bytes unpacked. `keep` gets what
/// may be kept, some hundred whole lines at a time, which [`super::each_ad`] reads.
pub fn scrub(input: &mut (dyn Read + Send), cap: u64, keep: &mut Keeper<'_>) -> Result<Scrubbed, AdsError> {
    let mut start = [0; 4];
    let length = read_full(input, &mut start)?;
    let start = &start[..length];
    if start == b"Rar!" {
        return Err(AdsError::Wrong("it is a RAR archive, and a zip is read".to_owned()));
    }
    let (to_scrub, unpacked) = pipe();
    let (to_keep, scrubbed) = pipe();
    thread::scope(|scope| {
        let unpacker = scope.spawn(move || unpack(start, input, cap, &to_scrub));
        let keeper = scope.spawn(move || kept(&scrubbed, keep));
        let result = lines(Outflow::new(unpacked), &to_keep);
        drop(to_keep);
        // What stopped the unpacking is the reason; what became of its output follows from that.
        let unpacked = ended(unpacker, "its unpacking broke down");
        let kept = ended(keeper, "its keeping broke down");
        unpacked.and(kept).and(result)
    })
}

fn ended<T>(thread: ScopedJoinHandle<'_, Result<T, AdsError>>, otherwise: &str) -> Result<T, AdsError> {
    thread.join().unwrap_or_else(|_| Err(AdsError::Wrong(otherwise.to_owned())))
}

fn unpack(start: &[u8], input: &mut (dyn Read + Send), cap: u64, filler: &Filler) -> Result<(), AdsError> {
    let mut input = start.chain(input);
    if unzip::is_zip(start) {
        return unzip::unzip(&mut input, cap, filler);
    }
    let mut input = input.take(cap.saturating_add(1));
    loop {
        let mut chunk = filler.buffer();
        chunk.resize(CHUNK, 0);
        let length = read_full(&mut input, &mut chunk)?;
        chunk.truncate(length);
        if length == 0 || !filler.hand_on(chunk) {
            return Ok(());
        }
    }
}

fn kept(drain: &Drain, keep: &mut Keeper<'_>) -> Result<(), AdsError> {
    while let Some(lines) = drain.next() {
        keep(&lines)?;
        drain.give_back(lines);
    }
    Ok(())
}

fn lines(input: impl Read, filler: &Filler) -> Result<Scrubbed, AdsError> {
    let mut objects = Objects::new(input);
    let mut copier = Copier::lenient(2 * FLUSH);
    loop {
        let (length, refused) = (copier.out.len(), copier.refused);
        let more = objects.next(|cursor| {
            copier.back_to(length, refused);
            ad(&mut copier, cursor)
        })?;
        if copier.out.len() >= FLUSH || !more {
            let mut next = filler.buffer();
            next.clear();
            // Where nobody wants more, the one who should says why.
            if !filler.hand_on(std::mem::replace(&mut copier.out, next)) || !more {
                return Ok(Scrubbed { ads: objects.number(), refused: copier.refused });
            }
        }
    }
}

fn ad(copier: &mut Copier, cursor: &mut Cursor<'_>) -> Result<(), Stop> {
    let mut known = false;
    copier.fields(cursor, KEPT, |key, is_kept| {
        if !is_kept && COLUMNS_OF_OLD.iter().any(|old| old.as_bytes().eq_ignore_ascii_case(key)) {
            return Err(Stop::Bad(
                "it has the columns that the files of 2006 to 2016 had at first (ANTAL_AKT_PLATSER, KOMMUN_KOD …), \
                 whose meaning is not known well enough to count by",
            ));
        }
        known = known || matches!(key, b"id" | b"publication_date");
        Ok(())
    })?;
    copier.out.push(b'\n');
    if known { Ok(()) } else { Err(Stop::Bad("it has neither id nor publication_date")) }
}

/// As many bytes as there are, up to the buffer's length.
pub(super) fn read_full(input: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match input.read(&mut buffer[length..]) {
            Ok(0) => break,
            Ok(more) => length += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}

//! Advertisements in, the same with nothing but the kept fields out, as JSON
//! Lines. The unpacking of a zip has a thread of its own.

use std::io::{self, Read, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::AdsError;
use super::kept::{COLUMNS_OF_OLD, KEPT};
use super::objects::Objects;
use super::unzip;
use crate::decode::scrub::{Copier, Cursor, Stop};

/// Written at a time.
const FLUSH: usize = 1 << 17;
/// Chunks between the two threads.
const CHUNKS: usize = 8;

/// What a scrub has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scrubbed {
    pub ads: u64,
    /// Values that did not look like what their field is for, and were dropped.
    pub refused: u64,
}

/// Reads a zip with one file of advertisements, or the file itself, of at most `cap` bytes unpacked.
pub fn scrub(input: &mut (dyn Read + Send), output: &mut (dyn Write + Send), cap: u64) -> Result<Scrubbed, AdsError> {
    let mut start = [0; 4];
    let length = read_full(input, &mut start)?;
    let mut input = (&start[..length]).chain(input);
    if !unzip::is_zip(&start[..length]) {
        if &start[..length] == b"Rar!" {
            return Err(AdsError::Wrong("it is a RAR archive, and a zip is read".to_owned()));
        }
        return lines(&mut input.take(cap.saturating_add(1)), output);
    }
    let (full, filled) = sync_channel(CHUNKS);
    let (empty, emptied) = sync_channel(CHUNKS + 2);
    thread::scope(|scope| {
        let unpacker = scope.spawn(move || unpack(&mut input, cap, &full, &emptied));
        let result = lines(&mut Unpacked { filled, empty, chunk: Vec::new(), at: 0 }, output);
        let unpacked = unpacker.join().unwrap_or_else(|_| Err(AdsError::Wrong("its unpacking broke down".to_owned())));
        // What stopped the unpacking is the reason; what became of its output follows from that.
        unpacked.and(result)
    })
}

fn unpack(
    input: &mut (dyn Read + Send),
    cap: u64,
    full: &SyncSender<Vec<u8>>,
    emptied: &Receiver<Vec<u8>>,
) -> Result<(), AdsError> {
    unzip::unzip(input, cap, || emptied.try_recv().unwrap_or_default(), |chunk| full.send(chunk).is_ok())
}

/// The chunks of the other thread as a reader.
struct Unpacked {
    filled: Receiver<Vec<u8>>,
    empty: SyncSender<Vec<u8>>,
    chunk: Vec<u8>,
    at: usize,
}

impl Read for Unpacked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.chunk.len() {
            // The other thread says why there is no more.
            let Ok(next) = self.filled.recv() else { return Ok(0) };
            let _ = self.empty.try_send(std::mem::replace(&mut self.chunk, next));
            self.at = 0;
        }
        let length = buffer.len().min(self.chunk.len() - self.at);
        buffer[..length].copy_from_slice(&self.chunk[self.at..self.at + length]);
        self.at += length;
        Ok(length)
    }
}

fn lines(input: &mut dyn Read, output: &mut (dyn Write + Send)) -> Result<Scrubbed, AdsError> {
    let mut objects = Objects::new(input);
    let mut copier = Copier::lenient(2 * FLUSH);
    loop {
        let (length, refused) = (copier.out.len(), copier.refused);
        let more = objects.next(|cursor| {
            copier.back_to(length, refused);
            ad(&mut copier, cursor)
        })?;
        if copier.out.len() >= FLUSH || !more {
            output.write_all(&copier.out)?;
            copier.out.clear();
        }
        if !more {
            return Ok(Scrubbed { ads: objects.number(), refused: copier.refused });
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

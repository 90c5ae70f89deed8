//! Advertisements in, the same with nothing but the kept fields out, as JSON
//! Lines. The unpacking of a zip has a thread of its own.

use std::io::{self, Read, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::AdsError;
use super::kept::{COLUMNS_OF_OLD, KEPT, Keep, Part, is_code};
use super::objects::Objects;
use super::scan::{Cursor, Scalar, Stop};
use super::unzip;

/// Written at a time.
const FLUSH: usize = 1 << 17;
/// Chunks between the two threads.
const CHUNKS: usize = 8;

/// What a scrub has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scrubbed {
    pub ads: u64,
    /// Texts in the place of a code that did not look like one, and were dropped.
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
    let mut line = Line { out: Vec::with_capacity(2 * FLUSH), refused: 0 };
    loop {
        let (length, refused) = (line.out.len(), line.refused);
        let more = objects.next(|cursor| {
            line.out.truncate(length);
            line.refused = refused;
            line.ad(cursor)
        })?;
        if line.out.len() >= FLUSH || !more {
            output.write_all(&line.out)?;
            line.out.clear();
        }
        if !more {
            return Ok(Scrubbed { ads: objects.number(), refused: line.refused });
        }
    }
}

struct Line {
    out: Vec<u8>,
    refused: u64,
}

impl Line {
    fn ad(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Stop> {
        self.fields(cursor, KEPT, true)?;
        self.out.push(b'\n');
        Ok(())
    }

    fn fields(&mut self, cursor: &mut Cursor<'_>, kept: &[Keep], is_ad: bool) -> Result<(), Stop> {
        self.out.push(b'{');
        let mut known = !is_ad;
        let mut comma = false;
        cursor.object(|cursor, key| {
            let Some(keep) = kept.iter().find(|keep| keep.name.as_bytes() == key) else {
                if is_ad && COLUMNS_OF_OLD.iter().any(|old| old.as_bytes().eq_ignore_ascii_case(key)) {
                    return Err(Stop::Bad(
                        "it has the columns that the files of 2006 to 2016 had at first (ANTAL_AKT_PLATSER, KOMMUN_KOD …), \
                         whose meaning is not known well enough to count by",
                    ));
                }
                return cursor.step_over();
            };
            known = known || matches!(keep.name, "id" | "publication_date");
            let before = self.out.len();
            if comma {
                self.out.push(b',');
            }
            self.out.push(b'"');
            self.out.extend_from_slice(keep.name.as_bytes());
            self.out.extend_from_slice(b"\":");
            if self.value(cursor, keep.part)? {
                comma = true;
            } else {
                self.out.truncate(before);
            }
            Ok(())
        })?;
        self.out.push(b'}');
        if known { Ok(()) } else { Err(Stop::Bad("it has neither id nor publication_date")) }
    }

    /// False where nothing is kept.
    fn value(&mut self, cursor: &mut Cursor<'_>, part: Part) -> Result<bool, Stop> {
        let first = cursor.peek()?;
        match part {
            Part::Of(kept) if first == b'{' => {
                self.fields(cursor, kept, false)?;
                return Ok(true);
            }
            Part::Of(kept) if first == b'[' => {
                self.out.push(b'[');
                let mut comma = false;
                cursor.array(|cursor| {
                    let before = self.out.len();
                    if comma {
                        self.out.push(b',');
                    }
                    // An array within an array is nothing that is known.
                    let is_kept = if cursor.peek()? == b'[' {
                        cursor.step_over().map(|()| false)?
                    } else {
                        self.value(cursor, Part::Of(kept))?
                    };
                    if is_kept {
                        comma = true;
                    } else {
                        self.out.truncate(before);
                    }
                    Ok(())
                })?;
                self.out.push(b']');
                return Ok(true);
            }
            Part::Of(_) | Part::Code => {}
        }
        match cursor.scalar()? {
            None | Some(Scalar::Null) => Ok(false),
            Some(Scalar::Text(text)) if is_code(text) => {
                self.out.push(b'"');
                self.out.extend_from_slice(text);
                self.out.push(b'"');
                Ok(true)
            }
            Some(Scalar::Bare(bare)) if is_code(bare) => {
                self.out.extend_from_slice(bare);
                Ok(true)
            }
            Some(_) => {
                self.refused += 1;
                Ok(false)
            }
        }
    }
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

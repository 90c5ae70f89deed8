//! Advertisements in, the same with nothing but the kept fields out, as JSON
//! Lines. What comes is unpacked on one thread, scrubbed on the next and kept
//! by a third, with a few buffers between them whatever the size.

use std::io::{self, Read};
use std::thread::{self, ScopedJoinHandle};

use super::AdsError;
use super::kept::{COLUMNS_OF_OLD, KEPT, Keep, Part, is_code};
use super::objects::Objects;
use super::pipe::{Drain, Filler, Outflow, pipe};
use super::scan::{Cursor, Scalar, Stop};
use super::unzip;

/// Read of a file that is not packed at a time.
const CHUNK: usize = 1 << 18;
/// Kept at a time.
const FLUSH: usize = 1 << 17;

/// What a scrub has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scrubbed {
    pub ads: u64,
    /// Texts in the place of a code that did not look like one, and were dropped.
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
    let mut line = Line { out: Vec::with_capacity(2 * FLUSH), refused: 0 };
    loop {
        let (length, refused) = (line.out.len(), line.refused);
        let more = objects.next(|cursor| {
            line.out.truncate(length);
            line.refused = refused;
            line.ad(cursor)
        })?;
        if line.out.len() >= FLUSH || !more {
            let mut next = filler.buffer();
            next.clear();
            // Where nobody wants more, the one who should says why.
            if !filler.hand_on(std::mem::replace(&mut line.out, next)) || !more {
                return Ok(Scrubbed { ads: objects.number(), refused: line.refused });
            }
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

    fn fields(&mut self, cursor: &mut Cursor<'_>, kept: &'static [Keep], is_ad: bool) -> Result<(), Stop> {
        self.out.push(b'{');
        let mut known = !is_ad;
        let mut comma = false;
        cursor.object(|cursor, key| {
            let Some(keep) = find(kept, key) else {
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

/// The kept field of this name.
fn find(kept: &'static [Keep], key: &[u8]) -> Option<&'static Keep> {
    // Most fields are none, and told by their first letter.
    let first = *key.first()?;
    kept.iter().find(|keep| keep.name.as_bytes()[0] == first && keep.name.as_bytes() == key)
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

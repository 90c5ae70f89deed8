//! The yearly files of advertisements, `/annonser/historiska/{year}.jsonl.zip`:
//! with advertisements that come twice, occupations as objects and as arrays,
//! and now and then no place, no group or no number of vacancies.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::civil::{Date, DateTime};
use jiff::{Timestamp, ToSpan as _};

use super::advertisement::{Facts, Writer};
use super::zip::Zipping;
use crate::sandbox::http::{Ask, Reply};
use crate::sandbox::noise::mix;

/// Advertisements in a file of the stand-in.
const ADS: u64 = 1_000;
const FIRST_YEAR: i16 = 2006;
/// One in so many comes again, later, with other vacancies.
const AGAIN: u64 = 97;

/// A file of any size, line by line.
pub struct Year<'a> {
    pub writer: &'a Writer,
    pub seed: u64,
    pub year: i16,
    pub ads: u64,
}

impl Year<'_> {
    /// # Errors
    /// Those of writing.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut lines = String::with_capacity(1 << 17);
        for number in 0..self.ads {
            self.writer.write(&self.facts(number), &mut lines);
            lines.push('\n');
            if lines.len() > 1 << 16 || number + 1 == self.ads {
                out.write_all(lines.as_bytes())?;
                lines.clear();
            }
        }
        Ok(())
    }

    /// The same in a zip, with the member's name as in the real ones.
    ///
    /// # Errors
    /// Those of writing.
    pub fn zip<W: Write>(&self, out: W, level: u32) -> io::Result<W> {
        let mut zip = Zipping::new(out, &format!("{}.jsonl", self.year), level)?;
        self.write(&mut zip)?;
        zip.finish()
    }

    fn facts(&self, line: u64) -> Facts {
        // The second of two has the number of the first.
        let is_again = line % AGAIN == AGAIN - 1;
        let number = if is_again { line - 1 } else { line };
        let hash = mix(self.seed, &[self.year.unsigned_abs().into(), number]);
        let start = Date::new(self.year, 1, 1).unwrap_or(Date::ZERO).to_datetime(jiff::civil::Time::midnight());
        let seconds = (hash % (365 * 24 * 3600)).cast_signed();
        let published: DateTime = start.saturating_add(seconds.seconds());
        let milliseconds = published.in_tz("UTC").map_or(0, |zoned| zoned.timestamp().as_millisecond());
        let vacancies = match hash >> 40 {
            draw if draw.is_multiple_of(50) => None,
            draw if draw.is_multiple_of(301) => Some(500),
            draw => Some(1 + (draw % 7 / 4) as u32 + u32::from(is_again)),
        };
        Facts {
            number: hash,
            id: format!("{hash:016x}{:08x}", number as u32),
            original_id: Some((20_000_000 + number).to_string()),
            published,
            last_published: published.saturating_add(30.days()),
            timestamp: milliseconds + if is_again { 86_400_000 } else { 0 },
            vacancies,
            in_array: number.is_multiple_of(3),
        }
    }
}

/// A year, and whether it is revised.
type Edition = (i16, bool);

/// The stand-in's files, each made when it is first asked for.
pub struct Historical {
    seed: u64,
    files: Mutex<BTreeMap<Edition, Arc<Vec<u8>>>>,
}

impl Historical {
    pub(in crate::sandbox) const fn new(seed: u64) -> Self {
        Self { seed, files: Mutex::new(BTreeMap::new()) }
    }

    pub(in crate::sandbox) fn answer(&self, ask: &Ask<'_>, updated: Timestamp, writer: &Writer) -> Reply {
        let last = updated.to_zoned(jiff::tz::TimeZone::UTC).year() - 1;
        let year = match ask.segments.as_slice() {
            ["annonser", "historiska", name] => name.strip_suffix(".jsonl.zip").and_then(|year| year.parse().ok()),
            _ => None,
        };
        let Some(year) = year.filter(|year| (FIRST_YEAR..=last).contains(year)) else {
            return Reply::new(404, "text/html", "<html><body><h1>404 Not Found</h1></body></html>");
        };
        let (revised, doubled) = (ask.distortion.revise, ask.distortion.duplicate_kommun);
        let file = self.file(year, revised, writer);
        let etag = format!("\"{}\"", &blake3::hash(&file).to_hex()[..32]);
        if doubled {
            // Another order of the same bytes can't be had from a zip: the file itself, twice over.
            return Reply::new(200, "application/zip", [file.as_slice(), file.as_slice()].concat());
        }
        let same = (ask.header)("if-none-match").is_some_and(|tags| tags.split(',').any(|tag| tag.trim() == etag));
        let body = if same { Vec::new() } else { file.as_ref().clone() };
        Reply::new(if same { 304 } else { 200 }, "application/zip", body)
            .with("ETag", etag)
            .with("Last-Modified", httpdate::fmt_http_date(updated.into()))
    }

    fn file(&self, year: i16, revised: bool, writer: &Writer) -> Arc<Vec<u8>> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let file = files.entry((year, revised)).or_insert_with(|| {
            // A revision has some more.
            let ads = if revised { ADS + ADS / 10 } else { ADS };
            let year = Year { writer, seed: self.seed, year, ads };
            // Writing to memory does not fail.
            Arc::new(year.zip(Vec::new(), 1).unwrap_or_default())
        });
        Arc::clone(file)
    }
}

//! What a file is packed in: gzip and zstd are known by their first bytes, a
//! zip is opened where the fetch names a member. Archives within archives are
//! refused, and so is whatever unpacks to more than an honest file would.

use std::io::{BufRead as _, BufReader, Read};

use bytes::Bytes;
use flate2::bufread::MultiGzDecoder;

use super::input::Input;
use super::package::{Capped, Package};
use super::text::unwrapped;
use super::wild::Wild;
use super::{ReadError, Told, WHOLE, begins};
use crate::config::FileFetch;
use crate::decode::DecodeError;
use crate::nearest::nearest;

const GZIP: &[u8] = b"\x1f\x8b";
const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd";
const ZIP: &[u8] = b"PK\x03\x04";
const EMPTY_ZIP: &[u8] = b"PK\x05\x06";

/// Names that a message lists.
const LISTED: usize = 10;

/// The bytes of the format itself.
pub(super) enum Body<'a> {
    Plain(Input),
    Packed(BufReader<Box<dyn Read + 'a>>),
}

impl<'a> Body<'a> {
    pub fn stream(self) -> Result<Box<dyn Read + 'a>, DecodeError> {
        Ok(match self {
            Self::Plain(input) => Box::new(input.open().map_err(unwrapped)?),
            Self::Packed(stream) => Box::new(stream),
        })
    }

    pub fn whole(self) -> Result<Bytes, DecodeError> {
        match self {
            Self::Plain(input) => input.whole(WHOLE).map_err(unwrapped),
            Self::Packed(stream) => {
                let mut body = Vec::new();
                stream.take(WHOLE + 1).read_to_end(&mut body).map_err(unwrapped)?;
                if body.len() as u64 > WHOLE {
                    return Err(DecodeError::Shape(format!("the file unpacks to more than {WHOLE} bytes")));
                }
                Ok(Bytes::from(body))
            }
        }
    }

    pub fn seekable(self) -> Result<Input, DecodeError> {
        match self {
            Self::Plain(input) => Ok(input),
            Self::Packed(stream) => Input::spool(stream).map_err(unwrapped),
        }
    }
}

/// Gives the body of the file that the fetch means.
pub(super) fn with(
    input: Input,
    spec: &FileFetch,
    read: &mut dyn FnMut(Body<'_>) -> Result<Told, ReadError>,
) -> Result<Told, ReadError> {
    let head = input.begins(240)?;
    let is_zip = head.starts_with(ZIP) || head.starts_with(EMPTY_ZIP);
    if let Some(wanted) = &spec.inside {
        let mut package = Package::open(&input, "a zip")?;
        let name = member(package.names(), wanted)?;
        let stream = package.member(&name)?;
        return read(plain(Box::new(stream), spec)?);
    }
    if is_zip && !spec.format.is_sheet() {
        let package = Package::open(&input, "a zip")?;
        let files: Vec<&str> = files(package.names()).collect();
        return Err(DecodeError::Shape(format!(
            "the file is a zip, and the fetch does not say which member is meant: it has {}",
            listed(&files)
        ))
        .into());
    }
    if head.starts_with(GZIP) || head.starts_with(ZSTD) {
        let size = input.size()?;
        let stream = BufReader::new(input.open()?);
        let unpacked: Box<dyn Read> = if head.starts_with(GZIP) {
            Box::new(Capped::new(MultiGzDecoder::new(stream), size, "the gzip".to_owned()))
        } else {
            let decoder = zstd::stream::read::Decoder::with_buffer(stream)?;
            Box::new(Capped::new(decoder, size, "the zstd".to_owned()))
        };
        return read(plain(unpacked, spec)?);
    }
    read(Body::Plain(input))
}

/// What was unpacked once is not unpacked again.
fn plain<'a>(stream: Box<dyn Read + 'a>, spec: &FileFetch) -> Result<Body<'a>, ReadError> {
    let mut stream = BufReader::with_capacity(1 << 16, stream);
    let head = stream.fill_buf().map_err(unwrapped)?;
    let packed = [GZIP, ZSTD].iter().any(|magic| head.starts_with(magic));
    if packed || head.starts_with(ZIP) && !spec.format.is_sheet() {
        let shown = begins(head);
        return Err(DecodeError::Shape(format!(
            "an archive within an archive is not opened: it begins with {shown:?}"
        ))
        .into());
    }
    Ok(Body::Packed(stream))
}

fn files(names: &[String]) -> impl Iterator<Item = &str> {
    names.iter().map(String::as_str).filter(|name| !name.ends_with('/') && !name.starts_with("__MACOSX/"))
}

/// The one member that fits.
fn member(names: &[String], wanted: &str) -> Result<String, DecodeError> {
    let pattern = Wild::new(wanted);
    // The last part of a path is enough.
    let fits = |name: &&str| pattern.fits(name) || name.rsplit('/').next().is_some_and(|last| pattern.fits(last));
    let fitting: Vec<&str> = files(names).filter(fits).collect();
    match fitting.as_slice() {
        [one] => Ok((*one).to_owned()),
        [] => {
            let all: Vec<&str> = files(names).collect();
            let near = nearest(wanted, all.iter().copied());
            let near = near.map(|near| format!("; the nearest is {near:?}")).unwrap_or_default();
            Err(DecodeError::Shape(format!("no member of the zip fits {wanted:?}{near}; it has {}", listed(&all))))
        }
        several => {
            Err(DecodeError::Shape(format!("{} members of the zip fit {wanted:?}: {}", several.len(), listed(several))))
        }
    }
}

pub(super) fn listed(names: &[&str]) -> String {
    match names {
        [] => "nothing".to_owned(),
        names if names.len() > LISTED => {
            format!("{} and {} more", names[..LISTED].join(", "), names.len() - LISTED)
        }
        names => names.join(", "),
    }
}

//! An object of any size, read from its beginning, a part in memory at a time.

use std::io::{self, Read};
use std::sync::Arc;

use bytes::{Buf as _, Bytes};
use object_store::path::Path as Location;
use object_store::{GetOptions, GetRange, ObjectMeta, ObjectStore};

use super::{bridge, fault};

const PART: u64 = 8 << 20;

pub(super) struct Reader {
    store: Arc<dyn ObjectStore>,
    location: Location,
    /// Only the object that was looked at.
    tag: Option<String>,
    size: u64,
    next: u64,
    part: Bytes,
}

impl Reader {
    pub fn new(store: Arc<dyn ObjectStore>, meta: &ObjectMeta) -> Self {
        let (location, tag) = (meta.location.clone(), meta.e_tag.clone());
        Self { store, location, tag, size: meta.size, next: 0, part: Bytes::new() }
    }
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.part.is_empty() && self.next < self.size {
            let range = self.next..self.size.min(self.next + PART);
            let options = GetOptions {
                range: Some(GetRange::Bounded(range.clone())),
                if_match: self.tag.clone(),
                ..GetOptions::default()
            };
            let (store, location) = (Arc::clone(&self.store), self.location.clone());
            let work = async move { store.get_opts(&location, options).await?.bytes().await };
            let part = bridge::wait(work)?.map_err(|error| fault::io_error(&error))?;
            if part.len() as u64 != range.end - range.start {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the object came in part only"));
            }
            (self.part, self.next) = (part, range.end);
        }
        let length = self.part.len().min(buffer.len());
        self.part.copy_to_slice(&mut buffer[..length]);
        Ok(length)
    }
}

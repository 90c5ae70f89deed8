//! Putting aside what is in the way: below `lost+found/TIME/` in the folder of
//! this machine, under the name that it had.

use std::path::PathBuf;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::lake::Lake;
use crate::store::{StoreError, create_folder, join, move_into_place, place_file};

pub struct Aside<'a> {
    lake: &'a Lake,
    folder: PathBuf,
    name: String,
}

impl<'a> Aside<'a> {
    pub fn new(lake: &'a Lake, now: Timestamp) -> Self {
        let name = format!("lost+found/{}", now.to_zoned(TimeZone::UTC).strftime("%Y%m%dT%H%M%SZ"));
        Self { lake, folder: join(lake.root(), &name), name }
    }

    /// As it is told to an operator.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Moves a file, a link or a folder out of the lake. What is not there is no error.
    pub fn put(&self, key: &str) -> Result<(), StoreError> {
        let storage = self.lake.storage();
        let path = PathBuf::from(storage.address(key));
        if path.symlink_metadata().is_ok() {
            return move_into_place(&path, &join(&self.folder, key));
        }
        for entry in storage.list(key)? {
            if let Some(bytes) = storage.read(&entry.key)? {
                let place = join(&self.folder, &entry.key);
                if let Some(folder) = place.parent() {
                    create_folder(folder)?;
                }
                place_file(&place, &bytes)?;
            }
            storage.remove(&entry.key)?;
        }
        Ok(())
    }
}

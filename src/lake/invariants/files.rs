//! Reading what may be large: piece by piece where it is a file of this
//! machine, whole where the place only gives it whole.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use bytes::Bytes;

use crate::store::{Storage, StoreError};

/// Something stored, to be read from its beginning as often as is wanted.
pub enum Source {
    File(PathBuf),
    Bytes(Bytes),
}

impl Source {
    /// None when it is not there.
    pub fn open(storage: &dyn Storage, key: &str) -> Result<Option<Self>, StoreError> {
        // A folder of this machine tells the path itself; anything else is a URL, which is no file.
        let path = PathBuf::from(storage.address(key));
        if path.is_file() {
            return Ok(Some(Self::File(path)));
        }
        Ok(storage.read(key)?.map(Self::Bytes))
    }

    pub fn reader(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(match self {
            Self::File(path) => Box::new(File::open(path)?),
            Self::Bytes(bytes) => Box::new(bytes.as_ref()),
        })
    }

    /// Length and BLAKE3.
    pub fn hash(&self) -> io::Result<(u64, String)> {
        read_hashed(self.reader()?)
    }
}

/// Length and BLAKE3 of all that a reader gives.
pub fn read_hashed(mut reader: impl Read) -> io::Result<(u64, String)> {
    let mut hasher = blake3::Hasher::new();
    let mut piece = vec![0; 64 << 10];
    let mut length = 0;
    loop {
        match reader.read(&mut piece) {
            Ok(0) => return Ok((length, hasher.finalize().to_hex().to_string())),
            Ok(count) => {
                hasher.update(&piece[..count]);
                length += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

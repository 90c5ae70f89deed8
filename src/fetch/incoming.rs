//! A body of unknown length on its way into the archive: hashed and packed as
//! it is written, in a file of its own that is gone unless it is filed.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::error::FetchError;
use crate::store::{StoreError, Writer, create_folder};

const BUFFER: usize = 1 << 18;

/// What is written here is what the archive will hold.
pub(super) struct Incoming {
    file: Leftover,
    packer: zstd::stream::write::Encoder<'static, BufWriter<Writer>>,
    hasher: blake3::Hasher,
    size: u64,
    /// Why it could not be written; the error that a writer's user passes on says less.
    fault: Option<io::Error>,
}

/// A finished and synced one.
pub(super) struct Whole {
    file: Leftover,
    pub hash: String,
    /// Bytes before packing.
    pub size: u64,
}

impl Whole {
    pub fn path(&self) -> &Path {
        &self.file.0
    }
}

/// Removed when dropped, unless it was moved elsewhere by then.
struct Leftover(PathBuf);

impl Drop for Leftover {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

impl Incoming {
    pub fn create(folder: &Path, level: i32) -> Result<Self, FetchError> {
        static SERIAL: AtomicU64 = AtomicU64::new(0);
        create_folder(folder)?;
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!("{}-{serial}.zst.tmp", std::process::id()));
        let writer = Writer::create(&path)?;
        let file = Leftover(path);
        let packer = zstd::stream::write::Encoder::new(BufWriter::with_capacity(BUFFER, writer), level)
            .map_err(FetchError::io("write", &file.0))?;
        Ok(Self { file, packer, hasher: blake3::Hasher::new(), size: 0, fault: None })
    }

    /// Why a write failed, where one did.
    pub fn fault(&mut self) -> Option<FetchError> {
        let fault = self.fault.take()?;
        Some(StoreError::new("write", &self.file.0, fault).into())
    }

    pub fn finish(self) -> Result<Whole, FetchError> {
        let fault = || FetchError::io("write", &self.file.0);
        let buffer = self.packer.finish().map_err(fault())?;
        let writer = buffer.into_inner().map_err(|error| fault()(error.into_error()))?;
        writer.finish()?;
        let hash = self.hasher.finalize().to_hex().to_string();
        Ok(Whole { file: self.file, hash, size: self.size })
    }
}

impl Write for Incoming {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.packer.write_all(bytes) {
            Ok(()) => {
                self.hasher.update(bytes);
                self.size += bytes.len() as u64;
                Ok(bytes.len())
            }
            Err(error) => {
                let kind = error.kind();
                self.fault.get_or_insert(error);
                Err(kind.into())
            }
        }
    }

    /// Nothing is gained by packing less well.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

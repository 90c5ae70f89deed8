//! Copies of objects on this machine, for tools that take a path. A copy is
//! named by what it is a copy of, so that it is never of another object; the
//! folder may be deleted at any time when nothing runs.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use futures::TryStreamExt as _;
use object_store::path::Path as Location;
use object_store::{Error, GetOptions, ObjectMeta, ObjectStore, ObjectStoreExt as _};
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;

use super::super::{At as _, StoreError, create_folder, move_into_place};

pub(super) enum Fault {
    Remote(Error),
    Local(StoreError),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Remote(error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Local(error)
    }
}

/// The object as a file below `cache`, fetched if it is not there.
pub(super) async fn file(store: &dyn ObjectStore, location: &Location, cache: &Path) -> Result<PathBuf, Fault> {
    static SERIAL: AtomicU64 = AtomicU64::new(0);
    let meta = store.head(location).await?;
    let path = place(&meta, cache);
    if tokio::fs::metadata(&path).await.is_ok_and(|found| found.len() == meta.size) {
        return Ok(path);
    }
    let folder = path.parent().unwrap_or(cache).to_owned();
    create_folder(&folder)?;
    let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
    let beside = folder.join(format!(".{}-{serial}.tmp", std::process::id()));
    let fetched = fetch(store, &meta, &beside).await;
    if fetched.is_err() {
        // The first error is the one that matters; a leftover is never read.
        let _ = tokio::fs::remove_file(&beside).await;
    }
    fetched?;
    move_into_place(&beside, &path)?;
    Ok(path)
}

/// By key, ETag and size.
fn place(meta: &ObjectMeta, cache: &Path) -> PathBuf {
    let mut hasher = blake3::Hasher::new();
    for part in [meta.location.as_ref(), meta.e_tag.as_deref().unwrap_or_default(), &meta.size.to_string()] {
        hasher.update(part.as_bytes());
        hasher.update(b"\n");
    }
    let hash = hasher.finalize().to_hex();
    cache.join(&hash[..2]).join(&hash[2..32]).join(meta.location.filename().unwrap_or("object"))
}

async fn fetch(store: &dyn ObjectStore, meta: &ObjectMeta, path: &Path) -> Result<(), Fault> {
    // Only the object that was looked at.
    let options = GetOptions { if_match: meta.e_tag.clone(), ..GetOptions::default() };
    let mut content = store.get_opts(&meta.location, options).await?.into_stream();
    let mut file = File::create(path).await.at("write", path)?;
    let mut size = 0;
    while let Some(part) = content.try_next().await? {
        size += part.len() as u64;
        file.write_all(&part).await.at("write", path)?;
    }
    file.sync_all().await.at("write", path)?;
    if size == meta.size {
        return Ok(());
    }
    let short = io::Error::new(io::ErrorKind::UnexpectedEof, format!("{size} bytes came of {}", meta.size));
    Err(Fault::Remote(Error::Generic { store: "S3", source: short.into() }))
}

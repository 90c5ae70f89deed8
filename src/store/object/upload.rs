//! Files and bytes into a bucket. Large ones go in parts, and are there only
//! when the last part is.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::path::Path as Location;
use object_store::{
    Attribute, Attributes, Error, ObjectStore, PutMode, PutMultipartOptions, PutOptions, WriteMultipart,
};
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;

use super::super::{At as _, StoreError};

/// The file of a folder that comes last and goes first.
pub(super) const WHOLE: &str = "manifest.json";

/// A larger one goes in parts of this size; every part but the last must have at least 5 MiB.
const PART: usize = 8 << 20;
/// Parts of one file in hand at a time, and files.
const PARTS: usize = 2;
const FILES: usize = 4;

/// Every file below a folder with its key there: all but the manifest, and the manifest.
type Files = Vec<(PathBuf, String)>;

pub(super) fn files(folder: &Path) -> Result<(Files, Files), StoreError> {
    let mut found = Files::new();
    walk(folder, "", &mut found)?;
    found.sort();
    Ok(found.into_iter().partition(|(_, name)| name != WHOLE))
}

fn walk(folder: &Path, prefix: &str, found: &mut Files) -> Result<(), StoreError> {
    for entry in fs::read_dir(folder).at("read", folder)? {
        let entry = entry.at("read", folder)?;
        let (path, name) = (entry.path(), entry.file_name());
        let name = format!("{prefix}{}", name.to_string_lossy());
        if entry.file_type().at("read", &path)?.is_dir() {
            walk(&path, &format!("{name}/"), found)?;
        } else {
            found.push((path, name));
        }
    }
    Ok(())
}

pub(super) async fn all(store: &Arc<dyn ObjectStore>, files: Vec<(PathBuf, Location)>) -> Result<(), Error> {
    let each = |(path, location): (PathBuf, Location)| {
        let store = Arc::clone(store);
        async move { file(store.as_ref(), &location, &path).await }
    };
    futures::stream::iter(files).map(each).buffer_unordered(FILES).try_collect().await
}

async fn file(store: &dyn ObjectStore, location: &Location, path: &Path) -> Result<(), Error> {
    let read = |source: std::io::Error| Error::Generic {
        store: "file",
        source: std::io::Error::new(source.kind(), format!("{}: {source}", path.display())).into(),
    };
    let mut file = File::open(path).await.map_err(read)?;
    let size = file.metadata().await.map_err(read)?.len();
    if size <= PART as u64 {
        let mut content = Vec::with_capacity(size as usize);
        file.read_to_end(&mut content).await.map_err(read)?;
        return small(store, location, content.into(), PutMode::Overwrite).await;
    }
    let mut upload = parts(store, location).await?;
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer).await {
            Ok(0) => return upload.finish().await.map(drop),
            Ok(length) => {
                upload.wait_for_capacity(PARTS).await?;
                upload.write(&buffer[..length]);
            }
            Err(error) => {
                // The reading's error is the one that matters; parts without an end are nothing to any reader.
                let _ = upload.abort().await;
                return Err(read(error));
            }
        }
    }
}

pub(super) async fn bytes(store: &dyn ObjectStore, location: &Location, content: Bytes) -> Result<(), Error> {
    if content.len() <= PART {
        return small(store, location, content, PutMode::Overwrite).await;
    }
    let mut upload = parts(store, location).await?;
    for part in content.chunks(PART) {
        upload.wait_for_capacity(PARTS).await?;
        upload.write(part);
    }
    upload.finish().await.map(drop)
}

pub(super) async fn small(
    store: &dyn ObjectStore,
    location: &Location,
    content: Bytes,
    mode: PutMode,
) -> Result<(), Error> {
    let options = PutOptions { mode, attributes: attributes(location), ..PutOptions::default() };
    store.put_opts(location, content.into(), options).await.map(drop)
}

async fn parts(store: &dyn ObjectStore, location: &Location) -> Result<WriteMultipart, Error> {
    let options = PutMultipartOptions { attributes: attributes(location), ..PutMultipartOptions::default() };
    let upload = store.put_multipart_opts(location, options).await?;
    Ok(WriteMultipart::new_with_chunk_size(upload, PART))
}

/// So that a browser that is shown the bucket shows the pages.
fn attributes(location: &Location) -> Attributes {
    let kind = match location.extension() {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("csv") => "text/csv; charset=utf-8",
        Some("json") => "application/json",
        Some("jsonl") => "application/x-ndjson",
        Some("svg") => "image/svg+xml",
        Some("atom" | "xml") => "application/atom+xml",
        Some("parquet") => "application/vnd.apache.parquet",
        Some("zst") => "application/zstd",
        _ => "application/octet-stream",
    };
    Attributes::from_iter([(Attribute::ContentType, kind)])
}

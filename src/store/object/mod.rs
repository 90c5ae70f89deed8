//! A bucket of S3-compatible storage as a storage. What is written is whole or
//! not there; a pointer is a small object, `NAME.json`, that only moves when it
//! is still what its mover read. It keeps no secret longer than the client needs it.

mod access;
mod bridge;
mod bucket;
mod cache;
mod fault;
mod moves;
mod reader;
mod upload;

#[cfg(test)]
mod tests;

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::path::Path as Location;
use object_store::{Error, ObjectMeta, ObjectStore, ObjectStoreExt as _, PutMode};

use super::storage::{Entry, Pointer, Storage};
use super::{At as _, StoreError, remove_file, remove_tree};
use fault::{invalid, io_error};

pub use access::{AccessError, Credentials};
pub use bucket::Bucket;

/// Calls at a time where many objects are read, written or removed.
const AT_ONCE: usize = 8;
/// The small file that every version has, put before all others.
const CLAIM: &str = "datapackage.json";

#[derive(Clone)]
pub struct ObjectStorage {
    store: Arc<dyn ObjectStore>,
    bucket: Bucket,
    /// Folder of this machine for files that are read by path.
    cache: PathBuf,
}

// The client behind it knows the credentials.
impl fmt::Debug for ObjectStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectStorage")
            .field("bucket", &self.bucket)
            .field("cache", &self.cache)
            .finish_non_exhaustive()
    }
}

impl ObjectStorage {
    /// Makes no call: a bucket that is not there, or refuses the credentials, shows at the first use.
    pub fn connect(bucket: Bucket, credentials: &Credentials, cache: &Path) -> Result<Self, AccessError> {
        let store = access::client(&bucket, credentials)?;
        Ok(Self::over(Arc::new(store), bucket, cache))
    }

    /// The same over any store of objects.
    pub fn over(store: Arc<dyn ObjectStore>, bucket: Bucket, cache: &Path) -> Self {
        Self { store, bucket, cache: cache.to_owned() }
    }

    fn place_of(&self, key: &str) -> PathBuf {
        PathBuf::from(self.bucket.address(key))
    }

    fn fault(&self, action: &'static str, key: &str) -> impl FnOnce(Error) -> StoreError {
        let place = self.place_of(key);
        move |error| StoreError { action, path: place, source: io_error(&error) }
    }

    fn location(&self, action: &'static str, key: &str) -> Result<Location, StoreError> {
        Location::parse(self.bucket.key(key)).map_err(|error| self.fault(action, key)(error.into()))
    }

    /// Puts the file that only one writer of a folder can put; another's being there is a lost race.
    fn claim(&self, key: &str, file: &Path) -> Result<(), StoreError> {
        let key = format!("{key}/{CLAIM}");
        let content = std::fs::read(file).at("read", file)?;
        let (store, location) = (Arc::clone(&self.store), self.location("write", &key)?);
        let put =
            bridge::wait(
                async move { upload::small(store.as_ref(), &location, content.into(), PutMode::Create).await },
            );
        match put.map_err(|source| StoreError { action: "write", path: self.place_of(&key), source })? {
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => {
                Err(StoreError { action: "write", path: self.place_of(&key), source: moves::claimed() })
            }
            put => put.map_err(self.fault("write", &key)),
        }
    }

    /// Does the work on the runtime of this module and waits for it.
    fn wait<T: Send + 'static>(
        &self,
        action: &'static str,
        key: &str,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, StoreError> {
        match bridge::wait(work) {
            Ok(result) => result.map_err(self.fault(action, key)),
            Err(source) => Err(StoreError { action, path: self.place_of(key), source }),
        }
    }

    fn get(&self, action: &'static str, key: &str) -> Result<Option<(Bytes, ObjectMeta)>, StoreError> {
        let (store, location) = (Arc::clone(&self.store), self.location(action, key)?);
        let work = async move {
            let got = match store.get(&location).await {
                Ok(got) => got,
                Err(Error::NotFound { .. }) => return Ok(None),
                Err(error) => return Err(error),
            };
            let meta = got.meta.clone();
            Ok(Some((got.bytes().await?, meta)))
        };
        // A bucket that is not there must not pass for one that is empty.
        match self.wait(action, key, work)? {
            None => self.bucket_is_there(action, key).map(|()| None),
            found => Ok(found),
        }
    }

    /// Told by the server's answer to a list of nothing, once per storage that has been found there.
    fn bucket_is_there(&self, action: &'static str, key: &str) -> Result<(), StoreError> {
        if self.bucket.was_seen() {
            return Ok(());
        }
        let (store, location) = (Arc::clone(&self.store), self.location(action, "datasets")?);
        let work = async move { store.list_with_delimiter(Some(&location)).await };
        self.wait(action, key, work)?;
        self.bucket.seen();
        Ok(())
    }

    /// Everything below a key, sorted, and the object of that very key.
    fn metas(&self, action: &'static str, key: &str) -> Result<Vec<ObjectMeta>, StoreError> {
        let (store, location) = (Arc::clone(&self.store), self.location(action, key)?);
        let mut metas: Vec<ObjectMeta> = self.wait(action, key, async move {
            // A prefix finds what is below it; whether the object itself is there has to be asked.
            let below = store.list(Some(&location)).try_collect::<Vec<_>>();
            let (mut found, itself) = futures::future::try_join(below, head(store.as_ref(), &location)).await?;
            found.extend(itself);
            Ok(found)
        })?;
        self.bucket.seen();
        metas.sort_by(|one, other| one.location.cmp(&other.location));
        metas.dedup_by(|one, other| one.location == other.location);
        Ok(metas)
    }

    fn delete(&self, key: &str, locations: Vec<Location>) -> Result<(), StoreError> {
        let store = Arc::clone(&self.store);
        self.wait("remove", key, async move {
            let each = |location: Location| {
                let store = Arc::clone(&store);
                async move {
                    match store.delete(&location).await {
                        Err(Error::NotFound { .. }) => Ok(()),
                        result => result,
                    }
                }
            };
            futures::stream::iter(locations).map(each).buffer_unordered(AT_ONCE).try_collect().await
        })
    }
}

async fn head(store: &dyn ObjectStore, location: &Location) -> Result<Option<ObjectMeta>, Error> {
    match store.head(location).await {
        Ok(meta) => Ok(Some(meta)),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

impl Storage for ObjectStorage {
    fn address(&self, key: &str) -> String {
        self.bucket.address(key)
    }

    fn read(&self, key: &str) -> Result<Option<Bytes>, StoreError> {
        Ok(self.get("read", key)?.map(|(bytes, _)| bytes))
    }

    fn open(&self, key: &str) -> Result<Option<Box<dyn Read + Send>>, StoreError> {
        let location = self.location("read", key)?;
        let store = Arc::clone(&self.store);
        let at = location.clone();
        match self.wait("read", key, async move { head(store.as_ref(), &at).await })? {
            Some(meta) => Ok(Some(Box::new(reader::Reader::new(Arc::clone(&self.store), &meta)))),
            None => self.bucket_is_there("read", key).map(|()| None),
        }
    }

    fn take(&self, file: &Path, key: &str) -> Result<(), StoreError> {
        let files = vec![(file.to_owned(), self.location("write", key)?)];
        let store = Arc::clone(&self.store);
        self.wait("write", key, async move { upload::all(&store, files).await })?;
        remove_file(file)
    }

    fn write(&self, key: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let (store, location) = (Arc::clone(&self.store), self.location("write", key)?);
        let bytes = Bytes::copy_from_slice(bytes);
        self.wait("write", key, async move { upload::bytes(store.as_ref(), &location, bytes).await })
    }

    /// Each line is an object of its own: none can tear, and writers on two machines never meet.
    fn append(&self, key: &str, line: &str) -> Result<(), StoreError> {
        self.write(&format!("{key}/{}.jsonl", moves::sortable_name()), format!("{line}\n").as_bytes())
    }

    fn lines(&self, key: &str) -> Result<Vec<String>, StoreError> {
        let metas = self.metas("read", key)?;
        let locations: Vec<Location> = metas
            .into_iter()
            .map(|meta| meta.location)
            .filter(|location| location.extension() == Some("jsonl"))
            .collect();
        let store = Arc::clone(&self.store);
        let records: Vec<Bytes> = self.wait("read", key, async move {
            let each = |location: Location| {
                let store = Arc::clone(&store);
                async move { store.get(&location).await?.bytes().await }
            };
            futures::stream::iter(locations).map(each).buffered(AT_ONCE).try_collect().await
        })?;
        let mut lines = Vec::new();
        for record in records {
            lines.extend(record.split(|byte| *byte == b'\n').map(|line| String::from_utf8_lossy(line).into_owned()));
        }
        lines.retain(|line| !line.is_empty());
        Ok(lines)
    }

    fn list(&self, key: &str) -> Result<Vec<Entry>, StoreError> {
        let metas = self.metas("list", key)?;
        let entry = |meta: ObjectMeta| Entry { key: self.bucket.below(meta.location.as_ref()), size: meta.size };
        Ok(metas.into_iter().map(entry).collect())
    }

    fn folders(&self, key: &str) -> Result<Vec<String>, StoreError> {
        let (store, location) = (Arc::clone(&self.store), self.location("list", key)?);
        let found = self.wait("list", key, async move { store.list_with_delimiter(Some(&location)).await })?;
        self.bucket.seen();
        let mut names: Vec<String> = found
            .common_prefixes
            .iter()
            .filter_map(|prefix| Some(prefix.parts().next_back()?.as_ref().to_owned()))
            .collect();
        names.sort();
        Ok(names)
    }

    /// What makes a folder whole goes first, so that a half removed one is seen to be none.
    fn remove(&self, key: &str) -> Result<(), StoreError> {
        let metas = self.metas("remove", key)?;
        let locations = metas.into_iter().map(|meta| meta.location);
        let (whole, rest): (Vec<_>, Vec<_>) =
            locations.partition(|location| location.filename() == Some(upload::WHOLE));
        self.delete(key, whole)?;
        self.delete(key, rest)
    }

    fn local(&self, key: &str) -> Result<PathBuf, StoreError> {
        let location = self.location("read", key)?;
        let (store, cache) = (Arc::clone(&self.store), self.cache.clone());
        match bridge::wait(async move { cache::file(store.as_ref(), &location, &cache).await }) {
            Ok(result) => result.map_err(|fault| match fault {
                cache::Fault::Remote(error) => self.fault("read", key)(error),
                cache::Fault::Local(error) => error,
            }),
            Err(source) => Err(StoreError { action: "read", path: self.place_of(key), source }),
        }
    }

    fn place(&self, folder: &Path, key: &str) -> Result<(), StoreError> {
        let (mut first, last) = upload::files(folder)?;
        // Two machines may make the same version within the same second, and then neither may touch the other's files:
        // who puts this one there first has the folder to itself.
        if let Some(claim) = first.iter().position(|(_, name)| name == CLAIM) {
            self.claim(key, &first.swap_remove(claim).0)?;
        }
        for files in [first, last] {
            let with_location = files.into_iter().map(|(path, name)| {
                let location = self.location("write", &format!("{key}/{name}"))?;
                Ok((path, location))
            });
            let files: Vec<(PathBuf, Location)> = with_location.collect::<Result<_, StoreError>>()?;
            let store = Arc::clone(&self.store);
            self.wait("write", key, async move { upload::all(&store, files).await })?;
        }
        remove_tree(folder)
    }

    fn pointer(&self, key: &str) -> Result<Option<Pointer>, StoreError> {
        let key = moves::object(key);
        let Some((bytes, meta)) = self.get("read", &key)? else { return Ok(None) };
        let found = moves::Current::parse(&bytes).map_err(|reason| StoreError {
            action: "read",
            path: self.place_of(&key),
            source: invalid(reason),
        })?;
        Ok(Some(Pointer { target: found.target, tag: meta.e_tag }))
    }

    fn point(&self, key: &str, target: &str, files: &[String], before: Option<&Pointer>) -> Result<(), StoreError> {
        const ACTION: &str = "move the pointer";
        let key = moves::object(key);
        let location = self.location(ACTION, &key)?;
        let mode = moves::condition(before).map_err(|source| StoreError {
            action: ACTION,
            path: self.place_of(&key),
            source,
        })?;
        let body = Bytes::from(moves::Current::new(target, files).to_json());
        let (store, sent) = (Arc::clone(&self.store), body.clone());
        let put = bridge::wait(async move { upload::small(store.as_ref(), &location, sent, mode).await });
        let put = put.map_err(|source| StoreError { action: ACTION, path: self.place_of(&key), source })?;
        match put {
            Ok(()) => Ok(()),
            Err(error @ (Error::Precondition { .. } | Error::AlreadyExists { .. } | Error::Generic { .. })) => {
                // A move whose answer was lost on the way has been made all the same.
                match self.get(ACTION, &key) {
                    Ok(Some((found, _))) if found == body => Ok(()),
                    Ok(found) if !matches!(error, Error::Generic { .. }) => {
                        let now = found.and_then(|(bytes, _)| moves::Current::parse(&bytes).ok());
                        let source = moves::overtaken(now.as_ref());
                        Err(StoreError { action: ACTION, path: self.place_of(&key), source })
                    }
                    _ => Err(self.fault(ACTION, &key)(error)),
                }
            }
            Err(error) => Err(self.fault(ACTION, &key)(error)),
        }
    }
}

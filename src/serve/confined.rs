//! File access that never leaves one folder, whatever symbolic links lie in it.

use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use tower_http::services::fs::{Backend, TokioBackend};

/// Opens a path only when what it leads to lies below `root`. Links inside
/// (`current`) are followed anew at each request, since pointers move.
#[derive(Clone)]
pub(super) struct Confined {
    root: Arc<Path>,
}

impl Confined {
    pub fn new(root: &Path) -> Self {
        Self { root: root.into() }
    }

    fn resolve(root: &Path, path: &Path) -> io::Result<PathBuf> {
        let (root, real) = (root.canonicalize().map_err(absent)?, path.canonicalize().map_err(absent)?);
        if real.starts_with(&root) {
            return Ok(real);
        }
        tracing::warn!(path = %path.display(), leads_to = %real.display(), "a link leads out of the served folder");
        Err(io::ErrorKind::NotFound.into())
    }
}

/// Whatever is wrong with a name, there is no such file; what is wrong with the machine stays an error.
fn absent(error: io::Error) -> io::Error {
    use io::ErrorKind::{InvalidFilename, InvalidInput, IsADirectory, NotADirectory, NotFound, PermissionDenied};
    let is_loop = error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error());
    match error.kind() {
        NotFound | NotADirectory | IsADirectory | InvalidFilename | InvalidInput | PermissionDenied => NotFound.into(),
        _ if is_loop => NotFound.into(),
        _ => error,
    }
}

type Later<T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send>>;

impl Backend for Confined {
    type File = <TokioBackend as Backend>::File;
    type Metadata = <TokioBackend as Backend>::Metadata;
    type OpenFuture = Later<Self::File>;
    type MetadataFuture = Later<Self::Metadata>;

    fn open(&self, path: PathBuf) -> Self::OpenFuture {
        let root = self.root.clone();
        Box::pin(async move { TokioBackend.open(Self::resolve(&root, &path)?).await })
    }

    fn metadata(&self, path: PathBuf) -> Self::MetadataFuture {
        let root = self.root.clone();
        Box::pin(async move { TokioBackend.metadata(Self::resolve(&root, &path)?).await })
    }
}

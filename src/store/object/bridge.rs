//! From calls that wait to calls that are awaited: the trait of all storages
//! is synchronous, the client of object storage is not. The runtime here is of
//! its own, so that the wait ends whatever runtime its caller holds up.

use std::io;
use std::sync::{OnceLock, mpsc};

use tokio::runtime::{Builder, Handle, Runtime, RuntimeFlavor};
use tracing::Instrument as _;

/// Never dropped: a runtime cannot be from within another.
static RUNTIME: OnceLock<Result<Runtime, String>> = OnceLock::new();

fn runtime() -> io::Result<&'static Runtime> {
    let build = || {
        let built = Builder::new_multi_thread().worker_threads(2).thread_name("storage").enable_all().build();
        built.map_err(|error| error.to_string())
    };
    RUNTIME.get_or_init(build).as_ref().map_err(|reason| io::Error::other(reason.clone()))
}

/// Waits for the work's end, from within async code too. A panic of the work is an error here.
pub(super) fn wait<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> io::Result<T> {
    let (done, end) = mpsc::sync_channel(1);
    runtime()?.spawn(
        async move {
            // Nobody else has the other end, and it waits below.
            let _ = done.send(work.await);
        }
        .in_current_span(),
    );
    let wait = || end.recv().map_err(|_| io::Error::other("the call ended without a result"));
    match Handle::try_current() {
        // Lets the other tasks of this thread move on.
        Ok(handle) if handle.runtime_flavor() == RuntimeFlavor::MultiThread => tokio::task::block_in_place(wait),
        _ => wait(),
    }
}

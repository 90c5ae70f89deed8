//! Serves the published site and datasets over HTTP. It never writes anything,
//! and gives nothing but `site/current` and what lies below `datasets`.

mod confined;
mod router;

#[cfg(test)]
mod tests;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::Path;

use tokio::net::TcpListener;

pub use router::router;

/// Takes the address, so that the caller can say which it became (port 0: any free one).
pub async fn bind(listen: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(listen).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Serves on a bound address until `shutdown` is ready; answers under way are finished first.
pub async fn serve(
    listener: TcpListener,
    data_dir: &Path,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    axum::serve(listener, router(data_dir)).with_graceful_shutdown(shutdown).await
}

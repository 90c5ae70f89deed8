//! Serves the published site and datasets over HTTP, the status page, and what
//! machines ask: `/healthz`, `/readyz`, `/metrics`, `/status.json`. It never
//! writes anything, and gives nothing of the data folder but `site/current` and
//! what lies below `datasets`.
//!
//! It speaks HTTP/1.1 alone, without TLS: what faces the internet is a proxy
//! before it. It holds to its limits all the same.

mod confined;
mod connection;
mod files;
mod guard;
mod limits;
mod pages;
mod probes;
mod router;
mod state;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod refusal_tests;
#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;

use tokio::net::TcpListener;

pub use connection::serve;
pub use limits::Limits;
pub use router::router;
pub use state::State;

/// Takes the address, so that the caller can say which it became (port 0: any free one).
pub async fn bind(listen: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(listen).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

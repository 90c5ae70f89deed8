//! The program that runs for years: starts what is due, swaps its configuration, stops when told, and says how it is.

#[cfg(any(test, feature = "engine"))]
mod beat;
#[cfg(any(test, feature = "engine"))]
mod clock;
#[cfg(any(test, feature = "engine"))]
mod late;
pub mod live;
#[cfg(any(test, feature = "engine"))]
mod polls;

#[cfg(test)]
mod tests;

#[cfg(feature = "engine")]
mod facts;
#[cfg(feature = "engine")]
mod life;
#[cfg(feature = "engine")]
mod reload;
#[cfg(feature = "engine")]
mod systemd;
#[cfg(feature = "engine")]
mod voice;
#[cfg(feature = "engine")]
mod wake;
#[cfg(feature = "engine")]
mod watcher;
#[cfg(feature = "engine")]
mod work;

#[cfg(feature = "engine")]
pub use life::{DaemonError, Load, at_work, live as run};

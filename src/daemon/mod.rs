//! The program that runs for years: starts what is due, swaps its configuration, stops when told, and says how it is.

#[cfg(feature = "engine")]
pub mod clock;
pub mod live;
#[cfg(feature = "engine")]
pub mod reload;
#[cfg(feature = "engine")]
pub mod systemd;
#[cfg(feature = "engine")]
pub mod wake;
#[cfg(feature = "engine")]
pub mod watcher;

//! Where log lines go: to journald with their fields when that is where stderr
//! leads, as lines for people on a terminal, as JSON on request. And for each
//! run a copy of its own lines, for the ledger ([`keep`]).
//!
//! Nothing that is logged holds a secret: addresses are masked where they are
//! logged, and once more here.

mod fields;
mod format;
mod keep;

use std::io::IsTerminal as _;

use tracing_journald::{Priority, PriorityMappings};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, Registry};

pub use keep::{Keep, RunLog, begin_run};

/// How a log line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Lines for people
    Human,
    /// One JSON object a line
    Json,
    /// Fields to systemd's journal
    Journald,
}

/// How much is logged where `UNDERLAG_LOG` does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usual {
    /// A command: warnings and worse, since it says the rest itself.
    Command,
    /// The daemon: what it does, too.
    Daemon,
}

impl Usual {
    /// What is wrong with a certificate is told by the error.
    fn directives(self) -> &'static str {
        match self {
            Self::Command => "warn,rustls_platform_verifier=off",
            Self::Daemon => "warn,underlag=info,rustls_platform_verifier=off",
        }
    }
}

/// As systemd's own programs use them.
const PRIORITIES: PriorityMappings = PriorityMappings {
    error: Priority::Error,
    warn: Priority::Warning,
    info: Priority::Informational,
    debug: Priority::Debug,
    trace: Priority::Debug,
};

/// Begins to log, once for the process.
pub fn start(format: Option<Format>, usual: Usual) {
    let filter = || EnvFilter::try_from_env("UNDERLAG_LOG").unwrap_or_else(|_| EnvFilter::new(usual.directives()));
    let chosen = format.unwrap_or_else(|| if leads_to_journald() { Format::Journald } else { Format::Human });
    let registry = Registry::default().with(Keep.with_filter(LevelFilter::INFO));
    if chosen == Format::Journald {
        match tracing_journald::layer() {
            Ok(layer) => {
                let layer = layer.with_syslog_identifier("underlag".to_owned());
                let layer = layer.with_field_prefix(Some("UNDERLAG".to_owned())).with_priority_mappings(PRIORITIES);
                let _ = registry.with(layer.with_filter(filter())).try_init();
                return;
            }
            // Lines on stderr reach the same place, without their fields.
            Err(error) => {
                let _ = registry.with(format::Lines::human(false).with_filter(filter())).try_init();
                tracing::warn!(%error, "the journal cannot be reached, and gets plain lines");
                return;
            }
        }
    }
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let lines = if chosen == Format::Json { format::Lines::json() } else { format::Lines::human(colour) };
    let _ = registry.with(lines.with_filter(filter())).try_init();
}

/// Work for another thread, whose log lines stay those of the run that it is done for.
pub fn carried<T>(work: impl FnOnce() -> T) -> impl FnOnce() -> T {
    let span = tracing::Span::current();
    move || span.in_scope(work)
}

/// systemd names the device and inode of the journal's stream; stderr may have been led elsewhere since.
fn leads_to_journald() -> bool {
    let Ok(named) = std::env::var("JOURNAL_STREAM") else { return false };
    let Ok(stderr) = rustix::fs::fstat(std::io::stderr()) else { return false };
    is_stream(&named, stderr.st_dev, stderr.st_ino)
}

fn is_stream(named: &str, device: u64, inode: u64) -> bool {
    let parsed = named.split_once(':').map(|(device, inode)| (device.parse(), inode.parse()));
    parsed == Some((Ok(device), Ok(inode)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_journals_own_stream_is_taken_for_it() {
        assert!(is_stream("8:4711", 8, 4711));
        for named in ["8:4712", "9:4711", "8", "", "8:", "a:b"] {
            assert!(!is_stream(named, 8, 4711), "{named}");
        }
    }
}

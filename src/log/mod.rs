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
    let asked = std::env::var("UNDERLAG_LOG").ok();
    let filter = || filter(asked.as_deref(), usual);
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

/// The wake-up says of every start that it was not under way before: shown to whoever asks for it by name.
const WAKE_UP: &str = "tokio_cron_scheduler";

/// What is asked for, or what is usual.
fn filter(asked: Option<&str>, usual: Usual) -> EnvFilter {
    let asked = asked.filter(|asked| !asked.trim().is_empty());
    let Some(filter) = asked.and_then(|asked| EnvFilter::try_new(asked).ok()) else {
        return EnvFilter::new(usual.directives());
    };
    let quiet = || format!("{WAKE_UP}=warn").parse().ok();
    let is_named = asked.is_some_and(|asked| asked.contains(WAKE_UP));
    // Whoever asks for less than warnings gets no more by this.
    let is_loud = filter.max_level_hint().is_none_or(|level| level > LevelFilter::WARN);
    match quiet().filter(|_| is_loud && !is_named) {
        Some(directive) => filter.add_directive(directive),
        None => filter,
    }
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
    fn the_wake_up_is_heard_when_it_is_asked_for_by_name() {
        let shown = |asked: Option<&str>| filter(asked, Usual::Daemon).to_string();
        assert!(shown(Some("info")).contains("tokio_cron_scheduler=warn"));
        assert!(shown(Some("underlag=debug,info")).contains("tokio_cron_scheduler=warn"));
        assert_eq!(shown(Some("info,tokio_cron_scheduler=debug")), "tokio_cron_scheduler=debug,info");
        assert_eq!(shown(Some("error")), "error");
        assert_eq!(shown(Some("off")), "off");
        for nothing in [None, Some(""), Some("=,=!")] {
            assert!(shown(nothing).contains("underlag=info") && !shown(nothing).contains(WAKE_UP), "{nothing:?}");
        }
    }

    #[test]
    fn only_the_journals_own_stream_is_taken_for_it() {
        assert!(is_stream("8:4711", 8, 4711));
        for named in ["8:4712", "9:4711", "8", "", "8:", "a:b"] {
            assert!(!is_stream(named, 8, 4711), "{named}");
        }
    }
}

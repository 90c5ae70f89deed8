//! Taking the lock on the data folder, at once or within a time.

use std::time::{Duration, Instant};

use clap::Args;
use jiff::SignedDuration;

use crate::lake::{Lake, LakeError, Lock};
use crate::run::settled;

use super::exit::Failure;
use super::text;

/// For every command that writes.
#[derive(Clone, Debug, Default, Args)]
pub struct Wait {
    /// While another underlag is at work: wait for it to end, at most this long
    #[arg(
        long,
        value_name = "TIME",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "1h",
        value_parser = time
    )]
    wait: Option<Duration>,
}

impl Wait {
    /// Holds the lock, with everything ended that a crash left open.
    pub async fn lock(&self, lake: &Lake) -> Result<Lock, Failure> {
        let begun = Instant::now();
        // Another command may be taking a look at the lock just now: that is over in an instant.
        let patience = self.wait.unwrap_or_default().max(Duration::from_millis(150));
        let mut told = false;
        loop {
            match lake.lock() {
                Err(LakeError::Locked { holder, .. }) if begun.elapsed() < patience => {
                    if self.wait.is_some() && !told {
                        let holder = holder.unwrap_or_else(|| "another underlag".to_owned());
                        text::note(&format!("waiting for {holder}"));
                        told = true;
                    }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                other => {
                    let lock = other?;
                    settled(lake)?.iter().for_each(|note| text::note(&format!("note: {note}")));
                    return Ok(lock);
                }
            }
        }
    }
}

fn time(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is not a time like 90s, 10m or 2h");
    text.parse::<SignedDuration>().ok().and_then(|time| Duration::try_from(time).ok()).ok_or_else(wrong)
}

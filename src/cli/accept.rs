//! `underlag accept`.

use anyhow::anyhow;
use clap::Args;

use crate::codes;
use crate::run::{Accept as Word, Options};

use super::context::Place;
use super::exit::{Exit, Failure};
use super::lock::Wait;
use super::run::{chosen, execute, publish_site};

#[derive(Debug, Args)]
pub struct Accept {
    /// The pipeline whose publish waits
    pipeline: String,
    /// Why it is right to publish; readers see it
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    wait: Wait,
}

impl Accept {
    pub async fn run(self, place: &Place) -> Result<Exit, Failure> {
        let reason = self.reason.split_whitespace().collect::<Vec<_>>().join(" ");
        if reason.is_empty() {
            return Err(Failure::usage(codes::USAGE, anyhow!("the reason is empty"))
                .hint("say why it is right to publish: --reason \"…\"; readers see it"));
        }
        let workshop = place.workshop().await?;
        let names = chosen(&workshop.config, std::slice::from_ref(&self.pipeline), false)?;
        let _lock = self.wait.lock(&workshop.lake).await?;
        let Some(waiting) = workshop.ledger.waiting(&self.pipeline)? else {
            return Err(Failure::usage(
                codes::NOTHING_WAITS,
                anyhow!("nothing of pipeline {} waits to be accepted", self.pipeline),
            )
            .hint(format!("nothing was run; `underlag run {}` runs it", self.pipeline)));
        };
        let accept = Some(Word { stops: waiting.what, reason });
        let verdicts = execute(&workshop, &names, Options { accept, ..Options::default() }).await?;
        let site = publish_site(&workshop);
        let failed = verdicts.iter().any(|verdict| verdict.result.is_err());
        Ok(if failed || !site { Exit::Failed } else { Exit::Done })
    }
}

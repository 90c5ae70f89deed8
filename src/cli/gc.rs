//! `underlag gc`.

use clap::Args;

use crate::run::{Workshop, collect};

use super::context::Place;
use super::exit::{Exit, Failure};
use super::lock::Wait;
use super::run::settled;
use super::text;

#[derive(Debug, Args)]
pub struct Gc {
    /// Only say what would go
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    wait: Wait,
}

impl Gc {
    pub async fn run(self, place: &Place) -> Result<Exit, Failure> {
        let (config, reference) = place.load()?;
        let workshop = Workshop::open(config, reference)?;
        let _lock = self.wait.lock(&workshop.lake).await?;
        if !self.dry_run {
            settled(&workshop)?;
        }
        let collected = collect(&workshop, self.dry_run)?;
        let verb = if self.dry_run { "would remove" } else { "removed" };
        for pruned in &collected.pruned {
            text::line(&format!("{verb} the data of {} {}, {} bytes", pruned.dataset, pruned.version, pruned.bytes));
        }
        for leftover in &collected.leftovers {
            text::line(&format!("{verb} what a crash left: {leftover}"));
        }
        for (dataset, why) in &collected.skipped {
            text::note(&format!("{dataset} is left alone: {why}"));
        }
        let bytes: u64 = collected.pruned.iter().map(|pruned| pruned.bytes).sum();
        let count = |count: usize, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
        text::line(&format!(
            "{verb} {} of data ({bytes} bytes) and {}; every manifest stays",
            count(collected.pruned.len(), "version", "versions"),
            count(collected.leftovers.len(), "leftover", "leftovers"),
        ));
        Ok(Exit::Done)
    }
}

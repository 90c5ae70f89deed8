//! `underlag verify`.

use anyhow::anyhow;
use clap::Args;
use serde::Serialize;

use crate::codes;
use crate::lake::{Lake, VerifyReport};
use crate::repair::{self, Repair};
use crate::run::{Workshop, present, verify};

use super::context::Place;
use super::exit::{Exit, Failure};
use super::lock::Wait;
use super::text;

/// Reads everything published again: pointers, manifests, every hash, row and promise, the archive that they go back
/// to, and the ledger. Ends with 0 when all is as it was published, and with 3 and a line for each damage otherwise.
#[derive(Debug, Args)]
pub struct Verify {
    /// Mend what can be mended: from the archive, or by going back to the newest sound version. Nothing is invented,
    /// nothing thrown away: what is in the way is moved to lost+found
    #[arg(long)]
    repair: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
    /// Leave out the archived answers, which are most of the bytes
    #[arg(long)]
    no_archive: bool,
    #[command(flatten)]
    wait: Wait,
}

#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    report: &'a VerifyReport,
    #[serde(flatten)]
    repair: Option<&'a Repair>,
}

impl Verify {
    pub async fn run(self, place: &Place) -> Result<Exit, Failure> {
        let (config, reference) = place.load()?;
        let lake = Lake::look(&config)?;
        if !present(&lake)? {
            return Err(Failure::usage(
                codes::NOTHING_PUBLISHED,
                anyhow!("there is no data folder {}", config.data_dir.display()),
            )
            .hint("data_dir in the configuration, or --data-dir, names it; the first run makes it"));
        }
        let mut repaired = None;
        if self.repair {
            let workshop = Workshop::open(config, reference)?;
            let _lock = self.wait.lock(&workshop.lake).await?;
            let repair = repair::repair(&workshop, !self.no_archive).await?;
            if !self.json {
                repair.done.iter().for_each(|done| text::line(&format!("repaired: {done}")));
                repair.left.iter().for_each(|left| text::line(&format!("not repaired: {left}")));
            }
            repaired = Some(repair);
        }
        let report = verify(&lake, !self.no_archive)?;
        if self.json {
            let told = Told { report: &report, repair: repaired.as_ref() };
            text::line(&serde_json::to_string_pretty(&told).map_err(Failure::failed)?);
        } else {
            show(&report);
        }
        Ok(if report.damage.is_empty() { Exit::Done } else { Exit::Damaged })
    }
}

fn show(report: &VerifyReport) {
    let objects = report.objects.map(|objects| format!(", {objects} archived objects")).unwrap_or_default();
    text::line(&format!(
        "{} datasets, {} versions, {} files, {} rows, {} bytes read{objects}",
        report.datasets, report.versions, report.files, report.rows, report.bytes
    ));
    report.damage.iter().for_each(|damage| text::line(&format!("damaged: {damage}")));
    report.notes.iter().for_each(|note| text::line(&format!("note: {note}")));
    if report.damage.is_empty() {
        text::line("ok: everything is as it was published");
    }
}

//! `underlag replay`.

use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;

use crate::codes;
use crate::lineage::{Lineage, LineageError};

use super::context::Place;
use super::exit::{Exit, Failure};
use super::text;
use super::trace::version_of;

/// Computes a version again from the archive alone and compares its content hash. No source is asked, and nothing in
/// the data folder is written. Ends with 0 when the content is byte-identical, with 3 when it differs or when what the
/// version rests on is lost or damaged.
#[derive(Debug, Args)]
pub struct Replay {
    dataset: String,
    /// As in the manifest and in the name of its folder
    #[arg(value_name = "VERSION")]
    id: String,
    /// Write the recomputed version (Parquet and manifest) into this folder, which must not exist yet
    #[arg(long, value_name = "FOLDER")]
    output: Option<PathBuf>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

impl Replay {
    pub async fn run(self, place: &Place) -> Result<Exit, Failure> {
        let (config, reference) = place.past()?;
        if let Some(folder) = &self.output
            && folder.exists()
        {
            return Err(Failure::usage(codes::USAGE, anyhow!("{} exists already", folder.display()))
                .hint("a replayed version is written into a new folder, never over another"));
        }
        let lineage = Lineage::of(config, reference)?;
        let manifest = version_of(lineage.lake(), &self.dataset, Some(&self.id))?;
        let (replay, recomputed) = lineage.replay(&manifest).await?;
        let written = match &self.output {
            Some(folder) => Some((folder, lineage.write(&manifest, &recomputed, folder)?)),
            None => None,
        };
        if self.json {
            text::line(&serde_json::to_string_pretty(&replay).map_err(Failure::failed)?);
        } else {
            let name = format!("{} {}", replay.dataset, replay.version);
            if replay.identical {
                text::line(&format!(
                    "{name}: byte-identical in content: {}, {} rows, from {}",
                    replay.content_hash,
                    replay.rows,
                    replay.ground()
                ));
            } else {
                text::line(&format!("{name}: differs, computed again from {}", replay.ground()));
                replay.differences.iter().for_each(|difference| text::line(&format!("  {difference}")));
            }
            replay.notes.iter().for_each(|note| text::line(&format!("  note: {note}")));
            if let Some((folder, manifest)) = written {
                text::line(&format!("  written: {}, {} rows", folder.join("data").display(), manifest.rows));
            }
        }
        Ok(if replay.identical { Exit::Done } else { Exit::Damaged })
    }
}

impl From<LineageError> for Failure {
    fn from(error: LineageError) -> Self {
        let exit = match &error {
            LineageError::NotFound(_) => Exit::Usage,
            error if error.is_damage() => Exit::Damaged,
            _ => Exit::Failed,
        };
        let hint = error.hint();
        // Its text is complete: what lies behind it would only be said again.
        Self { exit, code: error.code(), error: anyhow!("{error}"), hint }
    }
}

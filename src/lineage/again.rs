//! A version computed once more: its answers from the archive, its recipe, the
//! versions of other datasets that it was computed from, through the same
//! steps as a run.

use std::path::PathBuf;

use crate::config::{Checks, Dataset};
use crate::lake::{Manifest, Stage, VersionId};
use crate::run::compute::{self, Computed};
use crate::transform::Engine;

use super::{Lineage, LineageError, Made};

/// What came out, as one file of sorted rows in the scratch folder.
pub struct Recomputed {
    pub computed: Computed,
    pub made: Made,
    /// Distinct archived answers that were read for it, those behind recomputed inputs too.
    pub answers: usize,
}

impl Lineage {
    /// Computes a version again. Its checks are not asked again: they held, or were accepted, when it was published.
    pub async fn recompute(&self, manifest: &Manifest) -> Result<Recomputed, LineageError> {
        let made = self.made(manifest)?;
        let (pipeline, dataset) = made.pipeline(manifest)?;
        let stage = Stage::open(&self.room("omrakning")?, &pipeline.name)?;
        let engine = Engine::new(made.config.run.memory_limit, &stage.spill()?)?;
        compute::register_reference(&engine, &made.reference, &made.config)?;
        let mut answers = 0;
        for (name, fetch) in &pipeline.fetches {
            let staging = |error| LineageError::Run(crate::run::Problem::Stage { fetch: name.clone(), error });
            let (harvested, file) = self
                .harvest(&made, manifest, fetch, |plan| {
                    let mut file = stage.create(name);
                    if let Some(schema) = &plan.schema {
                        file.open(schema.clone()).map_err(staging)?;
                    }
                    Ok(file)
                })
                .await?;
            let (path, _) = file.finish()?;
            compute::register_fetch(&engine, name, &path, &harvested.harvest.codes).await?;
            answers += harvested.answers.len();
        }
        for (name, input) in &pipeline.inputs {
            let version = manifest.inputs.get(&input.dataset).ok_or_else(|| LineageError::NoInput {
                dataset: manifest.dataset.clone(),
                version: manifest.version.clone(),
                input: input.dataset.clone(),
            })?;
            let (files, behind) = self.rows_of(&input.dataset, version).await?;
            engine.register_parquet(name, &files).await?;
            answers += behind;
        }
        let kept = match manifest.carried.as_slice() {
            [] => None,
            _ => Some(self.rows_before(manifest).await?),
        };
        answers += kept.as_ref().map_or(0, |(_, _, answers)| *answers);
        let before = kept.as_ref().map(|(before, _, _)| before);
        let files = |_: &Manifest| Ok(kept.as_ref().map(|(_, files, _)| files.clone()).unwrap_or_default());
        let unchecked = Dataset { checks: Checks::default(), ..dataset.clone() };
        let made_by = (pipeline, &unchecked);
        let computed = compute::compute(&engine, &made.reference, made_by, &stage, &files, before).await?;
        Ok(Recomputed { computed, made, answers })
    }

    /// The version before, from which periods were kept that the source gave no longer.
    async fn rows_before(&self, manifest: &Manifest) -> Result<(Manifest, Vec<PathBuf>, usize), LineageError> {
        let gone = || LineageError::NoPrevious { dataset: manifest.dataset.clone(), version: manifest.version.clone() };
        let hash = manifest.previous.as_ref().ok_or_else(gone)?;
        for version in self.lake.versions(&manifest.dataset)?.iter().rev() {
            if *version != manifest.version
                && self.lake.manifest_hash(&manifest.dataset, version).ok().as_ref() == Some(hash)
            {
                let before = self.lake.manifest(&manifest.dataset, version)?;
                let (files, answers) = self.rows_of(&manifest.dataset, version).await?;
                return Ok((before, files, answers));
            }
        }
        Err(gone())
    }

    /// A version's rows as files: those published, or computed again where the retention has removed them; and how
    /// many answers that took.
    pub async fn rows_of(&self, dataset: &str, version: &VersionId) -> Result<(Vec<PathBuf>, usize), LineageError> {
        let manifest = self.lake.manifest(dataset, version)?;
        if self.has_data(&manifest)? {
            let files = self.lake.files(&manifest)?;
            for (file, info) in files.iter().zip(&manifest.files) {
                if !is_as_published(file, &info.blake3) {
                    let (dataset, version) = (dataset.to_owned(), version.clone());
                    return Err(LineageError::DataDamaged { dataset, version, file: format!("data/{}", info.path) });
                }
            }
            return Ok((files, 0));
        }
        let (dataset, version) = (dataset.to_owned(), version.clone());
        // Boxed, since this may be an input of an input.
        let Recomputed { computed, answers, .. } = match Box::pin(self.recompute(&manifest)).await {
            Ok(recomputed) => recomputed,
            Err(error) => return Err(LineageError::Input { dataset, version, error: Box::new(error) }),
        };
        if computed.content_hash != manifest.content_hash {
            let (expected, found) = (manifest.content_hash, computed.content_hash);
            return Err(LineageError::InputDiffers { dataset, version, expected, found });
        }
        Ok((computed.parts.paths(), answers))
    }
}

pub fn is_as_published(file: &std::path::Path, hash: &str) -> bool {
    let mut hasher = blake3::Hasher::new();
    std::fs::File::open(file).and_then(|mut file| std::io::copy(&mut file, &mut hasher)).is_ok()
        && hasher.finalize().to_hex().as_str() == hash
}

//! What a version was made by: its archived recipe, read the way that a
//! configuration is read. Versions from before recipes were archived have
//! none, and today's configuration has to stand in for it.

use std::collections::BTreeMap;

use crate::config::{self, Config, Dataset, Overrides, Pipeline, render_all};
use crate::lake::Manifest;
use crate::reference::Reference;
use crate::run::Recipe;

use super::{Lineage, LineageError};

/// Configuration and reference tables as they were.
pub struct Made {
    pub config: Config,
    pub reference: Reference,
    /// The recipe's hash; none where the present configuration stands in.
    pub recipe: Option<String>,
}

impl Made {
    pub fn pipeline(&self, manifest: &Manifest) -> Result<(&Pipeline, &Dataset), LineageError> {
        let pipeline = self.config.pipelines.get(&manifest.pipeline);
        let found = pipeline.and_then(|pipeline| Some((pipeline, pipeline.datasets.get(&manifest.dataset)?)));
        found.ok_or_else(|| not_configured(manifest))
    }
}

fn not_configured(manifest: &Manifest) -> LineageError {
    LineageError::NotConfigured {
        dataset: manifest.dataset.clone(),
        version: manifest.version.clone(),
        pipeline: manifest.pipeline.clone(),
    }
}

impl Lineage {
    pub fn made(&self, manifest: &Manifest) -> Result<Made, LineageError> {
        let Some(hash) = &manifest.recipe else {
            let reference = self.reference.clone().ok_or_else(|| not_configured(manifest))?;
            return Ok(Made { config: self.config.clone(), reference, recipe: None });
        };
        let bytes = self.archive.read(hash).map_err(|error| LineageError::RecipeUnreadable {
            dataset: manifest.dataset.clone(),
            version: manifest.version.clone(),
            error,
        })?;
        let fault = |error| LineageError::Recipe { hash: hash.clone(), error };
        let recipe = Recipe::parse(&bytes).map_err(fault)?;
        let folder = self.room("recept")?;
        let file = recipe.unpack(&folder).map_err(fault)?;
        let overrides = Overrides {
            data_dir: Some(self.config.data_dir.clone()),
            published: manifest.inputs.keys().cloned().collect(),
        };
        let loaded = config::load(&file, &overrides);
        let Some(mut config) = loaded.config else {
            let problems = render_all(&loaded.diagnostics, &loaded.files, false);
            let problems = problems.replace(&format!("{}/", folder.display()), "");
            return Err(LineageError::Refused { hash: hash.clone(), problems: problems.trim_end().to_owned() });
        };
        // How much memory there is, is a matter of today.
        config.run = self.config.run.clone();
        let reference = Reference::from_files(&tables(&recipe))
            .map_err(|error| LineageError::Reference { hash: hash.clone(), error })?;
        Ok(Made { config, reference, recipe: Some(hash.clone()) })
    }
}

fn tables(recipe: &Recipe) -> BTreeMap<std::path::PathBuf, Vec<u8>> {
    let named =
        |(name, text): (&String, &String)| Some((name.strip_prefix("reference/")?.into(), text.as_bytes().to_vec()));
    recipe.files.iter().filter_map(named).collect()
}

/// Said wherever a version without a recipe is looked into.
pub fn stand_in(manifest: &Manifest) -> String {
    format!(
        "its manifest is of a time before recipes were archived: today's configuration of {} stands in for the one of then",
        manifest.pipeline
    )
}

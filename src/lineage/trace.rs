//! From one published row to the bytes behind it: the query, the tables that it
//! reads, and the archived answers that hold the row's key.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::config::{Config, Dataset};
use crate::lake::{Manifest, ORIGIN, VersionId};
use crate::transform::Engine;

use super::query::reads;
use super::{Condition, Lineage, LineageError, Row, Table};

#[derive(Clone, Debug, Serialize)]
pub struct Trace {
    pub dataset: String,
    pub version: VersionId,
    pub current: bool,
    pub created_at: Timestamp,
    pub row: Row,
    /// The version whose query and answers gave the row, where it was carried on from there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carried_from: Option<VersionId>,
    pub program: String,
    pub config_hash: String,
    /// None where today's configuration had to stand in.
    pub recipe: Option<String>,
    pub query: QueryText,
    pub tables: Vec<Table>,
    pub inputs: Vec<Input>,
    pub notes: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct QueryText {
    pub file: String,
    pub hash: String,
    pub text: String,
}

/// Another dataset that the query reads.
#[derive(Clone, Debug, Serialize)]
pub struct Input {
    pub table: String,
    pub dataset: String,
    pub version: VersionId,
    /// How to trace on from there.
    pub command: String,
}

impl Lineage {
    /// Traces the one row of a version that these values name.
    pub async fn trace(&self, manifest: &Manifest, conditions: &[Condition]) -> Result<Trace, LineageError> {
        let (files, _) = self.rows_of(&manifest.dataset, &manifest.version).await?;
        let row = self.find(manifest, &files, conditions).await?;
        let mut notes = Vec::new();
        let carried_from = match row.value(ORIGIN) {
            Some(version) if version != manifest.version.to_string() => match version.parse::<VersionId>() {
                Ok(version) => Some(version),
                Err(_) => return Err(LineageError::NotAVersion { text: version.to_owned() }),
            },
            _ => None,
        };
        let origin = match &carried_from {
            Some(version) => self.lake.manifest(&manifest.dataset, version)?,
            None => manifest.clone(),
        };
        let made = self.made(&origin)?;
        let (pipeline, dataset) = made.pipeline(&origin)?;
        let hash = blake3::hash(dataset.sql.as_bytes()).to_hex().to_string();
        if made.recipe.is_none() {
            notes.push(super::made::stand_in(&origin));
        } else if origin.sql_hash.as_ref().is_some_and(|recorded| *recorded != hash) {
            notes.push("the recipe's query is not the one that the manifest names by its hash".to_owned());
        }
        notes.extend(self.standing(manifest)?);
        let engine = Engine::new(self.config.run.memory_limit, self.spill())?;
        let reads = reads(&engine, pipeline, dataset)?;
        let sought = sought(&made.config, dataset, &row);
        let mut tables = Vec::new();
        for fetch in reads.fetches.iter().filter_map(|name| pipeline.fetches.get(name)) {
            tables.push(self.table(&made, &origin, fetch, &sought).await?);
        }
        let mut inputs = Vec::new();
        for input in reads.inputs.iter().filter_map(|name| pipeline.inputs.get(name)) {
            let version = origin.inputs.get(&input.dataset).ok_or_else(|| LineageError::NoInput {
                dataset: origin.dataset.clone(),
                version: origin.version.clone(),
                input: input.dataset.clone(),
            })?;
            let behind = self.lake.manifest(&input.dataset, version)?;
            inputs.push(Input {
                table: input.name.clone(),
                dataset: input.dataset.clone(),
                version: version.clone(),
                command: command(&behind, &row),
            });
        }
        let current = self.lake.current_version(&manifest.dataset)?.as_ref() == Some(&manifest.version);
        let file = dataset.sql_file.strip_prefix(&pipeline.dir).unwrap_or(&dataset.sql_file);
        Ok(Trace {
            dataset: manifest.dataset.clone(),
            version: manifest.version.clone(),
            current,
            created_at: manifest.created_at,
            row,
            carried_from,
            program: origin.program.clone(),
            config_hash: origin.config_hash.clone(),
            recipe: made.recipe.clone(),
            query: QueryText { file: file.display().to_string(), hash, text: dataset.sql.clone() },
            tables,
            inputs,
            notes,
        })
    }
}

impl Lineage {
    /// What an operator has said of a version, which whoever traces a figure of it should know.
    fn standing(&self, manifest: &Manifest) -> Result<Vec<String>, LineageError> {
        let standing = self.lake.standing(&manifest.dataset)?;
        let withdrawn = standing.withdrawn.into_iter().filter(|said| said.version == manifest.version);
        let withdrawn = withdrawn.map(|said| format!("the version was withdrawn at {}: {}", said.at, said.reason));
        let accepted = manifest.accepted.iter().map(|accepted| {
            format!("an operator let it through at {}: {} ({})", accepted.at, accepted.reason, accepted.what.join("; "))
        });
        Ok(withdrawn.chain(accepted).collect())
    }
}

/// What to look for in the fetched tables: the row's key; for an area of one's own, its municipalities.
fn sought(config: &Config, dataset: &Dataset, row: &Row) -> BTreeMap<String, Vec<String>> {
    let value = |column: &str| row.value(column).map(str::to_owned);
    let mut sought: BTreeMap<String, Vec<String>> =
        dataset.key.iter().filter_map(|name| Some((name.clone(), vec![value(name)?]))).collect();
    if let (Some(niva), Some(kod)) = (row.value("niva"), row.value("kod"))
        && dataset.areas.iter().any(|set| set == niva)
        && let Some(area) = config.area_sets.get(niva).and_then(|set| set.areas.get(kod))
    {
        sought.insert("kod".to_owned(), area.kommuner.clone());
    }
    sought
}

/// The same key in another dataset, as far as that has its columns.
fn command(behind: &Manifest, row: &Row) -> String {
    let known = behind.key.iter().filter_map(|name| Some(format!("{name}={}", row.value(name)?)));
    let mut words = vec!["underlag".to_owned(), "trace".to_owned(), behind.dataset.clone()];
    words.extend(known.map(|word| shell_word(&word)));
    words.extend(["--version".to_owned(), behind.version.to_string()]);
    words.join(" ")
}

/// As a shell takes it for one word.
fn shell_word(text: &str) -> String {
    let plain = |each: char| each.is_alphanumeric() || "=_-+.:/".contains(each);
    if text.chars().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_can_be_pasted() {
        assert_eq!(shell_word("alder=100+10"), "alder=100+10");
        assert_eq!(shell_word("namn=Upplands Väsby"), "'namn=Upplands Väsby'");
        assert_eq!(shell_word("x=O'B"), "'x=O'\\''B'");
    }
}

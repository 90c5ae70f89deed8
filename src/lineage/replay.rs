//! Whether a version comes out the same when it is computed again from the
//! archive alone; and if not, on which side the fault lies and what differs.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::{Field, Schema};
use arrow::record_batch::RecordBatch;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde::Serialize;

use crate::lake::compare::{Change, ChangedRow, Changes, Rows, Side, compare};
use crate::lake::{ColumnInfo, ContentHash, LakeError, Manifest, Preparation, VersionId, plain};
use crate::store::At as _;

use super::again::is_as_published;
use super::row::text_at;
use super::{Lineage, LineageError, Recomputed};

/// How many differing rows are shown.
const SHOWN: usize = 20;

/// The outcome, in words and figures.
#[derive(Clone, Debug, Serialize)]
pub struct Replay {
    pub dataset: String,
    pub version: VersionId,
    pub identical: bool,
    /// As the manifest says.
    pub content_hash: String,
    pub rows: u64,
    /// As it came out now.
    pub recomputed_content_hash: String,
    pub recomputed_rows: u64,
    /// Archived answers that were read.
    pub answers: usize,
    /// The versions of other datasets that it was computed from.
    pub inputs: BTreeMap<String, VersionId>,
    pub recipe: Option<String>,
    pub program: String,
    pub replayed_by: String,
    /// Empty when identical.
    pub differences: Vec<String>,
    pub notes: Vec<String>,
}

impl Replay {
    /// What it was computed from, in words.
    pub fn ground(&self) -> String {
        let answers = if self.answers == 1 { "answer" } else { "answers" };
        let answers = format!("{} archived {answers}", self.answers);
        let own = (self.answers > 0 || self.inputs.is_empty()).then_some(answers);
        let inputs = self.inputs.iter().map(|(dataset, version)| format!("{dataset} {version}"));
        own.into_iter().chain(inputs).collect::<Vec<_>>().join(" and ")
    }
}

impl Lineage {
    pub async fn replay(&self, manifest: &Manifest) -> Result<(Replay, Recomputed), LineageError> {
        let recomputed = self.recompute(manifest).await?;
        let computed = &recomputed.computed;
        let mut notes = Vec::new();
        if manifest.program != crate::PROGRAM {
            notes.push(format!("it was computed by {}, and now by {}", manifest.program, crate::PROGRAM));
        }
        if recomputed.made.recipe.is_none() {
            notes.push(super::made::stand_in(manifest));
        }
        let there = self.has_data(manifest)?;
        if !there {
            notes.push("its files are gone: what came out was compared with the manifest alone".to_owned());
        }
        let differences = self.differences(manifest, there, &recomputed)?;
        let replay = Replay {
            dataset: manifest.dataset.clone(),
            version: manifest.version.clone(),
            identical: differences.is_empty(),
            content_hash: manifest.content_hash.clone(),
            rows: manifest.rows,
            recomputed_content_hash: computed.content_hash.clone(),
            recomputed_rows: computed.rows,
            answers: recomputed.answers,
            inputs: manifest.inputs.clone(),
            recipe: recomputed.made.recipe.clone(),
            program: manifest.program.clone(),
            replayed_by: crate::PROGRAM.to_owned(),
            differences,
            notes,
        };
        Ok((replay, recomputed))
    }

    /// Writes what came out as a version's folder would be, for a reader whose version was removed or spoilt.
    pub fn write(&self, manifest: &Manifest, recomputed: &Recomputed, folder: &Path) -> Result<Manifest, LineageError> {
        let computed = &recomputed.computed;
        let manifest = Manifest {
            content_hash: computed.content_hash.clone(),
            columns: computed.columns.clone(),
            files: Vec::new(),
            ..manifest.clone()
        };
        let prepared = Preparation { rows: &computed.parts, manifest, folder: folder.to_owned() }.run()?;
        Ok(prepared.manifest)
    }

    /// Of three that should agree: what the manifest says, what the archive gives, and what readers see.
    fn differences(
        &self,
        manifest: &Manifest,
        there: bool,
        recomputed: &Recomputed,
    ) -> Result<Vec<String>, LineageError> {
        let computed = &recomputed.computed;
        let mut found = Vec::new();
        if computed.content_hash != manifest.content_hash {
            found.push(format!(
                "content hash: the manifest says {}, the archive gives {}",
                manifest.content_hash, computed.content_hash
            ));
        }
        if computed.rows != manifest.rows {
            found.push(format!("rows: the manifest says {}, the archive gives {}", manifest.rows, computed.rows));
        }
        let columns = columns(&manifest.columns, &computed.columns);
        let columns_differ = !columns.is_empty();
        found.extend(columns);
        if !there {
            return Ok(found);
        }
        let files = self.lake.files(manifest)?;
        let published = match content_hash(&files, &manifest.columns) {
            Ok(hash) => hash,
            Err(error) => {
                found.push(format!("the published rows cannot be read: {error}"));
                return Ok(found);
            }
        };
        if published == computed.content_hash {
            if !found.is_empty() {
                found.push(
                    "the published rows are those that the archive gives: it is the manifest that was changed"
                        .to_owned(),
                );
            }
            return Ok(found);
        }
        if published != manifest.content_hash {
            found.push(if self.files_are_sound(manifest)? {
                format!(
                    "the published files are those that the manifest names, with the content hash {published}: it is \
                     the manifest that was changed"
                )
            } else {
                format!("the published rows have the content hash {published}: they were changed after publishing")
            });
        }
        if !columns_differ {
            found.extend(rows_apart(manifest, files, recomputed)?);
        }
        Ok(found)
    }

    fn files_are_sound(&self, manifest: &Manifest) -> Result<bool, LineageError> {
        let files = self.lake.files(manifest)?;
        Ok(files.iter().zip(&manifest.files).all(|(file, info)| is_as_published(file, &info.blake3)))
    }
}

/// How many rows differ between what is published and what the archive gives, and the first of them.
fn rows_apart(
    manifest: &Manifest,
    published: Vec<PathBuf>,
    recomputed: &Recomputed,
) -> Result<Vec<String>, LineageError> {
    let again = Manifest { columns: recomputed.computed.columns.clone(), ..manifest.clone() };
    let published = Side { manifest, files: published };
    let again = Side { manifest: &again, files: recomputed.computed.parts.paths() };
    let mut shown = Vec::new();
    let compared = compare(&published, &again, &mut |changes: &Changes<'_>| {
        for row in changes.rows.iter().take(SHOWN.saturating_sub(shown.len())) {
            shown.push(apart(manifest, changes, row)?);
        }
        Ok(())
    })?;
    let counts = match compared.rows {
        Rows::Compared(summary) => summary,
        Rows::Unlike(unlike) => return Ok(vec![format!("the rows cannot be compared: {unlike}")]),
    };
    let mut found = vec![format!(
        "{} rows only published, {} only from the archive, {} with other values, {} alike",
        counts.removed, counts.added, counts.revised, counts.unchanged
    )];
    let more = counts.changed() > shown.len() as u64;
    found.extend(shown);
    if more {
        found.push("…".to_owned());
    }
    Ok(found)
}

/// A row that differs, in words: its key, and the values that are not the same.
fn apart(manifest: &Manifest, changes: &Changes<'_>, row: &ChangedRow) -> Result<String, LakeError> {
    let value = |batch: &RecordBatch, at: Option<u32>, name: &str| -> Result<Option<String>, LakeError> {
        let (Some(at), Some(column)) = (at, batch.column_by_name(name)) else { return Ok(None) };
        Ok(text_at(column.as_ref(), at as usize)?)
    };
    let (batch, at) = if row.new.is_some() { (changes.new, row.new) } else { (changes.old, row.old) };
    let mut key = Vec::new();
    for name in &manifest.key {
        key.push(format!("{name}={}", value(batch, at, name)?.unwrap_or_default()));
    }
    let key = key.join(" ");
    Ok(match row.change {
        Change::Added => format!("{key}: only from the archive"),
        Change::Removed => format!("{key}: only published"),
        Change::Revised => {
            let mut values = Vec::new();
            for field in changes.old.schema().fields() {
                let name = field.name();
                let (old, new) = (value(changes.old, row.old, name)?, value(changes.new, row.new, name)?);
                if old != new {
                    let word = |value: Option<String>| value.unwrap_or_else(|| "nothing".to_owned());
                    values.push(format!("{name} published {}, from the archive {}", word(old), word(new)));
                }
            }
            format!("{key}: {}", values.join("; "))
        }
    })
}

/// What a reader would notice of columns that are not the same.
fn columns(published: &[ColumnInfo], recomputed: &[ColumnInfo]) -> Vec<String> {
    let mut found = Vec::new();
    for column in published {
        let Some(now) = recomputed.iter().find(|now| now.name == column.name) else {
            found.push(format!("column {}: the archive gives none", column.name));
            continue;
        };
        if now.kind != column.kind {
            found.push(format!("column {}: published as {}, the archive gives {}", column.name, column.kind, now.kind));
        }
        if now.decimals != column.decimals {
            let word = |decimals: Option<u8>| decimals.map_or_else(|| "no".to_owned(), |decimals| decimals.to_string());
            let (then, now) = (word(column.decimals), word(now.decimals));
            found.push(format!("column {}: published with {then} decimals, the archive gives {now}", column.name));
        }
    }
    for column in recomputed {
        if !published.iter().any(|then| then.name == column.name) {
            found.push(format!("column {}: not published, the archive gives one", column.name));
        }
    }
    let names = |columns: &[ColumnInfo]| columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>();
    if found.is_empty() && names(published) != names(recomputed) {
        found.push(format!("order of columns: the archive gives {}", names(recomputed).join(", ")));
    }
    found
}

/// Of rows in files, in the files' order.
fn content_hash(files: &[PathBuf], columns: &[ColumnInfo]) -> Result<String, LakeError> {
    let fields = columns.iter().map(|column| Field::new(&column.name, column.arrow_type(), true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let mut hash = ContentHash::of(columns);
    for path in files {
        let fault = |source| LakeError::Parquet { path: path.clone(), source };
        let file = File::open(path).at("read", path)?;
        let reader = ParquetRecordBatchReaderBuilder::try_new(file)
            .and_then(ParquetRecordBatchReaderBuilder::build)
            .map_err(fault)?;
        for batch in reader {
            hash.update(&plain(&batch?, &schema)?);
        }
    }
    Ok(hash.finish())
}

//! Reads everything published again and compares it with what the manifests say.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::catalogue::{Lake, LakeError, folders};
use super::content::ContentHash;
use super::manifest::{FileInfo, Manifest};
use super::version::VersionId;
use crate::store::At as _;

/// What was read, and what was found damaged.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub datasets: u64,
    pub versions: u64,
    pub files: u64,
    pub rows: u64,
    pub bytes: u64,
    pub damage: Vec<Damage>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    pub dataset: String,
    pub version: Option<VersionId>,
    pub what: String,
}

impl Lake {
    /// Hashes, row counts, content hash, key order, manifest chain and pointer of every version.
    pub fn verify(&self) -> Result<Report, LakeError> {
        let mut report = Report::default();
        for dataset in self.datasets()? {
            report.datasets += 1;
            let mut damaged = |version: Option<&VersionId>, what: String| {
                report.damage.push(Damage { dataset: dataset.clone(), version: version.cloned(), what });
            };
            let versions = self.versions(&dataset)?;
            match self.current_version(&dataset) {
                Ok(Some(current)) if !versions.contains(&current) => {
                    damaged(Some(&current), "the pointer names a version that is not there".to_owned());
                }
                Ok(_) => {}
                Err(error) => damaged(None, error.to_string()),
            }
            for name in folders(&self.dataset_dir(&dataset).join("versions"))? {
                if name.parse::<VersionId>().is_err() {
                    damaged(None, format!("versions/{name} is no version"));
                }
            }
            let mut hashes = BTreeSet::new();
            for version in &versions {
                report.versions += 1;
                let manifest = match self.manifest(&dataset, version) {
                    Ok(manifest) => manifest,
                    Err(error) => {
                        report.damage.push(Damage {
                            dataset: dataset.clone(),
                            version: Some(version.clone()),
                            what: error.to_string(),
                        });
                        continue;
                    }
                };
                let folder = self.version_dir(&dataset, version);
                let mut found = Vec::new();
                if manifest.version != *version || manifest.dataset != dataset {
                    found.push(format!("the manifest is of {} {}", manifest.dataset, manifest.version));
                }
                if let Some(previous) = &manifest.previous
                    && !hashes.contains(previous)
                {
                    found.push("the manifest names a previous manifest that is not there".to_owned());
                }
                hashes.insert(self.manifest_hash(&dataset, version)?);
                let read = read_version(&folder, &manifest, &mut found)?;
                report.files += manifest.files.len() as u64;
                report.rows += read.rows;
                report.bytes += read.bytes;
                report.damage.extend(found.into_iter().map(|what| Damage {
                    dataset: dataset.clone(),
                    version: Some(version.clone()),
                    what,
                }));
            }
        }
        Ok(report)
    }
}

#[derive(Default)]
struct Read {
    rows: u64,
    bytes: u64,
}

fn read_version(folder: &Path, manifest: &Manifest, found: &mut Vec<String>) -> Result<Read, LakeError> {
    let data = folder.join("data");
    let mut read = Read::default();
    let mut content = Some(content_hash(manifest));
    for file in &manifest.files {
        let path = data.join(&file.path);
        let bytes = match fs::read(&path) {
            Ok(bytes) => Bytes::from(bytes),
            Err(error) => {
                found.push(format!("data/{}: {error}", file.path));
                content = None;
                continue;
            }
        };
        read.bytes += bytes.len() as u64;
        if blake3::hash(&bytes).to_hex().as_str() != file.blake3 {
            found.push(format!("data/{}: the bytes are not those that were published (BLAKE3 differs)", file.path));
        }
        match read_rows(bytes, file, content.as_mut()) {
            Ok(rows) if rows == file.rows => read.rows += rows,
            Ok(rows) => found.push(format!("data/{}: {rows} rows, the manifest says {}", file.path, file.rows)),
            Err(reason) => {
                found.push(format!("data/{}: {reason}", file.path));
                content = None;
            }
        }
    }
    if let Some(content) = content
        && content.finish() != manifest.content_hash
    {
        found.push("the rows are not those that were published (content hash differs)".to_owned());
    }
    let known: BTreeSet<&str> = manifest.files.iter().map(|file| file.path.as_str()).collect();
    let mut strangers = Vec::new();
    files_below(&data, &data, &mut strangers)?;
    for path in strangers.iter().filter(|path| !known.contains(path.as_str())) {
        found.push(format!("data/{path} is not in the manifest"));
    }
    Ok(read)
}

/// The hash that a manifest's rows must give.
pub(super) fn content_hash(manifest: &Manifest) -> ContentHash {
    ContentHash::new(
        manifest.columns.iter().map(|column| (column.name.clone(), column.kind.clone(), column.decimals)).collect(),
    )
}

fn read_rows(bytes: Bytes, _file: &FileInfo, mut content: Option<&mut ContentHash>) -> Result<u64, String> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes)
        .and_then(ParquetRecordBatchReaderBuilder::build)
        .map_err(|error| error.to_string())?;
    let mut rows = 0;
    for batch in reader {
        let batch = batch.map_err(|error| error.to_string())?;
        rows += batch.num_rows() as u64;
        if let Some(content) = content.as_deref_mut() {
            content.update(&batch);
        }
    }
    Ok(rows)
}

fn files_below(root: &Path, folder: &Path, out: &mut Vec<String>) -> Result<(), LakeError> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder).at("read", folder)? {
        let path = entry.at("read", folder)?.path();
        if path.is_dir() {
            files_below(root, &path, out)?;
        } else {
            out.push(path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned());
        }
    }
    Ok(())
}

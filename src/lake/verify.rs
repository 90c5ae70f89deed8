//! Reads everything published again and compares it with what the manifests say.

use std::collections::BTreeSet;

use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::catalogue::{Lake, LakeError, version_key};
use super::content::ContentHash;
use super::manifest::Manifest;
use super::prepare::notes_of;
use super::version::VersionId;

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
    /// Hashes, row counts, content hash, descriptions, manifest chain and pointer of every version. Equal content is
    /// what passed the contract when it was published.
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
                // A first publish that was killed before its pointer leaves one version that nobody has seen.
                Ok(None)
                    if versions.iter().any(|version| {
                        self.manifest(&dataset, version).is_ok_and(|manifest| manifest.previous.is_some())
                    }) =>
                {
                    damaged(None, "there are versions, but no pointer to the current one".to_owned());
                }
                Ok(_) => {}
                Err(error) => damaged(None, error.to_string()),
            }
            for name in self.version_folders(&dataset)? {
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
                let read = self.read_version(&manifest, &mut found)?;
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

    fn read_version(&self, manifest: &Manifest, found: &mut Vec<String>) -> Result<Read, LakeError> {
        let data = format!("{}/data", version_key(&manifest.dataset, &manifest.version));
        let mut read = Read::default();
        let mut content = Some(ContentHash::of(&manifest.columns));
        for file in &manifest.files {
            let bytes = match self.storage().read(&format!("{data}/{}", file.path)) {
                Ok(Some(bytes)) => bytes,
                other => {
                    let reason =
                        other.err().map_or_else(|| "it is not there".to_owned(), |error| error.source.to_string());
                    found.push(format!("data/{}: {reason}", file.path));
                    content = None;
                    continue;
                }
            };
            read.bytes += bytes.len() as u64;
            if blake3::hash(&bytes).to_hex().as_str() != file.blake3 {
                found.push(format!("data/{}: the bytes are not those that were published (BLAKE3 differs)", file.path));
            }
            match read_rows(bytes, manifest, content.as_mut()) {
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
        let rows: u64 = manifest.files.iter().map(|file| file.rows).sum();
        if rows != manifest.rows {
            found.push(format!("the manifest says {} rows, its files have {rows}", manifest.rows));
        }
        let known: BTreeSet<&str> = manifest.files.iter().map(|file| file.path.as_str()).collect();
        let below = format!("{data}/");
        for entry in self.storage().list(&data)? {
            let path = entry.key.strip_prefix(&below).unwrap_or(&entry.key);
            if !known.contains(path) {
                found.push(format!("data/{path} is not in the manifest"));
            }
        }
        Ok(read)
    }
}

#[derive(Default)]
struct Read {
    rows: u64,
    bytes: u64,
}

fn read_rows(bytes: Bytes, manifest: &Manifest, mut content: Option<&mut ContentHash>) -> Result<u64, String> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes).map_err(|error| error.to_string())?;
    let notes = builder.metadata().file_metadata().key_value_metadata().cloned().unwrap_or_default();
    for (key, expected) in notes_of(manifest) {
        let found = notes.iter().find(|note| note.key == key).and_then(|note| note.value.as_deref());
        if found != Some(expected.as_str()) {
            return Err(format!("{key} is {:?}, the manifest says {expected:?}", found.unwrap_or_default()));
        }
    }
    let reader = builder.build().map_err(|error| error.to_string())?;
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

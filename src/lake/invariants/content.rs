//! The rows of a version against its manifest: bytes, schema notes, row
//! counts, content hash and contract, file by file and batch by batch.

use arrow::record_batch::RecordBatch;
use bytes::Bytes;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::file::metadata::KeyValue;

use super::files::Source;
use super::report::{Damage, Wrong};
use crate::contract::{RowCheck, Severity};
use crate::lake::content::ContentHash;
use crate::lake::prepare::notes_of;
use crate::lake::{FileInfo, LakeError, Manifest};
use crate::store::Storage;

/// How much was read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Read {
    pub rows: u64,
    pub bytes: u64,
}

/// `key` is the version's folder. Bytes that are not those published are not looked into.
pub fn content(
    storage: &dyn Storage,
    key: &str,
    manifest: &Manifest,
    found: &mut Vec<Damage>,
) -> Result<Read, LakeError> {
    let mut read = Read::default();
    let mut content = ContentHash::of(&manifest.columns);
    let mut promised = manifest.contract.as_ref().map(RowCheck::new);
    let mut misread = None;
    let mut whole = true;
    for file in &manifest.files {
        let path = format!("data/{}", file.path);
        let fault = |what: String| Damage::new(Wrong::Data, what).file(&path);
        let Some(source) = Source::open(storage, &format!("{key}/{path}"))? else {
            found.push(fault("it is not there".to_owned()));
            whole = false;
            continue;
        };
        match source.hash() {
            Ok((length, hash)) if hash == file.blake3 => read.bytes += length,
            Ok((length, _)) => {
                read.bytes += length;
                found.push(fault("the bytes are not those that were published (BLAKE3 differs)".to_owned()));
                whole = false;
                continue;
            }
            Err(error) => {
                found.push(fault(error.to_string()));
                whole = false;
                continue;
            }
        }
        match rows(&source, file, manifest, |batch| {
            content.update(batch);
            if let Some(error) = promised.as_mut().and_then(|promised| promised.batch(batch).err()) {
                misread = Some(error.to_string());
            }
        }) {
            Ok(rows) => read.rows += rows,
            Err(reason) => {
                found.push(fault(reason));
                whole = false;
            }
        }
    }
    if whole && content.finish() != manifest.content_hash {
        found.push(Damage::new(Wrong::Data, "the rows are not those that were published (content hash differs)"));
    }
    if whole {
        let broken = |what: String| Damage::new(Wrong::Contract, what);
        found.extend(misread.map(broken));
        // What only warns was published so. What is about publishing alone is not judged again.
        let (_, findings) = promised.map(|promised| promised.finish(None)).unwrap_or_default();
        for finding in findings.into_iter().filter(|finding| finding.severity == Severity::Error) {
            found.push(broken(format!("{}: {}", finding.check, finding.message)));
        }
    }
    Ok(read)
}

fn rows(
    source: &Source,
    file: &FileInfo,
    manifest: &Manifest,
    mut each: impl FnMut(&RecordBatch),
) -> Result<u64, String> {
    let (notes, reader) = open(source)?;
    for (key, expected) in notes_of(manifest) {
        let found = notes.iter().find(|note| note.key == key).and_then(|note| note.value.as_deref());
        if found != Some(expected.as_str()) {
            return Err(format!("{key} is {:?}, the manifest says {expected:?}", found.unwrap_or_default()));
        }
    }
    let mut rows = 0;
    for batch in reader {
        let batch = batch.map_err(|error| error.to_string())?;
        rows += batch.num_rows() as u64;
        each(&batch);
    }
    if rows == file.rows { Ok(rows) } else { Err(format!("{rows} rows, the manifest says {}", file.rows)) }
}

fn open(source: &Source) -> Result<(Vec<KeyValue>, ParquetRecordBatchReader), String> {
    fn opened<R: parquet::file::reader::ChunkReader + 'static>(
        reader: R,
    ) -> Result<(Vec<KeyValue>, ParquetRecordBatchReader), String> {
        let builder = ParquetRecordBatchReaderBuilder::try_new(reader).map_err(|error| error.to_string())?;
        let notes = builder.metadata().file_metadata().key_value_metadata().cloned().unwrap_or_default();
        Ok((notes, builder.build().map_err(|error| error.to_string())?))
    }
    match source {
        Source::File(path) => opened(std::fs::File::open(path).map_err(|error| error.to_string())?),
        Source::Bytes(bytes) => opened::<Bytes>(bytes.clone()),
    }
}

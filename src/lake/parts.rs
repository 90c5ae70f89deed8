//! The rows of a version to be, written once, in the form in which they will be
//! published: a Parquet file per county. What only the manifest can say is put in
//! the files' footers when it is known ([`Part::publish`]); the rows are not
//! written or compressed again.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::compute::partition;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::errors::ParquetError;
use parquet::file::metadata::{FileMetaData, KeyValue, PageIndexPolicy, ParquetMetaData};
use parquet::file::metadata::{ParquetMetaDataReader, ParquetMetaDataWriter};
use parquet::file::properties::WriterProperties;

use super::catalogue::LakeError;
use super::manifest::{FileInfo, Manifest};
use super::prepare::{self, plain};
use super::stage::write_error;
use crate::lake::ColumnInfo;
use crate::store::{At as _, Writer, create_folder, remove_file};

/// Sorted rows on disk, by county.
#[derive(Clone, Debug)]
pub struct Parts {
    parts: Vec<Part>,
    /// In the place of the files of no rows at all: readers need the columns.
    empty: Option<PathBuf>,
}

impl Parts {
    /// In the order of the rows.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.parts.iter().map(|part| part.path.clone()).chain(self.empty.clone()).collect()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Part> {
        self.parts.iter()
    }

    /// These rows will not be published.
    pub fn remove(self) -> Result<(), LakeError> {
        for path in self.paths() {
            remove_file(&path)?;
        }
        Ok(())
    }
}

/// One county's rows.
#[derive(Clone, Debug)]
pub(super) struct Part {
    lan: String,
    path: PathBuf,
    rows: u64,
}

/// Takes rows that are sorted by county.
pub struct PartsWriter {
    folder: PathBuf,
    schema: SchemaRef,
    properties: WriterProperties,
    open: Option<Open>,
    parts: Vec<Part>,
}

struct Open {
    part: Part,
    writer: ArrowWriter<BufWriter<Writer>>,
}

impl PartsWriter {
    /// `folder` is the rows' own; it is made when there is something to write.
    pub fn new(folder: PathBuf, columns: &[ColumnInfo], program: &str) -> Self {
        let properties = prepare::properties(program).build();
        Self { folder, schema: prepare::schema(columns), properties, open: None, parts: Vec::new() }
    }

    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), LakeError> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let batch = plain(batch, &self.schema)?;
        let Some(lan) = batch.column_by_name("lan") else { return self.append("", &batch) };
        let counties = lan.as_string::<i32>().clone();
        for rows in partition(std::slice::from_ref(lan))?.ranges() {
            self.append(counties.value(rows.start), &batch.slice(rows.start, rows.end - rows.start))?;
        }
        Ok(())
    }

    fn append(&mut self, lan: &str, rows: &RecordBatch) -> Result<(), LakeError> {
        if self.open.as_ref().is_none_or(|open| open.part.lan != lan) {
            self.close()?;
            // Numbered, for counties that come back are other files: what is not sorted is never published.
            let path = self.folder.join(format!("{:04}-lan-{lan}.parquet", self.parts.len()));
            let writer = self.create(&path)?;
            self.open = Some(Open { part: Part { lan: lan.to_owned(), path, rows: 0 }, writer });
        }
        let Some(open) = &mut self.open else { return Ok(()) };
        open.part.rows += rows.num_rows() as u64;
        Ok(open.writer.write(rows).map_err(|error| write_error(&open.part.path, error))?)
    }

    fn create(&self, path: &Path) -> Result<ArrowWriter<BufWriter<Writer>>, LakeError> {
        create_folder(&self.folder)?;
        let file = BufWriter::new(Writer::create(path)?);
        Ok(ArrowWriter::try_new(file, Arc::clone(&self.schema), Some(self.properties.clone()))
            .map_err(|error| write_error(path, error))?)
    }

    fn close(&mut self) -> Result<(), LakeError> {
        if let Some(Open { part, writer }) = self.open.take() {
            writer.close().map_err(|error| write_error(&part.path, error))?;
            self.parts.push(part);
        }
        Ok(())
    }

    pub fn finish(mut self) -> Result<Parts, LakeError> {
        self.close()?;
        let mut empty = None;
        if self.parts.is_empty() {
            let path = self.folder.join("tom.parquet");
            self.create(&path)?.close().map_err(|error| write_error(&path, error))?;
            empty = Some(path);
        }
        Ok(Parts { parts: self.parts, empty })
    }

    /// Takes back what was written.
    pub fn discard(mut self) -> Result<(), LakeError> {
        self.close()?;
        Parts { parts: self.parts, empty: None }.remove()
    }
}

impl Part {
    /// Copies the file into a version's data folder, with the manifest's words in its footer. Its name holds the
    /// version, so that no reader can mix two.
    pub(super) fn publish(&self, data: &Path, manifest: &Manifest) -> Result<FileInfo, LakeError> {
        let name = format!("lan-{}", self.lan);
        let folder = data.join(&name);
        create_folder(&folder)?;
        let file = format!("{}.parquet", manifest.version);
        let to = folder.join(&file);
        let fault = |source| LakeError::Parquet { path: self.path.clone(), source };
        let (length, footer) = self.footer(manifest).map_err(fault)?;
        let mut out = Hashed { writer: Writer::create(&to)?, hasher: blake3::Hasher::new(), size: 0 };
        let mut rows = BufReader::with_capacity(1 << 18, File::open(&self.path).at("read", &self.path)?).take(length);
        std::io::copy(&mut rows, &mut out).and_then(|_| out.write_all(&footer)).at("write", &to)?;
        let blake3 = out.hasher.finalize().to_hex().to_string();
        Ok(FileInfo { path: format!("{name}/{file}"), rows: self.rows, size: out.size, blake3 })
    }

    /// Where the old footer begins, and the new one.
    fn footer(&self, manifest: &Manifest) -> Result<(u64, Vec<u8>), ParquetError> {
        const END: u64 = 8;
        let mut file = File::open(&self.path)?;
        let metadata =
            ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Skip).parse_and_finish(&file)?;
        let size = file.metadata()?.len();
        let mut end = [0; END as usize];
        std::io::Seek::seek(&mut file, std::io::SeekFrom::Start(size.saturating_sub(END)))?;
        file.read_exact(&mut end)?;
        let length = u64::from(u32::from_le_bytes([end[0], end[1], end[2], end[3]]));
        let told = metadata.file_metadata();
        let mut notes: Vec<KeyValue> = prepare::key_values(manifest);
        // The library's own: the columns with what a reader should know of each.
        notes.extend(told.key_value_metadata().into_iter().flatten().cloned());
        let told = FileMetaData::new(
            told.version(),
            told.num_rows(),
            told.created_by().map(str::to_owned),
            Some(notes),
            told.schema_descr_ptr(),
            told.column_orders().cloned(),
        );
        // The indexes stay where they are, and the row groups say where.
        let metadata = ParquetMetaData::new(told, metadata.row_groups().to_vec());
        let mut footer = Vec::new();
        ParquetMetaDataWriter::new(&mut footer, &metadata).finish()?;
        Ok((size.saturating_sub(END + length), footer))
    }
}

/// Hashes what passes.
struct Hashed {
    writer: Writer,
    hasher: blake3::Hasher,
    size: u64,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.writer.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.writer.flush()
    }
}

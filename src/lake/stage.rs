//! Work in progress: one Parquet file per fetched table and per computed
//! dataset, below `stage/PIPELINE/`. Safe to delete when nothing runs.

use std::fs;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;

use crate::decode::staging;
use crate::source::Sink;

use crate::store::{At as _, StoreError, Writer, create_folder, remove_file, remove_tree};

/// A pipeline's folder of work in progress.
#[derive(Clone, Debug)]
pub struct Stage {
    root: PathBuf,
}

impl Stage {
    /// Clears what an earlier run left, apart from its journal of answers.
    pub fn open(data_dir: &Path, pipeline: &str) -> Result<Self, StoreError> {
        let root = data_dir.join("stage").join(pipeline);
        create_folder(&root)?;
        for entry in fs::read_dir(&root).at("read", &root)? {
            let path = entry.at("read", &root)?.path();
            if path.is_dir() {
                remove_tree(&path)?;
            } else if path.extension().is_some_and(|extension| extension == "parquet") {
                remove_file(&path)?;
            }
        }
        Ok(Self { root })
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where the SQL engine may spill.
    pub fn spill(&self) -> Result<PathBuf, StoreError> {
        let path = self.root.join("spill");
        create_folder(&path)?;
        Ok(path)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(format!("{name}.parquet"))
    }

    pub fn create(&self, name: &str) -> StageFile {
        StageFile { path: self.path(name), writer: None, rows: 0 }
    }

    /// The folder itself goes when a run is through.
    pub fn remove(self) -> Result<(), StoreError> {
        remove_tree(&self.root)
    }
}

/// One staged table, opened at its first batch, since only that tells its columns.
pub struct StageFile {
    path: PathBuf,
    writer: Option<ArrowWriter<BufWriter<Writer>>>,
    rows: u64,
}

impl StageFile {
    pub fn open(&mut self, schema: SchemaRef) -> anyhow::Result<()> {
        if self.writer.is_none() {
            let file = Writer::create(&self.path)?;
            self.writer =
                Some(staging::writer(BufWriter::new(file), schema).map_err(|error| write_error(&self.path, error))?);
        }
        Ok(())
    }

    /// Ends the file; no rows at all give no file unless it was opened.
    pub fn finish(self) -> Result<(PathBuf, u64), StoreError> {
        if let Some(writer) = self.writer {
            writer.close().map_err(|error| write_error(&self.path, error))?;
        }
        Ok((self.path, self.rows))
    }
}

impl Sink for StageFile {
    fn write(&mut self, batch: &RecordBatch) -> anyhow::Result<()> {
        self.open(batch.schema())?;
        if let Some(writer) = &mut self.writer {
            writer.write(batch).map_err(|error| write_error(&self.path, error))?;
        }
        self.rows += batch.num_rows() as u64;
        Ok(())
    }
}

/// The Parquet writer hides the I/O error that an operator needs to see.
pub fn write_error(path: &Path, error: parquet::errors::ParquetError) -> StoreError {
    use std::error::Error as _;
    use std::io;
    let inner = match &error {
        parquet::errors::ParquetError::External(source) => {
            source.downcast_ref::<io::Error>().and_then(io::Error::raw_os_error)
        }
        _ => error.source().and_then(|source| source.downcast_ref::<io::Error>()).and_then(io::Error::raw_os_error),
    };
    let source = inner.map_or_else(|| io::Error::other(error.to_string()), io::Error::from_raw_os_error);
    StoreError::new("write", path, source)
}

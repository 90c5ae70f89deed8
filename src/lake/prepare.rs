//! Makes a version ready in the stage folder: Parquet per county, manifest and
//! descriptor, all synced. Publishing is then a move and a pointer.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use super::catalogue::LakeError;
use super::manifest::{ColumnInfo, FileInfo, Manifest};
use super::package::datapackage;
use super::stage::write_error;
use crate::store::{At as _, create_folder, sync_tree, write_file};

/// A version that is complete and durable, but not yet in its place.
#[derive(Debug)]
pub struct Prepared {
    pub manifest: Manifest,
    pub folder: PathBuf,
}

/// What a version is made from.
pub struct Preparation<'a> {
    /// The sorted rows, as one staged Parquet file.
    pub rows: &'a Path,
    /// Everything but the files, which are found here.
    pub manifest: Manifest,
    /// A folder of this preparation's own, on the lake's file system.
    pub folder: PathBuf,
}

impl Preparation<'_> {
    pub fn run(self) -> Result<Prepared, LakeError> {
        let Self { rows, mut manifest, folder } = self;
        let data = folder.join("data");
        create_folder(&data)?;
        let schema = schema(&manifest);
        let properties = properties(&manifest);
        let mut files: Vec<FileInfo> = Vec::new();
        let mut open: Option<LanFile> = None;
        let file = File::open(rows).at("read", rows)?;
        let reader = ParquetRecordBatchReaderBuilder::try_new(file)
            .and_then(ParquetRecordBatchReaderBuilder::build)
            .map_err(|source| LakeError::Parquet { path: rows.to_owned(), source })?;
        for batch in reader {
            let batch = plain(&batch?, &schema)?;
            let Some(counties) = batch.column_by_name("lan").map(|column| column.as_string::<i32>().clone()) else {
                continue;
            };
            let mut start = 0;
            while start < batch.num_rows() {
                let lan = counties.value(start);
                let end = (start..batch.num_rows()).find(|row| counties.value(*row) != lan).unwrap_or(batch.num_rows());
                if open.as_ref().is_none_or(|file| file.lan != lan) {
                    if let Some(file) = open.take() {
                        files.push(file.close(&data)?);
                    }
                    open = Some(LanFile::create(&data, lan, &manifest, &schema, properties.clone())?);
                }
                if let Some(file) = &mut open {
                    file.write(&batch.slice(start, end - start))?;
                }
                start = end;
            }
        }
        if let Some(file) = open {
            files.push(file.close(&data)?);
        }
        manifest.rows = files.iter().map(|file| file.rows).sum();
        manifest.files = files;
        write_json(&folder.join("manifest.json"), &manifest)?;
        write_json(&folder.join("datapackage.json"), &datapackage(&manifest))?;
        sync_tree(&folder)?;
        Ok(Prepared { manifest, folder })
    }
}

fn write_json(path: &Path, value: &impl serde::Serialize) -> Result<(), LakeError> {
    let mut text = serde_json::to_vec_pretty(value)
        .map_err(|error| LakeError::Manifest { path: path.to_owned(), reason: error.to_string() })?;
    text.push(b'\n');
    Ok(write_file(path, &text)?)
}

/// Plain types, with what a reader should know of each column beside it.
fn schema(manifest: &Manifest) -> SchemaRef {
    let field = |column: &ColumnInfo| {
        let kind = match column.kind.as_str() {
            "int64" => DataType::Int64,
            "float64" => DataType::Float64,
            "date" => DataType::Date32,
            _ => DataType::Utf8,
        };
        let mut notes = vec![("title".to_owned(), column.title.clone())];
        notes.extend(column.unit.clone().map(|unit| ("unit".to_owned(), unit)));
        notes.extend(column.decimals.map(|decimals| ("decimals".to_owned(), decimals.to_string())));
        notes.extend(column.perturbation.clone().map(|kind| ("perturbation".to_owned(), kind)));
        Field::new(&column.name, kind, true).with_metadata(notes.into_iter().collect())
    };
    Arc::new(Schema::new(manifest.columns.iter().map(field).collect::<Vec<_>>()))
}

/// The rows as they will be written: strings plain, never dictionaries, which arrive as categoricals.
fn plain(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, LakeError> {
    let columns: Result<Vec<_>, _> = schema
        .fields()
        .iter()
        .map(|field| {
            let column = batch.column_by_name(field.name()).ok_or_else(|| {
                arrow::error::ArrowError::SchemaError(format!("the staged rows lack column {:?}", field.name()))
            })?;
            arrow::compute::cast(column, field.data_type())
        })
        .collect();
    Ok(RecordBatch::try_new(Arc::clone(schema), columns?)?)
}

fn properties(manifest: &Manifest) -> WriterProperties {
    let note = |key: &str, value: String| KeyValue::new(key.to_owned(), value);
    let units: Vec<String> = manifest
        .columns
        .iter()
        .filter_map(|column| column.unit.as_ref().map(|unit| format!("{}={unit}", column.name)))
        .collect();
    let decimals: Vec<String> = manifest
        .columns
        .iter()
        .filter_map(|column| column.decimals.map(|decimals| format!("{}={decimals}", column.name)))
        .collect();
    let sources: Vec<String> = manifest.sources.values().map(|source| source.credit.clone()).collect();
    let notes = vec![
        note("title", manifest.title.clone()),
        note("dataset", manifest.dataset.clone()),
        note("version", manifest.version.to_string()),
        note("unit", units.join("; ")),
        note("decimals", decimals.join("; ")),
        note("key", manifest.key.join(", ")),
        note("sources", sources.join("; ")),
        note("credit", manifest.credit.clone()),
        note("licence", manifest.licences.join("; ")),
        note("synthetic", manifest.synthetic.to_string()),
        note(
            "status",
            "<name>_status says why a value is missing or how good it is: suppressed, not_applicable, not_assessed, \
             missing, pending, unreliable, preliminary, observed; a null is never a zero"
                .to_owned(),
        ),
    ];
    WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_max_row_group_row_count(Some(128 * 1024))
        .set_created_by(manifest.program.clone())
        .set_key_value_metadata(Some(notes))
        .build()
}

/// One county's file. Its name holds the version, so that no reader can mix two.
struct LanFile {
    lan: String,
    path: PathBuf,
    writer: ArrowWriter<BufWriter<File>>,
    rows: u64,
}

impl LanFile {
    fn create(
        data: &Path,
        lan: &str,
        manifest: &Manifest,
        schema: &SchemaRef,
        properties: WriterProperties,
    ) -> Result<Self, LakeError> {
        let folder = data.join(format!("lan-{lan}"));
        create_folder(&folder)?;
        let path = folder.join(format!("{}.parquet", manifest.version));
        let file = File::create(&path).at("write", &path)?;
        let writer = ArrowWriter::try_new(BufWriter::new(file), Arc::clone(schema), Some(properties))
            .map_err(|error| write_error(&path, error))?;
        Ok(Self { lan: lan.to_owned(), path, writer, rows: 0 })
    }

    fn write(&mut self, rows: &RecordBatch) -> Result<(), LakeError> {
        self.rows += rows.num_rows() as u64;
        Ok(self.writer.write(rows).map_err(|error| write_error(&self.path, error))?)
    }

    fn close(self, data: &Path) -> Result<FileInfo, LakeError> {
        let Self { path, writer, rows, .. } = self;
        writer.close().map_err(|error| write_error(&path, error))?;
        let bytes = std::fs::read(&path).at("read", &path)?;
        let relative = path.strip_prefix(data).unwrap_or(&path).to_string_lossy().into_owned();
        Ok(FileInfo {
            path: relative,
            rows,
            size: bytes.len() as u64,
            blake3: blake3::hash(&bytes).to_hex().to_string(),
        })
    }
}

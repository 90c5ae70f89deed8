//! Makes a version ready in the stage folder: Parquet per county, manifest and
//! descriptor, all synced. Publishing is then a move and a pointer.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::compute::cast;
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};

use super::catalogue::LakeError;
use super::manifest::{ColumnInfo, FileInfo, Manifest};
use super::package::datapackage;
use super::parts::{Parts, PartsWriter};
use crate::store::{At as _, create_folder, sync_tree, write_file};

/// A version that is complete and durable, but not yet in its place.
#[derive(Debug)]
pub struct Prepared {
    pub manifest: Manifest,
    pub folder: PathBuf,
}

impl Prepared {
    /// The manifest as it is written.
    pub fn manifest_bytes(&self) -> Result<Vec<u8>, LakeError> {
        let path = self.folder.join("manifest.json");
        Ok(std::fs::read(&path).at("read", &path)?)
    }
}

/// What a version is made from.
pub struct Preparation<'a> {
    /// The sorted rows.
    pub rows: &'a Parts,
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
        let files: Vec<FileInfo> = rows.iter().map(|part| part.publish(&data, &manifest)).collect::<Result<_, _>>()?;
        manifest.rows = files.iter().map(|file| file.rows).sum();
        manifest.files = files;
        write_json(&folder.join("manifest.json"), &manifest)?;
        write_json(&folder.join("datapackage.json"), &datapackage(&manifest))?;
        sync_tree(&folder)?;
        Ok(Prepared { manifest, folder })
    }
}

/// A version's Parquet files written once more under another manifest. Its rows are read in the order of its counties,
/// which is that of the files.
pub fn rewritten(data: &Path, manifest: Manifest, folder: PathBuf) -> Result<Prepared, LakeError> {
    let rows = folder.with_extension("rader");
    let mut writer = PartsWriter::new(rows.clone(), &manifest.columns, &manifest.program);
    for file in &manifest.files {
        let path = crate::store::join(data, &file.path);
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).at("read", &path)?)
            .and_then(ParquetRecordBatchReaderBuilder::build)
            .map_err(|source| LakeError::Parquet { path: path.clone(), source })?;
        for batch in reader {
            writer.write(&batch?)?;
        }
    }
    let prepared = Preparation { rows: &writer.finish()?, manifest, folder }.run();
    crate::store::remove_tree(&rows)?;
    prepared
}

fn write_json(path: &Path, value: &impl serde::Serialize) -> Result<(), LakeError> {
    let mut text = serde_json::to_vec_pretty(value)
        .map_err(|error| LakeError::Manifest { place: path.display().to_string(), reason: error.to_string() })?;
    text.push(b'\n');
    Ok(write_file(path, &text)?)
}

/// Plain types, with what a reader should know of each column beside it.
pub(super) fn schema(columns: &[ColumnInfo]) -> SchemaRef {
    let field = |column: &ColumnInfo| {
        let mut notes = vec![("title".to_owned(), column.title.clone())];
        notes.extend(column.unit.clone().map(|unit| ("unit".to_owned(), unit)));
        notes.extend(column.decimals.map(|decimals| ("decimals".to_owned(), decimals.to_string())));
        notes.extend(column.perturbation.clone().map(|kind| ("perturbation".to_owned(), kind)));
        Field::new(&column.name, column.arrow_type(), true).with_metadata(notes.into_iter().collect())
    };
    Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()))
}

/// A batch with a schema's columns, by name, cast to its types.
pub fn plain(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let columns: Result<Vec<_>, _> = schema
        .fields()
        .iter()
        .map(|field| {
            let column = batch
                .column_by_name(field.name())
                .ok_or_else(|| ArrowError::SchemaError(format!("the rows lack column {:?}", field.name())))?;
            cast(column, field.data_type())
        })
        .collect();
    RecordBatch::try_new(Arc::clone(schema), columns?)
}

/// What the Parquet files say of themselves in their key-value metadata.
pub(super) fn notes_of(manifest: &Manifest) -> Vec<(&'static str, String)> {
    let of_columns = |value: fn(&ColumnInfo) -> Option<String>| {
        let known =
            manifest.columns.iter().filter_map(|column| value(column).map(|value| format!("{}={value}", column.name)));
        known.collect::<Vec<_>>().join("; ")
    };
    let mut notes = vec![
        ("title", manifest.title.clone()),
        ("dataset", manifest.dataset.clone()),
        ("version", manifest.version.to_string()),
        ("unit", of_columns(|column| column.unit.clone())),
        ("decimals", of_columns(|column| column.decimals.map(|decimals| decimals.to_string()))),
        ("key", manifest.key.join(", ")),
        ("sources", manifest.credits.join("; ")),
        ("credit", manifest.credit.clone()),
        ("licence", manifest.licences.join("; ")),
        ("synthetic", manifest.synthetic.to_string()),
        (
            "status",
            "<name>_status says why a value is missing or how good it is: suppressed, not_applicable, not_assessed, \
             missing, pending, unreliable, preliminary, observed; a null is never a zero"
                .to_owned(),
        ),
    ];
    if !manifest.carried.is_empty() {
        notes.push(("kept", manifest.carried_in_words().join(" ")));
    }
    notes
}

/// The same as Parquet has it.
pub(super) fn key_values(manifest: &Manifest) -> Vec<KeyValue> {
    notes_of(manifest).into_iter().map(|(key, value)| KeyValue::new(key.to_owned(), value)).collect()
}

/// A Parquet file with a version's columns and what is said of them.
pub fn version_writer<W: std::io::Write + Send>(manifest: &Manifest, sink: W) -> Result<ArrowWriter<W>, ParquetError> {
    let properties = properties(&manifest.program).set_key_value_metadata(Some(key_values(manifest)));
    ArrowWriter::try_new(sink, schema(&manifest.columns), Some(properties.build()))
}

pub(super) fn properties(program: &str) -> WriterPropertiesBuilder {
    WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_max_row_group_row_count(Some(128 * 1024))
        .set_created_by(program.to_owned())
}

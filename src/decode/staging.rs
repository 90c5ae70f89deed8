//! Staged Parquet: written fast, read once by the engine and never by an
//! analyst. Codes, statuses and symbols are dictionary-encoded; values are not:
//! they seldom recur, and split into byte streams they compress faster and
//! smaller than plain ones. Readers see plain strings.

use std::io::Write;

use arrow::datatypes::{DataType, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

/// Rows that a page may hold: the default of 20 000 cuts long runs of one code for no use.
const PAGE_ROWS: usize = 1 << 18;

/// The properties of a staged file with this schema.
#[must_use]
pub fn parquet_writer_properties(schema: &Schema) -> WriterProperties {
    let zstd = ZstdLevel::try_new(1).unwrap_or_default();
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(zstd))
        // Nothing prunes a staged file: each is read whole, once.
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true)
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_write_batch_size(PAGE_ROWS / 16);
    for field in schema.fields() {
        let column = ColumnPath::new(vec![field.name().clone()]);
        if matches!(field.data_type(), DataType::Int64 | DataType::Float64) {
            properties = properties
                .set_column_dictionary_enabled(column.clone(), false)
                .set_column_encoding(column, Encoding::BYTE_STREAM_SPLIT);
        }
    }
    properties.build()
}

/// A writer of one staged file. Close it: an unclosed file is unreadable.
///
/// # Errors
/// When the schema holds what Parquet can't, or the sink fails.
pub fn writer<W: Write + Send>(sink: W, schema: SchemaRef) -> Result<ArrowWriter<W>, ParquetError> {
    let options = ArrowWriterOptions::new()
        .with_properties(parquet_writer_properties(&schema))
        // Without Arrow's own schema in the file, dictionaries are read back as plain strings.
        .with_skip_arrow_metadata(true);
    ArrowWriter::try_new_with_options(sink, schema, options)
}

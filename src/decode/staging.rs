use std::io::Write; use arrow::datatypes::SchemaRef; use parquet::arrow::ArrowWriter; use parquet::errors::ParquetError;
pub fn writer<W: Write + Send>(sink: W, schema: SchemaRef) -> Result<ArrowWriter<W>, ParquetError> { ArrowWriter::try_new(sink, schema, None) }

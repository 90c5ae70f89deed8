//! A version's rows, all or those of an area, batch after batch.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{AsArray, BooleanArray};
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowPredicateFn, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder, RowFilter,
};
use parquet::errors::ParquetError;

use crate::lake::{Lake, LakeError, Manifest, plain};
use crate::reference::RIKET;
use crate::store::At as _;

use super::ExportError;

/// The rows of one version.
#[derive(Debug)]
pub struct Rows<'a> {
    pub manifest: &'a Manifest,
    files: Vec<PathBuf>,
    area: Option<String>,
}

/// Whether a row belongs to an area: it is the area's own or, for a county, lies in it.
fn belongs(area: &str, kod: Option<&str>, lan: Option<&str>) -> bool {
    let county = area.len() == 2 && area != RIKET;
    kod == Some(area) || (county && lan == Some(area))
}

impl<'a> Rows<'a> {
    /// With `area`, its own rows alone; with a county's two digits, also those of everything in it.
    pub fn of(lake: &Lake, manifest: &'a Manifest, area: Option<&str>) -> Result<Self, LakeError> {
        Ok(Self { manifest, files: lake.files(manifest)?, area: area.map(str::to_owned) })
    }

    pub fn area(&self) -> Option<&str> {
        self.area.as_deref()
    }

    /// How many there are, read from the area's columns alone.
    pub fn count(&self) -> Result<u64, LakeError> {
        if self.area.is_none() {
            return Ok(self.manifest.rows);
        }
        let mut rows = 0;
        for path in &self.files {
            for batch in self.reader(path, Some(&["kod"]), true)? {
                rows += batch?.num_rows() as u64;
            }
        }
        Ok(rows)
    }

    /// Every area of the version by its code, with its name.
    pub fn areas(&self) -> Result<BTreeMap<String, String>, LakeError> {
        let mut areas = BTreeMap::new();
        for path in &self.files {
            for batch in self.reader(path, Some(&["kod", "namn"]), false)? {
                let batch = batch?;
                let text = |name: &str| batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
                let Some(codes) = text("kod") else { continue };
                for row in 0..batch.num_rows() {
                    if row == 0 || codes.value(row) != codes.value(row - 1) {
                        let name = text("namn").map(|names| names.value(row).to_owned()).unwrap_or_default();
                        areas.insert(codes.value(row).to_owned(), name);
                    }
                }
            }
        }
        Ok(areas)
    }

    /// Gives every batch, its columns as the manifest names them.
    pub fn each(&self, give: &mut dyn FnMut(&RecordBatch) -> Result<(), ExportError>) -> Result<(), ExportError> {
        let schema = self.schema();
        for path in &self.files {
            for batch in self.reader(path, None, true)? {
                let batch = plain(&batch.map_err(LakeError::from)?, &schema).map_err(LakeError::from)?;
                give(&batch)?;
            }
        }
        Ok(())
    }

    fn schema(&self) -> SchemaRef {
        let columns = self.manifest.columns.iter();
        let fields = columns.map(|column| Field::new(&column.name, column.arrow_type(), true));
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }

    fn reader(
        &self,
        path: &Path,
        columns: Option<&[&str]>,
        filtered: bool,
    ) -> Result<ParquetRecordBatchReader, LakeError> {
        let fault = |source: ParquetError| LakeError::Parquet { path: path.to_owned(), source };
        let file = File::open(path).at("read", path)?;
        let mut builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(fault)?.with_batch_size(8 * 1024);
        if let Some(columns) = columns {
            let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
            builder = builder.with_projection(mask);
        }
        if let (true, Some(area)) = (filtered, self.area.clone()) {
            let mask = ProjectionMask::columns(builder.parquet_schema(), ["kod", "lan"]);
            let wanted = move |batch: RecordBatch| {
                let text = |name: &str| batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
                let (codes, counties) = (text("kod"), text("lan"));
                let rows = (0..batch.num_rows()).map(|row| {
                    belongs(&area, codes.map(|codes| codes.value(row)), counties.map(|counties| counties.value(row)))
                });
                Ok(BooleanArray::from(rows.collect::<Vec<bool>>()))
            };
            let predicate = ArrowPredicateFn::new(mask, wanted);
            builder = builder.with_row_filter(RowFilter::new(vec![Box::new(predicate)]));
        }
        builder.build().map_err(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::belongs;

    #[test]
    fn a_county_is_all_that_lies_in_it_and_the_nation_only_itself() {
        let row = |area, kod, lan| belongs(area, Some(kod), Some(lan));
        assert!(row("0180", "0180", "01") && !row("0180", "0114", "01"));
        assert!(row("01", "01", "01") && row("01", "0180", "01") && !row("01", "2580", "25"));
        assert!(row("00", "00", "00") && !row("00", "norra", "00"));
        assert!(row("norra", "norra", "00") && !row("norra", "00", "00"));
    }
}

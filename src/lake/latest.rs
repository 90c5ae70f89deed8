//! The latest period that a version has figures for, read off the footers of its files.

use std::fs::File;
use std::path::Path;

use jiff::SignedDuration;
use jiff::civil::Date;
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaDataReader, RowGroupMetaData};
use parquet::file::statistics::Statistics;

use super::{Lake, LakeError, Manifest};
use crate::contract::Period;
use crate::store::At as _;

impl Lake {
    /// As the source writes it; as its last day, where the files tell no more. None for a dataset without periods.
    pub fn latest_period(&self, manifest: &Manifest) -> Result<Option<String>, LakeError> {
        let mut latest: Option<(Date, Option<String>)> = None;
        for path in self.files(manifest)? {
            let found = of_file(&path)?;
            latest = latest.into_iter().chain(found).max();
        }
        Ok(latest.map(|(end, period)| period.unwrap_or_else(|| end.to_string())))
    }
}

fn of_file(path: &Path) -> Result<Option<(Date, Option<String>)>, LakeError> {
    let file = File::open(path).at("read", path)?;
    let reader = ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Skip);
    let fault = |source: ParquetError| LakeError::Parquet { path: path.to_owned(), source };
    let metadata = reader.parse_and_finish(&file).map_err(fault)?;
    Ok(metadata.row_groups().iter().filter_map(of_rows).max())
}

/// The last day of any period in these rows, and the period that ends on it, where that can be told.
fn of_rows(rows: &RowGroupMetaData) -> Option<(Date, Option<String>)> {
    let statistics = |name: &str| {
        let column = rows.columns().iter().find(|column| column.column_path().parts() == [name])?;
        column.statistics()
    };
    let Statistics::Int32(ends) = statistics("period_end")? else { return None };
    let end =
        Date::new(1970, 1, 1).ok()?.checked_add(SignedDuration::from_hours(24 * i64::from(*ends.max_opt()?))).ok()?;
    let period = match statistics("period") {
        Some(Statistics::ByteArray(periods)) => periods.max_opt().and_then(|text| text.as_utf8().ok()),
        _ => None,
    };
    // Of several kinds of periods, the last one by its text may be another.
    let period = period.filter(|period| Period::parse(period).is_some_and(|period| period.end == end));
    Some((end, period.map(str::to_owned)))
}

//! Kolada's nested rows into one record batch a page.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Builder, StringDictionaryBuilder};
use arrow::datatypes::{Int8Type, Int32Type};
use arrow::record_batch::RecordBatch;

use super::answer::{Cell, DataRow};
use super::lookup::Unit;
use super::schema;
use super::segment::Segment;
use crate::config::SourceKind;
use crate::contract::Status;
use crate::decode::DecodeError;

type Codes = StringDictionaryBuilder<Int32Type>;
type Flags = StringDictionaryBuilder<Int8Type>;

pub struct Rows<'a> {
    units: &'a HashMap<String, Unit>,
    segment: &'a Segment,
    symbols: &'a BTreeMap<String, Status>,
    deleted: u64,
    kpi: Codes,
    enhet: Codes,
    niva: Codes,
    kod: Codes,
    period: Codes,
    kon: Codes,
    varde: Float64Builder,
    status: Flags,
    symbol: Flags,
}

impl<'a> Rows<'a> {
    /// For the rows of one page of the answer to `segment`.
    pub fn new(units: &'a HashMap<String, Unit>, segment: &'a Segment, symbols: &'a BTreeMap<String, Status>) -> Self {
        Self {
            units,
            segment,
            symbols,
            deleted: 0,
            kpi: Codes::new(),
            enhet: Codes::new(),
            niva: Codes::new(),
            kod: Codes::new(),
            period: Codes::new(),
            kon: Codes::new(),
            varde: Float64Builder::new(),
            status: Flags::new(),
            symbol: Flags::new(),
        }
    }

    /// Values that the source has taken back; they are no observations.
    pub const fn deleted(&self) -> u64 {
        self.deleted
    }

    pub fn push(&mut self, number: usize, row: &DataRow) -> Result<(), DecodeError> {
        asked(number, row, self.segment, "municipality")?;
        let units = self.units;
        let Some(unit) = units.get(row.unit()) else {
            return Err(DecodeError::Shape(format!("row {number}: unit {:?} is not known", row.unit())));
        };
        for cell in &row.values {
            known_gender(number, cell)?;
            if cell.isdeleted {
                self.deleted += 1;
            } else {
                self.push_cell(row, unit, cell)?;
            }
        }
        Ok(())
    }

    fn push_cell(&mut self, row: &DataRow, unit: &Unit, cell: &Cell) -> Result<(), DecodeError> {
        let symbol = cell.status.as_deref().filter(|symbol| !symbol.is_empty());
        self.kpi.append(&row.kpi)?;
        self.enhet.append(&unit.id)?;
        self.niva.append(unit.level.as_str())?;
        self.kod.append(unit.code())?;
        self.period.append(&row.period)?;
        self.kon.append(&cell.gender)?;
        self.varde.append_option(cell.value);
        self.status.append(judge(self.symbols, row, cell, symbol)?.as_str())?;
        self.symbol.append_option(symbol);
        Ok(())
    }

    pub fn finish(mut self) -> Result<RecordBatch, DecodeError> {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.kpi.finish()),
            Arc::new(self.enhet.finish()),
            Arc::new(self.niva.finish()),
            Arc::new(self.kod.finish()),
            Arc::new(self.period.finish()),
            Arc::new(self.kon.finish()),
            Arc::new(self.varde.finish()),
            Arc::new(self.status.finish()),
            Arc::new(self.symbol.finish()),
        ];
        Ok(RecordBatch::try_new(schema(), columns)?)
    }
}

/// What was not asked for is not taken.
pub fn asked(number: usize, row: &DataRow, segment: &Segment, unit: &str) -> Result<(), DecodeError> {
    let has = |list: &[String], value: &str| list.iter().any(|asked| asked == value);
    for (field, list, value) in [
        ("kpi", &segment.kpis, row.kpi.as_str()),
        (unit, &segment.units, row.unit()),
        ("period", &segment.years, row.period.as_str()),
    ] {
        if !has(list, value) {
            return Err(DecodeError::Shape(format!("row {number}: {field} {value:?} was not asked for")));
        }
    }
    Ok(())
}

pub fn known_gender(number: usize, cell: &Cell) -> Result<(), DecodeError> {
    if matches!(cell.gender.as_str(), "T" | "M" | "K") {
        return Ok(());
    }
    Err(DecodeError::Shape(format!("row {number}: gender {:?} is none of T, M, K", cell.gender)))
}

/// A null is the one safe signal of a missing value; the status text, which is free, may say why. A text
/// that is known to say so contradicts a value.
pub fn judge(
    symbols: &BTreeMap<String, Status>,
    row: &DataRow,
    cell: &Cell,
    symbol: Option<&str>,
) -> Result<Status, DecodeError> {
    let meant = symbol.and_then(|symbol| Some((symbol, *symbols.get(symbol)?)));
    match (cell.value, meant) {
        (Some(value), Some((symbol, status))) if !status.has_value() => Err(DecodeError::Contradiction {
            cell: format!("{}, {}, {}, {}", row.kpi, row.unit(), row.period, cell.gender),
            value: value.to_string(),
            symbol: symbol.to_owned(),
            status,
            kind: SourceKind::Kolada,
        }),
        (Some(_), meant) => Ok(meant.map_or(Status::Observed, |(_, status)| status)),
        (None, Some((_, status))) if !status.has_value() => Ok(status),
        (None, _) => Ok(Status::Missing),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::Kept;
    use super::super::lookup::Level;
    use super::*;

    fn batch(rows: &str) -> Result<(Vec<String>, u64), String> {
        let unit = |id: &str, level| (id.to_owned(), Unit { id: id.into(), title: String::new(), level });
        let units = HashMap::from([unit("0180", Level::Municipality), unit("0001", Level::Region)]);
        let segment = Segment {
            kpis: vec!["N1".into()],
            units: vec!["0180".into(), "0001".into()],
            years: vec!["2023".into(), "2024".into()],
        };
        let symbols = BTreeMap::from([("Not applicable".to_owned(), Status::NotApplicable)]);
        let mut batch = Rows::new(&units, &segment, &symbols);
        let rows: Vec<DataRow> = serde_json::from_str(rows).map_err(|error| error.to_string())?;
        for (number, row) in rows.iter().enumerate() {
            batch.push(number, row).map_err(|error| error.to_string())?;
        }
        let deleted = batch.deleted();
        let batch = batch.finish().map_err(|error| error.to_string())?;
        let columns = ["kpi", "enhet", "niva", "kod", "period", "kon", "varde", "varde_status", "varde_symbol"];
        let lines = Kept(vec![batch]).rows().map(|row| columns.map(|column| row[column].clone()).join("|")).collect();
        Ok((lines, deleted))
    }

    #[test]
    fn nulls_have_a_status_and_deleted_values_are_left_out() {
        let (table, deleted) = batch(
            r#"[{"kpi": "N1", "municipality": "0180", "period": 2023, "extra": 1, "values": [
                  {"gender": "T", "count": 1, "status": "", "value": 1.5, "isdeleted": false},
                  {"gender": "M", "status": "Not applicable", "value": null},
                  {"gender": "K", "value": null, "isdeleted": 1}]},
                {"kpi": "N1", "municipality": "0001", "period": "2024", "values": [
                  {"gender": "T", "status": "Preliminary", "value": 0, "isdeleted": false},
                  {"gender": "K", "status": null, "value": null, "isdeleted": false}]}]"#,
        )
        .unwrap();
        assert_eq!(deleted, 1);
        let expected = [
            "N1|0180|kommun|0180|2023|T|1.5|observed|",
            "N1|0180|kommun|0180|2023|M||not_applicable|Not applicable",
            "N1|0001|lan|01|2024|T|0.0|observed|Preliminary",
            "N1|0001|lan|01|2024|K||missing|",
        ];
        assert_eq!(table, expected);
    }

    #[test]
    fn a_value_beside_a_word_for_no_value_is_a_contradiction() {
        let rows = r#"[{"kpi": "N1", "municipality": "0001", "period": 2024, "values": [
            {"gender": "K", "status": "Not applicable", "value": 0}]}]"#;
        assert_eq!(
            batch(rows).unwrap_err(),
            "at N1, 0001, 2024, K the source gives both the value 0 and \"Not applicable\", which means not_applicable"
        );
    }

    #[test]
    fn rows_of_another_shape_are_refused() {
        let row = |kpi: &str, period: &str, cell: &str| {
            batch(&format!(
                r#"[{{"kpi": "{kpi}", "municipality": "0180", "period": {period}, "values": [{{{cell}}}]}}]"#
            ))
            .unwrap_err()
        };
        let cell = r#""gender": "T", "value": 1"#;
        assert_eq!(row("N2", "2023", cell), r#"row 0: kpi "N2" was not asked for"#);
        assert_eq!(row("N1", "1999", cell), r#"row 0: period "1999" was not asked for"#);
        assert_eq!(row("N1", "2023", r#""gender": "F", "value": 1"#), r#"row 0: gender "F" is none of T, M, K"#);
        assert!(row("N1", "2023", r#""gender": "T""#).starts_with("missing field `value`"));
        assert!(row("N1", "2023", r#""gender": "T", "value": "1,5""#).contains("expected f64"));
    }
}

//! Figures of units below the municipalities, such as schools (`/oudata`):
//! which units, and their rows with the municipality of each.

use std::collections::BTreeMap;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;

use super::super::{Metadata, SourceError};
use super::answer::{DataRow, Kpi};
use super::rows::{asked, judge, known_gender};
use super::segment::{Segment, Segments};
use super::{Whose, codes, describe, lookup, segment};
use crate::config::{KoladaFetch, ValueType};
use crate::contract::Status;
use crate::decode::number::Number;
use crate::decode::rows::{Cell, Table};
use crate::decode::{CodeRow, DecodeError};
use crate::fetch::Courier;

const TEXTS: [&str; 5] = ["kpi", "ou", "kommun", "period", "kon"];

fn columns() -> Vec<(String, ValueType)> {
    let texts = TEXTS.iter().map(|name| ((*name).to_owned(), ValueType::Text));
    texts.chain([("varde".to_owned(), ValueType::Float64)]).collect()
}

/// `kpi, ou, kommun, period, kon`, then `varde` with its status and symbol.
pub(in crate::source) fn schema() -> SchemaRef {
    Table::new(columns(), '.').schema()
}

/// Only indicators that Kolada keeps for such units are asked for.
pub async fn plan(
    courier: &Courier,
    fetch: &KoladaFetch,
    kpis: &[Kpi],
    years: &[String],
) -> Result<(Whose, Segments, Vec<CodeRow>, Metadata), SourceError> {
    let (chosen, all) = lookup::ous(courier, &fetch.ou, fetch.municipality.as_deref()).await?;
    let (kept, without): (Vec<&Kpi>, Vec<&Kpi>) = kpis.iter().partition(|kpi| kpi.has_ou_data != Some(false));
    let notes: Vec<String> = without
        .iter()
        .map(|kpi| format!("{} ({}) has no values for units such as schools", kpi.id, kpi.title.trim()))
        .collect();
    if kept.is_empty() {
        return Err(SourceError::NothingToAsk { why: notes.join("; ") });
    }
    let ids: Vec<String> = chosen.iter().map(|ou| ou.id.clone()).collect();
    let kept: Vec<String> = kept.into_iter().map(|kpi| kpi.id.clone()).collect();
    let (calls, lower_bound) = segment::of_lists(&kept, &ids, years);
    let mut metadata = describe::describe_ous(kpis, &all);
    // Which municipalities are looked through is the operator's choice, and so are the units that come with it.
    metadata.dimensions[0].codelist = fetch.municipality.as_ref().map(|list| list.join(","));
    let codes = codes(kpis, "ou", chosen.iter().map(|ou| (ou.id.as_str(), ou.title.as_str())));
    let whose = Whose::Ous(chosen.into_iter().map(|ou| (ou.id, ou.municipality)).collect());
    Ok((whose, Segments { calls, lower_bound, notes }, codes, metadata))
}

/// The rows of one page.
pub struct OuRows<'a> {
    municipalities: &'a BTreeMap<String, String>,
    segment: &'a Segment,
    symbols: &'a BTreeMap<String, Status>,
    table: Table,
    deleted: u64,
}

impl<'a> OuRows<'a> {
    pub fn new(
        municipalities: &'a BTreeMap<String, String>,
        segment: &'a Segment,
        symbols: &'a BTreeMap<String, Status>,
    ) -> Self {
        Self { municipalities, segment, symbols, table: Table::new(columns(), '.'), deleted: 0 }
    }

    /// Values that the source has taken back; they are no observations.
    pub const fn deleted(&self) -> u64 {
        self.deleted
    }

    pub fn push(&mut self, number: usize, row: &DataRow) -> Result<(), DecodeError> {
        asked(number, row, self.segment, "ou")?;
        let Some(municipality) = self.municipalities.get(row.unit()) else {
            return Err(DecodeError::Shape(format!("row {number}: unit {:?} is not known", row.unit())));
        };
        for cell in &row.values {
            known_gender(number, cell)?;
            if cell.isdeleted {
                self.deleted += 1;
                continue;
            }
            let symbol = cell.status.as_deref().filter(|symbol| !symbol.is_empty());
            let status = judge(self.symbols, row, cell, symbol)?;
            let texts = [row.kpi.as_str(), row.unit(), municipality, &row.period, &cell.gender];
            for (place, text) in texts.into_iter().enumerate() {
                self.table.push(place, number as u64, Cell::Text(text))?;
            }
            let number_of = cell.value.map(Number::Float);
            let value = match (symbol, number_of) {
                (Some(symbol), value) => Cell::Marked { number: value, status, symbol },
                (None, Some(value)) => Cell::Number(value),
                (None, None) => Cell::Absent,
            };
            self.table.push(TEXTS.len(), number as u64, value)?;
            self.table.end_row(&[true; TEXTS.len() + 1]);
        }
        Ok(())
    }

    pub fn finish(mut self) -> Result<RecordBatch, DecodeError> {
        self.table.take()
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::Kept;
    use super::*;

    #[test]
    fn rows_of_schools_carry_their_municipality() {
        let municipalities = BTreeMap::from([("V15E018000101".to_owned(), "0180".to_owned())]);
        let segment =
            Segment { kpis: vec!["N15033".into()], units: vec!["V15E018000101".into()], years: vec!["2024".into()] };
        let symbols = BTreeMap::from([("Not applicable".to_owned(), Status::NotApplicable)]);
        let mut rows = OuRows::new(&municipalities, &segment, &symbols);
        let page: Vec<DataRow> = serde_json::from_str(
            r#"[{"kpi": "N15033", "ou": "V15E018000101", "period": 2024, "values": [
                {"gender": "T", "count": 1, "status": "", "value": 88.5, "isdeleted": false},
                {"gender": "M", "count": 0, "status": "Not applicable", "value": null, "isdeleted": false},
                {"gender": "K", "count": 0, "status": "", "value": null, "isdeleted": true}]}]"#,
        )
        .unwrap();
        rows.push(0, &page[0]).unwrap();
        assert_eq!(rows.deleted(), 1);
        let batch = rows.finish().unwrap();
        assert_eq!(batch.schema(), schema());
        let columns = ["kpi", "ou", "kommun", "period", "kon", "varde", "varde_status", "varde_symbol"];
        let lines: Vec<String> =
            Kept(vec![batch]).rows().map(|row| columns.map(|column| row[column].clone()).join("|")).collect();
        assert_eq!(
            lines,
            [
                "N15033|V15E018000101|0180|2024|T|88.5|observed|",
                "N15033|V15E018000101|0180|2024|M||not_applicable|Not applicable"
            ]
        );
    }

    #[test]
    fn a_row_of_another_unit_is_refused() {
        let municipalities = BTreeMap::new();
        let segment = Segment { kpis: vec!["N1".into()], units: vec!["V1".into()], years: vec!["2024".into()] };
        let symbols = BTreeMap::new();
        let mut rows = OuRows::new(&municipalities, &segment, &symbols);
        let row: DataRow = serde_json::from_str(r#"{"kpi": "N1", "ou": "V2", "period": 2024, "values": []}"#).unwrap();
        assert_eq!(rows.push(3, &row).unwrap_err().to_string(), r#"row 3: ou "V2" was not asked for"#);
        let row: DataRow = serde_json::from_str(r#"{"kpi": "N1", "period": 2024, "values": []}"#).unwrap();
        assert_eq!(rows.push(4, &row).unwrap_err().to_string(), r#"row 4: ou "" was not asked for"#);
    }
}

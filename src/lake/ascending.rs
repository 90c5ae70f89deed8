//! Whether rows come in strictly ascending order: seen while they pass, never
//! assumed. Rows that are alike in all that orders them are not in order, since
//! which of them comes first would be chance.

use std::cmp::Ordering;

use arrow::array::{Array, AsArray, Date32Array, Int64Array, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Int64Type};
use arrow::record_batch::RecordBatch;

pub struct Ascending {
    columns: Vec<String>,
    last: Option<RecordBatch>,
}

impl Ascending {
    /// By these columns, the first before the second; nulls come last, as SQL has it.
    pub const fn by(columns: Vec<String>) -> Self {
        Self { columns, last: None }
    }

    /// Whether these rows continue the order.
    pub fn holds(&mut self, batch: &RecordBatch) -> bool {
        let rows = batch.num_rows();
        if rows == 0 {
            return true;
        }
        let Some(columns) = self.of(batch) else { return false };
        if let Some(last) = &self.last {
            let Some(before) = self.of(last) else { return false };
            let order = before.iter().zip(&columns).map(|(one, other)| one.compare(0, other, 0));
            if !is_less(order) {
                return false;
            }
        }
        let ascends = (1..rows).all(|row| is_less(columns.iter().map(|column| column.compare(row - 1, column, row))));
        self.last = Some(batch.slice(rows - 1, 1));
        ascends
    }

    /// None where a column is not there, or of a kind that is not known here.
    fn of(&self, batch: &RecordBatch) -> Option<Vec<Column>> {
        self.columns.iter().map(|name| Column::of(batch.column_by_name(name)?)).collect()
    }
}

fn is_less(order: impl Iterator<Item = Ordering>) -> bool {
    for one in order {
        if one != Ordering::Equal {
            return one == Ordering::Less;
        }
    }
    false
}

enum Column {
    Text(StringArray),
    Whole(Int64Array),
    Date(Date32Array),
}

impl Column {
    fn of(column: &dyn Array) -> Option<Self> {
        Some(match column.data_type() {
            DataType::Utf8 => Self::Text(column.as_string::<i32>().clone()),
            DataType::Int64 => Self::Whole(column.as_primitive::<Int64Type>().clone()),
            DataType::Date32 => Self::Date(column.as_primitive::<Date32Type>().clone()),
            DataType::Utf8View => Self::Text(cast(column, &DataType::Utf8).ok()?.as_string::<i32>().clone()),
            _ => return None,
        })
    }

    #[inline]
    fn compare(&self, row: usize, other: &Self, other_row: usize) -> Ordering {
        match (self, other) {
            (Self::Text(one), Self::Text(other)) => nulls_last(one, row, other, other_row)
                .unwrap_or_else(|| one.value(row).as_bytes().cmp(other.value(other_row).as_bytes())),
            (Self::Whole(one), Self::Whole(other)) => {
                nulls_last(one, row, other, other_row).unwrap_or_else(|| one.value(row).cmp(&other.value(other_row)))
            }
            (Self::Date(one), Self::Date(other)) => {
                nulls_last(one, row, other, other_row).unwrap_or_else(|| one.value(row).cmp(&other.value(other_row)))
            }
            // Another kind in another batch of the same query does not occur.
            _ => Ordering::Greater,
        }
    }
}

#[inline]
fn nulls_last<A: Array>(one: &A, row: usize, other: &A, other_row: usize) -> Option<Ordering> {
    match (one.is_null(row), other.is_null(other_row)) {
        (false, false) => None,
        (one, other) => Some(one.cmp(&other)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::ArrayRef;
    use proptest::prelude::*;

    use super::*;

    type Row = (Option<&'static str>, Option<i32>, Option<i64>);

    fn batch(rows: &[Row]) -> RecordBatch {
        let kod: StringArray = rows.iter().map(|row| row.0).collect();
        let dag: Date32Array = rows.iter().map(|row| row.1).collect();
        let tal: Int64Array = rows.iter().map(|row| row.2).collect();
        RecordBatch::try_from_iter_with_nullable([
            ("kod", Arc::new(kod) as ArrayRef, true),
            ("dag", Arc::new(dag) as ArrayRef, true),
            ("tal", Arc::new(tal) as ArrayRef, true),
        ])
        .unwrap()
    }

    fn by_all() -> Ascending {
        Ascending::by(["kod", "dag", "tal"].map(str::to_owned).to_vec())
    }

    #[test]
    fn equal_rows_and_unknown_columns_are_no_order() {
        let same = [(Some("01"), Some(1), Some(1)); 2];
        assert!(!by_all().holds(&batch(&same)));
        let mut over_two = by_all();
        assert!(
            over_two.holds(&batch(&same[..1])) && over_two.holds(&batch(&[])) && !over_two.holds(&batch(&same[1..]))
        );
        assert!(!Ascending::by(vec!["borta".to_owned()]).holds(&batch(&same[..1])));
    }

    proptest! {
        /// The same as sorting and looking for neighbours, however the rows are cut into batches.
        #[test]
        fn it_is_what_a_sort_would_give(
            rows in prop::collection::vec(
                (prop::option::of(prop::sample::select(&["", "01", "0114", "02", "å"][..])),
                 prop::option::of(0..3_i32), prop::option::of(-1..2_i64)), 0..6),
            cut in 0..6_usize,
            sort: bool,
        ) {
            let mut rows: Vec<Row> = rows;
            let key = |row: &Row| (row.0.is_none(), row.0.unwrap_or(""), row.1.is_none(), row.1, row.2.is_none(), row.2);
            if sort {
                rows.sort_by(|one, other| key(one).cmp(&key(other)));
            }
            let expected = rows.windows(2).all(|pair| key(&pair[0]) < key(&pair[1]));
            let (front, back) = rows.split_at(cut.min(rows.len()));
            let mut ascending = by_all();
            prop_assert_eq!(ascending.holds(&batch(front)) && ascending.holds(&batch(back)), expected);
        }
    }
}

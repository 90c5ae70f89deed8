//! The functions that SQL has beyond the engine's own: periods and statuses.

use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray, Date32Array, Int64Array, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::{ColumnarValue, ScalarUDF, Signature, SimpleScalarUDF, Volatility, create_udf};
use jiff::civil::Date;

use crate::contract::{Period, Status};

/// `period_start(text)`, `period_end(text)`: the first and last day of a period; null for an unknown form.
/// `status_rank(text)`: a status's place in the order of precedence, 0 first; null for an unknown word.
/// `status_name(int)`: the way back.
pub fn all() -> Vec<ScalarUDF> {
    let text = vec![DataType::Utf8];
    vec![
        of_period("period_start", |period| period.start),
        of_period("period_end", |period| period.end),
        create_udf("status_rank", text, DataType::Int64, Volatility::Immutable, Arc::new(status_rank)),
        create_udf("status_name", vec![DataType::Int64], DataType::Utf8, Volatility::Immutable, Arc::new(status_name)),
    ]
}

fn only(args: &[ColumnarValue], kind: &DataType) -> Result<Arc<dyn Array>> {
    let [argument] = args else {
        return exec_err!("one argument is expected");
    };
    Ok(cast(&argument.to_array(1)?, kind)?)
}

/// Takes views as they come: a copy of every text would take longer than the dates.
fn of_period(name: &str, pick: fn(Period) -> Date) -> ScalarUDF {
    let signature = Signature::uniform(1, vec![DataType::Utf8View, DataType::Utf8], Volatility::Immutable);
    let dates = move |args: &[ColumnarValue]| dates(args, pick);
    ScalarUDF::from(SimpleScalarUDF::new_with_signature(name, signature, DataType::Date32, Arc::new(dates)))
}

fn dates(args: &[ColumnarValue], pick: fn(Period) -> Date) -> Result<ColumnarValue> {
    let epoch = Date::constant(1970, 1, 1);
    let texts = only(args, &DataType::Utf8View)?;
    // Sorted rows repeat their period.
    let mut last: (Option<&str>, Option<i32>) = (None, None);
    let days: Date32Array = texts
        .as_string_view()
        .iter()
        .map(|text| {
            if text != last.0 {
                let period = text.and_then(Period::parse);
                last = (text, period.map(|period| (pick(period) - epoch).get_days()));
            }
            last.1
        })
        .collect();
    Ok(ColumnarValue::Array(Arc::new(days)))
}

fn status_rank(args: &[ColumnarValue]) -> Result<ColumnarValue> {
    let texts = only(args, &DataType::Utf8)?;
    let ranks: Int64Array = texts
        .as_string::<i32>()
        .iter()
        .map(|text| text.and_then(|text| text.parse::<Status>().ok()).map(|status| status as i64))
        .collect();
    Ok(ColumnarValue::Array(Arc::new(ranks)))
}

fn status_name(args: &[ColumnarValue]) -> Result<ColumnarValue> {
    let ranks = only(args, &DataType::Int64)?;
    let names: StringArray = ranks
        .as_primitive::<Int64Type>()
        .iter()
        .map(|rank| rank.and_then(|rank| Status::ALL.get(usize::try_from(rank).ok()?)).map(|status| status.as_str()))
        .collect();
    Ok(ColumnarValue::Array(Arc::new(names)))
}

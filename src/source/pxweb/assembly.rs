//! Puts the rows of several answers in the order that is wished for. The fewest
//! calls cut a table across the order of its rows: a call holds some regions and
//! one industry, say. Where a band of calls is small enough to be held in memory,
//! its cells are put in their places as the answers come, and leave in order. So
//! the rows need no sorting later, however large the table is. Places come from
//! codes alone: nothing is compared, and which answer gave a row is kept beside it.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, DictionaryArray, Int32Array, StringArray};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Int32Type, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};

use super::super::{Mixed, Sink};
use super::band::{Bands, ranks};
use super::gathered::Gathered;
use super::query::Query;
use crate::decode::{DecodeError, Layout};
use crate::fetch::AnswerRecord;

/// Rows that leave at once, at least: fewer are not worth a batch.
const BLOCK: usize = 1 << 15;

/// A column of codes, ordered.
struct Axis {
    column: String,
    /// By rank.
    codes: Arc<StringArray>,
    rank: HashMap<String, usize>,
    /// Rows between two neighbours.
    stride: usize,
}

/// Takes the answers of the calls of [`Bands::boxes`] in their order.
pub struct Assembly {
    schema: SchemaRef,
    /// From the outermost.
    axes: Vec<Axis>,
    measures: Vec<Gathered>,
    /// Each band's stretch, and how many answers it takes.
    bands: std::vec::IntoIter<(Range<usize>, usize)>,
    now: Option<(Range<usize>, usize)>,
    answers: Vec<AnswerRecord>,
    /// Place in `answers`, by row; `NOBODY` where no answer has the row.
    from: Vec<u16>,
}

/// A source may answer that it has no rows for a part.
const NOBODY: u16 = u16::MAX;

impl Assembly {
    /// `layout` is that of the whole selection.
    pub fn new(query: &Query, bands: &Bands, layout: &Layout) -> Self {
        let mut axes: Vec<Axis> = Vec::new();
        let columns = query.columns();
        let mut stride = 1;
        for &axis in bands.order.iter().rev() {
            let codes = query.codes_of(axis);
            let ranks = ranks(codes);
            let mut by_rank = vec![""; codes.len()];
            for (code, rank) in codes.iter().zip(&ranks) {
                by_rank[*rank] = code;
            }
            axes.push(Axis {
                column: columns[axis].to_owned(),
                codes: Arc::new(StringArray::from(by_rank)),
                rank: codes.iter().cloned().zip(ranks).collect(),
                stride,
            });
            stride *= codes.len();
        }
        axes.reverse();
        Self {
            schema: layout.schema(),
            axes,
            measures: layout.measures.iter().map(Gathered::new).collect(),
            bands: bands.stretches().into_iter(),
            now: None,
            answers: Vec::new(),
            from: Vec::new(),
        }
    }

    /// Puts an answer's rows in their places.
    pub fn take(&mut self, answer: &AnswerRecord, batch: &RecordBatch) -> Result<(), DecodeError> {
        self.begin();
        let Some((stretch, _)) = &self.now else { return Err(out_of_place()) };
        let places = self.places(batch, stretch.start)?;
        let nth = u16::try_from(self.answers.len()).ok().filter(|nth| *nth != NOBODY).ok_or_else(out_of_place)?;
        for place in &places {
            *self.from.get_mut(*place).ok_or_else(out_of_place)? = nth;
        }
        for measure in &mut self.measures {
            measure.take(batch, &places)?;
        }
        self.answers.push(answer.clone());
        Ok(())
    }

    /// All answers of a call are in their places; with the last call of a band, the band is written.
    pub fn end_call(&mut self, sink: &mut dyn Sink) -> anyhow::Result<()> {
        self.begin();
        match self.now.take() {
            Some((stretch, left)) if left > 1 => self.now = Some((stretch, left - 1)),
            Some((stretch, _)) => self.write(&stretch, sink)?,
            None => {}
        }
        Ok(())
    }

    fn begin(&mut self) {
        if self.now.is_none() {
            self.now = self.bands.next();
            self.clear();
        }
    }

    fn clear(&mut self) {
        let Some((stretch, _)) = &self.now else { return };
        let rows = stretch.len() * self.axes.first().map_or(1, |axis| axis.stride);
        self.answers.clear();
        self.from.clear();
        self.from.resize(rows, NOBODY);
        for measure in &mut self.measures {
            measure.clear(rows);
        }
    }

    /// Where each row of an answer belongs in the band.
    fn places(&self, batch: &RecordBatch, start: usize) -> Result<Vec<usize>, DecodeError> {
        let mut places = vec![0_usize; batch.num_rows()];
        for (depth, axis) in self.axes.iter().enumerate() {
            let column =
                batch.column_by_name(&axis.column).ok_or_else(|| DecodeError::DimensionLost(axis.column.clone()))?;
            let codes = column.as_dictionary::<Int32Type>();
            let first = if depth == 0 { start } else { 0 };
            let offsets: Vec<usize> = codes
                .values()
                .as_string::<i32>()
                .iter()
                .map(|code| {
                    let rank = code.and_then(|code| axis.rank.get(code)).and_then(|rank| rank.checked_sub(first));
                    rank.map(|rank| rank * axis.stride).ok_or_else(out_of_place)
                })
                .collect::<Result<_, _>>()?;
            for (place, key) in places.iter_mut().zip(codes.keys().values()) {
                *place += offsets[usize::try_from(*key).unwrap_or(0)];
            }
        }
        Ok(places)
    }

    /// The band's rows in order, a block at a time.
    fn write(&self, stretch: &Range<usize>, sink: &mut dyn Sink) -> anyhow::Result<()> {
        let per_code = self.axes.first().map_or(1, |axis| axis.stride);
        let block = BLOCK.div_ceil(per_code).max(1) * per_code;
        let rows = self.from.len();
        let mut from = 0;
        while from < rows {
            let to = rows.min(from + block);
            let mut batch = self.block(stretch.start * per_code, from..to)?;
            let origins = &self.from[from..to];
            if origins.contains(&NOBODY) {
                let there: BooleanArray = origins.iter().map(|origin| Some(*origin != NOBODY)).collect();
                batch = filter_record_batch(&batch, &there)?;
            }
            let runs: Vec<(u32, u32)> = origins
                .chunk_by(|one, other| one == other)
                .filter(|run| run[0] != NOBODY)
                .map(|run| (u32::from(run[0]), u32::try_from(run.len()).unwrap_or(u32::MAX)))
                .collect();
            let mixed = Mixed { answers: &self.answers, runs: &runs };
            sink.write_mixed(&batch, &mixed)?;
            from = to;
        }
        Ok(())
    }

    fn block(&self, first: usize, rows: Range<usize>) -> Result<RecordBatch, DecodeError> {
        let mut columns: HashMap<String, ArrayRef> = HashMap::new();
        for axis in &self.axes {
            let mut keys: Vec<i32> = Vec::with_capacity(rows.len());
            let mut row = first + rows.start;
            while keys.len() < rows.len() {
                let run = (axis.stride - row % axis.stride).min(rows.len() - keys.len());
                let key = i32::try_from(row / axis.stride % axis.codes.len()).unwrap_or_default();
                keys.extend(std::iter::repeat_n(key, run));
                row += run;
            }
            let codes = DictionaryArray::<Int32Type>::try_new(Int32Array::from(keys), Arc::clone(&axis.codes) as _)?;
            columns.insert(axis.column.clone(), Arc::new(codes));
        }
        for measure in &self.measures {
            let [values, status, symbol] = measure.columns(rows.clone())?;
            columns.insert(format!("{}_status", measure.column), status);
            columns.insert(format!("{}_symbol", measure.column), symbol);
            columns.insert(measure.column.clone(), values);
        }
        let ordered =
            self.schema.fields().iter().map(|field| {
                columns.remove(field.name()).ok_or_else(|| DecodeError::DimensionLost(field.name().clone()))
            });
        let ordered: Vec<ArrayRef> = ordered.collect::<Result<_, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.schema), ordered, &options)?)
    }
}

pub(super) fn out_of_place() -> DecodeError {
    DecodeError::Shape("a row belongs to none of the places that were asked for".to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::super::harvest;
    use super::super::super::testing::{Post, pxweb};
    use super::*;
    use crate::config::FetchKind;

    /// What a sink was given, row by row as text, and which answer each row is from.
    #[derive(Default)]
    struct Told {
        rows: Vec<Vec<String>>,
        from: Vec<String>,
    }

    impl Sink for Told {
        fn write(&mut self, batch: &RecordBatch) -> anyhow::Result<()> {
            let columns: Vec<ArrayRef> = batch
                .columns()
                .iter()
                .map(|column| arrow::compute::cast(column, &arrow::datatypes::DataType::Utf8))
                .collect::<Result<_, _>>()?;
            for row in 0..batch.num_rows() {
                let cell = |column: &ArrayRef| {
                    if column.is_null(row) { "∅".to_owned() } else { column.as_string::<i32>().value(row).to_owned() }
                };
                self.rows.push(columns.iter().map(cell).collect());
            }
            Ok(())
        }

        fn write_mixed(&mut self, batch: &RecordBatch, mixed: &Mixed<'_>) -> anyhow::Result<()> {
            for (answer, rows) in mixed.runs {
                let body = mixed.answers[*answer as usize].request_body.clone().unwrap_or_default();
                self.from.extend(std::iter::repeat_n(body, *rows as usize));
            }
            self.write(batch)
        }
    }

    #[tokio::test]
    async fn rows_come_in_the_order_wished_for_and_each_knows_its_answer() {
        let options = crate::sandbox::Options { max_cells: 150, calls: 0, ..crate::sandbox::Options::default() };
        let listen = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        let sandbox = crate::sandbox::start(listen, crate::embedded::reference().unwrap(), options).await.unwrap();
        let post = Post::to(&sandbox.endpoints()[0].1, crate::config::SourceKind::Pxweb);
        let select =
            [("Region", "011*"), ("Utbildning", "1*"), ("SNI2007", "*"), ("Tid", "*"), ("KonAlderFodelseland", "TOT")];
        let fetch = pxweb("TAB6929", &select, &[("000008QT", "personer"), ("000008QW", "andel")]);
        let (fetch, mut plan) = post.plan(FetchKind::Pxweb(fetch)).await.unwrap();
        assert!(plan.calls > 20, "{}", plan.calls);
        let (mut as_answered, mut as_wished) = (Told::default(), Told::default());
        harvest(&post.courier, &fetch, &plan, &mut as_answered, &mut |_| ()).await.unwrap();
        let wish = ["lan", "region", "period_start", "utbildning", "sni2007", "period"];
        plan.wish(wish.map(str::to_owned).to_vec());
        let mut done = 0;
        harvest(&post.courier, &fetch, &plan, &mut as_wished, &mut |calls| done = calls).await.unwrap();
        assert_eq!(done, plan.calls);

        let schema = plan.schema.clone().unwrap();
        let at = |name: &str| schema.index_of(name).unwrap();
        let by = ["region", "utbildning", "sni2007", "tid"].map(at);
        let key = |row: &Vec<String>| by.map(|at| row[at].clone());
        assert!(as_wished.rows.windows(2).all(|pair| key(&pair[0]) < key(&pair[1])));
        assert!(!as_answered.rows.windows(2).all(|pair| key(&pair[0]) < key(&pair[1])));
        assert_eq!(as_wished.from.len(), as_wished.rows.len());
        for (row, body) in as_wished.rows.iter().zip(&as_wished.from) {
            for code in key(row) {
                assert!(body.contains(&format!("\"{code}\"")), "{row:?} is not from {body}");
            }
        }
        as_answered.rows.sort();
        as_wished.rows.sort();
        assert_eq!(as_wished.rows, as_answered.rows);
        assert!(as_wished.rows.iter().any(|row| row.contains(&"∅".to_owned())), "some are suppressed");
    }
}

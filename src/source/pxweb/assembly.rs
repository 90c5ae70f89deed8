//! Puts the rows of several answers in the order that is wished for. The fewest
//! calls cut a table across the order of its rows: a call holds some regions and
//! one industry, say. Calls that together hold a stretch of the outermost column
//! are a *band*; where a band is small enough to be held in memory, its cells are
//! put in their places as the answers come, and leave in order. So the rows need
//! no sorting later, however large the table is. Places come from codes alone:
//! nothing is compared, and which answer gave a row is kept beside it.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, DictionaryArray, Float64Array, Int8Array, Int32Array, Int64Array,
    StringArray,
};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Float64Type, Int8Type, Int32Type, Int64Type, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};

use super::super::{Mixed, Sink};
use super::query::Query;
use crate::config::ValueType;
use crate::contract::{Period, Status};
use crate::decode::{DecodeError, Layout};
use crate::fetch::AnswerRecord;

/// Cells that a band may hold: some 11 bytes each.
const MOST_CELLS: u64 = 6_000_000;

/// Rows that leave at once, at least: fewer are not worth a batch.
const BLOCK: usize = 1 << 15;

/// A box of a call: a range of positions per axis.
pub type Box = Vec<Range<usize>>;

/// Calls in bands, each a stretch of the outermost axis.
#[derive(Debug)]
pub struct Bands {
    /// The axes from the outermost to the one that moves fastest.
    order: Vec<usize>,
    bands: Vec<Band>,
}

#[derive(Debug)]
struct Band {
    stretch: Range<usize>,
    boxes: Vec<Box>,
}

impl Bands {
    /// `None` where the wish names none of the table's columns, where the outermost column's codes are in another
    /// order than their texts, or where a band would be too large.
    pub fn of(query: &Query, boxes: impl Iterator<Item = Box>, wish: &[String]) -> Option<Self> {
        let columns = query.columns();
        let place = |name: &String| {
            let name = if name == "period_start" { "period" } else { name };
            columns.iter().position(|column| *column == name)
        };
        let mut order: Vec<usize> = Vec::new();
        for axis in wish.iter().filter_map(place) {
            if !order.contains(&axis) {
                order.push(axis);
            }
        }
        let outermost = *order.first()?;
        order.extend((0..columns.len()).filter(|axis| !order.contains(axis)).collect::<Vec<_>>());
        let ranks = ranks(query.codes_of(outermost));
        if !ranks.is_sorted() {
            return None;
        }
        let boxes: Vec<Box> = boxes.collect();
        let bands = banded(boxes, outermost, query.codes_of(outermost).len());
        let across: u64 = (0..columns.len())
            .filter(|axis| *axis != outermost)
            .map(|axis| query.codes_of(axis).len() as u64)
            .product::<u64>()
            .saturating_mul(query.per_row());
        let longest = bands.iter().map(|band| band.stretch.len() as u64).max()?;
        (across.saturating_mul(longest) <= MOST_CELLS).then_some(Self { order, bands })
    }

    /// Every call's box, band after band.
    pub fn boxes(&self) -> impl Iterator<Item = Box> + '_ {
        self.bands.iter().flat_map(|band| band.boxes.iter().cloned())
    }
}

/// Parts the boxes where none of them reaches over.
fn banded(mut boxes: Vec<Box>, axis: usize, size: usize) -> Vec<Band> {
    let mut reached_over = vec![false; size];
    for ranges in &boxes {
        if let Some(inner) = reached_over.get_mut(ranges[axis].start + 1..ranges[axis].end) {
            inner.fill(true);
        }
    }
    // Stable, so that the calls of a band keep the planner's order.
    boxes.sort_by_key(|ranges| {
        let start = ranges[axis].start;
        (0..=start).rev().find(|place| !reached_over[*place]).unwrap_or(0)
    });
    let mut bands: Vec<Band> = Vec::new();
    for ranges in boxes {
        let own = ranges[axis].clone();
        match bands.last_mut() {
            Some(band) if own.start < band.stretch.end || reached_over[own.start] => {
                band.stretch.end = band.stretch.end.max(own.end);
                band.stretch.start = band.stretch.start.min(own.start);
                band.boxes.push(ranges);
            }
            _ => bands.push(Band { stretch: own, boxes: vec![ranges] }),
        }
    }
    bands
}

/// The rank of each code: by its period's first day where all are periods, by its text otherwise.
fn ranks(codes: &[String]) -> Vec<usize> {
    let starts: Option<Vec<_>> = codes.iter().map(|code| Period::parse(code).map(|period| period.start)).collect();
    let mut order: Vec<usize> = (0..codes.len()).collect();
    // Codes of other things may look like years and be sorted alike; what matters is seen in the rows later.
    match starts {
        Some(starts) => order.sort_by(|a, b| (starts[*a], &codes[*a]).cmp(&(starts[*b], &codes[*b]))),
        None => order.sort_by(|a, b| codes[*a].cmp(&codes[*b])),
    }
    let mut ranks = vec![0; codes.len()];
    for (rank, place) in order.into_iter().enumerate() {
        ranks[place] = rank;
    }
    ranks
}

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

/// A measure's cells, by row.
struct Gathered {
    column: String,
    values: Values,
    present: Vec<bool>,
    status: Vec<i8>,
    symbol: Vec<i8>,
    names: Vec<String>,
}

enum Values {
    Whole(Vec<i64>),
    Float(Vec<f64>),
}

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
        let gathered = |measure: &crate::decode::Measure| Gathered {
            column: measure.column.clone(),
            values: match measure.kind {
                ValueType::Int64 => Values::Whole(Vec::new()),
                _ => Values::Float(Vec::new()),
            },
            present: Vec::new(),
            status: Vec::new(),
            symbol: Vec::new(),
            names: Vec::new(),
        };
        let stretches: Vec<_> = bands.bands.iter().map(|band| (band.stretch.clone(), band.boxes.len())).collect();
        Self {
            schema: layout.schema(),
            axes,
            measures: layout.measures.iter().map(gathered).collect(),
            bands: stretches.into_iter(),
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

impl Gathered {
    fn clear(&mut self, rows: usize) {
        match &mut self.values {
            Values::Whole(values) => values.resize(rows, 0),
            Values::Float(values) => values.resize(rows, 0.0),
        }
        self.present.resize(rows, false);
        self.status.resize(rows, Status::Missing as i8);
        self.symbol.resize(rows, -1);
        self.names.clear();
    }

    fn take(&mut self, batch: &RecordBatch, places: &[usize]) -> Result<(), DecodeError> {
        let column = |tail: &str| {
            let name = format!("{}{tail}", self.column);
            batch.column_by_name(&name).ok_or(DecodeError::ColumnLost { column: name, nearest: None })
        };
        let (values, status, symbol) = (column("")?, column("_status")?, column("_symbol")?);
        match &mut self.values {
            Values::Whole(own) => scatter(own, places, values.as_primitive::<Int64Type>().values())?,
            Values::Float(own) => scatter(own, places, values.as_primitive::<Float64Type>().values())?,
        }
        match values.nulls() {
            Some(nulls) => {
                for (row, place) in places.iter().enumerate() {
                    *self.present.get_mut(*place).ok_or_else(out_of_place)? = nulls.is_valid(row);
                }
            }
            None => {
                for place in places {
                    *self.present.get_mut(*place).ok_or_else(out_of_place)? = true;
                }
            }
        }
        scatter(&mut self.status, places, status.as_dictionary::<Int8Type>().keys().values())?;
        let symbol = symbol.as_dictionary::<Int8Type>();
        let mut own = Vec::new();
        for name in symbol.values().as_string::<i32>() {
            own.push(place_of(&mut self.names, name.unwrap_or_default())?);
        }
        let keys = symbol.keys();
        for (row, place) in places.iter().enumerate() {
            let key = if keys.is_valid(row) { own[usize::try_from(keys.value(row)).unwrap_or(0)] } else { -1 };
            *self.symbol.get_mut(*place).ok_or_else(out_of_place)? = key;
        }
        Ok(())
    }

    /// Values, statuses and symbols of some rows.
    fn columns(&self, rows: Range<usize>) -> Result<[ArrayRef; 3], DecodeError> {
        let present = &self.present[rows.clone()];
        let nulls = present
            .contains(&false)
            .then(|| NullBuffer::new(BooleanBuffer::collect_bool(present.len(), |row| present[row])));
        let values: ArrayRef = match &self.values {
            Values::Whole(values) => Arc::new(Int64Array::new(values[rows.clone()].to_vec().into(), nulls)),
            Values::Float(values) => Arc::new(Float64Array::new(values[rows.clone()].to_vec().into(), nulls)),
        };
        let words = Arc::new(StringArray::from(Status::ALL.map(Status::as_str).to_vec()));
        let status = Int8Array::from(self.status[rows.clone()].to_vec());
        let symbols = &self.symbol[rows];
        let known = symbols
            .iter()
            .any(|symbol| *symbol < 0)
            .then(|| NullBuffer::new(BooleanBuffer::collect_bool(symbols.len(), |row| symbols[row] >= 0)));
        let symbol = Int8Array::new(symbols.iter().map(|symbol| (*symbol).max(0)).collect::<Vec<i8>>().into(), known);
        let names = Arc::new(StringArray::from_iter_values(&self.names));
        Ok([
            values,
            Arc::new(DictionaryArray::<Int8Type>::try_new(status, words)?),
            Arc::new(DictionaryArray::<Int8Type>::try_new(symbol, names)?),
        ])
    }
}

fn scatter<T: Copy>(own: &mut [T], places: &[usize], values: &[T]) -> Result<(), DecodeError> {
    for (place, value) in places.iter().zip(values) {
        *own.get_mut(*place).ok_or_else(out_of_place)? = *value;
    }
    Ok(())
}

fn place_of(names: &mut Vec<String>, name: &str) -> Result<i8, DecodeError> {
    let place = names.iter().position(|known| known == name).unwrap_or_else(|| {
        names.push(name.to_owned());
        names.len() - 1
    });
    i8::try_from(place).map_err(|_| DecodeError::Shape("the table has more than 127 different symbols".to_owned()))
}

fn out_of_place() -> DecodeError {
    DecodeError::Shape("a row belongs to none of the places that were asked for".to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::super::harvest;
    use super::super::super::testing::{Post, pxweb};
    use super::*;
    use crate::config::FetchKind;

    fn grid(cuts: &[(usize, usize)], inner: usize) -> Vec<Box> {
        cuts.iter().flat_map(|(from, to)| (0..inner).map(|at| vec![*from..*to, at..at + 1])).collect()
    }

    fn stretches(boxes: Vec<Box>, axis: usize, size: usize) -> Vec<(Range<usize>, usize)> {
        banded(boxes, axis, size).iter().map(|band| (band.stretch.clone(), band.boxes.len())).collect()
    }

    #[test]
    fn a_band_ends_where_no_call_reaches_over() {
        assert_eq!(stretches(grid(&[(0, 3), (3, 5)], 2), 0, 5), [(0..3, 2), (3..5, 2)]);
        // By the other dimension every call is alike.
        assert_eq!(stretches(grid(&[(0, 3), (3, 5)], 2), 1, 2), [(0..1, 2), (1..2, 2)]);
        let overlapping = vec![vec![0..2], vec![2..3], vec![1..2], vec![0..1]];
        assert_eq!(stretches(overlapping, 0, 3), [(0..2, 3), (2..3, 1)]);
        assert_eq!(stretches(vec![vec![2..4], vec![0..3]], 0, 4), [(0..4, 2)]);
    }

    #[test]
    fn periods_are_ranked_by_their_days_and_codes_by_their_text() {
        let codes = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect::<Vec<_>>();
        assert_eq!(ranks(&codes(&["HT2024", "VT2024", "HT2023"])), [2, 1, 0]);
        assert_eq!(ranks(&codes(&["b", "A-U", "100+", "a"])), [3, 1, 0, 2]);
        assert!(ranks(&codes(&["00", "01", "0114", "25"])).is_sorted());
    }

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

//! The merge itself. Where keys run alike, whole columns are compared at once;
//! where they do not, row by row until they do again.

use std::cmp::Ordering;
use std::path::PathBuf;

use crate::lake::LakeError;

use super::cells::Cells;
use super::columns::Plan;
use super::stream::{Batch, Stream};
use super::summary::{Counter, Summary};
use super::{Change, ChangedRow, Changes, Sink};

/// Marks of a differing row.
const DIFFERS: u8 = 1;
const FIGURE: u8 = 2;

/// How much is taken at once; the result does not depend on it.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Rows of a batch.
    pub batch: usize,
    /// Rows that are compared column by column.
    pub run: usize,
}

impl Pace {
    pub const USUAL: Self = Self { batch: 16 * 1024, run: 1024 };
}

pub fn merge(
    plan: &Plan,
    old: &[PathBuf],
    new: &[PathBuf],
    pace: Pace,
    sink: &mut Sink<'_>,
) -> Result<Summary, LakeError> {
    let (old, new) = (Stream::open(plan, old, pace.batch)?, Stream::open(plan, new, pace.batch)?);
    let merge = Merge {
        plan,
        old: Cursor { batch: old.empty(), row: 0, ended: false, stream: &old },
        new: Cursor { batch: new.empty(), row: 0, ended: false, stream: &new },
        counter: Counter::default(),
        columns: vec![0; plan.columns.len()],
        changed: Vec::new(),
        mask: Vec::new(),
        run: pace.run,
        sink,
    };
    let end = merge.run();
    // A stream that failed looked like one that ended: its error comes before what followed from it.
    let (old, new) = (old.finish(), new.finish());
    let (old, new) = (old?, new?);
    let (mut counter, columns) = end?;
    let named = plan.columns.iter().zip(columns).skip(plan.keys).filter(|(_, rows)| *rows > 0);
    counter.summary.columns = named.map(|(column, rows)| (column.name.clone(), rows)).collect();
    Ok(counter.finish(&old, &new))
}

struct Cursor<'a> {
    stream: &'a Stream,
    batch: Batch,
    row: usize,
    ended: bool,
}

impl Cursor<'_> {
    fn left(&self) -> usize {
        self.batch.rows.num_rows() - self.row
    }

    fn is_spent(&self) -> bool {
        self.left() == 0 && !self.ended
    }

    fn refill(&mut self) {
        self.row = 0;
        match self.stream.next() {
            Some(batch) => self.batch = batch,
            None => (self.batch, self.ended) = (self.stream.empty(), true),
        }
    }
}

struct Merge<'a, 'b> {
    plan: &'a Plan,
    old: Cursor<'a>,
    new: Cursor<'a>,
    counter: Counter,
    columns: Vec<u64>,
    changed: Vec<ChangedRow>,
    mask: Vec<u8>,
    run: usize,
    sink: &'a mut Sink<'b>,
}

impl Merge<'_, '_> {
    fn run(mut self) -> Result<(Counter, Vec<u64>), LakeError> {
        loop {
            if self.old.is_spent() || self.new.is_spent() {
                self.tell()?;
                for cursor in [&mut self.old, &mut self.new] {
                    if cursor.is_spent() {
                        cursor.refill();
                    }
                }
                continue;
            }
            match (self.old.left(), self.new.left()) {
                (0, 0) => break,
                (0, left) => (0..left).for_each(|_| self.added()),
                (left, 0) => (0..left).for_each(|_| self.removed()),
                (old, new) => {
                    let run = old.min(new).min(self.run);
                    if self.keys_run(run) {
                        self.side_by_side(run);
                    } else {
                        self.row_by_row(run);
                    }
                }
            }
        }
        self.tell()?;
        Ok((self.counter, self.columns))
    }

    fn pairs(&self) -> impl Iterator<Item = (&Cells, &Cells)> {
        self.old.batch.cells.iter().zip(&self.new.batch.cells)
    }

    fn keys_run(&self, run: usize) -> bool {
        // The last of the key's columns vary most: they tell soonest.
        let last = |(old, new): (&Cells, &Cells)| old.same(self.old.row + run - 1, new, self.new.row + run - 1);
        self.pairs().take(self.plan.keys).all(last)
            && self.pairs().take(self.plan.keys).all(|(old, new)| old.same_run(self.old.row, new, self.new.row, run))
    }

    fn side_by_side(&mut self, run: usize) {
        self.mask.clear();
        self.mask.resize(run, 0);
        let plan = self.plan;
        for (at, column) in plan.columns.iter().enumerate().skip(plan.keys) {
            let (old, new) = (&self.old.batch.cells[at], &self.new.batch.cells[at]);
            let bits = if column.figure { DIFFERS | FIGURE } else { DIFFERS };
            self.columns[at] += old.mark(self.old.row, new, self.new.row, &mut self.mask, bits);
        }
        if self.mask.iter().all(|marks| *marks == 0) {
            self.counter.summary.unchanged += run as u64;
            self.old.row += run;
            self.new.row += run;
            return;
        }
        for step in 0..run {
            self.both(self.mask[step]);
        }
    }

    fn order(&self) -> Ordering {
        let keys = self.pairs().take(self.plan.keys);
        let mut orders = keys.map(|(old, new)| old.compare(self.old.row, new, self.new.row));
        orders.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }

    fn row_by_row(&mut self, rows: usize) {
        for _ in 0..rows {
            if self.old.left() == 0 || self.new.left() == 0 {
                return;
            }
            match self.order() {
                Ordering::Less => self.removed(),
                Ordering::Greater => self.added(),
                Ordering::Equal => {
                    let mut marks = 0;
                    for (at, column) in self.plan.columns.iter().enumerate().skip(self.plan.keys) {
                        let (old, new) = (&self.old.batch.cells[at], &self.new.batch.cells[at]);
                        if !old.same(self.old.row, new, self.new.row) {
                            self.columns[at] += 1;
                            marks |= if column.figure { DIFFERS | FIGURE } else { DIFFERS };
                        }
                    }
                    self.both(marks);
                }
            }
        }
    }

    fn added(&mut self) {
        self.note(Change::Added);
        self.new.row += 1;
    }

    fn removed(&mut self) {
        self.note(Change::Removed);
        self.old.row += 1;
    }

    fn both(&mut self, marks: u8) {
        if marks == 0 {
            self.counter.summary.unchanged += 1;
        } else {
            self.counter.summary.revised_figures += u64::from(marks & FIGURE != 0);
            self.note(Change::Revised);
        }
        self.old.row += 1;
        self.new.row += 1;
    }

    fn note(&mut self, change: Change) {
        let (old, new) = (self.old.row as u32, self.new.row as u32);
        let side = if change == Change::Removed { &self.old } else { &self.new };
        let cells = &side.batch.cells;
        let text = |at: usize| cells[at].text(side.row).unwrap_or_default();
        let start = cells[self.plan.start].date(side.row);
        self.counter.count(change, start, text(self.plan.period), text(self.plan.lan));
        self.changed.push(ChangedRow {
            change,
            old: (change != Change::Added).then_some(old),
            new: (change != Change::Removed).then_some(new),
        });
    }

    fn tell(&mut self) -> Result<(), LakeError> {
        if self.changed.is_empty() {
            return Ok(());
        }
        let changes = Changes { old: &self.old.batch.rows, new: &self.new.batch.rows, rows: &self.changed };
        (self.sink)(&changes)?;
        self.changed.clear();
        Ok(())
    }
}

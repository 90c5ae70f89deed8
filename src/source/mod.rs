//! One module per API, the only place that knows its quirks: it plans the
//! calls, has them made, and decodes the answers. Nothing after this knows
//! which API a table came from. It never retries, waits or archives: that is
//! the courier's work.

mod advertisements;
mod answer;
pub mod assumption;
pub mod browse;
mod chunk;
mod drift;
mod encode;
mod error;
pub mod eurostat;
mod figure;
pub mod file;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
pub mod historical_ads;
pub mod jobsearch;
pub mod jobstream;
pub mod kolada;
pub mod metadata;
pub(crate) mod nearest_code;
pub(crate) mod parallel;
pub mod persons;
pub mod planned_educations;
pub(crate) mod pxweb;
pub mod pxweb_v1;
pub mod school_units;
mod selection;
pub mod siris;
pub mod susa_navet;
pub mod taxonomy;
pub mod yrkesbarometer;

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod parallel_tests;
#[cfg(test)]
mod replay;
#[cfg(test)]
mod testing;

use std::sync::Arc;
use std::time::Duration;

use arrow::array::{Int32Array, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use jiff::civil::Date;

use crate::config::{
    EurostatFormat, EurostatTime, Fetch, FetchKind, Limits, PlannedWhat, RegisterWhat, SourceKind, ValueType, Years,
};
use crate::decode::{CodeRow, DecodeError};
use crate::fetch::{AnswerRecord, Courier, Request};

use assumption::Assumption;
use browse::{Description, Entry};

pub use drift::{Change, ChangeKind, compare};
pub use error::SourceError;
pub use metadata::Metadata;

/// Takes the decoded rows of one fetch, in the plan's order. An answer is accepted by the courier, or presented to it,
/// before its rows are written, and no other until they are: that is how the answer of a row is known.
pub trait Sink: Send {
    fn write(&mut self, batch: &RecordBatch) -> anyhow::Result<()>;

    /// Rows that several accepted answers gave between them.
    fn write_mixed(&mut self, batch: &RecordBatch, _mixed: &Mixed<'_>) -> anyhow::Result<()> {
        self.write(batch)
    }
}

/// Which answers a batch's rows are from.
#[derive(Debug)]
pub struct Mixed<'a> {
    pub answers: &'a [AnswerRecord],
    /// Rows one after the other: place in `answers`, and how many.
    pub runs: &'a [(u32, u32)],
}

/// What a harvest would do, found out with metadata calls alone.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Data calls; the pages of a source that pages an answer all the same are not counted.
    pub calls: u64,
    /// Cells asked for; 0 where a source does not count them.
    pub cells: u64,
    /// The fewest calls that any split could need.
    pub lower_bound: u64,
    /// Whether `calls` is an estimate: how many it takes shows only while they are made.
    pub estimated: bool,
    /// Limits in force.
    pub limits: Option<Limits>,
    /// The least time that the limits make the data calls take.
    pub wait: Duration,
    /// Names the state of the source's data together with what is asked of it.
    pub stamp: Option<String>,
    /// An equal stamp proves that the data have not changed.
    pub stamp_proves: bool,
    /// Words for the operator.
    pub notes: Vec<String>,
    /// What the source demands to be shown wherever the data are.
    pub publish_notes: Vec<String>,
    pub schema: Option<SchemaRef>,
    pub codes: Vec<CodeRow>,
    /// What the source says of its data; none where only the data can tell.
    pub metadata: Option<Metadata>,
    work: Work,
}

impl Plan {
    /// The columns by which the rows are wanted in order, the outermost first: a wish that a source may grant. The calls
    /// are the same.
    pub fn wish(&mut self, order: Vec<String>) {
        if let Work::Pxweb(work) = &mut self.work {
            work.order = order;
        }
    }
}

#[derive(Clone, Debug)]
enum Work {
    Pxweb(Box<pxweb::Work>),
    PxwebV1(Box<pxweb_v1::Work>),
    Kolada(kolada::Work),
    Eurostat(Box<eurostat::Work>),
    File(Box<file::Work>),
    PlannedEducations(Box<planned_educations::Work>),
    SchoolUnits(Box<school_units::Work>),
    SusaNavet(susa_navet::Work),
    HistoricalAds(historical_ads::Work),
    JobStream(jobstream::Work),
    Siris(siris::Work),
    Yrkesbarometer,
    Taxonomy(taxonomy::Work),
    Jobsearch(Box<jobsearch::Work>),
}

/// What a harvest brought home, besides the rows that went to the sink.
#[derive(Clone, Debug)]
pub struct Harvest {
    pub rows: u64,
    pub codes: Vec<CodeRow>,
    pub stamp: Option<String>,
    /// Words for the operator that only the data could give.
    pub notes: Vec<String>,
    /// What the data tell of themselves, where the plan could not.
    pub metadata: Option<Metadata>,
}

/// Told how many of the plan's data calls are done so far.
pub type Progress<'a> = &'a mut (dyn FnMut(u64) + Send);

/// Finds out, with metadata calls alone, what a harvest would do. `today` bounds open periods.
pub async fn plan(courier: &Courier, fetch: &Fetch, today: Date) -> Result<Plan, SourceError> {
    match &fetch.kind {
        FetchKind::Pxweb(pxweb) if courier.source().kind == SourceKind::PxwebV1 => {
            Box::pin(pxweb_v1::plan(courier, pxweb)).await
        }
        FetchKind::Pxweb(pxweb) => pxweb::plan(courier, pxweb).await,
        FetchKind::Kolada(kolada) => Box::pin(kolada::plan(courier, kolada, today)).await,
        FetchKind::Eurostat(eurostat) => Box::pin(eurostat::plan(courier, eurostat)).await,
        FetchKind::File(file) => Box::pin(file::plan(courier, file)).await,
        FetchKind::PlannedEducations(planned) => planned_educations::plan(courier, planned).await,
        FetchKind::SchoolUnits(units) => school_units::plan(courier, units).await,
        FetchKind::SusaNavet(susa) => susa_navet::plan(courier, susa).await,
        FetchKind::HistoricalAds(ads) => historical_ads::plan(courier, ads, today).await,
        FetchKind::JobStream(ads) => jobstream::plan(courier, ads).await,
        FetchKind::Siris(siris) => siris::plan(courier, siris).await,
        FetchKind::Yrkesbarometer(barometer) => yrkesbarometer::plan(courier, barometer).await,
        FetchKind::Taxonomy(taxonomy) => taxonomy::plan(courier, taxonomy).await,
        FetchKind::Jobsearch(jobsearch) => jobsearch::plan(courier, jobsearch),
    }
}

/// Makes the plan's calls in the plan's order and writes every answer's rows to the sink.
pub async fn harvest(
    courier: &Courier,
    fetch: &Fetch,
    plan: &Plan,
    sink: &mut dyn Sink,
    progress: Progress<'_>,
) -> Result<Harvest, SourceError> {
    match (&fetch.kind, &plan.work) {
        (FetchKind::Pxweb(_), Work::Pxweb(work)) => pxweb::harvest(courier, plan, work, sink, progress).await,
        // Pinned, since it would be the largest of all these futures.
        (FetchKind::Pxweb(_), Work::PxwebV1(work)) => {
            Box::pin(pxweb_v1::harvest(courier, plan, work, sink, progress)).await
        }
        (FetchKind::Kolada(_), Work::Kolada(work)) => kolada::harvest(courier, plan, work, sink, progress).await,
        (FetchKind::Eurostat(eurostat), Work::Eurostat(work)) => {
            Box::pin(eurostat::harvest(courier, eurostat, plan, work, sink, progress)).await
        }
        (FetchKind::File(file), Work::File(work)) => {
            Box::pin(file::harvest(courier, file, plan, work, sink, progress)).await
        }
        (FetchKind::Yrkesbarometer(barometer), Work::Yrkesbarometer) => {
            yrkesbarometer::harvest(courier, barometer, plan, sink, progress).await
        }
        (FetchKind::Taxonomy(taxonomy), Work::Taxonomy(work)) => {
            taxonomy::harvest(courier, taxonomy, plan, work, sink, progress).await
        }
        (FetchKind::Jobsearch(_), Work::Jobsearch(work)) => {
            jobsearch::harvest(courier, plan, work, sink, progress).await
        }
        (FetchKind::PlannedEducations(fetch), Work::PlannedEducations(work)) => {
            planned_educations::harvest(courier, fetch, plan, work, sink, progress).await
        }
        (FetchKind::SchoolUnits(fetch), Work::SchoolUnits(work)) => {
            school_units::harvest(courier, fetch, plan, work, sink, progress).await
        }
        (FetchKind::SusaNavet(fetch), Work::SusaNavet(work)) => {
            susa_navet::harvest(courier, fetch, plan, work, sink, progress).await
        }
        (FetchKind::HistoricalAds(fetch), Work::HistoricalAds(work)) => {
            historical_ads::harvest(courier, fetch, work, sink, progress).await
        }
        (FetchKind::JobStream(_), Work::JobStream(work)) => jobstream::harvest(courier, work, sink, progress).await,
        (FetchKind::Siris(fetch), Work::Siris(work)) => {
            siris::harvest(courier, fetch, plan, work, sink, progress).await
        }
        _ => Err(SourceError::NotItsPlan { fetch: fetch.name.clone() }),
    }
}

/// Whether `search` and `describe` know a kind of source.
pub const fn can_be_browsed(kind: SourceKind) -> bool {
    matches!(
        kind,
        SourceKind::Pxweb
            | SourceKind::PxwebV1
            | SourceKind::Kolada
            | SourceKind::Eurostat
            | SourceKind::PlannedEducations
            | SourceKind::SchoolUnits
            | SourceKind::SusaNavet
            | SourceKind::HistoricalAds
            | SourceKind::JobStream
            | SourceKind::Siris
            | SourceKind::Yrkesbarometer
            | SourceKind::Taxonomy
            | SourceKind::Jobsearch
    )
}

/// The source's tables whose titles hold these words.
pub async fn search(courier: &Courier, text: &str) -> Result<Vec<Entry>, SourceError> {
    match courier.source().kind {
        SourceKind::Pxweb => pxweb::browse::search(courier, text).await,
        SourceKind::PxwebV1 => pxweb_v1::browse::search(courier, text).await,
        SourceKind::Kolada => kolada::browse::search(courier, text).await,
        SourceKind::Eurostat => eurostat::browse::search(courier, text).await,
        SourceKind::Yrkesbarometer => yrkesbarometer::browse::search(courier, text).await,
        SourceKind::Taxonomy => taxonomy::browse::search(courier, text).await,
        SourceKind::Jobsearch => jobsearch::browse::search(courier, text).await,
        SourceKind::PlannedEducations => planned_educations::search(courier, text).await,
        SourceKind::SchoolUnits => school_units::search(courier, text).await,
        SourceKind::SusaNavet => susa_navet::search(courier, text).await,
        SourceKind::HistoricalAds => historical_ads::search(courier, text).await,
        SourceKind::JobStream => jobstream::search(courier, text).await,
        SourceKind::Siris => siris::search(courier, text).await,
        SourceKind::File => Err(unbrowsed(courier)),
    }
}

/// What the source says of one of its tables.
pub async fn describe(courier: &Courier, id: &str) -> Result<Description, SourceError> {
    match courier.source().kind {
        SourceKind::Pxweb => pxweb::browse::describe(courier, id).await,
        SourceKind::PxwebV1 => pxweb_v1::browse::describe(courier, id).await,
        SourceKind::Kolada => kolada::browse::describe(courier, id).await,
        SourceKind::Eurostat => eurostat::browse::describe(courier, id).await,
        SourceKind::Yrkesbarometer => yrkesbarometer::browse::describe(courier, id).await,
        SourceKind::Taxonomy => taxonomy::browse::describe(courier, id).await,
        SourceKind::Jobsearch => jobsearch::browse::describe(courier, id).await,
        SourceKind::PlannedEducations => planned_educations::describe(courier, id).await,
        SourceKind::SchoolUnits => school_units::describe(courier, id).await,
        SourceKind::SusaNavet => susa_navet::describe(courier, id).await,
        SourceKind::HistoricalAds => historical_ads::describe(courier, id).await,
        SourceKind::JobStream => jobstream::describe(courier, id).await,
        SourceKind::Siris => siris::describe(courier, id).await,
        SourceKind::File => Err(unbrowsed(courier)),
    }
}

/// What a kind's connector takes for granted of the API.
pub const fn assumptions(kind: SourceKind) -> &'static [Assumption] {
    match kind {
        SourceKind::Pxweb => pxweb::assumptions::ASSUMPTIONS,
        SourceKind::PxwebV1 => pxweb_v1::assumptions::ASSUMPTIONS,
        SourceKind::Kolada => kolada::assumptions::ASSUMPTIONS,
        SourceKind::Eurostat => eurostat::assumptions::ASSUMPTIONS,
        SourceKind::PlannedEducations => planned_educations::assumptions::ASSUMPTIONS,
        SourceKind::SchoolUnits => school_units::assumptions::ASSUMPTIONS,
        SourceKind::SusaNavet => susa_navet::assumptions::ASSUMPTIONS,
        SourceKind::Siris => siris::assumptions::ASSUMPTIONS,
        SourceKind::Yrkesbarometer => yrkesbarometer::assumptions::ASSUMPTIONS,
        SourceKind::Taxonomy => taxonomy::assumptions::ASSUMPTIONS,
        SourceKind::Jobsearch => jobsearch::assumptions::ASSUMPTIONS,
        SourceKind::HistoricalAds => historical_ads::ASSUMPTIONS,
        SourceKind::JobStream => jobstream::ASSUMPTIONS,
        SourceKind::File => file::assumptions::ASSUMPTIONS,
    }
}

/// A call with the headers that its connector would give it.
pub fn as_sent(kind: SourceKind, request: Request) -> Request {
    match kind {
        SourceKind::PlannedEducations => planned_educations::as_sent(request),
        _ => request,
    }
}

fn unbrowsed(courier: &Courier) -> SourceError {
    let source = courier.source();
    SourceError::NotBrowsed { name: source.name.clone(), kind: source.kind }
}

/// Makes a fetch small, to see what its rows look like; false where only the whole can be had.
pub fn shrink(kind: &mut FetchKind) -> bool {
    match kind {
        FetchKind::Pxweb(fetch) => {
            fetch.select.values_mut().for_each(|codes| *codes = vec!["TOP(3)".to_owned()]);
            true
        }
        FetchKind::Kolada(fetch) => {
            fetch.years = Years::Latest(3);
            let units: &[&str] = if fetch.ou.is_empty() { &["0000", "0180"] } else { &["0180"] };
            fetch.municipality = Some(units.iter().map(|id| (*id).to_owned()).collect());
            true
        }
        FetchKind::Jobsearch(fetch) => {
            fetch.places.get_or_insert_default().truncate(1);
            fetch.groups.get_or_insert_default().truncate(3);
            if fetch.places.as_ref().is_some_and(Vec::is_empty) {
                fetch.places = Some(vec!["25".to_owned()]);
            }
            if fetch.groups.as_ref().is_some_and(Vec::is_empty) {
                fetch.groups = Some(["2221", "2512", "5321"].map(str::to_owned).into());
            }
            true
        }
        FetchKind::Eurostat(fetch) => {
            fetch.time = EurostatTime::Latest(2);
            fetch.select.remove("time");
            fetch.format == EurostatFormat::Json
        }
        FetchKind::PlannedEducations(fetch) if fetch.what == PlannedWhat::AdultEducationEvents => {
            fetch.areas = vec!["1480".to_owned()];
            fetch.types = vec!["yh".to_owned()];
            true
        }
        FetchKind::PlannedEducations(fetch) => fetch.what != PlannedWhat::Statistics,
        FetchKind::SchoolUnits(fetch) if fetch.what == RegisterWhat::SchoolUnits => {
            fetch.municipalities = vec!["1480".to_owned()];
            fetch.details = false;
            true
        }
        FetchKind::SchoolUnits(fetch) => {
            fetch.details = false;
            true
        }
        FetchKind::Siris(fetch) => {
            fetch.years = Years::Latest(1);
            true
        }
        _ => false,
    }
}

/// The staged table's schema as far as it can be known without asking anyone; `None` where it cannot.
/// `dataset_columns` gives the type that a contract declares for a column of that name.
pub fn declared_schema(fetch: &Fetch, dataset_columns: &dyn Fn(&str) -> Option<ValueType>) -> Option<SchemaRef> {
    match &fetch.kind {
        FetchKind::Pxweb(pxweb) => pxweb::declared_schema(pxweb, dataset_columns),
        FetchKind::Kolada(kolada) => Some(kolada::schema_of(kolada)),
        FetchKind::Eurostat(eurostat) => Some(eurostat::declared_schema(eurostat)),
        FetchKind::File(file) => file::schema(file),
        FetchKind::PlannedEducations(planned) => Some(planned_educations::schema(planned)),
        FetchKind::SchoolUnits(units) => Some(school_units::schema(units)),
        FetchKind::SusaNavet(susa) => Some(susa_navet::schema(susa)),
        FetchKind::HistoricalAds(_) => Some(historical_ads::schema()),
        FetchKind::JobStream(_) => Some(jobstream::schema()),
        FetchKind::Siris(siris) => Some(siris::schema(siris)),
        FetchKind::Yrkesbarometer(_) => Some(yrkesbarometer::schema()),
        FetchKind::Taxonomy(_) => Some(taxonomy::schema()),
        FetchKind::Jobsearch(_) => Some(jobsearch::schema()),
    }
}

/// The schema of the SQL table `NAME_koder`.
pub fn codes_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("kolumn", DataType::Utf8, false),
        Field::new("kod", DataType::Utf8, false),
        Field::new("text", DataType::Utf8, false),
        Field::new("ordning", DataType::Int32, false),
    ]))
}

/// The rows of the SQL table `NAME_koder`.
pub fn codes_batch(codes: &[CodeRow]) -> Result<RecordBatch, DecodeError> {
    let text = |field: fn(&CodeRow) -> &str| Arc::new(StringArray::from_iter_values(codes.iter().map(field)));
    let order = Int32Array::from_iter_values(codes.iter().map(|row| row.ordning));
    let columns =
        vec![text(|row| &row.kolumn) as _, text(|row| &row.kod) as _, text(|row| &row.text) as _, Arc::new(order) as _];
    Ok(RecordBatch::try_new(codes_schema(), columns)?)
}

/// The order of a code in its list, as the code table holds it.
fn order(position: usize) -> i32 {
    i32::try_from(position).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sendable<T: Send>(value: T) -> T {
        value
    }

    /// Runs are tasks, and tasks move between threads.
    #[expect(dead_code, reason = "compiling it is the test")]
    async fn plans_and_harvests_can_be_tasks(courier: Courier, fetch: Fetch, sink: &mut dyn Sink) {
        let Ok(plan) = sendable(plan(&courier, &fetch, testing::TODAY)).await else { return };
        drop(sendable(harvest(&courier, &fetch, &plan, sink, &mut |_| ())).await);
    }

    #[test]
    fn labels_make_a_table() {
        let row = CodeRow { kolumn: "kod".into(), kod: "01".into(), text: "Stockholms län".into(), ordning: 0 };
        let batch = codes_batch(&[row]).unwrap();
        assert_eq!((batch.schema(), batch.num_rows()), (codes_schema(), 1));
    }
}

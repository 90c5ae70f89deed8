//! A file, on a source, at an address of its own or on this machine: one call,
//! and one for the page that links to it, where its address moves. Of what
//! servers of files say it relies on HTTP alone (RFC 9110): validators tell
//! editions apart, and a strong entity tag that not a byte has changed.
//! Bodies go through the archive and are decoded from there in batches, so that
//! a file of any size needs no more memory than a small one.

pub mod assumptions;
mod cube;
pub(super) mod links;
mod period;
#[cfg(test)]
mod tests;

use std::io::Read as _;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use bytes::Bytes;
use url::Url;

use super::metadata::{Column, Content, Kind, Metadata};
use super::{Harvest, Plan, Progress, Sink, SourceError};
use crate::config::{FileFetch, FileLocation, Link, Provenance, ValueType};
use crate::decode::file::{self, Input, ReadError, Reading, Told};
use crate::fetch::{AnswerRecord, Courier, Expect, Request, Validators, masked};

use links::Chosen;

/// Bodies up to here are decoded in memory.
const IN_MEMORY: u64 = 16 << 20;

#[derive(Clone, Debug)]
pub struct Work {
    /// What the source has told of the file.
    told: Validators,
    /// The link that was followed to it.
    chosen: Option<Chosen>,
}

pub async fn plan(courier: &Courier, fetch: &FileFetch) -> Result<Plan, SourceError> {
    let mut notes = Vec::new();
    let chosen = match &fetch.link {
        Some(link) => {
            let chosen = follow(courier, fetch, link).await?;
            notes.push(format!("the newest file is of {}: {}", chosen.period, masked(chosen.url.as_str())));
            Some(chosen)
        }
        None => None,
    };
    let (stamp, stamp_proves, told) = match &fetch.location {
        FileLocation::Local(path) => {
            let streamed = courier.read_local_streamed(path, None).await?;
            (Some(contents(&streamed.record)), true, Validators::default())
        }
        FileLocation::OnSource(_) | FileLocation::Url(_) => {
            let told = courier.head(&path_of(fetch, chosen.as_ref())).await?;
            let (stamp, proves) = stamp(&told);
            if stamp.is_none() {
                notes.push("the server does not tell when the file changed: it is fetched and compared".to_owned());
            }
            (linked(stamp, chosen.as_ref()), proves, told)
        }
    };
    Ok(Plan {
        calls: 1,
        cells: 0,
        lower_bound: 1,
        limits: courier.source().limits,
        wait: courier.limiter().wait_for(1),
        stamp,
        stamp_proves,
        estimated: false,
        notes,
        publish_notes: fetch.provenance.iter().map(of_person).collect(),
        schema: schema(fetch),
        codes: Vec::new(),
        metadata: None,
        work: super::Work::File(Box::new(Work { told, chosen })),
    })
}

/// The page's newest link.
async fn follow(courier: &Courier, fetch: &FileFetch, link: &Link) -> Result<Chosen, SourceError> {
    let page = courier.ask_anew(&Request::get(address(&fetch.location)), Expect::Any).await?;
    let name = &courier.source().name;
    // As it was asked then, wherever the source is now: links count from there.
    let at = Url::parse(&page.record.url).map_err(|error| {
        SourceError::decode(&page, crate::decode::DecodeError::Shape(format!("its own address is no URL: {error}")))
    })?;
    let chosen = links::newest(name, &at, &page.body, link)?;
    courier.accept(&page)?;
    Ok(chosen)
}

pub async fn harvest(
    courier: &Courier,
    fetch: &FileFetch,
    plan: &Plan,
    work: &Work,
    sink: &mut dyn Sink,
    progress: Progress<'_>,
) -> Result<Harvest, SourceError> {
    let chosen = work.chosen.as_ref();
    let (record, stamp) = match &fetch.location {
        FileLocation::Local(path) => {
            let record = courier.read_local_streamed(path, None).await?.record;
            // The file may have changed since the plan.
            let stamp = Some(contents(&record));
            (record, stamp)
        }
        FileLocation::OnSource(_) | FileLocation::Url(_) => {
            let told = &work.told;
            let tells = told.etag.is_some() || told.last_modified.is_some();
            // An earlier answer only where it is of the edition that the source has told of now.
            let fits = |record: &AnswerRecord| !tells || agree(told, &Validators::of(&record.headers));
            let request = Request::get(path_of(fetch, chosen));
            let record = courier.ask_streamed_of(&request, Expect::Any, None, fits).await?.record;
            // What was said without sending the file may be about another edition than the one sent.
            let own = Validators::of(&record.headers);
            let stamp = if agree(told, &own) {
                plan.stamp.clone()
            } else {
                linked(self::stamp(&own).0.or_else(|| Some(contents(&record))), chosen)
            };
            (record, stamp)
        }
    };
    courier.presents(&record);
    let period = chosen.and_then(|chosen| Some((fetch.link.as_ref()?.period_column.clone()?, chosen.period.clone())));
    let mut rows = 0;
    let mut last: Option<SchemaRef> = None;
    let mut write = |batch: RecordBatch| -> anyhow::Result<()> {
        let batch = match &period {
            Some((column, period)) => with_period(&batch, column, period)?,
            None => batch,
        };
        rows += batch.num_rows() as u64;
        last = Some(batch.schema());
        sink.write(&batch)
    };
    let input = body(courier, &record)?;
    let mut symbols = courier.source().symbols.clone();
    if fetch.format.is_cube() {
        symbols.extend(fetch.symbols.iter().map(|(symbol, status)| (symbol.clone(), *status)));
        let whole = file::whole(input, fetch).map_err(|error| fault(&record, error))?;
        let cube = cube::read(&whole, fetch, &symbols).map_err(|fault| match fault {
            cube::Fault::Decode(error) => SourceError::decode_record(&record, error),
            cube::Fault::Misfit(error, metadata) => SourceError::Misfit {
                name: record.source.clone(),
                url: record.url.clone(),
                error,
                metadata,
                drift: Vec::new(),
            },
        })?;
        write(cube.batch).map_err(SourceError::Sink)?;
        courier.accept_record(&record)?;
        progress(1);
        return Ok(Harvest {
            rows,
            codes: cube.codes,
            stamp,
            notes: cube.publish_notes,
            metadata: Some(cube.metadata),
        });
    }
    let reading = Reading::new(fetch, &symbols);
    let told = file::read(input, &reading, &mut write).map_err(|error| fault(&record, error))?;
    courier.accept_record(&record)?;
    progress(1);
    // A file without a row tells nothing of columns, save by a header.
    let metadata = (rows > 0 || told.columns.is_some()).then(|| describe(fetch, &told, last.as_ref()));
    Ok(Harvest { rows, codes: Vec::new(), stamp, notes: told.notes, metadata })
}

/// An archived answer's body, from wherever it fits.
fn body(courier: &Courier, record: &AnswerRecord) -> Result<Input, SourceError> {
    if record.size > IN_MEMORY {
        return Ok(Input::File(courier.open_file(record)?));
    }
    let mut body = Vec::with_capacity(usize::try_from(record.size).unwrap_or_default());
    courier.open(record)?.read_to_end(&mut body).map_err(|error| courier.unread(record, &error))?;
    Ok(Input::Memory(Bytes::from(body)))
}

fn fault(record: &AnswerRecord, error: ReadError) -> SourceError {
    match error {
        ReadError::Decode(error) => SourceError::decode_record(record, error),
        ReadError::Sink(error) => SourceError::Sink(error),
    }
}

/// The schema, where it is known without the file.
pub fn schema(fetch: &FileFetch) -> Option<SchemaRef> {
    let schema = file::schema(fetch)?;
    match fetch.link.as_ref().and_then(|link| link.period_column.as_ref()) {
        Some(column) => Some(schema_with_period(&schema, column)),
        None => Some(schema),
    }
}

fn schema_with_period(schema: &Schema, column: &str) -> SchemaRef {
    let own = schema.fields().iter().cloned();
    Arc::new(Schema::new(own.chain([Arc::new(Field::new(column, DataType::Utf8, true))]).collect::<Vec<_>>()))
}

fn with_period(batch: &RecordBatch, column: &str, period: &str) -> anyhow::Result<RecordBatch> {
    anyhow::ensure!(batch.column_by_name(column).is_none(), "the file has a column {column:?} of its own");
    let said: ArrayRef = Arc::new(StringArray::from_iter_values(std::iter::repeat_n(period, batch.num_rows())));
    let columns = batch.columns().iter().cloned().chain([said]).collect();
    Ok(RecordBatch::try_new(schema_with_period(&batch.schema(), column), columns)?)
}

/// The file's columns in the form that all sources share: those of a header, else those that were taken.
fn describe(fetch: &FileFetch, told: &Told, schema: Option<&SchemaRef>) -> Metadata {
    let taken = || {
        let fields = schema.iter().flat_map(|schema| schema.fields()).map(|field| field.name().clone());
        fields.filter(|name| !["_status", "_symbol"].iter().any(|tail| follows_number(fetch, name, tail))).collect()
    };
    let names: Vec<String> = told.columns.clone().unwrap_or_else(taken);
    let kind = |name: &String| match fetch.columns.get(name) {
        Some(ValueType::Int64) => "int64",
        Some(ValueType::Float64) => "float64",
        Some(ValueType::Text) | None => "text",
    };
    let columns = names.into_iter().map(|name| Column { kind: kind(&name).to_owned(), name }).collect();
    let contents = told.units.iter().map(|(column, label, unit)| Content {
        code: column.clone(),
        label: label.clone(),
        unit: Some(unit.clone()),
        ..Content::default()
    });
    Metadata { columns, contents: contents.collect(), ..Metadata::new(Kind::File) }
}

/// A column that the decoder put beside a number.
fn follows_number(fetch: &FileFetch, name: &str, tail: &str) -> bool {
    let number = name.strip_suffix(tail).and_then(|number| fetch.columns.get(number));
    number.is_some_and(|kind| *kind != ValueType::Text)
}

/// As it is shown with the figures.
fn of_person(provenance: &Provenance) -> String {
    format!("Uppgifterna är lämnade av {} den {}.", provenance.person, provenance.date)
}

/// Whether a sent file is of the edition that the stamp names. A server that compresses on its way
/// makes a tag weak and leaves the length out, but a tag that is gone can't be compared.
fn agree(told: &Validators, own: &Validators) -> bool {
    fn opaque(tag: &str) -> &str {
        tag.strip_prefix("W/").unwrap_or(tag)
    }
    match (&told.etag, &own.etag) {
        (Some(told), Some(own)) => opaque(told) == opaque(own),
        (Some(_), None) => false,
        (None, _) => {
            let lengths = told.length.zip(own.length);
            told.last_modified.is_some()
                && told.last_modified == own.last_modified
                && lengths.is_none_or(|(told, own)| told == own)
        }
    }
}

/// The request's path: below the source's address, or a whole URL.
fn address(location: &FileLocation) -> String {
    match location {
        FileLocation::OnSource(path) => format!("/{}", path.trim_start_matches('/')),
        FileLocation::Url(url) => url.to_string(),
        FileLocation::Local(path) => path.display().to_string(),
    }
}

/// Where the file itself lies.
fn path_of(fetch: &FileFetch, chosen: Option<&Chosen>) -> String {
    chosen.map_or_else(|| address(&fetch.location), |chosen| chosen.url.to_string())
}

fn contents(record: &AnswerRecord) -> String {
    format!("blake3 {}", record.hash)
}

/// A stamp names the link that was followed too: another one is another edition.
fn linked(stamp: Option<String>, chosen: Option<&Chosen>) -> Option<String> {
    match chosen {
        Some(Chosen { url, period }) => {
            let stamp = stamp.map(|stamp| format!(" {stamp}")).unwrap_or_default();
            Some(format!("{period} {}{stamp}", masked(url.as_str())))
        }
        None => stamp,
    }
}

/// Only a strong entity tag proves that not a byte has changed.
fn stamp(validators: &Validators) -> (Option<String>, bool) {
    match validators {
        Validators { etag: Some(etag), .. } => (Some(format!("etag {etag}")), !etag.starts_with("W/")),
        Validators { last_modified: Some(date), length, .. } => {
            let length = length.map(|length| format!(" length {length}")).unwrap_or_default();
            (Some(format!("last-modified {date}{length}")), false)
        }
        _ => (None, false),
    }
}

#[cfg(test)]
mod units {
    use super::*;

    #[test]
    fn only_a_strong_tag_proves() {
        let validators = |etag: Option<&str>, date: Option<&str>| Validators {
            etag: etag.map(Into::into),
            last_modified: date.map(Into::into),
            length: Some(7),
        };
        assert_eq!(stamp(&validators(Some("\"a\""), None)), (Some("etag \"a\"".into()), true));
        assert_eq!(stamp(&validators(Some("W/\"a\""), None)), (Some("etag W/\"a\"".into()), false));
        let date = "Mon, 23 Nov 2026 08:00:00 GMT";
        assert_eq!(stamp(&validators(None, Some(date))), (Some(format!("last-modified {date} length 7")), false));
        assert_eq!(stamp(&validators(None, None)), (None, false));
    }

    #[test]
    fn an_edition_is_known_by_what_its_stamp_rests_on() {
        let validators = |etag: &str, date: &str, length: Option<u64>| Validators {
            etag: (!etag.is_empty()).then(|| etag.to_owned()),
            last_modified: (!date.is_empty()).then(|| date.to_owned()),
            length,
        };
        let told = validators("\"a\"", "Mon", Some(7));
        assert!(agree(&told, &validators("\"a\"", "Mon", Some(7))));
        assert!(agree(&told, &validators("W/\"a\"", "Mon", None)), "compressed on its way");
        assert!(!agree(&told, &validators("\"b\"", "Mon", Some(7))));
        assert!(!agree(&told, &validators("", "Mon", Some(7))), "a date is less than a tag");
        let told = validators("", "Mon", Some(7));
        assert!(agree(&told, &validators("\"a\"", "Mon", None)));
        assert!(!agree(&told, &validators("", "Mon", Some(8))));
        assert!(!agree(&told, &validators("", "Tue", Some(7))));
        assert!(!agree(&validators("", "", Some(7)), &validators("", "", Some(7))), "a length proves nothing");
    }

    #[test]
    fn a_path_hangs_below_the_base() {
        assert_eq!(address(&FileLocation::OnSource("a/b.json".into())), "/a/b.json");
        assert_eq!(address(&FileLocation::OnSource("/a/b.json".into())), "/a/b.json");
    }
}

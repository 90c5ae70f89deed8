//! A file, on a source, at an address of its own or on this machine: one call.

use arrow::record_batch::RecordBatch;

use super::metadata::{Column, Kind, Metadata};
use super::{Harvest, Plan, Progress, Sink, SourceError};
use crate::config::{FileFetch, FileFormat, FileLocation, ValueType};
use crate::decode::file;
use crate::fetch::{Answer, Courier, Expect, Request, Validators};

pub async fn plan(courier: &Courier, fetch: &FileFetch) -> Result<Plan, SourceError> {
    let (stamp, stamp_proves, told) = match &fetch.location {
        FileLocation::Local(path) => (Some(contents(&courier.read_local(path).await?)), true, Validators::default()),
        FileLocation::OnSource(_) | FileLocation::Url(_) => {
            let told = courier.head(&address(&fetch.location)).await?;
            let (stamp, proves) = stamp(&told);
            (stamp, proves, told)
        }
    };
    let mut notes = Vec::new();
    if stamp.is_none() {
        notes.push("the server does not tell when the file changed: it is fetched and compared".to_owned());
    }
    Ok(Plan {
        calls: 1,
        cells: 0,
        lower_bound: 1,
        limits: courier.source().limits,
        wait: courier.limiter().wait_for(1),
        stamp,
        stamp_proves,
        notes,
        publish_notes: Vec::new(),
        schema: file::schema(fetch),
        codes: Vec::new(),
        metadata: None,
        work: super::Work::File(told),
    })
}

pub async fn harvest(
    courier: &Courier,
    fetch: &FileFetch,
    plan: &Plan,
    told: &Validators,
    sink: &mut dyn Sink,
    progress: Progress<'_>,
) -> Result<Harvest, SourceError> {
    let (answer, stamp) = match &fetch.location {
        FileLocation::Local(path) => {
            let answer = courier.read_local(path).await?;
            // The file may have changed since the plan.
            let stamp = Some(contents(&answer));
            (answer, stamp)
        }
        FileLocation::OnSource(_) | FileLocation::Url(_) => {
            let answer = ask(courier, &Request::get(address(&fetch.location)), told).await?;
            // What was said without sending the file may be about another edition than the one sent.
            let own = Validators::of(&answer.record.headers);
            let stamp =
                if agree(told, &own) { plan.stamp.clone() } else { stamp(&own).0.or_else(|| Some(contents(&answer))) };
            (answer, stamp)
        }
    };
    let batch = file::decode(&answer.body, fetch).map_err(|error| SourceError::decode(&answer, error))?;
    courier.accept(&answer)?;
    sink.write(&batch).map_err(SourceError::Sink)?;
    progress(1);
    // A file without a row tells nothing of columns, save by a header.
    let metadata = (batch.num_rows() > 0 || fetch.format == FileFormat::Csv).then(|| describe(fetch, &answer, &batch));
    Ok(Harvest { rows: batch.num_rows() as u64, codes: Vec::new(), stamp, notes: Vec::new(), metadata })
}

/// The file's columns in the form that all sources share: those of a header, else those that were taken.
fn describe(fetch: &FileFetch, answer: &Answer, batch: &RecordBatch) -> Metadata {
    let schema = batch.schema();
    let taken = || {
        let fields = schema.fields().iter().map(|field| field.name().clone());
        fields.filter(|name| !["_status", "_symbol"].iter().any(|tail| follows_number(fetch, name, tail))).collect()
    };
    let names: Vec<String> = file::header(&answer.body, fetch).unwrap_or_else(taken);
    let kind = |name: &String| match fetch.columns.get(name) {
        Some(ValueType::Int64) => "int64",
        Some(ValueType::Float64) => "float64",
        Some(ValueType::Text) | None => "text",
    };
    let columns = names.into_iter().map(|name| Column { kind: kind(&name).to_owned(), name }).collect();
    Metadata { columns, ..Metadata::new(Kind::File) }
}

/// A column that the decoder put beside a number.
fn follows_number(fetch: &FileFetch, name: &str, tail: &str) -> bool {
    let number = name.strip_suffix(tail).and_then(|number| fetch.columns.get(number));
    number.is_some_and(|kind| *kind != ValueType::Text)
}

/// An earlier answer only where it is of the edition that the source has told of now.
async fn ask(courier: &Courier, request: &Request, told: &Validators) -> Result<Answer, SourceError> {
    let tells = told.etag.is_some() || told.last_modified.is_some();
    match courier.earlier(request, Expect::Any).await? {
        Some(answer) if !tells || agree(told, &Validators::of(&answer.record.headers)) => {
            courier.reuses();
            Ok(answer)
        }
        _ => Ok(courier.ask_anew(request, Expect::Any).await?),
    }
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

fn contents(answer: &Answer) -> String {
    format!("blake3 {}", answer.record.hash)
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
mod tests {
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

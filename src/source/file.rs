//! A file, on a source, at an address of its own or on this machine: one call.

use super::{Harvest, Plan, Progress, Sink, SourceError};
use crate::config::{FileFetch, FileLocation};
use crate::decode::file;
use crate::fetch::{Answer, Courier, Expect, Request, Validators};

pub async fn plan(courier: &Courier, fetch: &FileFetch) -> Result<Plan, SourceError> {
    let (stamp, stamp_proves) = match &fetch.location {
        FileLocation::Local(path) => (Some(contents(&courier.read_local(path).await?)), true),
        FileLocation::OnSource(_) | FileLocation::Url(_) => stamp(&courier.head(&address(&fetch.location)).await?),
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
        work: super::Work::File,
    })
}

pub async fn harvest(
    courier: &Courier,
    fetch: &FileFetch,
    plan: &Plan,
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
            let request = Request::get(address(&fetch.location));
            (courier.ask(&request, Expect::Any).await?, plan.stamp.clone())
        }
    };
    let batch = file::decode(&answer.body, fetch).map_err(|error| SourceError::decode(&answer, error))?;
    courier.accept(&answer)?;
    sink.write(&batch).map_err(SourceError::Sink)?;
    progress(1);
    Ok(Harvest { rows: batch.num_rows() as u64, codes: Vec::new(), stamp, notes: Vec::new() })
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
    fn a_path_hangs_below_the_base() {
        assert_eq!(address(&FileLocation::OnSource("a/b.json".into())), "/a/b.json");
        assert_eq!(address(&FileLocation::OnSource("/a/b.json".into())), "/a/b.json");
    }
}

//! What the two sources of job advertisements share: personal data is dropped
//! before anything is kept, and what is kept is read back from the archive.

use std::io::Read;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::decode::DecodeError;
use crate::decode::ads::{self, Ad, AdsError, Field, Keeper};
use crate::fetch::{AnswerRecord, Courier, Expect, FetchError, Request, Scrub, ScrubError, scrub};

use super::SourceError;
use super::metadata::{Column, Kind, Metadata};

/// Lets nothing but the kept fields through.
pub fn without_persons(courier: &Courier) -> Scrub {
    let tell = Tell::of(courier);
    scrub(move |input, output| tell.scrub(input, &mut |lines| Ok(output.write_all(lines)?)))
}

/// Asks for an answer whose advertisements are read on their way into the archive, or from there where it had them
/// before. Read either way they are the same lines.
pub async fn ask<T: Send + 'static>(
    courier: &Courier,
    request: &Request,
    expect: Expect,
    new: impl Fn() -> T + Send + Sync + 'static,
    each: fn(&mut T, &Ad<'_>),
) -> Result<(AnswerRecord, T), SourceError> {
    let new = Arc::new(new);
    let passed = Arc::new(Mutex::new(None));
    let (tell, fresh, slot) = (Tell::of(courier), Arc::clone(&new), Arc::clone(&passed));
    let scrub = scrub(move |input, output| {
        *lock(&slot) = None;
        let (mut made, mut hasher) = (fresh(), blake3::Hasher::new());
        tell.scrub(input, &mut |lines| {
            output.write_all(lines)?;
            hasher.update(lines);
            ads::each_ad(lines, |ad| each(&mut made, ad))
        })?;
        *lock(&slot) = Some((hasher.finalize().to_hex(), made));
        Ok(())
    });
    let record = courier.ask_streamed(request, expect, Some(scrub)).await?.record;
    let passed = lock(&passed).take();
    match passed {
        Some((hash, made)) if hash.as_str() == record.hash => Ok((record, made)),
        // Nothing was sent, or what was sent is not what was archived in the end.
        _ => {
            let made = read(courier, &record, new(), each).await?;
            Ok((record, made))
        }
    }
}

fn lock<T>(slot: &Mutex<T>) -> MutexGuard<'_, T> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Scrubs, and tells what was refused on the way.
struct Tell {
    source: String,
    cap: u64,
}

impl Tell {
    fn of(courier: &Courier) -> Self {
        Self { source: courier.source().name.clone(), cap: courier.cap() }
    }

    fn scrub(&self, input: &mut (dyn Read + Send), keep: &mut Keeper<'_>) -> Result<(), ScrubError> {
        let told = ads::scrub(input, self.cap, keep).map_err(|error| match error {
            AdsError::Cut(why) => ScrubError::Incomplete(why),
            AdsError::Wrong(why) => ScrubError::Invalid(why),
            AdsError::Io(error) => ScrubError::Io(error),
        })?;
        if told.refused > 0 {
            tracing::warn!(
                source = self.source,
                ads = told.ads,
                values = told.refused,
                "values that do not look like codes stood in the place of codes and were dropped"
            );
        }
        Ok(())
    }
}

/// Reads the advertisements of an archived answer on a thread of its own; `each` gets what it has made so far.
pub async fn read<T: Send + 'static>(
    courier: &Courier,
    record: &AnswerRecord,
    mut made: T,
    each: impl Fn(&mut T, &Ad<'_>) + Send + 'static,
) -> Result<T, SourceError> {
    let (courier, record) = (courier.clone(), record.clone());
    let work = move || {
        let object = courier.open(&record)?;
        match ads::read_ads(object, |ad| each(&mut made, ad)) {
            Ok(_) => Ok(made),
            Err(AdsError::Io(error)) => Err(courier.unread(&record, &error).into()),
            Err(error) => Err(SourceError::decode_record(&record, DecodeError::Shape(error.to_string()))),
        }
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(fault) if fault.is_panic() => std::panic::resume_unwind(fault.into_panic()),
        Err(_) => Err(FetchError::Stopped.into()),
    }
}

/// The fields that the data have: what a later version of an API may have lost.
pub fn metadata(of: Kind, fields: &[Field]) -> Metadata {
    let column = |field: &Field| Column { name: field.as_str().to_owned(), kind: "field".to_owned() };
    Metadata { columns: fields.iter().map(column).collect(), ..Metadata::new(of) }
}

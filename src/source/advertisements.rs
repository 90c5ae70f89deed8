//! What the two sources of job advertisements share: personal data is dropped
//! before anything is kept, and what is kept is read back from the archive.

use crate::decode::DecodeError;
use crate::decode::ads::{self, Ad, AdsError, Field};
use crate::fetch::{AnswerRecord, Courier, FetchError, Scrub, ScrubError, scrub};

use super::SourceError;
use super::metadata::{Column, Kind, Metadata};

/// Lets nothing but the kept fields through.
pub fn without_persons(courier: &Courier) -> Scrub {
    let (cap, source) = (courier.cap(), courier.source().name.clone());
    scrub(move |input, output| {
        let told = ads::scrub(input, output, cap).map_err(|error| match error {
            AdsError::Cut(why) => ScrubError::Incomplete(why),
            AdsError::Wrong(why) => ScrubError::Invalid(why),
            AdsError::Io(error) => ScrubError::Io(error),
        })?;
        if told.refused > 0 {
            tracing::warn!(
                source,
                ads = told.ads,
                values = told.refused,
                "values that do not look like codes stood in the place of codes and were dropped"
            );
        }
        Ok(())
    })
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
    match tokio::task::spawn_blocking(crate::log::carried(work)).await {
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

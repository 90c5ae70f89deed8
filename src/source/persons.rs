//! Sources whose answers tell of persons: what is kept of them, and the scrub
//! that keeps nothing else.

use crate::config::SourceKind;
use crate::decode::ads::KEPT as ADS;
use crate::decode::scrub::{DocumentError, Keep, document};
use crate::fetch::{Courier, Scrub, ScrubError, scrub};

use super::{school_units, susa_navet};

/// The fields that are kept of a kind's answers; none where they tell of nobody, and are kept whole.
pub const fn kept(kind: SourceKind) -> Option<&'static [Keep]> {
    match kind {
        SourceKind::SchoolUnits => Some(school_units::KEPT),
        SourceKind::SusaNavet => Some(susa_navet::KEPT),
        SourceKind::HistoricalAds | SourceKind::JobStream => Some(ADS),
        _ => None,
    }
}

/// Lets nothing but these fields of an answer through.
pub fn only(courier: &Courier, kept: &'static [Keep]) -> Scrub {
    let (cap, source) = (courier.cap_in_memory(), courier.source().name.clone());
    scrub(move |input, output| {
        let refused = document(input, output, kept, cap).map_err(|error| match error {
            DocumentError::Cut => ScrubError::Incomplete(error.to_string()),
            DocumentError::Wrong(why) => ScrubError::Invalid(why),
            DocumentError::Io(error) => ScrubError::Io(error),
        })?;
        if refused > 0 {
            tracing::warn!(
                source,
                values = refused,
                "values that do not look like what their field is for were dropped"
            );
        }
        Ok(())
    })
}

/// What may be written down of a body that came for a question about the source: of an answer, its kept fields, and of
/// a refusal all.
pub fn to_record(kind: SourceKind, status: u16, body: &[u8], cap: u64) -> Option<Vec<u8>> {
    let Some(kept) = kept(kind).filter(|_| (200..300).contains(&status)) else { return Some(body.to_vec()) };
    let mut out = Vec::new();
    let scrubbed = match kind {
        SourceKind::HistoricalAds | SourceKind::JobStream => {
            crate::decode::ads::scrub(&mut &*body, cap, &mut |lines| {
                out.extend_from_slice(lines);
                Ok(())
            })
            .is_ok()
        }
        _ => document(&mut &*body, &mut out, kept, cap).is_ok(),
    };
    scrubbed.then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_holds_nothing_of_anyone() {
        let body =
            br#"{"data":{"schoolUnitCode":"10000001","attributes":{"displayName":"A","headMaster":"Fantasisson"}}}"#;
        let text = |kind, status| to_record(kind, status, body, 1000).map(|body| String::from_utf8(body).unwrap());
        assert_eq!(
            text(SourceKind::SchoolUnits, 200).unwrap(),
            "{\"data\":{\"schoolUnitCode\":\"10000001\",\"attributes\":{\"displayName\":\"A\"}}}"
        );
        assert_eq!(text(SourceKind::SchoolUnits, 404).unwrap().len(), body.len(), "a refusal tells of nobody");
        assert_eq!(text(SourceKind::Kolada, 200).unwrap().len(), body.len());
        assert_eq!(to_record(SourceKind::SusaNavet, 200, b"<html>Fantasisson", 1000), None);
        let ad = br#"[{"id":"1","headline":"Fantasisson"}]"#;
        assert_eq!(to_record(SourceKind::JobStream, 200, ad, 1000).unwrap(), b"{\"id\":\"1\"}\n");
    }
}

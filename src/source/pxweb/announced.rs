//! What an installation announces of itself: its limits, and the formats that it
//! answers in. Version 1 and 2 of the API say it in other words.

use std::time::Duration;

use serde::Deserialize;

use super::super::SourceError;
use super::super::answer::parse;
use crate::config::Limits;
use crate::decode::DecodeError;
use crate::fetch::{Courier, Expect, FetchError, Request};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Announced {
    #[serde(alias = "maxCells")]
    max_data_cells: Option<u64>,
    #[serde(alias = "maxCalls")]
    max_calls_per_time_window: Option<u32>,
    /// Seconds.
    time_window: Option<u64>,
    data_formats: Option<Vec<String>>,
}

/// Asks for what is announced and puts the limits in force; what is not announced is as configured. Says what formats
/// there are, where that is told. `silent` are the statuses by which an installation says that it announces nothing.
pub async fn announced(
    courier: &Courier,
    path: &str,
    silent: &[u16],
    notes: &mut Vec<String>,
) -> Result<(Option<Limits>, Option<Vec<String>>), SourceError> {
    let configured = courier.source().limits;
    let (limits, formats) = match courier.ask(&Request::get(path), Expect::Json).await {
        Ok(answer) => {
            let announced: Announced = parse(&answer)?;
            let limits = announced.limits(configured).map_err(|error| SourceError::decode(&answer, error))?;
            courier.accept(&answer)?;
            (limits, announced.data_formats)
        }
        Err(FetchError::Refused { status, .. }) if silent.contains(&status) => (configured, None),
        // A refusal is no answer to be accepted: what the record of a version lacks was refused then.
        Err(FetchError::NotArchived { .. }) => (configured, None),
        Err(error) => return Err(error.into()),
    };
    match limits {
        Some(limits) => courier.limiter().set(limits),
        None => notes.push("the source announces no limits and none are configured".to_owned()),
    }
    Ok((limits, formats))
}

impl Announced {
    /// What is announced, and for the rest what is configured.
    fn limits(&self, configured: Option<Limits>) -> Result<Option<Limits>, DecodeError> {
        let calls = match (self.max_calls_per_time_window, self.time_window) {
            (Some(0), _) => Some((0, Duration::ZERO)),
            (Some(calls), Some(0)) => {
                return Err(DecodeError::Shape(format!("it announces {calls} calls per window of 0 seconds")));
            }
            (Some(calls), Some(seconds)) => Some((calls, Duration::from_secs(seconds))),
            _ => configured.map(|limits| (limits.calls, limits.window)),
        };
        let cells = self.max_data_cells.or(configured.map(|limits| limits.cells));
        if calls.is_none() && cells.is_none() {
            return Ok(None);
        }
        let (calls, window) = calls.unwrap_or_default();
        Ok(Some(Limits { calls, window, cells: cells.unwrap_or(0) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(config: &str) -> Result<Option<(u32, u64, u64)>, String> {
        let configured = Limits { calls: 10, window: Duration::from_secs(10), cells: 1000 };
        let announced: Announced = serde_json::from_str(config).map_err(|error| error.to_string())?;
        let limits = announced.limits(Some(configured)).map_err(|error| error.to_string())?;
        Ok(limits.map(|limits| (limits.calls, limits.window.as_secs(), limits.cells)))
    }

    #[test]
    fn announced_limits_go_before_configured_ones() {
        let recorded = r#"{"apiVersion":"2.3.2","maxDataCells":150000,"maxCallsPerTimeWindow":30,"timeWindow":10}"#;
        assert_eq!(limits(recorded), Ok(Some((30, 10, 150_000))));
        let by_v1 = r#"{"maxValues":110000,"maxCells":150000,"maxCalls":30,"timeWindow":10,"CORS":true}"#;
        assert_eq!(limits(by_v1), Ok(Some((30, 10, 150_000))));
        let unlimited = r#"{"maxDataCells":800000,"maxCallsPerTimeWindow":0,"timeWindow":0}"#;
        assert_eq!(limits(unlimited), Ok(Some((0, 0, 800_000))));
        assert_eq!(limits("{}"), Ok(Some((10, 10, 1000))));
    }

    #[test]
    fn limits_that_cannot_be_read_are_an_error() {
        assert!(limits(r#"{"maxDataCells":"many"}"#).unwrap_err().contains("expected u64"));
        let zero = r#"{"maxCallsPerTimeWindow":30,"timeWindow":0}"#;
        assert_eq!(limits(zero).unwrap_err(), "it announces 30 calls per window of 0 seconds");
    }
}

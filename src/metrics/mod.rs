//! What the process counts of itself for Prometheus: every name once, with its
//! help. Counters grow where things happen; gauges are computed when somebody
//! looks ([`gauges`]), so that nothing that is gone is told of.
//!
//! Labels are bounded: pipelines, datasets and sources are the configuration's,
//! outcomes and statuses are fixed lists.

mod gauges;
mod process;

use std::sync::OnceLock;
use std::time::Duration;

use ::metrics::{counter, describe_counter, describe_histogram, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

pub use gauges::gauges;

use crate::ledger::Outcome;

pub const RUNS: &str = "underlag_runs_total";
pub const RUN_DURATION: &str = "underlag_run_duration_seconds";
pub const CALLS: &str = "underlag_source_calls_total";
pub const RETRIES: &str = "underlag_source_retries_total";
pub const REUSED_ANSWERS: &str = "underlag_source_reused_answers_total";
pub const WIRE_BYTES: &str = "underlag_source_received_bytes_total";
pub const BODY_BYTES: &str = "underlag_source_body_bytes_total";
pub const SLOT_LATENESS: &str = "underlag_slot_lateness_seconds";
pub const MESSAGES: &str = "underlag_messages_total";
pub const RELOADS: &str = "underlag_configuration_reloads_total";
pub const REQUESTS: &str = "underlag_http_requests_total";
pub const CONNECTIONS_REFUSED: &str = "underlag_http_connections_refused_total";

const COUNTERS: [(&str, &str); 10] = [
    (RUNS, "Runs that ended, by pipeline and outcome."),
    (CALLS, "HTTP calls to sources, by source and status; status is \"none\" where no answer came."),
    (RETRIES, "Calls to sources that were tried again."),
    (REUSED_ANSWERS, "Answers taken from the archive in place of a call."),
    (WIRE_BYTES, "Bytes of bodies as they came from sources over the network."),
    (BODY_BYTES, "Bytes of bodies after decompression, and of local files."),
    (MESSAGES, "Messages to operators, by channel and outcome (delivered, failed)."),
    (RELOADS, "Attempts to take a changed configuration, by outcome (taken, refused)."),
    (REQUESTS, "Requests to this server, by the status of the answer."),
    (CONNECTIONS_REFUSED, "Connections closed at once because there were too many."),
];

const HISTOGRAMS: [(&str, &str, &[f64]); 2] = [
    (
        RUN_DURATION,
        "How long runs took, by outcome.",
        &[0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 4.0 * 3600.0, 12.0 * 3600.0],
    ),
    (
        SLOT_LATENESS,
        "From a slot to the start of the run that serves it, jitter included.",
        &[0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 30.0, 60.0, 300.0, 1800.0, 3600.0, 6.0 * 3600.0],
    ),
];

static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();

/// Begins to count, once for the process; before that nothing is kept.
pub fn install() {
    HANDLE.get_or_init(|| {
        let mut builder = PrometheusBuilder::new();
        for (name, _, buckets) in HISTOGRAMS {
            // Fails for an empty list alone.
            builder = match builder.set_buckets_for_metric(Matcher::Full(name.to_owned()), buckets) {
                Ok(builder) => builder,
                Err(_) => PrometheusBuilder::new(),
            };
        }
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        if ::metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("another recorder counts already: the metrics of this process stay empty");
        }
        for (name, help) in COUNTERS {
            describe_counter!(name, help);
        }
        for (name, help, _) in HISTOGRAMS {
            describe_histogram!(name, help);
        }
        handle
    });
}

/// So that a scrape before anything has happened names every counter, and a rate over the first event is right.
pub fn begin<'a>(pipelines: impl Iterator<Item = &'a str>, sources: impl Iterator<Item = &'a str>) {
    for pipeline in pipelines {
        for outcome in [Outcome::Published, Outcome::Unchanged, Outcome::Failed] {
            counter!(RUNS, "pipeline" => pipeline.to_owned(), "outcome" => outcome.to_string()).increment(0);
        }
    }
    for source in sources {
        for name in [RETRIES, REUSED_ANSWERS, WIRE_BYTES, BODY_BYTES] {
            count(name, source, 0);
        }
        counter!(CALLS, "source" => source.to_owned(), "status" => "200").increment(0);
    }
    for outcome in ["taken", "refused"] {
        counter!(RELOADS, "outcome" => outcome).increment(0);
    }
    for channel in ["mail", "webhook"] {
        for outcome in ["delivered", "failed"] {
            counter!(MESSAGES, "channel" => channel, "outcome" => outcome).increment(0);
        }
    }
    counter!(REQUESTS, "status" => "200").increment(0);
    counter!(CONNECTIONS_REFUSED).increment(0);
    let _registered = histogram!(SLOT_LATENESS);
    let _registered = histogram!(RUN_DURATION, "outcome" => Outcome::Published.to_string());
}

/// One of the counters that are kept per source.
pub fn count(name: &'static str, source: &str, by: u64) {
    counter!(name, "source" => source.to_owned()).increment(by);
}

/// A call to a source, by what came of it.
pub fn call(source: &str, status: Option<u16>) {
    counter!(CALLS, "source" => source.to_owned(), "status" => status_label(status)).increment(1);
}

pub fn run_ended(pipeline: &str, outcome: Outcome, took: Duration) {
    counter!(RUNS, "pipeline" => pipeline.to_owned(), "outcome" => outcome.to_string()).increment(1);
    histogram!(RUN_DURATION, "outcome" => outcome.to_string()).record(took.as_secs_f64());
    upkeep();
}

/// A run began that serves a slot, this long after it was due.
pub fn slot_started(late_by: Duration) {
    histogram!(SLOT_LATENESS).record(late_by.as_secs_f64());
}

/// What became of a message, by the kind of its channel (`mail`, `webhook`).
pub fn message(channel: &'static str, delivered: bool) {
    counter!(MESSAGES, "channel" => channel, "outcome" => if delivered { "delivered" } else { "failed" }).increment(1);
}

/// A changed configuration was taken, or refused.
pub fn reloaded(taken: bool) {
    counter!(RELOADS, "outcome" => if taken { "taken" } else { "refused" }).increment(1);
}

pub(crate) fn requested(status: u16) {
    counter!(REQUESTS, "status" => status_label(Some(status))).increment(1);
}

pub(crate) fn connection_refused() {
    counter!(CONNECTIONS_REFUSED).increment(1);
}

/// Puts samples in their buckets; without it they would pile up until somebody looks.
pub fn upkeep() {
    if let Some(handle) = HANDLE.get() {
        handle.run_upkeep();
    }
}

/// All that was counted, in Prometheus' text format. Empty where nobody counts.
pub fn counters() -> String {
    HANDLE.get().map(PrometheusHandle::render).unwrap_or_default()
}

/// Those that occur by themselves, others by their class: a source or a client must not be able to make labels.
fn status_label(status: Option<u16>) -> &'static str {
    match status {
        None => "none",
        Some(200) => "200",
        Some(206) => "206",
        Some(304) => "304",
        Some(307) => "307",
        Some(400) => "400",
        Some(401) => "401",
        Some(403) => "403",
        Some(404) => "404",
        Some(405) => "405",
        Some(408) => "408",
        Some(412) => "412",
        Some(413) => "413",
        Some(414) => "414",
        Some(416) => "416",
        Some(429) => "429",
        Some(500) => "500",
        Some(502) => "502",
        Some(503) => "503",
        Some(504) => "504",
        Some(100..=199) => "1xx",
        Some(201..=299) => "2xx",
        Some(300..=399) => "3xx",
        Some(402..=499) => "4xx",
        Some(501..=599) => "5xx",
        Some(_) => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_help_follow_the_conventions() {
        for (name, help) in COUNTERS {
            assert!(name.starts_with("underlag_") && name.ends_with("_total"), "{name}");
            assert!(help.ends_with('.'), "{help}");
        }
        for (name, help, buckets) in HISTOGRAMS {
            assert!(name.ends_with("_seconds") && help.ends_with('.'), "{name}");
            assert!(buckets.is_sorted_by(|one, other| one < other), "{name}");
        }
    }

    #[test]
    fn what_happens_is_rendered_with_help_type_and_buckets() {
        install();
        begin(["annonser"].into_iter(), ["scb"].into_iter());
        call("scb", Some(418));
        run_ended("annonser", Outcome::Failed, Duration::from_secs(3));
        let text = counters();
        for line in [
            "# TYPE underlag_runs_total counter",
            "# HELP underlag_runs_total Runs that ended, by pipeline and outcome.",
            "underlag_source_calls_total{source=\"scb\",status=\"4xx\"} 1",
            "# TYPE underlag_run_duration_seconds histogram",
            "underlag_run_duration_seconds_bucket{outcome=\"failed\",le=\"5\"} 1",
            "underlag_source_retries_total{source=\"scb\"} 0",
        ] {
            assert!(text.contains(line), "{line} is not in:\n{text}");
        }
    }
}

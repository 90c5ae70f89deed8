//! What is told of the moment: computed anew at every look, so that a pipeline
//! that is gone is gone here too.

use ::metrics::{describe_gauge, gauge, with_local_recorder};
use metrics_exporter_prometheus::PrometheusBuilder;

use super::process;
use crate::status::{PipelineStatus, Status};

const GAUGES: [(&str, &str); 27] = [
    ("underlag_build_info", "The program's version; always 1."),
    ("underlag_status_timestamp_seconds", "When this was looked at, in seconds since 1970."),
    ("underlag_daemon_running", "1 while the daemon runs here."),
    ("underlag_daemon_ready", "1 while what is due can be published."),
    ("underlag_daemon_start_time_seconds", "When the daemon was started, in seconds since 1970."),
    ("underlag_runs_running", "Runs under way."),
    ("underlag_configuration_refused", "1 while a changed configuration is refused and the one before stays in force."),
    ("underlag_configuration_loaded_timestamp_seconds", "When the configuration in force was taken."),
    ("underlag_pipelines", "Pipelines in the configuration."),
    ("underlag_pipeline_last_run_timestamp_seconds", "When the last run began."),
    ("underlag_pipeline_last_success_timestamp_seconds", "When a run last ended well; 0 when none ever did."),
    ("underlag_pipeline_last_run_duration_seconds", "How long the last run took."),
    ("underlag_pipeline_failing", "1 when the last run failed or was cut short."),
    ("underlag_pipeline_running", "1 while a run is under way."),
    ("underlag_pipeline_waiting_for_accept", "1 while a stopped publish waits for an operator."),
    ("underlag_pipeline_late", "1 while a due run or an expected release is later than late_after allows."),
    ("underlag_pipeline_lateness_seconds", "For how long it has been late; 0 when it is not."),
    ("underlag_pipeline_next_due_timestamp_seconds", "When it is due next; absent when it never is."),
    ("underlag_pipeline_data_age_seconds", "Since it was last known that what is published is what the sources say."),
    ("underlag_dataset_data_age_seconds", "Since the published version's figures were fetched."),
    ("underlag_dataset_rows", "Rows of the published version."),
    ("underlag_dataset_versions", "Versions that are kept."),
    (
        "underlag_dataset_release_overdue_seconds",
        "For how long the release that it waits for has been expected; 0 when what was expected has come.",
    ),
    ("process_resident_memory_bytes", "Resident memory size in bytes."),
    ("process_cpu_seconds_total", "Processor time used, in seconds."),
    ("process_open_fds", "Open file descriptors."),
    ("underlag_status_readable", "1 when ledger and lake could be read for this answer."),
];

/// The gauges in Prometheus' text format; without a status only what the process knows of itself.
pub fn gauges(status: Option<&Status>) -> String {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    with_local_recorder(&recorder, || {
        for (name, help) in GAUGES {
            describe_gauge!(name, help);
        }
        gauge!("underlag_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        gauge!("underlag_status_readable").set(truth(status.is_some()));
        if let Some(bytes) = process::resident_bytes() {
            gauge!("process_resident_memory_bytes").set(bytes as f64);
        }
        if let Some(seconds) = process::cpu_seconds() {
            gauge!("process_cpu_seconds_total").set(seconds);
        }
        if let Some(files) = process::open_files() {
            gauge!("process_open_fds").set(files as f64);
        }
        if let Some(status) = status {
            set(status);
        }
    });
    // The one counter among them is the system's.
    handle.render().replace("# TYPE process_cpu_seconds_total gauge", "# TYPE process_cpu_seconds_total counter")
}

fn truth(is_so: bool) -> f64 {
    f64::from(u8::from(is_so))
}

fn set(status: &Status) {
    let now = status.at;
    let seconds = |at: jiff::Timestamp| at.as_millisecond() as f64 / 1000.0;
    let since = |at: jiff::Timestamp| (seconds(now) - seconds(at)).max(0.0);
    gauge!("underlag_status_timestamp_seconds").set(seconds(now));
    gauge!("underlag_pipelines").set(status.pipelines.len() as f64);
    let daemon = status.daemon.as_ref();
    gauge!("underlag_daemon_running").set(truth(daemon.is_some_and(|daemon| daemon.alive)));
    gauge!("underlag_daemon_ready").set(truth(daemon.is_some_and(|daemon| daemon.ready)));
    gauge!("underlag_runs_running").set(daemon.map_or(0.0, |daemon| daemon.running as f64));
    gauge!("underlag_configuration_refused")
        .set(truth(daemon.is_some_and(|daemon| daemon.configuration.refused.is_some())));
    if let Some(daemon) = daemon {
        gauge!("underlag_daemon_start_time_seconds").set(seconds(daemon.since));
        gauge!("underlag_configuration_loaded_timestamp_seconds").set(seconds(daemon.configuration.loaded_at));
    }
    for row in &status.pipelines {
        let name = || row.pipeline.clone();
        let facts = [
            ("underlag_pipeline_last_run_timestamp_seconds", row.last_run.map(seconds)),
            ("underlag_pipeline_last_success_timestamp_seconds", Some(row.last_success.map_or(0.0, seconds))),
            ("underlag_pipeline_last_run_duration_seconds", row.took_secs),
            ("underlag_pipeline_failing", Some(truth(row.is_failing()))),
            ("underlag_pipeline_running", Some(truth(is_running(row)))),
            ("underlag_pipeline_waiting_for_accept", Some(truth(row.waiting.is_some()))),
            ("underlag_pipeline_late", Some(truth(row.late_since.is_some()))),
            ("underlag_pipeline_lateness_seconds", Some(row.late_since.map_or(0.0, since))),
            ("underlag_pipeline_next_due_timestamp_seconds", row.next_due.map(seconds)),
            ("underlag_pipeline_data_age_seconds", row.checked_at.map(since)),
        ];
        for (metric, value) in facts {
            if let Some(value) = value {
                gauge!(metric, "pipeline" => name()).set(value);
            }
        }
        for dataset in &row.datasets {
            let labels = [("pipeline", name()), ("dataset", dataset.dataset.clone())];
            if let Some(at) = dataset.fetched_at {
                gauge!("underlag_dataset_data_age_seconds", &labels).set(since(at));
            }
            gauge!("underlag_dataset_rows", &labels).set(dataset.rows as f64);
            gauge!("underlag_dataset_versions", &labels).set(dataset.versions as f64);
            if dataset.release_state.is_some() {
                let overdue = dataset.next_expected.map_or(0.0, since);
                gauge!("underlag_dataset_release_overdue_seconds", &labels).set(overdue);
            }
        }
    }
}

fn is_running(row: &PipelineStatus) -> bool {
    row.running.is_some() || row.last_outcome == Some(crate::ledger::Outcome::Running)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_is_told_of_without_a_status() {
        let text = gauges(None);
        for line in [
            "# TYPE underlag_build_info gauge",
            "underlag_status_readable 0",
            "# TYPE process_cpu_seconds_total counter",
            "# HELP process_resident_memory_bytes Resident memory size in bytes.",
        ] {
            assert!(text.contains(line), "{line} is not in:\n{text}");
        }
    }
}

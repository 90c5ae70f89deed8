//! The status pages: one row per pipeline, a page per pipeline and per run.
//! Everything that comes from elsewhere is escaped by the templates.

mod filters;

use std::sync::OnceLock;

use axum::extract::{self, Path};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{Html, IntoResponse, Redirect, Response};
use jiff::Timestamp;
use minijinja::value::Serde;
use minijinja::{Environment, Value, context};

use super::State;
use super::state::Unreadable;
use crate::ledger::{LogLine, Outcome};

const STYLESHEET: &str = include_str!("status.css");
const TEMPLATES: [(&str, &str); 5] = [
    ("base.html", include_str!("base.html")),
    ("overview.html", include_str!("overview.html")),
    ("pipeline.html", include_str!("pipeline.html")),
    ("run.html", include_str!("run.html")),
    ("absent.html", include_str!("absent.html")),
];

/// Runs and slots that a pipeline's page shows.
const PAST: u32 = 100;

pub(super) async fn to_overview() -> Redirect {
    Redirect::permanent("/status/")
}

pub(super) async fn stylesheet() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], STYLESHEET)
}

pub(super) async fn overview(extract::State(state): extract::State<State>) -> Result<Response, Unreadable> {
    let status = state.status().await?;
    Ok(page("overview.html", StatusCode::OK, context! { now => status.at.to_string(), status => shown(&*status) }))
}

pub(super) async fn pipeline(
    extract::State(state): extract::State<State>,
    Path(name): Path<String>,
) -> Result<Response, Unreadable> {
    let status = state.status().await?;
    let of = name.clone();
    let (runs, slots) = state
        .read(move |ledger, at_work| {
            let mut runs = ledger.runs(Some(&of), PAST)?;
            for run in &mut runs {
                run.outcome = run.outcome.seen(at_work);
            }
            Ok((runs, ledger.slots(Some(&of), PAST)?))
        })
        .await?;
    let row = status.pipeline(&name);
    // A pipeline that was taken away still has its past.
    if row.is_none() && runs.is_empty() && slots.is_empty() {
        return Ok(absent("there is no such pipeline", status.at));
    }
    let row = row.map(shown);
    let values = context! {
        now => status.at.to_string(), name, row, runs => shown(&runs), slots => shown(&slots),
    };
    Ok(page("pipeline.html", StatusCode::OK, values))
}

pub(super) async fn run(
    extract::State(state): extract::State<State>,
    Path(run): Path<String>,
) -> Result<Response, Unreadable> {
    let now = Timestamp::now();
    // One way to write a number, so that a run has one address.
    let Some(number) = run.parse::<i64>().ok().filter(|number| *number > 0 && number.to_string() == run) else {
        return Ok(absent("a run has a number", now));
    };
    let found = state
        .read(move |ledger, at_work| {
            let Some(mut entry) = ledger.run(number)? else { return Ok(None) };
            entry.outcome = entry.outcome.seen(at_work);
            let (detail, log) = (ledger.detail(number)?, ledger.log(number)?);
            Ok(Some((entry, detail, log)))
        })
        .await?;
    let Some((entry, detail, log)) = found else { return Ok(absent("there is no run of this number", now)) };
    let seconds = entry.ended_at.unwrap_or(now).duration_since(entry.started_at).as_secs_f64();
    let log: Vec<LogLine> = log;
    let values = context! {
        now => now.to_string(),
        seconds,
        is_running => entry.outcome == Outcome::Running,
        run => shown(&entry),
        detail => detail.as_ref().map(shown),
        log => shown(&log),
    };
    Ok(page("run.html", StatusCode::OK, values))
}

fn absent(why: &str, now: Timestamp) -> Response {
    page("absent.html", StatusCode::NOT_FOUND, context! { why, now => now.to_string() })
}

fn shown(value: impl serde::Serialize) -> Value {
    Value::from(Serde(value))
}

fn page(template: &str, status: StatusCode, values: Value) -> Response {
    match templates().get_template(template).and_then(|template| template.render(values)) {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => Unreadable(format!("the page could not be made: {error:#}")).into_response(),
    }
}

fn templates() -> &'static Environment<'static> {
    static ENVIRONMENT: OnceLock<Environment<'static>> = OnceLock::new();
    ENVIRONMENT.get_or_init(|| {
        let mut environment = Environment::new();
        filters::add_to(&mut environment);
        for (name, source) in TEMPLATES {
            if let Err(error) = environment.add_template(name, source) {
                tracing::error!(%error, name, "a template of the status page is faulty");
            }
        }
        environment
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_is_sound() {
        for (name, _) in TEMPLATES {
            templates().get_template(name).unwrap();
        }
    }
}

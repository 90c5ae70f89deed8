//! Each run's own log lines, information and worse: kept while it goes on, to
//! be written to the ledger. So many, and no longer than so; what is cut is said.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Dispatch, Event, Span, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::{LookupSpan, Registry};

use super::fields::{Fields, run_of};
use crate::ledger::LogLine;

/// Lines of a run that are kept: half of them its first, half its last.
const FIRST: usize = 1000;
const LAST: usize = 1000;

/// Characters of a line.
const LENGTH: usize = 2000;

/// Keeps what is logged within spans that [`begin_run`] made.
pub struct Keep;

/// What a run's span carries.
#[derive(Clone)]
pub(super) struct InRun {
    pub run: i64,
    pub pipeline: Arc<str>,
    lines: Arc<Mutex<Lines>>,
}

#[derive(Default)]
struct Lines {
    /// Numbered from 1, without those that were taken.
    first: Vec<LogLine>,
    last: VecDeque<LogLine>,
    seen: u32,
    cut: u32,
}

impl InRun {
    pub fn of(run: i64, pipeline: &str) -> Self {
        Self { run, pipeline: pipeline.into(), lines: Arc::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, level: &tracing::Level, text: &str) {
        let mut lines = self.lock();
        lines.seen += 1;
        let line = LogLine {
            line: lines.seen,
            at: Timestamp::now(),
            level: level.as_str().to_ascii_lowercase(),
            text: shortened(text),
        };
        if (lines.seen as usize) <= FIRST {
            lines.first.push(line);
            return;
        }
        lines.last.push_back(line);
        if lines.last.len() > LAST {
            lines.last.pop_front();
            lines.cut += 1;
        }
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}… ({} characters more)", &text[..end], text[end..].chars().count()),
        None => text.to_owned(),
    }
}

/// The way to a run's lines, for whoever writes them down.
pub struct RunLog {
    pub span: Span,
    kept: Option<InRun>,
}

/// A run's span; whatever is logged within it carries the run's number and is kept.
pub fn begin_run(run: i64, pipeline: &str) -> RunLog {
    // At the highest level, so that no filter takes the number off the lines that it lets through.
    let span = tracing::error_span!(target: "underlag", "run", run, pipeline);
    let kept = span.with_subscriber(|(id, dispatch)| of_span(id, dispatch)).flatten();
    RunLog { span, kept }
}

fn of_span(id: &Id, dispatch: &Dispatch) -> Option<InRun> {
    let span = dispatch.downcast_ref::<Registry>()?.span(id)?;
    let extensions = span.extensions();
    extensions.get::<InRun>().cloned()
}

impl RunLog {
    /// The first lines since they were taken last: safe to write down while the run goes on.
    pub fn take_first(&self) -> Vec<LogLine> {
        self.kept.as_ref().map(|kept| std::mem::take(&mut kept.lock().first)).unwrap_or_default()
    }

    /// All that is left, at the end.
    pub fn take_all(&self) -> Vec<LogLine> {
        let Some(kept) = &self.kept else { return Vec::new() };
        let mut kept = kept.lock();
        let mut lines = std::mem::take(&mut kept.first);
        if kept.cut > 0
            && let Some(next) = kept.last.front()
        {
            let text = format!("{} lines are left out here", kept.cut);
            lines.push(LogLine { line: next.line - 1, at: next.at, level: "info".to_owned(), text });
        }
        lines.extend(std::mem::take(&mut kept.last));
        lines
    }
}

/// Reads a run's number and pipeline off its span.
#[derive(Default)]
struct Who {
    run: Option<i64>,
    pipeline: String,
}

impl Visit for Who {
    fn record_i64(&mut self, field: &Field, value: i64) {
        if field.name() == "run" {
            self.run = Some(value);
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "pipeline" {
            value.clone_into(&mut self.pipeline);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Keep {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if attributes.metadata().name() != "run" || attributes.metadata().target() != "underlag" {
            return;
        }
        let mut who = Who::default();
        attributes.record(&mut who);
        if let (Some(run), Some(span)) = (who.run, context.span(id)) {
            span.extensions_mut().insert(InRun::of(run, &who.pipeline));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if let Some(run) = run_of(event, &context) {
            run.add(event.metadata().level(), &Fields::of(event).sentence(&["pipeline"]));
        }
    }
}

#[cfg(test)]
mod tests {
    use tracing::Instrument as _;
    use tracing_subscriber::filter::LevelFilter;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    fn keeping() -> impl Subscriber + Send + Sync {
        // As in the program: a strict filter beside does not take anything from what is kept.
        let strict = tracing_subscriber::fmt::layer().with_writer(std::io::sink).with_filter(LevelFilter::ERROR);
        Registry::default().with(Keep.with_filter(LevelFilter::INFO)).with(strict)
    }

    #[tokio::test]
    async fn a_runs_lines_are_its_own_and_hold_no_secret() {
        let _guard = tracing::subscriber::set_default(keeping());
        let (one, other) = (begin_run(1, "folk"), begin_run(2, "annonser"));
        async {
            tracing::info!(pipeline = "folk", url = "https://a.example/?api_key=abc", "asking");
            tokio::task::yield_now().await;
            tracing::debug!("not kept");
            tracing::info_span!("inner").in_scope(|| tracing::warn!("from within"));
        }
        .instrument(one.span.clone())
        .await;
        other.span.in_scope(|| tracing::info!("another's"));
        tracing::info!("nobody's");
        let texts = |log: &RunLog| -> Vec<String> {
            log.take_all().into_iter().map(|line| format!("{} {} {}", line.line, line.level, line.text)).collect()
        };
        assert_eq!(texts(&one), ["1 info asking url=https://a.example/?api_key=***", "2 warn from within"]);
        assert_eq!(texts(&other), ["1 info another's"]);
        assert_eq!(texts(&one), Vec::<String>::new());
    }

    #[test]
    fn a_long_log_keeps_its_beginning_and_its_end_and_says_what_is_cut() {
        let run = InRun::of(7, "folk");
        let log = RunLog { span: Span::none(), kept: Some(run.clone()) };
        for number in 1..=2500 {
            run.add(&tracing::Level::INFO, &format!("rad {number}"));
        }
        run.add(&tracing::Level::INFO, &"å".repeat(3000));
        let early = log.take_first();
        assert_eq!((early.len(), early[999].text.as_str()), (1000, "rad 1000"));
        let rest = log.take_all();
        assert_eq!(rest.len(), 1001);
        assert_eq!((rest[0].line, rest[0].text.as_str()), (1501, "501 lines are left out here"));
        assert_eq!((rest[1].line, rest[1].text.as_str()), (1502, "rad 1502"));
        let longest = &rest[1000].text;
        assert!(longest.ends_with("å… (1000 characters more)") && longest.chars().count() < 2050, "{}", longest.len());
    }

    #[test]
    fn without_a_log_a_run_goes_on() {
        let _guard = tracing::subscriber::set_default(tracing::subscriber::NoSubscriber::default());
        let log = begin_run(3, "folk");
        log.span.in_scope(|| tracing::error!("to nobody"));
        assert!(log.take_first().is_empty() && log.take_all().is_empty());
    }
}

//! Runs pipelines and renders the site after them, away from timers, signals and HTTP: on threads of its own. The
//! lake's lock is held only while something is at work, so that commands by hand work beside the daemon.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::runtime::{Handle, Runtime};
use tokio::sync::{Mutex as Queue, mpsc};

use crate::lake::{Lake, LakeError, Lock};
use crate::ledger::Outcome;
use crate::metrics;
use crate::release::Overdue;
use crate::run::{self, Options, Problem, Progress, Verdict, Workshop, collect, render_site, settle, settled};
use crate::schedule::{Cause, Start};
use crate::tell::{Said, Teller};

use super::beat::{Ended, Message, Work};
use super::facts::{facts, may_pass};

/// How often another command's lock is looked at.
const LOOK: Duration = Duration::from_millis(250);
/// Pages say when figures were last checked; nothing else having changed, that is brought up to date this often.
const RENDER_ANYWAY: Duration = Duration::from_hours(6);

pub struct Worker {
    /// None when this is being dropped.
    runtime: Option<Runtime>,
    shared: Arc<Shared>,
    since: Timestamp,
}

struct Shared {
    workshop: Mutex<Arc<Workshop>>,
    /// Whose turn it is to take the lock.
    entry: Queue<()>,
    place: Mutex<Place>,
    site: Queue<Site>,
    progress: Arc<Progress>,
    teller: Arc<Teller>,
}

/// Who is at work under the lake's lock.
#[derive(Default)]
struct Place {
    at_work: usize,
    lock: Option<Lock>,
}

#[derive(Default)]
struct Site {
    rendered: Option<Timestamp>,
    /// What the retention lets go of has not been looked for since something was published.
    to_collect: bool,
}

/// Leave to write, together with all others who have it.
struct Leave(Arc<Shared>);

impl Drop for Leave {
    fn drop(&mut self) {
        let mut place = held(&self.0.place);
        place.at_work -= 1;
        if place.at_work == 0 {
            place.lock = None;
        }
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What panicked meanwhile left nothing half done: each holds it for a moment.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Worker {
    pub fn new(workshop: Arc<Workshop>, teller: Arc<Teller>) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().thread_name("work").enable_all().build()?;
        let shared = Shared {
            workshop: Mutex::new(workshop),
            entry: Queue::default(),
            place: Mutex::default(),
            site: Queue::default(),
            progress: Arc::new(Progress::new(|line| tracing::info!("{line}"))),
            teller,
        };
        Ok(Self { runtime: Some(runtime), shared: Arc::new(shared), since: Timestamp::now() })
    }

    /// Where what takes the processor for long is to be done.
    pub fn handle(&self) -> Option<Handle> {
        self.runtime.as_ref().map(|runtime| runtime.handle().clone())
    }

    pub fn workshop(&self) -> Arc<Workshop> {
        Arc::clone(&held(&self.shared.workshop))
    }

    /// Runs that begin from now on are under this; those under way end as they began.
    pub fn swap(&self, workshop: Arc<Workshop>) {
        *held(&self.shared.workshop) = workshop;
    }

    /// Ends what the last process left open, when no other command is at work.
    pub async fn settle(&self) -> Result<(), Problem> {
        self.shared.enter().await.map(drop)
    }

    /// Publishes the site, whether or not anything ran.
    pub fn render(&self) {
        if let Some(runtime) = &self.runtime {
            let shared = Arc::clone(&self.shared);
            runtime.spawn(async move {
                if let Ok(leave) = shared.enter().await {
                    shared.render(true, leave).await;
                }
            });
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // What still runs is safe to cut off, and was given its time.
            runtime.shutdown_background();
        }
    }
}

impl Work for Worker {
    fn start(&self, start: Start, tell: mpsc::UnboundedSender<Message>) {
        let Some(runtime) = &self.runtime else { return };
        let shared = Arc::clone(&self.shared);
        let workshop = self.workshop();
        let name = start.pipeline.clone();
        let task = runtime.spawn({
            let tell = tell.clone();
            async move { shared.run(&workshop, start, &tell).await }
        });
        runtime.spawn(async move {
            // A panic is a fault of this program, and no reason for the rest to stop.
            if let Err(error) = task.await {
                tracing::error!(pipeline = name, %error, "a run ended in a fault of the program; please report it");
                let _ = tell.send(Message::Ended(Ended {
                    pipeline: name,
                    outcome: Outcome::Failed,
                    run: None,
                    may_pass: false,
                }));
            }
        });
    }

    fn next_poll(&self, pipeline: &str, after: Timestamp) -> Option<Timestamp> {
        let workshop = self.workshop();
        let pipeline = workshop.config.pipelines.get(pipeline)?;
        let next = || {
            // A run that failed has asked too. A new pipeline waits like any other: it is not due because it is there.
            let runs = workshop.ledger.runs(Some(&pipeline.name), 1)?;
            let asked = runs.first().map_or(self.since, |run| run.ended_at.unwrap_or(run.started_at));
            run::next_poll(&workshop.ledger, pipeline, Some(asked), after)
        };
        match next() {
            Ok(next) => next.map(|(at, _)| at),
            Err(error) => {
                tracing::warn!(pipeline = pipeline.name, %error, "its releases are not polled");
                None
            }
        }
    }

    fn overdue(&self, pipeline: &str) -> Option<Overdue> {
        let workshop = self.workshop();
        let pipeline = workshop.config.pipelines.get(pipeline)?;
        run::overdue(&workshop.ledger, pipeline).unwrap_or_else(|error| {
            tracing::warn!(pipeline = pipeline.name, %error, "whether its releases are late is not known");
            None
        })
    }

    fn stop(&self) {
        self.workshop().stop().cancel();
    }
}

impl Shared {
    async fn run(self: Arc<Self>, workshop: &Arc<Workshop>, start: Start, tell: &mpsc::UnboundedSender<Message>) {
        let name = start.pipeline;
        let began = |run| {
            let _ = tell.send(Message::Began { pipeline: name.clone(), run });
        };
        let leave = match self.enter().await {
            Ok(leave) => leave,
            Err(problem) => {
                tracing::error!(pipeline = name, error = %problem, hint = problem.hint(), "could not begin");
                let outcome = if problem.is_stop() { Outcome::Interrupted } else { Outcome::Failed };
                let ended = Ended { pipeline: name, outcome, run: None, may_pass: false };
                let _ = tell.send(Message::Ended(ended));
                return;
            }
        };
        let causes: Vec<String> = start.causes.iter().map(ToString::to_string).collect();
        let started_by = Some(causes.join(", ")).filter(|causes| !causes.is_empty());
        // One that is tried again was meant to wait.
        let is_retry = start.causes.iter().any(|cause| matches!(cause, Cause::Retry(_)));
        if let Some(slot) = start.slots.last().filter(|_| !is_retry) {
            metrics::slot_started(Timestamp::now().duration_since(*slot).try_into().unwrap_or_default());
        }
        let options = Options { started_by, ..Options::default() };
        let verdict = run::run_one(workshop, &name, options, &self.progress, began).await;
        let Some(verdict) = verdict else {
            // It was taken out of the configuration between its slot and its start.
            let ended = Ended { pipeline: name, outcome: Outcome::Interrupted, run: None, may_pass: false };
            let _ = tell.send(Message::Ended(ended));
            return;
        };
        say(&verdict);
        if let Some(ran) = facts(&verdict, &workshop.config, &workshop.lake) {
            let said = Said::of_run(&ran, self.teller.revision_above());
            if let Err(error) = self.teller.observe(&said) {
                tracing::warn!(%error, "what the run came to is not told to anybody");
            }
        }
        let (outcome, run) = (verdict.outcome(), verdict.run);
        let may_pass = verdict.result.as_ref().is_err_and(may_pass);
        let ended = Ended { pipeline: name, outcome, run, may_pass };
        let _ = tell.send(Message::Ended(ended));
        if outcome != Outcome::Interrupted {
            self.render(outcome == Outcome::Published, leave).await;
        }
    }

    /// Waits for other commands to end, and ends what a crash of theirs left open.
    async fn enter(self: &Arc<Self>) -> Result<Leave, Problem> {
        let _first = self.entry.lock().await;
        let workshop = Arc::clone(&held(&self.workshop));
        let mut told = false;
        loop {
            workshop.go_on()?;
            {
                let mut place = held(&self.place);
                if place.at_work > 0 {
                    place.at_work += 1;
                    return Ok(Leave(Arc::clone(self)));
                }
            }
            match workshop.lake.lock() {
                Ok(lock) => {
                    let mut place = held(&self.place);
                    place.lock = Some(lock);
                    place.at_work = 1;
                    break;
                }
                Err(LakeError::Locked { holder, .. }) => {
                    if !told {
                        told = true;
                        let holder = holder.unwrap_or_else(|| "another underlag".to_owned());
                        tracing::info!(holder, "waiting for another command to end");
                    }
                    let _ = workshop.stop().run_until_cancelled(tokio::time::sleep(LOOK)).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
        let leave = Leave(Arc::clone(self));
        tidy(&workshop)?;
        Ok(leave)
    }

    /// Renders the site, one at a time, where there is something new to show; and tidies up after whoever ends last.
    async fn render(&self, changed: bool, leave: Leave) {
        let mut site = self.site.lock().await;
        let now = Timestamp::now();
        let due = site.rendered.is_none_or(|at| now.duration_since(at).unsigned_abs() >= RENDER_ANYWAY);
        let workshop = Arc::clone(&held(&self.workshop));
        if workshop.stop().is_cancelled() {
            return;
        }
        if !(changed || due) {
            return self.collect(&mut site, workshop, leave).await;
        }
        site.to_collect = true;
        let rendered = tokio::task::spawn_blocking({
            let workshop = Arc::clone(&workshop);
            move || (render_site(&workshop), leave)
        });
        let (rendered, leave) = match rendered.await {
            Ok(done) => done,
            Err(error) => {
                tracing::error!(%error, "rendering the site ended in a fault of the program; please report it");
                return;
            }
        };
        match rendered {
            Ok(outcome) => {
                site.rendered = Some(now);
                if let Some(version) = outcome.as_ref().and_then(|outcome| outcome.version.as_ref()) {
                    let pages = outcome.as_ref().map_or(0, |outcome| outcome.pages);
                    tracing::info!(version, pages, "the site is published");
                }
            }
            Err(problem) => {
                tracing::error!(error = %problem, hint = problem.hint(), "the site could not be rendered; the last one stays");
            }
        }
        self.collect(&mut site, workshop, leave).await;
    }

    /// Applies the retention, if nobody else is at work, and keeps others from beginning meanwhile: what a crash left
    /// half-written looks like what a run is writing. While others are, it is left to the last of them.
    async fn collect(&self, site: &mut Site, workshop: Arc<Workshop>, leave: Leave) {
        let _nobody_enters = self.entry.lock().await;
        if !site.to_collect || held(&self.place).at_work > 1 {
            return;
        }
        site.to_collect = false;
        let collected = tokio::task::spawn_blocking(move || {
            let _leave = leave;
            collect(&workshop, false)
        });
        match collected.await {
            Ok(Ok(_)) => {}
            Ok(Err(problem)) => tracing::warn!(error = %problem, "the retention was not applied"),
            Err(error) => tracing::error!(%error, "tidying up ended in a fault of the program; please report it"),
        }
    }
}

/// What a crash left open, of this program or another's command.
fn tidy(workshop: &Workshop) -> Result<(), Problem> {
    for note in workshop.reconcile()?.into_iter().chain(settled(&workshop.lake)?).chain(settle(workshop)?) {
        tracing::info!("{note}");
    }
    Ok(())
}

/// How it ended is told by the run itself; here what it means for an operator.
fn say(verdict: &Verdict) {
    let (pipeline, run) = (&verdict.pipeline, verdict.run);
    if let Err(problem) = &verdict.result
        && !problem.is_stop()
    {
        tracing::error!(pipeline, run, code = %problem.code(), hint = problem.hint(), "{problem}");
    }
    for note in &verdict.notes {
        tracing::info!(pipeline, run, "{note}");
    }
}

/// Everything that is published can be read: each pointer, its manifest, and its files with the length they should
/// have. `verify` also reads what is in them.
pub fn look_through(lake: &Lake) -> Result<(), Vec<String>> {
    let mut damage = Vec::new();
    match lake.datasets() {
        Ok(datasets) => damage.extend(datasets.iter().filter_map(|dataset| look_at(lake, dataset).err())),
        Err(error) => damage.push(error.to_string()),
    }
    if damage.is_empty() { Ok(()) } else { Err(damage) }
}

fn look_at(lake: &Lake, dataset: &str) -> Result<(), String> {
    let Some(manifest) = lake.current(dataset).map_err(|error| error.to_string())? else { return Ok(()) };
    let data = lake.root().join("datasets").join(dataset).join("current");
    if !data.exists() {
        // In object storage, where a look at each file would be a call.
        return Ok(());
    }
    for file in &manifest.files {
        let path = data.join(&file.path);
        let length = std::fs::metadata(&path).map_err(|error| format!("{}: {error}", path.display()))?.len();
        if length != file.size {
            return Err(format!("{} has {length} bytes and should have {}", path.display(), file.size));
        }
    }
    Ok(())
}

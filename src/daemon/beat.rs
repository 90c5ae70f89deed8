//! The loop: one task that hears what happens, asks the schedule what that means, writes it down, and starts what is
//! due. Nothing in it waits for a run, a call or a page, so that whatever those do, it hears signals and feeds the
//! watchdog.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{mpsc, oneshot};

use crate::ledger::{Ledger, LedgerError, Outcome, SLOTS_KEPT};
use crate::release::Overdue;
use crate::schedule::{Cause, Event, Job, Scheduler, SlotEntry, Start};

use super::clock::Clock;
use super::late::Late;
use super::live::{Configuration, PipelineLive, Shown};
use super::polls::Polls;

/// Everything that can happen to the daemon, apart from time going on.
#[derive(Debug)]
pub enum Message {
    Began {
        pipeline: String,
        run: i64,
    },
    Ended(Ended),
    /// The configuration was read again: what is in force from now on, or why what was stays.
    Read(Box<Result<Taken, String>>),
    /// Told to stop; `stopped` hears when nothing is under way.
    Stop {
        stopped: oneshot::Sender<()>,
    },
}

/// A configuration that was taken.
#[derive(Debug)]
pub struct Taken {
    pub plan: Plan,
    /// `added a; removed b; changed c`.
    pub changed: String,
}

/// What of the configuration the loop goes by.
#[derive(Clone, Debug)]
pub struct Plan {
    pub jobs: Vec<Job>,
    /// So many runs at a time.
    pub places: usize,
}

/// Whatever can run a pipeline.
pub trait Work: Send + Sync + 'static {
    /// Begins, and says `Began` and `Ended` in its time.
    fn start(&self, start: Start, tell: mpsc::UnboundedSender<Message>);
    /// When a pipeline that waits for releases is to be asked next.
    fn next_poll(&self, pipeline: &str, after: Timestamp) -> Option<Timestamp>;
    /// The release that it waits for.
    fn overdue(&self, pipeline: &str) -> Option<Overdue>;
    /// Nothing more is to be begun: no run, and no further step of one.
    fn stop(&self);
}

/// What came of a run, as far as the loop needs to know.
#[derive(Debug)]
pub struct Ended {
    pub pipeline: String,
    pub outcome: Outcome,
    pub run: Option<i64>,
    /// If it failed, for something that may be over by and by.
    pub may_pass: bool,
}

/// What the loop tells others of.
pub trait Tell: Send + Sync + 'static {
    /// Whether anybody looks: what nobody sees need not be put together.
    fn listens(&self) -> bool {
        true
    }
    /// Something is different from before.
    fn shown(&self, shown: &Shown);
    /// A run ended.
    fn ended(&self, ended: &Ended);
    /// A pipeline became late, or is late no longer.
    fn late(&self, pipeline: &str, late: Option<&Late>, now: Timestamp);
    /// Once a round, from the loop itself.
    fn alive(&self);
}

pub struct Beat<C, W, T> {
    pub clock: C,
    pub work: Arc<W>,
    pub tell: T,
    pub ledger: Arc<Ledger>,
    scheduler: Scheduler,
    polls: Polls,
    shown: Shown,
    late: BTreeMap<String, Late>,
    own: mpsc::UnboundedSender<Message>,
    hears: mpsc::UnboundedReceiver<Message>,
    stopped: Option<oneshot::Sender<()>>,
    pruned: Timestamp,
    told: Option<Shown>,
    /// Every run up to this number that published is known of.
    seen: i64,
    /// Runs of this daemon, until they are found among those that published.
    ours: BTreeSet<i64>,
    looked: Timestamp,
    /// Not written down yet, and so not begun: the ledger could not be written.
    pending: Vec<Event>,
}

/// How often the ledger is asked for the runs of others.
const LOOK: SignedDuration = SignedDuration::from_secs(5);
/// What came of slots is tidied away this often.
const PRUNE: SignedDuration = SignedDuration::from_hours(24);

impl<C: Clock, W: Work, T: Tell> Beat<C, W, T> {
    /// Goes on where the ledger says that the last one ended. Runs that a crash left open must have been ended in it.
    pub fn new(
        plan: Plan,
        ledger: Arc<Ledger>,
        work: Arc<W>,
        (clock, tell): (C, T),
        (own, hears): (mpsc::UnboundedSender<Message>, mpsc::UnboundedReceiver<Message>),
    ) -> Result<Self, LedgerError> {
        let now = clock.now();
        let (scheduler, events) = Scheduler::start(plan.jobs, plan.places, ledger.memory()?, now);
        let configuration = Configuration { loaded_at: now, changed: String::new(), refused_at: None, refused: None };
        let shown = Shown {
            process: std::process::id(),
            program: crate::PROGRAM.to_owned(),
            since: now,
            ready: true,
            why_not_ready: None,
            configuration,
            pipelines: BTreeMap::new(),
            running: 0,
            stopping: false,
        };
        let polls = Polls::new(scheduler.pipelines(), &*work, now);
        let late = Late::told(&ledger)?;
        let seen = ledger.latest_run()?;
        let mut beat = Self {
            clock,
            work,
            tell,
            ledger,
            scheduler,
            polls,
            shown,
            late,
            own,
            hears,
            stopped: None,
            pruned: now,
            told: None,
            pending: Vec::new(),
            seen,
            ours: BTreeSet::new(),
            looked: now,
        };
        beat.act(events);
        beat.show();
        Ok(beat)
    }

    /// Until told to stop and nothing is under way.
    pub async fn go(mut self) {
        loop {
            self.round();
            if self.scheduler.running() == 0
                && let Some(stopped) = self.stopped.take()
            {
                let _ = stopped.send(());
                return;
            }
            tokio::select! {
                // What happened goes before what is due, so that a run's end is known before its next slot is judged.
                biased;
                heard = self.hears.recv() => {
                    if let Some(message) = heard {
                        self.hear(message);
                    }
                }
                () = self.clock.wake(self.scheduler.next_wake()) => {}
            }
        }
    }

    /// Everything that is due by now.
    fn round(&mut self) {
        // Whatever has happened meanwhile is taken in first.
        while let Ok(message) = self.hears.try_recv() {
            self.hear(message);
        }
        let now = self.clock.now();
        let events = self.scheduler.tick(now);
        self.act(events);
        if !self.shown.stopping {
            for pipeline in self.polls.due(now) {
                let events = self.scheduler.request(&pipeline, Cause::Release, now);
                self.act(events);
            }
        }
        if now.duration_since(self.pruned) >= PRUNE {
            self.pruned = now;
            if let Err(error) = self.ledger.prune_slots(now.saturating_sub(SLOTS_KEPT).unwrap_or(Timestamp::MIN)) {
                tracing::warn!(%error, "old slots were not tidied away");
            }
        }
        self.look_for_others(now);
        if self.tell.listens() {
            self.judge_late(now);
            self.show();
        }
        self.tell.alive();
    }

    fn hear(&mut self, message: Message) {
        let now = self.clock.now();
        let events = match message {
            Message::Began { pipeline, run } => {
                self.ours.insert(run);
                self.shown.pipelines.entry(pipeline.clone()).or_default().running = Some(run);
                self.scheduler.began(&pipeline, run, now)
            }
            Message::Ended(ended) => {
                self.shown.pipelines.entry(ended.pipeline.clone()).or_default().running = None;
                self.tell.ended(&ended);
                if let Some(run) = ended.run.filter(|_| ended.outcome != Outcome::Published) {
                    self.ours.remove(&run);
                }
                let events = self.scheduler.ended(&ended.pipeline, ended.outcome, ended.may_pass, now);
                self.polls.ended(&ended.pipeline, &*self.work, now);
                events
            }
            Message::Read(read) => match *read {
                Ok(taken) => self.take(taken, now),
                Err(why) => {
                    self.shown.configuration.refused_at = Some(now);
                    self.shown.configuration.refused = Some(why);
                    Vec::new()
                }
            },
            Message::Stop { stopped } => {
                self.shown.stopping = true;
                self.shown.ready = false;
                self.shown.why_not_ready = Some("it is stopping".to_owned());
                self.stopped = Some(stopped);
                self.scheduler.stop();
                self.work.stop();
                Vec::new()
            }
        };
        self.act(events);
    }

    fn take(&mut self, Taken { plan, changed }: Taken, now: Timestamp) -> Vec<Event> {
        self.shown.configuration = Configuration { loaded_at: now, changed, refused_at: None, refused: None };
        let events = self.scheduler.reload(plan.jobs, plan.places, now);
        self.polls = Polls::new(self.scheduler.pipelines(), &*self.work, now);
        let scheduler = &self.scheduler;
        self.shown.pipelines.retain(|name, live| live.running.is_some() || scheduler.pipelines().any(|is| is == name));
        events
    }

    /// Writes everything down, then starts what is to start. Where the ledger can't be written, as on a full disk,
    /// nothing starts, and it is tried again in the next round.
    fn act(&mut self, events: Vec<Event>) {
        self.pending.extend(events);
        if self.pending.is_empty() {
            return;
        }
        if let Err(error) = self.ledger.record(&self.pending) {
            let why = format!("{error}; nothing starts until it can be written");
            if self.shown.why_not_ready.as_ref() != Some(&why) {
                tracing::error!(hint = error.hint(), "{why}");
                self.shown.ready = false;
                self.shown.why_not_ready = Some(why);
            }
            return;
        }
        if !self.shown.ready && !self.shown.stopping {
            tracing::info!("the ledger can be written again");
            self.shown.ready = true;
            self.shown.why_not_ready = None;
        }
        for event in std::mem::take(&mut self.pending) {
            match event {
                Event::Start(start) => self.work.start(start, self.own.clone()),
                Event::Slot(slot) if !slot.state.is_open() => {
                    let SlotEntry { pipeline, due_at, count, state, why, .. } = slot;
                    tracing::debug!(pipeline, %due_at, count, %state, why, "slot");
                }
                _ => {}
            }
        }
    }

    /// What `underlag run` published by hand is followed too.
    fn look_for_others(&mut self, now: Timestamp) {
        if now.duration_since(self.looked).abs() < LOOK {
            return;
        }
        self.looked = now;
        let Ok(published) = self.ledger.published_since(self.seen) else { return };
        for (run, pipeline) in published {
            self.seen = self.seen.max(run);
            if !self.ours.remove(&run) {
                let events = self.scheduler.published(&pipeline, now);
                self.act(events);
                self.polls.published(&pipeline, &*self.work);
            }
        }
    }

    fn judge_late(&mut self, now: Timestamp) {
        let judge = |name: &str| {
            let release = self.polls.overdue(name).filter(|_| self.scheduler.polls(name));
            Some((name.to_owned(), Late::new(self.scheduler.late_since(name, now), release, now)?))
        };
        let is: BTreeMap<String, Late> = self.scheduler.pipelines().filter_map(judge).collect();
        for (name, late) in &is {
            if self.late.get(name) != Some(late) {
                self.tell.late(name, Some(late), now);
            }
        }
        for name in self.late.keys().filter(|name| !is.contains_key(*name)) {
            self.tell.late(name, None, now);
        }
        self.late = is;
    }

    /// Says how things are, where that is different from what was said.
    fn show(&mut self) {
        let names: Vec<String> = self.scheduler.pipelines().map(str::to_owned).collect();
        for name in names {
            let cron = self.scheduler.next_due(&name).map(|(at, cause)| (at, cause.to_string()));
            let poll = self.polls.next(&name).map(|at| (at, Cause::Release.to_string()));
            let next = cron.into_iter().chain(poll).min();
            let live: &mut PipelineLive = self.shown.pipelines.entry(name.clone()).or_default();
            live.next_due = next.as_ref().map(|(at, _)| *at);
            live.next_why = next.map(|(_, why)| why).unwrap_or_default();
            live.queued = self.scheduler.is_queued(&name);
            let late = self.late.get(&name);
            live.late_since = late.and_then(Late::since);
            live.late_why = late.map(Late::why).unwrap_or_default();
        }
        self.shown.running = self.scheduler.running();
        if self.told.as_ref() != Some(&self.shown) {
            self.tell.shown(&self.shown);
            self.told = Some(self.shown.clone());
        }
    }
}

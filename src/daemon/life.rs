//! From start to stop: everything is looked through before anybody is told that it is ready, and given its time to end.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_cron_scheduler::JobSchedulerError;
use tokio_util::sync::CancellationToken;

use crate::codes::{self, Code};
use crate::config::Config;
use crate::ledger::LedgerError;
use crate::reference::Reference;
use crate::run::{Problem, Workshop};
use crate::schedule::jobs;
use crate::tell::{Said, Teller};
use crate::{metrics, serve};

use super::beat::{Beat, Message, Plan, Taken};
use super::reload::{difference, needs_restart};
use super::voice::Voice;
use super::wake::Machine;
use super::watcher::Watcher;
use super::work::{Worker, look_through};
use super::{live, systemd};

/// Reads and checks the whole configuration; if it is refused, every problem as `check` shows it.
pub type Load = Arc<dyn Fn() -> Loading + Send + Sync>;
type Loading = Pin<Box<dyn Future<Output = Result<(Config, Reference), String>> + Send>>;

#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    #[error("another daemon is at work in {}{holder}", path.display())]
    Another { path: PathBuf, holder: String },
    #[error("the lake is damaged:\n  {}", damage.join("\n  "))]
    Damaged { damage: Vec<String> },
    #[error("could not listen on {listen}: {error}")]
    Listen { listen: SocketAddr, error: std::io::Error },
    #[error("could not start: {0}")]
    Start(#[from] std::io::Error),
    #[error("could not start the wake-up: {0}")]
    Wake(#[from] JobSchedulerError),
    #[error("could not watch the configuration: {0}")]
    Watch(#[from] notify::Error),
    #[error(transparent)]
    Problem(#[from] Problem),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl DaemonError {
    pub fn code(&self) -> Code {
        match self {
            Self::Another { .. } => codes::ANOTHER_DAEMON,
            Self::Damaged { .. } => codes::DAMAGED,
            Self::Listen { .. } => codes::LISTEN,
            Self::Start(_) | Self::Wake(_) | Self::Watch(_) => codes::DAEMON_START,
            Self::Problem(problem) => problem.code(),
            Self::Ledger(error) => error.code(),
        }
    }

    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Another { .. } => Some("stop it first, or give another --data-dir".to_owned()),
            Self::Damaged { .. } => Some(
                "`underlag verify` tells all that is damaged; with --repair it mends what can be mended".to_owned(),
            ),
            Self::Listen { .. } => Some("give another address as [server] listen in underlag.toml".to_owned()),
            Self::Problem(problem) => problem.hint(),
            Self::Ledger(error) => error.hint().map(str::to_owned),
            Self::Start(_) | Self::Wake(_) => None,
            Self::Watch(_) => Some("the system may allow more watches: sysctl fs.inotify.max_user_watches".to_owned()),
        }
    }
}

/// Runs until it is told to stop. `announce` hears the site's address.
pub async fn live(workshop: Arc<Workshop>, load: Load, announce: impl FnOnce(SocketAddr)) -> Result<(), DaemonError> {
    let root = workshop.lake.root().to_owned();
    let config = workshop.config.clone();
    let _only = only(&root)?;
    systemd::starting("looking through the lake");
    let listen = config.server.listen;
    let (listener, address) = serve::bind(listen).await.map_err(|error| DaemonError::Listen { listen, error })?;
    metrics::install();
    metrics::begin(config.pipelines.keys().map(String::as_str), config.sources.keys().map(String::as_str));
    let teller = Arc::new(Teller::new(&config, Arc::clone(&workshop.ledger)));
    let worker = Arc::new(Worker::new(Arc::clone(&workshop), Arc::clone(&teller))?);
    worker.settle().await?;
    look_through(&workshop.lake).map_err(|damage| DaemonError::Damaged { damage })?;

    let (say, hears) = mpsc::unbounded_channel();
    let voice = Voice::new(&root, Arc::clone(&teller));
    let machine = Machine::start().await?;
    let wake = machine.handle();
    let ledger = Arc::clone(&workshop.ledger);
    let beat = Beat::new(plan(&config), ledger, Arc::clone(&worker), (machine, voice), (say.clone(), hears))?;
    let reread = Arc::new(Notify::new());
    let mut watcher = Watcher::start({
        let reread = Arc::clone(&reread);
        move || reread.notify_one()
    })?;
    watcher.watch(folders(&config));
    let pages = serve::State::new(Arc::new(config.clone()));
    let rereader = Rereader {
        worker: Arc::clone(&worker),
        load,
        teller: Arc::clone(&teller),
        pages: pages.clone(),
        say: say.clone(),
    };
    let rereading = tokio::spawn(rereader.whenever_told(Arc::clone(&reread), watcher));
    let quiet = CancellationToken::new();
    let delivering = tokio::spawn({
        let quiet = quiet.clone();
        async move { teller.deliver(quiet).await }
    });
    let (close, closed) = oneshot::channel::<()>();
    let site = tokio::spawn(async move {
        let closed = async { drop(closed.await) };
        serve::serve(listener, serve::router(pages), serve::Limits::default(), closed).await
    });
    let beating = tokio::spawn(beat.go());
    worker.render();
    announce(address);
    systemd::ready("ready");
    tracing::info!(%address, pipelines = config.pipelines.len(), "ready");

    let grace = config.daemon.shutdown_grace;
    signals(&reread).await?;
    tracing::info!(grace_secs = grace.as_secs(), "stopping: nothing more begins");
    systemd::stopping(grace);
    rereading.abort();
    let (stopped, ended) = oneshot::channel();
    let _ = say.send(Message::Stop { stopped });
    let calm = async {
        let _ = ended.await;
        let _ = close.send(());
        quiet.cancel();
        let _ = tokio::join!(site, delivering);
    };
    tokio::select! {
        () = calm => tracing::info!("stopped"),
        () = tokio::time::sleep(grace) => {
            tracing::warn!("not everything ended in time; what was cut off is taken up at the next start");
        }
        again = told_to_stop() => {
            drop(again);
            tracing::warn!("told to stop again: ending at once");
        }
    }
    beating.abort();
    let mut wake = wake;
    if let Err(error) = wake.shutdown().await {
        tracing::debug!(%error, "the wake-up did not stop cleanly");
    }
    Ok(())
}

fn plan(config: &Config) -> Plan {
    Plan { jobs: jobs(config), places: config.run.max_parallel_pipelines }
}

/// One daemon per data folder; whoever else writes there goes by the lake's own lock.
fn only(root: &Path) -> Result<File, DaemonError> {
    let path = root.join("daemon.lock");
    let mut file = File::options().create(true).read(true).append(true).open(&path)?;
    match file.try_lock() {
        Ok(()) => {
            let signed = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
            if let Err(error) = signed {
                tracing::debug!(%error, "daemon.lock does not say who holds it");
            }
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let _ = (&file).take(32).read_to_string(&mut holder);
            let holder = holder.trim().parse::<u32>().map(|id| format!(": process {id}")).unwrap_or_default();
            Err(DaemonError::Another { path: root.to_owned(), holder })
        }
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Where an edit means another configuration.
fn folders(config: &Config) -> Vec<PathBuf> {
    let own = config.file.parent().map(Path::to_owned);
    let others = [&config.pipelines_dir, &config.reports_dir, &config.reference_dir].map(Clone::clone);
    own.into_iter().chain(others).collect()
}

/// Reads the configuration again: all of it is swapped, or nothing.
struct Rereader {
    worker: Arc<Worker>,
    load: Load,
    teller: Arc<Teller>,
    pages: serve::State,
    say: mpsc::UnboundedSender<Message>,
}

impl Rereader {
    async fn whenever_told(self, told: Arc<Notify>, mut watcher: Watcher) {
        loop {
            told.notified().await;
            systemd::reloading();
            let read = self.reread().await;
            if let Err(error) = self.tell(&read) {
                tracing::warn!(%error, "what became of the configuration is not told to anybody");
            }
            watcher.watch(folders(&self.worker.workshop().config));
            let message = match read {
                Ok(Some(taken)) => Ok(taken),
                // Also an edit that was taken back ends what was shown of its refusal.
                Ok(None) => Ok(Taken { plan: plan(&self.worker.workshop().config), changed: String::new() }),
                Err(why) => Err(why),
            };
            let _ = self.say.send(Message::Read(Box::new(message)));
            systemd::ready("ready");
        }
    }

    fn tell(&self, read: &Result<Option<Taken>, String>) -> Result<(), LedgerError> {
        let now = Timestamp::now();
        match read {
            Ok(Some(taken)) => {
                tracing::info!("the configuration is in force: {}", taken.changed);
                self.pages.renew(Arc::new(self.worker.workshop().config.clone()));
                metrics::reloaded(true);
                self.teller.reconfigure(&self.worker.workshop().config)?;
                self.teller.observe(&[Said::taken(&taken.changed, now)])
            }
            Ok(None) => {
                tracing::info!("the configuration is as it was");
                self.teller.observe(&[Said::taken("as it was before", now)])
            }
            Err(why) => {
                tracing::error!("the configuration is refused, and the one before stays in force:\n{why}");
                metrics::reloaded(false);
                self.teller.observe(&[Said::refused(why, now)])
            }
        }
    }

    async fn reread(&self) -> Result<Option<Taken>, String> {
        let Some(work) = self.worker.handle() else { return Ok(None) };
        // Checking the queries takes the processor for a while.
        let read = work.spawn((self.load)()).await;
        let (config, reference) =
            read.map_err(|error| format!("error[{}]: reading it ended in a fault: {error}", codes::FAULT))??;
        let workshop = self.worker.workshop();
        if let Some(why) = needs_restart(&workshop.config, &config) {
            return Err(why);
        }
        let codes = (workshop.reference.hash() != reference.hash()).then(|| "changed reference".to_owned());
        let parts: Vec<String> = difference(&workshop.config, &config).into_iter().chain(codes).collect();
        if parts.is_empty() {
            return Ok(None);
        }
        let plan = plan(&config);
        let next =
            workshop.under(config, reference).map_err(|problem| format!("error[{}]: {problem}", problem.code()))?;
        self.worker.swap(Arc::new(next));
        Ok(Some(Taken { plan, changed: parts.join("; ") }))
    }
}

/// Until told to stop; a SIGHUP is passed on.
async fn signals(reread: &Notify) -> std::io::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    let mut stop = std::pin::pin!(told_to_stop());
    loop {
        tokio::select! {
            _ = hangup.recv() => reread.notify_one(),
            told = &mut stop => return told,
        }
    }
}

/// SIGTERM or SIGINT.
async fn told_to_stop() -> std::io::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// What the daemon said of itself last, if one is at work in this folder.
pub fn at_work(root: &Path) -> Option<live::Shown> {
    let file = File::open(root.join("daemon.lock")).ok()?;
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)).then(|| live::Shown::read(root)).flatten()
}

//! What the pages are made of: the configuration in force, and the lake and
//! ledger as they are at the moment, looked at off the threads that serve.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::{Mutex, Semaphore};

use crate::config::Config;
use crate::lake::Lake;
use crate::ledger::Ledger;
use crate::status::{DaemonStatus, Status};

/// For how long a look serves all who ask: many readers cost no more than one.
const FRESH: Duration = Duration::from_secs(2);

/// Looks at runs under way at a time.
const LOOKS: usize = 4;

/// Shared by all requests; clones share everything.
#[derive(Clone)]
pub struct State {
    shared: Arc<Shared>,
}

struct Shared {
    /// Nothing here is published by a daemon: pages are served of what there is.
    alone: bool,
    config: RwLock<Arc<Config>>,
    last: Mutex<Option<(Instant, Looked)>>,
    looks: Semaphore,
}

type Looked = Result<Arc<Status>, String>;

/// Why a page cannot be made now.
#[derive(Debug)]
pub(super) struct Unreadable(pub String);

impl State {
    pub fn new(config: Arc<Config>) -> Self {
        Self::of(config, false)
    }

    /// Of a server without a daemon.
    pub fn alone(config: Arc<Config>) -> Self {
        Self::of(config, true)
    }

    fn of(config: Arc<Config>, alone: bool) -> Self {
        let (config, looks) = (RwLock::new(config), Semaphore::new(LOOKS));
        Self { shared: Arc::new(Shared { alone, config, last: Mutex::default(), looks }) }
    }

    /// Why what this server is for can't be done now.
    pub(super) async fn unready(&self) -> Vec<String> {
        let status = match self.status().await {
            Ok(status) => status,
            Err(Unreadable(reason)) => return vec![reason],
        };
        if !self.shared.alone {
            let unready = |daemon: &DaemonStatus| daemon.unready();
            return status
                .daemon
                .as_ref()
                .map_or(Some("no daemon runs here".to_owned()), unready)
                .into_iter()
                .collect();
        }
        let site = self.config().data_dir.join("site/current/index.html");
        let is_published = off_thread(move || Ok(site.is_file())).await.unwrap_or(false);
        if is_published { Vec::new() } else { vec!["no site is published here".to_owned()] }
    }

    /// The pages tell of another configuration from now on; its folders and address are those that were served first.
    pub fn renew(&self, config: Arc<Config>) {
        *self.shared.config.write().unwrap_or_else(PoisonError::into_inner) = config;
    }

    pub(super) fn config(&self) -> Arc<Config> {
        Arc::clone(&self.shared.config.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// How everything stands, as of some seconds ago at most.
    pub(super) async fn status(&self) -> Result<Arc<Status>, Unreadable> {
        let mut last = self.shared.last.lock().await;
        if let Some((at, looked)) = last.as_ref()
            && at.elapsed() < FRESH
        {
            return looked.clone().map_err(Unreadable);
        }
        let config = self.config();
        let looked = off_thread(move || {
            let lake = Lake::look(&config).map_err(|error| error.to_string())?;
            let ledger = ledger(&config)?;
            Status::look(&config, &lake, &ledger, Timestamp::now()).map(Arc::new).map_err(|error| error.to_string())
        })
        .await;
        *last = Some((Instant::now(), looked.clone()));
        looked.map_err(Unreadable)
    }

    /// Something of the ledger, and whether anybody is at work.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Ledger, bool) -> Result<T, crate::ledger::LedgerError> + Send + 'static,
    ) -> Result<T, Unreadable> {
        let _place = self.shared.looks.acquire().await;
        let config = self.config();
        let looked = off_thread(move || {
            let lake = Lake::look(&config).map_err(|error| error.to_string())?;
            look(&ledger(&config)?, lake.is_locked()).map_err(|error| error.to_string())
        })
        .await;
        looked.map_err(Unreadable)
    }
}

/// Opened anew at each look: a damaged one is set aside and made again while the server runs.
fn ledger(config: &Config) -> Result<Ledger, String> {
    match Ledger::read(&config.data_dir) {
        Ok(Some(ledger)) => Ok(ledger),
        Ok(None) => Ledger::in_memory().map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> Result<T, String> + Send + 'static) -> Result<T, String> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(_) => Err("the look at it was stopped".to_owned()),
    }
}

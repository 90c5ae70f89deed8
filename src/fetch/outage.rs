//! A source that fails again and again is left alone: after so many failures in
//! a row, over all pipelines, every call to it fails at once, until one call
//! has looked whether it is back. What is known is kept in `stage/_outages.json`,
//! so that the next run does not hammer either. It never says that a call
//! failed; it only counts those that did.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use super::lock;
use crate::config::OutageSettings;
use crate::store;

/// The longest pause between two looks.
const LONGEST: Duration = Duration::from_hours(1);

#[derive(Debug)]
pub(super) struct Outages {
    settings: OutageSettings,
    /// None: nothing is kept.
    file: Option<PathBuf>,
    sources: Mutex<BTreeMap<String, Health>>,
    /// A look at some source has ended.
    looked: Notify,
}

#[derive(Clone, Debug, Default)]
struct Health {
    /// In a row.
    failures: u32,
    first: Option<Timestamp>,
    out: Option<Outage>,
    looking: bool,
}

/// A source that is out of order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Outage {
    pub since: Timestamp,
    pub failures: u32,
    /// Why the last of them failed.
    pub last: String,
    /// When one call looks whether it is back.
    pub again_at: Timestamp,
    pause_secs: u64,
}

/// Leave to make one call; whoever has it tells how it went. One that is dropped without a word changes nothing.
#[derive(Debug)]
pub(super) struct Leave<'a> {
    outages: &'a Outages,
    source: &'a str,
    looks: bool,
}

impl Outages {
    pub fn new(settings: OutageSettings) -> Self {
        Self { settings, file: None, sources: Mutex::default(), looked: Notify::new() }
    }

    /// With what an earlier run has left in this folder; what cannot be read is no outage.
    pub fn open(settings: OutageSettings, stage: &Path) -> Self {
        let file = stage.join("_outages.json");
        let known: BTreeMap<String, Outage> = match std::fs::read(&file) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|fault| {
                tracing::warn!(file = %file.display(), %fault, "what is known of outages cannot be read and is left out");
                BTreeMap::new()
            }),
            Err(_) => BTreeMap::new(),
        };
        let health = |outage: Outage| Health {
            failures: outage.failures,
            first: Some(outage.since),
            out: Some(outage),
            looking: false,
        };
        let sources = known.into_iter().map(|(source, outage)| (source, health(outage))).collect();
        Self { settings, file: Some(file), sources: Mutex::new(sources), looked: Notify::new() }
    }

    /// Leave to call the source, once whoever is looking has come back; else what is known of its outage.
    pub async fn leave<'a>(&'a self, source: &'a str) -> Result<Leave<'a>, Outage> {
        loop {
            let looked = self.looked.notified();
            tokio::pin!(looked);
            // From here on a look that ends is noticed.
            looked.as_mut().enable();
            {
                let mut sources = lock(&self.sources);
                let health = sources.entry(source.to_owned()).or_default();
                match &health.out {
                    None => return Ok(Leave { outages: self, source, looks: false }),
                    Some(outage) if Timestamp::now() < outage.again_at => return Err(outage.clone()),
                    Some(_) if !health.looking => {
                        health.looking = true;
                        return Ok(Leave { outages: self, source, looks: true });
                    }
                    Some(_) => {}
                }
            }
            looked.await;
        }
    }

    pub fn is_out(&self, source: &str) -> bool {
        lock(&self.sources).get(source).is_some_and(|health| health.out.is_some())
    }

    pub fn ask_all_again(&self) {
        for outage in lock(&self.sources).values_mut().filter_map(|health| health.out.as_mut()) {
            outage.again_at = Timestamp::now();
        }
    }

    fn failed(&self, source: &str, reason: &str, looked: bool) {
        let now = Timestamp::now();
        let mut sources = lock(&self.sources);
        let health = sources.entry(source.to_owned()).or_default();
        health.failures = health.failures.saturating_add(1);
        let since = *health.first.get_or_insert(now);
        let pause = match &health.out {
            None if health.failures >= self.settings.after => self.settings.pause,
            Some(outage) if looked => Duration::from_secs(outage.pause_secs).saturating_mul(2).min(LONGEST),
            _ => return,
        };
        let outage = Outage {
            since,
            failures: health.failures,
            last: reason.to_owned(),
            again_at: now.saturating_add(pause).unwrap_or(now),
            pause_secs: pause.as_secs(),
        };
        tracing::warn!(
            source,
            since = %shown(outage.since),
            failures = outage.failures,
            reason,
            again_at = %shown(outage.again_at),
            "{}", if looked { "the source is still out" } else { "the source is out and is left alone" }
        );
        health.out = Some(outage);
        self.keep(&sources);
    }

    fn answered(&self, source: &str) {
        let mut sources = lock(&self.sources);
        let Some(health) = sources.get_mut(source) else { return };
        health.failures = 0;
        health.first = None;
        if health.out.take().is_some() {
            tracing::warn!(source, "the source is back");
            self.keep(&sources);
        }
    }

    fn keep(&self, sources: &BTreeMap<String, Health>) {
        let Some(file) = &self.file else { return };
        let out: BTreeMap<&String, &Outage> =
            sources.iter().filter_map(|(source, health)| Some((source, health.out.as_ref()?))).collect();
        let kept = match file.parent() {
            _ if out.is_empty() && !file.exists() => return,
            _ if out.is_empty() => store::remove_file(file),
            None => return,
            Some(folder) => {
                let bytes = serde_json::to_vec_pretty(&out).unwrap_or_default();
                store::create_folder(folder).and_then(|()| store::place_file(file, &bytes))
            }
        };
        // It is a courtesy to the source: nothing fails for it.
        if let Err(fault) = kept {
            tracing::warn!(%fault, "what is known of outages could not be kept for the next run");
        }
    }
}

impl Leave<'_> {
    /// Whether the source was found out of order since.
    pub fn is_stale(&self) -> bool {
        !self.looks && self.outages.is_out(self.source)
    }

    /// The source has answered, whatever it said.
    pub fn answered(self) {
        self.outages.answered(self.source);
    }

    /// No whole answer, or one that says that the server is out of order.
    pub fn failed(self, reason: &str) {
        self.outages.failed(self.source, reason, self.looks);
    }
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        if self.looks {
            if let Some(health) = lock(&self.outages.sources).get_mut(self.source) {
                health.looking = false;
            }
            self.outages.looked.notify_waiters();
        }
    }
}

/// To the second.
pub(super) fn shown(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const AFTER: OutageSettings = OutageSettings { after: 3, pause: Duration::from_secs(60) };

    async fn fail(outages: &Outages, times: u32) {
        for _ in 0..times {
            outages.leave("scb").await.unwrap().failed("503 Service Unavailable");
        }
    }

    #[tokio::test]
    async fn failures_in_a_row_open_it_and_a_look_that_succeeds_closes_it() {
        let folder = tempfile::tempdir().unwrap();
        let outages = Outages::open(AFTER, folder.path());
        fail(&outages, 2).await;
        outages.leave("scb").await.unwrap().answered();
        fail(&outages, 2).await;
        assert!(!outages.is_out("scb") && !folder.path().join("_outages.json").exists());
        fail(&outages, 1).await;
        let outage = outages.leave("scb").await.unwrap_err();
        assert_eq!((outage.failures, outage.last.as_str()), (3, "503 Service Unavailable"));
        assert!(outages.leave("kolada").await.is_ok(), "another source is another");

        // The next run knows of it.
        let next = Outages::open(AFTER, folder.path());
        assert_eq!(next.leave("scb").await.unwrap_err(), outage);
        next.ask_all_again();
        let look = next.leave("scb").await.unwrap();
        look.failed("503 Service Unavailable");
        let still = next.leave("scb").await.unwrap_err();
        assert_eq!((still.since, still.failures, still.pause_secs), (outage.since, 4, 120));
        next.ask_all_again();
        next.leave("scb").await.unwrap().answered();
        assert!(!next.is_out("scb") && !folder.path().join("_outages.json").exists());
        assert!(!Outages::open(AFTER, folder.path()).is_out("scb"));
    }

    #[tokio::test]
    async fn one_looks_and_the_others_wait_for_what_it_sees() {
        let outages = std::sync::Arc::new(Outages::new(AFTER));
        fail(&outages, 3).await;
        outages.ask_all_again();
        let look = outages.leave("scb").await.unwrap();
        let other = tokio::spawn({
            let outages = std::sync::Arc::clone(&outages);
            async move { outages.leave("scb").await.map(|_| ()) }
        });
        tokio::task::yield_now().await;
        assert!(!other.is_finished());
        look.answered();
        assert_eq!(other.await.unwrap(), Ok(()));

        // One that gives up in the midst of its look leaves it to the next.
        fail(&outages, 3).await;
        outages.ask_all_again();
        drop(outages.leave("scb").await.unwrap());
        assert!(outages.leave("scb").await.unwrap().looks);
    }

    #[test]
    fn what_is_spoilt_is_no_outage() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("_outages.json"), "{\"scb\":").unwrap();
        assert!(!Outages::open(AFTER, folder.path()).is_out("scb"));
    }
}

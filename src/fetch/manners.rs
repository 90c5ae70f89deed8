//! What all couriers of a process share, so that no source is asked harder
//! because several pipelines ask it: a limiter per host, and what is known of
//! sources that are out of order, and whether anything may still be begun.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use url::Url;

use super::address::origin;
use super::limiter::Limiter;
use super::lock;
use super::outage::Outages;
use crate::config::{Limits, OutageSettings, Source};

#[derive(Debug)]
pub struct Manners {
    /// By scheme, host and port.
    hosts: Mutex<HashMap<String, Arc<Limiter>>>,
    pub(super) outages: Outages,
    /// The process is told to stop: calls under way are answered, none begins.
    stop: CancellationToken,
}

impl Manners {
    /// `stage` is where what is known of outages is kept from run to run.
    pub fn new(settings: OutageSettings, stage: &Path) -> Self {
        Self { hosts: Mutex::default(), outages: Outages::open(settings, stage), stop: CancellationToken::new() }
    }

    /// Of this process alone.
    pub fn unshared() -> Self {
        Self {
            hosts: Mutex::default(),
            outages: Outages::new(OutageSettings::default()),
            stop: CancellationToken::new(),
        }
    }

    /// The limiter of the host that this address is on.
    pub fn limiter(&self, url: &Url) -> Arc<Limiter> {
        self.limiter_named(origin(url))
    }

    fn limiter_named(&self, name: String) -> Arc<Limiter> {
        let mut hosts = lock(&self.hosts);
        Arc::clone(hosts.entry(name).or_insert_with(|| Arc::new(Limiter::new(None))))
    }

    /// The same with what is configured of a source, unless it has announced something else meanwhile.
    pub fn limiter_for(&self, source: &Source) -> Arc<Limiter> {
        let limiter = if source.synthetic {
            // Stand-ins share a port, and stand for as many hosts.
            self.limiter_named(format!("stand-in of {}", source.name))
        } else {
            self.limiter(&source.base_url)
        };
        if let Some(limits) = source.limits.filter(|_| limiter.limits_for(&source.name).is_none()) {
            limiter.set_for(&source.name, limits);
        }
        limiter
    }

    /// Sources that are out of order are asked again at once.
    pub fn ask_all_again(&self) {
        self.outages.ask_all_again();
    }

    /// Cancelled when nothing more is to be begun.
    pub fn stop(&self) -> &CancellationToken {
        &self.stop
    }
}

/// A host's limiter in the hands of one source: what it sets is its own, what it waits for is everyone's.
#[derive(Clone, Copy, Debug)]
pub struct Turnstile<'a> {
    pub(super) limiter: &'a Limiter,
    pub(super) source: &'a str,
}

impl Turnstile<'_> {
    /// What the source has announced; 0 calls: no limit. Calls already made count.
    pub fn set(self, limits: Limits) {
        self.limiter.set_for(self.source, limits);
    }

    pub fn limits(self) -> Option<Limits> {
        self.limiter.limits_for(self.source)
    }

    /// How long at least until the last of `calls` more calls can start, were every answer immediate.
    pub fn wait_for(self, calls: u64) -> Duration {
        self.limiter.wait_for(calls)
    }
}

//! One call of a courier: where it goes, when it may start, how often it is
//! tried, and how its answer is filed. Whether it is made at all is the
//! courier's to say.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use backon::Retryable;
use bytes::Bytes;
use jiff::Timestamp;
use url::Url;

use super::address::{origin, resolve, same_origin};
use super::archive::Envelope;
use super::client::{Outgoing, Received};
use super::courier::{Courier, Expect, off_thread};
use super::error::FetchError;
use super::key::ApiKey;
use super::limiter::{Limiter, Place, Slot};
use super::outage::{Leave, shown};
use super::request::{Answer, Method, Request};
use super::response::is_passing;
use super::retry::{Failure, backoff, retry_after};
use super::{outbound, verdict};

impl Courier {
    pub(super) fn outgoing(&self, request: &Request, expect: Expect) -> Result<Outgoing, FetchError> {
        let source = self.source();
        let url = resolve(&source.name, &source.base_url, &request.path)?;
        outbound::admit(&self.shared.client.settings().outbound, &source.name, &url)?;
        Ok(Outgoing {
            source_name: source.name.clone(),
            method: match request.method {
                Method::Get => reqwest::Method::GET,
                Method::Post => reqwest::Method::POST,
            },
            url,
            key: ApiKey::find(source)?,
            unless: None,
            body: request.body.clone(),
            accept: request.accept.unwrap_or(match expect {
                Expect::Json => "application/json",
                Expect::Any => "*/*",
            }),
        })
    }

    /// The answer or the last failure, and how many tries it took.
    pub(super) async fn try_until_done(&self, outgoing: &Outgoing) -> (Result<Received, Failure>, usize) {
        self.until_done(outgoing, || self.try_once(outgoing)).await
    }

    /// Calls `once` as often as it takes; what came, or the last failure, and how many tries it took.
    pub(super) async fn until_done<T, F: Future<Output = Result<T, Failure>>>(
        &self,
        outgoing: &Outgoing,
        mut once: impl FnMut() -> F,
    ) -> (Result<T, Failure>, usize) {
        let settings = self.shared.client.settings();
        let stop = self.shared.manners.stop().clone();
        let tries = AtomicUsize::new(0);
        let result = (|| {
            tries.fetch_add(1, Ordering::Relaxed);
            once()
        })
        .retry(backoff(settings))
        .when(|failure| {
            failure.worth_retrying(settings.max_wait) && !self.shared.manners.outages.is_out(&self.ailing(outgoing))
        })
        .sleep(move |wait| {
            let stop = stop.clone();
            async move {
                // Cut short, the next try finds out that there is none.
                let _ = stop.run_until_cancelled(tokio::time::sleep(wait)).await;
            }
        })
        .adjust(|failure, wait| Some(failure.wait(wait?, settings.max_wait)))
        .notify(|failure, wait| {
            self.shared.tally.retried();
            self.shared.tally.waited(wait);
            tracing::warn!(
                pipeline = self.shared.pipeline,
                source = self.source().name,
                url = outgoing.shown_url(),
                tries = tries.load(Ordering::Relaxed),
                wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
                reason = failure.reason(),
                "a call failed and will be tried again"
            );
        })
        .await;
        (result, tries.into_inner())
    }

    async fn try_once(&self, outgoing: &Outgoing) -> Result<Received, Failure> {
        let (limiter, ailing) = (self.limiter_of(&outgoing.url), self.ailing(outgoing));
        let (leave, _place, slot) = self.turn(&limiter, &ailing).await?;
        let begun = Instant::now();
        let result = self.shared.client.exchange(outgoing, slot, &self.shared.tally).await;
        let result = self.as_declared(result);
        tell(leave, &result);
        if let Err(Failure::NotNow { received, after }) = &result
            && is_for_all(received.status, *after)
        {
            self.pause(&limiter, *after);
        }
        if let Ok(received) = &result {
            tracing::debug!(
                pipeline = self.shared.pipeline,
                source = self.source().name,
                url = outgoing.shown_url(),
                status = received.status,
                bytes = received.body.len(),
                took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
                "an answer came"
            );
        }
        result
    }

    /// Waits until a call may start: its leave, its place until the answer is read, its slot until the answer begins.
    pub(super) async fn turn<'a>(
        &'a self,
        limiter: &'a Limiter,
        ailing: &'a str,
    ) -> Result<(Leave<'a>, Place<'a>, Slot<'a>), Failure> {
        let asked = tokio::time::Instant::now();
        let stopped = || Failure::Final(FetchError::Stopped);
        let stop = self.shared.manners.stop();
        loop {
            let leave = self.leave(ailing).await?;
            let turn = async { (limiter.place(self.source().parallel).await, limiter.acquire().await) };
            let (place, slot) = stop.run_until_cancelled(turn).await.ok_or_else(stopped)?;
            // Others may have found the source out of order meanwhile.
            if !leave.is_stale() {
                self.shared.tally.waited(asked.elapsed());
                return Ok((leave, place, slot));
            }
        }
    }

    /// The limiter of the host that is called: a file may have an address of its own.
    pub(super) fn limiter_of(&self, url: &Url) -> Arc<Limiter> {
        if same_origin(&self.source().base_url, url) {
            Arc::clone(&self.shared.limiter)
        } else {
            self.shared.manners.limiter(url)
        }
    }

    /// Whose outages a call counts to: the source's, or the host's of a file that has no source.
    pub(super) fn ailing(&self, outgoing: &Outgoing) -> String {
        let source = self.source();
        if source.base_url.has_host() { source.name.clone() } else { origin(&outgoing.url) }
    }

    pub(super) async fn leave<'a>(&'a self, ailing: &'a str) -> Result<Leave<'a>, Failure> {
        self.shared.manners.outages.leave(ailing).await.map_err(|outage| {
            Failure::Final(FetchError::Out {
                source_name: ailing.to_owned(),
                since: shown(outage.since),
                failures: outage.failures,
                last: outage.last,
                again_at: shown(outage.again_at),
            })
        })
    }

    /// Whether asking again is worth it, where the source's declaration says something else than the status.
    pub(super) fn as_declared(&self, result: Result<Received, Failure>) -> Result<Received, Failure> {
        let responses = &self.source().responses;
        match result {
            Ok(received) if received.redirect.is_none() && is_passing(responses, &received) => {
                let after = retry_after(&received.headers, SystemTime::now());
                Err(Failure::NotNow { received: Box::new(received), after })
            }
            Err(Failure::NotNow { received, .. }) if !is_passing(responses, &received) => Ok(*received),
            result => result,
        }
    }

    /// A source that has had too many calls wants none from anyone for a while; one that does
    /// not say how long has at least its own window in mind.
    pub(super) fn pause(&self, limiter: &Limiter, after: Option<Duration>) {
        // A longer wait ends the call; it need not hold up those who may have been luckier.
        if let Some(wait) =
            after.or_else(|| limiter.window()).filter(|wait| *wait <= self.shared.client.settings().max_wait)
        {
            limiter.pause(wait);
        }
    }

    /// Keeps the last answer, where there was a whole one, and says why there will be no other.
    pub(super) async fn give_up(
        &self,
        request: &Request,
        outgoing: &Outgoing,
        failure: Failure,
        tries: usize,
    ) -> FetchError {
        if let Failure::NotNow { received, .. } = &failure
            && let Err(fault) = self.file(request, outgoing, Received::clone(received)).await
        {
            return fault;
        }
        verdict::failed(outgoing, failure, tries, self.shared.client.settings())
    }

    pub(super) async fn file(
        &self,
        request: &Request,
        outgoing: &Outgoing,
        received: Received,
    ) -> Result<Answer, FetchError> {
        let Received { fetched_at, status, headers, body, .. } = received;
        self.put(self.envelope(request, outgoing, fetched_at, status, headers), body).await
    }

    pub(super) fn envelope(
        &self,
        request: &Request,
        outgoing: &Outgoing,
        fetched_at: Timestamp,
        status: u16,
        headers: BTreeMap<String, String>,
    ) -> Envelope {
        Envelope {
            identity: request.identity(&self.source().name),
            source: self.source().name.clone(),
            method: request.method,
            url: outgoing.shown_url(),
            request_body: request.body.clone(),
            fetched_at,
            status,
            headers,
            synthetic: self.source().synthetic,
        }
    }

    pub(super) async fn put(&self, envelope: Envelope, body: Bytes) -> Result<Answer, FetchError> {
        let archive = Arc::clone(&self.shared.archive);
        off_thread(move || {
            let record = archive.put(envelope, &body)?;
            Ok(Answer { record, body })
        })
        .await
    }
}

/// Whether what a source asks for is meant for every call, not only for this one.
pub(super) fn is_for_all(status: u16, after: Option<Duration>) -> bool {
    status == 429 || (status == 503 && after.is_some())
}

/// How a call went, for the count of failures.
pub(super) fn tell<T>(leave: Leave<'_>, result: &Result<T, Failure>) {
    match result {
        Err(failure @ Failure::Transport(_)) => leave.failed(&failure.reason()),
        Err(failure @ Failure::NotNow { received, .. }) if received.status >= 500 && received.status != 501 => {
            leave.failed(&failure.reason());
        }
        // Nothing was sent.
        Err(Failure::Final(FetchError::Certificate { .. } | FetchError::Address { .. })) => {}
        Ok(_) | Err(Failure::NotNow { .. } | Failure::Final(_)) => leave.answered(),
    }
}

//! Gets one answer for one request: from an interrupted run or the last
//! version where that may stand in for a call, else by asking, as politely as
//! the source wants it and as often as it takes; and keeps what came.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use backon::Retryable;
use bytes::Bytes;
use jiff::Timestamp;
use tokio::io::AsyncReadExt;
use url::Url;

use super::address::resolve;
use super::archive::{Archive, Envelope};
use super::client::{Client, Outgoing, Received};
use super::error::FetchError;
use super::journal::Journal;
use super::limiter::Limiter;
use super::lock;
use super::request::{Answer, AnswerRecord, Identity, Method, Request};
use super::retry::{Failure, backoff};
use super::tally::Tally;
use super::verdict;
use crate::config::Source;

/// What an answer has to look like to be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Begins with `{` or `[`, after a byte order mark and white space.
    Json,
    Any,
}

/// What a source says about a file without sending it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validators {
    pub etag: Option<String>,
    pub last_modified: Option<String>,
    /// Bytes on the wire.
    pub length: Option<u64>,
}

impl Validators {
    /// As the headers of any answer about the file tell them.
    pub fn of(headers: &BTreeMap<String, String>) -> Self {
        let header = |name: &str| headers.get(name).cloned();
        Self {
            etag: header("etag"),
            last_modified: header("last-modified"),
            length: header("content-length").and_then(|length| length.trim().parse().ok()),
        }
    }
}

/// One pipeline's errands to one source. Clones share everything.
#[derive(Clone, Debug)]
pub struct Courier {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    pipeline: String,
    source: Arc<Source>,
    client: Client,
    limiter: Arc<Limiter>,
    archive: Arc<Archive>,
    /// None: only the archive is asked, nothing is sent and nothing kept.
    journal: Option<Arc<Journal>>,
    tally: Arc<Tally>,
    reusable: Mutex<HashMap<Identity, AnswerRecord>>,
    accepted: Mutex<Accepted>,
}

#[derive(Debug, Default)]
struct Accepted {
    records: Vec<AnswerRecord>,
    seen: HashSet<(Identity, String)>,
    latest: Option<AnswerRecord>,
}

impl Courier {
    pub fn new(
        pipeline: &str,
        source: Arc<Source>,
        client: Client,
        limiter: Arc<Limiter>,
        archive: Arc<Archive>,
        journal: Arc<Journal>,
        tally: Arc<Tally>,
    ) -> Self {
        let shared = Shared {
            pipeline: pipeline.to_owned(),
            source,
            client,
            limiter,
            archive,
            journal: Some(journal),
            tally,
            reusable: Mutex::default(),
            accepted: Mutex::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Errands to the archive alone: `records` are answered again as they were then, and every other call is an
    /// error that names it. Nothing is sent, archived or noted.
    pub fn of_archive(
        pipeline: &str,
        source: Arc<Source>,
        client: Client,
        archive: Arc<Archive>,
        records: impl IntoIterator<Item = AnswerRecord>,
    ) -> Self {
        let courier = Self {
            shared: Arc::new(Shared {
                pipeline: pipeline.to_owned(),
                limiter: Arc::new(Limiter::new(None)),
                source,
                client,
                archive,
                journal: None,
                tally: Arc::default(),
                reusable: Mutex::default(),
                accepted: Mutex::default(),
            }),
        };
        courier.reuse(records);
        courier
    }

    /// Whether only the archive is asked.
    pub fn is_of_archive(&self) -> bool {
        self.shared.journal.is_none()
    }

    pub fn source(&self) -> &Source {
        &self.shared.source
    }

    pub fn limiter(&self) -> &Limiter {
        &self.shared.limiter
    }

    #[cfg(test)]
    pub fn tally(&self) -> &Tally {
        &self.shared.tally
    }

    /// These may stand in for calls, as when the source says that nothing has changed since.
    /// What the journal holds is newer and goes first.
    pub fn reuse(&self, records: impl IntoIterator<Item = AnswerRecord>) {
        let mut reusable = lock(&self.shared.reusable);
        reusable.extend(records.into_iter().map(|record| (record.identity.clone(), record)));
    }

    /// A reusable answer where there is one, else a call.
    pub async fn ask(&self, request: &Request, expect: Expect) -> Result<Answer, FetchError> {
        match self.earlier(request, expect).await? {
            Some(answer) => {
                self.reuses();
                Ok(answer)
            }
            None => self.ask_anew(request, expect).await,
        }
    }

    /// The answer that may stand in for this call, for callers who have yet to judge whether it
    /// fits: `reuses` says that it does, `ask_anew` makes the call.
    pub async fn earlier(&self, request: &Request, expect: Expect) -> Result<Option<Answer>, FetchError> {
        let identity = request.identity(&self.source().name);
        let Some(journal) = &self.shared.journal else { return self.archived(request).await.map(Some) };
        let found = journal.get(&identity).or_else(|| lock(&self.shared.reusable).get(&identity).cloned());
        let Some(record) = found.filter(|record| record.synthetic == self.source().synthetic) else {
            return Ok(None);
        };
        let (archive, hash) = (Arc::clone(&self.shared.archive), record.hash.clone());
        match off_thread(move || archive.read(&hash)).await {
            Ok(body) if expect == Expect::Any || verdict::looks_like_json(&body) => Ok(Some(Answer { record, body })),
            Ok(_) => Ok(None),
            Err(FetchError::Stopped) => Err(FetchError::Stopped),
            Err(fault) => {
                tracing::warn!(
                    pipeline = self.shared.pipeline,
                    url = record.url,
                    %fault,
                    "an earlier answer cannot be used and is asked for again"
                );
                Ok(None)
            }
        }
    }

    /// The answer that came then, where only the archive is asked.
    async fn archived(&self, request: &Request) -> Result<Answer, FetchError> {
        let Some(record) = self.archived_record(request) else {
            let outgoing = self.outgoing(request, Expect::Any);
            return Err(FetchError::NotArchived {
                source_name: self.source().name.clone(),
                url: outgoing.map_or_else(|_| request.path.clone(), |outgoing| outgoing.shown_url()),
                method: request.method.to_string(),
                body: request.body.clone(),
            });
        };
        let (archive, hash) = (Arc::clone(&self.shared.archive), record.hash.clone());
        match off_thread(move || archive.read(&hash)).await {
            Ok(body) => Ok(Answer { record, body }),
            Err(FetchError::Stopped) => Err(FetchError::Stopped),
            Err(error) => Err(FetchError::Unreadable {
                source_name: self.source().name.clone(),
                url: record.url,
                method: record.method.to_string(),
                error: Box::new(error),
            }),
        }
    }

    fn archived_record(&self, request: &Request) -> Option<AnswerRecord> {
        let reusable = lock(&self.shared.reusable);
        let known = reusable.get(&request.identity(&self.source().name));
        // A file with an address of its own is all that its fetch asks for. The address may be another now: a local
        // file's counts from the pipeline's folder, and the recipe of a URL is without its secrets.
        let only = || reusable.values().next().filter(|_| reusable.len() == 1 && request.path.contains("://"));
        known.or_else(only).cloned()
    }

    /// Counts an earlier answer that is used in place of a call.
    pub fn reuses(&self) {
        self.shared.tally.reused();
    }

    /// Always a call, for questions whose answer must be of this moment.
    pub async fn ask_anew(&self, request: &Request, expect: Expect) -> Result<Answer, FetchError> {
        if self.is_of_archive() {
            return self.archived(request).await;
        }
        let outgoing = self.outgoing(request, expect)?;
        let received = match self.try_until_done(&outgoing).await {
            (Ok(received), _) => received,
            (Err(failure), tries) => return Err(self.give_up(request, &outgoing, failure, tries).await),
        };
        let verdict = verdict::judge(&outgoing, &received, expect, self.shared.client.settings());
        // Kept before it is refused: what went wrong should be there to be looked at.
        let answer = self.file(request, &outgoing, received).await?;
        verdict.map(|()| answer)
    }

    /// The caller has decoded the answer: it goes into the manifest and need not be asked for
    /// again if the run is interrupted. Returns when that is on the disk.
    pub fn accept(&self, answer: &Answer) -> Result<(), FetchError> {
        if let Some(journal) = &self.shared.journal {
            journal.add(&answer.record)?;
        }
        let mut accepted = lock(&self.shared.accepted);
        accepted.latest = Some(answer.record.clone());
        if accepted.seen.insert((answer.record.identity.clone(), answer.record.hash.clone())) {
            accepted.records.push(answer.record.clone());
        }
        Ok(())
    }

    /// The answer that was accepted last: the one whose rows are being written.
    pub fn latest(&self) -> Option<AnswerRecord> {
        lock(&self.shared.accepted).latest.clone()
    }

    /// In the order of acceptance, each once.
    pub fn accepted(&self) -> Vec<AnswerRecord> {
        lock(&self.shared.accepted).records.clone()
    }

    /// What the source says about a file; nothing is archived. Empty where the source refuses to tell (405, 501).
    pub async fn head(&self, path: &str) -> Result<Validators, FetchError> {
        if self.is_of_archive() {
            let record = self.archived_record(&Request::get(path));
            return Ok(record.map(|record| Validators::of(&record.headers)).unwrap_or_default());
        }
        let mut outgoing = self.outgoing(&Request::get(path), Expect::Any)?;
        outgoing.method = reqwest::Method::HEAD;
        let settings = self.shared.client.settings();
        let received = match self.try_until_done(&outgoing).await {
            (Ok(received), _) => received,
            (Err(Failure::NotNow { received, .. }), _) if received.status == 501 => return Ok(Validators::default()),
            (Err(failure), tries) => return Err(verdict::failed(&outgoing, failure, tries, settings)),
        };
        if received.status == 405 {
            return Ok(Validators::default());
        }
        verdict::judge(&outgoing, &received, Expect::Any, settings)?;
        Ok(Validators::of(&received.headers))
    }

    /// Files what was made of answers in the archive, under its hash.
    pub async fn keep(&self, bytes: Vec<u8>) -> Result<String, FetchError> {
        let archive = Arc::clone(&self.shared.archive);
        off_thread(move || archive.keep(&bytes)).await
    }

    /// The bytes of this hash in the archive.
    pub async fn kept(&self, hash: &str) -> Result<Bytes, FetchError> {
        let (archive, hash) = (Arc::clone(&self.shared.archive), hash.to_owned());
        off_thread(move || archive.read(&hash)).await
    }

    /// A file of this machine, archived like an answer.
    pub async fn read_local(&self, path: &Path) -> Result<Answer, FetchError> {
        let fault = || FetchError::io("read", path);
        let path = std::path::absolute(path).map_err(fault())?;
        let shown = match Url::from_file_path(&path) {
            Ok(url) => url.to_string(),
            Err(()) => format!("file://{}", path.display()),
        };
        if self.is_of_archive() {
            return self.archived(&Request::get(shown)).await;
        }
        let limit = self.shared.client.settings().max_body;
        let file = tokio::fs::File::open(&path).await.map_err(FetchError::io("read", &path))?;
        let metadata = file.metadata().await.map_err(FetchError::io("read", &path))?;
        if !metadata.is_file() {
            let error = std::io::Error::new(std::io::ErrorKind::InvalidInput, "it is not a regular file");
            return Err(FetchError::io("read", &path)(error));
        }
        let mut body = Vec::new();
        // One byte beyond the cap tells of a file that is larger, or growing.
        file.take(limit.saturating_add(1)).read_to_end(&mut body).await.map_err(FetchError::io("read", &path))?;
        if body.len() as u64 > limit {
            return Err(FetchError::TooLarge { source_name: self.source().name.clone(), url: shown, limit });
        }
        self.shared.tally.body(body.len() as u64);
        let envelope = Envelope {
            identity: Request::get(shown.clone()).identity(&self.source().name),
            source: self.source().name.clone(),
            method: Method::Get,
            url: shown,
            request_body: None,
            fetched_at: Timestamp::now(),
            status: 200,
            headers: metadata
                .modified()
                .ok()
                .map(|time| ("last-modified".to_owned(), httpdate::fmt_http_date(time)))
                .into_iter()
                .collect(),
            synthetic: self.source().synthetic,
        };
        self.put(envelope, Bytes::from(body)).await
    }

    fn outgoing(&self, request: &Request, expect: Expect) -> Result<Outgoing, FetchError> {
        let source = self.source();
        Ok(Outgoing {
            source_name: source.name.clone(),
            method: match request.method {
                Method::Get => reqwest::Method::GET,
                Method::Post => reqwest::Method::POST,
            },
            url: resolve(&source.name, &source.base_url, &request.path)?,
            body: request.body.clone(),
            accept: request.accept.unwrap_or(match expect {
                Expect::Json => "application/json",
                Expect::Any => "*/*",
            }),
        })
    }

    /// The answer or the last failure, and how many tries it took.
    async fn try_until_done(&self, outgoing: &Outgoing) -> (Result<Received, Failure>, usize) {
        let settings = self.shared.client.settings();
        let tries = AtomicUsize::new(0);
        let result = (|| {
            tries.fetch_add(1, Ordering::Relaxed);
            self.try_once(outgoing)
        })
        .retry(backoff(settings))
        .when(|failure| failure.worth_retrying(settings.max_wait))
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
        let asked = tokio::time::Instant::now();
        let slot = self.shared.limiter.acquire().await;
        self.shared.tally.waited(asked.elapsed());
        let begun = Instant::now();
        let result = self.shared.client.exchange(outgoing, slot, &self.shared.tally).await;
        if let Err(Failure::NotNow { received, after }) = &result
            && received.status == 429
        {
            self.pause(*after);
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

    /// A source that has had too many calls wants none from anyone for a while; one that does
    /// not say how long has at least its own window in mind.
    fn pause(&self, after: Option<Duration>) {
        let limiter = &self.shared.limiter;
        let window = || limiter.limits().filter(|limits| limits.calls > 0).map(|limits| limits.window);
        // A longer wait ends the call; it need not hold up those who may have been luckier.
        if let Some(wait) = after.or_else(window).filter(|wait| *wait <= self.shared.client.settings().max_wait) {
            limiter.pause(wait);
        }
    }

    /// Keeps the last answer, where there was a whole one, and says why there will be no other.
    async fn give_up(&self, request: &Request, outgoing: &Outgoing, failure: Failure, tries: usize) -> FetchError {
        if let Failure::NotNow { received, .. } = &failure
            && let Err(fault) = self.file(request, outgoing, Received::clone(received)).await
        {
            return fault;
        }
        verdict::failed(outgoing, failure, tries, self.shared.client.settings())
    }

    async fn file(&self, request: &Request, outgoing: &Outgoing, received: Received) -> Result<Answer, FetchError> {
        let envelope = Envelope {
            identity: request.identity(&self.source().name),
            source: self.source().name.clone(),
            method: request.method,
            url: outgoing.shown_url(),
            request_body: request.body.clone(),
            fetched_at: received.fetched_at,
            status: received.status,
            headers: received.headers,
            synthetic: self.source().synthetic,
        };
        self.put(envelope, received.body).await
    }

    async fn put(&self, envelope: Envelope, body: Bytes) -> Result<Answer, FetchError> {
        let archive = Arc::clone(&self.shared.archive);
        off_thread(move || {
            let record = archive.put(envelope, &body)?;
            Ok(Answer { record, body })
        })
        .await
    }
}

/// Compression and syncing take too long for the threads that serve the network.
async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, FetchError> + Send + 'static,
) -> Result<T, FetchError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(fault) if fault.is_panic() => std::panic::resume_unwind(fault.into_panic()),
        Err(_) => Err(FetchError::Stopped),
    }
}

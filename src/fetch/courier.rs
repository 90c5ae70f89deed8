//! Gets one answer for one request: from an interrupted run or the last
//! version where that may stand in for a call, else by asking, as politely as
//! the source wants it and as often as it takes; and keeps what came.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use jiff::Timestamp;
use tokio::io::AsyncReadExt;
use url::Url;

use super::archive::{Archive, Envelope};
use super::client::Client;
use super::error::FetchError;
use super::journal::Journal;
use super::limiter::Limiter;
use super::lock;
use super::manners::{Manners, Turnstile};
use super::request::{Answer, AnswerRecord, Identity, Method, Request};
use super::response::action;
use super::retry::Failure;
use super::tally::Tally;
use super::verdict;
use crate::config::{Action, Source};

/// What an answer has to look like to be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Begins with `{` or `[`, after a byte order mark and white space.
    Json,
    Any,
}

/// What came of a call, by what is declared of the source's answers.
#[derive(Clone, Debug)]
pub enum Said {
    Answer(Answer),
    /// There is nothing, and this says so. To be accepted like any answer.
    Nothing(Answer),
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
    pub(super) shared: Arc<Shared>,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) pipeline: String,
    source: Arc<Source>,
    pub(super) client: Client,
    pub(super) limiter: Arc<Limiter>,
    pub(super) archive: Arc<Archive>,
    /// None: only the archive is asked, nothing is sent and nothing kept.
    pub(super) journal: Option<Arc<Journal>>,
    pub(super) tally: Arc<Tally>,
    pub(super) manners: Arc<Manners>,
    pub(super) reusable: Mutex<HashMap<Identity, AnswerRecord>>,
    /// Of the last version: a source that still has the same need not send it again.
    pub(super) remembered: Mutex<HashMap<Identity, AnswerRecord>>,
    /// Nothing of the last version stands in for a call.
    pub(super) afresh: AtomicBool,
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
            manners: Arc::new(Manners::unshared()),
            reusable: Mutex::default(),
            remembered: Mutex::default(),
            afresh: AtomicBool::new(false),
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
                manners: Arc::new(Manners::unshared()),
                reusable: Mutex::default(),
                remembered: Mutex::default(),
                afresh: AtomicBool::new(false),
                accepted: Mutex::default(),
            }),
        };
        courier.reuse(records);
        courier
    }

    /// With what all couriers of the process share. Said before it is cloned or sent on any errand.
    #[must_use]
    pub fn with_manners(mut self, manners: &Arc<Manners>) -> Self {
        if let Some(shared) = Arc::get_mut(&mut self.shared) {
            shared.manners = Arc::clone(manners);
        }
        self
    }

    /// Whether only the archive is asked.
    pub fn is_of_archive(&self) -> bool {
        self.shared.journal.is_none()
    }

    pub fn source(&self) -> &Source {
        &self.shared.source
    }

    pub fn limiter(&self) -> Turnstile<'_> {
        Turnstile { limiter: &self.shared.limiter, source: &self.shared.source.name }
    }

    pub fn tally(&self) -> &Tally {
        &self.shared.tally
    }

    /// These may stand in for calls, as when the source says that nothing has changed since.
    /// What the journal holds is newer and goes first.
    pub fn reuse(&self, records: impl IntoIterator<Item = AnswerRecord>) {
        let mut reusable = lock(&self.shared.reusable);
        reusable.extend(records.into_iter().map(|record| (record.identity.clone(), record)));
    }

    /// These were answered at the last success. Where one told by what it is known again, the source is asked whether
    /// it still has the same, and if so the archived answer stands.
    pub fn remember(&self, records: impl IntoIterator<Item = AnswerRecord>) {
        let mut remembered = lock(&self.shared.remembered);
        remembered.extend(records.into_iter().map(|record| (record.identity.clone(), record)));
    }

    /// Everything is asked again, whatever the source says that it still has.
    pub fn ask_afresh(&self) {
        self.shared.afresh.store(true, Ordering::Relaxed);
    }

    /// What was answered at the last success, for sources whose data grow from answer to answer; where only the
    /// archive is asked, what it may answer. By the time that it was asked for.
    pub fn before(&self) -> Vec<AnswerRecord> {
        let known = if self.is_of_archive() { &self.shared.reusable } else { &self.shared.remembered };
        let mut records: Vec<AnswerRecord> = lock(known).values().cloned().collect();
        records.retain(|record| record.synthetic == self.source().synthetic || self.is_of_archive());
        records.sort_by(|one, other| (one.fetched_at, &one.identity).cmp(&(other.fetched_at, &other.identity)));
        records
    }

    /// A reusable answer where there is one, else a call.
    pub async fn ask(&self, request: &Request, expect: Expect) -> Result<Answer, FetchError> {
        match self.earlier(request, expect).await? {
            Some(answer) => {
                self.reuses();
                Self::something(self.said(answer))
            }
            None => self.ask_anew(request, expect).await,
        }
    }

    /// The same for whoever can do with nothing, where a source has answers that say so.
    pub async fn ask_or_nothing(&self, request: &Request, expect: Expect) -> Result<Said, FetchError> {
        if let Some(answer) = self.earlier(request, Expect::Any).await? {
            let fits = expect == Expect::Any || verdict::looks_like_json(&answer.body);
            match self.said(answer) {
                Said::Answer(_) if !fits => {}
                said => {
                    self.reuses();
                    return Ok(said);
                }
            }
        }
        self.call(request, expect).await
    }

    /// The answer that tells which edition the source has: of this very run. Where a run that was interrupted was told
    /// something else, nothing that it was answered by this source stands in for a call any more.
    pub async fn ask_for_edition(&self, request: &Request, expect: Expect) -> Result<Answer, FetchError> {
        let Some(journal) = &self.shared.journal else { return self.archived(request).await };
        let source = &self.source().name;
        let before = journal.get(&request.identity(source));
        if before.as_ref().is_some_and(|record| journal.is_of_this_run(record)) {
            return self.ask(request, expect).await;
        }
        let answer = self.ask_anew(request, expect).await?;
        {
            // Nor does anything that only its age spoke for.
            let mut reusable = lock(&self.shared.reusable);
            if reusable.get(&answer.record.identity).is_none_or(|record| record.hash != answer.record.hash) {
                reusable.retain(|_, record| journal.is_of_this_run(record));
            }
        }
        if before.is_some_and(|before| before.hash != answer.record.hash) {
            tracing::warn!(
                pipeline = self.shared.pipeline,
                source,
                url = answer.record.url,
                "the source has another edition than when the last run was interrupted: it is fetched from the beginning"
            );
            journal.forget_earlier(source)?;
        }
        Ok(answer)
    }

    /// Which of the two an answer is.
    fn said(&self, answer: Answer) -> Said {
        match action(&self.source().responses, answer.record.status, &answer.body) {
            Some(Action::Empty) => Said::Nothing(answer),
            _ => Said::Answer(answer),
        }
    }

    fn something(said: Said) -> Result<Answer, FetchError> {
        match said {
            Said::Answer(answer) => Ok(answer),
            Said::Nothing(answer) => Err(verdict::nothing(&answer)),
        }
    }

    /// Counts an earlier answer that is used in place of a call.
    pub fn reuses(&self) {
        self.shared.tally.reused();
    }

    /// Always a call, for questions whose answer must be of this moment.
    pub async fn ask_anew(&self, request: &Request, expect: Expect) -> Result<Answer, FetchError> {
        let said = self.call(request, expect).await?;
        Self::something(said)
    }

    async fn call(&self, request: &Request, expect: Expect) -> Result<Said, FetchError> {
        if self.is_of_archive() {
            return Ok(self.said(self.archived(request).await?));
        }
        let mut outgoing = self.outgoing(request, expect)?;
        let known = self.known(request, expect).await;
        outgoing.unless = known.as_ref().map(|known| Validators::of(&known.record.headers));
        let received = match self.try_until_done(&outgoing).await {
            (Ok(received), _) => received,
            (Err(failure), tries) => return Err(self.give_up(request, &outgoing, failure, tries).await),
        };
        if let Some(known) = known.filter(|_| received.status == 304) {
            // Noted, like everything that a source says; what stands is the answer from before.
            self.file(request, &outgoing, received).await?;
            self.reuses();
            return Ok(Said::Answer(known));
        }
        let declared = action(&self.source().responses, received.status, &received.body);
        let verdict = match declared {
            Some(Action::Empty) => Ok(()),
            Some(action @ (Action::Split | Action::Stop)) => Err(verdict::declared(&outgoing, &received, action)),
            Some(Action::Retry) | None => verdict::judge(&outgoing, &received, expect, self.shared.client.settings()),
        };
        // Kept before it is refused: what went wrong should be there to be looked at.
        let answer = self.file(request, &outgoing, received).await?;
        verdict.map(|()| if declared == Some(Action::Empty) { Said::Nothing(answer) } else { Said::Answer(answer) })
    }

    /// The caller has decoded the answer: it goes into the manifest and need not be asked for
    /// again if the run is interrupted. Returns when that is on the disk.
    pub fn accept(&self, answer: &Answer) -> Result<(), FetchError> {
        self.accept_record(&answer.record)
    }

    /// The same for an answer that was streamed.
    pub fn accept_record(&self, record: &AnswerRecord) -> Result<(), FetchError> {
        if let Some(journal) = &self.shared.journal {
            journal.add(record)?;
        }
        let mut accepted = lock(&self.shared.accepted);
        accepted.latest = Some(record.clone());
        if accepted.seen.insert((record.identity.clone(), record.hash.clone())) {
            accepted.records.push(record.clone());
        }
        Ok(())
    }

    /// Rows of this answer are about to be written, before it is known that all of it can be decoded; it is accepted
    /// when they are.
    pub fn presents(&self, record: &AnswerRecord) {
        lock(&self.shared.accepted).latest = Some(record.clone());
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
        let (path, shown) = local(path)?;
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
        self.put(self.local_envelope(shown, &metadata), Bytes::from(body)).await
    }

    pub(super) fn local_envelope(&self, shown: String, metadata: &std::fs::Metadata) -> Envelope {
        let modified = metadata.modified().ok();
        Envelope {
            identity: Request::get(shown.clone()).identity(&self.source().name),
            source: self.source().name.clone(),
            method: Method::Get,
            url: shown,
            request_body: None,
            fetched_at: Timestamp::now(),
            status: 200,
            headers: modified
                .map(|time| ("last-modified".to_owned(), httpdate::fmt_http_date(time)))
                .into_iter()
                .collect(),
            synthetic: self.source().synthetic,
        }
    }
}

/// A file's full path, and as it is shown and asked for.
pub(super) fn local(path: &Path) -> Result<(PathBuf, String), FetchError> {
    let path = std::path::absolute(path).map_err(FetchError::io("read", path))?;
    let shown = match Url::from_file_path(&path) {
        Ok(url) => url.to_string(),
        Err(()) => format!("file://{}", path.display()),
    };
    Ok((path, shown))
}

/// Compression and syncing take too long for the threads that serve the network.
pub(super) async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, FetchError> + Send + 'static,
) -> Result<T, FetchError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(fault) if fault.is_panic() => std::panic::resume_unwind(fault.into_panic()),
        Err(_) => Err(FetchError::Stopped),
    }
}

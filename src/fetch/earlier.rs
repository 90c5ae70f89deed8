//! Answers of the past that a courier may use: of an interrupted run, of the
//! last version, or, in a replay, of the version that is computed again.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::courier::{Courier, Expect, Validators, off_thread};
use super::error::FetchError;
use super::request::{Answer, AnswerRecord, Identity, Method, Request};
use super::{lock, verdict};

impl Courier {
    /// The answer that may stand in for this call, for callers who have yet to judge whether it
    /// fits: `reuses` says that it does, `ask_anew` makes the call.
    pub async fn earlier(&self, request: &Request, expect: Expect) -> Result<Option<Answer>, FetchError> {
        let identity = request.identity(&self.source().name);
        if self.is_of_archive() {
            return self.archived(request).await.map(Some);
        }
        let Some(record) = self.earlier_record(&identity) else { return Ok(None) };
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

    /// What an interrupted run or the last version has of this call.
    pub(super) fn earlier_record(&self, identity: &Identity) -> Option<AnswerRecord> {
        let of_run = self.shared.journal.as_ref().and_then(|journal| journal.get(identity));
        let found = of_run.or_else(|| lock(&self.shared.reusable).get(identity).cloned());
        found.filter(|record| record.synthetic == self.source().synthetic)
    }

    /// The answer that came then, where only the archive is asked.
    pub(super) async fn archived(&self, request: &Request) -> Result<Answer, FetchError> {
        let Some(record) = self.archived_record(request) else { return Err(self.not_archived(request)) };
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

    pub(super) fn not_archived(&self, request: &Request) -> FetchError {
        let outgoing = self.outgoing(request, Expect::Any);
        FetchError::NotArchived {
            source_name: self.source().name.clone(),
            url: outgoing.map_or_else(|_| request.path.clone(), |outgoing| outgoing.shown_url()),
            method: request.method.to_string(),
            body: request.body.clone(),
        }
    }

    pub(super) fn archived_record(&self, request: &Request) -> Option<AnswerRecord> {
        let reusable = lock(&self.shared.reusable);
        let known = reusable.get(&request.identity(&self.source().name));
        // A file with an address of its own is all that its fetch asks for. The address may be another now: a local
        // file's counts from the pipeline's folder, and the recipe of a URL is without its secrets.
        let only = || reusable.values().next().filter(|_| reusable.len() == 1 && request.path.contains("://"));
        known.or_else(only).cloned()
    }

    /// Whether this call was answered at the last success, and no interrupted run has been answered since.
    pub fn remembers(&self, request: &Request) -> bool {
        let identity = request.identity(&self.source().name);
        let interrupted = self.shared.journal.as_ref().and_then(|journal| journal.get(&identity));
        interrupted.is_none() && !self.is_afresh() && lock(&self.shared.remembered).contains_key(&identity)
    }

    fn is_afresh(&self) -> bool {
        self.shared.afresh.load(Ordering::Relaxed)
    }

    /// Where the source says byte for byte what it said at the last success, what else it was asked then stands in
    /// for calls.
    pub fn stands(&self, told: &Answer, others: &[Request]) -> bool {
        let remembered = lock(&self.shared.remembered);
        let same = |before: &AnswerRecord| before.hash == told.record.hash && before.synthetic == told.record.synthetic;
        if self.is_of_archive() || self.is_afresh() || !remembered.get(&told.record.identity).is_some_and(same) {
            return false;
        }
        let found = others.iter().filter_map(|other| remembered.get(&other.identity(&self.source().name)));
        self.reuse(found.cloned());
        true
    }

    /// The last version's answer to this call, where it can be told by its validators whether it still holds.
    pub(super) async fn known(&self, request: &Request, expect: Expect) -> Option<Answer> {
        if request.method != Method::Get {
            return None;
        }
        let record = lock(&self.shared.remembered).get(&request.identity(&self.source().name)).cloned()?;
        let Validators { etag, last_modified, .. } = Validators::of(&record.headers);
        if record.status != 200
            || record.synthetic != self.source().synthetic
            || (etag.is_none() && last_modified.is_none())
        {
            return None;
        }
        let (archive, hash) = (Arc::clone(&self.shared.archive), record.hash.clone());
        let body = off_thread(move || archive.read(&hash)).await.ok()?;
        (expect == Expect::Any || verdict::looks_like_json(&body)).then_some(Answer { record, body })
    }
}

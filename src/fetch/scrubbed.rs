//! Answers that tell of persons: what a [`Scrub`] lets through is archived and
//! answered, and the rest is nowhere once it has come.

use std::sync::Arc;

use super::courier::{Courier, Expect, off_thread};
use super::error::FetchError;
use super::request::{Answer, Request};
use super::stream::Scrub;

impl Courier {
    /// As [`Courier::ask`], with what the scrub lets through as the answer's body. It is held in memory: the scrub
    /// keeps to [`Courier::cap_in_memory`].
    pub async fn ask_scrubbed(&self, request: &Request, expect: Expect, scrub: Scrub) -> Result<Answer, FetchError> {
        self.scrubbed(request, expect, scrub, true).await
    }

    /// As [`Courier::ask_anew`], likewise.
    pub async fn ask_scrubbed_anew(
        &self,
        request: &Request,
        expect: Expect,
        scrub: Scrub,
    ) -> Result<Answer, FetchError> {
        self.scrubbed(request, expect, scrub, false).await
    }

    async fn scrubbed(
        &self,
        request: &Request,
        expect: Expect,
        scrub: Scrub,
        earlier_fits: bool,
    ) -> Result<Answer, FetchError> {
        let record = self.ask_streamed_of(request, expect, Some(scrub), |_| earlier_fits).await?.record;
        let (archive, hash) = (Arc::clone(&self.shared.archive), record.hash.clone());
        match off_thread(move || archive.read(&hash)).await {
            Ok(body) => Ok(Answer { record, body }),
            Err(error) => Err(self.unreadable(&record, error)),
        }
    }

    /// Bytes that a body may have unpacked where all of it is held in memory.
    pub fn cap_in_memory(&self) -> u64 {
        self.shared.client.settings().max_decompressed
    }
}

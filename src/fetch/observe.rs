//! An answer as it is, whatever it is: for whoever wants to know how a source
//! behaves. Asked once, judged by nobody, and not archived.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;

use super::courier::{Courier, Expect};
use super::errand::tell;
use super::error::FetchError;
use super::problem::without_bom;
use super::request::Request;
use super::retry::Failure;
use super::verdict;

#[derive(Clone, Debug)]
pub struct Observed {
    /// As it may be shown.
    pub url: String,
    pub status: u16,
    /// All of them, names in lower case.
    pub headers: BTreeMap<String, String>,
    pub fetched_at: Timestamp,
    pub body: Bytes,
}

impl Observed {
    /// The body as JSON, without a byte order mark.
    pub fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(without_bom(&self.body)).ok()
    }
}

impl Courier {
    /// Makes one call, within the source's limits. Only where nothing came is it an error.
    pub async fn observe(&self, request: &Request) -> Result<Observed, FetchError> {
        let outgoing = self.outgoing(request, Expect::Any)?;
        let (limiter, ailing) = (self.limiter_of(&outgoing.url), self.ailing(&outgoing));
        let (client, tally) = (&self.shared.client, &self.shared.tally);
        let fault = |failure| verdict::failed(&outgoing, failure, 1, client.settings());
        let (leave, _place, slot) = self.turn(&limiter, &ailing).await.map_err(fault)?;
        let begun = client.begin(&outgoing, slot, tally, None).await.map_err(fault)?;
        let headers = begun.all_headers();
        let result = client.finish(&outgoing, begun, tally).await;
        tell(leave, &result);
        let received = match result {
            Ok(received) => received,
            Err(Failure::NotNow { received, .. }) => *received,
            Err(failure) => return Err(fault(failure)),
        };
        Ok(Observed {
            url: outgoing.shown_url(),
            status: received.status,
            headers,
            fetched_at: received.fetched_at,
            body: received.body,
        })
    }
}

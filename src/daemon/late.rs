//! What of a pipeline is late: a slot that no run has served, a release that has not come, or both.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::codes::{self, Code};
use crate::ledger::{Condition, Ledger, LedgerError};
use crate::release::Overdue;
use crate::tell::Matter;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Late {
    /// Since when a slot is.
    pub slot: Option<Timestamp>,
    pub release: Option<Overdue>,
}

impl Late {
    /// None when nothing is.
    pub fn new(slot: Option<Timestamp>, release: Option<Overdue>, now: Timestamp) -> Option<Self> {
        let release = release.filter(|overdue| overdue.late_at <= now);
        (slot.is_some() || release.is_some()).then_some(Self { slot, release })
    }

    pub fn since(&self) -> Option<Timestamp> {
        self.slot.into_iter().chain(self.release.map(|overdue| overdue.late_at)).min()
    }

    #[cfg_attr(not(feature = "engine"), expect(dead_code, reason = "only the daemon's voice tells it"))]
    pub const fn code(&self) -> Code {
        if self.slot.is_some() { codes::LATE } else { codes::RELEASE_LATE }
    }

    /// `no run has served what was due; the release expected 2026-12-09 07:00 UTC has not come`.
    pub fn why(&self) -> String {
        let slot = self.slot.map(|_| "no run has served what was due".to_owned());
        let release = self.release.map(|overdue| {
            format!("the release expected {} has not come", overdue.expected.strftime("%Y-%m-%d %H:%M UTC"))
        });
        slot.into_iter().chain(release).collect::<Vec<_>>().join("; ")
    }

    /// Those of whom it was told before the last end, of whatever kind it was: what is late no longer is told of, too.
    pub fn told(ledger: &Ledger) -> Result<BTreeMap<String, Self>, LedgerError> {
        let pipeline = |condition: Condition| {
            let name =
                condition.subject.strip_prefix("pipeline ").filter(|_| condition.matter == Matter::Late.as_str());
            name.map(|name| (name.to_owned(), Self::default()))
        };
        Ok(ledger.raised()?.into_iter().filter_map(pipeline).collect())
    }
}

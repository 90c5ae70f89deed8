//! From what was seen to conditions and messages, in one transaction of the ledger.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::Matter;
use super::cleaned;
use super::notice::{Item, Notice, What};
use super::said::{self, Said};
use super::state::{self, Change};
use crate::config::{Channel, Notify};
use crate::ledger::{Condition, Ledger, LedgerError, Notes, Told};

/// How long an ended message stays in the ledger.
const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Takes down what was seen, and what is to be told of it.
pub fn observe(ledger: &Ledger, notify: &Notify, said: &[Said]) -> Result<(), LedgerError> {
    ledger.note(|notes| {
        let mut scribe = Scribe { notes, notify };
        for said in said {
            scribe.observe(said)?;
        }
        let latest = said.iter().map(|said| said.at).max();
        latest.and_then(|at| at.checked_sub(KEPT).ok()).map_or(Ok(()), |before| notes.forget_messages(before))
    })
}

/// Tells how unstable conditions stand that have settled by now; gives when the next one will have.
pub fn settle(ledger: &Ledger, notify: &Notify, now: Timestamp) -> Result<Option<Timestamp>, LedgerError> {
    ledger.note(|notes| {
        let mut scribe = Scribe { notes, notify };
        let mut next: Option<Timestamp> = None;
        for condition in notes.conditions()? {
            if let Some((settled, change)) = state::settle(condition.clone(), now) {
                notes.put(&settled)?;
                let Ok(matter) = settled.matter.parse() else { continue };
                scribe.tell(&settled, matter, change, None, now)?;
            } else if let Some(at) = state::settles(&condition) {
                next = Some(next.map_or(at, |next| next.min(at)));
            }
        }
        Ok(next)
    })
}

/// Forgets, without a word, the conditions of what the configuration no longer has.
pub fn forget(
    ledger: &Ledger,
    pipelines: &BTreeSet<String>,
    sources: &BTreeSet<String>,
    notify: &Notify,
) -> Result<(), LedgerError> {
    ledger.note(|notes| {
        for condition in notes.conditions()? {
            let gone = match condition.subject.split_once(' ') {
                Some(("pipeline", name)) => !pipelines.contains(name),
                Some(("source", name)) => !sources.contains(name),
                _ => false,
            };
            if gone {
                notes.remove(&condition.subject, &condition.matter)?;
            }
        }
        // A source that only pipelines met which are gone is met by nobody.
        let scribe = Scribe { notes, notify };
        for condition in notes.conditions()? {
            let source = condition.subject.strip_prefix("source ");
            if let Some(source) = source.filter(|_| condition.matter == Matter::SourceBroken.as_str())
                && scribe.members(source)?.is_empty()
            {
                notes.remove(&condition.subject, &condition.matter)?;
            }
        }
        Ok(())
    })
}

struct Scribe<'a> {
    notes: &'a Notes<'a>,
    notify: &'a Notify,
}

impl Scribe<'_> {
    fn observe(&mut self, said: &Said) -> Result<(), LedgerError> {
        let text = cleaned::text(&said.text);
        if said.matter.is_event() {
            return self.event(said, &text);
        }
        match (&said.by, said.matter, said.raised) {
            (Some(by), Matter::SourceBroken, true) => self.source_broken(said, by, &text),
            (_, Matter::SourceBroken, false) => self.sources_answer(said, &text),
            (.., true) => {
                let before = self.notes.condition(&said.subject, said.matter.as_str())?;
                let news = before.as_ref().is_none_or(|before| cleaned::kind(&before.text) != cleaned::kind(&text));
                self.raise(said, before, &text, news, None)
            }
            (.., false) => self.clear(said, &text),
        }
    }

    /// What happened once is told once, though it be said again after a restart.
    fn event(&mut self, said: &Said, text: &str) -> Result<(), LedgerError> {
        let matter = said.matter.as_str();
        let before = self.notes.condition(&said.subject, matter)?;
        if before.is_some_and(|before| before.since >= said.at) {
            return Ok(());
        }
        self.notes.put(&Condition {
            subject: said.subject.clone(),
            matter: matter.to_owned(),
            raised: false,
            since: said.at,
            text: text.to_owned(),
            told: Told::Nothing,
            changes: Vec::new(),
        })?;
        let item = Item {
            what: What::Happened,
            matter: said.matter,
            subject: said.subject.clone(),
            text: text.to_owned(),
            at: said.at,
            since: said.at,
            run: said.run,
            pipelines: Vec::new(),
            affected: 0,
        };
        self.add(&item, false)
    }

    fn raise(
        &mut self,
        said: &Said,
        before: Option<Condition>,
        text: &str,
        news: bool,
        met_by: Option<&[String]>,
    ) -> Result<(), LedgerError> {
        let matter = said.matter.as_str();
        let (condition, change) = state::raise(before, &said.subject, matter, text, news, said.at);
        self.notes.put(&condition)?;
        match change {
            Some(change) => self.told(&condition, said.matter, change, said.run, said.at, met_by),
            None => Ok(()),
        }
    }

    fn clear(&mut self, said: &Said, text: &str) -> Result<(), LedgerError> {
        let Some(before) = self.notes.condition(&said.subject, said.matter.as_str())? else { return Ok(()) };
        let (condition, change) = state::clear(before, said.at);
        self.notes.put(&condition)?;
        match change {
            // What ended it is told; what it was stays, to be compared with the next time.
            Some(change) => {
                let condition = Condition { text: text.to_owned(), ..condition };
                self.tell(&condition, said.matter, change, said.run, said.at)
            }
            None => Ok(()),
        }
    }

    /// A source is broken for as long as any pipeline fails for it. The first that meets it is told of, and each kind
    /// of failure that no other pipeline has met.
    fn source_broken(&mut self, said: &Said, by: &str, text: &str) -> Result<(), LedgerError> {
        let source = said.subject.strip_prefix("source ").unwrap_or(&said.subject);
        let members = self.members(source)?;
        let kind = cleaned::kind(text);
        let known = members.iter().any(|member| cleaned::kind(&member.text) == kind);
        let subject = said::pipeline(by);
        let since = members.iter().find(|member| member.subject == subject).map_or(said.at, |member| member.since);
        self.notes.put(&Condition {
            subject,
            matter: member_of(source),
            raised: true,
            since,
            text: text.to_owned(),
            told: Told::Nothing,
            changes: Vec::new(),
        })?;
        let before = self.notes.condition(&said.subject, said.matter.as_str())?;
        let news = match &before {
            Some(before) if !before.raised => cleaned::kind(&before.text) != kind,
            Some(_) => !known,
            None => true,
        };
        let names = self.names(source)?;
        let was = before.as_ref().is_some_and(|before| before.raised);
        if was && !news {
            // Whoever has not been told yet is told of all that meet it.
            for channel in self.notify.channels.values() {
                self.amend(channel, |notice| notice.affect(&said.subject, said.matter, &names))?;
            }
            return Ok(());
        }
        self.raise(said, before, text, news, Some(&names))
    }

    /// A pipeline has all that it wants of its sources; one that no pipeline fails for any longer has recovered.
    fn sources_answer(&mut self, said: &Said, text: &str) -> Result<(), LedgerError> {
        let conditions = self.notes.conditions()?;
        let mine = conditions.iter().filter(|each| each.subject == said.subject);
        for source in mine.filter_map(|each| each.matter.strip_prefix(MEMBER)) {
            self.notes.remove(&said.subject, &member_of(source))?;
            if self.members(source)?.is_empty() {
                self.clear(&Said { subject: format!("source {source}"), ..said.clone() }, text)?;
            }
        }
        if said.subject.starts_with("source ") { self.clear(said, text) } else { Ok(()) }
    }

    fn members(&self, source: &str) -> Result<Vec<Condition>, LedgerError> {
        let matter = member_of(source);
        Ok(self.notes.conditions()?.into_iter().filter(|each| each.matter == matter).collect())
    }

    fn names(&self, source: &str) -> Result<Vec<String>, LedgerError> {
        let name = |member: Condition| member.subject.trim_start_matches("pipeline ").to_owned();
        Ok(self.members(source)?.into_iter().map(name).collect())
    }

    fn tell(
        &mut self,
        condition: &Condition,
        matter: Matter,
        change: Change,
        run: Option<i64>,
        at: Timestamp,
    ) -> Result<(), LedgerError> {
        self.told(condition, matter, change, run, at, None)
    }

    fn told(
        &mut self,
        condition: &Condition,
        matter: Matter,
        change: Change,
        run: Option<i64>,
        at: Timestamp,
        met_by: Option<&[String]>,
    ) -> Result<(), LedgerError> {
        let (what, since, again) = match change {
            Change::Raised { again } => (What::Raised, condition.since, again),
            Change::Changed => (What::Changed, condition.since, false),
            Change::Recovered { raised } => (What::Recovered, raised, false),
            Change::Unstable { .. } => (What::Unstable, condition.since, false),
        };
        let mut text = condition.text.clone();
        if let Change::Unstable { times } = change {
            text = format!("has come {times} times within a day; more when it has stood still for six hours\n{text}");
        }
        let (subject, affected) = (condition.subject.clone(), 0);
        let mut item = Item { what, matter, subject, text, at, since, run, pipelines: Vec::new(), affected };
        item.set_pipelines(met_by.unwrap_or_default());
        self.add(&item, again)
    }

    fn add(&mut self, item: &Item, again: bool) -> Result<(), LedgerError> {
        for channel in self.notify.channels.values().filter(|channel| wants(channel, item)) {
            let waits = self.amend(channel, |notice| {
                notice.add(item.clone(), again);
                true
            })?;
            // What is taken back is taken back from a message that waits.
            if !waits {
                let notice = Notice { items: vec![item.clone()], ..Notice::default() };
                let batch = SignedDuration::try_from(self.notify.batch).unwrap_or_default();
                let next_try = item.at.checked_add(batch).unwrap_or(item.at);
                self.notes.add(&channel.name, item.at, &body(&notice), next_try)?;
            }
        }
        Ok(())
    }

    /// Changes the channel's waiting message, if it has one.
    fn amend(&self, channel: &Channel, change: impl FnOnce(&mut Notice) -> bool) -> Result<bool, LedgerError> {
        let Some(message) = self.notes.untried(&channel.name)? else { return Ok(false) };
        // A body that can't be read is none to add to.
        let Ok(mut notice) = serde_json::from_str::<Notice>(&message.body) else { return Ok(false) };
        if !change(&mut notice) {
            return Ok(true);
        }
        if notice.is_empty() {
            self.notes.drop_message(message.id)?;
        } else {
            self.notes.rewrite(message.id, &body(&notice))?;
        }
        Ok(true)
    }
}

const MEMBER: &str = "source_broken ";

/// How a pipeline's meeting with a broken source is kept.
fn member_of(source: &str) -> String {
    format!("{MEMBER}{source}")
}

fn wants(channel: &Channel, item: &Item) -> bool {
    channel.tell.contains(&item.matter) && (item.what != What::Recovered || channel.recovered)
}

fn body(notice: &Notice) -> String {
    serde_json::to_string(notice).unwrap_or_default()
}

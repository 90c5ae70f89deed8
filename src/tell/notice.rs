//! What one message holds while it waits: what its readers are to learn, each matter of a subject once. What was
//! raised and ended before the message left is not told at all.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Matter;

/// More than these are counted, not kept.
const MAX_ITEMS: usize = 500;
/// As many pipelines are named as meet one broken source.
const MAX_PIPELINES: usize = 20;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    pub items: Vec<Item>,
    /// Items that found no room.
    #[serde(default)]
    pub left_out: usize,
    /// Whom a first delivery did not reach; none: nobody has been reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<Vec<String>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    pub what: What,
    pub matter: Matter,
    pub subject: String,
    pub text: String,
    pub at: Timestamp,
    /// When it was raised.
    pub since: Timestamp,
    pub run: Option<i64>,
    /// Those that meet a broken source, as far as they are named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pipelines: Vec<String>,
    /// How many they are.
    #[serde(default)]
    pub affected: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    Raised,
    /// Still so, and of another kind.
    Changed,
    /// It comes and goes.
    Unstable,
    Recovered,
    /// It happened.
    Happened,
}

impl Notice {
    /// Adds an item; `again`: a raised one says nothing else than what was told before.
    pub fn add(&mut self, item: Item, again: bool) {
        let same = |other: &Item| (other.matter, &other.subject) == (item.matter, &item.subject);
        let waits = self.items.iter().position(same).filter(|_| item.what != What::Happened);
        let Some(index) = waits else {
            if self.items.len() < MAX_ITEMS {
                self.items.push(item);
            } else {
                self.left_out += 1;
            }
            return;
        };
        match (self.items[index].what, item.what) {
            // Its readers never knew.
            (What::Raised, What::Recovered) => {
                self.items.remove(index);
            }
            // Its readers know that it is so.
            (What::Recovered, What::Raised) if again => {
                self.items.remove(index);
            }
            (What::Recovered, What::Raised) => self.items[index] = Item { what: What::Changed, ..item },
            (What::Raised, What::Changed) => self.items[index] = Item { what: What::Raised, ..item },
            _ => self.items[index] = item,
        }
    }

    /// Tells of those who meet what a waiting item tells of. Whether there is one.
    pub fn affect(&mut self, subject: &str, matter: Matter, pipelines: &[String]) -> bool {
        let told = |item: &&mut Item| item.subject == subject && item.matter == matter && item.what != What::Recovered;
        let Some(item) = self.items.iter_mut().find(told) else { return false };
        item.set_pipelines(pipelines);
        true
    }

    pub fn is_empty(&self) -> bool {
        self.items.is_empty() && self.left_out == 0
    }

    /// By what is worst, then by subject.
    pub fn sorted(&self) -> Vec<&Item> {
        let mut items: Vec<&Item> = self.items.iter().collect();
        items.sort_by(|a, b| (a.what, a.matter, &a.subject, a.at).cmp(&(b.what, b.matter, &b.subject, b.at)));
        items
    }
}

impl Item {
    pub fn set_pipelines(&mut self, pipelines: &[String]) {
        self.affected = pipelines.len();
        self.pipelines = pipelines.iter().take(MAX_PIPELINES).cloned().collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(what: What, text: &str) -> Item {
        Item {
            what,
            matter: Matter::Failed,
            subject: "pipeline folk".into(),
            text: text.into(),
            at: Timestamp::UNIX_EPOCH,
            since: Timestamp::UNIX_EPOCH,
            run: None,
            pipelines: Vec::new(),
            affected: 0,
        }
    }

    fn notice(steps: &[(What, bool)]) -> Vec<What> {
        let mut notice = Notice::default();
        for (what, again) in steps {
            notice.add(item(*what, ""), *again);
        }
        notice.items.iter().map(|item| item.what).collect()
    }

    #[test]
    fn what_was_so_for_less_than_a_batch_is_not_told() {
        use What::{Changed, Happened, Raised, Recovered, Unstable};
        assert!(notice(&[(Raised, false), (Recovered, false)]).is_empty());
        assert!(notice(&[(Recovered, false), (Raised, true)]).is_empty());
        assert_eq!(notice(&[(Recovered, false), (Raised, false)]), [Changed]);
        assert_eq!(notice(&[(Raised, false), (Changed, false)]), [Raised]);
        assert_eq!(notice(&[(Raised, false), (Unstable, false)]), [Unstable]);
        assert_eq!(notice(&[(Happened, false), (Happened, false)]), [Happened, Happened]);
    }

    #[test]
    fn a_message_has_a_bounded_number_of_items() {
        let mut notice = Notice::default();
        for number in 0..700 {
            notice.add(Item { subject: format!("pipeline p{number}"), ..item(What::Raised, "") }, false);
        }
        assert_eq!((notice.items.len(), notice.left_out), (500, 200));
        let many: Vec<String> = (0..100).map(|number| format!("p{number}")).collect();
        assert!(notice.affect("pipeline p3", Matter::Failed, &many));
        assert_eq!((notice.items[3].pipelines.len(), notice.items[3].affected), (20, 100));
        assert!(!notice.affect("pipeline annan", Matter::Failed, &many));
    }
}

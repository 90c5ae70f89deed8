//! Delivering: what waits in the ledger goes out when its batch has ended, one message per channel at a time, and is
//! tried again for a day. What was recorded as delivered is never sent again; what a crash or a lost answer left
//! unrecorded is, under the same id.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify as Bell;
use tokio_util::sync::CancellationToken;

use super::answer::{Answered, Refusal};
use super::notice::Notice;
use super::observe;
use super::said::Said;
use super::secret::{Secret, Use};
use super::smtp::{self, Patience};
use super::webhook::{self, Told};
use super::{mail, plain};
use crate::config::{Channel, Config, HttpSettings, Notify, Publisher, Way};
use crate::ledger::{Ledger, LedgerError, Message};

/// After the first failure; doubled each time, up to the longest.
const FIRST_WAIT: SignedDuration = SignedDuration::from_mins(1);
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(1);
/// A message is given up when it is so old and was tried so often.
const GIVE_UP_AFTER: SignedDuration = SignedDuration::from_hours(24);
const GIVE_UP_TRIES: u32 = 8;
/// Nothing takes longer, whatever a server does.
const ONE_TRY: Duration = Duration::from_mins(5);
/// What is being sent when the program stops may end for so long.
const FAREWELL: Duration = Duration::from_secs(5);
/// The clock may be set meanwhile: no sleep is longer.
const LONGEST_SLEEP: Duration = Duration::from_mins(5);

/// Takes down what is seen and tells of it, in the background.
pub struct Teller {
    ledger: Arc<Ledger>,
    settings: Mutex<Arc<Settings>>,
    bell: Bell,
}

/// What a delivery needs of the configuration.
#[derive(Clone, Debug)]
struct Settings {
    notify: Notify,
    publisher: Publisher,
    http: HttpSettings,
    patience: Patience,
}

impl Settings {
    fn of(config: &Config) -> Self {
        Self {
            notify: config.notify.clone(),
            publisher: config.publisher.clone(),
            http: config.http.clone(),
            patience: Patience::default(),
        }
    }
}

impl Teller {
    pub fn new(config: &Config, ledger: Arc<Ledger>) -> Self {
        Self::with(Settings::of(config), ledger)
    }

    fn with(settings: Settings, ledger: Arc<Ledger>) -> Self {
        Self { ledger, settings: Mutex::new(Arc::new(settings)), bell: Bell::new() }
    }

    fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Arc<Settings>> {
        // It is swapped whole: a panic elsewhere leaves it as it was.
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes down what was seen. Quick: nothing is sent before this returns.
    pub fn observe(&self, said: &[Said]) -> Result<(), LedgerError> {
        if said.is_empty() {
            return Ok(());
        }
        observe::observe(&self.ledger, &self.settings().notify, said)?;
        self.bell.notify_one();
        Ok(())
    }

    /// The share of rows, in percent, above which a revision is told of.
    pub fn revision_above(&self) -> f64 {
        self.settings().notify.revision_above
    }

    /// A new configuration. What waits is tried at once: what was wrong may have been put right. What it no longer
    /// has is forgotten without a word.
    pub fn reconfigure(&self, config: &Config) -> Result<(), LedgerError> {
        let settings = Settings::of(config);
        let pipelines: BTreeSet<String> = config.pipelines.keys().cloned().collect();
        let sources: BTreeSet<String> = config.sources.keys().cloned().collect();
        observe::forget(&self.ledger, &pipelines, &sources, &settings.notify)?;
        *self.lock() = Arc::new(settings);
        self.ledger.hurry_messages(Timestamp::now())?;
        self.bell.notify_one();
        Ok(())
    }

    /// Sends what waits until told to stop; what is being sent then may end for a few seconds more.
    pub async fn deliver(&self, stop: CancellationToken) {
        loop {
            let round = self.round(Timestamp::now());
            tokio::pin!(round);
            let next = tokio::select! {
                next = &mut round => next,
                () = stop.cancelled() => {
                    let _ = tokio::time::timeout(FAREWELL, round).await;
                    return;
                }
            };
            let sleep = match next {
                Ok(next) => next.map_or(LONGEST_SLEEP, |at| until(at, Timestamp::now())),
                Err(error) => {
                    tracing::error!(%error, "could not look for messages to deliver");
                    Duration::from_mins(1)
                }
            };
            tokio::select! {
                () = tokio::time::sleep(sleep) => {}
                () = self.bell.notified() => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// Sends what is due; gives when something next will be.
    async fn round(&self, now: Timestamp) -> Result<Option<Timestamp>, LedgerError> {
        let settings = self.settings();
        let settles = observe::settle(&self.ledger, &settings.notify, now)?;
        // The oldest of each channel: while it can't be delivered, those behind it wait and gather.
        let mut heads: BTreeMap<String, Message> = BTreeMap::new();
        for message in self.ledger.waiting_messages()? {
            heads.entry(message.channel.clone()).or_insert(message);
        }
        let due = heads.into_values().filter(|message| message.next_try <= now);
        let ended = join_all(due.map(|message| self.attempt(&settings, message))).await;
        ended.into_iter().collect::<Result<Vec<()>, _>>()?;
        let mut heads = BTreeMap::new();
        for message in self.ledger.waiting_messages()? {
            heads.entry(message.channel).or_insert(message.next_try);
        }
        Ok(heads.into_values().chain(settles).min())
    }

    async fn attempt(&self, settings: &Settings, mut message: Message) -> Result<(), LedgerError> {
        let Some(channel) = settings.notify.channels.get(&message.channel) else {
            "given up: the channel is no longer configured".clone_into(&mut message.outcome);
            message.ended_at = Some(Timestamp::now());
            return self.ledger.message_tried(&message);
        };
        // As it now is: something may have been added since it was found.
        let Some(current) = self.ledger.begin_message(message.id)? else { return Ok(()) };
        message = current;
        let Ok(mut notice) = serde_json::from_str::<Notice>(&message.body) else {
            "given up: the ledger's text of it can't be read".clone_into(&mut message.outcome);
            message.ended_at = Some(Timestamp::now());
            tracing::error!(channel = channel.name, message = message.id, "a message in the ledger can't be read");
            return self.ledger.message_tried(&message);
        };
        // Of a ledger that was made anew, numbers begin again; times do not.
        let id = format!("{}.{}.{}", message.made_at.as_millisecond(), channel.name, message.id);
        let send = send(settings, channel, &id, message.made_at, &notice, None);
        let result = match tokio::time::timeout(ONE_TRY, send).await {
            Ok(result) => result,
            Err(_) => Err(Refusal::passing(format!("no end within {} s", ONE_TRY.as_secs()))),
        };
        let now = Timestamp::now();
        record(&mut message, &mut notice, channel, &result, now);
        self.ledger.message_tried(&message)
    }
}

/// Notes what became of a try, and says it in the log.
fn record(
    message: &mut Message,
    notice: &mut Notice,
    channel: &Channel,
    result: &Result<Answered, Refusal>,
    now: Timestamp,
) {
    let (name, tries) = (channel.name.as_str(), message.tries);
    let too_old = now.duration_since(message.made_at) >= GIVE_UP_AFTER && tries >= GIVE_UP_TRIES;
    message.next_try = now.checked_add(wait(tries)).unwrap_or(now);
    match result {
        Ok(answered) => {
            for refused in &answered.refused {
                tracing::warn!(channel = name, message = message.id, refused, "a receiver is refused");
            }
            let refused = listed("refused", &answered.refused);
            if answered.left.is_empty() || too_old {
                let left = listed("given up", &answered.left);
                message.ended_at = Some(now);
                message.outcome = format!("delivered: {}{refused}{left}", answered.text);
                tracing::info!(
                    channel = name,
                    message = message.id,
                    tries,
                    answer = answered.text,
                    "message delivered"
                );
            } else {
                // Those who have it do not get it again.
                message.outcome = format!("waits for {}: {}{refused}", answered.left.join(", "), answered.text);
                notice.left = Some(answered.left.clone());
                message.body = serde_json::to_string(notice).unwrap_or_default();
            }
        }
        Err(refusal) if refusal.lasting || too_old => {
            message.ended_at = Some(now);
            message.outcome = format!("given up: {}", refusal.text);
            let hint = refusal.hint.as_deref().unwrap_or_default();
            tracing::error!(
                channel = name,
                message = message.id,
                tries,
                reason = refusal.text,
                hint,
                "message given up"
            );
        }
        Err(refusal) => {
            message.outcome = format!("waits: {}", refusal.text);
            let hint = refusal.hint.as_deref().unwrap_or_default();
            let (reason, again) = (&refusal.text, message.next_try);
            if tries == 1 {
                tracing::warn!(channel = name, message = message.id, reason, hint, %again, "message not delivered yet");
            } else {
                tracing::debug!(channel = name, message = message.id, tries, reason, %again, "message not delivered yet");
            }
        }
    }
}

/// `; refused: a@example.org: …`.
fn listed(what: &str, receivers: &[String]) -> String {
    if receivers.is_empty() { String::new() } else { format!("; {what}: {}", receivers.join("; ")) }
}

/// 1, 2, 4 … minutes, up to an hour.
fn wait(tries: u32) -> SignedDuration {
    let doubled = 1_i32.checked_shl(tries.saturating_sub(1).min(10)).unwrap_or(i32::MAX);
    FIRST_WAIT.checked_mul(doubled).unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT)
}

fn until(at: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(now)).unwrap_or_default().min(LONGEST_SLEEP)
}

async fn send(
    settings: &Settings,
    channel: &Channel,
    id: &str,
    made_at: Timestamp,
    notice: &Notice,
    test: Option<&str>,
) -> Result<Answered, Refusal> {
    let link = settings.notify.link.as_ref();
    match &channel.way {
        Way::Mail(mail) => {
            let title = test.map_or_else(|| plain::title(notice), str::to_owned);
            let text = match test {
                Some(_) => "This is a test: mail from Underlag reaches you.".to_owned(),
                None => plain::text(notice, link),
            };
            let letter = mail::write(mail, &settings.publisher, id, made_at, &title, &text)?;
            let password = match mail.user {
                Some(_) => Secret::find(&channel.name, Use::Password)?,
                None => None,
            };
            let to = notice.left.as_ref().unwrap_or(&mail.to);
            smtp::send(&channel.name, mail, password.as_ref(), to, &letter, settings.patience).await
        }
        Way::Webhook(webhook) => {
            let told = Told { id, made_at, publisher: &settings.publisher, link, notice, test };
            let keys = webhook::Keys::find(&channel.name, webhook)?;
            webhook::send(&channel.name, webhook, &keys, &settings.http, &told, Timestamp::now()).await
        }
    }
}

/// Sends a test message now, past the ledger.
pub async fn test(config: &Config, channel: &Channel) -> Result<Answered, Refusal> {
    let now = Timestamp::now();
    let id = format!("{}.{}.test", now.as_millisecond(), channel.name);
    let settings = Settings::of(config);
    let notice = Notice::default();
    let send = send(&settings, channel, &id, now, &notice, Some("a test message"));
    match tokio::time::timeout(ONE_TRY, send).await {
        Ok(result) => result,
        Err(_) => Err(Refusal::passing(format!("no end within {} s", ONE_TRY.as_secs()))),
    }
}

#[cfg(test)]
pub(super) mod testing {
    //! What the tests of delivery reach into.

    use super::*;

    impl Teller {
        pub fn for_test(notify: Notify, http: HttpSettings, ledger: Arc<Ledger>) -> Self {
            let publisher = Publisher { name: "Region Örebro län".into(), contact: String::new() };
            let second = Duration::from_secs(2);
            let patience = Patience { connect: second, answer: second, taken: second };
            Self::with(Settings { notify, publisher, http, patience }, ledger)
        }

        pub async fn round_at(&self, now: Timestamp) -> Option<Timestamp> {
            self.round(now).await.unwrap()
        }

        pub fn swap(&self, notify: Notify) {
            let settings = Settings { notify, ..(*self.settings()).clone() };
            *self.lock() = Arc::new(settings);
        }
    }

    #[test]
    fn a_message_is_tried_for_a_day() {
        let waits: Vec<i64> = (1..10).map(|tries| wait(tries).as_mins()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
    }
}

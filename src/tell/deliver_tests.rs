//! Deliveries over time: batches, retries, restarts, several receivers, a channel that is gone.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::deliver::Teller;
use super::post_office::{Authority, Manner, PostOffice};
use super::said::Said;
use super::webhook_tests::settings;
use crate::config::{Channel, Mail, Matter, Notify, Way};
use crate::ledger::Ledger;

struct Office {
    ledger: Arc<Ledger>,
    notify: Notify,
    office: PostOffice,
}

impl Office {
    async fn open(answers: &[(&'static str, &'static str)]) -> Self {
        let authority = Authority::new();
        let manner = Manner::default();
        manner.answers.lock().unwrap().extend_from_slice(answers);
        let office = PostOffice::open(&authority, manner).await;
        let mut notify = Notify::default();
        let mail = Mail { ca_file: None, ..office.mail(&authority) };
        notify.channels.insert("drift".into(), channel(mail));
        Self { ledger: Arc::new(Ledger::in_memory().unwrap()), notify, office }
    }

    fn teller(&self) -> Teller {
        Teller::for_test(self.notify.clone(), settings(), Arc::clone(&self.ledger))
    }

    fn subjects(&self) -> Vec<String> {
        let inbox = self.office.inbox();
        let subject = |text: &str| text.lines().find_map(|line| line.strip_prefix("Subject: ")).unwrap().to_owned();
        inbox.iter().map(|received| subject(&received.text)).collect()
    }

    fn outcomes(&self) -> Vec<String> {
        let port = self.office.port.to_string();
        let messages = self.ledger.messages(99).unwrap();
        messages.iter().rev().map(|message| message.outcome.replace(&port, "PORT")).collect()
    }
}

fn channel(mail: Mail) -> Channel {
    Channel { name: "drift".into(), tell: Matter::ALL.into(), recovered: true, way: Way::Mail(mail) }
}

fn now() -> Timestamp {
    Timestamp::now()
}

fn later(minutes: i64) -> Timestamp {
    now() + SignedDuration::from_mins(minutes)
}

#[tokio::test]
async fn a_batch_is_one_mail_and_is_never_sent_again() {
    let office = Office::open(&[]).await;
    let teller = office.teller();
    for pipeline in ["a", "b"] {
        teller.observe(&[Said::late(pipeline, "slot 08:05 has not run", now())]).unwrap();
    }
    // Not before its time.
    assert!(teller.round_at(now()).await.unwrap() > later(1));
    assert!(office.subjects().is_empty());
    assert_eq!(teller.round_at(later(3)).await, None);
    assert_eq!(office.subjects(), ["[underlag] 2 late"]);
    assert_eq!(office.outcomes(), ["delivered: localhost:PORT answered 250 2.0.0 queued as 4711"]);
    // After a restart, too.
    assert_eq!(office.teller().round_at(later(9)).await, None);
    assert_eq!(office.subjects().len(), 1);
}

#[tokio::test]
async fn what_is_greylisted_is_sent_later_and_what_comes_meanwhile_gathers_behind_it() {
    let office = Office::open(&[("RCPT", "451 4.7.1 greylisted"), ("greeting", "220 hi"), ("greeting", "cut")]).await;
    let teller = office.teller();
    teller.observe(&[Said::late("a", "sen", now())]).unwrap();
    let next = teller.round_at(later(3)).await.unwrap();
    assert!(next <= later(1), "{next}");
    assert_eq!(
        office.outcomes(),
        ["waits: localhost:PORT does not take the mail now: drift@region.example.org: 451 4.7.1 greylisted"]
    );
    for pipeline in ["b", "c"] {
        teller.observe(&[Said::late(pipeline, "sen", now())]).unwrap();
    }
    // The connection is cut this time; a restart changes nothing.
    let teller = office.teller();
    assert!(teller.round_at(later(3)).await.unwrap() <= later(2));
    assert!(office.subjects().is_empty());
    teller.round_at(later(5)).await;
    teller.round_at(later(5)).await;
    assert_eq!(office.subjects(), ["[underlag] pipeline a is late: sen", "[underlag] 2 late"]);
}

#[tokio::test]
async fn who_has_it_does_not_get_it_again() {
    let mut office = Office::open(&[("RCPT", "250 ok"), ("RCPT", "451 4.7.1 greylisted")]).await;
    let Some(Channel { way: Way::Mail(mail), .. }) = office.notify.channels.get_mut("drift") else { panic!() };
    mail.to = ["a@example.org", "b@example.org"].map(str::to_owned).to_vec();
    let teller = office.teller();
    teller.observe(&[Said::late("a", "sen", now())]).unwrap();
    teller.round_at(later(3)).await;
    assert_eq!(office.outcomes(), ["waits for b@example.org: localhost:PORT answered 250 2.0.0 queued as 4711"]);
    teller.round_at(later(6)).await;
    let inbox = office.office.inbox();
    assert_eq!(
        inbox.iter().map(|received| received.to.join(" ")).collect::<Vec<_>>(),
        ["a@example.org", "b@example.org"]
    );
    // It is the same mail.
    assert_eq!(inbox[0].text, inbox[1].text);
}

#[tokio::test]
async fn a_refused_mail_is_given_up_and_an_old_one_after_a_day() {
    let office = Office::open(&[("end", "554 5.6.0 not here")]).await;
    let teller = office.teller();
    teller.observe(&[Said::late("a", "sen", now())]).unwrap();
    teller.round_at(later(3)).await;
    assert_eq!(office.outcomes(), ["given up: localhost:PORT refused the mail: 554 5.6.0 not here"]);

    let cut = [("greeting", "cut"); 20];
    let office = Office::open(&cut).await;
    let teller = office.teller();
    teller.observe(&[Said::late("a", "sen", later(-25 * 60))]).unwrap();
    for attempt in 0..8 {
        assert!(office.ledger.messages(1).unwrap()[0].ended_at.is_none(), "{attempt}");
        teller.round_at(later(attempt * 90)).await;
    }
    let message = &office.ledger.messages(1).unwrap()[0];
    assert!(message.ended_at.is_some() && message.outcome.starts_with("given up: "), "{message:?}");
    assert_eq!(message.tries, 8);
}

#[tokio::test]
async fn a_channel_that_is_gone_is_told_nothing() {
    let office = Office::open(&[]).await;
    let teller = office.teller();
    teller.observe(&[Said::late("a", "sen", now())]).unwrap();
    teller.swap(Notify::default());
    assert_eq!(teller.round_at(later(3)).await, None);
    assert_eq!(office.outcomes(), ["given up: the channel is no longer configured"]);
}

#[tokio::test]
async fn it_delivers_in_the_background_until_it_is_stopped() {
    let mut office = Office::open(&[]).await;
    office.notify.batch = std::time::Duration::ZERO;
    let teller = Arc::new(office.teller());
    let stop = CancellationToken::new();
    let background = tokio::spawn({
        let (teller, stop) = (Arc::clone(&teller), stop.clone());
        async move { teller.deliver(stop).await }
    });
    teller.observe(&[Said::late("a", "sen", now())]).unwrap();
    while office.outcomes().iter().all(String::is_empty) {
        tokio::task::yield_now().await;
    }
    stop.cancel();
    background.await.unwrap();
    assert_eq!(office.subjects().len(), 1);
}

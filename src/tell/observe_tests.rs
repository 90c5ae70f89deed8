//! From what runs tell to what waits in the ledger for whom.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use super::notice::{Notice, What};
use super::observe::{forget, observe, settle};
use super::plain;
use super::said::{Fault, Given, Ran, Said};
use crate::config::{Channel, Form, Matter, Notify, Way, Webhook};
use crate::ledger::{Ledger, Outcome};

fn at(minutes: i64) -> Timestamp {
    let start: Timestamp = "2026-11-23T06:00:00Z".parse().unwrap();
    Timestamp::from_second(start.as_second() + minutes * 60).unwrap()
}

fn channel(name: &str, tell: &[Matter]) -> Channel {
    let way = Way::Webhook(Webhook { url: None, form: Form::Json });
    Channel { name: name.into(), tell: tell.iter().copied().collect(), recovered: true, way }
}

struct Desk {
    ledger: Ledger,
    notify: Notify,
}

impl Desk {
    fn new() -> Self {
        let channels = [("drift".to_owned(), channel("drift", &Matter::ALL))].into();
        Self { ledger: Ledger::in_memory().unwrap(), notify: Notify { channels, ..Notify::default() } }
    }

    fn say(&self, said: &[Said]) {
        observe(&self.ledger, &self.notify, said).unwrap();
    }

    fn run(&self, pipeline: &str, minute: i64, outcome: Outcome, fault: Option<Fault>, message: &str) {
        let ran = Ran {
            pipeline: pipeline.into(),
            run: minute,
            at: at(minute),
            outcome,
            message: message.into(),
            fault,
            datasets: Vec::new(),
        };
        self.say(&Said::of_run(&ran, 5.0));
    }

    fn fails(&self, pipeline: &str, minute: i64, message: &str) {
        self.run(pipeline, minute, Outcome::Failed, Some(Fault::Check), message);
    }

    fn works(&self, pipeline: &str, minute: i64) {
        self.run(pipeline, minute, Outcome::Unchanged, None, "");
    }

    fn broken(&self, pipeline: &str, minute: i64, message: &str) {
        self.run(pipeline, minute, Outcome::Failed, Some(Fault::Source("scb".into())), message);
    }

    fn waiting(&self) -> Vec<Notice> {
        let waiting = self.ledger.waiting_messages().unwrap();
        waiting.iter().map(|message| serde_json::from_str(&message.body).unwrap()).collect()
    }

    /// The title of what waits, which is then delivered.
    fn told(&self) -> Option<String> {
        let titles: Vec<String> = self.waiting().iter().map(plain::title).collect();
        for mut message in self.ledger.waiting_messages().unwrap() {
            message.ended_at = Some(message.made_at);
            self.ledger.message_tried(&message).unwrap();
        }
        assert!(titles.len() < 2, "{titles:?}");
        titles.into_iter().next()
    }
}

#[test]
fn one_message_per_change_of_state() {
    let desk = Desk::new();
    desk.works("folk", 0);
    assert_eq!(desk.told(), None);
    desk.fails("folk", 10, "nothing published: a check did not hold\n  folk: min_rows: 5 rows");
    assert_eq!(desk.told().unwrap(), "pipeline folk failed: nothing published: a check did not hold");
    for day in 1..9 {
        desk.fails(
            "folk",
            day * 1440,
            &format!("nothing published: a check did not hold\n  folk: min_rows: {day} rows"),
        );
        assert_eq!(desk.told(), None);
    }
    desk.fails("folk", 9 * 1440, "nothing published: a check did not hold\n  folk: max_drop: 50 %");
    assert_eq!(desk.waiting()[0].items[0].what, What::Changed);
    assert!(desk.told().is_some());
    desk.works("folk", 10 * 1440);
    let notice = &desk.waiting()[0];
    assert_eq!((notice.items[0].since, notice.items[0].at), (at(10), at(10 * 1440)));
    assert_eq!(desk.told().unwrap(), "pipeline folk recovered");
    desk.works("folk", 11 * 1440);
    assert_eq!(desk.told(), None);
    assert!(desk.ledger.raised().unwrap().is_empty());
}

#[test]
fn what_happens_within_a_batch_is_one_message() {
    let desk = Desk::new();
    for pipeline in ["a", "b", "c"] {
        desk.fails(pipeline, 0, "fel");
    }
    desk.fails("blip", 1, "fel");
    desk.works("blip", 1);
    let waiting = desk.ledger.waiting_messages().unwrap();
    assert_eq!((waiting.len(), waiting[0].next_try), (1, at(2)));
    assert_eq!(desk.told().unwrap(), "3 pipelines failed");
    // Who was told of nothing hears of no end.
    desk.fails("blip", 10, "fel");
    desk.works("blip", 11);
    assert_eq!(desk.told(), None);
}

#[test]
fn a_hundred_pipelines_on_one_broken_source_are_one_message() {
    let desk = Desk::new();
    for number in 0..100 {
        let text = format!("fetch f{number}: scb: GET https://a.example/t{number} failed once; could not connect");
        desk.broken(&format!("p{number:03}"), number * 10, &text);
        if number == 5 {
            let notice = &desk.waiting()[0];
            assert_eq!((notice.items.len(), notice.items[0].affected), (1, 6));
            assert!(desk.told().unwrap().starts_with("source scb is broken: fetch f0: scb: GET"));
        }
    }
    assert_eq!(desk.told(), None);
    // Another kind of failure is news, once.
    desk.broken("p000", 2000, "the certificate is not trusted");
    assert_eq!(desk.waiting()[0].items[0].affected, 100);
    assert!(desk.told().is_some());
    desk.broken("p001", 2001, "the certificate is not trusted");
    desk.broken("p002", 2002, "fetch x: scb: GET https://b.example failed once; could not connect");
    assert_eq!(desk.told(), None);
    // It has recovered when nobody fails for it any longer.
    for number in 0..99 {
        desk.works(&format!("p{number:03}"), 3000 + number);
        assert_eq!(desk.told(), None);
    }
    desk.works("p099", 4000);
    assert_eq!(desk.told().unwrap(), "source scb recovered");
    assert!(desk.ledger.raised().unwrap().is_empty());
}

#[test]
fn flapping_is_told_as_such_and_then_left_alone() {
    let desk = Desk::new();
    let mut told = Vec::new();
    for round in 0..24 {
        desk.fails("folk", round * 30, "fel");
        told.extend(desk.told());
        desk.works("folk", round * 30 + 15);
        told.extend(desk.told());
    }
    assert_eq!(told.len(), 5, "{told:?}");
    assert_eq!(told[4], "pipeline folk failed again and again");
    let last = 23 * 30 + 15;
    assert_eq!(settle(&desk.ledger, &desk.notify, at(last + 10)).unwrap(), Some(at(last + 360)));
    assert_eq!(desk.told(), None);
    assert_eq!(settle(&desk.ledger, &desk.notify, at(last + 360)).unwrap(), None);
    assert_eq!(desk.told().unwrap(), "pipeline folk recovered");
}

#[test]
fn each_channel_hears_what_it_asked_for() {
    let mut desk = Desk::new();
    desk.notify.channels = [
        ("news".to_owned(), channel("news", &[Matter::Published, Matter::Revision])),
        ("alarm".to_owned(), Channel { recovered: false, ..channel("alarm", &[Matter::CheckFailed, Matter::Late]) }),
    ]
    .into();
    let given = Given {
        dataset: "tal".into(),
        version: "000002-x".into(),
        rows: 100,
        published: true,
        revised: 50,
        before: 100,
    };
    let ran = Ran {
        pipeline: "folk".into(),
        run: 3,
        at: at(0),
        outcome: Outcome::Published,
        message: String::new(),
        fault: None,
        datasets: vec![given],
    };
    desk.say(&Said::of_run(&ran, 5.0));
    // The same run, seen again after a restart.
    desk.say(&Said::of_run(&ran, 5.0));
    assert_eq!(desk.told().unwrap(), "1 revised, 1 published");
    desk.fails("folk", 10, "fel");
    desk.say(&[Said::late("folk", "slot 08:05 has not run", at(11))]);
    assert_eq!(desk.told().unwrap(), "1 pipeline failed, 1 late");
    desk.works("folk", 500);
    desk.say(&[Said::on_time("folk", at(501))]);
    assert_eq!(desk.told(), None);
}

#[test]
fn what_is_no_longer_configured_is_forgotten() {
    let desk = Desk::new();
    desk.broken("a", 0, "fel");
    desk.broken("b", 0, "fel");
    desk.fails("gone", 0, "fel");
    desk.say(&[Said::refused("error: unknown key", at(1))]);
    let keep = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    forget(&desk.ledger, &keep(&["a"]), &keep(&["scb"]), &desk.notify).unwrap();
    let raised: Vec<String> = desk.ledger.raised().unwrap().into_iter().map(|condition| condition.subject).collect();
    assert_eq!(raised, ["configuration", "pipeline a", "source scb"]);
    forget(&desk.ledger, &keep(&[]), &keep(&["scb"]), &desk.notify).unwrap();
    assert_eq!(desk.ledger.raised().unwrap().len(), 1);
}

#[test]
fn a_batch_of_no_time_is_told_at_once() {
    let mut desk = Desk::new();
    desk.notify.batch = Duration::ZERO;
    desk.fails("folk", 7, "fel");
    assert_eq!(desk.ledger.waiting_messages().unwrap()[0].next_try, at(7));
}

//! What systemd is told, where it listens: ready, reloading, stopping, alive, and a line on how things are. From a thread
//! of its own: a socket that nobody reads would hold up whoever writes to it.

use std::sync::OnceLock;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

use sd_notify::NotifyState;

enum Word {
    Ready(String),
    Reloading,
    Stopping(Duration),
    Status(String),
    Alive,
    Starting(String),
}

/// Words that wait to be told; beyond them what is new is not told.
const WAITING: usize = 64;

fn tell(word: Word) {
    static TELLS: OnceLock<SyncSender<Word>> = OnceLock::new();
    let tells = TELLS.get_or_init(|| {
        let (tells, words) = sync_channel(WAITING);
        let speaker =
            std::thread::Builder::new().name("systemd".to_owned()).spawn(move || words.iter().for_each(speak));
        if let Err(error) = speaker {
            tracing::warn!(%error, "systemd will not be told anything");
        }
        tells
    });
    let _ = tells.try_send(word);
}

fn speak(word: Word) {
    let told = match &word {
        Word::Ready(status) => sd_notify::notify(&[NotifyState::Ready, NotifyState::Status(status)]),
        Word::Reloading => match NotifyState::monotonic_usec_now() {
            Ok(now) => sd_notify::notify(&[NotifyState::Reloading, now]),
            Err(_) => sd_notify::notify(&[NotifyState::Reloading]),
        },
        Word::Stopping(grace) => {
            let more = u32::try_from((*grace + Duration::from_secs(10)).as_micros()).unwrap_or(u32::MAX);
            let more = NotifyState::ExtendTimeoutUsec(more);
            sd_notify::notify(&[NotifyState::Stopping, NotifyState::Status("stopping"), more])
        }
        Word::Status(status) => sd_notify::notify(&[NotifyState::Status(status)]),
        Word::Alive => sd_notify::notify(&[NotifyState::Watchdog]),
        Word::Starting(status) => {
            sd_notify::notify(&[NotifyState::Status(status), NotifyState::ExtendTimeoutUsec(120_000_000)])
        }
    };
    // Without systemd there is nobody to tell.
    if let Err(error) = told {
        tracing::debug!(%error, "systemd was not told");
    }
}

pub fn ready(status: &str) {
    tell(Word::Ready(status.to_owned()));
}

pub fn reloading() {
    tell(Word::Reloading);
}

pub fn stopping(grace: Duration) {
    tell(Word::Stopping(grace));
}

pub fn status(status: &str) {
    tell(Word::Status(status.to_owned()));
}

/// From the loop itself: if it hangs, systemd starts the program again.
pub fn alive() {
    tell(Word::Alive);
}

/// A start that takes long is no failure while it gets on.
pub fn starting(status: &str) {
    tell(Word::Starting(status.to_owned()));
}

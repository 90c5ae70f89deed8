//! What systemd is told, where it listens: ready, reloading, stopping, alive, and a line on how things are.

use std::time::Duration;

use sd_notify::NotifyState;

fn tell(states: &[NotifyState<'_>]) {
    // Without systemd there is nobody to tell.
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "systemd was not told");
    }
}

pub fn ready(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
}

pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(_) => tell(&[NotifyState::Reloading]),
    }
}

pub fn stopping(grace: Duration) {
    let more = u32::try_from((grace + Duration::from_secs(10)).as_micros()).unwrap_or(u32::MAX);
    tell(&[NotifyState::Stopping, NotifyState::Status("stopping"), NotifyState::ExtendTimeoutUsec(more)]);
}

pub fn status(status: &str) {
    tell(&[NotifyState::Status(status)]);
}

/// From the loop itself: if it hangs, systemd starts the program again.
pub fn alive() {
    tell(&[NotifyState::Watchdog]);
}

/// A start that takes long is no failure while it gets on.
pub fn starting(status: &str) {
    tell(&[NotifyState::Status(status), NotifyState::ExtendTimeoutUsec(120_000_000)]);
}

//! The machine's clock, and what wakes the loop: a job of tokio-cron-scheduler at every whole second. It decides
//! nothing. Due times come from `schedule`, since the crate's own are an hour off after a change of daylight saving, and
//! its jobs run several at once.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::Notify;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

use super::clock::Clock;

pub struct Machine {
    scheduler: JobScheduler,
    bell: Arc<Notify>,
}

impl Machine {
    pub async fn start() -> Result<Self, JobSchedulerError> {
        let bell = Arc::new(Notify::new());
        let scheduler = JobScheduler::new().await?;
        let rings = Arc::clone(&bell);
        // Many rings before the loop looks are one.
        scheduler.add(Job::new("* * * * * *", move |_, _| rings.notify_one())?).await?;
        scheduler.start().await?;
        Ok(Self { scheduler, bell })
    }

    /// Stops the wake-up when the loop has ended.
    pub fn handle(&self) -> JobScheduler {
        self.scheduler.clone()
    }
}

impl Clock for Machine {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    /// At every second, whatever is next: the clock may be set, and the watchdog wants to be fed.
    async fn wake(&mut self, _next: Option<Timestamp>) {
        self.bell.notified().await;
    }
}

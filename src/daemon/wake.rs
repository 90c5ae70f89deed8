//! What wakes the loop: a job of tokio-cron-scheduler at every whole second. It decides nothing. Due times come from
//! `schedule`, since the crate's own are an hour off after a change of daylight saving, and its jobs run several at once.

use std::sync::Arc;

use tokio::sync::Notify;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

/// Wakes for as long as it is kept.
pub struct Wake {
    scheduler: JobScheduler,
}

impl Wake {
    pub async fn start(bell: Arc<Notify>) -> Result<Self, JobSchedulerError> {
        let scheduler = JobScheduler::new().await?;
        // Many rings before the loop looks are one.
        scheduler.add(Job::new("* * * * * *", move |_, _| bell.notify_one())?).await?;
        scheduler.start().await?;
        Ok(Self { scheduler })
    }

    pub async fn stop(mut self) {
        if let Err(error) = self.scheduler.shutdown().await {
            tracing::debug!(%error, "the wake-up did not stop cleanly");
        }
    }
}

//! `underlag daemon`.

use std::sync::Arc;

use anyhow::anyhow;

use crate::daemon::{self, DaemonError, Load};

use super::context::Place;
use super::exit::{Exit, Failure};
use super::text;

pub async fn daemon(place: &Place) -> Result<Exit, Failure> {
    let workshop = place.workshop().await?;
    let place = place.clone();
    let load: Load = Arc::new(move || {
        let place = place.clone();
        Box::pin(async move { place.examined().await })
    });
    let announce = |address| text::line(&format!("site: http://{address}/"));
    Box::pin(daemon::run(workshop, load, announce)).await.map_err(failure)?;
    Ok(Exit::Done)
}

fn failure(error: DaemonError) -> Failure {
    let hint = error.hint();
    let exit = if matches!(error, DaemonError::Damaged { .. }) { Exit::Damaged } else { Exit::Failed };
    Failure { exit, code: error.code(), error: anyhow!("{error}"), hint }
}

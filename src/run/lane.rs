//! A step that takes the batches of a pass on a thread of its own, so that rows
//! are computed, hashed and written at once. A few batches wait between two
//! steps; when they are full, the step before waits.

use arrow::record_batch::RecordBatch;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::lake::LakeError;

/// Batches that may wait for a step.
const WAITING: usize = 4;

pub struct Lane<T> {
    batches: mpsc::Sender<RecordBatch>,
    work: JoinHandle<Result<T, LakeError>>,
}

impl<T: Send + 'static> Lane<T> {
    pub fn new(
        mut state: T,
        mut step: impl FnMut(&mut T, &RecordBatch) -> Result<(), LakeError> + Send + 'static,
    ) -> Self {
        let (batches, mut waiting) = mpsc::channel::<RecordBatch>(WAITING);
        let work = tokio::task::spawn_blocking(crate::log::carried(move || {
            while let Some(batch) = waiting.blocking_recv() {
                step(&mut state, &batch)?;
            }
            Ok(state)
        }));
        Self { batches, work }
    }

    /// Whether the step still takes batches; if not, its error is told by [`Lane::end`].
    pub async fn pass(&self, batch: RecordBatch) -> bool {
        self.batches.send(batch).await.is_ok()
    }

    /// What the step has come to when it has taken all.
    pub async fn end(self) -> Result<T, LakeError> {
        drop(self.batches);
        match self.work.await {
            Ok(result) => result,
            Err(fault) if fault.is_panic() => std::panic::resume_unwind(fault.into_panic()),
            Err(_) => Err(LakeError::Stopped),
        }
    }
}

//! One module per API, the only place that knows its quirks: it plans the
//! calls, has them made, and decodes the answers. Nothing after this knows
//! which API a table came from.

use arrow::record_batch::RecordBatch;

/// Takes the decoded rows of one fetch, in the plan's order.
pub trait Sink: Send {
    fn write(&mut self, batch: &RecordBatch) -> anyhow::Result<()>;
}

//! What time it is, and when to look again: the machine's, or what a test makes of it.

use jiff::Timestamp;

pub trait Clock: Send + Sync + 'static {
    fn now(&self) -> Timestamp;
    /// Returns when there may be something to do; the next of what is known is due at `next`. Early is no harm.
    fn wake(&mut self, next: Option<Timestamp>) -> impl Future<Output = ()> + Send;
}

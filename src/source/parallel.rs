//! Several calls of a plan in flight at once, their answers taken strictly in
//! the plan's order: a row's answer is known by what was accepted last, and a
//! run that is killed is resumed by what was accepted. Each call is a task of its
//! own, so that answers arrive and are decoded while earlier ones are written. It
//! knows neither limits nor retries: the courier keeps to those.

use std::collections::VecDeque;
use std::future::Future;

use tokio::task::{JoinError, JoinHandle};
use tracing::Instrument as _;

use super::SourceError;
use crate::fetch::FetchError;

/// Runs `call` for each of `calls`, at most `at_once` at a time, and hands the outcomes to `take` one by one in the
/// order of `calls`. At most `at_once` outcomes wait in memory. The first failure, in that order, ends it; what is in
/// flight then is dropped.
///
/// # Errors
/// The first that a call or `take` gives, in the order of the calls.
pub async fn in_order<C, T, F>(
    at_once: usize,
    calls: impl IntoIterator<Item = C>,
    mut call: impl FnMut(C) -> F,
    mut take: impl FnMut(T) -> Result<(), SourceError>,
) -> Result<(), SourceError>
where
    T: Send + 'static,
    F: Future<Output = Result<T, SourceError>> + Send + 'static,
{
    let mut calls = calls.into_iter();
    let mut flying = VecDeque::new();
    loop {
        while flying.len() < at_once.max(1)
            && let Some(next) = calls.next()
        {
            flying.push_back(Flight(tokio::spawn(call(next).in_current_span())));
        }
        let Some(first) = flying.front_mut() else { return Ok(()) };
        let landed = (&mut first.0).await;
        // Taken away before the next is sent: a place is free when its answer is in hand.
        flying.pop_front();
        if let Some(next) = calls.next() {
            flying.push_back(Flight(tokio::spawn(call(next).in_current_span())));
        }
        take(landed.map_err(stopped)??)?;
    }
}

/// Work that takes too long for the threads that serve the network, such as decoding.
///
/// # Errors
/// Those of the work.
pub async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SourceError> + Send + 'static,
) -> Result<T, SourceError> {
    tokio::task::spawn_blocking(crate::log::carried(work)).await.map_err(stopped)?
}

/// A call that ends with whoever waits for it.
struct Flight<T>(JoinHandle<T>);

impl<T> Drop for Flight<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn stopped(fault: JoinError) -> SourceError {
    if fault.is_panic() {
        std::panic::resume_unwind(fault.into_panic());
    }
    FetchError::Stopped.into()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    fn fault(name: &str) -> SourceError {
        SourceError::NotItsPlan { fetch: name.to_owned() }
    }

    /// Later calls are quicker, so they land in reverse.
    async fn slow(call: u64, calls: u64) -> u64 {
        tokio::time::sleep(Duration::from_secs(calls - call)).await;
        call
    }

    #[tokio::test(start_paused = true)]
    async fn answers_are_taken_in_the_order_of_the_calls() {
        for at_once in [0, 1, 3, 50] {
            let mut taken = Vec::new();
            let call = |call| async move { Ok(slow(call, 20).await) };
            in_order(at_once, 0..20, call, |call| {
                taken.push(call);
                Ok(())
            })
            .await
            .unwrap();
            assert_eq!(taken, (0..20).collect::<Vec<_>>());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_are_in_flight_than_told() {
        let (flying, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let call = |call: u64| {
            let (flying, most) = (Arc::clone(&flying), Arc::clone(&most));
            async move {
                most.fetch_max(flying.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                slow(call, 20).await;
                flying.fetch_sub(1, Ordering::SeqCst);
                Ok(())
            }
        };
        in_order(4, 0..20, call, |()| Ok(())).await.unwrap();
        assert_eq!(most.load(Ordering::SeqCst), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_failure_in_order_is_told_and_what_came_before_it_is_taken() {
        let mut taken = Vec::new();
        let call = |call: u64| async move {
            let call = slow(call, 20).await;
            if call % 5 == 4 { Err(fault(&call.to_string())) } else { Ok(call) }
        };
        let result = in_order(8, 0..20, call, |call| {
            taken.push(call);
            Ok(())
        })
        .await;
        assert!(matches!(result, Err(SourceError::NotItsPlan { fetch }) if fetch == "4"));
        assert_eq!(taken, [0, 1, 2, 3]);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_more_is_asked_once_an_answer_is_refused() {
        let asked = Arc::new(AtomicUsize::new(0));
        let call = |_: u64| {
            asked.fetch_add(1, Ordering::SeqCst);
            async { Ok(()) }
        };
        let result = in_order(2, 0..100, call, |()| Err(fault("full"))).await;
        assert!(matches!(result, Err(SourceError::NotItsPlan { .. })));
        assert_eq!(asked.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn decoding_has_a_thread_of_its_own() {
        let here = std::thread::current().id();
        let there = off_thread(|| Ok(std::thread::current().id())).await.unwrap();
        assert_ne!(here, there);
        assert!(off_thread(|| Err::<(), _>(fault("x"))).await.is_err());
    }
}

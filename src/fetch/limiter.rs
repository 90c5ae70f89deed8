//! Keeps a source's call limit: never more than N calls in any window.
//!
//! It is our own because the usual algorithm (GCRA, as in `governor`) lets a
//! burst of N through and then one more every window/N: nearly twice N within
//! one sliding window, which is what PxWeb counts, refused calls included.
//!
//! A server counts a call at some moment between its start and its answer. So
//! a call holds its place from its start until a window after its answer:
//! whatever the network delays, the server never sees more than N in a window.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::{Mutex as Queue, Notify};
use tokio::time::Instant;

use super::lock;
use crate::config::Limits;

/// Calls are remembered this long even without a limit, since the first call to a source
/// may be the one that tells its limit.
const MEMORY: Duration = Duration::from_mins(1);
const MAX_REMEMBERED: usize = 10_000;

/// One per host, shared by everything that calls it: by sources with limits of their own too, which then hold for all.
#[derive(Debug)]
pub struct Limiter {
    state: Mutex<State>,
    /// Waiting callers, first come, first served; only the first looks at the state.
    queue: Queue<()>,
    changed: Notify,
    /// The same for a place among the calls under way.
    places: Queue<()>,
    left: Notify,
}

#[derive(Debug)]
struct State {
    /// By source.
    limits: BTreeMap<String, Limits>,
    /// Calls that have begun and whose answer has not.
    in_flight: usize,
    /// Calls whose answer is not read to its end.
    under_way: usize,
    /// When calls were answered, oldest first.
    answered: VecDeque<Instant>,
    paused_until: Option<Instant>,
}

/// Leave to make one call; dropped when the answer has begun or the call has failed.
/// Whoever holds one must not ask for another.
#[derive(Debug)]
pub struct Slot<'a>(&'a Limiter);

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.0.state);
        state.in_flight -= 1;
        state.answered.push_back(Instant::now());
        state.forget_old(Instant::now());
        drop(state);
        self.0.changed.notify_one();
    }
}

/// A place among the calls that are under way at a time, until the answer is read.
#[derive(Debug)]
pub struct Place<'a>(&'a Limiter);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        lock(&self.0.state).under_way -= 1;
        self.0.left.notify_one();
    }
}

enum Next {
    Now,
    At(Instant),
    /// When a call in flight has been answered.
    Later,
}

impl Limiter {
    pub fn new(limits: Option<Limits>) -> Self {
        let limits = limits.into_iter().map(|limits| (String::new(), limits)).collect();
        let state = State { limits, in_flight: 0, under_way: 0, answered: VecDeque::new(), paused_until: None };
        Self {
            state: Mutex::new(state),
            queue: Queue::new(()),
            changed: Notify::new(),
            places: Queue::new(()),
            left: Notify::new(),
        }
    }

    /// What the source has announced; 0 calls: no limit. Calls already made count.
    #[cfg(test)]
    pub fn set(&self, limits: Limits) {
        self.set_for("", limits);
    }

    /// The same as one of several sources on this host says it: every one's limits hold for all of them.
    pub fn set_for(&self, source: &str, limits: Limits) {
        lock(&self.state).limits.insert(source.to_owned(), limits);
        self.changed.notify_one();
    }

    pub fn limits_for(&self, source: &str) -> Option<Limits> {
        lock(&self.state).limits.get(source).copied()
    }

    /// The longest window in force.
    pub fn window(&self) -> Option<Duration> {
        lock(&self.state).windows().map(|(_, window)| window).max()
    }

    /// Waits for a place among at most `parallel` calls under way.
    pub async fn place(&self, parallel: usize) -> Place<'_> {
        let _first = self.places.lock().await;
        loop {
            {
                let mut state = lock(&self.state);
                if state.under_way < parallel.max(1) {
                    state.under_way += 1;
                    return Place(self);
                }
            }
            self.left.notified().await;
        }
    }

    /// Waits until a call may start.
    pub async fn acquire(&self) -> Slot<'_> {
        let _first = self.queue.lock().await;
        loop {
            let next = {
                let mut state = lock(&self.state);
                let next = state.next(Instant::now());
                if matches!(next, Next::Now) {
                    state.in_flight += 1;
                    return Slot(self);
                }
                next
            };
            match next {
                Next::At(moment) => tokio::select! {
                    () = tokio::time::sleep_until(moment) => {}
                    () = self.changed.notified() => {}
                },
                Next::Now | Next::Later => self.changed.notified().await,
            }
        }
    }

    /// Nobody calls before this long has passed: the source has asked for it.
    pub fn pause(&self, time: Duration) {
        let until = Instant::now() + time;
        let mut state = lock(&self.state);
        state.paused_until = state.paused_until.max(Some(until));
    }

    /// How long at least until the last of `calls` more calls can start, were every answer immediate.
    pub fn wait_for(&self, calls: u64) -> Duration {
        let state = lock(&self.state);
        let now = Instant::now();
        if calls == 0 {
            return Duration::ZERO;
        }
        let first = state.paused_until.map_or(now, |until| until.max(now));
        let waits = state.windows().map(|(limit, window)| state.wait_in(limit, window, calls, first, now));
        waits.max().unwrap_or(first - now)
    }
}

impl State {
    /// `wait_for` under one limit.
    fn wait_in(&self, limit: usize, window: Duration, calls: u64, first: Instant, now: Instant) -> Duration {
        let mut held: VecDeque<Instant> = self.answered.iter().copied().filter(|at| *at + window > now).collect();
        held.extend(std::iter::repeat_n(now, self.in_flight));
        // After one full round the pattern repeats every window.
        let limit_u64 = limit as u64;
        let rounds = (calls - 1) / limit_u64;
        let mut last = first;
        for _ in 0..=(calls - 1) % limit_u64 {
            while held.len() >= limit {
                let freed = held.pop_front().map_or(last, |at| at + window);
                last = last.max(freed);
            }
            held.push_back(last);
        }
        let rounds = u32::try_from(rounds).unwrap_or(u32::MAX);
        (last - now).saturating_add(window.saturating_mul(rounds))
    }

    /// How many calls in how long a window, by everyone's limits.
    fn windows(&self) -> impl Iterator<Item = (usize, Duration)> {
        let limits = self.limits.values().filter(|limits| limits.calls > 0);
        limits.map(|limits| (usize::try_from(limits.calls).unwrap_or(usize::MAX), limits.window))
    }

    fn next(&self, now: Instant) -> Next {
        if let Some(until) = self.paused_until.filter(|until| *until > now) {
            return Next::At(until);
        }
        let mut last = Next::Now;
        for (limit, window) in self.windows() {
            last = match (last, self.next_in(limit, window, now)) {
                (Next::Later, _) | (_, Next::Later) => Next::Later,
                (Next::At(one), Next::At(other)) => Next::At(one.max(other)),
                (Next::Now, next) | (next, Next::Now) => next,
            };
        }
        last
    }

    fn next_in(&self, limit: usize, window: Duration, now: Instant) -> Next {
        let expired = self.answered.partition_point(|at| *at + window <= now);
        let held = self.in_flight + self.answered.len() - expired;
        if held < limit {
            return Next::Now;
        }
        // So many of the oldest must have left the window first.
        match self.answered.get(expired + held - limit) {
            Some(at) => Next::At(*at + window),
            None => Next::Later,
        }
    }

    fn forget_old(&mut self, now: Instant) {
        let (limit, window) =
            self.windows().fold((0, Duration::ZERO), |one, other| (one.0.max(other.0), one.1.max(other.1)));
        let age = window.max(MEMORY);
        while self.answered.len() > limit.max(MAX_REMEMBERED)
            || self.answered.front().is_some_and(|at| *at + age <= now)
        {
            self.answered.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;

    const fn limits(calls: u32, window_millis: u64) -> Limits {
        Limits { calls, window: Duration::from_millis(window_millis), cells: 0 }
    }

    fn paused<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(work)
    }

    /// Starts and answers of parallel callers, in milliseconds: each waits `gap`, calls, and is answered after `delay`.
    async fn simulate(limiter: Arc<Limiter>, callers: Vec<(u64, u64)>) -> Vec<(u128, u128)> {
        let begin = Instant::now();
        let tasks: Vec<_> = callers
            .into_iter()
            .map(|(gap, delay)| {
                let limiter = Arc::clone(&limiter);
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(gap)).await;
                    let slot = limiter.acquire().await;
                    let start = begin.elapsed();
                    tokio::time::sleep(Duration::from_millis(delay)).await;
                    drop(slot);
                    (start.as_millis(), begin.elapsed().as_millis())
                })
            })
            .collect();
        let mut calls = Vec::new();
        for task in tasks {
            calls.push(task.await.unwrap());
        }
        calls
    }

    proptest! {
        #[test]
        fn no_window_ever_holds_more(
            calls in 1_u32..6,
            window in 1_u64..3_000,
            callers in prop::collection::vec((0_u64..5_000, 0_u64..700), 1..40),
            counted_at in 0_u128..=100,
        ) {
            let seen = paused(simulate(Arc::new(Limiter::new(Some(limits(calls, window)))), callers));
            // The server may count a call at its start, at its answer, or anywhere between.
            let mut counted: Vec<u128> =
                seen.iter().map(|(start, answer)| start * 100 + (answer - start) * counted_at).collect();
            counted.sort_unstable();
            for held in counted.windows(calls as usize + 1) {
                prop_assert!(held[calls as usize] - held[0] >= u128::from(window) * 100, "{counted:?}");
            }
        }

        #[test]
        fn wait_for_is_what_immediate_answers_take(calls in 1_u32..6, before in 0_usize..8, more in 1_u64..20) {
            let (foretold, took) = paused(async {
                let limiter = Arc::new(Limiter::new(Some(limits(calls, 1_000))));
                simulate(Arc::clone(&limiter), vec![(0, 0); before]).await;
                let foretold = limiter.wait_for(more);
                let begin = Instant::now();
                for _ in 0..more {
                    drop(limiter.acquire().await);
                }
                (foretold, begin.elapsed())
            });
            prop_assert_eq!(foretold.as_millis(), took.as_millis());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_whole_limit_is_used() {
        let limiter = Arc::new(Limiter::new(Some(limits(30, 10_000))));
        let mut starts: Vec<_> = simulate(limiter, vec![(0, 0); 90]).await.into_iter().map(|call| call.0).collect();
        starts.sort_unstable();
        assert_eq!((starts[29], starts[30], starts[59], starts[60]), (0, 10_000, 10_000, 20_000));
    }

    #[tokio::test(start_paused = true)]
    async fn two_sources_on_a_host_keep_the_limits_of_both() {
        let limiter = Arc::new(Limiter::new(None));
        limiter.set_for("v1", limits(10, 10_000));
        limiter.set_for("v2", limits(3, 1_000));
        assert_eq!(limiter.wait_for(4), Duration::from_secs(1));
        assert_eq!(limiter.wait_for(11), Duration::from_secs(10));
        let mut starts: Vec<_> =
            simulate(Arc::clone(&limiter), vec![(0, 0); 13]).await.into_iter().map(|call| call.0).collect();
        starts.sort_unstable();
        assert_eq!(starts, [0, 0, 0, 1_000, 1_000, 1_000, 2_000, 2_000, 2_000, 3_000, 10_000, 10_000, 10_000]);
        // What one of them announces later is its own only.
        limiter.set_for("v2", limits(0, 1_000));
        assert_eq!((limiter.limits_for("v1").unwrap().calls, limiter.limits_for("v3")), (10, None));
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_are_under_way_than_are_allowed() {
        let limiter = Arc::new(Limiter::new(None));
        for (parallel, expected) in [(1, [100, 200, 300, 400]), (3, [100, 100, 100, 200])] {
            let begin = Instant::now();
            let calls = (0..4).map(|_| {
                let limiter = Arc::clone(&limiter);
                async move {
                    let _place = limiter.place(parallel).await;
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    begin.elapsed().as_millis()
                }
            });
            assert_eq!(futures::future::join_all(calls).await, expected);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_announced_counts_the_call_that_told_it() {
        let limiter = Limiter::new(None);
        assert_eq!(limiter.wait_for(1_000), Duration::ZERO);
        drop(limiter.acquire().await);
        limiter.set(limits(1, 1_000));
        assert_eq!(limiter.wait_for(1), Duration::from_secs(1));
        limiter.set(limits(0, 1_000));
        assert_eq!(limiter.wait_for(1), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_everyone() {
        let limiter = Arc::new(Limiter::new(None));
        limiter.pause(Duration::from_secs(3));
        limiter.pause(Duration::from_secs(1));
        assert_eq!(limiter.wait_for(1), Duration::from_secs(3));
        let starts = simulate(Arc::clone(&limiter), vec![(0, 0), (0, 0), (4_000, 0)]).await;
        assert_eq!(starts.into_iter().map(|call| call.0).collect::<Vec<_>>(), [3_000, 3_000, 4_000]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_gives_up_blocks_nobody() {
        let limiter = Limiter::new(Some(limits(1, 1_000)));
        let held = limiter.acquire().await;
        assert!(tokio::time::timeout(Duration::from_millis(10), limiter.acquire()).await.is_err());
        drop(held);
        assert!(tokio::time::timeout(Duration::from_millis(1_001), limiter.acquire()).await.is_ok());
    }
}

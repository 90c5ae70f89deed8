//! Buffers from one thread to the next, a few at a time, so that what is
//! between them stays small; emptied ones go back and are filled again.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Buffers between two threads.
const BETWEEN: usize = 4;

/// The end that is written.
pub(super) struct Filler {
    full: SyncSender<Vec<u8>>,
    emptied: Receiver<Vec<u8>>,
}

/// The end that is read.
pub(super) struct Drain {
    filled: Receiver<Vec<u8>>,
    empty: SyncSender<Vec<u8>>,
}

pub(super) fn pipe() -> (Filler, Drain) {
    let (full, filled) = sync_channel(BETWEEN);
    // Those between, and one at either end.
    let (empty, emptied) = sync_channel(BETWEEN + 2);
    (Filler { full, emptied }, Drain { filled, empty })
}

impl Filler {
    /// A buffer to fill, with whatever it had.
    pub fn buffer(&self) -> Vec<u8> {
        self.emptied.try_recv().unwrap_or_default()
    }

    /// Waits until there is room. False where nobody wants more.
    pub fn hand_on(&self, buffer: Vec<u8>) -> bool {
        self.full.send(buffer).is_ok()
    }
}

impl Drain {
    /// None at the end.
    pub fn next(&self) -> Option<Vec<u8>> {
        self.filled.recv().ok()
    }

    pub fn give_back(&self, buffer: Vec<u8>) {
        // Nobody is there to fill it any more.
        let _ = self.empty.try_send(buffer);
    }
}

/// What comes out of a pipe, as a reader. Its end tells nothing of why there is no more: the filling thread does.
pub(super) struct Outflow {
    drain: Drain,
    buffer: Vec<u8>,
    at: usize,
}

impl Outflow {
    pub const fn new(drain: Drain) -> Self {
        Self { drain, buffer: Vec::new(), at: 0 }
    }
}

impl Read for Outflow {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.at == self.buffer.len() {
            let Some(next) = self.drain.next() else { return Ok(0) };
            self.drain.give_back(std::mem::replace(&mut self.buffer, next));
            self.at = 0;
        }
        let length = into.len().min(self.buffer.len() - self.at);
        into[..length].copy_from_slice(&self.buffer[self.at..self.at + length]);
        self.at += length;
        Ok(length)
    }
}

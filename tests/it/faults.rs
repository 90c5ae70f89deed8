//! Every durable operation of a run made to fail, one after another: readers see
//! the old version or the new one, `verify` finds nothing, and the next run
//! publishes.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use underlag::store::{Operation, watch};

use crate::inside::{Edition, Inside, holds};

const EIO: i32 = 5;
const ENOSPC: i32 = 28;

/// How an operation fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// This one, with an I/O error.
    Broken,
    /// This one and every later one that takes room; what frees some still works.
    Full,
    /// Half of what should be written is, and then the disk is full for a moment. Other operations fail whole.
    Short,
}

const FAULTS: [Fault; 3] = [Fault::Broken, Fault::Full, Fault::Short];

impl Fault {
    /// What becomes of the operation `at`, when the `nth` is to fail.
    fn strike(self, operation: &Operation<'_>, at: usize, nth: usize) -> io::Result<()> {
        let takes_room = matches!(
            operation,
            Operation::CreateFolder(_) | Operation::CreateFile(_) | Operation::Write(..) | Operation::Link(..)
        );
        match self {
            _ if at < nth => Ok(()),
            Self::Broken if at == nth => Err(io::Error::from_raw_os_error(EIO)),
            Self::Full if at == nth || takes_room => Err(io::Error::from_raw_os_error(ENOSPC)),
            Self::Short if at == nth => {
                if let Operation::Write(path, bytes) = operation {
                    OpenOptions::new().append(true).open(path)?.write_all(&bytes[..bytes.len() / 2])?;
                }
                Err(io::Error::from_raw_os_error(ENOSPC))
            }
            _ => Ok(()),
        }
    }
}

/// Fails the operations that `step` comes to, in turn with each fault or with all of them, until a run passes; gives
/// how many there are.
fn every_operation(inside: &Inside, before: Option<&Path>, seen_before: Option<Edition>, whole: bool) -> usize {
    let (mut nth, mut failed) = (0, 0);
    loop {
        let faults = if whole { &FAULTS[..] } else { &FAULTS[nth % 3..=nth % 3] };
        let mut passed = false;
        for &fault in faults {
            let data = inside.fresh(before);
            let seen = Arc::new(AtomicUsize::new(0));
            let struck = Arc::new(std::sync::Mutex::new(String::new()));
            let (counted, noted) = (Arc::clone(&seen), Arc::clone(&struck));
            let watched = watch(&data, move |operation| {
                let at = counted.fetch_add(1, Ordering::SeqCst);
                if at == nth {
                    *noted.lock().unwrap() = format!("{operation:.120?}");
                }
                fault.strike(operation, at, nth)
            });
            let outcome = inside.run(&data);
            drop(watched);
            passed = seen.load(Ordering::SeqCst) <= nth;
            let when = format!("operation {nth} {fault:?}: {}: {outcome:?}", struck.lock().unwrap());
            match &outcome {
                // What fails while something is tidied away need not fail the run.
                Ok(()) => holds(&data, &when, &[Some(Edition::Second)]),
                Err(said) => {
                    failed += 1;
                    assert!(!passed && said.contains("could not "), "{when}");
                    holds(&data, &when, &[seen_before, Some(Edition::Second)]);
                }
            }
            // A third of the runs that follow, each fault in turn, tells what all of them would, in a third of the time.
            if whole || nth / 3 % 3 == nth % 3 {
                inside.completes(&data, &when);
            }
            std::fs::remove_dir_all(&data).unwrap();
        }
        if passed {
            assert!(failed > nth / 2, "{failed} failures of {nth} operations");
            println!("{nth} operations, {failed} runs failed");
            return nth;
        }
        nth += 1;
    }
}

#[test]
fn a_first_publish_survives_every_operation_that_fails() {
    let inside = Inside::new();
    inside.source_says(Edition::Second);
    let operations = every_operation(&inside, None, None, false);
    assert!(operations > 50, "{operations}");
}

#[test]
fn a_new_version_survives_every_operation_that_fails() {
    let inside = Inside::new();
    let before = inside.published();
    let operations = every_operation(&inside, Some(&before), Some(Edition::First), false);
    assert!(operations > 50, "{operations}");
}

#[test]
#[ignore = "every operation with every fault: minutes"]
fn every_fault_at_every_operation() {
    let inside = Inside::new();
    let before = inside.published();
    every_operation(&inside, Some(&before), Some(Edition::First), true);
    every_operation(&inside, None, None, true);
}

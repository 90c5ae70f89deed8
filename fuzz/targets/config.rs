#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

/// A folder of this process's own, in memory where the machine has such a place.
static SCRATCH: LazyLock<PathBuf> = LazyLock::new(|| {
    let memory = PathBuf::from("/dev/shm");
    let place = if memory.is_dir() { memory } else { std::env::temp_dir() };
    place.join(format!("underlag-fuzz-config-{}", std::process::id()))
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| underlag::fuzzing::config(&SCRATCH, data));

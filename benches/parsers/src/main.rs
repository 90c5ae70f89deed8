//! `parsers BODY ROUNDS`: how long the fastest parsers take to make a document of
//! the bytes, best of so many rounds, in seconds, a line for each.

use std::time::{Duration, Instant};

fn best(rounds: u32, mut parse: impl FnMut() -> Duration) -> f64 {
    (0..rounds).map(|_| parse()).min().unwrap_or(Duration::MAX).as_secs_f64()
}

fn timed<T, E: std::fmt::Debug>(parse: impl FnOnce() -> Result<T, E>) -> Duration {
    let start = Instant::now();
    let document = parse().expect("the body is sound");
    let took = start.elapsed();
    drop(document);
    took
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let body = std::fs::read(arguments.next().expect("a file")).expect("a readable file");
    let rounds = arguments.next().and_then(|rounds| rounds.parse().ok()).unwrap_or(5);
    println!("sonic-rs {}", best(rounds, || timed(|| sonic_rs::from_slice::<sonic_rs::Value>(&body))));
    let mut copy = Vec::with_capacity(body.len());
    let mut buffers = simd_json::Buffers::new(body.len());
    let simd = best(rounds, || {
        // It writes in what it parses; the copy is not counted.
        copy.clone_from(&body);
        timed(|| simd_json::to_tape_with_buffers(&mut copy, &mut buffers).map(drop))
    });
    println!("simd-json {simd}");
    println!("serde_json {}", best(rounds, || timed(|| serde_json::from_slice::<serde_json::Value>(&body))));
}

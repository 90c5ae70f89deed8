//! Repeatable randomness: every synthetic figure is a pure function of the seed
//! and the codes it belongs to, so two runs give the same bytes. Integers and
//! the four basic operations only, so that every machine agrees.

/// A number that depends on the seed and every part, and looks like nothing.
pub fn mix(seed: u64, parts: &[u64]) -> u64 {
    let mut state = seed ^ 0x9e37_79b9_7f4a_7c15;
    for part in parts {
        state = scramble(state.wrapping_add(*part).wrapping_add(0x9e37_79b9_7f4a_7c15));
    }
    scramble(state)
}

/// The finaliser of splitmix64 (Steele, Lea and Flood, 2014).
const fn scramble(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A text as one part.
pub fn part(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// `hash` brought into `0.0..1.0`.
#[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
pub fn unit(hash: u64) -> f64 {
    (hash >> 11) as f64 / (1u64 << 53) as f64
}

/// `hash` brought into `-1.0..1.0`.
pub fn swing(hash: u64) -> f64 {
    unit(hash) * 2.0 - 1.0
}

/// A whole number from `low` up to but not including `high`.
pub fn between(hash: u64, low: i64, high: i64) -> i64 {
    low + (hash % (high - low).unsigned_abs().max(1)).cast_signed()
}

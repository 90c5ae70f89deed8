//! What must hold of any bytes that are taken for advertisements.

use serde_json::Value;

use super::{KEPT, each_ad, read_ads, scrub};
use crate::decode::scrub::fuzzing::only;

/// What comes out is JSON Lines of nothing but the kept fields, a second time is the same, and it is read.
pub fn ads(bytes: &[u8]) {
    let (mut out, mut passed) = (Vec::new(), 0);
    let told = scrub(&mut &*bytes, 1 << 20, &mut |lines| {
        out.extend_from_slice(lines);
        each_ad(lines, |_| passed += 1)
    });
    let Ok(told) = told else { return };
    assert_eq!(passed, told.ads, "what is read on the way is all");
    let text = std::str::from_utf8(&out).expect("what is kept is ASCII");
    assert_eq!(text.lines().count() as u64, told.ads, "a line for every advertisement");
    for line in text.lines() {
        only(&serde_json::from_str::<Value>(line).expect("what is kept is JSON"), KEPT);
    }
    let mut again = Vec::new();
    if let Ok(told) = scrub(&mut out.as_slice(), 1 << 20, &mut |lines| {
        again.extend_from_slice(lines);
        Ok(())
    }) {
        assert_eq!((told.refused, &again), (0, &out), "nothing is left to drop");
        let read = read_ads(out.as_slice(), |_| ()).expect("what is kept can be read");
        assert_eq!(read, told.ads);
    }
}

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| underlag::fuzzing::pxweb_v1(data));

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| underlag::fuzzing::susa_navet(data));

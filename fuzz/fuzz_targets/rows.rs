#![no_main]

#[path = "../../tests/support/hostile.rs"]
#[allow(dead_code, reason = "each target uses one of them")]
mod hostile;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hostile::rows(bytes));

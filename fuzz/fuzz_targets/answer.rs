#![no_main]

#[path = "../../tests/support/hostile.rs"]
#[allow(dead_code, reason = "each target uses one of them")]
mod hostile;
#[path = "../../tests/support/hostile_answer.rs"]
#[allow(dead_code, reason = "each target uses one of them")]
mod hostile_answer;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hostile_answer::answer(bytes));

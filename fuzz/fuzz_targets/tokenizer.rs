#![no_main]

use std::panic::set_hook;
use std::sync::Once;

#[path = "../../tests/support/hostile.rs"]
#[allow(dead_code, reason = "each target uses one of them")]
mod hostile;

/// The library behind the tokenizer panics at contradictions, which the program catches and tells; libFuzzer's own hook
/// would abort before. A panic that is not caught is still a finding.
static CAUGHT: Once = Once::new();

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    CAUGHT.call_once(|| set_hook(Box::new(|_| ())));
    hostile::tokenizer(bytes);
});

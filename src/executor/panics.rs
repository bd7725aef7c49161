//! What a panic of the tensor library means for a trial: the one place where texts are looked at, for it tells nothing
//! else.

use crate::domain::Cause;

/// Want of memory, a device that is lost and stays so until the process ends, or a fault of the program.
pub(super) fn cause_of_panic(text: &str) -> Cause {
    let lower = text.to_lowercase();
    let memory = [
        "out of memory",
        "outofmemory",
        "out_of_memory",
        "memory allocation",
    ];
    // What the driver says, and what the tensor library and its locks say of it ever after.
    let lost = [
        "poisoned",
        "illegal_address",
        "illegal memory access",
        "launch_failed",
        "device_unavailable",
        "no_device",
        "ecc_uncorrectable",
    ];
    let is_sign = |signs: &[&str]| signs.iter().any(|sign| lower.contains(sign));
    if is_sign(&memory) {
        Cause::OutOfMemory {
            needed_bytes: None,
            room_bytes: None,
            said: Some(text.to_owned()),
        }
    } else if is_sign(&lost) {
        Cause::DeviceLost {
            said: text.lines().next().unwrap_or_default().to_owned(),
        }
    } else {
        Cause::Panicked {
            said: text.to_owned(),
        }
    }
}

/// The message of a panic.
pub(crate) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message")
        .to_owned()
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use insta::assert_snapshot;

    use super::*;
    use crate::domain::TrialId;
    use crate::executor::ExecutorEvent;

    fn told(text: &str) -> String {
        let kind = match ExecutorEvent::of(TrialId(3), cause_of_panic(text)) {
            ExecutorEvent::Infeasible(..) => "infeasible",
            ExecutorEvent::Failed(..) => "failed",
            ExecutorEvent::Unavailable { .. } => "unavailable",
            _ => "another event",
        };
        format!("{kind}: {}", cause_of_panic(text))
    }

    #[test]
    fn want_of_memory_is_a_result_a_lost_device_ends_the_run_and_any_other_panic_is_a_failure() {
        assert_snapshot!(
            told("CUDA_ERROR_OUT_OF_MEMORY: out of memory"),
            @"infeasible: out of memory: CUDA_ERROR_OUT_OF_MEMORY: out of memory"
        );
        assert_snapshot!(
            told("memory allocation of 17179869184 bytes failed"),
            @"infeasible: out of memory: memory allocation of 17179869184 bytes failed"
        );
        assert_snapshot!(
            told("The device is poisoned\nCaused by:\n  CUDA_ERROR_ILLEGAL_ADDRESS\nBacktrace:"),
            @"unavailable: the device was lost (The device is poisoned); start the study again: what was under way goes on from its last checkpoint. If it is lost again, try --device cpu"
        );
        assert_snapshot!(
            told("index out of bounds: the len is 3 but the index is 3"),
            @"failed: the training stopped unexpectedly: index out of bounds: the len is 3 but the index is 3"
        );
        let panic = catch_unwind(|| panic!("{} is no number", f64::NAN))
            .map_err(|panic| panic_text(panic.as_ref()));
        assert_eq!(panic, Err("NaN is no number".to_owned()));
    }
}

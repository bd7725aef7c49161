//! What ended a piece of work without a result: an error of the device, told by its type where there is one, or a panic,
//! of which nothing is known but its text. The one place where texts of libraries are looked at.
//!
//! Devices compute later than they are asked to. What goes wrong is noticed where numbers are read back, as a [`Fault`]
//! whose type says whether the device is poisoned and whose text, among where it was noticed and stacks of calls, what went
//! wrong.

use std::any::Any;

use crate::domain::Cause;
use crate::model::tensor::{self, Fault};

/// How libraries and drivers say that memory was lacking, in small letters: the tensor library's allocator and its
/// launches, drivers, wgpu where a buffer or a view of one is larger than the adapter takes, the standard library.
const LACK: [&str; 9] = [
    "out of device memory",
    "can't allocate",
    "couldn't map storage",
    "out-of-memory error",
    "out of memory",
    "out_of_memory",
    "greater than the maximum buffer size",
    "buffer_binding_size",
    "memory allocation of",
];

/// What drivers say of a device that is lost, and what the tensor library and its locks say of it ever after.
const LOST: [&str; 9] = [
    "device is poisoned",
    "device was poisoned",
    "poisonerror",
    "illegal_address",
    "illegal memory access",
    "launch_failed",
    "device_unavailable",
    "no_device",
    "ecc_uncorrectable",
];

/// Want of memory, a device that is lost and stays so until the process ends, or a fault of the program.
pub fn cause_of(panic: &(dyn Any + Send)) -> Cause {
    let text = whole_text(panic);
    let lines = lines_of(&text);
    let first = |signs: &[&str]| {
        let is_sign = |line: &str| signs.iter().any(|sign| line.contains(sign));
        lines.iter().position(|line| is_sign(&line.to_lowercase()))
    };
    let is_poisoned = panic
        .downcast_ref::<Fault>()
        .is_some_and(Fault::is_device_poisoned);
    let lost = first(&LOST).or(is_poisoned.then_some(0));
    match (lost, first(&LACK)) {
        // A launch that failed for want of memory loses no device, whatever else is said of it.
        (Some(lost), lack) if is_poisoned || lack.is_none() => Cause::DeviceLost {
            // What the driver says stands below.
            said: lines[lost..]
                .iter()
                .take(2)
                .copied()
                .collect::<Vec<_>>()
                .join(": "),
        },
        (_, Some(lack)) => Cause::OutOfMemory {
            needed_bytes: None,
            room_bytes: None,
            said: Some(lines[lack].to_owned()),
        },
        _ => Cause::Panicked {
            said: lines.join("; "),
        },
    }
}

/// Whether all that is known is that the device lost an operation. Kernels that are tried to find the fastest are lost
/// where they need too much, and are not tried again.
pub fn is_lost_operation(panic: &(dyn Any + Send)) -> bool {
    panic.downcast_ref().is_some_and(tensor::is_lost)
}

/// What a panic says, on one line.
pub fn told(panic: &(dyn Any + Send)) -> String {
    lines_of(&whole_text(panic)).join("; ")
}

fn whole_text(panic: &(dyn Any + Send)) -> String {
    if let Some(fault) = panic.downcast_ref::<Fault>() {
        return fault.reason().to_owned();
    }
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message")
        .to_owned()
}

/// The lines that say something: stacks of calls name functions, and mean nothing.
fn lines_of(text: &str) -> Vec<&str> {
    let is_frame = |line: &str| {
        let number = line.split_once(": ").map(|(number, _)| number);
        number.is_some_and(|number| number.parse::<u32>().is_ok()) || line.starts_with("at ")
    };
    let is_title = |line: &str| {
        let titles = ["Caused by:", "Backtrace", "Backtrace:", "Asked at:"];
        titles.contains(&line) || line == "No backtrace available"
    };
    let lines = text.lines().map(str::trim);
    let mut lines: Vec<&str> = lines
        .filter(|line| !(line.is_empty() || is_frame(line) || is_title(line)))
        .collect();
    if lines.is_empty() {
        lines.push("no message");
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::panic::{catch_unwind, panic_any, resume_unwind};

    use insta::assert_snapshot;

    use super::*;

    fn of_text(text: &str) -> Cause {
        cause_of(&text.to_owned())
    }

    #[test]
    fn texts_of_drivers_and_of_the_standard_library_are_told_apart() {
        assert_snapshot!(
            of_text("CUDA_ERROR_OUT_OF_MEMORY: out of memory"),
            @"out of memory: CUDA_ERROR_OUT_OF_MEMORY: out of memory"
        );
        assert_snapshot!(
            of_text("memory allocation of 17179869184 bytes failed"),
            @"out of memory: memory allocation of 17179869184 bytes failed"
        );
        assert_snapshot!(
            of_text("The device is poisoned\nCaused by:\n  CUDA_ERROR_ILLEGAL_ADDRESS\nBacktrace:\n   0: f\n"),
            @"the device was lost (The device is poisoned: CUDA_ERROR_ILLEGAL_ADDRESS); start the study again: what was under way goes on from its last checkpoint. If it is lost again, try --device cpu"
        );
        assert_snapshot!(
            of_text("index out of bounds: the len is 3 but the index is 3"),
            @"the training stopped unexpectedly: index out of bounds: the len is 3 but the index is 3"
        );
        assert_snapshot!(
            of_text("assertion failed\n  left: 1\n right: 2"),
            @"the training stopped unexpectedly: assertion failed; left: 1; right: 2"
        );
        let panic = catch_unwind(|| panic!("{} is no number", f64::NAN));
        assert_eq!(
            panic.map_err(|panic| told(panic.as_ref())),
            Err("NaN is no number".to_owned())
        );
        assert_eq!(told(&3), "no message");
        assert_eq!(
            of_text("").to_string(),
            "the training stopped unexpectedly: no message"
        );
    }

    #[test]
    fn an_error_of_the_device_is_told_by_its_type_and_never_by_the_calls_that_led_to_it() {
        let of_fault = |fault: Fault| {
            let panic = catch_unwind(|| panic_any(fault));
            panic.map_err(|panic| cause_of(panic.as_ref()))
        };
        let poisoned = of_fault(Fault::device_poisoned("Unknown: the driver was reset"));
        let said = "Unknown: the driver was reset".to_owned();
        assert_eq!(poisoned, Err(Cause::DeviceLost { said }));
        let of_a_launch = "The bytes were never written (failure #3, still claiming 2 buffer(s))\nCaused by:\n  \
                           A launch error happened\nCaused by:\n  The device was poisoned during launch\nCaused by:\n  \
                           CUDA_ERROR_ILLEGAL_ADDRESS\nBacktrace:\n   0: f\nAsked at:\n   0: g\n";
        let poisoned = of_fault(Fault::device_poisoned(of_a_launch));
        let said = "The device was poisoned during launch: CUDA_ERROR_ILLEGAL_ADDRESS".to_owned();
        assert_eq!(poisoned, Err(Cause::DeviceLost { said }));
        // Poisoned by whatever: every later operation fails.
        let poisoned = of_fault(Fault::device_poisoned("out of memory"));
        assert!(matches!(poisoned, Err(Cause::DeviceLost { .. })));
        // Text alone: a stack of calls with telling names.
        let text = "it broke\nBacktrace:\n   0: cubecl::IoError::out_of_memory\n             at src/poisonerror.rs:3\n";
        let other = of_fault(Fault::with_context(text));
        let said = "it broke".to_owned();
        assert_eq!(other, Err(Cause::Panicked { said }));
        let kept = catch_unwind(|| resume_unwind(Box::new(Fault::generic("it broke"))));
        assert_eq!(
            kept.map_err(|panic: Box<_>| told(&*panic)),
            Err("it broke".to_owned())
        );
    }

    #[test]
    fn of_a_lost_operation_the_device_s_own_word_is_told() {
        let fault = tensor::lost("wgpu error: Out of Memory");
        assert!(is_lost_operation(&fault));
        assert_snapshot!(cause_of(&fault), @"out of memory: wgpu error: Out of Memory");
        assert_snapshot!(
            cause_of(&tensor::lost("index 3 is too large")),
            @"the training stopped unexpectedly: an operation was lost on the device's own thread; index 3 is too large"
        );
        assert!(!is_lost_operation(&Fault::with_context("it broke")));
    }

    /// The library's own errors, as its GPU backends hand them on.
    #[cfg(feature = "gpu")]
    mod of_the_library {
        use cubecl::server::{IoError, LaunchError, ServerError};

        use super::super::*;
        use super::{assert_snapshot, of_text};

        /// As the backend does: the server's error as text, and of its type whether the device is poisoned.
        fn handed_on(error: &ServerError) -> Cause {
            let fault = match error.is_device_poisoned() {
                true => Fault::device_poisoned(error.to_string()),
                false => Fault::with_context(error.to_string()),
            };
            // Where a caller does not ask for the type, the same comes as a panic's text.
            let text = of_text(&format!(
                "Error while reading data: use `try_into_data`: {fault}"
            ));
            let cause = cause_of(&fault);
            match (&text, &cause) {
                // Of which nothing is known but its text, and that begins with the caller's words.
                (Cause::Panicked { said: text }, Cause::Panicked { said }) => {
                    assert!(text.ends_with(said), "{text}");
                }
                _ => assert_eq!(text, cause),
            }
            cause
        }

        /// What a read finds of work that another failure kept from being done.
        fn unwritten(root: ServerError) -> ServerError {
            ServerError::Unwritten {
                failure: 3,
                claimed: 2,
                chain: vec!["matmul, skipped".to_owned()],
                root: Box::new(root),
                backtrace: burn_std::backtrace::BackTrace::capture(),
            }
        }

        #[test]
        fn want_of_memory_is_known_in_every_form_that_is_out_of_memory() {
            let backtrace = burn_std::backtrace::BackTrace::capture;
            let full = IoError::OutOfMemory {
                size: 4096,
                backtrace: backtrace(),
            };
            assert_snapshot!(
                handed_on(&full.clone().into()),
                @"out of memory: out of device memory allocating 4096 bytes"
            );
            assert_snapshot!(
                handed_on(&unwritten(full.clone().into())),
                @"out of memory: out of device memory allocating 4096 bytes"
            );
            let too_big = IoError::BufferTooBig {
                size: 1 << 40,
                backtrace: backtrace(),
            };
            assert_snapshot!(
                handed_on(&unwritten(too_big.into())),
                @"out of memory: can't allocate buffer of size: 1099511627776"
            );
            let unmapped = IoError::StorageMappingFailed {
                size: 64,
                source: Box::new(full),
                backtrace: backtrace(),
            };
            assert_snapshot!(
                handed_on(&unmapped.into()),
                @"out of memory: couldn't map storage for a deferred allocation of 64 bytes"
            );
            let sizes = IoError::PageSizesExhausted {
                size: 64,
                backtrace: backtrace(),
            };
            assert!(handed_on(&sizes.into()).is_out_of_memory());
            let launch = LaunchError::OutOfMemory {
                reason: "hipErrorOutOfMemory".to_owned(),
                backtrace: backtrace(),
            };
            assert_snapshot!(
                handed_on(&launch.into()),
                @"out of memory: An out-of-memory error happened during launch"
            );
        }

        #[test]
        fn any_other_error_is_neither() {
            let error = ServerError::Generic {
                reason: "cuModuleLoad failed with status 209".to_owned(),
                backtrace: burn_std::backtrace::BackTrace::capture(),
            };
            assert!(matches!(handed_on(&error), Cause::Panicked { .. }));
        }
    }
}

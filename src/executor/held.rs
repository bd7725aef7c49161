//! Trainings that are let go of without a panic.

use std::ops::{Deref, DerefMut};
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::domain::Cause;
use crate::train::fault;

/// A value whose drop does not panic, wherever it happens: in a lane, in a list that a lock guards, while another panic
/// goes by. A device that has failed may say so only now that its memory is let go.
#[derive(Debug)]
pub(super) struct Held<T> {
    /// Some until it is let go.
    value: Option<T>,
}

impl<T> Held<T> {
    /// Holds a value.
    pub(super) fn new(value: T) -> Self {
        Self { value: Some(value) }
    }

    /// Drops the value; what ended that, where it panicked.
    pub(super) fn let_go(mut self) -> Option<Cause> {
        self.drop_value()
    }

    fn drop_value(&mut self) -> Option<Cause> {
        let value = self.value.take();
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(value)));
        dropped.err().map(|panic| fault::cause_of(panic.as_ref()))
    }
}

impl<T> Drop for Held<T> {
    fn drop(&mut self) {
        if let Some(cause) = self.drop_value() {
            tracing::error!("a training could not be let go of: {cause}");
        }
    }
}

impl<T> Deref for Held<T> {
    type Target = T;

    fn deref(&self) -> &T {
        match &self.value {
            Some(value) => value,
            None => unreachable!("nobody has it once it is let go"),
        }
    }
}

impl<T> DerefMut for Held<T> {
    fn deref_mut(&mut self) -> &mut T {
        match &mut self.value {
            Some(value) => value,
            None => unreachable!("nobody has it once it is let go"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::resume_unwind;

    use super::*;

    struct Device;

    impl Drop for Device {
        fn drop(&mut self) {
            panic!("CUDA_ERROR_ILLEGAL_ADDRESS");
        }
    }

    #[test]
    fn a_panicking_drop_is_told_and_goes_no_further() {
        assert_eq!(Held::new(1).let_go(), None);
        let said = Held::new(Device).let_go();
        let lost = "CUDA_ERROR_ILLEGAL_ADDRESS".to_owned();
        assert_eq!(said, Some(Cause::DeviceLost { said: lost }));
        drop(Held::new(Device));
    }

    #[test]
    fn a_panicking_drop_does_not_end_the_process_while_another_panic_goes_by() {
        let first = catch_unwind(|| {
            let _held = [Held::new(Device), Held::new(Device)];
            resume_unwind(Box::new("the first"));
        });
        let first = first.map_err(|panic| fault::told(panic.as_ref()));
        assert_eq!(first, Err("the first".to_owned()));
    }
}

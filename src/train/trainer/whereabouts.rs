//! Where a training is, for what is said of an error there: devices compute later than they are asked to, so what went wrong
//! may lie in any step since numbers were last read back.

use std::fmt;

/// What a training does, or did last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whereabouts {
    /// It has not begun, or fills tables of activations.
    Preparing,
    /// A training step, from 1, and the first of those whose losses were not read back before.
    Step {
        /// It.
        at: u64,
        /// Where the device may still have been.
        since: u64,
    },
    /// It measures rows after this epoch, from 1.
    Measuring(u32),
    /// It has come to its end.
    Over,
}

impl fmt::Display for Whereabouts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Preparing => f.write_str("before the first step"),
            Self::Step { at, since } if at == since => write!(f, "in step {at}"),
            Self::Step { at, since } => write!(
                f,
                "noticed in step {at}; it went wrong in one of the steps {since} to {at}, which the device does together"
            ),
            Self::Measuring(epoch) => write!(f, "while rows were measured after epoch {epoch}"),
            Self::Over => f.write_str("after the last epoch"),
        }
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn steps_that_a_device_does_together_are_all_named() {
        assert_snapshot!(Whereabouts::Step { at: 7, since: 7 }, @"in step 7");
        assert_snapshot!(
            Whereabouts::Step { at: 32, since: 17 },
            @"noticed in step 32; it went wrong in one of the steps 17 to 32, which the device does together"
        );
        assert_snapshot!(Whereabouts::Measuring(2), @"while rows were measured after epoch 2");
    }
}

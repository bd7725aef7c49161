//! What goes between the host and devices, counted for each thread: every upload costs a launch and a copy, and every
//! read-back waits for all that the device still has to do.

use std::cell::Cell;

thread_local! {
    static HERE: Cell<Traffic> = const { Cell::new(Traffic { uploads: 0, read_backs: 0 }) };
}

/// How often numbers were moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Tensors made from host numbers.
    pub uploads: u64,
    /// Tensors read by the host.
    pub read_backs: u64,
}

impl Traffic {
    /// All that this thread has moved so far.
    pub fn here() -> Self {
        HERE.get()
    }

    /// What this thread has moved since `earlier`, when it was [`Self::here`].
    pub fn since(earlier: Self) -> Self {
        let now = Self::here();
        Self {
            uploads: now.uploads - earlier.uploads,
            read_backs: now.read_backs - earlier.read_backs,
        }
    }
}

/// One more upload.
pub(super) fn uploads() {
    let mut here = HERE.get();
    here.uploads += 1;
    HERE.set(here);
}

/// One more read-back.
pub(super) fn reads_back() {
    let mut here = HERE.get();
    here.read_backs += 1;
    HERE.set(here);
}

#[cfg(test)]
mod tests {
    use super::super::{DType, Device, Tensor, floats, integers, read_back};
    use super::*;

    #[test]
    fn every_thread_counts_what_it_moves() {
        let before = Traffic::here();
        let device = Device::flex();
        let one = floats(vec![1.0, 2.0], [2], &device, DType::F32);
        let picked: Tensor<1> = one.select(0, integers([1], [1], &device));
        assert_eq!(read_back::<f64, 1>(picked), [2.0]);
        let moved = Traffic {
            uploads: 2,
            read_backs: 1,
        };
        assert_eq!(Traffic::since(before), moved);
        let elsewhere = std::thread::scope(|scope| scope.spawn(Traffic::here).join().ok());
        assert_eq!(elsewhere, Some(Traffic::default()));
    }
}

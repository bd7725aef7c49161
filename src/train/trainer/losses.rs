//! The losses of training steps, read back from the device a few at a time: every reading waits for all that the device
//! still has to do, and meanwhile it is given nothing more.

use crate::model::tensor::{Tensor, read_back};

/// Losses that are not read yet.
#[derive(Clone, Debug)]
pub(super) struct Losses {
    every: usize,
    unread: Vec<Tensor<1>>,
}

impl Losses {
    /// Read after so many steps.
    pub(super) fn every(every: usize) -> Self {
        Self {
            every,
            unread: Vec::new(),
        }
    }

    /// Adds a step's loss. Where it is time to read, or `now`, all that were not read yet, in order.
    pub(super) fn add(&mut self, loss: Tensor<1>, now: bool) -> Option<Vec<f64>> {
        self.unread.push(loss);
        (now || self.unread.len() >= self.every).then(|| {
            let read = self.read();
            self.unread.clear();
            read
        })
    }

    /// Whether nothing is left unread.
    pub(super) fn at_once(&self) -> bool {
        self.every <= 1
    }

    /// How many are not read yet.
    pub(super) fn unread(&self) -> usize {
        self.unread.len()
    }

    /// All that were not read yet, in order, without counting them as read.
    pub(super) fn read(&self) -> Vec<f64> {
        if self.unread.is_empty() {
            return Vec::new();
        }
        read_back(Tensor::cat(self.unread.clone(), 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::tensor::Device;

    #[test]
    fn losses_come_in_order_when_it_is_time() {
        let device = Device::flex();
        let loss = |value: f32| Tensor::<1>::from_floats([value], &device);
        let mut losses = Losses::every(3);
        assert_eq!(losses.add(loss(1.0), false), None);
        assert_eq!(losses.add(loss(2.0), false), None);
        assert_eq!(losses.read(), [1.0, 2.0]);
        assert_eq!(losses.add(loss(3.0), false), Some(vec![1.0, 2.0, 3.0]));
        assert_eq!(losses.read(), [0.0; 0]);
        assert_eq!(losses.add(loss(4.0), true), Some(vec![4.0]));
        assert_eq!(Losses::every(1).add(loss(5.0), false), Some(vec![5.0]));
    }
}

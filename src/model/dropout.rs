//! Dropout (Srivastava et al. 2014) with a stream of its own.

use std::sync::{Mutex, PoisonError};

use super::initial::Initial;
use super::tensor::{Distribution, Tensor};

/// Held from the seed to the draw: a device's generator is shared by the whole program.
static DRAWING: Mutex<()> = Mutex::new(());

/// The dropout of one training run: its rates, and the stream that its masks come from.
///
/// Every mask is drawn on the device from a fresh seed of the stream, so a run repeats whatever else uses the device.
#[derive(Clone, Debug)]
pub struct Dropout {
    backbone: f64,
    head: f64,
    seeds: Initial,
}

impl Dropout {
    /// Dropout with these rates (0: none) inside the backbone and in the head.
    pub fn new(backbone: f64, head: f64, seed: u64) -> Self {
        Self {
            backbone,
            head,
            seeds: Initial::new(seed),
        }
    }

    /// Whether [`Self::backbone`] changes anything.
    pub(super) fn is_in_backbone(&self) -> bool {
        self.backbone > 0.0
    }

    /// How far the stream of masks has come.
    pub fn words(&self) -> u64 {
        self.seeds.words()
    }

    /// Lets the stream of masks go on from where [`Self::words`] told.
    pub fn skip_to(&mut self, words: u64) {
        self.seeds.skip_to(words);
    }

    /// `x` with the share of the backbone's rate set to 0, the rest scaled up.
    pub(super) fn backbone<const D: usize>(&mut self, x: Tensor<D>) -> Tensor<D> {
        self.apply(x, self.backbone)
    }

    /// As [`Self::backbone`], at the head's rate.
    pub(super) fn head<const D: usize>(&mut self, x: Tensor<D>) -> Tensor<D> {
        self.apply(x, self.head)
    }

    /// What [`Self::backbone`] would multiply a tensor of these axes by, with the device and the number format of
    /// `like`; none where it changes nothing.
    pub(super) fn mask<const D: usize, const E: usize>(
        &mut self,
        axes: [usize; D],
        like: &Tensor<E>,
    ) -> Option<Tensor<D>> {
        self.is_in_backbone()
            .then(|| self.draw(axes, like, self.backbone))
    }

    fn apply<const D: usize>(&mut self, x: Tensor<D>, rate: f64) -> Tensor<D> {
        if rate <= 0.0 {
            return x;
        }
        let mask = self.draw(x.dims(), &x, rate);
        x * mask
    }

    /// 0 with the probability of `rate`, else what keeps the mean.
    fn draw<const D: usize, const E: usize>(
        &mut self,
        axes: [usize; D],
        like: &Tensor<E>,
        rate: f64,
    ) -> Tensor<D> {
        let keep = 1.0 - rate;
        let device = like.device().without_autodiff();
        let kept = Distribution::Bernoulli(keep);
        // A poisoned lock guards nothing that could be broken: the next seed sets the generator anew.
        let _drawing = DRAWING.lock().unwrap_or_else(PoisonError::into_inner);
        device.seed(self.seeds.seed());
        Tensor::random(axes, kept, (&device, like.dtype())).div_scalar(keep)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tensor::{DType, Device};
    use super::*;

    fn ones(dtype: DType) -> Tensor<2> {
        Tensor::ones([100, 100], (&Device::flex(), dtype))
    }

    #[test]
    fn the_rate_and_the_mean_are_kept_and_the_stream_repeats() {
        for dtype in [DType::F32, DType::F64] {
            let mut dropout = Dropout::new(0.25, 0.0, 7);
            let first = dropout.backbone(ones(dtype));
            assert_eq!(first.dtype(), dtype);
            let zeros = first
                .clone()
                .equal_scalar(0.0)
                .int()
                .sum()
                .into_scalar::<i64>();
            assert!((2300..2700).contains(&zeros), "{zeros}");
            let mean = first.clone().mean().into_scalar::<f64>();
            assert!((mean - 1.0).abs() < 0.05, "{mean}");
            let second = dropout.backbone(ones(dtype));
            assert_ne!(first.to_data(), second.to_data());
            let mut again = Dropout::new(0.25, 0.0, 7);
            assert_eq!(first.to_data(), again.backbone(ones(dtype)).to_data());
            assert_eq!(again.head(ones(dtype)).to_data(), ones(dtype).to_data());
        }
    }
}

//! Dropout (Srivastava et al. 2014), whose masks depend on the training's seed, the step and the site alone.

use super::ops;
use super::ops::philox::Mask;
use super::tensor::Tensor;

/// The dropout of one training run: its rates, and which mask comes next.
///
/// Each call that drops anything is the next site of its step, with a mask of its own, see [`ops::philox`]. So a run
/// repeats on every device, whatever else is trained beside it, and goes on from any step by that step's number alone.
#[derive(Clone, Debug)]
pub struct Dropout {
    backbone: f64,
    head: f64,
    seed: u64,
    step: u64,
    site: u32,
}

impl Dropout {
    /// Dropout with these rates (0: none) inside the backbone and in the head, before step 0.
    pub fn new(backbone: f64, head: f64, seed: u64) -> Self {
        Self {
            backbone,
            head,
            seed,
            step: 0,
            site: 0,
        }
    }

    /// The masks that follow are those of the step with this number, from its first site on.
    pub fn begin_step(&mut self, step: u64) {
        (self.step, self.site) = (step, 0);
    }

    /// Whether anything is ever dropped.
    pub fn drops(&self) -> bool {
        self.is_in_backbone() || self.head > 0.0
    }

    /// Whether [`Self::backbone`] changes anything.
    pub(super) fn is_in_backbone(&self) -> bool {
        self.backbone > 0.0
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
        let mask = self.next()?;
        let device = like.device().without_autodiff();
        let count = axes.iter().product();
        let factors = ops::of(&device).mask(&mask, count, &device, like.dtype());
        Some(factors.reshape(axes))
    }

    /// The mask that [`Self::backbone`] would take; none where it changes nothing.
    pub(super) fn next(&mut self) -> Option<Mask> {
        self.is_in_backbone().then(|| self.site(self.backbone))
    }

    fn apply<const D: usize>(&mut self, x: Tensor<D>, rate: f64) -> Tensor<D> {
        if rate <= 0.0 {
            return x;
        }
        let mask = self.site(rate);
        let axes = x.dims();
        let ops = ops::of(&x.device().without_autodiff());
        let x = x.reshape([axes.iter().product::<usize>()]);
        ops.dropped(x, &mask).reshape(axes)
    }

    /// The mask of the next site: 0 with the probability of `rate`, else what keeps the mean.
    fn site(&mut self, rate: f64) -> Mask {
        let mask = Mask {
            seed: self.seed,
            step: self.step,
            site: self.site,
            keep: 1.0 - rate,
        };
        self.site += 1;
        mask
    }
}

#[cfg(test)]
mod tests {
    use super::super::tensor::{DType, Device};
    use super::*;

    fn ones(dtype: DType) -> Tensor<2> {
        Tensor::ones([100, 100], (&Device::flex(), dtype))
    }

    /// What a step's first sites make of ones, in 64 bits.
    fn sites(seed: u64, step: u64, dtype: DType) -> Vec<Vec<f64>> {
        let mut dropout = Dropout::new(0.25, 0.5, seed);
        dropout.begin_step(step);
        let dropped = [
            dropout.backbone(ones(dtype)),
            dropout.backbone(ones(dtype)),
            dropout.head(ones(dtype)),
        ];
        let host = |t: Tensor<2>| t.into_data().iter::<f64>().collect();
        dropped.map(host).into()
    }

    #[test]
    fn the_rate_and_the_mean_are_kept() {
        for dtype in [DType::F32, DType::F64, DType::BF16] {
            let mut dropout = Dropout::new(0.25, 0.0, 7);
            let x = dropout.backbone(ones(dtype));
            assert_eq!(x.dtype(), dtype);
            let x: Vec<f64> = x.into_data().iter::<f64>().collect();
            let zeros = x.iter().filter(|&&x| x == 0.0).count();
            // 2,500 are expected, with a deviation of 43.
            assert!((2330..2670).contains(&zeros), "{zeros}");
            let mean = x.iter().sum::<f64>() / x.len() as f64;
            assert!((mean - 1.0).abs() < 0.023, "{mean}");
            assert_eq!(dropout.head(ones(dtype)).to_data(), ones(dtype).to_data());
        }
    }

    #[test]
    fn masks_are_those_of_their_seed_step_and_site_in_every_number_format() {
        let first = sites(7, 3, DType::F32);
        assert_eq!(first, sites(7, 3, DType::F32));
        assert_eq!(first, sites(7, 3, DType::F64));
        assert_ne!(first[0], first[1], "two sites");
        assert_ne!(first[0], sites(7, 4, DType::F32)[0], "two steps");
        assert_ne!(first[0], sites(8, 3, DType::F32)[0], "two seeds");
        // A step that was begun before leaves nothing behind, and what drops nothing is no site.
        let mut dropout = Dropout::new(0.25, 0.0, 7);
        dropout.begin_step(2);
        for _ in 0..5 {
            dropout.backbone(ones(DType::F32));
        }
        dropout.begin_step(3);
        dropout.head(ones(DType::F32));
        let again = dropout.backbone(ones(DType::F32)).into_data();
        assert_eq!(again.iter::<f64>().collect::<Vec<f64>>(), first[0]);
    }

    #[test]
    fn trainings_side_by_side_do_not_change_each_others_masks() {
        let of_lane = |lane: u64| -> Vec<_> {
            let steps = (0..20).map(|step| sites(lane, step, DType::F32));
            steps.collect()
        };
        let alone: Vec<_> = (0..4).map(of_lane).collect();
        for lanes in [1, 2, 4] {
            let barrier = std::sync::Barrier::new(lanes);
            std::thread::scope(|scope| {
                let handles: Vec<_> = (0..lanes)
                    .map(|lane| {
                        let barrier = &barrier;
                        scope.spawn(move || {
                            barrier.wait();
                            of_lane(lane as u64)
                        })
                    })
                    .collect();
                for (lane, handle) in handles.into_iter().enumerate() {
                    assert_eq!(
                        handle.join().ok().as_ref(),
                        alone.get(lane),
                        "{lanes} lanes"
                    );
                }
            });
        }
    }
}

//! One step of AdamW, with the gradient clipped to a global norm.
//!
//! | symbol | meaning |
//! |---|---|
//! | w | weights, all in one vector |
//! | g | gradient, clipped: multiplied by c / (‖g‖ + 1e-6) where that is below 1, ‖g‖ over all weights |
//! | k | number of the step, from 1 |
//! | m, v | running means: m = β1 m + (1-β1) g, v = β2 v + (1-β2) g² |
//! | η, λ | learning rate of the step, weight decay |
//! | s | 1 for weights that decay, 0 for the others |
//!
//! Hugging Face's old AdamW (transformers before 4.46, the paper's):
//! w ← w - η √(1-β2ᵏ)/(1-β1ᵏ) m / (√v + ε), then w ← w - η λ s w.
//!
//! PyTorch's (Loshchilov & Hutter 2019): w ← w - η λ s w, then w ← w - η/(1-β1ᵏ) m / (√v/√(1-β2ᵏ) + ε).

use crate::model::tensor::Tensor;

/// Which AdamW.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdamWForm {
    /// Hugging Face's old one: ε beside the raw root of v, decay after the update.
    HuggingFace,
    /// PyTorch's.
    Torch,
}

/// What a step moves, each a vector over all weights.
#[derive(Clone, Debug)]
pub struct Moved {
    /// w
    pub weights: Tensor<1>,
    /// m and v; none before the first step.
    pub moments: Option<[Tensor<1>; 2]>,
}

/// The numbers of one step.
#[derive(Clone, Debug)]
pub struct Step {
    /// Which AdamW.
    pub form: AdamWForm,
    /// k
    pub number: i32,
    /// η
    pub learning_rate: f64,
    /// β1 and β2.
    pub betas: [f64; 2],
    /// ε
    pub epsilon: f64,
    /// λ, and s; none where nothing decays.
    pub decay: Option<(f64, Tensor<1>)>,
    /// c; none: the gradient is not clipped.
    pub max_gradient_norm: Option<f64>,
}

/// The step, and ‖g‖ before clipping.
pub(in super::super) fn step(from: Moved, gradient: Tensor<1>, step: &Step) -> (Moved, Tensor<1>) {
    let Step {
        form,
        betas: [b1, b2],
        epsilon,
        learning_rate,
        ..
    } = *step;
    let mut g = gradient;
    let norm = (g.clone() * g.clone()).sum().sqrt();
    if let Some(largest) = step.max_gradient_norm {
        let coefficient = norm.clone().add_scalar(1e-6).recip().mul_scalar(largest);
        g = g * coefficient.clamp_max(1.0);
    }
    let [m, v] = from.moments.unwrap_or_else(|| {
        let zeros = g.zeros_like();
        [zeros.clone(), zeros]
    });
    let m = m.mul_scalar(b1) + g.clone().mul_scalar(1.0 - b1);
    let v = v.mul_scalar(b2) + (g.clone() * g).mul_scalar(1.0 - b2);

    let decayed = |w: Tensor<1>| match &step.decay {
        Some((decay, decaying)) => {
            w.clone() - w * decaying.clone().mul_scalar(learning_rate * decay)
        }
        None => w,
    };
    let (c1, c2) = (1.0 - b1.powi(step.number), 1.0 - b2.powi(step.number));
    let mut w = from.weights;
    if form == AdamWForm::Torch {
        w = decayed(w);
    }
    let update = match form {
        AdamWForm::HuggingFace => {
            let rate = learning_rate * c2.sqrt() / c1;
            m.clone().mul_scalar(rate) / v.clone().sqrt().add_scalar(epsilon)
        }
        AdamWForm::Torch => {
            let root = v.clone().sqrt().div_scalar(c2.sqrt());
            m.clone().mul_scalar(learning_rate / c1) / root.add_scalar(epsilon)
        }
    };
    w = w - update;
    if form == AdamWForm::HuggingFace {
        w = decayed(w);
    }
    let moved = Moved {
        weights: w,
        moments: Some([m, v]),
    };
    (moved, norm)
}

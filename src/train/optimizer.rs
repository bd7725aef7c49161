//! AdamW with global-norm clipping, and the learning rate over the steps.
//!
//! The step itself, and its forms, are [`crate::model::ops::composed::adamw`]'s.
//!
//! Biases, LayerNorms, (IA)³ factors and a prefix that is trained as it is do not decay: they start at, or stand for, other
//! numbers than 0. The matrices of a prefix's network do.

pub use crate::model::ops::AdamWForm;
use crate::model::ops::{Moved, Step};
use crate::model::parameters::Parameters;
use crate::model::tensor::{DType, Gradients, Tensor};

/// Constants of the optimiser.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamWSettings {
    /// Which AdamW.
    pub form: AdamWForm,
    /// β1 and β2.
    pub betas: [f64; 2],
    /// ε.
    pub epsilon: f64,
    /// λ.
    pub weight_decay: f64,
    /// c, the largest global 2-norm of the gradient; none: not clipped.
    pub max_gradient_norm: Option<f64>,
}

impl Default for AdamWSettings {
    /// The paper's: the old form, β 0.9 and 0.999, ε 1e-8, no decay, norm 1.
    fn default() -> Self {
        Self {
            form: AdamWForm::HuggingFace,
            betas: [0.9, 0.999],
            epsilon: 1e-8,
            weight_decay: 0.0,
            max_gradient_norm: Some(1.0),
        }
    }
}

/// The optimiser's state: two numbers for every trained scalar. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct AdamW {
    settings: AdamWSettings,
    steps: i32,
    /// m and v, as long as all weights together.
    moments: Option<[Tensor<1>; 2]>,
    /// 1 for scalars that decay, 0 for the others; none where nothing decays.
    decaying: Option<Tensor<1>>,
}

impl AdamW {
    /// A fresh optimiser.
    pub fn new(settings: AdamWSettings) -> Self {
        Self {
            settings,
            steps: 0,
            moments: None,
            decaying: None,
        }
    }

    /// Steps so far.
    pub fn steps(&self) -> i32 {
        self.steps
    }

    /// m and v of these parameters on the host; none before the first step. Waits for the device.
    pub fn moments(&self, parameters: &Parameters) -> Option<[Vec<f32>; 2]> {
        let host = |flat: Tensor<1>| parameters.numbers(flat.cast(DType::F32)).concat();
        self.moments.clone().map(|moments| moments.map(host))
    }

    /// Back to the state after `steps` steps of `parameters`, with the moments of then. None, and nothing changed,
    /// where they do not fit.
    pub fn set(
        &mut self,
        steps: i32,
        moments: impl Iterator<Item = Vec<f32>>,
        parameters: &Parameters,
    ) -> Option<()> {
        let moments: Vec<Tensor<1>> = moments
            .map(|values| parameters.flat_like(values))
            .collect::<Option<_>>()?;
        self.moments = match (steps, <[Tensor<1>; 2]>::try_from(moments)) {
            (1.., Ok(moments)) => Some(moments),
            (0, Err(none)) if none.is_empty() => None,
            _ => return None,
        };
        self.steps = steps;
        Some(())
    }

    /// One step of all weights; gives the gradient's global norm before clipping, as a tensor of one number.
    ///
    /// Nothing is read back from the device: read loss and norm together, and not at every step.
    pub fn step(
        &mut self,
        parameters: &mut Parameters,
        gradients: &Gradients,
        learning_rate: f64,
    ) -> Tensor<1> {
        self.steps += 1;
        let AdamWSettings {
            form,
            betas,
            epsilon,
            weight_decay,
            max_gradient_norm,
        } = self.settings;
        let decay = (weight_decay > 0.0).then(|| (weight_decay, self.decaying(parameters)));
        let step = Step {
            form,
            number: self.steps,
            learning_rate,
            betas,
            epsilon,
            decay,
            max_gradient_norm,
        };
        let from = Moved {
            weights: parameters.flat(),
            moments: self.moments.take(),
        };
        let gradient = parameters.flat_gradient(gradients);
        let (moved, norm) = parameters.ops().adamw(from, gradient, &step);
        parameters.set_flat(moved.weights);
        self.moments = moved.moments;
        norm
    }

    /// 1 for the weights that decay, 0 for the others.
    fn decaying(&mut self, parameters: &Parameters) -> Tensor<1> {
        let mask = self.decaying.get_or_insert_with(|| {
            let share = |name: &str| if decays(name) { 1.0 } else { 0.0 };
            parameters.flat_of(share)
        });
        mask.clone()
    }
}

/// Whether weight decay draws the weight of this name to 0.
fn decays(name: &str) -> bool {
    let spared = ["bias", "LayerNorm", ".ia3.", "prefix.flat"];
    !spared.iter().any(|part| name.contains(part))
}

/// Learning rate that rises linearly from 0 over the warm-up, then falls linearly to 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    /// The highest rate.
    pub peak: f64,
    /// Steps of the warm-up.
    pub warmup_steps: u64,
    /// Steps in all, warm-up included.
    pub total_steps: u64,
}

impl Schedule {
    /// The rate of a step, counted from 0.
    pub fn at(&self, step: u64) -> f64 {
        if step < self.warmup_steps {
            return self.peak * step as f64 / self.warmup_steps as f64;
        }
        let falling = self.total_steps.saturating_sub(self.warmup_steps).max(1);
        self.peak * self.total_steps.saturating_sub(step) as f64 / falling as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::tensor::{Device, floats};
    use crate::model::weights::NamedTensor;

    #[test]
    fn only_what_multiplies_from_around_zero_decays() {
        for name in [
            "layer.3.sa.down.weight",
            "layer.0.lora.query.A",
            "prefix.wte.weight",
            "prefix.mlp.0.weight",
            "head.dense.weight",
            "encoder.layer.0.output.dense.weight",
            "embeddings.word_embeddings.weight",
        ] {
            assert!(decays(name), "{name}");
        }
        for name in [
            "layer.3.sa.down.bias",
            "layer.0.ia3.key",
            "layer.0.ia3.ffn",
            "prefix.flat",
            "prefix.mlp.0.bias",
            "head.out.bias",
            "encoder.layer.0.attention.output.LayerNorm.weight",
            "embeddings.LayerNorm.bias",
            "encoder.relative_attention_bias.weight",
        ] {
            assert!(!decays(name), "{name}");
        }
    }

    #[test]
    fn a_step_draws_only_those_to_zero() {
        let tensor = |name: &str| NamedTensor {
            name: name.to_owned(),
            shape: vec![2],
            values: vec![1.0, -2.0],
        };
        let names = ["layer.0.ia3.key", "layer.0.lora.query.A", "prefix.flat"];
        for form in [AdamWForm::HuggingFace, AdamWForm::Torch] {
            let tensors = names.map(tensor).into();
            let mut parameters = Parameters::from_named(tensors, &Device::flex(), DType::F64);
            let settings = AdamWSettings {
                form,
                weight_decay: 0.5,
                ..AdamWSettings::default()
            };
            // A loss that depends on none of them leaves the decay alone.
            let other = floats(vec![1.0], [1], &Device::flex(), DType::F64);
            let gradients = other.autodiff().require_grad().sum().backward();
            AdamW::new(settings).step(&mut parameters, &gradients, 0.1);
            let values = parameters.export().into_iter().map(|t| t.values);
            let expected = [[1.0, -2.0], [0.95, -1.9], [1.0, -2.0]];
            assert_eq!(values.collect::<Vec<_>>(), expected, "{form:?}");
        }
    }

    #[test]
    fn the_rate_rises_then_falls_to_zero() {
        let schedule = Schedule {
            peak: 2.0,
            warmup_steps: 2,
            total_steps: 6,
        };
        let rates: Vec<f64> = (0..8).map(|step| schedule.at(step)).collect();
        assert_eq!(rates, [0.0, 1.0, 2.0, 1.5, 1.0, 0.5, 0.0, 0.0]);
        let flat = Schedule {
            warmup_steps: 0,
            total_steps: 0,
            ..schedule
        };
        assert_eq!(flat.at(0), 0.0);
    }
}

//! A frozen encoder with one configuration's modules and a head: what a trial trains.

use crate::domain::Configuration;

use super::batch::Batch;
use super::config::EncoderConfig;
use super::dropout::Dropout;
use super::encoder::Backbone;
use super::head::{self, Head, Units};
use super::initial::Initial;
use super::parameters::Parameters;
use super::peft::{self, Active, Ia3Place, Inserted, Site};
use super::tensor::Tensor;
use super::untouched::Untouched;
use super::weights::NamedTensor;

/// A backbone with a configuration's modules and a head.
///
/// ```text
/// let mut model = AdaptedEncoder::new(&backbone, &configuration, &settings)?;
/// let mut optimizer = AdamW::new(settings);
/// loop {
///     let logits = model.forward(&batch, Some(&mut dropout));
///     let loss = targets.loss(logits);
///     let gradients = loss.backward();
///     optimizer.step(&mut model.parameters, &gradients, schedule.at(step));
/// }
/// let best = model.parameters.snapshot();
/// let scores = model.evaluate(&batch);
/// ```
#[derive(Debug)]
pub struct AdaptedEncoder {
    /// The trained weights: the encoder's own where they train too, modules, then the head.
    pub parameters: Parameters,
    backbone: Backbone,
    trains_backbone: bool,
    modules: Vec<Box<dyn Inserted>>,
    untouched: Untouched,
    head: Head,
}

/// What an adapted encoder depends on besides backbone and configuration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdaptedSettings {
    /// Numbers per row that the head gives: classes, or 1 for regression.
    pub outputs: usize,
    /// Width of the prefix's training-time MLP; none: the prefix itself is trained.
    pub prefix_bottleneck: Option<usize>,
    /// What LoRA's additions are multiplied by (α/r).
    pub lora_scale: f64,
    /// Where (IA)³ multiplies inside the feed-forward block.
    pub ia3_place: Ia3Place,
    /// Seed of the initial weights.
    pub seed: u64,
}

impl Default for AdaptedSettings {
    /// Two classes, the paper's prefix MLP, LoRA as it comes (α = r), (IA)³ as its paper says.
    fn default() -> Self {
        Self {
            outputs: 2,
            prefix_bottleneck: Some(800),
            lora_scale: 1.0,
            ia3_place: Ia3Place::default(),
            seed: 0,
        }
    }
}

/// Why a configuration does not fit an encoder.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdaptedError {
    /// There is no such module.
    #[error("there is no module `{name}`; known: {known}")]
    UnknownModule {
        /// The name.
        name: String,
        /// Names that exist.
        known: String,
    },
    /// The module does not come in this size.
    #[error("the module `{name}` has size {found}, but its largest is {largest}")]
    Size {
        /// The module.
        name: String,
        /// The size.
        found: usize,
        /// Its largest.
        largest: usize,
    },
    /// The MLP of a prefix is wider than any.
    #[error("the prefix's MLP has the width {found}, but its largest is {largest}")]
    PrefixBottleneck {
        /// The width.
        found: usize,
        /// Its largest.
        largest: usize,
    },
    /// The encoder has no such layer.
    #[error("layer {found} was asked for, but the encoder has {layers}, from 0")]
    NoSuchLayer {
        /// The layer.
        found: usize,
        /// Layers of the encoder.
        layers: usize,
    },
}

impl AdaptedEncoder {
    /// The configuration's modules and a head around a shared backbone, at their initial values.
    ///
    /// # Errors
    /// The configuration names a module or a layer that does not exist.
    pub fn new(
        backbone: &Backbone,
        configuration: &Configuration,
        settings: &AdaptedSettings,
    ) -> Result<Self, AdaptedError> {
        let config = backbone.config();
        let site = site(config, configuration, settings)?;
        let mut parameters = on(backbone);
        let mut initial = Initial::new(settings.seed);
        let present = present(configuration)?;
        let untouched = match present.iter().map(|(module, _)| module.leaves()).min() {
            None => Untouched::layers(config.layers),
            Some(within) => Untouched {
                layers: configuration.layers.iter().copied().min().unwrap_or(0),
                within,
            },
        };
        let modules = present
            .into_iter()
            .map(|(module, size)| module.insert(&site, size, &mut parameters, &mut initial))
            .collect();
        let head = Head::new(
            config.hidden,
            settings.outputs,
            config.initializer_range,
            &mut parameters,
            &mut initial,
        );
        Ok(Self {
            parameters,
            backbone: backbone.clone(),
            trains_backbone: false,
            untouched,
            modules,
            head,
        })
    }

    /// A head on a copy of the encoder, all of whose weights train: full fine-tuning.
    pub fn whole(backbone: &Backbone, settings: &AdaptedSettings) -> Self {
        let config = backbone.config();
        let mut tensors = backbone.to_named();
        // The head reads the first token itself.
        tensors.retain(|tensor| !tensor.name.starts_with("pooler."));
        let mut parameters = on(backbone).with_named(tensors);
        let head = Head::new(
            config.hidden,
            settings.outputs,
            config.initializer_range,
            &mut parameters,
            &mut Initial::new(settings.seed),
        );
        Self {
            parameters,
            backbone: backbone.clone(),
            trains_backbone: true,
            modules: Vec::new(),
            untouched: Untouched::EMBEDDINGS,
            head,
        }
    }

    /// With a head that learns amounts in these units, and gives them in the labels' own. `parameters` are then of such a head,
    /// and of no use without; see [`export`](Self::export).
    pub fn learning_in(mut self, units: Units) -> Self {
        self.head.learn_in(units);
        self
    }

    /// All weights on the host as an encoder takes them whose head has no units of its own: what is kept and handed over.
    /// Waits for the device once.
    pub fn export(&self) -> Vec<NamedTensor> {
        self.head.export(&self.parameters)
    }

    /// What a loss in squares of the labels' units is divided by to be one of the units that the head learns in.
    pub fn squared_unit(&self) -> f64 {
        self.head.square()
    }

    /// Logits [B, C] with the graph that leads back to the trained weights; `dropout` where there is any.
    pub fn forward(&self, batch: &Batch, mut dropout: Option<&mut Dropout>) -> Tensor<2> {
        let modules = self.active(&self.parameters);
        let backbone = self.backbone_of(&self.parameters);
        let h0 = backbone.first_token(batch, &modules, dropout.as_deref_mut());
        self.head.forward(h0, &self.parameters, dropout)
    }

    /// Logits [B, C] for evaluation: no dropout and no graph, so faster and smaller.
    pub fn evaluate(&self, batch: &Batch) -> Tensor<2> {
        let parameters = self.parameters.untracked();
        let modules = self.active(&parameters);
        let backbone = self.backbone_of(&parameters);
        let h0 = backbone.first_token(batch, &modules, None);
        self.head.forward(h0, &parameters, None)
    }

    /// The embedding output and every layer's output, N + 1 tensors [B, S, H], without graph or dropout.
    pub fn hidden_states(&self, batch: &Batch) -> Vec<Tensor<3>> {
        let parameters = self.parameters.untracked();
        let modules = self.active(&parameters);
        let backbone = self.backbone_of(&parameters);
        backbone.hidden_states(batch, &modules)
    }

    /// The part of the encoder that, without dropout, gives the same for a row at every step.
    pub fn untouched(&self) -> Untouched {
        self.untouched
    }

    /// The shared backbone, as it was loaded.
    pub fn backbone(&self) -> &Backbone {
        &self.backbone
    }

    /// All scalars that train: biases, prefix MLP and head included.
    pub fn trained_parameters(&self) -> u64 {
        self.parameters.scalars()
    }

    /// The encoder that computes: the shared one, or one of these weights.
    fn backbone_of(&self, parameters: &Parameters) -> Backbone {
        if !self.trains_backbone {
            return self.backbone.clone();
        }
        match self.backbone.over_anew(parameters) {
            Ok(backbone) => backbone,
            Err(error) => unreachable!("its own tensors make an encoder: {error}"),
        }
    }

    fn active(&self, parameters: &Parameters) -> Vec<Box<dyn Active>> {
        let modules = self.modules.iter();
        modules.map(|m| m.activate(parameters)).collect()
    }
}

/// No weights yet, to be read beside these.
fn on(backbone: &Backbone) -> Parameters {
    Parameters::computed_by(backbone.ops(), backbone.device(), backbone.dtype())
}

/// All scalars that a configuration trains on an encoder, head included, without making them.
///
/// # Errors
/// The configuration names a module or a layer that does not exist.
pub fn trained_parameters(
    config: &EncoderConfig,
    configuration: &Configuration,
    settings: &AdaptedSettings,
) -> Result<u64, AdaptedError> {
    let site = site(config, configuration, settings)?;
    let modules = present(configuration)?.into_iter();
    let inserted: u64 = modules
        .map(|(m, size)| m.trained_parameters(&site, size))
        .sum();
    Ok(inserted + head::scalars(config.hidden, settings.outputs))
}

/// The configuration's modules with their sizes; none where no layer carries them.
fn present(
    configuration: &Configuration,
) -> Result<Vec<(&'static dyn peft::Module, usize)>, AdaptedError> {
    let mut present = Vec::new();
    for (name, &size) in &configuration.modules {
        let module = peft::module(name).ok_or_else(|| {
            let known: Vec<&str> = peft::REGISTRY.iter().map(|m| m.name()).collect();
            AdaptedError::UnknownModule {
                name: name.clone(),
                known: known.join(", "),
            }
        })?;
        let largest = module.largest_size().unwrap_or(peft::LARGEST);
        if size > largest {
            return Err(AdaptedError::Size {
                name: name.clone(),
                found: size,
                largest,
            });
        }
        if size > 0 && !configuration.layers.is_empty() {
            present.push((module, size));
        }
    }
    Ok(present)
}

fn site(
    config: &EncoderConfig,
    configuration: &Configuration,
    settings: &AdaptedSettings,
) -> Result<Site, AdaptedError> {
    let layers = config.layers;
    if let Some(found) = settings.prefix_bottleneck
        && found > peft::LARGEST
    {
        let largest = peft::LARGEST;
        return Err(AdaptedError::PrefixBottleneck { found, largest });
    }
    match configuration.layers.iter().find(|&&l| l >= layers) {
        Some(&found) => Err(AdaptedError::NoSuchLayer { found, layers }),
        None => Ok(Site {
            hidden: config.hidden,
            intermediate: config.intermediate,
            heads: config.heads,
            layers: configuration.layers.clone(),
            prefix_bottleneck: settings.prefix_bottleneck,
            lora_scale: settings.lora_scale,
            ia3_place: settings.ia3_place,
        }),
    }
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    reason = "a broken expectation must fail its test"
)]
mod tests;

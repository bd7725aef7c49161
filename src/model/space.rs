//! The space of configurations for one encoder: the study's wishes against what the encoder has.

use super::config::EncoderConfig;
use super::peft::{REGISTRY, module};
use crate::domain::{ModuleAxis, PeftSpace};
use crate::study::{LayerChoice, SpaceSettings};

/// Why a study's space does not exist for an encoder.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpaceError {
    /// There is no such module.
    #[error("there is no module `{name}`; known: {known}")]
    UnknownModule {
        /// The name.
        name: String,
        /// Names that exist.
        known: String,
    },
    /// A size that the module does not come in.
    #[error("`space.sizes` gives `{name}` the size {size}, but its largest is {largest}")]
    Size {
        /// The module.
        name: String,
        /// The size.
        size: usize,
        /// Its largest.
        largest: usize,
    },
    /// A layer that the encoder does not have.
    #[error("`space.layers` names layer {layer}, but the encoder has layers 0 to {last}")]
    NoSuchLayer {
        /// The layer.
        layer: usize,
        /// The encoder's last layer.
        last: usize,
    },
    /// Nothing to choose from.
    #[error(
        "the space has no valid configuration: name at least one module with a size above 0, and one layer"
    )]
    Empty,
}

/// The space for this encoder.
///
/// # Errors
/// See [`SpaceError`].
pub fn peft_space(
    settings: &SpaceSettings,
    config: &EncoderConfig,
) -> Result<PeftSpace, SpaceError> {
    let mut modules = Vec::new();
    for wish in &settings.modules {
        let found = module(&wish.module).ok_or_else(|| SpaceError::UnknownModule {
            name: wish.module.clone(),
            known: REGISTRY
                .iter()
                .map(|module| module.name())
                .collect::<Vec<_>>()
                .join(", "),
        })?;
        let largest = found.largest_size().unwrap_or(usize::MAX);
        let sizes = wish.sizes.clone().unwrap_or_else(|| {
            let mut sizes = halved(config.hidden);
            sizes.retain(|&size| size <= largest);
            sizes
        });
        if let Some(&size) = sizes.iter().find(|&&size| size > largest) {
            return Err(SpaceError::Size {
                name: wish.module.clone(),
                size,
                largest,
            });
        }
        modules.push(ModuleAxis {
            name: found.name().to_owned(),
            sizes,
            weights_per_unit: found.weights_per_unit(config),
        });
    }
    let all: Vec<usize> = (0..config.layers).collect();
    let (candidate_layers, choose_layers) = match &settings.layers {
        LayerChoice::Search => (all, true),
        LayerChoice::All => (all, false),
        LayerChoice::SearchAmong(layers) => (layers.clone(), true),
    };
    if let Some(&layer) = candidate_layers
        .iter()
        .find(|&&layer| layer >= config.layers)
    {
        return Err(SpaceError::NoSuchLayer {
            layer,
            last: config.layers - 1,
        });
    }
    let some_size = modules
        .iter()
        .any(|axis| axis.sizes.iter().any(|&size| size > 0));
    if !some_size || candidate_layers.is_empty() {
        return Err(SpaceError::Empty);
    }
    Ok(PeftSpace {
        modules,
        layers: config.layers,
        candidate_layers,
        choose_layers,
        backbone_parameters: config.backbone_parameters(),
        learning_rates: settings.learning_rates.clone(),
    })
}

/// 0, 1, and the hidden size halved while that gives at least 2 (768: 0, 1, 3, 6, ..., 768), ascending.
fn halved(hidden: usize) -> Vec<usize> {
    let mut sizes: Vec<usize> = std::iter::successors(Some(hidden), |size| Some(size / 2))
        .take_while(|&size| size >= 2)
        .collect();
    sizes.extend([1, 0]);
    sizes.reverse();
    sizes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_of_the_papers_encoder_are_the_papers() {
        assert_eq!(halved(768), [0, 1, 3, 6, 12, 24, 48, 96, 192, 384, 768]);
        assert_eq!(halved(128), [0, 1, 2, 4, 8, 16, 32, 64, 128]);
    }
}

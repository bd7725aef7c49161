//! The usual choices, to compare with: what one would take without a search.

use super::{Choice, Subject};
use crate::domain::Configuration;
use crate::model::config::EncoderConfig;
use crate::model::peft;
use crate::train::Recipe;

/// A usual choice.
pub struct Baseline {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// What is trained.
    pub kind: Kind,
}

/// What a baseline trains.
#[derive(Clone, Copy)]
pub enum Kind {
    /// Modules and sizes for a hidden size, in all layers.
    Modules(fn(usize) -> Vec<(&'static str, usize)>),
    /// All weights of the encoder, at this learning rate.
    Whole(f64),
    /// What another way of choosing finds.
    Chosen(Choice),
}

/// Every baseline; sizes are those of the methods' papers and of AdapterHub's library.
pub static BASELINES: [Baseline; 11] = [
    Baseline {
        name: "full",
        about: "full fine-tuning: all weights of the encoder, learning rate 2e-5 (Devlin et al. 2019)",
        kind: Kind::Whole(2e-5),
    },
    Baseline {
        name: "head",
        about: "the head alone, on the frozen encoder",
        kind: Kind::Modules(|_| Vec::new()),
    },
    Baseline {
        name: "serial",
        about: "a serial adapter of a sixteenth of the hidden size (Pfeiffer et al. 2020)",
        kind: Kind::Modules(|hidden| vec![("serial", (hidden / 16).max(1))]),
    },
    Baseline {
        name: "parallel",
        about: "a parallel adapter of half the hidden size (He et al. 2022)",
        kind: Kind::Modules(|hidden| vec![("parallel", (hidden / 2).max(1))]),
    },
    Baseline {
        name: "prefix",
        about: "a prefix of 30 (Li & Liang 2021)",
        kind: Kind::Modules(|_| vec![("prefix", 30)]),
    },
    Baseline {
        name: "mam",
        about: "a parallel adapter of half the hidden size and a prefix of 30 (mix and match, He et al. 2022)",
        kind: Kind::Modules(|hidden| vec![("parallel", (hidden / 2).max(1)), ("prefix", 30)]),
    },
    Baseline {
        name: "lora",
        about: "LoRA of rank 8 on queries and values (Hu et al. 2022)",
        kind: Kind::Modules(|_| vec![("lora", 8)]),
    },
    Baseline {
        name: "ia3",
        about: "(IA)³ (Liu et al. 2022)",
        kind: Kind::Modules(|_| vec![("ia3", 1)]),
    },
    Baseline {
        name: "lora-tuned",
        about: "LoRA of the best rank and learning rate of a grid of nine",
        kind: Kind::Chosen(Choice::LoraGrid),
    },
    Baseline {
        name: "random",
        about: "the best of random search in the same space, with as many trials",
        kind: Kind::Chosen(Choice::RandomSearch),
    },
    Baseline {
        name: "one-epoch",
        about: "the best after one epoch of many random configurations, trained fully; as many epochs as the search",
        kind: Kind::Chosen(Choice::OneEpoch),
    },
];

impl Baseline {
    /// The baseline of a name.
    pub fn named(name: &str) -> Option<&'static Self> {
        BASELINES.iter().find(|baseline| baseline.name == name)
    }

    /// What is trained on an encoder; none where that is to be chosen first.
    pub fn subject(&self, encoder: &EncoderConfig) -> Option<Subject> {
        let (configuration, recipe) = match self.kind {
            Kind::Modules(modules) => {
                let configuration = everywhere(modules(encoder.hidden), encoder);
                (configuration, Recipe::default())
            }
            Kind::Whole(learning_rate) => {
                let recipe = Recipe {
                    whole_encoder: true,
                    learning_rate: Some(learning_rate),
                };
                (everywhere(Vec::new(), encoder), recipe)
            }
            Kind::Chosen(_) => return None,
        };
        Some(Subject {
            name: self.name.to_owned(),
            is_baseline: true,
            configuration,
            recipe,
        })
    }
}

/// Modules with their sizes in every layer; none anywhere where there are none.
pub(super) fn everywhere(
    modules: Vec<(&'static str, usize)>,
    encoder: &EncoderConfig,
) -> Configuration {
    let layers = if modules.is_empty() {
        0
    } else {
        encoder.layers
    };
    let modules = modules.into_iter();
    Configuration {
        modules: modules
            .map(|(name, size)| (name.to_owned(), size))
            .collect(),
        layers: (0..layers).collect(),
        ..Configuration::default()
    }
}

/// Weights of a subject as the paper counts them, whether or not a study's space has its modules.
pub fn parameters(encoder: &EncoderConfig, subject: &Subject) -> u64 {
    if subject.recipe.whole_encoder {
        return encoder.backbone_parameters();
    }
    let configuration = &subject.configuration;
    let sizes = configuration.modules.iter();
    let per_layer: u64 = sizes
        .filter_map(|(name, &size)| {
            Some(peft::module(name)?.weights_per_unit(encoder) * size as u64)
        })
        .sum();
    per_layer * configuration.layers.len() as u64
}

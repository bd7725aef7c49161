//! The usual choices, to compare with: what one would take without a search.

use std::collections::BTreeMap;

use crate::domain::Configuration;
use crate::model::config::EncoderConfig;
use crate::model::peft;

/// A usual choice.
pub struct Baseline {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// Modules and sizes for a hidden size; in all layers.
    modules: fn(usize) -> Vec<(&'static str, usize)>,
}

/// Every baseline; sizes are those of the methods' papers and of AdapterHub's library.
pub static BASELINES: [Baseline; 7] = [
    Baseline {
        name: "head",
        about: "the head alone, on the frozen encoder",
        modules: |_| Vec::new(),
    },
    Baseline {
        name: "serial",
        about: "a serial adapter of a sixteenth of the hidden size (Pfeiffer et al. 2020)",
        modules: |hidden| vec![("serial", (hidden / 16).max(1))],
    },
    Baseline {
        name: "parallel",
        about: "a parallel adapter of half the hidden size (He et al. 2022)",
        modules: |hidden| vec![("parallel", (hidden / 2).max(1))],
    },
    Baseline {
        name: "prefix",
        about: "a prefix of 30 (Li & Liang 2021)",
        modules: |_| vec![("prefix", 30)],
    },
    Baseline {
        name: "mam",
        about: "a parallel adapter of half the hidden size and a prefix of 30 (mix and match, He et al. 2022)",
        modules: |hidden| vec![("parallel", (hidden / 2).max(1)), ("prefix", 30)],
    },
    Baseline {
        name: "lora",
        about: "LoRA of rank 8 on queries and values (Hu et al. 2022)",
        modules: |_| vec![("lora", 8)],
    },
    Baseline {
        name: "ia3",
        about: "(IA)³ (Liu et al. 2022)",
        modules: |_| vec![("ia3", 1)],
    },
];

impl Baseline {
    /// The baseline of a name.
    pub fn named(name: &str) -> Option<&'static Self> {
        BASELINES.iter().find(|baseline| baseline.name == name)
    }

    /// The configuration for an encoder.
    pub fn configuration(&self, encoder: &EncoderConfig) -> Configuration {
        let modules = (self.modules)(encoder.hidden).into_iter();
        let modules: BTreeMap<String, usize> = modules
            .map(|(name, size)| (name.to_owned(), size))
            .collect();
        let layers = if modules.is_empty() {
            0
        } else {
            encoder.layers
        };
        Configuration {
            modules,
            layers: (0..layers).collect(),
            ..Configuration::default()
        }
    }
}

/// Weights of a configuration as the paper counts them, whether or not a study's space has its modules.
pub fn parameters(encoder: &EncoderConfig, configuration: &Configuration) -> u64 {
    let sizes = configuration.modules.iter();
    let per_layer: u64 = sizes
        .filter_map(|(name, &size)| {
            Some(peft::module(name)?.weights_per_unit(encoder) * size as u64)
        })
        .sum();
    per_layer * configuration.layers.len() as u64
}

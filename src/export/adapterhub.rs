//! The trained adapters in the format of AdapterHub's library `adapters`, for the combinations that it can express.
//!
//! It knows one bottleneck at each place of a layer, prefixes, and LoRA, and any union of these. A prefix is written as it
//! comes out of its network ("flat"), for which the library needs no trained network.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::adapters::encoder;
use super::front::Finished;
use super::python::{self, Library};
use super::trained::{self, prefixes, write_json, write_tensors};
use super::{ExportError, Exporter, Front, expressible, write_file};
use crate::domain::Configuration;
use crate::model::AdaptedSettings;
use crate::model::config::Architecture;
use crate::model::weights::NamedTensor;
use crate::task::Labels;

/// The version of the library whose format is written.
const LIBRARY: &str = "adapters.1.3.0";
/// Folder inside a trial's.
const FOLDER: &str = "adapterhub";

/// `load_adapter` reads these.
pub(super) struct AdapterHub;

impl Exporter for AdapterHub {
    fn name(&self) -> &'static str {
        "adapterhub"
    }

    fn about(&self) -> &'static str {
        "trial-NNNN/adapterhub/: the same for AdapterHub's `adapters`, where it can express the combination"
    }

    fn is_possible(&self, front: &Front<'_>) -> bool {
        let keeps = front.context.study.output.keep_adapters;
        keeps && expressible(front, self.name(), obstacle).is_ok()
    }

    fn export(&self, front: &Front<'_>, folder: &Path) -> Result<Vec<PathBuf>, ExportError> {
        let mut written = encoder(front, folder)?;
        for member in expressible(front, self.name(), obstacle)? {
            let trial = member.0.id;
            let (weights, head) = tensors(front, trained::load(front, member.0)?);
            let folder = trained::folder(folder, trial, FOLDER)?;
            let script = python::script(front, member, Library::Adapters);
            let [adapter_config, head_config] = configs(front, member);
            written.extend([
                write_tensors(&folder, "adapter.safetensors", trial, &weights)?,
                write_tensors(&folder, "model_head.safetensors", trial, &head)?,
                write_json(&folder, "head_config.json", self.name(), &head_config)?,
                write_file(&folder, python::FILE, script.as_bytes())?,
                write_json(&folder, "adapter_config.json", self.name(), &adapter_config)?,
            ]);
        }
        Ok(written)
    }
}

/// Why the library cannot express a configuration; none: it can.
pub(super) fn obstacle(
    architecture: Architecture,
    configuration: &Configuration,
) -> Option<&'static str> {
    if !matches!(architecture, Architecture::Bert | Architecture::Roberta) {
        return Some("its names are known for BERT and RoBERTa only");
    }
    let has = |module: &str| configuration.size_of(module) > 0;
    let known = ["serial", "parallel", "prefix", "lora"];
    let foreign = |name: &String| !known.contains(&name.as_str()) && has(name);
    if configuration.layers.is_empty() || !known.iter().any(|module| has(module)) {
        Some("there is no module that the library has")
    } else if has("serial") && has("parallel") {
        Some("the library has one bottleneck at a place, not a serial and a parallel one")
    } else if has("ia3") {
        Some("the library's (IA)³ multiplies before the activation, this one after it")
    } else if configuration.modules.keys().any(foreign) {
        Some("there is a module that the library has not")
    } else {
        None
    }
}

/// A name that the library can use for a module.
fn name(front: &Front<'_>) -> String {
    front.name.replace('.', "_")
}

fn configs(front: &Front<'_>, (trial, _): Finished<'_>) -> [Value; 2] {
    let encoder = &front.context.encoder;
    let configuration = &trial.configuration;
    let left_out = (0..encoder.layers).filter(|layer| !configuration.layers.contains(layer));
    let left_out: Vec<usize> = left_out.collect();
    let methods = configuration.modules.iter().filter(|(_, size)| **size > 0);
    let mut methods: Vec<Value> = methods
        .map(|(module, &size)| method(module, size, encoder.hidden, &left_out))
        .collect();
    let config = match methods.len() {
        1 => methods.remove(0),
        _ => json!({ "architecture": "union", "configs": methods }),
    };
    let class = match encoder.architecture.name() {
        "roberta" => "RobertaAdapterModel",
        _ => "BertAdapterModel",
    };
    let with = |config: Value| {
        json!({
            "config": config,
            "hidden_size": encoder.hidden,
            "model_class": class,
            "model_name": front.context.base_model,
            "model_type": encoder.architecture.name(),
            "name": name(front),
            "version": LIBRARY,
        })
    };
    let names = match &front.context.labels {
        Labels::Classes(names) => names.clone(),
        Labels::Regression => vec!["value".to_owned()],
    };
    let numbers = names.iter().enumerate();
    let numbers: serde_json::Map<_, _> = numbers.map(|(i, n)| (n.clone(), i.into())).collect();
    let head = json!({
        "head_type": "classification",
        "num_labels": names.len(),
        "layers": 2,
        "activation_function": "tanh",
        "label2id": numbers,
        "use_pooler": false,
        "bias": true,
        "dropout_prob": front.context.study.training.head_dropout,
    });
    [with(config), with(head)]
}

/// One module as the library's configuration.
fn method(module: &str, size: usize, hidden: usize, left_out: &[usize]) -> Value {
    match module {
        "prefix" => json!({
            "architecture": "prefix_tuning",
            "flat": true,
            "prefix_length": size,
            "leave_out": left_out,
        }),
        "lora" => json!({
            "architecture": "lora",
            "selfattn_lora": true,
            "intermediate_lora": false,
            "output_lora": false,
            "attn_matrices": ["q", "v"],
            "r": size,
            "alpha": AdaptedSettings::default().lora_scale * size as f64,
            "leave_out": left_out,
        }),
        _ => {
            let parallel = module == "parallel";
            json!({
                "mh_adapter": false,
                "output_adapter": true,
                "reduction_factor": reduction_factor(hidden, size),
                "non_linearity": "relu",
                "original_ln_before": !parallel,
                "original_ln_after": true,
                "residual_before_ln": true,
                "is_parallel": parallel,
                "scaling": if parallel { 4.0 } else { 1.0 },
                "init_weights": if parallel { "mam_adapter" } else { "bert" },
                "leave_out": left_out,
            })
        }
    }
}

/// A factor f for which the library's size, ⌊hidden / f⌋, is this one, also after rounding.
fn reduction_factor(hidden: usize, size: usize) -> f64 {
    let hidden_size = hidden as f64;
    match hidden.is_multiple_of(size) {
        true => (hidden / size) as f64,
        false => hidden_size / (size as f64 + 0.5),
    }
}

/// The adapter's and the head's weights under the library's names.
fn tensors(front: &Front<'_>, ours: Vec<NamedTensor>) -> (Vec<NamedTensor>, Vec<NamedTensor>) {
    let model = front.context.encoder.architecture.name();
    let name = name(front);
    let mut adapter = Vec::new();
    let mut head = Vec::new();
    if let Some(prefix) = prefixes(&ours) {
        adapter.push(NamedTensor {
            name: format!("{model}.prefix_tuning.prefix_tunings.{name}.self_prefix.control_trans"),
            shape: vec![prefix.values.len()],
            values: prefix.values,
        });
    }
    for tensor in ours {
        let parts: Vec<&str> = tensor.name.split('.').collect();
        let theirs = match parts[..] {
            ["layer", n, "sa" | "pa", "down", kind] => {
                format!("{model}.encoder.layer.{n}.output.adapters.{name}.adapter_down.0.{kind}")
            }
            ["layer", n, "sa" | "pa", "up", kind] => {
                format!("{model}.encoder.layer.{n}.output.adapters.{name}.adapter_up.{kind}")
            }
            ["layer", n, "lora", target, matrix] => {
                format!(
                    "{model}.encoder.layer.{n}.attention.self.{target}.loras.{name}.lora_{matrix}"
                )
            }
            ["head", layer, kind] => {
                let place = if layer == "dense" { 1 } else { 4 };
                head.push(NamedTensor {
                    name: format!("heads.{name}.{place}.{kind}"),
                    ..tensor.clone()
                });
                continue;
            }
            // The prefix's network went into the prefix above.
            _ => continue,
        };
        adapter.push(NamedTensor {
            name: theirs,
            ..tensor
        });
    }
    (adapter, head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_has_a_factor() {
        for hidden in [32, 384, 768, 1024] {
            for size in 1..=hidden {
                let factor = reduction_factor(hidden, size);
                assert_eq!((hidden as f64 / factor).floor() as usize, size, "{hidden}");
            }
        }
    }
}

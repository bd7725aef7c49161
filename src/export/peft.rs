//! The trained adapters in the format of Hugging Face's `peft`: LoRA alone, and (IA)³ alone.
//!
//! The head goes along as weights of the sequence classifier around the encoder: BERT's pooler, or RoBERTa's classifier,
//! has the shape of this program's head, tanh included.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::adapters::encoder;
use super::front::Finished;
use super::python::{self, Library};
use super::trained::{self, write_json, write_tensors};
use super::{ExportError, Exporter, Front, expressible, write_file};
use crate::domain::Configuration;
use crate::model::AdaptedSettings;
use crate::model::config::Architecture;
use crate::model::weights::NamedTensor;
use crate::study::ModelSource;

/// Folder inside a trial's.
const FOLDER: &str = "peft";

/// `PeftModel.from_pretrained` reads these.
pub(super) struct Peft;

impl Exporter for Peft {
    fn name(&self) -> &'static str {
        "peft"
    }

    fn about(&self) -> &'static str {
        "trial-NNNN/peft/: the same for Hugging Face's `peft`, for LoRA alone and (IA)³ alone"
    }

    fn is_possible(&self, front: &Front<'_>) -> bool {
        let keeps = front.context.study.output.keep_adapters;
        keeps && expressible(front, self.name(), obstacle).is_ok()
    }

    fn export(&self, front: &Front<'_>, folder: &Path) -> Result<Vec<PathBuf>, ExportError> {
        let mut written = encoder(front, folder)?;
        for member in expressible(front, self.name(), obstacle)? {
            let trial = member.0.id;
            let weights = tensors(front, trained::load(front, member.0)?);
            let folder = trained::folder(folder, trial, FOLDER)?;
            let script = python::script(front, member, Library::Peft);
            written.extend([
                write_tensors(&folder, "adapter_model.safetensors", trial, &weights)?,
                write_file(&folder, python::FILE, script.as_bytes())?,
                write_json(
                    &folder,
                    "adapter_config.json",
                    self.name(),
                    &config(front, member),
                )?,
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
    let mut present = configuration.modules.iter().filter(|(_, size)| **size > 0);
    match (present.next(), present.next()) {
        _ if configuration.layers.is_empty() => Some("there is no module but the head"),
        (Some((name, _)), None) if ["lora", "ia3"].contains(&name.as_str()) => None,
        (_, Some(_)) => Some("the library loads one method at a time"),
        _ => Some("the library has neither these bottlenecks nor prefixes in some layers only"),
    }
}

fn config(front: &Front<'_>, (trial, _): Finished<'_>) -> Value {
    let (base, revision) = match &front.context.study.model {
        ModelSource::Hub { id, revision } => {
            let commit = front.context.model_files.commit.as_ref();
            (id.clone(), Some(commit.unwrap_or(revision)))
        }
        ModelSource::Folder(folder) => (folder.display().to_string(), None),
        ModelSource::Embedded => (python::ENCODER.to_owned(), None),
    };
    let heads = match front.context.encoder.architecture {
        Architecture::Roberta => vec!["classifier"],
        // No other than BERT passes `obstacle`.
        _ => vec!["pooler", "classifier"],
    };
    let layers = trial.configuration.layers.iter();
    let modules = |names: &[&str]| -> Vec<String> {
        let of_layer = |layer: &usize| {
            let names = names.iter();
            names
                .map(|name| format!("encoder.layer.{layer}.{name}"))
                .collect::<Vec<_>>()
        };
        layers.clone().flat_map(of_layer).collect()
    };
    let attention = |name: &str| format!("attention.self.{name}");
    let rank = trial.configuration.size_of("lora");
    let mut config = json!({
        "base_model_name_or_path": base,
        "revision": revision,
        "task_type": "SEQ_CLS",
        "inference_mode": true,
        "modules_to_save": heads,
    });
    let own = match rank {
        0 => json!({
            "peft_type": "IA3",
            "target_modules": modules(&[&attention("key"), &attention("value"), "output.dense"]),
            "feedforward_modules": modules(&["output.dense"]),
        }),
        _ => json!({
            "peft_type": "LORA",
            "r": rank,
            "lora_alpha": AdaptedSettings::default().lora_scale * rank as f64,
            "lora_dropout": 0.0,
            "bias": "none",
            "target_modules": modules(&[&attention("query"), &attention("value")]),
        }),
    };
    if let (Some(config), Value::Object(own)) = (config.as_object_mut(), own) {
        config.extend(own);
    }
    config
}

/// The weights under the library's names and in its shapes.
fn tensors(front: &Front<'_>, ours: Vec<NamedTensor>) -> Vec<NamedTensor> {
    let architecture = front.context.encoder.architecture;
    let model = architecture.name();
    let theirs = |tensor: NamedTensor| {
        let parts: Vec<&str> = tensor.name.split('.').collect();
        let size = tensor.values.len();
        let (name, shape) = match (&parts[..], architecture) {
            (["layer", n, "lora", target, matrix], _) => (
                format!("{model}.encoder.layer.{n}.attention.self.{target}.lora_{matrix}.weight"),
                tensor.shape.clone(),
            ),
            (["layer", n, "ia3", "ffn"], _) => (
                format!("{model}.encoder.layer.{n}.output.dense.ia3_l"),
                vec![1, size],
            ),
            (["layer", n, "ia3", target], _) => (
                format!("{model}.encoder.layer.{n}.attention.self.{target}.ia3_l"),
                vec![size, 1],
            ),
            (["head", "dense", kind], Architecture::Bert) => {
                (format!("{model}.pooler.dense.{kind}"), tensor.shape.clone())
            }
            (["head", "out", kind], Architecture::Bert) => {
                (format!("classifier.{kind}"), tensor.shape.clone())
            }
            (["head", "dense", kind], Architecture::Roberta) => {
                (format!("classifier.dense.{kind}"), tensor.shape.clone())
            }
            (["head", _, kind], Architecture::Roberta) => {
                (format!("classifier.out_proj.{kind}"), tensor.shape.clone())
            }
            // No other module passes `obstacle`.
            _ => return None,
        };
        Some(NamedTensor {
            name: format!("base_model.model.{name}"),
            shape,
            values: tensor.values,
        })
    };
    ours.into_iter().filter_map(theirs).collect()
}

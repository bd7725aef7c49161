//! The golden cases of modules: what stands beside each.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use autopeft::domain::Configuration;
use autopeft::model::config::EncoderConfig;
use autopeft::model::tensor::{DType, Device, Int, Tensor, TensorData};
use autopeft::model::{AdaptedSettings, Backbone, Batch};
use autopeft::train::loss::Targets;
use autopeft::train::optimizer::{AdamW, AdamWForm, AdamWSettings, Schedule};
use safetensors::tensor::{Dtype, SafeTensors};
use serde_json::Value;

use super::golden;
use crate::support::peft_case;

/// A file of tensors, every number widened to 64 bits.
pub(super) type Tensors = BTreeMap<String, (Vec<usize>, Vec<f64>)>;

pub(super) fn tensors(path: &Path) -> Tensors {
    let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let read = |(name, view): (&str, safetensors::tensor::TensorView<'_>)| {
        let data = view.data();
        let numbers = match view.dtype() {
            Dtype::F32 => numbers(data, |b| f64::from(f32::from_le_bytes(b))),
            Dtype::F64 => numbers(data, f64::from_le_bytes),
            Dtype::I64 => numbers(data, |b| i64::from_le_bytes(b) as f64),
            other => panic!("{}: {name} holds {other:?}", path.display()),
        };
        (name.to_owned(), (view.shape().to_vec(), numbers))
    };
    file.iter().map(read).collect()
}

fn numbers<const N: usize>(data: &[u8], read: impl Fn([u8; N]) -> f64) -> Vec<f64> {
    data.as_chunks::<N>().0.iter().map(|&c| read(c)).collect()
}

/// One case of one model, with everything beside it.
pub(super) struct Case {
    pub(super) label: String,
    pub(super) folder: PathBuf,
    pub(super) model: PathBuf,
    pub(super) settings: Value,
}

/// Every case of every folder of golden files.
pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for root in golden::folders("peft") {
        for model in subfolders(&root) {
            if !model.join("config.json").exists() || !model.join("model.safetensors").exists() {
                continue;
            }
            for folder in subfolders(&model) {
                if folder.join("case.json").exists() {
                    cases.push(Case {
                        label: folder.strip_prefix(&root).unwrap().display().to_string(),
                        settings: golden::json(&folder.join("case.json")),
                        model: model.clone(),
                        folder,
                    });
                }
            }
        }
    }
    assert!(!cases.is_empty(), "no case was found");
    cases
}

fn subfolders(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut folders: Vec<PathBuf> = entries.map(|e| e.unwrap().path()).collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    folders
}

impl Case {
    /// The configuration, or the kind of module that is in no registry.
    pub(super) fn configuration(&self) -> Result<Configuration, String> {
        peft_case::configuration(&self.settings["peft"])
    }

    pub(super) fn adapted_settings(&self) -> AdaptedSettings {
        let outputs = self.settings["num_labels"].as_u64().unwrap();
        peft_case::settings(&self.settings["peft"], outputs as usize)
    }

    pub(super) fn config(&self) -> EncoderConfig {
        let path = self.model.join("config.json");
        let text = std::fs::read_to_string(&path).unwrap();
        EncoderConfig::from_json(&text, &path.display().to_string()).unwrap()
    }

    pub(super) fn backbone(&self, device: &Device, dtype: DType) -> Backbone {
        let config = std::fs::read_to_string(self.model.join("config.json")).unwrap();
        let weights = std::fs::read(self.model.join("model.safetensors")).unwrap();
        Backbone::load(&config, &weights, &self.label, device, dtype).unwrap()
    }

    pub(super) fn batch(&self, backbone: &Backbone, inputs: &Tensors, rows: Rows) -> Batch {
        let numbers = |name: &str| -> Vec<u32> { integers(inputs, name) };
        let shape: [usize; 2] = inputs["input_ids"].0.clone().try_into().unwrap();
        let (ids, types) = (numbers("input_ids"), numbers("token_type_ids"));
        let mask = numbers("attention_mask");
        if rows == Rows::Padded {
            return backbone.batch(&ids, &types, &mask, shape).unwrap();
        }
        let tokens = shape[1];
        let row = |row: usize| {
            let place = row * tokens;
            let length = mask[place..][..tokens].iter().filter(|&&m| m == 1).count();
            assert!(
                mask[place..][..length].iter().all(|&m| m == 1),
                "padding last"
            );
            [&ids, &types].map(|numbers| &numbers[place..][..length])
        };
        let rows: Vec<[&[u32]; 2]> = (0..shape[0]).map(row).collect();
        backbone.packed(&rows).unwrap()
    }

    pub(super) fn targets(&self, inputs: &Tensors, device: &Device, dtype: DType) -> Targets {
        let name = self.settings["labels"].as_str().unwrap();
        let (shape, labels) = &inputs[name];
        let data = TensorData::new(labels.clone(), shape.clone());
        if self.settings["num_labels"] == 1 {
            Targets::Values(Tensor::from_data(data, (device, dtype)))
        } else {
            Targets::Classes(Tensor::<1, Int>::from_data(data, device))
        }
    }

    pub(super) fn optimizer(&self) -> (AdamW, Schedule) {
        let o = &self.settings["optimizer"];
        let number = |key: &str| o[key].as_f64().unwrap();
        let optimizer = AdamW::new(AdamWSettings {
            form: match o["kind"].as_str().unwrap() {
                "hf" => AdamWForm::HuggingFace,
                "torch" => AdamWForm::Torch,
                other => panic!("{}: optimiser {other}", self.label),
            },
            betas: [
                o["betas"][0].as_f64().unwrap(),
                o["betas"][1].as_f64().unwrap(),
            ],
            epsilon: number("eps"),
            weight_decay: number("weight_decay"),
            max_gradient_norm: o["max_grad_norm"].as_f64(),
        });
        let schedule = Schedule {
            peak: number("lr"),
            warmup_steps: o["warmup_steps"].as_u64().unwrap(),
            total_steps: o["total_steps"].as_u64().unwrap(),
        };
        (optimizer, schedule)
    }

    pub(super) fn losses(&self, key: &str) -> Option<Vec<f64>> {
        let losses = self.settings.get(key)?.as_array()?;
        Some(losses.iter().map(|l| l.as_f64().unwrap()).collect())
    }
}

/// How the rows of a batch lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Rows {
    Padded,
    EndToEnd,
}

/// Both of them.
pub(super) const LAYOUTS: &[Rows] = &[Rows::Padded, Rows::EndToEnd];

pub(super) fn integers(inputs: &Tensors, name: &str) -> Vec<u32> {
    inputs[name].1.iter().map(|&n| n as u32).collect()
}

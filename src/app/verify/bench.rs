//! What adapters of one study are measured on: its model and its rows.

use std::io::Write;
use std::path::Path;

use serde_json::json;

use super::super::identity::identity;
use super::super::launch::LaunchError;
use super::{PREDICTIONS, VerifyError};
use crate::domain::Identity;
use crate::durable;
use crate::export::AdapterCard;
use crate::hub::{Hub, HubProgress};
use crate::model::ModelFiles;
use crate::model::device::{DeviceChoice, offers};
use crate::study::{FidelitySettings, Precision};
use crate::task::{Dataset, Example, Label, load};
use crate::train::checkpoint;
use crate::train::workbench::Workbench;
use crate::train::{Plan, TrainError};

/// What adapters of one study share.
pub(super) struct Bench {
    files: ModelFiles,
    pub(super) dataset: Dataset,
    pub(super) identity: Identity,
    /// Made once something is to be measured.
    workbench: Option<Workbench>,
}

impl Bench {
    /// The model and the rows that a card names.
    ///
    /// # Errors
    /// They cannot be found, or cannot be used.
    pub(super) fn prepare(
        card: &AdapterCard,
        hub: &Hub,
        progress: &mut dyn FnMut(HubProgress),
    ) -> Result<Self, VerifyError> {
        let files = ModelFiles::open(&card.model, hub, progress).map_err(LaunchError::from)?;
        let dataset = load(&card.task, card.seed, hub, progress).map_err(LaunchError::from)?;
        let identity = identity(&files, &dataset)?;
        Ok(Self {
            files,
            dataset,
            identity,
            workbench: None,
        })
    }

    /// The score of an adapter now.
    pub(super) fn measure(
        &mut self,
        folder: &Path,
        card: &AdapterCard,
        device: DeviceChoice,
        predictions: bool,
    ) -> Result<f64, VerifyError> {
        let weights = checkpoint::load(&folder.join(AdapterCard::WEIGHTS))?;
        let workbench = match self.workbench.take() {
            Some(workbench) => workbench,
            None => self.workbench(card, self.precision(card, device)?, device)?,
        };
        let workbench = self.workbench.insert(workbench);
        let found = workbench.score(&card.configuration, &weights)?;
        if predictions {
            // Whoever loads the files elsewhere computes in 32 bits.
            let other = match card.training.precision {
                Precision::F32 => None,
                Precision::Tf32 | Precision::Bf16 => {
                    Some(self.workbench(card, Precision::F32, device)?)
                }
            };
            let Some(workbench) = other.as_ref().or(self.workbench.as_ref()) else {
                return Ok(found);
            };
            let rows = workbench.validation();
            let logits = workbench.logits(&card.configuration, &weights, rows)?;
            write_predictions(&folder.join(PREDICTIONS), &self.dataset.validation, &logits)?;
        }
        Ok(found)
    }

    /// The one it was trained in, or 32 bits where the device does not compute in that.
    fn precision(
        &self,
        card: &AdapterCard,
        device: DeviceChoice,
    ) -> Result<Precision, VerifyError> {
        let (device, _) = device.resolve().map_err(TrainError::from)?;
        let trained = card.training.precision;
        Ok(match offers(&device, trained) {
            true => trained,
            false => Precision::F32,
        })
    }

    fn workbench(
        &self,
        card: &AdapterCard,
        precision: Precision,
        device: DeviceChoice,
    ) -> Result<Workbench, VerifyError> {
        let mut training = card.training.clone();
        training.precision = precision;
        let plan = Plan {
            files: self.files.clone(),
            dataset: self.dataset.clone(),
            examined: None,
            training,
            fidelity: FidelitySettings {
                data_share: 1.0,
                epochs: None,
            },
            device,
            weights_folder: None,
            under_way: None,
            seed: card.seed,
            basis: String::new(),
        };
        Ok(Workbench::prepare(plan)?)
    }
}

/// One JSON object a row: its texts, its label, its logits.
fn write_predictions(
    path: &Path,
    rows: &[Example],
    logits: &[Vec<f32>],
) -> Result<(), VerifyError> {
    let line = |(row, logits): (&Example, &Vec<f32>)| {
        let label = match row.label {
            Label::Class(class) => json!(class),
            Label::Value(value) => json!(value),
        };
        json!({ "text": row.text, "pair": row.pair, "label": label, "logits": logits })
    };
    let lines = rows.iter().zip(logits).map(line);
    durable::write_whole(path, |out| {
        lines
            .into_iter()
            .try_for_each(|line| writeln!(out, "{line}"))
    })
    .map_err(|source| VerifyError::Folder {
        path: path.to_owned(),
        source,
    })
}

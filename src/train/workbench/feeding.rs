//! How rows reach the encoder, and its logits the host.
//!
//! Where rows are laid end to end, which is where host and device are one, every batch is made of its rows anew. Elsewhere
//! all rows and their labels go to the device once, and a batch takes their numbers alone: one upload a step, however many
//! groups it has.

use std::ops::Range;

use super::Workbench;
use crate::model::tensor::{Int, Shared, Tensor, exact, integers, read_back};
use crate::model::{AdaptedEncoder, Backbone, Batch, BatchError, Resident, Untouched};
use crate::task::Label;
use crate::train::TrainError;
use crate::train::activations::Part;
use crate::train::batches::{Row, by_length, collate};
use crate::train::evaluation::Evaluation;
use crate::train::loss::Targets;

/// The rows of one part of the data on the device, from short to long.
pub(super) struct OnDevice {
    resident: Resident,
    /// The number of each row among them.
    numbers: Vec<usize>,
    targets: Shared<Targets>,
}

/// Rows of one part of the data, in an order, and on the device their numbers there.
pub(in crate::train) struct Chosen {
    part: Part,
    rows: Vec<usize>,
    numbers: Option<Tensor<1, Int>>,
}

impl OnDevice {
    /// These rows, padded to `fixed` tokens where there is such a length.
    pub(super) fn new(
        backbone: &Backbone,
        rows: &[Row],
        padding_id: u32,
        fixed: Option<usize>,
    ) -> Result<Self, BatchError> {
        let order = by_length(rows);
        let mut numbers = vec![0; rows.len()];
        for (number, &row) in order.iter().enumerate() {
            numbers[row] = number;
        }
        let in_order = || order.iter().map(|&row| &rows[row]);
        let both: Vec<[&[u32]; 2]> = in_order()
            .map(|row| [&row.ids[..], &row.types[..]])
            .collect();
        let longest = both.last().map_or(0, |[ids, _]| ids.len());
        let (habits, most) = (backbone.habits(), backbone.config().longest_sequence());
        let padded = fixed.unwrap_or(0).max(habits.padded(longest, most));
        let labels: Vec<Label> = in_order().map(|row| row.label).collect();
        let targets = Targets::of(&labels, backbone.device(), exact(backbone.dtype()));
        Ok(Self {
            resident: Resident::new(backbone, &both, padding_id, padded)?,
            numbers,
            targets: Shared::new(targets, habits.queues),
        })
    }
}

impl Chosen {
    /// Some of these rows.
    pub(in crate::train) fn part(&self, range: Range<usize>) -> Self {
        let numbers = self.numbers.clone();
        Self {
            part: self.part,
            numbers: numbers.map(|numbers| numbers.narrow(0, range.start, range.len())),
            rows: self.rows[range].to_vec(),
        }
    }
}

impl Workbench {
    fn on_device(&self, part: Part) -> Option<&OnDevice> {
        let [train, validation] = self.on_device.as_ref()?;
        Some(match part {
            Part::Train => train,
            Part::Validation => validation,
        })
    }

    /// These rows, for batches and their targets.
    pub(in crate::train) fn choose(&self, part: Part, rows: Vec<usize>) -> Chosen {
        let numbers = self.on_device(part).map(|on_device| {
            let numbers = rows.iter().map(|&row| on_device.numbers[row] as u32);
            integers(numbers, [rows.len()], self.backbone.device())
        });
        Chosen {
            part,
            rows,
            numbers,
        }
    }

    /// What these rows should give.
    pub(in crate::train) fn targets(&self, chosen: &Chosen) -> Targets {
        if let (Some(on_device), Some(numbers)) = (self.on_device(chosen.part), &chosen.numbers) {
            return on_device.targets.here().of_rows(numbers);
        }
        let rows = self.rows(chosen.part);
        let labels: Vec<Label> = chosen.rows.iter().map(|&row| rows[row].label).collect();
        let dtype = exact(self.backbone.dtype());
        Targets::of(&labels, self.backbone.device(), dtype)
    }

    /// The batch of these rows, with what the untouched part of the encoder gives for them as far as that is kept.
    pub(in crate::train) fn batch(
        &self,
        chosen: &Chosen,
        untouched: Untouched,
    ) -> Result<Batch, TrainError> {
        let batch = self.put_together(chosen, self.padded_length())?;
        Ok(match &self.activations {
            Some(activations) => {
                let backbone = &self.backbone;
                activations.provide(backbone, chosen.part, untouched, &chosen.rows, batch)
            }
            None => batch,
        })
    }

    /// The batch of these rows, padded to `length` or to what the longest of them needs.
    pub(super) fn put_together(
        &self,
        chosen: &Chosen,
        length: Option<usize>,
    ) -> Result<Batch, BatchError> {
        let rows = self.rows(chosen.part);
        let rows: Vec<&Row> = chosen.rows.iter().map(|&row| &rows[row]).collect();
        let (Some(on_device), Some(numbers)) = (self.on_device(chosen.part), &chosen.numbers)
        else {
            return collate(&self.backbone, &rows, self.padding_id, length);
        };
        let longest = rows.iter().map(|row| row.ids.len()).max().unwrap_or(0);
        let most = self.backbone.config().longest_sequence();
        let padded = || self.backbone.habits().padded(longest, most);
        let tokens = length.unwrap_or_else(padded).max(longest);
        let there: Vec<usize> = (chosen.rows.iter())
            .map(|&row| on_device.numbers[row])
            .collect();
        let backbone = &self.backbone;
        Ok((on_device.resident).batch(backbone, &there, numbers.clone(), tokens))
    }

    /// Adds the predictions for the next batch of validation rows; they are read back `at_once`, or else all together
    /// after the last. True: that was the last.
    pub(in crate::train) fn evaluate_some(
        &self,
        encoder: &AdaptedEncoder,
        untouched: Untouched,
        evaluation: &mut Evaluation,
        at_once: bool,
    ) -> Result<bool, TrainError> {
        let start = evaluation.rows();
        let end = (start + self.settings.evaluation_batch_size).min(self.validation.len());
        let chosen = self.choose(Part::Validation, self.by_length[start..end].to_vec());
        let batch = self.batch(&chosen, untouched)?;
        evaluation.add(encoder.evaluate(&batch));
        let is_last = end == self.validation.len();
        if at_once || is_last {
            let unread = &self.by_length[evaluation.predictions.len()..end];
            evaluation.read(unread.iter().map(|&row| self.validation[row].label));
        }
        Ok(is_last)
    }

    /// The logits of an encoder on rows, in their order: [rows, outputs].
    pub(in crate::train) fn logits_of(
        &self,
        encoder: &AdaptedEncoder,
        rows: &[Row],
    ) -> Result<Vec<Vec<f32>>, TrainError> {
        let mut logits = Vec::new();
        for rows in rows.chunks(self.settings.evaluation_batch_size) {
            let rows: Vec<&Row> = rows.iter().collect();
            let batch = collate(&self.backbone, &rows, self.padding_id, self.padded_length())?;
            logits.push(encoder.evaluate(&batch));
        }
        if logits.is_empty() {
            return Ok(Vec::new());
        }
        let logits: Vec<f32> = read_back(Tensor::cat(logits, 0));
        Ok((logits.chunks_exact(self.outputs).map(<[f32]>::to_vec)).collect())
    }
}

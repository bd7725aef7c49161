//! The training of one trial, one step at a time, so that it can stand still between any two.
//!
//! ```text
//! Stepping ──last batch of the epoch──▶ Evaluating ──last batch──▶ epoch reported ──▶ Stepping
//!                                                                       └── patience spent, or last epoch ──▶ done
//! ```

use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::TrainError;
use super::batches::{Row, collate, epoch_order, rows, share_of};
use super::checkpoint;
use super::evaluation::Predictions;
use super::loss::Targets;
use super::optimizer::{AdamW, AdamWSettings, Schedule};
use super::plan::Plan;
use crate::domain::{Configuration, EpochReport, Job, Measurement, Objectives, Progress, TrialId};
use crate::model::parameters::Snapshot;
use crate::model::tensor::{DType, Device, floats, integers};
use crate::model::weights::NamedTensor;
use crate::model::{AdaptedEncoder, AdaptedSettings, Backbone, Dropout, Tokenizer};
use crate::study::TrainingSettings;
use crate::task::{Label, Metric, search_score};

/// What all trials of a study share: the backbone on its device, and the tokenised rows.
pub struct Workbench {
    device_text: String,
    backbone: Backbone,
    padding_id: u32,
    train: Vec<Row>,
    validation: Vec<Row>,
    outputs: usize,
    metric: Metric,
    settings: TrainingSettings,
    epochs: u32,
    weights_folder: Option<PathBuf>,
}

impl Workbench {
    /// Loads the backbone and tokenises the rows, once for all trials.
    ///
    /// # Errors
    /// The device cannot be used, or the model's files or the task's rows do not fit.
    pub fn prepare(plan: Plan) -> Result<Self, TrainError> {
        let (device, device_text) = plan.device.resolve()?;
        let backbone = plan.files.backbone(&device)?;
        let tokenizer = Tokenizer::new(&plan.files.tokenizer)?;
        let longest = plan.training.max_length;
        let train = rows(&tokenizer, &plan.dataset.train, longest)?;
        let validation = rows(&tokenizer, &plan.dataset.validation, longest)?;
        if train.is_empty() || validation.is_empty() {
            return Err(TrainError::NoRows {
                train: train.len(),
                validation: validation.len(),
            });
        }
        Ok(Self {
            device_text,
            padding_id: backbone.config().padding_id,
            backbone,
            train: share_of(train, plan.fidelity.data_share, plan.seed),
            validation,
            outputs: plan.dataset.labels.outputs(),
            metric: plan.dataset.metric,
            epochs: plan.fidelity.epochs.unwrap_or(plan.training.epochs),
            settings: plan.training,
            weights_folder: plan.weights_folder,
        })
    }

    /// The device and why it was chosen, for people.
    pub fn device_text(&self) -> &str {
        &self.device_text
    }

    /// Steps of one epoch; the last batch may be short.
    fn steps_per_epoch(&self) -> usize {
        self.train.len().div_ceil(self.settings.batch_size)
    }

    /// A configuration with fresh weights.
    fn encoder(
        &self,
        configuration: &Configuration,
        seed: u64,
    ) -> Result<AdaptedEncoder, TrainError> {
        let settings = AdaptedSettings {
            outputs: self.outputs,
            prefix_bottleneck: Some(self.settings.prefix_bottleneck),
            seed,
            ..AdaptedSettings::default()
        };
        Ok(AdaptedEncoder::new(
            &self.backbone,
            configuration,
            &settings,
        )?)
    }

    /// Adds the predictions for the next batch of validation rows. True: that was the last.
    fn evaluate_some(
        &self,
        encoder: &AdaptedEncoder,
        predictions: &mut Predictions,
    ) -> Result<bool, TrainError> {
        let start = predictions.len();
        let end = (start + self.settings.evaluation_batch_size).min(self.validation.len());
        let batch_rows: Vec<&Row> = self.validation[start..end].iter().collect();
        let batch = collate(
            &self.backbone,
            &batch_rows,
            self.padding_id,
            self.padded_length(),
        )?;
        let logits = encoder.evaluate(&batch).into_data();
        let logits: Vec<f32> = logits.iter::<f32>().collect();
        predictions.add(
            &logits,
            self.outputs,
            batch_rows.iter().map(|row| row.label),
        );
        Ok(end == self.validation.len())
    }

    /// The score of trained weights on the validation rows: what a trial with these weights measured.
    ///
    /// # Errors
    /// The weights do not belong to the configuration, or the configuration does not fit the backbone.
    pub fn score(
        &self,
        configuration: &Configuration,
        weights: &[NamedTensor],
    ) -> Result<f64, TrainError> {
        // The seed is of no account: every initial weight is replaced.
        let mut encoder = self.encoder(configuration, 0)?;
        encoder.parameters.import(weights)?;
        let mut predictions = Predictions::default();
        while !self.evaluate_some(&encoder, &mut predictions)? {}
        Ok(search_score(predictions.score(self.metric)))
    }

    /// The rows that trials are measured on.
    pub fn validation(&self) -> &[Row] {
        &self.validation
    }

    /// The logits of trained weights on rows, in their order: [rows, outputs].
    ///
    /// # Errors
    /// The weights do not belong to the configuration, or the configuration does not fit the backbone.
    pub fn logits(
        &self,
        configuration: &Configuration,
        weights: &[NamedTensor],
        rows: &[Row],
    ) -> Result<Vec<Vec<f32>>, TrainError> {
        let mut encoder = self.encoder(configuration, 0)?;
        encoder.parameters.import(weights)?;
        let mut logits = Vec::new();
        for rows in rows.chunks(self.settings.evaluation_batch_size) {
            let rows: Vec<&Row> = rows.iter().collect();
            let batch = collate(&self.backbone, &rows, self.padding_id, self.padded_length())?;
            let values: Vec<f32> = encoder.evaluate(&batch).into_data().iter::<f32>().collect();
            logits.extend(values.chunks_exact(self.outputs).map(<[f32]>::to_vec));
        }
        Ok(logits)
    }

    fn padded_length(&self) -> Option<usize> {
        self.settings
            .pad_to_max_length
            .then_some(self.settings.max_length)
    }
}

/// What one call of [`Training::advance`] did.
pub enum Advance {
    /// A training step.
    Step(Progress),
    /// A batch of validation rows.
    Evaluated,
    /// The last batch of validation rows: an epoch is complete.
    Epoch(EpochReport),
    /// Everything; the best epoch's weights are kept.
    Done(Measurement),
    /// The loss is no finite number any more; nothing can be measured.
    Diverged(String),
}

enum Phase {
    /// Training steps: the order of rows in this epoch, and how many of them are done.
    Stepping { order: Vec<usize>, done: usize },
    /// Evaluation: the predictions so far.
    Evaluating(Predictions),
    /// All epochs are done.
    Over,
}

struct Best {
    score: f64,
    epoch: u32,
    weights: Snapshot,
}

/// One trial's training.
pub struct Training<'a> {
    bench: &'a Workbench,
    job: Job,
    encoder: AdaptedEncoder,
    optimizer: AdamW,
    schedule: Schedule,
    dropout: Dropout,
    phase: Phase,
    epoch: u32,
    step: usize,
    epoch_loss: f64,
    best: Option<Best>,
    active: Duration,
}

impl<'a> Training<'a> {
    /// Fresh weights, nothing trained yet.
    ///
    /// # Errors
    /// The configuration does not fit the backbone.
    pub fn begin(bench: &'a Workbench, job: &Job) -> Result<Self, TrainError> {
        let settings = &bench.settings;
        let encoder = bench.encoder(&job.configuration, job.seed)?;
        let steps = bench.steps_per_epoch() * bench.epochs as usize;
        let schedule = Schedule {
            peak: settings.learning_rate,
            warmup_steps: (steps as f64 * settings.warmup_share).round() as u64,
            total_steps: steps as u64,
        };
        let norm = settings.max_gradient_norm;
        let optimizer = AdamW::new(AdamWSettings {
            weight_decay: settings.weight_decay,
            max_gradient_norm: (norm > 0.0).then_some(norm),
            ..AdamWSettings::default()
        });
        Ok(Self {
            bench,
            job: job.clone(),
            optimizer,
            schedule,
            encoder,
            dropout: Dropout::new(settings.backbone_dropout, settings.head_dropout, job.seed),
            phase: Phase::Stepping {
                order: epoch_order(bench.train.len(), job.seed, 1),
                done: 0,
            },
            epoch: 1,
            step: 0,
            epoch_loss: 0.0,
            best: None,
            active: Duration::ZERO,
        })
    }

    /// The trial.
    pub fn trial(&self) -> TrialId {
        self.job.trial
    }

    /// The weights as they stand: those of the best epoch once the training is done.
    pub fn weights(&self) -> Vec<NamedTensor> {
        self.encoder.parameters.export()
    }

    /// Does the next piece of work: one step, one batch of evaluation, or the end.
    ///
    /// # Errors
    /// A batch does not fit the backbone, or the weights cannot be kept.
    pub fn advance(&mut self) -> Result<Advance, TrainError> {
        let begun = Instant::now();
        let phase = std::mem::replace(&mut self.phase, Phase::Over);
        let advance = match phase {
            Phase::Stepping { order, done } => self.step(order, done),
            Phase::Evaluating(predictions) => self.evaluate(predictions, begun),
            Phase::Over => return self.finish(),
        };
        self.active += begun.elapsed();
        advance
    }

    fn step(&mut self, order: Vec<usize>, done: usize) -> Result<Advance, TrainError> {
        let bench = self.bench;
        let end = (done + bench.settings.batch_size).min(order.len());
        let batch_rows: Vec<&Row> = order[done..end].iter().map(|&i| &bench.train[i]).collect();
        let batch = collate(
            &bench.backbone,
            &batch_rows,
            bench.padding_id,
            bench.padded_length(),
        )?;
        let labels: Vec<Label> = batch_rows.iter().map(|row| row.label).collect();
        let logits = self.encoder.forward(&batch, Some(&mut self.dropout));
        let loss = targets(&labels, bench.backbone.device(), bench.backbone.dtype()).loss(logits);
        let value: f64 = loss.clone().into_scalar::<f64>();
        if !value.is_finite() {
            let step = self.step + 1;
            return Ok(Advance::Diverged(format!(
                "the training loss is {value} at step {step}"
            )));
        }
        let gradients = loss.backward();
        let rate = self.schedule.at(self.step as u64);
        self.optimizer
            .step(&mut self.encoder.parameters, &gradients, rate);
        self.step += 1;
        self.epoch_loss += value;
        self.phase = if end == order.len() {
            Phase::Evaluating(Predictions::default())
        } else {
            Phase::Stepping { order, done: end }
        };
        Ok(Advance::Step(Progress {
            trial: self.trial(),
            step: self.step as u64,
            steps: (bench.steps_per_epoch() * bench.epochs as usize) as u64,
            epoch: self.epoch,
            loss: value,
            wall_seconds: self.active.as_secs_f64(),
        }))
    }

    fn evaluate(
        &mut self,
        mut predictions: Predictions,
        begun: Instant,
    ) -> Result<Advance, TrainError> {
        if !self.bench.evaluate_some(&self.encoder, &mut predictions)? {
            self.phase = Phase::Evaluating(predictions);
            return Ok(Advance::Evaluated);
        }
        let validation_loss = predictions.loss();
        if !validation_loss.is_finite() {
            let epoch = self.epoch;
            return Ok(Advance::Diverged(format!(
                "the validation loss is {validation_loss} after epoch {epoch}"
            )));
        }
        let report = EpochReport {
            epoch: self.epoch,
            train_loss: self.epoch_loss / self.bench.steps_per_epoch() as f64,
            validation_loss,
            score: search_score(predictions.score(self.bench.metric)),
            wall_seconds: (self.active + begun.elapsed()).as_secs_f64(),
        };
        if self
            .best
            .as_ref()
            .is_none_or(|best| report.score > best.score)
        {
            let weights = self.encoder.parameters.snapshot();
            self.best = Some(Best {
                score: report.score,
                epoch: self.epoch,
                weights,
            });
        }
        let best_epoch = self.best.as_ref().map_or(self.epoch, |best| best.epoch);
        if self.epoch < self.bench.epochs && self.epoch - best_epoch < self.bench.settings.patience
        {
            self.epoch += 1;
            self.epoch_loss = 0.0;
            let order = epoch_order(self.bench.train.len(), self.job.seed, self.epoch);
            self.phase = Phase::Stepping { order, done: 0 };
        }
        Ok(Advance::Epoch(report))
    }

    fn finish(&mut self) -> Result<Advance, TrainError> {
        let Some(best) = self.best.take() else {
            return Err(TrainError::NothingTrained);
        };
        self.encoder.parameters.restore(&best.weights);
        if let Some(folder) = &self.bench.weights_folder {
            let path = checkpoint::path(folder, self.trial());
            checkpoint::save(&path, &self.encoder.parameters.export())?;
        }
        Ok(Advance::Done(Measurement {
            objectives: Objectives {
                score: best.score,
                parameters_percent: self.job.parameters_percent,
            },
            best_epoch: best.epoch,
            trained_parameters: self.encoder.parameters.scalars(),
            wall_seconds: self.active.as_secs_f64(),
        }))
    }
}

/// The labels of a batch on the device: classes or values, never both in one task.
fn targets(labels: &[Label], device: &Device, dtype: DType) -> Targets {
    let classes: Vec<u32> = labels
        .iter()
        .filter_map(|label| match label {
            Label::Class(class) => Some(*class as u32),
            Label::Value(_) => None,
        })
        .collect();
    if classes.len() == labels.len() {
        return Targets::Classes(integers(classes, [labels.len()], device));
    }
    let values: Vec<f32> = labels
        .iter()
        .map(|label| match label {
            Label::Class(class) => *class as f32,
            Label::Value(value) => *value,
        })
        .collect();
    Targets::Values(floats(values, [labels.len()], device, dtype))
}

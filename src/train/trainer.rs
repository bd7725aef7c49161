//! The training of one trial, one step at a time, so that it can stand still between any two.
//!
//! ```text
//! Preparing ──activations at hand──▶ Stepping
//! Stepping ──last batch of the epoch──▶ Evaluating ──last batch──▶ epoch reported ──▶ Stepping
//!                                                                       └── patience spent, or last epoch ──▶ done
//! ```

pub mod under_way;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::TrainError;
use super::activations::{Activations, Filling, Part};
use super::batches::{Row, bucketed_order, collate, epoch_order, rows, share_of};
use super::checkpoint;
use super::estimate::memory_bytes;
use super::evaluation::Predictions;
use super::loss::Targets;
use super::optimizer::{AdamW, AdamWSettings, Schedule};
use super::plan::{KeepUnderWay, Plan};
use crate::domain::{Configuration, EpochReport, Job, Measurement, Objectives, Progress, TrialId};
use crate::model::device::free_bytes;
use crate::model::parameters::Snapshot;
use crate::model::tensor::{DType, Device, floats, integers};
use crate::model::weights::NamedTensor;
use crate::model::{
    AdaptedEncoder, AdaptedSettings, Backbone, Batch, Dropout, Tokenizer, trained_parameters,
};
use crate::study::TrainingSettings;
use crate::task::{Label, Metric, search_score};

/// What all trials of a study share: the backbone on its device, and the tokenised rows.
pub struct Workbench {
    device_text: String,
    backbone: Backbone,
    padding_id: u32,
    /// None where the backbone has dropout, or they may take no memory.
    activations: Option<Activations>,
    train: Vec<Row>,
    validation: Vec<Row>,
    outputs: usize,
    metric: Metric,
    settings: TrainingSettings,
    epochs: u32,
    weights_folder: Option<PathBuf>,
    under_way: Option<KeepUnderWay>,
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
        let mut validation = rows(&tokenizer, &plan.dataset.validation, longest)?;
        // Scores do not depend on the order, and rows of like length need little padding.
        validation.sort_by_key(|row| row.ids.len());
        if train.is_empty() || validation.is_empty() {
            return Err(TrainError::NoRows {
                train: train.len(),
                validation: validation.len(),
            });
        }
        Ok(Self {
            device_text,
            padding_id: backbone.config().padding_id,
            activations: (plan.training.backbone_dropout == 0.0)
                .then(|| Activations::new(plan.training.activation_cache_mb << 20)),
            backbone,
            train: share_of(train, plan.fidelity.data_share, plan.seed),
            validation,
            outputs: plan.dataset.labels.outputs(),
            metric: plan.dataset.metric,
            epochs: plan.fidelity.epochs.unwrap_or(plan.training.epochs),
            settings: plan.training,
            weights_folder: plan.weights_folder,
            under_way: plan.under_way,
        })
    }

    /// The device and why it was chosen, for people.
    pub fn device_text(&self) -> &str {
        &self.device_text
    }

    /// Where and how often trainings under way are kept; none: nowhere.
    pub fn under_way(&self) -> Option<&KeepUnderWay> {
        self.under_way.as_ref()
    }

    /// Steps of one epoch; the last batch may be short.
    fn steps_per_epoch(&self) -> usize {
        self.train.len().div_ceil(self.settings.batch_size)
    }

    /// The order of the training rows in an epoch, batch after batch.
    fn order(&self, seed: u64, epoch: u32) -> Vec<usize> {
        if !self.settings.length_buckets || self.settings.pad_to_max_length {
            return epoch_order(self.train.len(), seed, epoch);
        }
        let lengths: Vec<usize> = self.train.iter().map(|row| row.ids.len()).collect();
        bucketed_order(&lengths, self.settings.batch_size, seed, epoch)
    }

    fn rows(&self, part: Part) -> &[Row] {
        match part {
            Part::Train => &self.train,
            Part::Validation => &self.validation,
        }
    }

    /// The tables of activations that a trial with this many untouched layers can use, and nobody has made yet.
    fn missing_activations(&self, untouched: usize) -> Vec<Filling> {
        let missing = |part| {
            let activations = self.activations.as_ref()?;
            activations.missing(&self.backbone, part, untouched, self.rows(part))
        };
        let parts = [Part::Train, Part::Validation].into_iter();
        parts.filter_map(missing).collect()
    }

    /// The next rows of a table of activations. True: it is full, and kept.
    fn fill(&self, mut filling: Filling) -> Result<Option<Filling>, TrainError> {
        let rows = self.rows(filling.part());
        let size = self.settings.evaluation_batch_size;
        if !filling.advance(&self.backbone, rows, self.padding_id, size)? {
            return Ok(Some(filling));
        }
        if let Some(activations) = &self.activations {
            activations.keep(filling, &self.backbone);
        }
        Ok(None)
    }

    /// The batch of these rows, with what the untouched layers give for them where that is known.
    fn batch(&self, part: Part, chosen: &[usize], untouched: usize) -> Result<Batch, TrainError> {
        let rows: Vec<&Row> = chosen.iter().map(|&row| &self.rows(part)[row]).collect();
        let batch = collate(&self.backbone, &rows, self.padding_id, self.padded_length())?;
        let known = self.activations.as_ref().and_then(|activations| {
            let [_, tokens] = batch.shape();
            activations.states(&self.backbone, part, untouched, chosen, tokens)
        });
        Ok(match known {
            Some(states) => batch.with_states_below(untouched, states),
            None => batch,
        })
    }

    /// Why a configuration's training cannot fit the memory that is free now; none: it can, as far as is known.
    pub fn obstacle(&self, configuration: &Configuration) -> Option<String> {
        let free = free_bytes(self.backbone.device())?;
        let settings = self.adapted_settings(0);
        let config = self.backbone.config();
        let trained = trained_parameters(config, configuration, &settings).ok()?;
        let longest = self.train.iter().map(|row| row.ids.len()).max()?;
        let tokens = self.padded_length().unwrap_or(longest);
        let shape = [self.settings.batch_size, tokens];
        // The backbone is there already.
        let needed = memory_bytes(config, configuration, trained, shape)
            .saturating_sub(4 * config.backbone_parameters());
        let megabytes = |bytes: u64| bytes / 1_000_000;
        (needed > free).then(|| {
            format!(
                "its training needs about {} MB, and {} MB are free",
                megabytes(needed),
                megabytes(free)
            )
        })
    }

    fn padded_length(&self) -> Option<usize> {
        (self.settings.pad_to_max_length).then_some(self.settings.max_length)
    }

    /// A configuration with fresh weights.
    fn encoder(
        &self,
        configuration: &Configuration,
        seed: u64,
    ) -> Result<AdaptedEncoder, TrainError> {
        let settings = self.adapted_settings(seed);
        let encoder = AdaptedEncoder::new(&self.backbone, configuration, &settings)?;
        Ok(encoder)
    }

    fn adapted_settings(&self, seed: u64) -> AdaptedSettings {
        AdaptedSettings {
            outputs: self.outputs,
            prefix_bottleneck: Some(self.settings.prefix_bottleneck),
            seed,
            ..AdaptedSettings::default()
        }
    }

    /// Adds the predictions for the next batch of validation rows. True: that was the last.
    fn evaluate_some(
        &self,
        encoder: &AdaptedEncoder,
        predictions: &mut Predictions,
    ) -> Result<bool, TrainError> {
        let start = predictions.len();
        let end = (start + self.settings.evaluation_batch_size).min(self.validation.len());
        let chosen: Vec<usize> = (start..end).collect();
        let batch = self.batch(Part::Validation, &chosen, encoder.untouched_layers())?;
        let logits = encoder.evaluate(&batch).into_data();
        let logits: Vec<f32> = logits.iter::<f32>().collect();
        let labels = self.validation[start..end].iter().map(|row| row.label);
        predictions.add(&logits, self.outputs, labels);
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
}

/// What one call of [`Training::advance`] did.
pub enum Advance {
    /// A batch of what the untouched layers give.
    Prepared,
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
    /// Filling tables of activations, before what comes next.
    Preparing(Vec<Filling>, Box<Phase>),
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
    reports: Vec<EpochReport>,
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
        let missing = bench.missing_activations(encoder.untouched_layers());
        let first_step = Box::new(Phase::Stepping {
            order: bench.order(job.seed, 1),
            done: 0,
        });
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
            phase: Phase::Preparing(missing, first_step),
            epoch: 1,
            step: 0,
            epoch_loss: 0.0,
            best: None,
            reports: Vec::new(),
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
            Phase::Preparing(missing, next) => self.prepare(missing, next),
            Phase::Stepping { order, done } => self.step(order, done),
            Phase::Evaluating(predictions) => self.evaluate(predictions, begun),
            Phase::Over => return self.finish(),
        };
        self.active += begun.elapsed();
        advance
    }

    fn prepare(
        &mut self,
        mut missing: Vec<Filling>,
        next: Box<Phase>,
    ) -> Result<Advance, TrainError> {
        let unfinished = match missing.pop() {
            Some(filling) => self.bench.fill(filling)?,
            None => None,
        };
        missing.extend(unfinished);
        self.phase = match missing.is_empty() {
            true => *next,
            false => Phase::Preparing(missing, next),
        };
        Ok(Advance::Prepared)
    }

    fn step(&mut self, order: Vec<usize>, done: usize) -> Result<Advance, TrainError> {
        let bench = self.bench;
        let end = (done + bench.settings.batch_size).min(order.len());
        let chosen = &order[done..end];
        let batch = bench.batch(Part::Train, chosen, self.encoder.untouched_layers())?;
        let labels: Vec<Label> = chosen.iter().map(|&row| bench.train[row].label).collect();
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
        self.reports.push(report);
        let best_epoch = self.best.as_ref().map_or(self.epoch, |best| best.epoch);
        if self.epoch < self.bench.epochs && self.epoch - best_epoch < self.bench.settings.patience
        {
            self.epoch += 1;
            self.epoch_loss = 0.0;
            let order = self.bench.order(self.job.seed, self.epoch);
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

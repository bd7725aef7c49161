//! The training of one trial, one step at a time, so that it can stand still between any two.
//!
//! ```text
//! Preparing ──activations at hand──▶ Stepping
//! Stepping ──last batch of the epoch──▶ Evaluating ──last batch──▶ epoch reported ──▶ Stepping
//!        │                                                              └── patience spent, or last epoch ──▶ done
//!        ├── the loss is no finite number: done with the best epoch so far; without one, diverged
//!        └── too many were better at the rung just passed ──▶ pruned, and goes on only where asked
//! ```

mod losses;
pub mod under_way;
mod whereabouts;

use std::time::{Duration, Instant};

use super::TrainError;
use super::activations::{Filling, Part};
use super::batches::Row;
use super::checkpoint::{self, Owner};
use super::evaluation::Evaluation;
use super::optimizer::{AdamW, AdamWSettings, Schedule};
use super::plan::Recipe;
use super::workbench::Workbench;
use losses::Losses;
pub use whereabouts::Whereabouts;

use crate::domain::{
    EpochReport, Job, LearningRate, Measurement, Moment, Objectives, Progress, Standing, TrialId,
};
use crate::model::parameters::Snapshot;
use crate::model::tensor::{Tensor, Work};
use crate::model::weights::NamedTensor;
use crate::model::{AdaptedEncoder, Dropout, Untouched};
use crate::task::Undefined;

/// What one call of [`Training::advance`] did.
pub enum Advance {
    /// A batch of what the untouched part of the encoder gives.
    Prepared,
    /// A training step, and how far that is, where its loss was read back.
    Step(Option<Progress>),
    /// A batch of validation rows.
    Evaluated,
    /// The last batch of validation rows: an epoch is complete.
    Epoch(EpochReport),
    /// Everything; the best epoch's weights are kept.
    Done(Measurement),
    /// Nothing: at the rung just passed, too many were better. Asked again, it says so again.
    Pruned(Standing),
    /// The loss is no finite number, and no epoch was measured before.
    Diverged(Moment),
}

enum Phase {
    /// Filling tables of activations, before what comes next.
    Preparing(Vec<Filling>, Box<Phase>),
    /// Training steps: the order of rows in this epoch, and how many of them are done.
    Stepping { order: Vec<usize>, done: usize },
    /// Evaluation: the predictions so far.
    Evaluating(Evaluation),
    /// All epochs are done.
    Over,
}

struct Best {
    score: f64,
    /// Its standard error over rows; see [`Measurement::score_error`].
    score_error: Option<f64>,
    epoch: u32,
    weights: Snapshot,
}

/// One trial's training.
pub struct Training<'a> {
    bench: &'a Workbench,
    /// All that it has the device do.
    work: Work,
    job: Job,
    encoder: AdaptedEncoder,
    /// What is kept of what its modules leave alone.
    untouched: Untouched,
    optimizer: AdamW,
    schedule: Schedule,
    dropout: Dropout,
    phase: Phase,
    epoch: u32,
    step: usize,
    losses: Losses,
    epoch_loss: f64,
    best: Option<Best>,
    /// When the loss was no finite number any more.
    diverged: Option<Moment>,
    reports: Vec<EpochReport>,
    active: Duration,
    whereabouts: Whereabouts,
}

impl<'a> Training<'a> {
    /// Fresh weights, nothing trained yet.
    ///
    /// # Errors
    /// The configuration does not fit the backbone.
    pub fn begin(bench: &'a Workbench, job: &Job) -> Result<Self, TrainError> {
        Self::begin_by(bench, job, &Recipe::default())
    }

    /// The same by another recipe.
    ///
    /// # Errors
    /// The configuration does not fit the backbone.
    pub fn begin_by(bench: &'a Workbench, job: &Job, recipe: &Recipe) -> Result<Self, TrainError> {
        let settings = &bench.settings;
        let work = Work::begin();
        let encoder = match recipe.whole_encoder {
            true => bench.whole_encoder(job.seed),
            false => bench.encoder(&job.configuration, job.seed)?,
        };
        let untouched = bench.untouched(&encoder);
        let missing = bench.missing_activations(untouched);
        let first_step = Box::new(Phase::Stepping {
            order: bench.order(job.seed, 1),
            done: 0,
        });
        let steps = bench.steps_per_epoch() * bench.epochs as usize;
        let rate = job.configuration.learning_rate;
        let schedule = Schedule {
            peak: (recipe.learning_rate)
                .or(rate.map(LearningRate::value))
                .unwrap_or(settings.learning_rate),
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
            work,
            job: job.clone(),
            optimizer,
            schedule,
            encoder,
            untouched,
            dropout: Dropout::new(settings.backbone_dropout, settings.head_dropout, job.seed),
            phase: Phase::Preparing(missing, first_step),
            epoch: 1,
            step: 0,
            losses: Losses::every(bench.backbone.habits().steps_per_reading),
            epoch_loss: 0.0,
            best: None,
            diverged: None,
            reports: Vec::new(),
            active: Duration::ZERO,
            whereabouts: Whereabouts::Preparing,
        })
    }

    /// The trial.
    pub fn trial(&self) -> TrialId {
        self.job.trial
    }

    /// What it was asked to train.
    pub fn job(&self) -> &Job {
        &self.job
    }

    /// What it does, or did when an error kept it from going on.
    pub fn whereabouts(&self) -> Whereabouts {
        self.whereabouts
    }

    /// The logits of the weights as they stand on rows, in their order: [rows, outputs].
    ///
    /// # Errors
    /// The rows do not fit the backbone.
    pub fn logits(&self, rows: &[Row]) -> Result<Vec<Vec<f32>>, TrainError> {
        self.work.go_on();
        self.bench.logits_of(&self.encoder, rows)
    }

    /// Makes all that it holds at home with this thread, which goes on with what another thread began; see
    /// [`Shared`](crate::model::tensor::Shared). What is still being filled comes home when it is written to next.
    pub fn settle(&mut self) {
        self.encoder.parameters = self.encoder.parameters.clone();
        self.optimizer = self.optimizer.clone();
        self.losses = self.losses.clone();
        if let Some(best) = &mut self.best {
            best.weights = best.weights.clone();
        }
        if let Phase::Evaluating(evaluation) = &mut self.phase {
            *evaluation = evaluation.clone();
        }
    }

    /// The weights as they stand: those of the best epoch once the training is done.
    pub fn weights(&self) -> Vec<NamedTensor> {
        self.encoder.export()
    }

    /// Does the next piece of work: one step, one batch of evaluation, or the end.
    ///
    /// # Errors
    /// A batch does not fit the backbone, or the weights cannot be kept.
    pub fn advance(&mut self) -> Result<Advance, TrainError> {
        if let Some(standing) = self.standing() {
            return Ok(Advance::Pruned(standing));
        }
        self.work.go_on();
        let begun = Instant::now();
        self.whereabouts = match &self.phase {
            Phase::Preparing(..) => Whereabouts::Preparing,
            Phase::Stepping { .. } => Whereabouts::Step {
                at: self.step as u64 + 1,
                since: (self.step - self.losses.unread()) as u64 + 1,
            },
            Phase::Evaluating(..) => Whereabouts::Measuring(self.epoch),
            Phase::Over => Whereabouts::Over,
        };
        let phase = std::mem::replace(&mut self.phase, Phase::Over);
        let advance = match phase {
            Phase::Preparing(missing, next) => self.prepare(missing, next),
            Phase::Stepping { order, done } => self.step(order, done),
            Phase::Evaluating(evaluation) => self.evaluate(evaluation, begun),
            Phase::Over => return self.finish(),
        };
        self.active += begun.elapsed();
        advance
    }

    /// Where the trial stands at the rung just passed, if it is to stop there. Looked for at the beginning of an epoch, so
    /// that a training which was kept there ends in the same way once it is taken up.
    fn standing(&self) -> Option<Standing> {
        let at_beginning = matches!(&self.phase, Phase::Stepping { done: 0, .. });
        let reached = Objectives {
            score: self.best.as_ref().filter(|_| at_beginning)?.score,
            parameters_percent: self.job.parameters_percent,
        };
        self.job.ladder.standing(self.epoch - 1, reached)
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
        let groups = bench.groups(&order[done..end]);
        self.dropout.begin_step(self.step as u64);
        let chosen = bench.choose(Part::Train, groups.concat());
        let mut logits = Vec::with_capacity(groups.len());
        let mut begin = 0;
        for group in &groups {
            let rows = chosen.part(begin..begin + group.len());
            let batch = bench.batch(&rows, self.untouched)?;
            logits.push(self.encoder.forward(&batch, Some(&mut self.dropout)));
            begin += group.len();
        }
        let logits = Tensor::cat(logits, 0);
        let targets = bench.targets(&chosen);
        let loss = targets.loss(bench.backbone.ops(), logits);
        let gradients = match self.encoder.squared_unit() {
            1.0 => loss.backward(),
            square => loss.clone().div_scalar(square).backward(),
        };
        let rate = self.schedule.at(self.step as u64);
        self.optimizer
            .step(&mut self.encoder.parameters, &gradients, rate);
        let before = self.step - self.losses.unread();
        self.step += 1;
        let is_last = end == order.len();
        self.phase = if is_last {
            Phase::Evaluating(Evaluation::default())
        } else {
            Phase::Stepping { order, done: end }
        };
        let Some(values) = self.losses.add(loss.inner(), is_last) else {
            return Ok(Advance::Step(None));
        };
        for (step, value) in (before + 1..).zip(&values) {
            if !value.is_finite() {
                return Ok(self.diverges(Moment::Step(step as u64), Advance::Step(None)));
            }
            self.epoch_loss += value;
        }
        Ok(Advance::Step(values.last().map(|&loss| Progress {
            trial: self.trial(),
            step: self.step as u64,
            steps: (bench.steps_per_epoch() * bench.epochs as usize) as u64,
            epoch: self.epoch,
            loss,
            wall_seconds: self.active.as_secs_f64(),
        })))
    }

    /// Reads losses back from the device after so many steps, instead of as often as suits the device. The numbers are the
    /// same; what goes wrong in a step is noticed later. With more than one step, logits are read back once an evaluation.
    pub fn read_losses_every(&mut self, steps: usize) {
        self.losses = Losses::every(steps);
    }

    fn evaluate(
        &mut self,
        mut evaluation: Evaluation,
        begun: Instant,
    ) -> Result<Advance, TrainError> {
        let at_once = self.losses.at_once();
        if !(self.bench).evaluate_some(&self.encoder, self.untouched, &mut evaluation, at_once)? {
            self.phase = Phase::Evaluating(evaluation);
            return Ok(Advance::Evaluated);
        }
        let predictions = evaluation.predictions;
        let validation_loss = predictions.loss();
        let score = predictions.score(self.bench.scoring);
        let is_broken = matches!(score, Err(Undefined::NotFinite { .. }));
        if is_broken || !validation_loss.is_finite() {
            return Ok(self.diverges(Moment::Epoch(self.epoch), Advance::Evaluated));
        }
        let metric = self.bench.scoring.metric;
        let score = score.map_err(|reason| TrainError::ScoreUndefined { metric, reason })?;
        let report = EpochReport {
            epoch: self.epoch,
            train_loss: self.epoch_loss / self.bench.steps_per_epoch() as f64,
            validation_loss,
            score,
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
                score_error: predictions.score_error(self.bench.scoring),
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

    /// The end of what cannot go on: the epochs before it count, where there are any, and this was as much as `done`.
    fn diverges(&mut self, at: Moment, done: Advance) -> Advance {
        if self.best.is_none() {
            return Advance::Diverged(at);
        }
        self.diverged = Some(at);
        self.phase = Phase::Over;
        done
    }

    fn finish(&mut self) -> Result<Advance, TrainError> {
        let Some(best) = self.best.take() else {
            return Err(TrainError::NothingTrained);
        };
        self.encoder.parameters.restore(&best.weights);
        if let Some(folder) = &self.bench.weights_folder {
            let path = checkpoint::path(folder, self.trial());
            let owner = Owner {
                basis: self.bench.basis.clone(),
                trial: self.trial(),
                configuration: self.job.configuration.clone(),
            };
            checkpoint::save(&path, &owner, &self.encoder.export())?;
        }
        Ok(Advance::Done(Measurement {
            objectives: Objectives {
                score: best.score,
                parameters_percent: self.job.parameters_percent,
            },
            best_epoch: best.epoch,
            trained_parameters: self.encoder.parameters.scalars(),
            wall_seconds: self.active.as_secs_f64(),
            diverged: self.diverged,
            score_error: best.score_error,
        }))
    }
}

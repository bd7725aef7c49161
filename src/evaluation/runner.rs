//! Trains every subject with every seed, one after the other, and keeps what is done.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::json;

use super::run::{Run, RunError};
use super::{Report, Spent, Subject, parameters};
use crate::digest;
use crate::domain::{Identity, Job, Ladder, Measurement, RowsIdentity, TrialId};
use crate::model::device::DeviceChoice;
use crate::model::{LoadError, ModelFiles};
use crate::study::{FidelitySettings, Study};
use crate::task::{Dataset, Example, Undefined, values};
use crate::train::batches::Row;
use crate::train::evaluation::predicted;
use crate::train::rows::Reader;
use crate::train::trainer::{Advance, Training};
use crate::train::workbench::Workbench;
use crate::train::{self, TrainError};

/// Seeds of an evaluation, where nothing else is said.
pub const SEEDS: u64 = 5;
/// The first seed, as in the paper's final runs.
const FIRST_SEED: u64 = 40;

/// So many seeds.
pub fn seeds(count: u64) -> Vec<u64> {
    (FIRST_SEED..FIRST_SEED + count).collect()
}

/// All rows, all epochs.
pub const FULL: FidelitySettings = FidelitySettings {
    data_share: 1.0,
    epochs: None,
};

/// What trainings are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To be measured on the rows kept apart.
    Measure,
    /// To choose between them by the rows that the search measures on; the rows kept apart stay unseen.
    Choose,
}

/// What is to be evaluated, on what.
#[derive(Clone)]
pub struct Plan {
    /// The study.
    pub study: Study,
    /// The backbone.
    pub files: ModelFiles,
    /// The rows.
    pub dataset: Dataset,
    /// Backbone and rows by their content.
    pub identity: Identity,
    /// What the trainings are for.
    pub purpose: Purpose,
    /// How much of a full training each gets.
    pub fidelity: FidelitySettings,
    /// Where to train.
    pub device: DeviceChoice,
    /// What is trained.
    pub subjects: Vec<Subject>,
    /// The seeds that each is trained with.
    pub seeds: Vec<u64>,
    /// Folder of the study's evaluations.
    pub folder: PathBuf,
}

/// What happened, told while it happens.
pub enum Step<'a> {
    /// A training was done before.
    Known(&'a Run),
    /// A training begins.
    Begun(&'a Subject, u64),
    /// A training ended and is kept.
    Done(&'a Run),
    /// The loss left the finite numbers: this training counts as the worst score.
    Diverged(&'a Subject, u64, String),
}

/// Why an evaluation ended early.
#[derive(Debug, thiserror::Error)]
pub enum EvaluationError {
    /// A training cannot be done.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// The model's configuration cannot be used.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A training's file cannot be used.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A training was measured on other rows than those that are there.
    #[error(
        "{}: its score is not that of its predictions on the {rows} rows that are there now; delete it, and the training is \
         done again", path.display()
    )]
    OtherRows {
        /// The training's file.
        path: PathBuf,
        /// Rows to measure on.
        rows: usize,
    },
    /// The rows kept apart can measure nothing.
    #[error(
        "the {score} is undefined on the rows kept apart, whatever is predicted: {reason}; give a test file of other rows, or another metric"
    )]
    Unmeasurable {
        /// Name of the score.
        score: String,
        /// Why.
        reason: Undefined,
    },
}

/// An evaluation under way.
pub struct Runner {
    plan: Plan,
    /// Digest of everything that a training depends on, besides its subject and its seed.
    mark: String,
    folder: PathBuf,
    measured: Vec<Example>,
}

impl Runner {
    /// Of a plan, in which each subject and each seed counts once; nothing is loaded or trained yet.
    pub fn new(mut plan: Plan) -> Self {
        let mut names = BTreeSet::new();
        plan.subjects
            .retain(|subject| names.insert(subject.name.clone()));
        let mut numbers = BTreeSet::new();
        plan.seeds.retain(|seed| numbers.insert(*seed));
        let mark = mark(&plan);
        let folder = plan.folder.join(&mark[..12]);
        let measured = match (plan.purpose, plan.dataset.test.is_empty()) {
            (Purpose::Choose, _) => Vec::new(),
            (Purpose::Measure, true) => plan.dataset.validation.clone(),
            (Purpose::Measure, false) => plan.dataset.test.clone(),
        };
        Self {
            plan,
            mark,
            folder,
            measured,
        }
    }

    /// Trainings in all.
    pub fn trainings(&self) -> usize {
        self.plan.subjects.len() * self.plan.seeds.len()
    }

    /// What trainings found; `choices` tell what was chosen from before.
    ///
    /// # Errors
    /// The model's configuration cannot be used, or a training was measured on other rows.
    pub fn report(&self, runs: &[Run], choices: Vec<Spent>) -> Result<Report, EvaluationError> {
        let labels = values(&self.measured);
        let dataset = &self.plan.dataset;
        let report = Report::new(
            self.plan.study.name.as_str(),
            dataset.scoring(),
            !dataset.test.is_empty(),
            &labels,
            &self.plan.files.encoder_config()?,
            runs,
            choices,
        );
        let report = report.map_err(|run| EvaluationError::OtherRows {
            path: Run::path(&self.folder, &run.subject, run.seed),
            rows: labels.len(),
        })?;
        Ok(Report {
            positive_label: dataset.positive_label().map(str::to_owned),
            ..report
        })
    }

    /// Does what is not done yet; `told` hears of each training. Returns all of them, fewer where `stop` said so.
    ///
    /// # Errors
    /// See [`EvaluationError`]; what was done is kept.
    pub fn run(
        &self,
        stop: &dyn Fn() -> bool,
        told: &mut dyn FnMut(Step<'_>),
    ) -> Result<Vec<Run>, EvaluationError> {
        self.can_measure()?;
        let mut runs = Vec::new();
        let mut bench: Option<(Workbench, Vec<Row>)> = None;
        // Seed by seed, so that an evaluation that is stopped has compared all subjects so far.
        for &seed in &self.plan.seeds {
            for subject in &self.plan.subjects {
                if stop() {
                    return Ok(runs);
                }
                if let Some(run) =
                    Run::load(&self.folder, &self.mark, subject, seed, self.measured.len())?
                {
                    told(Step::Known(&run));
                    runs.push(run);
                    continue;
                }
                told(Step::Begun(subject, seed));
                let (workbench, measured) = match &bench {
                    Some(bench) => bench,
                    None => bench.insert(self.prepare()?),
                };
                let Some(run) = self.train(workbench, measured, subject, seed, stop, told)? else {
                    return Ok(runs);
                };
                let run = run.marked(&self.mark);
                run.save(&self.folder)?;
                told(Step::Done(&run));
                runs.push(run);
            }
        }
        Ok(runs)
    }

    /// Whether the rows measured on have a score at all: found out before anything is trained.
    fn can_measure(&self) -> Result<(), EvaluationError> {
        match self.plan.purpose {
            Purpose::Choose => Ok(()),
            Purpose::Measure => {
                let labels = values(&self.measured);
                let measures = self.plan.dataset.scoring().measures(&labels);
                measures.map_err(|reason| self.unmeasurable(reason))
            }
        }
    }

    fn unmeasurable(&self, reason: Undefined) -> EvaluationError {
        EvaluationError::Unmeasurable {
            score: self.plan.dataset.score_name(),
            reason,
        }
    }

    fn prepare(&self) -> Result<(Workbench, Vec<Row>), EvaluationError> {
        let Plan {
            study,
            files,
            dataset,
            device,
            ..
        } = &self.plan;
        let encoder = files.encoder_config()?;
        let reader = Reader::new(&files.tokenizer, &encoder, study.training.max_length);
        let measured = reader.and_then(|reader| reader.read("measured", &self.measured));
        let measured = measured.map_err(TrainError::from)?.rows;
        let bench = Workbench::prepare(train::Plan {
            files: files.clone(),
            dataset: dataset.clone(),
            examined: None,
            training: study.training.clone(),
            fidelity: self.plan.fidelity,
            device: *device,
            weights_folder: None,
            under_way: None,
            seed: study.seed,
            basis: self.mark.clone(),
        })?;
        Ok((bench, measured))
    }

    /// One training to its end; none where it was stopped.
    fn train(
        &self,
        bench: &Workbench,
        measured: &[Row],
        subject: &Subject,
        seed: u64,
        stop: &dyn Fn() -> bool,
        told: &mut dyn FnMut(Step<'_>),
    ) -> Result<Option<Run>, EvaluationError> {
        let encoder = self.plan.files.encoder_config()?;
        let weights = parameters(&encoder, subject);
        let job = Job {
            trial: TrialId(0),
            configuration: subject.configuration.clone(),
            seed,
            parameters_percent: 100.0 * weights as f64 / encoder.backbone_parameters() as f64,
            ladder: Ladder::default(),
        };
        let mut training = Training::begin_by(bench, &job, &subject.recipe)?;
        let mut epochs = 0;
        let measurement = loop {
            if stop() {
                return Ok(None);
            }
            match training.advance()? {
                // There are no rungs before it.
                Advance::Prepared | Advance::Step(_) | Advance::Evaluated | Advance::Pruned(_) => {}
                Advance::Epoch(report) => epochs = report.epoch,
                Advance::Done(measurement) => break measurement,
                Advance::Diverged(at) => {
                    told(Step::Diverged(subject, seed, at.to_string()));
                    return Ok(Some(diverged(subject, seed, epochs, &job, measured.len())));
                }
            }
        };
        let logits = training.logits(measured)?;
        let predictions: Vec<f64> = logits.iter().map(|logits| predicted(logits)).collect();
        let measured_score = match self.plan.purpose {
            Purpose::Measure => {
                let labels = values(&self.measured);
                let scoring = self.plan.dataset.scoring();
                scoring.search_score(&predictions, &labels)
            }
            Purpose::Choose => Ok(measurement.objectives.score),
        };
        let score = match measured_score {
            Ok(score) => score,
            Err(reason @ Undefined::NotFinite { .. }) => {
                told(Step::Diverged(subject, seed, reason.to_string()));
                return Ok(Some(diverged(subject, seed, epochs, &job, measured.len())));
            }
            Err(reason) => return Err(self.unmeasurable(reason)),
        };
        Ok(Some(Run::new(
            subject.clone(),
            seed,
            &measurement,
            epochs,
            score,
            predictions,
        )))
    }
}

/// Digest of everything that a training of this plan depends on: rows and weights by their content, and the settings on
/// which results depend.
fn mark(plan: &Plan) -> String {
    let mut identity = plan.identity.clone();
    if plan.purpose == Purpose::Choose {
        // The rows kept apart stay unseen.
        identity.test = RowsIdentity::default();
    }
    let settings = plan.study.results_alone();
    let mut basis = json!({
        "identity": identity,
        "task": settings["task"],
        "training": settings["training"],
        "seed": plan.study.seed,
    });
    if plan.fidelity != FULL {
        basis["fidelity"] = json!(plan.fidelity);
    }
    digest::of_bytes(basis.to_string().as_bytes())
}

/// A training that learnt nothing.
fn diverged(subject: &Subject, seed: u64, epochs: u32, job: &Job, rows: usize) -> Run {
    let measurement = Measurement {
        objectives: crate::domain::Objectives {
            score: 0.0,
            parameters_percent: job.parameters_percent,
        },
        best_epoch: 0,
        trained_parameters: 0,
        wall_seconds: 0.0,
        diverged: None,
        score_error: None,
    };
    // No class has this number.
    let predictions = vec![-1.0; rows];
    Run::new(
        subject.clone(),
        seed,
        &measurement,
        epochs,
        0.0,
        predictions,
    )
}

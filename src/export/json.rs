//! The whole study as one JSON object: the answer of `status --json`, and with its settings the exported document.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{ExportError, Exporter, Front, write_file};
use crate::domain::{
    Belief, Cause, Configuration, EpochReport, Hypervolume, Moment, Objectives, Origin, PeftSpace,
    ReferencePoint, Standing, Trial, TrialId, TrialState,
};
use crate::study::Study;
use crate::task::Metric;

/// Name of the file.
const FILE: &str = "front.json";

/// Where a study stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary<'a> {
    /// Name of the study.
    pub study: &'a str,
    /// All trials, by number.
    pub trials: Vec<TrialSummary<'a>>,
    /// Numbers of the trials that are handed over, by ascending parameters.
    pub front: Vec<TrialId>,
    /// The share of the hypervolume that could be reached which the front dominates, from 0 to 1; see
    /// [`HypervolumeMeasure`](crate::domain::HypervolumeMeasure).
    pub hypervolume: f64,
    /// The interval in which that lies with a probability of nine in ten, where the noise of scores is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hypervolume_interval: Option<(f64, f64)>,
    /// Bounds of the hypervolume.
    pub reference_point: ReferencePoint,
}

/// Where a trial stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrialSummary<'a> {
    /// Its number.
    pub id: TrialId,
    /// Its state.
    pub state: TrialState,
    /// What is trained.
    pub configuration: &'a Configuration,
    /// Its result, once finished.
    pub objectives: Option<Objectives>,
    /// What is believed of its configuration, by this and all other measurements.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimate: Option<&'a Belief>,
    /// Seconds of training so far, pauses not counted; none before the first epoch.
    pub seconds: Option<f64>,
    /// Weights by the paper's formula.
    pub parameters: u64,
    /// The same as a percentage of the backbone.
    pub parameters_percent: f64,
    /// All scalars that were trained, once finished.
    pub trained_parameters: Option<u64>,
    /// The epoch whose weights were kept, once finished.
    pub best_epoch: Option<u32>,
    /// When the loss was no finite number any more, where that ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diverged: Option<Moment>,
    /// Why it exists.
    pub origin: &'a Origin,
    /// Why it is infeasible, failed or pruned, or ended before its last epoch, for people.
    pub reason: Option<String>,
    /// The same for programs, where it is infeasible or failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<&'a Cause>,
    /// Where it stood when it was pruned, also where it went on later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standing: Option<Standing>,
    /// Its epochs so far.
    pub epochs: &'a [EpochReport],
}

impl<'a> Summary<'a> {
    /// Of a study's trials, in whatever state, of which `front` are handed over.
    pub fn new(
        study: &'a str,
        space: &PeftSpace,
        reference_point: ReferencePoint,
        hypervolume: Hypervolume,
        trials: &'a [Trial],
        front: &[TrialId],
        beliefs: &'a BTreeMap<TrialId, Belief>,
    ) -> Self {
        let summaries = trials.iter();
        let summaries = summaries.map(|trial| summary(trial, space, beliefs.get(&trial.id)));
        Self {
            study,
            trials: summaries.collect(),
            front: front.to_vec(),
            hypervolume: hypervolume.share,
            hypervolume_interval: hypervolume.interval,
            reference_point,
        }
    }
}

fn summary<'a>(
    trial: &'a Trial,
    space: &PeftSpace,
    estimate: Option<&'a Belief>,
) -> TrialSummary<'a> {
    let measurement = trial.measurement;
    TrialSummary {
        id: trial.id,
        state: trial.state,
        configuration: &trial.configuration,
        objectives: measurement.map(|m| m.objectives),
        estimate,
        seconds: trial.seconds(),
        parameters: space.parameters(&trial.configuration),
        parameters_percent: trial.parameters_percent,
        trained_parameters: measurement.map(|m| m.trained_parameters),
        best_epoch: measurement.map(|m| m.best_epoch),
        diverged: measurement.and_then(|m| m.diverged),
        origin: &trial.origin,
        reason: trial.reason(),
        cause: trial.cause.as_ref(),
        standing: trial.standing,
        epochs: &trial.epochs,
    }
}

/// The exported document.
#[derive(Serialize)]
struct Document<'a> {
    program: &'static str,
    base_model: &'a str,
    metric: Metric,
    #[serde(skip_serializing_if = "Option::is_none")]
    positive_label: Option<&'a str>,
    #[serde(flatten)]
    summary: Summary<'a>,
    space: &'a PeftSpace,
    settings: &'a Study,
}

/// One object with everything known of the study.
pub(super) struct Json;

impl Exporter for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn about(&self) -> &'static str {
        "front.json: the study, all its trials with their epochs, and the front"
    }

    fn export(&self, front: &Front<'_>, folder: &Path) -> Result<Vec<PathBuf>, ExportError> {
        let document = Document {
            program: env!("CARGO_PKG_VERSION"),
            base_model: &front.context.base_model,
            metric: front.context.metric,
            positive_label: front.context.positive_label.as_deref(),
            summary: Summary::new(
                front.name,
                front.space,
                front.reference_point,
                front.hypervolume,
                front.trials,
                &front.members,
                front.beliefs,
            ),
            space: front.space,
            settings: &front.context.study,
        };
        let mut bytes =
            serde_json::to_vec_pretty(&document).map_err(|error| ExportError::Format {
                format: self.name(),
                reason: error.to_string(),
            })?;
        bytes.push(b'\n');
        Ok(vec![write_file(folder, FILE, &bytes)?])
    }
}

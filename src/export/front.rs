//! What an export starts from.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::domain::{
    Belief, Hypervolume, Identity, Measurement, PeftSpace, ReferencePoint, Trial, TrialId,
};
use crate::model::ModelFiles;
use crate::model::config::EncoderConfig;
use crate::study::Study;
use crate::task::{Labels, Metric};

/// A study's results, and where its weights lie.
#[derive(Clone, Debug)]
pub struct Front<'a> {
    /// Name of the study.
    pub name: &'a str,
    /// The space, resolved against the model.
    pub space: &'a PeftSpace,
    /// Bounds of the hypervolume.
    pub reference_point: ReferencePoint,
    /// The share of the hypervolume that could be reached which the front dominates, by what is believed.
    pub hypervolume: Hypervolume,
    /// All trials, in whatever state.
    pub trials: &'a [Trial],
    /// The trials that are handed over, by ascending parameters.
    pub members: Vec<TrialId>,
    /// What is believed of the configuration of each measured trial.
    pub beliefs: &'a BTreeMap<TrialId, Belief>,
    /// Devices that they were trained on, the latest last.
    pub devices: &'a [String],
    /// What the trials were about.
    pub context: &'a Context,
    /// Folder of the trained weights of finished trials.
    pub weights: PathBuf,
    /// Whose weights they must be; none where the journal does not know what its trials rest on.
    pub owned: Option<Owned>,
}

/// Whose weights a study's files must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owned {
    /// Digest of what all trials of the study rest on.
    pub basis: String,
    /// Whether a file may say nothing of it, as the files of earlier programs do.
    pub may_be_unsaid: bool,
}

/// What is the same for all trials of a study and known only once model and data are.
#[derive(Clone, Debug, PartialEq)]
pub struct Context {
    /// The study, resolved.
    pub study: Study,
    /// The backbone, as people name it: a hub id with its commit, or a folder.
    pub base_model: String,
    /// What the task predicts.
    pub labels: Labels,
    /// What the scores are.
    pub metric: Metric,
    /// The class that F1 counts; none with other metrics.
    pub positive_label: Option<String>,
    /// The shape of the backbone.
    pub encoder: EncoderConfig,
    /// The backbone's files.
    pub model_files: ModelFiles,
    /// The files that the rows were read from, each with the digest of its bytes; none where the program makes them.
    pub data_files: Vec<(PathBuf, String)>,
    /// Model and rows by their content.
    pub identity: Identity,
}

impl Context {
    /// Name of the score, for people.
    pub fn score_name(&self) -> String {
        self.metric.label(self.positive_label.as_deref())
    }
}

/// A finished trial with its result.
pub(super) type Finished<'a> = (&'a Trial, Measurement);

impl<'a> Front<'a> {
    /// The finished trials, by number.
    pub(super) fn finished(&self) -> Vec<Finished<'a>> {
        finished(self.trials)
    }

    /// The trials that are handed over with their results, by ascending parameters.
    pub(super) fn members(&self) -> Vec<Finished<'a>> {
        let trials = self.members.iter();
        let trials = trials.filter_map(|id| self.trials.get(id.0 as usize));
        trials
            .filter_map(|trial| Some((trial, trial.measurement?)))
            .collect()
    }
}

/// See [`Front::finished`].
pub(super) fn finished(trials: &[Trial]) -> Vec<Finished<'_>> {
    let measured = trials.iter().map(|trial| Some((trial, trial.measurement?)));
    measured.flatten().collect()
}

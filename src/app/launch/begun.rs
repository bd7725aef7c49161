//! A study that was begun before: what its journal says it is, against what its file, its rows and its model say now.

use std::path::{Path, PathBuf};

use super::LaunchError;
use super::settings::differences;
use crate::app::{RecordedError, ReplayError, State, StudyFacts};
use crate::domain::{Identity, PeftSpace};
use crate::journal::JournalError;
use crate::study::Study;

/// A study with a journal.
#[derive(Clone, Debug)]
pub struct Begun {
    /// What the journal says.
    facts: StudyFacts,
    /// The run's folder.
    folder: PathBuf,
}

impl Begun {
    /// What the journal of this state says; `folder` is the run's.
    pub fn of(state: &State, folder: &Path) -> Self {
        Self {
            facts: state.study.clone(),
            folder: folder.to_owned(),
        }
    }

    /// What the journal in a run's folder says; none where the study was never started.
    ///
    /// # Errors
    /// There is a journal, and it cannot be read.
    pub fn in_folder(folder: &Path) -> Result<Option<Self>, RecordedError> {
        match State::recorded(folder) {
            Ok(state) => Ok(Some(Self::of(&state, folder))),
            Err(
                RecordedError::Journal(JournalError::Missing { .. })
                | RecordedError::Replay {
                    source: ReplayError::Empty,
                    ..
                },
            ) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The study of a file, where the journal's settings are still its own; what the file leaves open is as the study
    /// began, whatever is the default today.
    ///
    /// # Errors
    /// Something on which results depend is otherwise than when the study began.
    pub fn hold(&self, mut study: Study) -> Result<Study, LaunchError> {
        if let (true, Some(begun_with)) = (
            study.search.initial_trials_open,
            self.facts.initial_trials(),
        ) {
            study.search.initial_trials = begun_with;
        }
        if let (true, Some(begun_with)) =
            (study.training.warmup_share_open, self.facts.warmup_share())
        {
            study.training.warmup_share = begun_with;
        }
        if study.training.standard_targets_open {
            study.training.standard_targets = self.facts.standard_targets();
        }
        if study.search.repeats_open {
            study.search.repeats = self.facts.repeats();
        }
        study.task.edition = self.facts.edition();
        match differences(&self.facts, &study) {
            None => Ok(study),
            Some(differences) => Err(LaunchError::Changed {
                differences,
                folder: self.folder.clone(),
            }),
        }
    }

    /// Whether the rows and the model are those that the study began with; where the journal cannot tell, nothing is said
    /// against them.
    ///
    /// # Errors
    /// They are others.
    pub(super) fn hold_content(
        &self,
        space: &PeftSpace,
        identity: &Identity,
    ) -> Result<(), LaunchError> {
        let mut changes = match &self.facts.identity {
            Some(then) => then.changes(identity),
            None => Vec::new(),
        };
        if changes.is_empty() && self.facts.space != *space {
            changes.push("the model has another size than before".to_owned());
        }
        match changes.is_empty() {
            true => Ok(()),
            false => Err(LaunchError::OtherContent {
                changes: changes.join("; "),
                folder: self.folder.clone(),
            }),
        }
    }

    /// What is worth knowing before results are believed, a line each.
    pub(super) fn cautions(&self, identity: &Identity) -> Vec<String> {
        let Some(then) = &self.facts.identity else {
            return vec![
                "this study was begun before its journal knew rows and weights by their content: whether they are still \
                 those that its first trials saw cannot be told. `run` takes those of today into the journal and holds \
                 the study to them"
                    .to_owned(),
            ];
        };
        let test = then.test_change(identity);
        let test = test.map(|change| {
            format!(
                "{change}. Trials never see them; `evaluate` measures on those of today, with trainings of its own"
            )
        });
        test.into_iter().collect()
    }
}

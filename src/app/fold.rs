//! A study's state as a fold over its journal's records.

use super::CarriedOver;
use super::state::{State, StudyFacts};
use crate::domain::{Transition, Trial, TrialId, TrialState};
use crate::journal::{FORMAT_VERSION, Record};

/// Trials that are over and of which the losses are kept, the latest ones.
const LIVE_KEPT: usize = 1000;

/// Why a journal's records make no study.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ReplayError {
    /// There is no record: the program ended before it wrote the first one.
    #[error("the journal holds no record yet")]
    Empty,
    /// The first record is not the study's creation.
    #[error(
        "the journal does not begin with the study's creation; it is not a journal of this program"
    )]
    NoStudy,
    /// The journal was written by a later version.
    #[error(
        "the journal has format {found}, this program reads up to {FORMAT_VERSION}; use the newer program"
    )]
    Newer {
        /// Format of the journal.
        found: u32,
    },
    /// The first record describes what no study can be.
    #[error(
        "the journal's first record describes no study: {what}; the journal was altered by something else"
    )]
    Impossible {
        /// What it says.
        what: String,
    },
    /// A record contradicts those before it.
    #[error(
        "record {index} ({what}) contradicts the records before it; the journal was altered by something else"
    )]
    Contradiction {
        /// Index of the record, from 0.
        index: usize,
        /// What the record says.
        what: String,
    },
}

impl State {
    /// The state after all of `records`.
    ///
    /// # Errors
    /// The first record must create the study; no record may contradict those before it.
    pub fn replay(records: impl IntoIterator<Item = Record>) -> Result<Self, ReplayError> {
        let mut records = records.into_iter().enumerate();
        let (_, first) = records.next().ok_or(ReplayError::Empty)?;
        let Record::StudyCreated {
            format,
            name,
            seed,
            settings,
            space,
            reference_point,
        } = first
        else {
            return Err(ReplayError::NoStudy);
        };
        if format > FORMAT_VERSION {
            return Err(ReplayError::Newer { found: format });
        }
        if let Some(what) = space.fault() {
            return Err(ReplayError::Impossible { what });
        }
        if let Some(fault) = reference_point.fault() {
            let what = format!("of its reference point, {fault}");
            return Err(ReplayError::Impossible { what });
        }
        let mut state = Self::new(StudyFacts {
            format,
            name,
            seed,
            space,
            reference_rule: reference_point,
            settings,
            identity: None,
        });
        for (index, record) in records {
            state
                .take(record)
                .map_err(|what| ReplayError::Contradiction { index, what })?;
        }
        Ok(state)
    }

    /// Folds one more record in.
    ///
    /// # Errors
    /// Says what the record claims where that contradicts the state; the state is then unchanged.
    pub fn apply(&mut self, record: &Record) -> Result<(), String> {
        self.take(record.clone())
    }

    /// [`apply`](Self::apply) without a copy: long journals are replayed by it.
    fn take(&mut self, record: Record) -> Result<(), String> {
        match record {
            Record::StudyCreated { name, .. } => return Err(format!("study {name} created again")),
            Record::FormatRaised { format } => {
                if format > FORMAT_VERSION {
                    return Err(format!("format {format}, of a later program"));
                }
            }
            Record::StudyIdentified { identity } => {
                if self.study.identity.is_some() {
                    return Err("the study identified again".to_owned());
                }
                self.study.identity = Some(*identity);
            }
            Record::EarlierCarriedOver { study, scored } => {
                if !self.trials.is_empty() {
                    return Err(format!("{study} carried over after the first trial"));
                }
                if self.carried_over.iter().any(|other| other.study == study) {
                    return Err(format!("{study} carried over again"));
                }
                for (configuration, score) in &scored {
                    if self.study.space.point(configuration).is_none() || !score.is_finite() {
                        return Err(format!(
                            "{study} carried over, but {configuration} with score {score} is none of this study's"
                        ));
                    }
                }
                self.carried_over.push(CarriedOver { study, scored });
            }
            Record::SessionStarted { trials, .. } => {
                self.trials_wanted = trials;
                for trial in &self.trials {
                    // A program that is asked to stop lets its trials stand still first.
                    if trial.state == TrialState::Running {
                        *self.deaths.entry(trial.id).or_default() += 1;
                    }
                }
                self.interrupt();
            }
            Record::DeviceChosen { device } => {
                self.devices.retain(|other| *other != device);
                self.devices.push(device);
            }
            Record::ReferencePointDerived { reference_point } => {
                if self.reference_point.is_some() {
                    return Err("the reference point derived again".to_owned());
                }
                if let Some(fault) = reference_point.fault() {
                    return Err(format!("the reference point derived, but {fault}"));
                }
                self.reference_point = Some(reference_point);
                self.estimates_are_due();
                self.retrace();
            }
            Record::TrialQueued {
                trial,
                configuration,
                origin,
            } => {
                if trial.0 as usize != self.trials.len() {
                    return Err(format!(
                        "trial {trial} queued as number {}",
                        self.trials.len()
                    ));
                }
                if let Some(what) = self.study.space.misfit(&configuration) {
                    return Err(format!("trial {trial} queued, but {what}"));
                }
                self.trials.push(Trial {
                    id: trial,
                    parameters_percent: self.study.space.parameters_percent(&configuration),
                    configuration,
                    origin,
                    state: TrialState::Queued,
                    epochs: Vec::new(),
                    measurement: None,
                    cause: None,
                    standing: None,
                });
            }
            Record::TrialStarted { trial } => {
                self.change(trial, Transition::Start)?;
            }
            Record::TrialEpoch { trial, report } => {
                let epoch = report.epoch;
                let found = self
                    .trial_mut(trial)
                    .ok_or_else(|| format!("epoch of unknown trial {trial}"))?;
                if found.state.is_over() {
                    let state = found.state.label();
                    return Err(format!("epoch {epoch} of trial {trial}, which is {state}"));
                }
                let expected = found.epochs.len() as u32 + 1;
                if epoch != expected {
                    return Err(format!(
                        "epoch {epoch} of trial {trial}, where its epoch {expected} is next"
                    ));
                }
                found.epochs.push(report);
            }
            Record::TrialPaused { trial } => {
                self.change(trial, Transition::Pause)?;
                self.deaths.remove(&trial);
            }
            Record::TrialResumed { trial } => {
                self.change(trial, Transition::Resume)?;
            }
            Record::TrialFinished { trial, measurement } => {
                if let Some(fault) = measurement.objectives.fault() {
                    return Err(format!("trial {trial} finished, but {fault}"));
                }
                self.change(trial, Transition::Finish)?.measurement = Some(measurement);
                self.end(trial);
                self.extend_front(trial);
            }
            Record::TrialPruned { trial, standing } => {
                self.change(trial, Transition::Prune)?.standing = Some(standing);
                self.end(trial);
            }
            Record::TrialInfeasible { trial, cause } => {
                self.change(trial, Transition::Reject)?.cause = Some(cause);
                self.end(trial);
            }
            Record::TrialFailed { trial, cause } => {
                self.change(trial, Transition::Fail)?.cause = Some(cause);
                self.end(trial);
            }
            Record::TrialCancelled { trial } => {
                self.change(trial, Transition::Cancel)?;
                self.end(trial);
            }
            Record::TrialRetried { trial } => {
                let again = self.change(trial, Transition::Retry)?;
                again.epochs.clear();
                again.cause = None;
                self.live.remove(&trial);
                self.over.retain(|other| *other != trial);
                self.estimates_are_due();
            }
            Record::TrialPrioritised { trial, priority } => {
                self.existing(trial)?;
                self.priorities.insert(trial, priority);
            }
            Record::TrialMarked { trial, marked } => {
                self.existing(trial)?;
                if marked {
                    self.marked.insert(trial);
                } else {
                    self.marked.remove(&trial);
                }
            }
            Record::TrialNoted { trial, note } => {
                self.existing(trial)?;
                if note.is_empty() {
                    self.notes.remove(&trial);
                } else {
                    self.notes.insert(trial, note);
                }
            }
            Record::MemoryKillsCounted { .. }
            | Record::DeviceUnavailable { .. }
            | Record::Exported { .. } => {}
        }
        Ok(())
    }

    /// Trials under way when the program last ended are queued again; whoever trains them tells their epochs anew.
    pub(super) fn interrupt(&mut self) {
        for trial in &mut self.trials {
            if let Some(state) = trial.state.after(Transition::Interrupt) {
                trial.state = state;
                trial.epochs.clear();
            }
        }
    }

    fn existing(&self, id: TrialId) -> Result<&Trial, String> {
        self.trial(id)
            .ok_or_else(|| format!("something said of unknown trial {id}"))
    }

    fn trial_mut(&mut self, id: TrialId) -> Option<&mut Trial> {
        self.trials.get_mut(id.0 as usize)
    }

    /// The trial is no longer under way.
    fn end(&mut self, id: TrialId) {
        self.places.is_over(id);
        self.paused_by_user.remove(&id);
        self.deaths.remove(&id);
        self.over.push(id);
        self.estimates_are_due();
        if let Some(live) = self.live.get_mut(&id) {
            live.losses.settle();
        }
        if let Some(long_over) = self.over.len().checked_sub(LIVE_KEPT + 1) {
            self.live.remove(&self.over[long_over]);
        }
    }

    fn change(&mut self, id: TrialId, transition: Transition) -> Result<&mut Trial, String> {
        let trial = self
            .trial_mut(id)
            .ok_or_else(|| format!("{transition:?} of unknown trial {id}"))?;
        let next = trial.state.after(transition);
        trial.state = next.ok_or_else(|| {
            format!(
                "{transition:?} of trial {id}, which is {}",
                trial.state.label()
            )
        })?;
        Ok(trial)
    }
}

#[cfg(test)]
mod tests;

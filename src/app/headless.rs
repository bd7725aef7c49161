//! A run without a screen: one line, or one JSON object, per event.

use std::io::Write;
use std::sync::Arc;

use crossbeam_channel::Select;
use serde_json::json;

use super::runtime::Interface;
use super::{Message, SearchStatus, Severity, State};
use crate::journal::Record;
use crate::search::Estimates;
use crate::visible::visible;

/// Writes what happens to `out`.
pub struct Headless<W> {
    out: W,
    as_json: bool,
    notices_told: usize,
    opening_told: bool,
    asked_told: bool,
    /// The estimates that were told last.
    estimates: Arc<Estimates>,
}

impl<W: Write> Headless<W> {
    /// Lines for people, or one JSON object per event.
    pub fn new(out: W, as_json: bool) -> Self {
        Self {
            out,
            as_json,
            notices_told: 0,
            opening_told: false,
            asked_told: false,
            estimates: Arc::default(),
        }
    }

    /// The last words on a study that is complete: its verdict.
    ///
    /// # Errors
    /// Nobody reads them.
    pub fn conclude(&mut self, state: &State) -> std::io::Result<()> {
        let verdict = state.verdict();
        if self.as_json {
            let object = json!({ "event": "verdict", "verdict": verdict });
            self.write(&object.to_string())?;
        } else {
            for line in verdict.lines() {
                self.write(&format!("verdict: {line}"))?;
            }
        }
        self.out.flush()
    }

    fn line(&mut self, kind: &str, text: &str) -> std::io::Result<()> {
        let line = match self.as_json {
            true => json!({ "event": kind, "text": text }).to_string(),
            false => text.to_owned(),
        };
        self.write(&line)
    }

    /// What is believed of the front, once for each answer.
    fn tell_estimates(&mut self, state: &State) -> std::io::Result<()> {
        if Arc::ptr_eq(&self.estimates, &state.estimates) {
            return Ok(());
        }
        self.estimates = Arc::clone(&state.estimates);
        let Some((best, belief)) = state.best() else {
            return Ok(());
        };
        let line = match self.as_json {
            true => {
                let front = state.front.iter();
                let front = front.map(|id| json!({"trial": id, "estimate": state.belief(*id)}));
                json!({"event": "estimates", "best": best, "front": front.collect::<Vec<_>>()})
                    .to_string()
            }
            false => format!(
                "best score {belief} by estimate ({best}); {} on the front",
                state.front.len()
            ),
        };
        self.write(&line)
    }

    /// One line, whatever is in it; JSON is still that.
    fn write(&mut self, line: &str) -> std::io::Result<()> {
        writeln!(self.out, "{}", visible(line))
    }
}

impl<W: Write> Interface for Headless<W> {
    fn take_messages(&mut self, _: &State) -> Vec<Message> {
        Vec::new()
    }

    fn watch<'a>(&'a self, _: &mut Select<'a>) {}

    fn recorded(&mut self, record: &Record, state: &State) -> std::io::Result<()> {
        if self.as_json {
            let mut object = record.to_object()?;
            if let Record::TrialFinished { .. } = record {
                object.insert("hypervolume".to_owned(), json!(state.hypervolume().share));
                object.insert("front".to_owned(), json!(state.front));
            }
            self.write(&serde_json::Value::Object(object).to_string())?;
        } else if let Some(text) = sentence(record, state) {
            self.write(&text)?;
        }
        self.out.flush()
    }

    fn wants_showing(&self) -> bool {
        false
    }

    fn show(&mut self, state: &State) -> std::io::Result<()> {
        if !self.opening_told {
            self.opening_told = true;
            let over = state
                .trials
                .iter()
                .filter(|trial| trial.state.is_over())
                .count();
            self.line(
                "session",
                &format!("{over} of {} trials are over", state.trials_wanted),
            )?;
        }
        let asked = matches!(state.search, SearchStatus::Asked(_));
        if asked && !self.asked_told && state.trials.len() >= state.initial_trials {
            self.line(
                "search",
                "the search is thinking about the next configurations",
            )?;
        }
        self.asked_told = asked;
        self.tell_estimates(state)?;
        let fresh = state.notices_ever.saturating_sub(self.notices_told);
        self.notices_told = state.notices_ever;
        let known = state.notices.len().saturating_sub(fresh);
        if let Some(lost @ 1..) = fresh.checked_sub(state.notices.len()) {
            self.line(
                "warning",
                &format!("too many notices at once: {lost} were left out"),
            )?;
        }
        for notice in state.notices.iter().skip(known) {
            let kind = match notice.severity {
                Severity::Info => "info",
                Severity::Warning => "warning",
                Severity::Error => "error",
            };
            self.line(kind, &notice.text)?;
        }
        self.out.flush()
    }

    fn leaves_when_complete(&self) -> bool {
        true
    }
}

/// The record as a sentence; none where it tells people nothing new.
fn sentence(record: &Record, state: &State) -> Option<String> {
    Some(match record {
        Record::StudyCreated { name, .. } => format!("study {name} created"),
        Record::TrialQueued {
            trial,
            configuration,
            origin,
        } => match origin.repeats() {
            Some(first) => {
                let confirming = state.confirming(*trial);
                let confirming = confirming.map_or(String::new(), |(place, of)| {
                    format!("; confirming {place} of {of}")
                });
                format!("{trial} queued: {configuration}, a repeat of {first}{confirming}")
            }
            None => format!("{trial} queued: {configuration}"),
        },
        Record::TrialStarted { trial } => {
            let found = state.trial(*trial)?;
            format!(
                "{trial} started: {} ({:.3} % parameters)",
                found.configuration, found.parameters_percent
            )
        }
        Record::TrialEpoch { trial, report } => format!(
            "{trial} epoch {}: train loss {:.4}, validation loss {:.4}, score {:.4} ({:.1} s)",
            report.epoch,
            report.train_loss,
            report.validation_loss,
            report.score,
            report.wall_seconds
        ),
        Record::TrialPaused { trial } => format!("{trial} paused"),
        Record::TrialResumed { trial } => format!("{trial} resumed"),
        Record::TrialFinished { trial, measurement } => format!(
            "{trial} finished: score {:.4} with {:.3} % parameters (best epoch {}, {:.1} s); hypervolume {}",
            measurement.objectives.score,
            measurement.objectives.parameters_percent,
            measurement.best_epoch,
            measurement.wall_seconds,
            state.hypervolume()
        ),
        Record::TrialPruned { trial, standing } => format!("{trial} {standing}"),
        Record::TrialCancelled { trial } => format!("{trial} cancelled"),
        Record::TrialRetried { trial } => format!("{trial} queued again"),
        Record::FormatRaised { .. }
        | Record::StudyIdentified { .. }
        | Record::EarlierCarriedOver { .. }
        | Record::SessionStarted { .. }
        | Record::MemoryKillsCounted { .. }
        | Record::DeviceChosen { .. }
        | Record::DeviceUnavailable { .. }
        | Record::ReferencePointDerived { .. }
        | Record::TrialPrioritised { .. }
        | Record::TrialMarked { .. }
        | Record::TrialNoted { .. }
        | Record::TrialInfeasible { .. }
        | Record::TrialFailed { .. }
        | Record::Exported { .. } => {
            return None;
        }
    })
}

//! Records first, effects behind them: nothing is done before what it follows from is durable.

use std::collections::VecDeque;

use crossbeam_channel::TryRecvError;

use super::{Runtime, RuntimeError};
use crate::app::{Effect, Event, State, schedule, update};
use crate::journal::Record;

/// What is still to be done, in this order.
#[derive(Default)]
pub(super) struct Due {
    /// Done once the records that are being written are durable; none: nothing is being written.
    pub(super) behind: Option<Vec<Effect>>,
    /// Written next, in one batch.
    pub(super) records: Vec<Record>,
    /// Done once those are durable.
    pub(super) effects: Vec<Effect>,
}

impl Due {
    pub(super) fn is_empty(&self) -> bool {
        self.behind.is_none() && self.records.is_empty() && self.effects.is_empty()
    }
}

impl Runtime {
    /// Waits until everything that is part of the state is durable: a second request to stop waits for nothing else.
    pub(super) fn settle(&self, due: Due) -> Result<(), RuntimeError> {
        let mut on_their_way = usize::from(due.behind.is_some());
        if !due.records.is_empty() {
            self.journal.append(due.records);
            on_their_way += 1;
        }
        for written in self.journal.written().iter().take(on_their_way) {
            written?;
        }
        Ok(())
    }

    /// Takes the records that became durable, and does what waited for them; that may lead to events. True: leave.
    pub(super) fn take_durable(
        &mut self,
        due: &mut Due,
        events: &mut VecDeque<Event>,
    ) -> Result<(Vec<Record>, bool), RuntimeError> {
        let records = match self.journal.written().try_recv() {
            Ok(written) => written?,
            Err(TryRecvError::Empty) => return Ok((Vec::new(), false)),
            Err(TryRecvError::Disconnected) => {
                let what = "the journal takes no records any more".to_owned();
                return Err(RuntimeError::Contradiction(what));
            }
        };
        let effects = due.behind.take().unwrap_or_default();
        let leaves = effects.contains(&Effect::Leave);
        events.extend(
            effects
                .into_iter()
                .filter_map(|effect| self.perform(effect)),
        );
        Ok((records, leaves))
    }

    /// Folds events into the state. All records that follow from them share one synchronisation; whatever else follows is
    /// done behind them, in order. True: leave.
    pub(super) fn take_in(
        &mut self,
        mut events: VecDeque<Event>,
        due: &mut Due,
    ) -> Result<bool, RuntimeError> {
        let mut leaves = false;
        loop {
            // Nothing follows from nothing.
            let (records, effects) = match events.is_empty() {
                true => Default::default(),
                false => self.fold(events)?,
            };
            due.records.extend(records);
            due.effects.extend(effects);
            if due.behind.is_some() {
                return Ok(leaves);
            }
            let effects = std::mem::take(&mut due.effects);
            if !due.records.is_empty() {
                self.journal.append(std::mem::take(&mut due.records));
                due.behind = Some(effects);
                return Ok(leaves);
            }
            leaves |= effects.contains(&Effect::Leave);
            events = effects
                .into_iter()
                .filter_map(|effect| self.perform(effect))
                .collect();
            if events.is_empty() {
                return Ok(leaves);
            }
        }
    }

    /// What events lead to, and what should be under way after them: records, which are part of the state already
    /// and must be durable before anything else is done, and the other effects.
    fn fold(
        &mut self,
        events: VecDeque<Event>,
    ) -> Result<(Vec<Record>, Vec<Effect>), RuntimeError> {
        let (mut records, mut others) = (Vec::new(), Vec::new());
        let mut sort = |state: &mut State, effects: Vec<Effect>| -> Result<(), RuntimeError> {
            for effect in effects {
                match effect {
                    Effect::Append(record) => {
                        state.apply(&record).map_err(RuntimeError::Contradiction)?;
                        records.push(record);
                    }
                    other => others.push(other),
                }
            }
            Ok(())
        };
        for event in events {
            let effects = update(&mut self.state, event);
            sort(&mut self.state, effects)?;
        }
        loop {
            let effects = schedule(&mut self.state);
            if effects.is_empty() {
                break;
            }
            sort(&mut self.state, effects)?;
        }
        Ok((records, others))
    }
}

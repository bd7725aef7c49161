//! Whom a run tells and listens to.

use crossbeam_channel::Select;

use crate::app::{Message, State};
use crate::journal::Record;

/// What people see of a running study, and what they say to it.
pub trait Interface {
    /// Waits for nothing: input that arrived and what it asks for.
    fn take_messages(&mut self, state: &State) -> Vec<Message>;
    /// Adds to `select` what announces input, if there is any.
    fn watch<'a>(&'a self, select: &mut Select<'a>);
    /// A record became durable and is part of `state`, as those may be that came after it.
    ///
    /// # Errors
    /// Where nobody can be told any more, such as a closed pipe.
    fn recorded(&mut self, record: &Record, state: &State) -> std::io::Result<()>;
    /// Whether input changed what is to be shown, though not the state.
    fn wants_showing(&self) -> bool;
    /// Shows the state, which may have changed.
    ///
    /// # Errors
    /// Where nobody can be told any more.
    fn show(&mut self, state: &State) -> std::io::Result<()>;
    /// Whether the program ends by itself once the study is complete.
    fn leaves_when_complete(&self) -> bool;
}

/// The interface of a run that nobody watches any more, such as after a hang-up: it asks to stop.
pub(super) struct Nobody;

impl Interface for Nobody {
    fn take_messages(&mut self, state: &State) -> Vec<Message> {
        match state.stopping {
            Some(_) => Vec::new(),
            None => vec![Message::Quit],
        }
    }

    fn watch<'a>(&'a self, _: &mut Select<'a>) {}

    fn recorded(&mut self, _: &Record, _: &State) -> std::io::Result<()> {
        Ok(())
    }

    fn wants_showing(&self) -> bool {
        false
    }

    fn show(&mut self, _: &State) -> std::io::Result<()> {
        Ok(())
    }

    fn leaves_when_complete(&self) -> bool {
        true
    }
}

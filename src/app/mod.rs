//! The application: one state, changed only by events, and the loop that carries out what follows.
//!
//! ```text
//! keys, executor, search, signals ──▶ update (pure) ──▶ effects ──▶ runtime performs them
//!                                        ▲                             │ append (durable)
//!                                      State ◀──── apply(record) ◀─────┘
//! ```
//!
//! Whatever must survive is a [`crate::journal::Record`]. The records of all events that arrived together are folded
//! into the state and made durable by one write, on a thread of its own so that keys are answered meanwhile; only then is
//! anything done because of them. Everything else in [`State`] is live: progress, what the search is doing, notices.

mod attempts;
mod budget;
pub mod carried_over;
mod curve;
pub mod draft;
mod ending;
mod estimated;
pub mod evaluating;
pub mod exporting;
mod fold;
mod forecast;
pub mod headless;
mod hypervolume;
mod identity;
pub mod launch;
mod message;
pub mod overview;
mod places;
mod recorded;
pub mod report;
pub mod runtime;
pub mod screen;
pub mod signals;
mod state;
mod update;
mod verdict;
pub mod verify;
pub mod vitals;
pub mod watch;

pub use carried_over::CarriedOver;
pub use curve::{Curve, Stretch};
pub use ending::{Ending, StudyPause};
pub use estimated::EstimateStatus;
pub use evaluating::{Evaluating, EvaluationEvent};
pub use fold::ReplayError;
pub use message::{Effect, Event, Exported, Message};
pub use places::Places;
pub use recorded::RecordedError;
pub use state::{
    DeviceStatus, EvaluationStatus, ExportStatus, LiveTrial, Notice, SearchStatus, Severity, State,
    StudyFacts,
};
pub use update::{schedule, update};
pub use verdict::{Compared, Match, Rival, Side, Verdict, plain_choices};
pub use vitals::{DeviceVitals, Vitals};

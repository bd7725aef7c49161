//! What a study is about: spaces, configurations, trials, measurements, fronts.
//!
//! No I/O, no threads, no clock: everything here is a value or a pure function.

mod belief;
mod cause;
mod configuration;
mod cost_scale;
mod dimension;
mod hypervolume;
mod identity;
mod learning_rate;
mod memory_kills;
mod number;
mod objective;
mod pareto;
mod peft_space;
mod recorded_space;
mod reference_point;
mod rung;
mod search;
mod space;
mod training_room;
mod trial;

pub use belief::Belief;
pub use cause::{Cause, Moment};
pub use configuration::{Configuration, ConfigurationError};
pub use cost_scale::LogCost;
pub use dimension::{Dimension, DimensionKind};
pub use hypervolume::{Hypervolume, HypervolumeMeasure};
pub use identity::{EncoderIdentity, Identity, RowsIdentity};
pub use learning_rate::{LearningRate, LearningRateError, MOST_RATES};
pub use memory_kills::{Killed, MemoryKills};
pub use objective::Objectives;
pub use pareto::{extend_front, front};
pub use peft_space::{LEARNING_RATE, ModuleAxis, PeftSpace};
pub use reference_point::{ReferencePoint, ReferenceRule};
pub use rung::{Ladder, Rung, Rungs, Standing};
pub use search::{Acquisition, CostScale, InitialDesign, ScoreScale, SearchMethod, SurrogateModel};
pub use space::{Point, Space};
pub use training_room::TrainingRoom;
pub use trial::{
    Diagnostics, EpochReport, Job, Measurement, Origin, Progress, Transition, Trial, TrialId,
    TrialState,
};

//! The append-only record of everything that happened in a study; replaying it is the only way state is built.

mod record;

pub use record::{FORMAT_VERSION, Record, Stamped};

//! The screen as a user meets it: drawn at several sizes from replayed journals, and driven by keys.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod drawing;
mod driving;
mod panels;
pub(super) mod studies;

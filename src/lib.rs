//! autopeft: the library behind `autopeft-tui`.
#![recursion_limit = "256"]

pub mod app;
pub mod domain;
mod durable;
pub mod executor;
pub mod export;
pub mod hub;
pub mod journal;
pub mod model;
pub mod search;
pub mod study;
pub mod task;
pub mod train;
pub mod tui;

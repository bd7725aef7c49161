//! The library behind `autopeft-tui`: finds the best parameter-efficient fine-tuning configuration for a pretrained
//! encoder and a task, after AutoPEFT (Zhou, Wan, Vulić, Korhonen; arXiv 2301.12132).
//!
//! # The journey of a trial
//!
//! ```text
//!  study file ─▶ study ─▶ app::launch ─▶ model (files, space), task (rows), journal (what happened so far)
//!                                              │
//!       ┌──────────────────────────────────────▼───────────────────────────────────────┐
//!       │ app::runtime: events ─▶ update (pure) ─▶ effects ─▶ journal first, then act  │◀─ keys ─ tui
//!       └──┬────────────────▲──────────────────┬────────────────▲──────────────────────┘─ state ▶ tui
//!      ask │                │ proposals    job │                │ progress, epochs, measurement
//!          ▼                │                  ▼                │
//!        search ────────────┘             executor ─▶ train ────┘
//!   (surrogate, acquisition)            (worker threads: model, optimiser, evaluation)
//! ```
//!
//! A configuration is proposed by [`search`] as an anonymous point, queued as a trial in the [`journal`], handed to an
//! [`executor`], trained by [`train`] on a backbone that all trials share, measured on the validation rows, recorded,
//! and told to the search with the next ask. The front is what [`export`] hands over, [`evaluation`] measures
//! on rows that the search never saw, and [`report`] tells.
//!
//! # The parts
//!
//! | part | what it is | what it may know |
//! |---|---|---|
//! | [`domain`] | spaces, configurations, trials, fronts: values and pure functions | nothing |
//! | [`search`] | the Bayesian-optimisation engine, ask and tell over anonymous dimensions | `domain` |
//! | [`task`] | labelled text, metrics, splits | `hub`, `memory` |
//! | [`hub`] | downloads and their cache | nothing |
//! | [`study`] | the study file | `domain`, `task`, names of `model::peft`, the grammar of names on the `hub` |
//! | [`model`] | encoders, tokenizers, PEFT modules, on the tensor library | `domain`, `task`, `study`, `hub`, `memory`, `threads` |
//! | [`train`] | one training, step by step | `domain`, `task`, `study`, `model`, `memory` |
//! | [`executor`] | where trainings run | `domain`, `train`, `memory` |
//! | [`journal`] | the append-only record | `domain` |
//! | [`streams`] | standard output and standard error | nothing |
//! | [`threads`] | threads, what limits them, and what is lost on those of libraries | nothing |
//! | [`memory`] | how much there is, and what becomes of it once it is let go | nothing |
//! | [`export`] | the front as files | `domain`, `task`, `study`, `model`, `train` |
//! | [`evaluation`] | configurations trained anew over seeds, beside baselines | `domain`, `task`, `study`, `model`, `train` |
//! | [`report`] | a study on one page | `domain`, `search`, `evaluation` |
//! | [`doctor`] | whether a device computes what it should | `domain`, `study`, `model`, `train` |
//! | [`app`] | state, events, effects, the loop that performs them | all of the above, and `tui` |
//! | [`tui`] | draws a state, turns keys into messages | `domain`, `app`'s state and messages |
//!
//! # Invariants
//!
//! - One program at a time writes a study's journal, whatever becomes of its lock, and notices where another did.
//! - State is a fold over journal records; a record is durable before anything is done because of it.
//! - Rows, encoder and tokenizer are known by their content: a study goes on with what it began with, wherever that lies,
//!   or says what changed; weights, cards and evaluations carry what they belong to.
//! - What follows from an end is decided by its cause, a type; texts are for people.
//! - Of what others wrote only regular files are read, and no more of them than the bound that stands at each reader.
//! - Numbers go to devices and back by [`model::tensor`] alone, which counts them.
//! - What a device does differently is behind [`model::ops::Ops`]; nobody else asks which device it is.
//! - What a score cannot show is said before a trial is trained; a score that is undefined is a failure, never 0.
//! - `search` has no burn, no files and no clock of its own; it keeps no state between two asks.
//! - Where the tensor library loses an operation on a thread of its own, what is read back is no result.
//! - A study trains on no device that computes something else than the processor does, unless that is asked for.
//! - What is handed over, and every score that speaks for a configuration, is an estimate from all measurements of the study,
//!   whatever earlier studies foretold; a card's own score is that of its weights.
//! - `tui` performs nothing; `app::update` is a pure function.
//! - Only [`journal`], [`export`], [`study`] and weights files serialise; the user's own keys and colours are read by
//!   `tui::keymap`. Every file is whole or not there.
//! - A configuration that cannot be trained is a result, not an error; a panic at a worker's edge fails one trial.
//! - What others wrote, in names, labels and texts, is shown by [`visible`] wherever text is plain: on one line, with what a
//!   terminal would obey written out.
//! - Nothing but the interface in charge writes to the terminal; while the screen is up, standard output and error lead
//!   to the log. Only [`streams`] writes to standard output and error, and neither panics nor loses an error silently;
//!   what libraries print is never between the lines of standard output.
//! - How the tensor library works is settled by [`model::device`], before it looks for `burn.toml` or `cubecl.toml` in the
//!   working directory and above, and for its variables: nothing that others write decides what the program does.
//!
//! # Adding to it
//!
//! A PEFT module: a file in `model/peft` and a line in its registry. A device: a folder in `model/ops` and a line of its
//! table. A task: an entry in `task/registry.rs`. A panel:
//! a file in `tui/panels` and a line in its table. An export format: a file in `export` and an entry of its list. A
//! baseline: an entry in `evaluation/baselines.rs`. An executor: a file in `executor` that implements
//! [`executor::Executor`]. An acquisition function: a file in `search/acquisition`. A family of encoders with BERT's
//! layers: a row in `model/architecture.rs`.
#![recursion_limit = "256"]

pub mod app;
mod digest;
pub mod doctor;
pub mod domain;
pub mod durable;
pub mod evaluation;
pub mod executor;
pub mod export;
pub mod hub;
pub mod journal;
mod json;
pub mod markdown;
pub mod memory;
pub mod model;
pub mod regular;
pub mod report;
pub mod search;
pub mod streams;
pub mod study;
pub mod task;
pub mod threads;
pub mod train;
pub mod tui;
pub mod visible;

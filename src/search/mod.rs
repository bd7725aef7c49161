//! The Bayesian-optimisation engine: asked with the history, it answers with the points to try next.
//!
//! It sees anonymous dimensions only ([`crate::domain::Space`]) and two objectives: a noisy score to maximise, which
//! it models, and a cost to minimise, which it is handed as an exact function.
//!
//! The path of one [`Engine::ask`]:
//!
//! ```text
//!  history, pending ──▶ fewer than the initial design? ── yes ──▶ design: random valid points
//!                                   │ no
//!                                   ▼
//!            copula: both objectives to normal scores, the reference point with them
//!                                   ▼
//!            surrogate::saas + nuts: draws of the hyperparameters of a Gaussian process of the score
//!                                   ▼
//!            posterior: the joint of the score at what was measured, is pending, could be tried
//!                                   ▼
//!            acquisition::nehvi, maximised by local_search ──▶ one point, pending for the next of the batch
//! ```
//!
//! What holds:
//! - The engine keeps nothing between two asks: same space, cost, settings, seed, history and pending points, same
//!   proposals, on one thread or many. Random streams are named by (seed, history length, pending length).
//! - A proposal is valid, and is neither in the history, nor pending, nor proposed twice.
//! - Every valid point is proposed before [`SearchError::Exhausted`] is said.
//! - Inside, objectives are maximised. The cost changes its sign in [`engine`], and nowhere else.
//! - No files, no clock but the one that is handed in, no backend of tensors: float64 on the CPU.

mod design;
mod engine;
mod random;
mod worker;

pub use engine::{
    Ask, Clock, Cost, Engine, EngineSettings, Observation, Outcome, Proposal, SearchError,
};
pub use worker::{SearchEvent, SearchWorker};

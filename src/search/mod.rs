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
//!            fit: scores to normal scores (copula), then draws of the hyperparameters of a Gaussian process of
//!                 them (surrogate::saas, nuts)
//!                                   ▼
//!            promise: the exact cost and the joint posterior of the scores at what was measured and is pending
//!                 (posterior), and the hypervolume that a further point adds to their front (acquisition::nehvi)
//!                                   ▼
//!            local_search: the most promising point, pending for the next of the batch
//! ```
//!
//! What holds:
//! - The engine keeps nothing between two asks: same space, cost, settings, seed, history and pending points, same
//!   proposals, on one thread or many. Random streams are named by (seed, history length, pending length).
//! - A proposal is valid, and is neither in the history, nor pending, nor proposed twice.
//! - Every valid point is proposed before [`SearchError::Exhausted`] is said.
//! - Inside, objectives are maximised. The cost changes its sign in `cost_scale`, and nowhere else.
//! - An infeasible point teaches the surrogate nothing; it is only never proposed again.
//! - No files, no clock but the one that is handed in, no backend of tensors: float64 on the CPU.
//!
//! The score is modelled as a normal score because its units and spread differ from task to task; the cost is
//! known, so that no part of the budget goes into learning it, and is on a logarithmic scale unless the study says
//! otherwise (see `cost_scale`).

pub mod acquisition;
pub mod copula;
mod cost_scale;
mod design;
mod encoding;
mod engine;
mod fit;
pub mod hypervolume;
mod kernel;
mod lbfgs;
mod linalg;
mod local_search;
mod method;
mod normal;
pub mod nuts;
pub mod pareto;
pub mod posterior;
mod promise;
mod random;
mod round;
mod score_scale;
mod settings;
pub mod surrogate;
mod worker;

pub use engine::{Ask, Clock, Cost, Engine, Observation, Outcome, Proposal, SearchError};
pub use settings::EngineSettings;
pub use worker::{SearchEvent, SearchWorker};

//! What makes a candidate worth trying: one file per acquisition function.

pub mod ehvi;
pub mod nehvi;

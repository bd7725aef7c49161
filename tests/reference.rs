//! The project's numbers against golden vectors computed by the original libraries.
//!
//! Cases are read from `tests/golden/` and, where the variables `AUTOPEFT_REFERENCE_PEFT` and
//! `AUTOPEFT_REFERENCE_BO` name other folders of the same form, from those too. Only the form is assumed: names,
//! shapes and optional files may differ, unknown files are passed over, and finding no case at all is a failure.
#![allow(
    clippy::unwrap_used,
    reason = "a broken golden file must fail its test"
)]
#![recursion_limit = "256"]

mod reference {
    pub(crate) mod bo;
    pub(crate) mod encoders;
    pub(crate) mod golden;
    pub(crate) mod peft;
    pub(crate) mod text;
}

#[path = "support/peft_case.rs"]
mod peft_case;

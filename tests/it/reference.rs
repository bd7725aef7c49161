//! The project's numbers against golden vectors computed by the original libraries.
//!
//! Cases are read from `tests/golden/` and, where the variables `AUTOPEFT_REFERENCE_PEFT` and
//! `AUTOPEFT_REFERENCE_BO` name other folders of the same form, from those too. Only the form is assumed: names,
//! shapes and optional files may differ, unknown files are passed over, and finding no case at all is a failure.

mod bo;
pub(crate) mod cases;
mod counts;
pub(crate) mod encoders;
mod golden;
pub(crate) mod peft;
mod text;

//! Whether a device computes what it should: every operation and every module on it, beside the processor in 64 bits.
//!
//! ```text
//! Subject (device, its operations) ─▶ checks, one file each ─▶ Rows ─▶ Report: holds, or which rows do not
//!                                                                └───▶ remembered, so that a study asks once
//! ```
//!
//! Drivers and compilers of kernels give wrong numbers at times, and nothing else tells: a study on such a device would be
//! ranked by them. The inputs are drawn from a stream of their own, so a row means the same on every machine.

mod case;
mod facts;
mod modules;
mod operations;
mod products;
mod remembered;
mod report;
mod sixteen_bits;
mod speed;

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::model::device::DeviceChoice;
use crate::model::ops::{self, Ops};
use crate::model::tensor::{DType, Device, Work};
use crate::study::Precision;
use crate::train::fault;
pub use remembered::{Fitness, fitness, remember};
pub use report::Report;

/// What is examined.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The device.
    pub device: Device,
    /// Which it is and why, for people.
    pub device_text: String,
    /// What computes on it.
    pub ops: &'static dyn Ops,
}

/// How much is examined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Whether trainings of this precision are right.
    Precision(Precision),
    /// That of every precision, and how fast the device is.
    Everything,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What it belongs to.
    pub part: &'static str,
    /// What was looked at.
    pub name: String,
    /// What was seen.
    pub finding: Finding,
}

/// What was seen.
#[derive(Clone, Debug, PartialEq)]
pub enum Finding {
    /// Something to know.
    Fact(String),
    /// The largest error, and what is allowed; both relative to the largest number, where that is above 1.
    Error {
        /// The largest error.
        found: f64,
        /// What is allowed.
        bound: f64,
    },
    /// The device could not be brought to do it.
    Failed(String),
    /// It was left out, and why.
    Skipped(String),
}

impl Row {
    /// Whether nothing speaks against the device here.
    pub fn holds(&self) -> bool {
        match &self.finding {
            Finding::Fact(_) | Finding::Skipped(_) => true,
            // An error that is no number holds to nothing.
            Finding::Error { found, bound } => found <= bound,
            Finding::Failed(_) => false,
        }
    }
}

impl Subject {
    /// The device asked for.
    ///
    /// # Errors
    /// It cannot be used.
    pub fn of(choice: DeviceChoice) -> Result<Self, crate::model::device::DeviceError> {
        let (device, device_text) = choice.resolve()?;
        Ok(Self {
            ops: ops::of(&device),
            device,
            device_text,
        })
    }

    fn place(&self, dtype: DType) -> case::Place {
        case::Place {
            ops: self.ops,
            device: self.device.clone(),
            dtype,
        }
    }

    /// Whether it is what others are held against.
    pub fn is_reference(&self) -> bool {
        self.device == Device::flex() && self.ops.name() == ops::of(&self.device).name()
    }
}

/// Examines a device; `seen` hears of every row as soon as it is there.
pub fn examine(subject: &Subject, scope: Scope, seen: &mut dyn FnMut(&Row)) -> Report {
    let mut rows = Vec::new();
    let mut add = |row: Row| {
        seen(&row);
        rows.push(row);
    };
    facts::look(subject, &mut add);
    products::look(subject, scope, &mut add);
    if scope.has(Precision::F32) {
        operations::look(subject, &mut add);
        modules::look(subject, &mut add);
    }
    if scope.has(Precision::Bf16) {
        sixteen_bits::look(subject, &mut add);
    }
    if scope == Scope::Everything {
        speed::look(subject, &mut add);
    }
    Report::new(&subject.device_text, rows)
}

impl Scope {
    /// Whether trainings of this precision are examined. Every precision rests on that of 32 bits: LayerNorms, losses and
    /// the optimiser compute in it.
    fn has(self, precision: Precision) -> bool {
        match self {
            Self::Everything => true,
            Self::Precision(own) => own == precision || precision == Precision::F32,
        }
    }
}

/// What a check brings; a panic of the library is a row that fails. Where the device lost an operation, it is asked once
/// more, as a training is.
fn attempt(
    part: &'static str,
    name: impl Into<String>,
    mut check: impl FnMut() -> Result<Finding, String>,
) -> Row {
    let mut ask = || {
        Work::begin();
        catch_unwind(AssertUnwindSafe(&mut check))
    };
    let found = match ask() {
        Err(panic) if fault::is_lost_operation(panic.as_ref()) => ask(),
        found => found,
    };
    let finding = match found {
        Ok(Ok(finding)) => finding,
        Ok(Err(why)) => Finding::Failed(why),
        Err(panic) => Finding::Failed(fault::told(panic.as_ref())),
    };
    Row {
        part,
        name: name.into(),
        finding,
    }
}

#[cfg(test)]
mod tests;

//! Which devices were found right before, so that a study asks once: a small file in the user's own cache.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

use super::{Report, Row, Scope, Subject, examine, facts};
use crate::durable;
use crate::model::device;
use crate::regular;
use crate::study::Precision;

/// The file holds a line per device and precision; more than this is no file of ours.
const LARGEST_BYTES: u64 = 1 << 20;

/// Whether a study may be trained on a device.
#[derive(Clone, Debug, PartialEq)]
pub enum Fitness {
    /// It was found right, now or before.
    Fit,
    /// These bounds are broken.
    Unfit(Report),
}

/// Remembers what an examination of everything has found right: trainings of every precision that the device has.
pub fn remember(subject: &Subject, report: &Report) {
    if let Some(file) = file() {
        remember_in(&file, subject, report);
    }
}

fn remember_in(file: &Path, subject: &Subject, report: &Report) {
    if subject.is_reference() || !report.broken().is_empty() {
        return;
    }
    let offered = (Precision::ALL.into_iter())
        .filter(|precision| device::offers(&subject.device, *precision));
    keep(file, offered.map(|precision| key(subject, precision)));
}

/// Whether trainings of this precision come out right on a device. It is examined unless it was found right before, with the
/// same driver and the same program; the processor is what others are held against. `begins` hears where it takes a while.
pub fn fitness(
    subject: &Subject,
    precision: Precision,
    begins: &mut dyn FnMut(),
    seen: &mut dyn FnMut(&Row),
) -> Fitness {
    fitness_by(file().as_deref(), subject, precision, begins, seen)
}

/// The same; `file` holds what was found right, none: it is forgotten.
fn fitness_by(
    file: Option<&Path>,
    subject: &Subject,
    precision: Precision,
    begins: &mut dyn FnMut(),
    seen: &mut dyn FnMut(&Row),
) -> Fitness {
    if subject.is_reference() {
        return Fitness::Fit;
    }
    let key = key(subject, precision);
    if file.is_some_and(|file| read(file).contains(&key)) {
        return Fitness::Fit;
    }
    begins();
    let report = examine(subject, Scope::Precision(precision), seen);
    if !report.broken().is_empty() {
        return Fitness::Unfit(report);
    }
    if let Some(file) = file {
        keep(file, [key]);
    }
    Fitness::Fit
}

/// What names a device, what computes on it and how, so that anything else is examined anew.
fn key(subject: &Subject, precision: Precision) -> String {
    format!(
        "{} with {} in {}, {}",
        facts::identity(subject),
        subject.ops.name(),
        precision.name(),
        facts::program()
    )
}

/// Adds to what was found right.
fn keep(file: &Path, keys: impl IntoIterator<Item = String>) {
    let mut found_right = read(file);
    found_right.extend(keys);
    if let Err(error) = write(file, &found_right) {
        // It will be examined once more.
        tracing::warn!(
            "cannot keep in {} that the device was found right: {error}",
            file.display()
        );
    }
}

fn file() -> Option<PathBuf> {
    let folders = etcetera::choose_base_strategy().ok()?;
    Some(
        folders
            .cache_dir()
            .join("autopeft-tui")
            .join("devices.json"),
    )
}

/// What was found right; nothing where there is no file that can be read.
fn read(file: &Path) -> BTreeSet<String> {
    let small = fs::metadata(file).is_ok_and(|data| data.len() <= LARGEST_BYTES);
    let bytes = small
        .then(|| regular::read_into_memory(file).ok())
        .flatten();
    let found = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    found.unwrap_or_default()
}

fn write(file: &Path, found_right: &BTreeSet<String>) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let text = serde_json::to_vec_pretty(found_right)?;
    durable::write_whole(file, |out| out.write_all(&text))
}

#[cfg(test)]
mod tests;

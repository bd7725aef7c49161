//! `doctor`: examines a device.

use std::io;

use anyhow::{Result, bail};
use autopeft::doctor::{Fitness, Scope, Subject, examine, fitness, remember};
use autopeft::model::device::DeviceChoice;
use autopeft::model::format;
use autopeft::study::Study;

use super::args::StudyArguments;
use super::exit::{Done, Unusable};
use super::output::{self, Out};

/// Tells row by row what is found, or all of it as one JSON object; fails where a bound is broken.
pub(crate) fn doctor(device: DeviceChoice, json: bool) -> Result<Done> {
    let subject = Subject::of(device).map_err(|error| Unusable(error.to_string()))?;
    let mut out = output::out();
    let mut written = Ok(());
    let report = examine(&subject, Scope::Everything, &mut |row| {
        if !json && written.is_ok() {
            written = writeln!(out, "{row}");
        }
    });
    written?;
    remember(&subject, &report);
    if json {
        out.lines(report.to_json()? + "\n")?;
    } else {
        verdict(&mut out, &report.verdict())?;
    }
    if !report.broken().is_empty() {
        bail!("the device is not to be trusted: {}", report.verdict());
    }
    Ok(Done::Complete)
}

fn verdict(out: &mut Out, verdict: &str) -> io::Result<()> {
    writeln!(out, "{verdict}")
}

/// Refuses the device of a study if it does not compute what it should, at its first use, unless that was accepted.
pub(crate) fn hold(arguments: &StudyArguments, study: &Study) -> Result<()> {
    let choice = arguments.options().device;
    // What cannot be used at all is told by whoever uses it.
    let Ok(subject) = Subject::of(choice) else {
        return Ok(());
    };
    let precision = study.training.precision;
    // Before a study is begun with it, which it could not go on with otherwise.
    format(precision, &subject.device).map_err(|error| Unusable(error.to_string()))?;
    if subject.is_reference() {
        return Ok(());
    }
    let name = &subject.device_text;
    if arguments.unsafe_device {
        output::tell(format_args!(
            "warning: {name} is used unexamined, as asked for"
        ));
        return Ok(());
    }
    let mut begins = || {
        output::tell(format_args!(
            "first use of {name}: it is examined beside the processor, which takes a while"
        ));
    };
    match fitness(&subject, precision, &mut begins, &mut |row| {
        tracing::debug!("{row}")
    }) {
        Fitness::Fit => Ok(()),
        Fitness::Unfit(report) => bail!(
            "{name} does not compute what it should: {}; `autopeft-tui doctor --device {choice}` tells all, `--device cpu` works everywhere, and `--unsafe-device` uses it all the same",
            report.verdict()
        ),
    }
}

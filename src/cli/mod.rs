//! The command line: arguments, one file per subcommand, and what the process returns.

mod args;
mod begun;
mod check;
mod completions;
mod doctor;
mod downloads;
mod evaluate;
mod exit;
mod export;
mod fidelity;
mod init;
mod keys;
mod log;
mod man;
mod output;
mod pretrain;
mod report;
mod run;
mod settings;
mod status;
mod transfer;
mod verify;
mod watch;

use std::process::ExitCode;

use anyhow::{Context, Result};
use autopeft::app::signals;
use autopeft::{streams, threads};
use clap::Parser;

use args::{Arguments, Command};

/// Does what the command line asks for.
pub(crate) fn main() -> ExitCode {
    std::panic::set_hook(Box::new(output::panicked));
    threads::swallowed::note();
    signals::limits_are_errors();
    match Arguments::try_parse() {
        Ok(arguments) => exit::code(perform(arguments)),
        Err(words) => exit::words(&words),
    }
}

fn perform(arguments: Arguments) -> Result<exit::Done> {
    streams::own().context("cannot keep standard output apart from what libraries print")?;
    let is_text = matches!(
        arguments.command,
        Some(Command::Keys | Command::Completions { .. } | Command::Man)
    );
    if !is_text {
        threads::start_pool()?;
    }
    match (arguments.command, arguments.open) {
        (Some(Command::Run(run)), _) => run::run(
            &run.study,
            run.headless,
            run.json,
            &run.wanted,
            &run.earlier,
        ),
        (Some(Command::Init(arguments)), _) => init::init(arguments),
        (Some(Command::Check(study)), _) => check::check(&study),
        (Some(Command::Status(status)), _) => status::status(&status.study, status.json),
        (Some(Command::Watch(arguments)), _) => watch::watch(&arguments),
        (Some(Command::Export(export)), _) => {
            export::export(&export.study, &export.format, export.out)
        }
        (Some(Command::Evaluate(arguments)), _) => evaluate::evaluate(&arguments),
        (Some(Command::Transfer(arguments)), _) => transfer::transfer(&arguments),
        (Some(Command::Fidelity(arguments)), _) => fidelity::fidelity(&arguments),
        (Some(Command::Report { study, out }), _) => report::report(&study, out),
        (
            Some(Command::Verify {
                folder,
                device,
                predictions,
            }),
            _,
        ) => verify::verify(&folder, device, predictions),
        (Some(Command::Doctor { device, json }), _) => doctor::doctor(device, json),
        (Some(Command::Pretrain(arguments)), _) => pretrain::pretrain(&arguments),
        (Some(Command::Keys), _) => keys::keys(),
        (Some(Command::Completions { shell }), _) => completions::completions(shell),
        (Some(Command::Man), _) => man::man(),
        (None, Some(study)) => run::run(&study, false, false, &[], &[]),
        (None, None) => unreachable!("clap shows the help where no argument is given"),
    }
}

//! `run`, and the command without a subcommand: works on a study.

use std::path::PathBuf;

use anyhow::{Result, bail};
use autopeft::app::headless::Headless;
use autopeft::app::launch::{Begun, delete_leftovers, resolve};
use autopeft::app::runtime::{Ending, Runtime};
use autopeft::app::screen::OnScreen;
use autopeft::app::{ExportStatus, State, signals, vitals};
use autopeft::domain::TrialState;
use autopeft::export::CardHead;
use autopeft::hub::{Hub, HubSettings};
use autopeft::streams;
use autopeft::tui::why_no_screen;

use super::args::StudyArguments;
use super::exit::{Done, Unusable};
use super::{doctor, downloads, log, output, settings};

/// On the screen where there is one to draw on, else headless.
pub(crate) fn run(
    arguments: &StudyArguments,
    headless: bool,
    json: bool,
    wanted: &[PathBuf],
    earlier: &[PathBuf],
) -> Result<Done> {
    let study = arguments.read()?;
    let folder = arguments.run_folder(&study);
    let begun = Begun::in_folder(&folder)?;
    let hub = Hub::new(HubSettings::from_env());
    let resolved = resolve(study, begun.as_ref(), &hub, &mut downloads::teller())?;
    let obstacle = why_no_screen();
    let screen = if !headless && !json && obstacle.is_none() {
        Some((log::to_file(&folder)?, settings::read()?))
    } else {
        if let Some(reason) =
            obstacle.filter(|_| !headless && !json && streams::output_is_terminal())
        {
            output::tell(format_args!("running without the screen, because {reason}"));
        }
        log::to_standard_error();
        None
    };
    doctor::hold(arguments, &resolved.study)?;
    let mut options = arguments.options();
    // One hears signals.
    options.threads = 1 + screen.as_ref().map_or(0, |_| OnScreen::THREADS);
    options.earlier = earlier.to_vec();
    for folder in wanted {
        // Nothing is promised of it here, so that an edited card is as good as any.
        options.wanted.push(CardHead::read(folder)?.configuration);
    }
    let mut runtime = resolved.start(&options)?;
    // Until here a signal ends the program as any other: nothing is under way, and nobody would hear a request.
    runtime.stop_requests = signals::stop_requests()?;
    let ending = match screen {
        Some((log, settings)) => {
            runtime.vitals = vitals::watch()?;
            runtime.run(&mut OnScreen::open(&log, settings)?)?
        }
        None => headless_run(&mut runtime, json)?,
    };
    let (state, journal) = runtime.end();
    if let Err(error) = delete_leftovers(&folder, &state) {
        tracing::warn!("cannot delete leftovers in {}: {error}", folder.display());
    }
    drop(journal);
    conclude(&state, ending)
}

fn headless_run(runtime: &mut Runtime, json: bool) -> Result<Ending> {
    let mut interface = Headless::new(streams::live_output(), json);
    let ending = runtime.run(&mut interface)?;
    if ending != Ending::Complete {
        return Ok(ending);
    }
    // Nothing is left to be done: where nobody listens any more, nothing is lost, and what else went wrong is told with the
    // process's end.
    let _ = interface.conclude(&runtime.state);
    Ok(ending)
}

fn conclude(state: &State, ending: Ending) -> Result<Done> {
    if state.export != ExportStatus::Idle {
        output::tell(format_args!(
            "the export under way was given up; `autopeft-tui export STUDY.toml` writes it"
        ));
    }
    let over = state.trials.iter().filter(|trial| trial.state.is_over());
    let (over, wanted) = (over.count(), state.trials_wanted);
    let finished = state.in_state(TrialState::Finished).count();
    match ending {
        Ending::Complete => Ok(Done::Complete),
        Ending::Interrupted => {
            output::tell(format_args!(
                "stopped after {over} of {wanted} trials; the same command goes on from here"
            ));
            Ok(Done::Interrupted)
        }
        Ending::Unheard(reason) => {
            output::tell(format_args!(
                "stopped after {over} of {wanted} trials: {reason}; the same command goes on from here"
            ));
            Ok(Done::Interrupted)
        }
        Ending::Refused(reason) => Err(Unusable(reason).into()),
        // Nothing was reached that could be feared for.
        Ending::Failed(reason) if finished == 0 => bail!(reason),
        Ending::Failed(reason) => bail!(
            "{reason} ({finished} of {wanted} trials are finished and saved; once this is mended, the same command goes on)"
        ),
    }
}

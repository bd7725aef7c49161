//! What the process returns: 0 done, 1 failed, 2 wrong usage or study, 130 interrupted with everything saved.

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Error, Result};
use autopeft::app::draft::DraftError;
use autopeft::app::launch::LaunchError;
use autopeft::app::overview::OverviewError;
use autopeft::evaluation::EvaluationError;
use autopeft::export::ExportError;
use autopeft::model::SourceError;
use autopeft::streams;
use autopeft::study::StudyError;
use autopeft::task::TaskError;
use autopeft::visible::visible;
use clap::Parser;

use super::args::Arguments;
use super::output;

/// How a command ended well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    /// All that was asked for was done.
    Complete,
    /// Stopped before that, everything saved.
    Interrupted,
}

/// What the command line asks for is not to be had.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct WrongUsage(pub(crate) String);

/// What the study asks for does not fit together: the user has to change something.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Unusable(pub(crate) String);

/// The exit code; errors are told on standard error. What could not be written to standard output or error is one.
pub(crate) fn code(result: Result<Done>) -> ExitCode {
    let written = streams::finish();
    match result.and_then(|done| Ok(written.map(|()| done)?)) {
        Ok(Done::Complete) => ExitCode::SUCCESS,
        Ok(Done::Interrupted) => ExitCode::from(130),
        Err(error) => {
            let told = format!("error: {}", sentence(&error));
            match error.downcast_ref() {
                // Each mistake with its place, in lines that are ours.
                Some(StudyError::Invalid(_)) => output::tell_lines(told),
                _ => output::tell(told),
            }
            ExitCode::from(if is_users(&error) { 2 } else { 1 })
        }
    }
}

/// What the parser of the command line says: what was asked for, such as the help, or what is wrong. The arguments are shown
/// by [`visible`].
pub(crate) fn words(words: &clap::Error) -> ExitCode {
    if words.use_stderr() {
        let shown = std::env::args_os().map(|argument| visible(&argument.to_string_lossy()));
        let text = match Arguments::try_parse_from(shown) {
            // The same mistake, in arguments that are fit to be shown.
            Err(same) if same.kind() == words.kind() => same.render(),
            // Only what was no text is none any more.
            _ => words.render(),
        };
        output::tell_lines(text.to_string().trim_end());
        return ExitCode::from(2);
    }
    let text = words.render();
    let coloured = streams::output_is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let written = match coloured {
        true => write!(streams::output(), "{}", text.ansi()),
        false => write!(streams::output(), "{text}"),
    };
    code(written.map(|()| Done::Complete).map_err(Error::from))
}

/// The error and its causes; a cause that the error has told already is not told again.
fn sentence(error: &Error) -> String {
    let mut told = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !told.contains(&cause) {
            told = format!("{told}: {cause}");
        }
    }
    told
}

/// Whether the command or the study file is to be changed, rather than the machine or the network.
fn is_users(error: &Error) -> bool {
    if error.is::<Unusable>() {
        return true;
    }
    match error.downcast_ref() {
        Some(OverviewError::Launch(error)) => return is_launch_users(error),
        Some(OverviewError::Train(_) | OverviewError::Memory { .. }) => return true,
        Some(OverviewError::Recorded(_)) | None => {}
    }
    if let Some(EvaluationError::Unmeasurable { .. }) = error.downcast_ref() {
        return true;
    }
    match error.downcast_ref() {
        Some(DraftError::Source(error)) => return !matches!(error, SourceError::Hub(_)),
        Some(DraftError::Task(error)) => return !matches!(error, TaskError::Hub(_)),
        Some(_) => return true,
        None => {}
    }
    let is_exports = matches!(
        error.downcast_ref(),
        Some(
            ExportError::OtherStudy { .. }
                | ExportError::NotEmpty { .. }
                | ExportError::OtherFiles { .. }
                | ExportError::NoManifest { .. }
                | ExportError::Card { .. }
                | ExportError::NewerCard { .. }
        )
    );
    is_exports
        || error.downcast_ref().is_some_and(is_launch_users)
        || error.is::<StudyError>()
        || error.is::<WrongUsage>()
}

fn is_launch_users(error: &LaunchError) -> bool {
    match error {
        LaunchError::Source(error) => !matches!(error, SourceError::Hub(_)),
        LaunchError::Task(error) => !matches!(error, TaskError::Hub(_)),
        LaunchError::Journal(_)
        | LaunchError::Recorded(_)
        | LaunchError::Replay { .. }
        | LaunchError::NoFolder { .. }
        | LaunchError::Thread(_) => false,
        _ => true,
    }
}

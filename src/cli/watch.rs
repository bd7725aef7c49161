//! `watch`: looks at a study on which another program works.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use autopeft::app::launch::Begun;
use autopeft::app::screen::OnScreen;
use autopeft::app::signals;
use autopeft::app::watch::Watch;
use autopeft::durable;
use autopeft::tui::{Screen, picture, why_no_screen};

use super::args::WatchArguments;
use super::exit::Done;
use super::{begun, log, output, settings};

/// Shows the study until the user leaves, or draws it once as a picture.
pub(crate) fn watch(arguments: &WatchArguments) -> Result<Done> {
    let study = arguments.study.read()?;
    let folder = arguments.study.run_folder(&study);
    let settings = settings::read()?;
    let mut stalls = |text: &str| output::tell(format_args!("{text}"));
    let mut watch = Watch::begin(&folder, study.search.initial_trials, &mut stalls)?
        .stopping_below(study.search.stop_below);
    let changed = Begun::of(watch.state(), &folder).hold(study).err();
    if let Some(error) = &changed {
        watch.caution(error.to_string());
    }
    if let Some(path) = &arguments.picture {
        watch.settle()?;
        let (width, height) = arguments.size;
        let drawn = picture(&mut Screen::new(settings), watch.state(), width, height);
        write(path, drawn.as_bytes())
            .with_context(|| format!("cannot write {}", path.display()))?;
        begun::warn(changed.as_ref());
        return Ok(Done::Complete);
    }
    if let Some(reason) = why_no_screen() {
        bail!(
            "no screen can be drawn, because {reason}; `autopeft-tui status` tells where the study stands"
        );
    }
    // Not in the run's folder: it may be another user's, and is not this program's to write to.
    let place = tempfile::Builder::new()
        .prefix("autopeft-tui-watch-")
        .tempdir()?;
    let log = log::to_file(place.path())?;
    let stop_requests = signals::stop_requests()?;
    let shown = watch.run(
        &mut OnScreen::open(&log, settings)?.watching(),
        &stop_requests,
    );
    // Kept only where there is something to read.
    if fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
        let _ = place.keep();
    }
    shown?;
    Ok(Done::Complete)
}

/// Writes a picture as a whole file; to a pipe or a device, such as `/dev/stdout`, as it is.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(found) if !found.is_file() => fs::write(path, bytes),
        _ => durable::write_whole(path, |out| out.write_all(bytes)),
    }
}

//! A folder of exports: whose it is, what this program wrote there, and what of that is out of date.
//!
//! A folder belongs to one study. Its manifest comes last and lists the formats and the files that are there, with their
//! SHA-256. The next export brings every format of the folder up to date; what the earlier manifest lists of trials that
//! have left the front is removed where it still is as it was written. What somebody else put there, or changed, is
//! never removed: it is told.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::listing::{Earlier, Member, Named, is_exported, is_file, name_of, top, trial_folders};
use super::{CardHead, ExportError, Front};
use crate::digest;
use crate::domain::{Configuration, Trial, TrialId};

/// What an export did to its folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The files written.
    pub files: Vec<PathBuf>,
    /// What was out of date and is removed: folders of trials, and files.
    pub removed: Vec<PathBuf>,
    /// What is out of date and stays, as it is not as it was written.
    pub left: Vec<PathBuf>,
    /// What somebody changed where a file was to be written, under its new name.
    pub kept: Vec<PathBuf>,
}

impl Written {
    /// What happened besides the writing, a line each.
    pub fn remarks(&self) -> Vec<String> {
        let removed = self.removed.iter();
        let removed =
            removed.map(|path| format!("removed {}: not on the front any more", path.display()));
        let left = self.left.iter().map(|path| {
            let path = path.display();
            format!("left {path}: not on the front any more, but somebody changed it or added to it, or it is not in the manifest")
        });
        let kept = self.kept.iter().map(|path| {
            let path = path.display();
            format!("kept {path}: somebody changed what was exported there")
        });
        removed.chain(left).chain(kept).collect()
    }
}

/// Refuses a folder with an export of another study.
///
/// # Errors
/// It holds one, or cannot be read.
pub(super) fn check_owner(
    front: &Front<'_>,
    folder: &Path,
    earlier: Option<&Earlier>,
) -> Result<(), ExportError> {
    let seed = front.context.study.seed;
    let other = |there: String| {
        Err(ExportError::OtherStudy {
            folder: folder.to_owned(),
            there,
            here: format!("`{}` with seed {seed}", front.name),
        })
    };
    let is_ours = |study: &str, of: u64| study == front.name && of == seed;
    if let Some(earlier) = earlier {
        let Named { name, seed } = &earlier.study;
        if !is_ours(name, *seed) {
            return other(format!("study `{name}` with seed {seed}"));
        }
        for member in &earlier.front {
            let Member {
                trial,
                configuration,
                objectives,
            } = member;
            if !is_trial(front.trials, *trial, configuration, objectives.score) {
                return other(another(name, *trial, configuration, objectives.score));
            }
        }
    }
    for path in trial_folders(folder)? {
        // What has no card of this program's is not an exported trial.
        let Ok(card) = CardHead::read(&path) else {
            continue;
        };
        if !is_ours(&card.study, card.seed) {
            let name = path.display();
            return other(format!(
                "{name}, of study `{}` with seed {}",
                card.study, card.seed
            ));
        }
        if !is_trial(front.trials, card.trial, &card.configuration, card.score) {
            return other(another(
                &card.study,
                card.trial,
                &card.configuration,
                card.score,
            ));
        }
    }
    Ok(())
}

/// A study of the same name and seed with other results, in words.
fn another(name: &str, trial: TrialId, configuration: &Configuration, score: f64) -> String {
    format!("another study `{name}`, whose trial {trial} is {configuration} with score {score}")
}

fn is_trial(trials: &[Trial], id: TrialId, configuration: &Configuration, score: f64) -> bool {
    let trial = trials.get(id.0 as usize);
    let measured = trial.and_then(|trial| Some((&trial.configuration, trial.measurement?)));
    measured.is_some_and(|(known, measurement)| {
        known == configuration && measurement.objectives.score == score
    })
}

/// The files that are this program's after an export, with their SHA-256: those `made` now, and those listed before in
/// folders that are still up to date. Removes what is out of date and still as it was written, and notes it.
///
/// # Errors
/// The folder cannot be read, or something in it not removed.
pub(super) fn tidy(
    folder: &Path,
    earlier: Option<&Earlier>,
    made: BTreeMap<String, String>,
    written: &mut Written,
) -> Result<BTreeMap<String, String>, ExportError> {
    let mut listed = made;
    let current: BTreeSet<String> = listed.keys().map(|name| top(name).to_owned()).collect();
    let mut outdated: BTreeMap<&str, BTreeMap<&str, &str>> = BTreeMap::new();
    for (name, digest) in earlier.into_iter().flat_map(Earlier::files) {
        if !is_exported(top(name)) {
            // Whoever wrote that into the manifest, this program did not.
            continue;
        }
        if !current.contains(top(name)) {
            outdated.entry(top(name)).or_default().insert(name, digest);
        } else if !listed.contains_key(name) && is_file(&folder.join(name)) {
            listed.insert(name.to_owned(), digest.to_owned());
        }
    }
    for (top, files) in &outdated {
        let path = folder.join(top);
        if fs::symlink_metadata(&path).is_err() {
            continue;
        }
        match remove_untouched(folder, &path, files)? {
            true => written.removed.push(path),
            false => written.left.push(path),
        }
    }
    let unlisted = trial_folders(folder)?.into_iter().filter(|path| {
        let name = name_of(folder, path);
        !current.contains(&name) && !outdated.contains_key(name.as_str())
    });
    written.left.extend(unlisted);
    Ok(listed)
}

/// Removes a file, or a folder with all that is in it, where every file there is a listed one and as it was written.
fn remove_untouched(
    folder: &Path,
    path: &Path,
    listed: &BTreeMap<&str, &str>,
) -> Result<bool, ExportError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| ExportError::Read { path, source }
    };
    let (mut files, mut folders, mut ahead) = (Vec::new(), Vec::new(), vec![path.to_owned()]);
    while let Some(path) = ahead.pop() {
        // Links are somebody else's, wherever they lead.
        let kind = fs::symlink_metadata(&path)
            .map_err(failed(&path))?
            .file_type();
        if kind.is_dir() {
            for entry in fs::read_dir(&path).map_err(failed(&path))? {
                ahead.push(entry.map_err(failed(&path))?.path());
            }
            folders.push(path);
            continue;
        }
        let digest = listed.get(name_of(folder, &path).as_str());
        let is_ours = match digest {
            Some(digest) if kind.is_file() => {
                digest::of_file(&path).map_err(failed(&path))? == **digest
            }
            _ => false,
        };
        if !is_ours {
            return Ok(false);
        }
        files.push(path);
    }
    let gone = |path: &PathBuf, done: std::io::Result<()>| {
        done.map_err(|source| ExportError::Write {
            path: path.clone(),
            source,
        })
    };
    for path in &files {
        gone(path, fs::remove_file(path))?;
    }
    for path in folders.iter().rev() {
        // Only an empty one goes: what appeared meanwhile stays.
        gone(path, fs::remove_dir(path))?;
    }
    Ok(true)
}

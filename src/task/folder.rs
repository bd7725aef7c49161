//! The sets of a folder, by the names of its files.

use std::path::{Path, PathBuf};

mod aside;
#[cfg(test)]
mod tests;

use super::files::Set;
use super::read::file_name;
use super::{DataFormat, TaskError};
use crate::visible::listed;

/// Where data sets of the Hugging Face hub keep their files.
const INNER_FOLDER: &str = "data";

/// No more missing files are told.
const MOST_TOLD: usize = 20;

/// A set is in no more files.
const MOST_SHARDS: usize = 99_999;

/// The data files of a folder, and of the folder `data` in it.
pub(super) struct Listing<'f> {
    folder: &'f Path,
    files: Vec<PathBuf>,
    /// Names of further files that are called like a set.
    aside: Vec<String>,
}

impl<'f> Listing<'f> {
    /// Lists them.
    pub(super) fn of(folder: &'f Path, format: Option<DataFormat>) -> Result<Self, TaskError> {
        let mut files = entries(folder)?;
        let inner = folder.join(INNER_FOLDER);
        if inner.is_dir() {
            files.extend(entries(&inner)?);
        }
        files.retain(|path| {
            let of = DataFormat::of(path);
            path.is_file() && of.is_some_and(|of| format.is_none_or(|format| format == of))
        });
        files.sort();
        Ok(Self {
            folder,
            aside: aside::aside(folder, &files),
            files,
        })
    }

    fn wrong(&self, problem: impl std::fmt::Display) -> TaskError {
        TaskError::File {
            path: self.folder.to_owned(),
            problem: problem.to_string(),
        }
    }

    /// The set of the first of these names.
    pub(super) fn needed(&self, names: &[&str]) -> Result<Set, TaskError> {
        if let Some(set) = self.first(names)? {
            return Ok(set);
        }
        let extensions = DataFormat::EXTENSIONS.iter().map(|(name, _)| *name);
        let there = self.files.iter().map(|path| file_name(path));
        let there: Vec<String> = there.chain(self.aside.iter().cloned()).collect();
        let other = match self.aside.is_empty() {
            true => "",
            false => {
                "; packed files, other formats, and folders but this one and `data` in it are not looked into: bring the file there, such as train-00000-of-00002.parquet where it is one of two, or name it with `train_file`"
            }
        };
        let there = match there.is_empty() {
            true => "no data file".to_owned(),
            false => format!("only {}", listed(there.iter().map(String::as_str))),
        };
        Err(self.wrong(format!(
            "no file {} with one of the extensions {} is in the folder, {there}{other}",
            names.join(" or "),
            extensions.collect::<Vec<_>>().join(", ")
        )))
    }

    /// The set of the first of these names that has one.
    pub(super) fn first(&self, names: &[&str]) -> Result<Option<Set>, TaskError> {
        for name in names {
            let named = self.files.iter().filter_map(|path| {
                let shard = Shard::of(path, name)?;
                Some((shard, path.clone()))
            });
            let named: Vec<(Shard, PathBuf)> = named.collect();
            if !named.is_empty() {
                return self.whole(name, named).map(Some);
            }
        }
        Ok(None)
    }

    /// Names of the data files that are in none of these sets.
    pub(super) fn others<'s>(&self, sets: impl Iterator<Item = &'s Set>) -> Vec<String> {
        let used: Vec<&PathBuf> = sets.flat_map(|set| &set.files).collect();
        let others = self.files.iter().filter(|path| !used.contains(path));
        let others = others.map(|path| file_name(path));
        others.chain(self.aside.iter().cloned()).collect()
    }

    /// All files of one name, which must be one table: a single file, or every shard of one number of them.
    fn whole(&self, name: &str, mut named: Vec<(Shard, PathBuf)>) -> Result<Set, TaskError> {
        named.sort();
        let files: Vec<PathBuf> = named.iter().map(|(_, path)| path.clone()).collect();
        let (first, _) = &named[0];
        let alike = named.iter().all(|(shard, path)| {
            shard.of == first.of
                && path.extension() == files[0].extension()
                && path.parent() == files[0].parent()
        });
        let twice = named.windows(2).any(|pair| pair[0].0 == pair[1].0);
        if !alike || twice {
            let shown: Vec<String> = files
                .iter()
                .map(|path| path.display().to_string())
                .collect();
            return Err(self.wrong(format!(
                "several files may be the set `{name}`: {}; name the one to use with `train_file`, `validation_file` and `test_file`, or remove the others",
                listed(shown.iter().map(String::as_str))
            )));
        }
        let missing =
            (0..first.of).filter(|number| named.iter().all(|(shard, _)| shard.number != *number));
        let missing: Vec<String> = missing.map(|number| number.to_string()).collect();
        let told = match missing.len().saturating_sub(MOST_TOLD) {
            0 => missing.join(", "),
            more => format!("{} and {more} more", missing[..MOST_TOLD].join(", ")),
        };
        if !missing.is_empty() || files.len() > first.of {
            return Err(self.wrong(format!(
                "the set `{name}` is in {} files ({}), of which these are missing, counted from 0: {}",
                first.of,
                listed(files.iter().map(|path| file_name(path)).collect::<Vec<_>>().iter().map(String::as_str)),
                told
            )));
        }
        Ok(Set {
            files,
            optional: false,
        })
    }
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, TaskError> {
    if !folder.is_dir() {
        return Err(TaskError::File {
            path: folder.to_owned(),
            problem: "there is no such folder".into(),
        });
    }
    let unreadable = |source| TaskError::Io {
        path: folder.to_owned(),
        source,
    };
    let entries = std::fs::read_dir(folder).map_err(unreadable)?;
    entries
        .map(|entry| entry.map(|entry| entry.path()).map_err(unreadable))
        .collect()
}

/// Which part of a set a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shard {
    number: usize,
    pub(super) of: usize,
}

impl Shard {
    /// Of a file that belongs to the set `name`: `name.extension`, or after the hub's manner `name-00001-of-00002.extension`,
    /// perhaps with a digest before the extension.
    fn of(path: &Path, name: &str) -> Option<Self> {
        let stem = path.file_stem()?.to_str()?.to_ascii_lowercase();
        let rest = stem.strip_prefix(name)?;
        match rest.is_empty() {
            true => Some(Self { number: 0, of: 1 }),
            false => Self::numbered(rest),
        }
    }

    /// Of a file that was named by its whole name, if it is one of several.
    pub(super) fn in_name(path: &Path) -> Option<Self> {
        let stem = path.file_stem()?.to_str()?;
        let place = stem.find("-of-")?;
        let start = stem[..place].rfind('-')?;
        Self::numbered(&stem[start..]).filter(|shard| shard.of > 1)
    }

    /// `-00001-of-00002`, or with a digest behind it.
    fn numbered(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix('-')?.split('-');
        let (number, of, count, digest) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next());
        let is_digest =
            |text: &str| text.len() >= 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let plain = of == "of" && digest.is_none_or(is_digest) && parts.next().is_none();
        // The hub counts with five digits; a name of more is called so by chance.
        let count_of = |text: &str| text.parse().ok().filter(|count| *count <= MOST_SHARDS);
        let shard = Self {
            number: count_of(number)?,
            of: count_of(count)?,
        };
        (plain && shard.of > 0).then_some(shard)
    }
}

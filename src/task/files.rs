//! Where a task's rows lie.

use std::path::{Path, PathBuf};

use super::folder::Listing;
use super::registry::HubData;
use super::{TaskError, TaskSettings, ValidationSplit};
use crate::hub::{Hub, HubProgress, Repository};

/// What a validation file may be called, besides the name of the task's own split.
const VALIDATION_NAMES: [&str; 5] = ["validation", "dev", "dev_matched", "valid", "val"];

/// The files of a task.
#[derive(Debug)]
pub(super) struct Files {
    /// Rows to train on.
    pub(super) train: Set,
    /// The dev set.
    pub(super) validation: Option<Set>,
    /// Rows kept apart.
    pub(super) test: Option<Set>,
    /// Names of the folder's data files that are in no set.
    pub(super) unused: Vec<String>,
}

/// Files that are one table.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Set {
    /// One, or the shards in their order.
    pub(super) files: Vec<PathBuf>,
    /// Whether the set was found rather than asked for, so that one without labels may be passed over.
    pub(super) optional: bool,
}

impl Set {
    fn named(path: &Path) -> Self {
        Self {
            files: vec![path.to_owned()],
            optional: false,
        }
    }

    fn optional(self) -> Self {
        Self {
            optional: true,
            ..self
        }
    }
}

impl Files {
    /// Finds what the settings name: files, a folder, or else the task on the hub.
    pub(super) fn find(
        settings: &TaskSettings,
        on_hub: Option<HubData>,
        hub: &Hub,
        progress: &mut dyn FnMut(HubProgress),
    ) -> Result<Self, TaskError> {
        let from_dev = settings.validation == ValidationSplit::Dev;
        if let Some(train) = &settings.train_file {
            if from_dev && settings.validation_file.is_none() {
                return Err(settings.wrong(
                    "`train_file` is given without `validation_file`; name one, or take a share of the training rows for validation",
                ));
            }
            return Ok(Self {
                train: Set::named(train),
                validation: settings.validation_file.as_deref().map(Set::named),
                test: settings.test_file.as_deref().map(Set::named),
                unused: Vec::new(),
            });
        }
        if settings.validation_file.is_some() || settings.test_file.is_some() {
            return Err(settings.wrong("files are named, but no `train_file` among them"));
        }
        if let Some(folder) = &settings.folder {
            let own = on_hub.map(|hub| hub.validation);
            let names: Vec<&str> = own.into_iter().chain(VALIDATION_NAMES).collect();
            let listing = Listing::of(folder, settings.format)?;
            let train = listing.needed(&["train"])?;
            let validation = match from_dev {
                true => Some(listing.needed(&names)?),
                false => listing.first(&names)?.map(Set::optional),
            };
            let test = listing.first(&["test"])?.map(Set::optional);
            let sets = [&train].into_iter().chain(&validation).chain(&test);
            return Ok(Self {
                unused: listing.others(sets),
                train,
                validation,
                test,
            });
        }
        let Some(data) = on_hub else {
            return Err(settings.wrong(
                "its columns are named, but no `folder` or `train_file` to read them from",
            ));
        };
        let repository = Repository::dataset(data.dataset);
        let mut split = |name: &str| {
            let file = hub.file(&repository, &data.file(name), progress);
            file.map(|path| Set::named(&path))
        };
        Ok(Self {
            train: split("train")?,
            validation: Some(split(data.validation)?),
            test: None,
            unused: Vec::new(),
        })
    }
}

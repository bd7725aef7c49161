//! Where a task's rows lie.

use std::path::{Path, PathBuf};

use super::registry::HubData;
use super::{DataFormat, TaskError, TaskSettings, ValidationSplit};
use crate::hub::{Hub, HubProgress, Repository};

/// What a validation file may be called, besides the name of the task's own split.
const VALIDATION_NAMES: [&str; 5] = ["validation", "dev", "dev_matched", "valid", "val"];

/// The files of a task.
pub(super) struct Files {
    /// Rows to train on.
    pub(super) train: PathBuf,
    /// The dev set.
    pub(super) validation: Option<PathBuf>,
    /// Rows kept apart.
    pub(super) test: Option<PathBuf>,
}

impl Files {
    /// Every file.
    pub(super) fn all(&self) -> Vec<PathBuf> {
        let others = self.validation.iter().chain(&self.test);
        [&self.train].into_iter().chain(others).cloned().collect()
    }

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
                train: train.clone(),
                validation: settings.validation_file.clone(),
                test: settings.test_file.clone(),
            });
        }
        if settings.validation_file.is_some() || settings.test_file.is_some() {
            return Err(settings.wrong("files are named, but no `train_file` among them"));
        }
        if let Some(folder) = &settings.folder {
            let own = on_hub.map(|hub| hub.validation);
            let names: Vec<&str> = own.into_iter().chain(VALIDATION_NAMES).collect();
            let validation = in_folder(folder, &names, settings.format);
            return Ok(Self {
                train: in_folder(folder, &["train"], settings.format)?,
                validation: if from_dev {
                    Some(validation?)
                } else {
                    validation.ok()
                },
                test: None,
            });
        }
        let Some(data) = on_hub else {
            return Err(settings.wrong(
                "its columns are named, but no `folder` or `train_file` to read them from",
            ));
        };
        let repository = Repository::dataset(data.dataset);
        let mut split = |name: &str| hub.file(&repository, &data.file(name), progress);
        Ok(Self {
            train: split("train")?,
            validation: Some(split(data.validation)?),
            test: None,
        })
    }
}

/// The file of the first of these names in a folder: `name.extension`, or the hub's `name-00000-of-00001.parquet`.
fn in_folder(
    folder: &Path,
    names: &[&str],
    format: Option<DataFormat>,
) -> Result<PathBuf, TaskError> {
    let wrong = |problem: String| TaskError::File {
        path: folder.to_owned(),
        problem,
    };
    if !folder.is_dir() {
        return Err(wrong("there is no such folder".into()));
    }
    for name in names {
        let mut found: Vec<PathBuf> = DataFormat::EXTENSIONS
            .into_iter()
            .filter(|(_, of)| format.is_none_or(|format| format == *of))
            .map(|(extension, _)| folder.join(format!("{name}.{extension}")))
            .chain([folder.join(format!("{name}-00000-of-00001.parquet"))])
            .filter(|path| path.is_file())
            .collect();
        match (found.pop(), found.pop()) {
            (Some(only), None) => return Ok(only),
            (Some(a), Some(b)) => {
                return Err(wrong(format!(
                    "there are both {} and {}; name the one to use with `train_file` and `validation_file`",
                    b.display(),
                    a.display()
                )));
            }
            (None, _) => {}
        }
    }
    let extensions: Vec<&str> = DataFormat::EXTENSIONS
        .iter()
        .map(|(name, _)| *name)
        .collect();
    Err(wrong(format!(
        "no file {} with one of the extensions {} is in the folder",
        names.join(" or "),
        extensions.join(", ")
    )))
}

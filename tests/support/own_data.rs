//! Tasks from files that a test writes.

use std::path::Path;

use autopeft::hub::{Hub, HubSettings};
use autopeft::task::{
    Dataset, Edition, Label, Labels, MissingLabels, QuotedLines, TaskError, TaskSettings,
    ValidationSplit, load,
};

/// A known task from a folder.
pub(crate) fn settings(name: &str, folder: &Path) -> TaskSettings {
    TaskSettings {
        folder: Some(folder.to_owned()),
        ..known(name)
    }
}

/// A known task from the hub.
pub(crate) fn known(name: &str) -> TaskSettings {
    TaskSettings {
        name: name.to_owned(),
        folder: None,
        train_file: None,
        validation_file: None,
        test_file: None,
        format: None,
        text_columns: Vec::new(),
        label_column: None,
        regression: false,
        labels: Vec::new(),
        missing_labels: MissingLabels::Refuse,
        quoted_lines: QuotedLines::Check,
        metric: None,
        positive_label: None,
        validation: ValidationSplit::Dev,
        train_rows: None,
        validation_rows: None,
        edition: Edition::LATEST,
    }
}

/// Files of one's own, with the columns `a`, `b` and `label`.
pub(crate) fn own(folder: &Path, train: &str, validation: &str) -> TaskSettings {
    TaskSettings {
        folder: None,
        train_file: Some(folder.join(train)),
        validation_file: Some(folder.join(validation)),
        text_columns: vec!["a".to_owned(), "b".to_owned()],
        label_column: Some("label".to_owned()),
        ..settings("mine", folder)
    }
}

/// Files of one's own, with the columns `text` and `label`.
pub(crate) fn single(folder: &Path, train: &str, validation: &str) -> TaskSettings {
    TaskSettings {
        text_columns: vec!["text".to_owned()],
        ..own(folder, train, validation)
    }
}

pub(crate) fn loaded(settings: &TaskSettings) -> Result<Dataset, TaskError> {
    let offline = [("HF_HOME", "/nowhere"), ("HF_HUB_OFFLINE", "1")];
    let hub = Hub::new(HubSettings::from_variables(|name| {
        let found = offline.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    }));
    load(settings, 7, &hub, &mut |_| {})
}

pub(crate) fn problem(settings: &TaskSettings) -> String {
    loaded(settings).unwrap_err().to_string()
}

pub(crate) fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

/// How often each class occurs.
pub(crate) fn counts(rows: &[autopeft::task::Example], classes: usize) -> Vec<usize> {
    let mut counts = vec![0; classes];
    for row in rows {
        if let Label::Class(class) = row.label {
            counts[class] += 1;
        }
    }
    counts
}

/// Classes by name.
pub(crate) fn classes(names: &[&str]) -> Labels {
    Labels::Classes(names.iter().map(|&name| name.to_owned()).collect())
}

/// Holds that a text has every one of these parts.
pub(crate) fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in: {text}");
    }
}

//! What a program makes of files that somebody else hands over with adapters, and of data for a new study: targets of
//! fuzzing, as in `hostile.rs`.

use std::fs;

use autopeft::app::draft::{Wishes, draft};
use autopeft::export::{AdapterCard, CardHead, changes, listed_trials};
use autopeft::hub::{Hub, HubSettings};
use autopeft::study::{ModelSource, Study, StudyName};
use autopeft::task::{MissingLabels, Predicted, QuotedLines};

use super::hostile::{keeps, scratch};

/// The card of an exported adapter, or the manifest of an export's folder: the first byte chooses.
pub(crate) fn card(bytes: &[u8]) {
    let Some((first, content)) = bytes.split_first() else {
        return;
    };
    let folder = scratch("card");
    let (trial, manifest) = (folder.join("trial-0001"), folder.join("manifest.json"));
    let (file, other) = match first % 2 {
        0 => (trial.join(AdapterCard::FILE), manifest),
        _ => (manifest, trial.join(AdapterCard::FILE)),
    };
    // What an earlier input left there is none of this one's.
    let _ = fs::remove_file(other);
    if fs::create_dir_all(&trial)
        .and_then(|()| fs::write(file, content))
        .is_err()
    {
        return;
    }
    match AdapterCard::read(&trial) {
        Ok(card) => keeps(&card),
        Err(error) => drop(error.to_string()),
    }
    let _ = CardHead::read(&trial).map_err(|error| error.to_string());
    if let Ok(Some(listed)) = listed_trials(&folder) {
        for path in listed {
            let inside = path
                .strip_prefix(&folder)
                .map(|path| path.components().count());
            assert_eq!(inside, Ok(1), "{} is in the folder", path.display());
        }
    }
    let _ = changes(&folder).map_err(|error| error.to_string());
}

/// A file of rows from which a new study is drafted, the first two bytes being what the user says of it. What is proposed
/// is a study file that names the same file, columns and labels.
pub(crate) fn init(bytes: &[u8]) {
    let [first, second, content @ ..] = bytes else {
        return;
    };
    let said = |bit: u8| second & (1 << bit) != 0;
    let folder = scratch("init");
    let extension = ["jsonl", "csv", "tsv", "parquet", "json"][usize::from(first % 5)];
    let stem = match said(0) {
        false => "rows",
        true => "ro ws\"\n[task]\n'#\u{202e}",
    };
    let train = folder.join(format!("{stem}.{extension}"));
    if fs::write(&train, content).is_err() {
        return;
    }
    let Some(name) = StudyName::new("mine") else {
        return;
    };
    let named = |name: &str| said(1).then(|| name.to_owned());
    let wishes = Wishes {
        name,
        folder: folder.clone(),
        model: ModelSource::Embedded,
        train: train.clone(),
        validation: None,
        test: None,
        text_columns: named("text").into_iter().collect(),
        label_column: named("label"),
        predicted: match second >> 2 & 3 {
            1 => Some(Predicted::Classes),
            2 => Some(Predicted::Amounts),
            _ => None,
        },
        labels: Vec::new(),
        missing_labels: match said(4) {
            false => MissingLabels::Refuse,
            true => MissingLabels::Drop,
        },
        quoted_lines: match said(5) {
            false => QuotedLines::Check,
            true => QuotedLines::Trust,
        },
    };
    let hub = Hub::new(HubSettings::from_variables(|_| None));
    let drafted = match draft(wishes, &hub, &mut |_| ()) {
        Ok(drafted) => drafted,
        Err(error) => return drop(error.to_string()),
    };
    let text = drafted.to_string();
    let study = match Study::parse(&text, &folder.join("mine.toml"), &folder) {
        Ok(study) => study,
        Err(error) => panic!("{error}\n{text}"),
    };
    keeps(&study);
    let task = &study.task;
    assert_eq!(task.train_file.as_ref(), Some(&train), "{text}");
    assert_eq!(task.text_columns, drafted.text_columns, "{text}");
    assert_eq!(
        task.label_column.as_ref(),
        Some(&drafted.label_column),
        "{text}"
    );
    assert_eq!(task.labels, drafted.labels, "{text}");
    assert_eq!(task.regression, drafted.regression, "{text}");
    assert_eq!(task.metric, Some(drafted.metric.0), "{text}");
    assert_eq!(task.missing_labels, drafted.missing_labels, "{text}");
    assert_eq!(task.quoted_lines, drafted.quoted_lines, "{text}");
    assert_eq!(study.training.max_length, drafted.max_length.0, "{text}");
    assert_eq!(study.model, ModelSource::Embedded, "{text}");
}

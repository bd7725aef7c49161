//! The section [task] of a study file.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use toml::de::DeValue;

use super::document::{Document, mismatch, number};
use super::known::{DEMO, nearest, tasks};
use super::parse::resolve;
use crate::task::{
    self, DataFormat, Edition, Metric, MissingLabels, QuotedLines, TaskSettings, ValidationSplit,
    plain_name,
};

/// Reads the section; none only where a mistake was noted.
pub(super) fn read(document: &mut Document<'_>, folder: &Path) -> Option<TaskSettings> {
    let section = "task";
    let name = document.text(section, "name");
    let mut path = |key| -> Option<PathBuf> {
        let text = document.text(section, key)?;
        Some(resolve(folder, &text))
    };
    let [data_folder, train_file, validation_file, test_file] =
        ["folder", "train_file", "validation_file", "test_file"].map(&mut path);
    let format = document.text(section, "format");
    let text_columns = document.texts(section, "text_columns").unwrap_or_default();
    let labels = document.texts(section, "labels").unwrap_or_default();
    let missing_labels = document.text(section, "missing_labels");
    let quoted_lines = document.text(section, "quoted_lines");
    let metric = document.text(section, "metric");
    let settings = TaskSettings {
        name: name?,
        folder: data_folder,
        train_file,
        validation_file,
        test_file,
        format: format.as_deref().and_then(format_named),
        text_columns: text_columns.into_iter().map(|(text, _)| text).collect(),
        label_column: document.text(section, "label_column"),
        regression: document.switch(section, "regression")?,
        labels: labels
            .into_iter()
            .map(|(text, _)| text.trim().to_owned())
            .collect(),
        missing_labels: match missing_labels.as_deref() {
            Some("drop") => MissingLabels::Drop,
            _ => MissingLabels::Refuse,
        },
        quoted_lines: match quoted_lines.as_deref() {
            Some("trust") => QuotedLines::Trust,
            _ => QuotedLines::Check,
        },
        metric: metric.as_deref().and_then(|name| name.parse().ok()),
        positive_label: document.text(section, "positive_label"),
        validation: validation(document)?,
        train_rows: document
            .count(section, "train_rows")
            .map(|rows| rows as usize),
        validation_rows: document
            .count(section, "validation_rows")
            .map(|rows| rows as usize),
        edition: Edition::LATEST,
    };
    check(document, &settings);
    Some(settings)
}

fn validation(document: &mut Document<'_>) -> Option<ValidationSplit> {
    document.value("task", "validation", |value, key| match value.get_ref() {
        DeValue::String(text) if text == "dev" => Ok(ValidationSplit::Dev),
        _ => number(value)
            .filter(|share| *share > 0.0 && *share < 1.0)
            .map(ValidationSplit::TrainShare)
            .ok_or_else(|| mismatch(value, key)),
    })
}

fn check(document: &mut Document<'_>, task: &TaskSettings) {
    let known = tasks().contains(&task.name.as_str());
    let columns = !task.text_columns.is_empty();
    if !known && !columns {
        let names = tasks();
        let mut help = Vec::new();
        if let Some(near) = nearest(&task.name, names.iter().copied()) {
            help.push(format!("did you mean \"{near}\"?"));
        }
        help.push(format!("known tasks: {}", names.join(", ")));
        help.push("for data of your own give text_columns, label_column and the files".into());
        let help: Vec<&str> = help.iter().map(String::as_str).collect();
        let message = format!("unknown task \"{}\"", task.name);
        document.wrong("task", "name", message, &help);
    }
    if document.span("task", "text_columns").is_some()
        && !(1..=2).contains(&task.text_columns.len())
    {
        let message = format!(
            "`text_columns` must name one column, or two for pairs; found {}",
            task.text_columns.len()
        );
        document.wrong("task", "text_columns", message, &[]);
    }
    if columns && task.label_column.is_none() {
        let message = "`text_columns` is given without `label_column`".to_owned();
        document.wrong(
            "task",
            "text_columns",
            message,
            &["add label_column = \"...\""],
        );
    }
    if task.label_column.is_some() && !columns && document.span("task", "text_columns").is_none() {
        let message = "`label_column` is given without `text_columns`".to_owned();
        document.wrong(
            "task",
            "label_column",
            message,
            &["add text_columns = [\"...\"]"],
        );
    }
    check_columns(document, task);
    check_labels(document, task);
    check_files(document, task, known);
    check_metric(document, task, known);
}

/// Notes columns that stand in two places: a label among the texts would be read off, not predicted.
fn check_columns(document: &mut Document<'_>, task: &TaskSettings) {
    let leaks = |column: &&String| task.label_column.as_ref() == Some(*column);
    if let Some(column) = task.text_columns.iter().find(leaks) {
        let message = format!("`text_columns` names the label's column \"{column}\"");
        let help = "the label would be read off the text, not predicted: name other columns";
        document.wrong("task", "text_columns", message, &[help]);
    }
    if let [first, second] = &task.text_columns[..]
        && first == second
    {
        let message = format!("`text_columns` names \"{first}\" twice");
        document.wrong("task", "text_columns", message, &["name each column once"]);
    }
}

fn check_labels(document: &mut Document<'_>, task: &TaskSettings) {
    let section = "task";
    if document.span(section, "labels").is_none() {
        return;
    }
    let mut wrong = |message: String, help: &str| {
        document.wrong(section, "labels", message, &[help]);
    };
    let names: Vec<_> = task.labels.iter().map(|name| plain_name(name)).collect();
    let mut seen = BTreeSet::new();
    let mut repeated = names.iter().filter(|name| !seen.insert(*name));
    if task.text_columns.is_empty() {
        let message = format!("the classes of the task \"{}\" are known", task.name);
        wrong(message, "remove the key; it is for data of your own");
    } else if task.regression {
        let message = "`labels` names classes, but `regression` makes the labels numbers";
        wrong(message.to_owned(), "keep one of them");
    } else if let Some(name) = repeated.next() {
        let message = format!("the class \"{name}\" is named twice");
        wrong(message, "name each class once, in the order of its number");
    } else if task.labels.len() < 2 {
        let message = format!(
            "`labels` names {} class; at least two are needed",
            task.labels.len()
        );
        wrong(message, "name all classes, in the order of their numbers");
    }
}

fn check_files(document: &mut Document<'_>, task: &TaskSettings, known: bool) {
    if !known && task.folder.is_none() && task.train_file.is_none() && !task.text_columns.is_empty()
    {
        let message = format!("the task \"{}\" has no data", task.name);
        let help = ["give train_file and validation_file, or folder"];
        document.wrong("task", "name", message, &help);
    }
    if task.folder.is_some() && task.train_file.is_some() {
        let message = "[task] gives both `folder` and `train_file`".to_owned();
        document.wrong("task", "train_file", message, &["keep one of them"]);
    }
    for (name, file) in [
        ("validation_file", &task.validation_file),
        ("test_file", &task.test_file),
    ] {
        if file.is_some() && task.train_file.is_none() {
            let message = format!("`{name}` is given without `train_file`");
            document.wrong("task", name, message, &["add train_file = \"...\""]);
        }
    }
    let lacks_dev = task.train_file.is_some() && task.validation_file.is_none();
    if lacks_dev && task.validation == ValidationSplit::Dev {
        let message = "the search is to measure on the dev set, but there is no `validation_file`";
        let help = ["add validation_file, or give validation a share such as 0.1"];
        document.wrong("task", "validation", message.to_owned(), &help);
    }
    if task.name == DEMO && (task.folder.is_some() || task.train_file.is_some()) {
        let name = if task.folder.is_some() {
            "folder"
        } else {
            "train_file"
        };
        let message = "the task \"demo\" makes its own rows and reads no files".to_owned();
        document.wrong("task", name, message, &["remove it, or name another task"]);
    }
}

fn check_metric(document: &mut Document<'_>, task: &TaskSettings, known: bool) {
    if task.positive_label.is_some() && task.metric != Some(Metric::F1) {
        let message = "`positive_label` is the class that F1 counts, and the metric is another";
        let help = ["remove it, or set metric = \"f1\""];
        document.wrong("task", "positive_label", message.to_owned(), &help);
    }
    let Some(metric) = task.metric else { return };
    let correlates = matches!(metric, Metric::Pearson | Metric::Spearman);
    let regression = match known && !task.is_own_data() {
        true => task::known(&task.name).is_some_and(|known| known.classes.is_none()),
        false => task.regression,
    };
    if correlates != regression {
        let (labels, allowed) = if regression {
            ("numbers", "pearson, spearman")
        } else {
            ("classes", "accuracy, f1, macro_f1, matthews")
        };
        let message = format!("this metric does not fit: the labels are {labels}");
        let mut help = vec![format!("metrics for {labels}: {allowed}")];
        if !known {
            help.push("regression = true makes the labels numbers".into());
        }
        let help: Vec<&str> = help.iter().map(String::as_str).collect();
        document.wrong("task", "metric", message, &help);
    }
}

fn format_named(name: &str) -> Option<DataFormat> {
    match name {
        "jsonl" => Some(DataFormat::Jsonl),
        "csv" => Some(DataFormat::Csv),
        "tsv" => Some(DataFormat::Tsv),
        "parquet" => Some(DataFormat::Parquet),
        _ => None,
    }
}

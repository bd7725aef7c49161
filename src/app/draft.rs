//! A new study for data of one's own: looks at files and encoder, and proposes every value that the look can tell.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::hub::{Hub, HubProgress};
use crate::model::{LoadError, ModelFiles, SourceError, Tokenizer, TokenizerError};
use crate::study::{Draft, ModelSource, StudyName};
use crate::task::{
    Dataset, Edition, Label, Labels, Metric, MissingLabels, QuotedLines, Resolution, Sketch,
    TaskError, TaskSettings, ValidationSplit, load, visible,
};

/// Longer than any text.
const NO_LIMIT: usize = 1_000_000;
/// Rows whose tokens are counted.
const ROWS_COUNTED: usize = 5000;
/// Longest rows that are proposed, whatever the encoder takes: time and memory grow with them.
const LONGEST: usize = 256;
/// More rows than this in training, and the search sees only a share of them.
const MANY_ROWS: usize = 20_000;
/// Rows that a trial of the search then sees.
const ROWS_SEARCHED: f64 = 10_000.0;
/// Steps of a training that suffice for small modules.
const STEPS: usize = 2000;
/// A class with more than this share of the rows makes accuracy a weak score.
const LOPSIDED: f64 = 0.65;

/// What the user says of a new study; what is left out is guessed from the data.
#[derive(Clone, Debug)]
pub struct Wishes {
    /// Name of the study.
    pub name: StudyName,
    /// Absolute folder of the study file.
    pub folder: PathBuf,
    /// The backbone.
    pub model: ModelSource,
    /// Training rows, absolute.
    pub train: PathBuf,
    /// Validation (dev) rows, absolute.
    pub validation: Option<PathBuf>,
    /// Test rows, absolute.
    pub test: Option<PathBuf>,
    /// The text's column, or the two of a pair; empty: to be guessed.
    pub text_columns: Vec<String>,
    /// The label's column.
    pub label_column: Option<String>,
    /// The classes in their order; empty: those that the files tell.
    pub labels: Vec<String>,
    /// What to do with rows whose label is missing.
    pub missing_labels: MissingLabels,
}

/// Why no study can be proposed.
#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    /// The data cannot be used.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// The model cannot be found.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The model's configuration cannot be used.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The tokenizer or a text cannot be used.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// Nothing tells which column is the label.
    #[error("{path}: which column is the label? name it with --label; the columns are {columns}")]
    NoLabel {
        /// The file.
        path: PathBuf,
        /// What there is to choose from.
        columns: String,
    },
    /// The column that is named as the label numbers the rows.
    #[error(
        "{path}: the column `{label}` counts the rows from the first to the last, and is no label; name another with --label; the columns are {columns}"
    )]
    CountsRows {
        /// The file.
        path: PathBuf,
        /// The column.
        label: String,
        /// What there is to choose from.
        columns: String,
    },
    /// Nothing tells which columns are the texts.
    #[error(
        "{path}: which column is the text? name it, or the two of a pair, with --text; the columns are {columns}"
    )]
    NoText {
        /// The file.
        path: PathBuf,
        /// What there is to choose from.
        columns: String,
    },
}

/// Looks at data and model and proposes a study; `progress` hears of downloads.
///
/// # Errors
/// See [`DraftError`].
pub fn draft(
    wishes: Wishes,
    hub: &Hub,
    progress: &mut dyn FnMut(HubProgress),
) -> Result<Draft, DraftError> {
    let sketch = Sketch::of(&wishes.train, None)?;
    let columns = || {
        let names: Vec<&str> = sketch.columns.iter().map(|c| c.name.as_str()).collect();
        visible(&names.join(", "))
    };
    let label = match &wishes.label_column {
        Some(name) => sketch.columns.iter().find(|c| c.name == *name),
        None => sketch.label(),
    };
    let Some(label) = label else {
        let (path, columns) = (wishes.train, columns());
        return Err(DraftError::NoLabel { path, columns });
    };
    if label.counts {
        return Err(DraftError::CountsRows {
            path: wishes.train,
            label: visible(&label.name),
            columns: columns(),
        });
    }
    let text_columns = match wishes.text_columns.is_empty() {
        false => wishes.text_columns.clone(),
        true => sketch
            .texts(&label.name)
            .iter()
            .map(|c| c.name.clone())
            .collect(),
    };
    if text_columns.is_empty() {
        let (path, columns) = (wishes.train, columns());
        return Err(DraftError::NoText { path, columns });
    }
    let regression = label.is_amount() && wishes.labels.is_empty();
    let validation_share = if sketch.rows < 1000 { 0.2 } else { 0.1 };
    let mut settings = TaskSettings {
        name: wishes.name.as_str().to_owned(),
        folder: None,
        train_file: Some(wishes.train.clone()),
        validation_file: wishes.validation.clone(),
        test_file: wishes.test.clone(),
        format: None,
        text_columns: text_columns.clone(),
        label_column: Some(label.name.clone()),
        regression,
        labels: wishes.labels.clone(),
        missing_labels: wishes.missing_labels,
        quoted_lines: QuotedLines::Check,
        metric: None,
        positive_label: None,
        validation: ValidationSplit::TrainShare(validation_share),
        train_rows: None,
        validation_rows: None,
        edition: Edition::LATEST,
    };
    let mut dataset = load(&settings, 42, hub, progress)?;
    let counts = counts(&dataset);
    let metric = metric(&dataset, &counts);
    if metric.0 != dataset.metric {
        // What cannot be measured, and what is to be warned of, depends on the metric.
        settings.metric = Some(metric.0);
        dataset = load(&settings, 42, hub, progress)?;
    }
    let files = ModelFiles::open(&wishes.model, hub, progress)?;
    let longest = files.encoder_config()?.longest_sequence();
    let tokenizer = Tokenizer::new(&files.tokenizer)?;
    let (length, tokens) = length(&tokenizer, &dataset, longest)?;
    let rows = dataset.train.len();
    let data_share =
        (rows > MANY_ROWS).then(|| (100.0 * ROWS_SEARCHED / rows as f64).ceil() / 100.0);
    let batch_size = if rows < 500 { 16 } else { 32 };
    let mut seen = vec![format!(
        "{} rows in {}{}.",
        sketch.rows,
        file_name(&wishes.train),
        others(&wishes, &dataset)
    )];
    seen.push(labels_seen(&dataset, &counts));
    let resolution = Resolution::of(&dataset.validation, &dataset.labels, dataset.scoring());
    seen.push(format!("The search measures on {resolution}."));
    seen.push(tokens);
    Ok(Draft {
        name: wishes.name.as_str().to_owned(),
        folder: wishes.folder,
        model: wishes.model,
        seen,
        warnings: warnings(&dataset, &counts),
        train: wishes.train,
        validation: wishes.validation,
        test: wishes.test,
        text_columns,
        label_column: label.name.clone(),
        regression,
        labels: wishes.labels,
        missing_labels: wishes.missing_labels,
        metric,
        validation_share,
        max_length: length,
        batch_size,
        epochs: epochs(rows, batch_size),
        data_share,
    })
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn others(wishes: &Wishes, dataset: &Dataset) -> String {
    let apart = wishes.test.as_ref().or(wishes.validation.as_ref());
    apart.map_or(String::new(), |path| {
        format!(", {} in {}", dataset.test.len(), file_name(path))
    })
}

/// Rows of each class, by its number; empty for amounts.
fn counts(dataset: &Dataset) -> BTreeMap<usize, usize> {
    let mut counts = BTreeMap::new();
    for row in dataset.train.iter().chain(&dataset.validation) {
        if let Label::Class(class) = row.label {
            *counts.entry(class).or_insert(0) += 1;
        }
    }
    counts
}

fn labels_seen(dataset: &Dataset, counts: &BTreeMap<usize, usize>) -> String {
    match &dataset.labels {
        Labels::Classes(names) => {
            const SHOWN: usize = 10;
            let each = counts.iter().take(SHOWN);
            let each: Vec<String> = each.map(|(&c, n)| format!("{} {n}", names[c])).collect();
            let more = if names.len() > SHOWN { ", ..." } else { "" };
            format!("{} classes: {}{more}.", names.len(), each.join(", "))
        }
        Labels::Regression => {
            let rows = dataset.train.iter().chain(&dataset.validation);
            let values = rows.filter_map(|row| match row.label {
                Label::Value(value) => Some(value),
                Label::Class(_) => None,
            });
            let range = values.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), v| {
                (low.min(v), high.max(v))
            });
            format!("The label is an amount from {} to {}.", range.0, range.1)
        }
    }
}

/// The largest class's share of the rows.
fn largest_share(counts: &BTreeMap<usize, usize>) -> f64 {
    let all: usize = counts.values().sum();
    let most = counts.values().max().copied().unwrap_or(0);
    most as f64 / all.max(1) as f64
}

fn metric(dataset: &Dataset, counts: &BTreeMap<usize, usize>) -> (Metric, String) {
    match &dataset.labels {
        Labels::Regression => {
            let why = "whether the predictions are in the right order, on any scale";
            (Metric::Spearman, why.to_owned())
        }
        Labels::Classes(_) if largest_share(counts) > LOPSIDED => {
            let percent = 100.0 * largest_share(counts);
            let why =
                format!("{percent:.0} % of the rows are of one class, which accuracy would reward");
            (Metric::Matthews, why)
        }
        Labels::Classes(_) => (
            Metric::Accuracy,
            "the classes are of similar size".to_owned(),
        ),
    }
}

/// The maximum length with its reason, and what was seen.
fn length(
    tokenizer: &Tokenizer,
    dataset: &Dataset,
    longest: usize,
) -> Result<((usize, String), String), TokenizerError> {
    let rows = &dataset.train[..dataset.train.len().min(ROWS_COUNTED)];
    let encoded = tokenizer.encode(rows, NO_LIMIT)?;
    let mut lengths: Vec<usize> = encoded.iter().map(|row| row.ids.len()).collect();
    lengths.sort_unstable();
    let at = |percent: usize| lengths[(lengths.len() - 1) * percent / 100];
    let (most, nearly_all) = (at(100), at(99));
    let length = nearly_all
        .next_multiple_of(8)
        .min(LONGEST)
        .min(longest)
        .max(8);
    let cut = lengths.iter().filter(|&&l| l > length).count();
    let percent = 100.0 * cut as f64 / lengths.len() as f64;
    let why = match cut {
        0 => "no row is longer".to_owned(),
        _ => format!("cuts {percent:.1} % of the rows"),
    };
    let seen = format!(
        "Tokens: half of the rows have at most {}, 99 % at most {nearly_all}, the longest has {most}.",
        at(50)
    );
    Ok(((length, why), seen))
}

fn epochs(rows: usize, batch_size: usize) -> (u32, String) {
    let steps = rows.div_ceil(batch_size).max(1);
    let epochs = STEPS.div_ceil(steps).clamp(3, 20);
    let why = format!("{steps} steps each; the best one's weights are kept");
    (epochs as u32, why)
}

fn warnings(dataset: &Dataset, counts: &BTreeMap<usize, usize>) -> Vec<String> {
    let mut warnings = dataset.warnings.clone();
    if let (Labels::Classes(names), Some((&rarest, &few))) =
        (&dataset.labels, counts.iter().min_by_key(|(_, n)| **n))
        && few < 20
    {
        warnings.push(format!("the class {} has {few} rows only", names[rarest]));
    }
    warnings
}

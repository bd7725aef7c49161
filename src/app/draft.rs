//! A new study for data of one's own: looks at files and encoder, and proposes every value that the look can tell.

mod error;
mod proposals;

use std::path::{Path, PathBuf};

use crate::hub::{Hub, HubProgress};
use crate::model::{ModelFiles, Tokenizer};
use crate::study::{Draft, ModelSource, StudyName, written};
use crate::task::{
    Column, Dataset, Edition, MissingLabels, Predicted, QuotedLines, Resolution, Sketch,
    TaskSettings, ValidationSplit, load,
};
use crate::visible::visible;
pub use error::DraftError;
use error::advised;
use proposals::{counts, epochs, labels_seen, length, metric, warnings};

/// More rows than this in training, and the search sees only a share of them.
const MANY_ROWS: usize = 20_000;
/// Rows that a trial of the search then sees.
const ROWS_SEARCHED: f64 = 10_000.0;

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
    /// The text's column, or the two of a pair, also as one text with a comma; empty: to be guessed.
    pub text_columns: Vec<String>,
    /// The label's column.
    pub label_column: Option<String>,
    /// What the labels are; none: to be guessed.
    pub predicted: Option<Predicted>,
    /// The classes in their order; empty: those that the files tell.
    pub labels: Vec<String>,
    /// What to do with rows whose label is missing.
    pub missing_labels: MissingLabels,
    /// What to do with a quoted text whose lines read as rows.
    pub quoted_lines: QuotedLines,
}

impl Wishes {
    /// Every file and folder that the study file will name.
    fn paths(&self) -> impl Iterator<Item = &Path> {
        let model = match &self.model {
            ModelSource::Folder(folder) => Some(folder),
            ModelSource::Embedded | ModelSource::Hub { .. } => None,
        };
        let files = [Some(&self.train), self.validation.as_ref()];
        let files = files.into_iter().chain([self.test.as_ref(), model]);
        files.flatten().map(PathBuf::as_path)
    }
}

/// The columns that somebody names: one, which may have commas in its name, or else several with commas.
fn columns_named(sketch: &Sketch, named: &str) -> Vec<String> {
    match sketch.columns.iter().any(|column| column.name == named) {
        true => vec![named.to_owned()],
        false => named
            .split(',')
            .map(|name| name.trim().to_owned())
            .collect(),
    }
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
    for path in wishes.paths() {
        if written(path, &wishes.folder).to_str().is_none() {
            let path = path.to_owned();
            return Err(DraftError::NotUnicode { path });
        }
    }
    let sketch = Sketch::of(&wishes.train, None, wishes.quoted_lines).map_err(advised)?;
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
    let text_columns: Vec<String> = match wishes.text_columns.is_empty() {
        false => (wishes.text_columns.iter())
            .flat_map(|named| columns_named(&sketch, named))
            .collect(),
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
    let regression = predicted(&wishes, label)? == Predicted::Amounts;
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
        quoted_lines: wishes.quoted_lines,
        metric: None,
        positive_label: None,
        validation: ValidationSplit::TrainShare(validation_share),
        train_rows: None,
        validation_rows: None,
        edition: Edition::LATEST,
    };
    let mut dataset = load(&settings, 42, hub, progress).map_err(advised)?;
    let counts = counts(&dataset);
    let metric = metric(&dataset, &counts);
    if metric.0 != dataset.metric {
        // What cannot be measured, and what is to be warned of, depends on the metric.
        settings.metric = Some(metric.0);
        dataset = load(&settings, 42, hub, progress).map_err(advised)?;
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
    let mut cautions = guesses(&sketch, &wishes, label, &text_columns);
    cautions.extend(warnings(&dataset, &counts));
    Ok(Draft {
        name: wishes.name.as_str().to_owned(),
        folder: wishes.folder,
        model: wishes.model,
        seen,
        warnings: cautions,
        train: wishes.train,
        validation: wishes.validation,
        test: wishes.test,
        text_columns,
        label_column: label.name.clone(),
        regression,
        labels: wishes.labels,
        missing_labels: wishes.missing_labels,
        quoted_lines: wishes.quoted_lines,
        metric,
        validation_share,
        max_length: length,
        batch_size,
        epochs: epochs(rows, batch_size),
        data_share,
    })
}

/// What the labels are, by the wishes or else by the column.
fn predicted(wishes: &Wishes, label: &Column) -> Result<Predicted, DraftError> {
    let stated = (!wishes.labels.is_empty()).then_some(Predicted::Classes);
    let known = wishes.predicted.or(stated).or_else(|| label.predicted());
    known.ok_or_else(|| DraftError::ClassesOrAmounts {
        path: wishes.train.clone(),
        label: visible(&label.name),
        distinct: label.distinct,
    })
}

/// What was guessed though it may be otherwise.
fn guesses(sketch: &Sketch, wishes: &Wishes, label: &Column, texts: &[String]) -> Vec<String> {
    let mut guesses = Vec::new();
    let rivals = sketch.rivals(&label.name, texts);
    if wishes.label_column.is_none() && !rivals.is_empty() {
        let names: Vec<String> = rivals.iter().map(|c| format!("`{}`", c.name)).collect();
        guesses.push(format!(
            "`{}` is taken for the label, which could also be {}; --label names it",
            label.name,
            names.join(", ")
        ));
    }
    let stated = wishes.predicted.is_some() || !wishes.labels.is_empty();
    if !stated && !label.fractions && label.predicted() == Some(Predicted::Amounts) {
        guesses.push(format!(
            "the {} whole numbers of `{}` are taken for amounts; if they number classes, say --predict classes",
            label.distinct, label.name
        ));
    }
    guesses
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

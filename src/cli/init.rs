//! `init`: writes a study file for data of one's own, after a look at it.

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use autopeft::app::draft::{DraftError, Wishes, draft};
use autopeft::durable;
use autopeft::hub::{Hub, HubSettings, repository_fault};
use autopeft::streams;
use autopeft::study::{Draft, ModelSource, Study, StudyName};
use autopeft::task::{MissingLabels, Predicted, QuotedLines};
use clap::{Args, ValueEnum};

use super::downloads;
use super::exit::{Done, WrongUsage};
use super::output;

/// See [`Command::Init`](super::args::Command::Init).
#[derive(Args, Debug)]
pub(crate) struct InitArguments {
    /// The study file to write; it must not be there yet
    #[arg(value_name = "STUDY.toml")]
    file: PathBuf,
    /// Training rows: CSV, TSV, JSONL or Parquet
    #[arg(long, value_name = "FILE")]
    train: Option<PathBuf>,
    /// Validation (dev) rows; kept apart as a test set where no --test is given
    #[arg(long, value_name = "FILE")]
    validation: Option<PathBuf>,
    /// Test rows
    #[arg(long, value_name = "FILE")]
    test: Option<PathBuf>,
    /// The text's column, or the two of a pair with a comma; twice where names have commas [default: guessed]
    #[arg(long, value_name = "COLUMN")]
    text: Vec<String>,
    /// The label's column [default: guessed]
    #[arg(long, value_name = "COLUMN")]
    label: Option<String>,
    /// What the labels are: classes, or amounts to predict [default: guessed]
    #[arg(long, value_name = "WHAT")]
    predict: Option<Predict>,
    /// All classes by name with commas, in the order of their numbers; "in quotes" where a name has a comma
    /// [default: those of the training rows]
    #[arg(long, value_name = "NAMES", allow_hyphen_values = true)]
    labels: Vec<String>,
    /// Leave out rows without a label instead of refusing the file
    #[arg(long)]
    drop_missing_labels: bool,
    /// Take quoted texts of a CSV file as they stand, though their lines read as rows
    #[arg(long)]
    trust_quoted_lines: bool,
    /// The encoder: a folder, or a name on the Hugging Face hub [default: bert-base-uncased]
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
}

/// What the labels are.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Predict {
    /// Classes, by name or by number
    Classes,
    /// Numbers to predict
    Amounts,
}

impl From<Predict> for Predicted {
    fn from(predict: Predict) -> Self {
        match predict {
            Predict::Classes => Self::Classes,
            Predict::Amounts => Self::Amounts,
        }
    }
}

/// The encoder where nothing is said.
const MODEL: &str = "bert-base-uncased";

/// Looks at the data, writes the file and says what comes next.
pub(crate) fn init(arguments: InitArguments) -> Result<Done> {
    let file = &arguments.file;
    if file.exists() {
        bail!(
            "{} is there already; name another file, or move it away",
            file.display()
        );
    }
    if arguments.predict == Some(Predict::Amounts) && !arguments.labels.is_empty() {
        let problem = "--labels names classes, and --predict amounts says that there are none; keep one of them";
        return Err(WrongUsage(problem.to_owned()).into());
    }
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let name = StudyName::new(&stem).ok_or_else(|| {
        let told =
            format!("`{stem}` is no name for a study: use letters, digits, `-`, `_` and `.`");
        WrongUsage(told)
    })?;
    let train = match arguments.train {
        Some(train) => train,
        None => PathBuf::from(
            ask("training rows (a CSV, TSV, JSONL or Parquet file)", None)
                .context("name the training rows with --train FILE")?,
        ),
    };
    let model = match arguments.model {
        Some(model) => model,
        None => ask("encoder (a folder, or a name on the hub)", Some(MODEL))
            .unwrap_or_else(|| MODEL.to_owned()),
    };
    let folder = absolute(file)?;
    let folder = folder.parent().unwrap_or(Path::new("/")).to_owned();
    let wishes = Wishes {
        name,
        folder: folder.clone(),
        model: source(&model)?,
        train: absolute(&train)?,
        validation: arguments.validation.as_deref().map(absolute).transpose()?,
        test: arguments.test.as_deref().map(absolute).transpose()?,
        text_columns: arguments.text,
        label_column: arguments.label,
        predicted: arguments.predict.map(Predicted::from),
        labels: arguments.labels.iter().flat_map(|l| names(l)).collect(),
        missing_labels: match arguments.drop_missing_labels {
            true => MissingLabels::Drop,
            false => MissingLabels::Refuse,
        },
        quoted_lines: match arguments.trust_quoted_lines {
            true => QuotedLines::Trust,
            false => QuotedLines::Check,
        },
    };
    let hub = Hub::new(HubSettings::from_env());
    let draft = drafted(wishes, &hub)?;
    let text = draft.to_string();
    // A file that the program itself would refuse helps nobody.
    Study::parse(&text, file, &folder).context("the study file that was made is wrong")?;
    durable::write_new(file, |out| out.write_all(text.as_bytes()))
        .with_context(|| format!("cannot write {}", file.display()))?;
    let mut out = output::out();
    out.lines(text + "\n")?;
    let file = file.display();
    writeln!(out, "Written to {file}. Next:")?;
    writeln!(out, "  autopeft-tui check {file}    what the study will do")?;
    writeln!(out, "  autopeft-tui {file}          run it")?;
    Ok(Done::Complete)
}

/// The draft; what it cannot tell, the person at the terminal is asked.
fn drafted(mut wishes: Wishes, hub: &Hub) -> Result<Draft> {
    loop {
        let error = match draft(wishes.clone(), hub, &mut downloads::teller()) {
            Ok(draft) => return Ok(draft),
            Err(error) => error,
        };
        if let DraftError::ClassesOrAmounts { label, .. } = &error {
            let question = format!("what do the numbers of `{label}` say (classes, amounts)");
            let answer = ask(&question, None).and_then(|a| Predict::from_str(&a, true).ok());
            let Some(answer) = answer else {
                return Err(error.into());
            };
            wishes.predicted = Some(answer.into());
            continue;
        }
        let (what, columns) = match &error {
            DraftError::NoLabel { columns, .. } => ("the label's column", columns),
            DraftError::NoText { columns, .. } => {
                ("the text's column, or two with a comma", columns)
            }
            _ => return Err(error.into()),
        };
        let Some(answer) = ask(&format!("{what} ({columns})"), None) else {
            return Err(error.into());
        };
        match &error {
            DraftError::NoLabel { .. } => wishes.label_column = Some(answer),
            _ => wishes.text_columns = vec![answer],
        }
    }
}

/// The names of a list with commas; one in double quotes may have commas of its own.
fn names(list: &str) -> Vec<String> {
    let mut reader = csv::ReaderBuilder::new();
    let reader = reader.has_headers(false).flexible(true);
    // A name may hold line ends; no argument holds this.
    let reader = reader.terminator(csv::Terminator::Any(0));
    let records = reader.from_reader(list.as_bytes()).into_records();
    let records: Vec<_> = records.flatten().collect();
    let names = records.iter().flatten();
    names.map(str::to_owned).collect()
}

/// A folder that is there, or else a name on the hub.
fn source(model: &str) -> Result<ModelSource> {
    let path = Path::new(model);
    if path.is_dir() {
        return Ok(ModelSource::Folder(absolute(path)?));
    }
    if let Some(fault) = repository_fault(model) {
        bail!("there is no such folder with a model, and {fault}");
    }
    Ok(ModelSource::Hub {
        id: model.to_owned(),
        revision: "main".to_owned(),
    })
}

fn absolute(path: &Path) -> Result<PathBuf> {
    let absolute = std::path::absolute(path);
    Ok(absolute
        .with_context(|| path.display().to_string())?
        .components()
        .collect())
}

/// Asks the person at the terminal; none where there is nobody, or nothing is said and there is no default.
fn ask(question: &str, default: Option<&str>) -> Option<String> {
    if !(io::stdin().is_terminal() && streams::error_is_terminal()) {
        return None;
    }
    let hint = default.map_or(String::new(), |default| format!(" [{default}]"));
    output::prompt(format_args!("{question}{hint}: "));
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).ok()?;
    let answer = line.trim();
    match answer.is_empty() {
        true => default.map(str::to_owned),
        false => Some(answer.to_owned()),
    }
}

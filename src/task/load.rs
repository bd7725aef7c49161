//! From a task's settings to its rows.

use super::demo;
use super::files::{Files, Set};
use super::parts::split;
use super::reading::Reading;
use super::registry::{self, HubData, KnownTask, LABEL_COLUMN, Render, TASKS};
use super::render::texts;
use super::scored::{metric, positive};
use super::{Dataset, Labels, Metric, TaskError, TaskSettings};
use crate::hub::{Hub, HubProgress};
use crate::visible::listed;

/// Reads a task's rows and splits them.
///
/// `seed` decides every choice of rows. The hub is asked only where the settings name neither folder nor files;
/// `progress` hears of its downloads.
pub fn load(
    settings: &TaskSettings,
    seed: u64,
    hub: &Hub,
    progress: &mut dyn FnMut(HubProgress),
) -> Result<Dataset, TaskError> {
    if settings.name == demo::NAME && settings.text_columns.is_empty() {
        return demo_rows(settings, seed);
    }
    let definition = Definition::of(settings)?;
    let own_metric = definition.metric;
    let files = Files::find(settings, definition.hub, hub, progress)?;
    let mut reading = Reading::new(settings, definition);
    if !files.unused.is_empty() {
        let names = listed(files.unused.iter().map(String::as_str));
        reading
            .warnings
            .push(format!("not used: {names}, for the files of a set are called after it, are not packed, and lie in the folder or in `data` in it"));
    }

    let (target, train) = reading.train(&files.train)?;
    let mut others = |set: &Option<Set>| match set {
        Some(set) => reading.others(set, &target),
        None => Ok(None),
    };
    let (dev, test) = (others(&files.validation)?, others(&files.test)?);
    let labels = target.labels();
    let metric = metric(settings, own_metric, &labels)?;
    let stated = !settings.is_own_data() || !settings.labels.is_empty();
    let positive = positive(settings, metric, &labels, stated)?;
    let dev_unused = dev.is_some() && test.is_some();
    let dataset = Dataset {
        task: settings.name.clone(),
        labels,
        metric,
        positive,
        train,
        validation: dev.unwrap_or_default(),
        test: test.unwrap_or_default(),
        warnings: reading.warnings,
        files: reading.files,
    };
    split(settings, seed, dataset, dev_unused)
}

/// The demo task, whose rows are made here and now.
fn demo_rows(settings: &TaskSettings, seed: u64) -> Result<Dataset, TaskError> {
    let files = [
        &settings.folder,
        &settings.train_file,
        &settings.validation_file,
        &settings.test_file,
    ];
    if files.iter().any(|file| file.is_some()) {
        return Err(settings.wrong(
            "it has no files, its rows are made by the program; leave out `folder` and the files, or name `text_columns` and `label_column` for data of your own",
        ));
    }
    if settings.regression {
        return Err(
            settings.wrong("`regression = true`, but its labels are classes; leave the key out")
        );
    }
    let mut dataset = demo::standard();
    dataset.metric = metric(settings, Some(dataset.metric), &dataset.labels)?;
    dataset.positive = positive(settings, dataset.metric, &dataset.labels, true)?;
    split(settings, seed, dataset, false)
}

/// What a task is made of, known or one's own.
pub(super) struct Definition {
    pub(super) columns: Vec<String>,
    pub(super) render: Render,
    pub(super) label_column: String,
    /// None: the classes that the settings or the files tell.
    pub(super) labels: Option<Labels>,
    metric: Option<Metric>,
    /// None for data of one's own.
    pub(super) hub: Option<HubData>,
}

impl Definition {
    fn of(settings: &TaskSettings) -> Result<Self, TaskError> {
        match (&settings.text_columns[..], &settings.label_column) {
            ([], None) => Self::known(settings),
            ([_] | [_, _], Some(label_column)) => Ok(Self {
                columns: settings.text_columns.clone(),
                render: texts,
                label_column: label_column.clone(),
                labels: settings.regression.then_some(Labels::Regression),
                metric: None,
                hub: None,
            }),
            (columns, Some(_)) => Err(settings.wrong(format!(
                "`text_columns` names {} columns; name one, or two for a pair of texts",
                columns.len()
            ))),
            (_, None) => Err(settings.wrong(
                "`text_columns` is given without `label_column`; data of your own needs both",
            )),
        }
    }

    fn known(settings: &TaskSettings) -> Result<Self, TaskError> {
        let task = registry::known(&settings.name).ok_or_else(|| unknown(&settings.name))?;
        if settings.regression && task.classes.is_some() {
            return Err(settings
                .wrong("`regression = true`, but its labels are classes; leave the key out"));
        }
        let named = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Ok(Self {
            columns: named(task.columns),
            render: task.render,
            label_column: LABEL_COLUMN.to_owned(),
            labels: Some(match task.classes {
                Some(classes) => Labels::Classes(named(classes)),
                None => Labels::Regression,
            }),
            metric: Some(task.metric),
            hub: Some(task.hub),
        })
    }
}

/// The error of an unknown name, with the most similar known one.
fn unknown(name: &str) -> TaskError {
    let names = || {
        let known = TASKS.iter().map(|task: &KnownTask| task.name);
        known.chain([demo::NAME])
    };
    let similarity = |known: &&str| strsim::jaro_winkler(known, &name.to_lowercase());
    let nearest = names().max_by(|a, b| similarity(a).total_cmp(&similarity(b)));
    TaskError::Unknown {
        name: name.to_owned(),
        nearest: nearest
            .filter(|known| similarity(known) > 0.7)
            .map(str::to_owned),
        known: names().collect::<Vec<_>>().join(", "),
    }
}

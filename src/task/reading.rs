//! Reads the files of a task into examples, all with one list of classes.

use std::path::{Path, PathBuf};

use super::classes::{ClassList, Origin};
use super::files::Set;
use super::folder::Shard;
use super::labels::{LabelColumn, Target, plain_name};
use super::load::Definition;
use super::read::{self, Known, Table, file_name};
use super::rows::{Labelled, examples};
use super::{DataFormat, Example, Labels, QuotedLines, TaskError, TaskSettings};
use crate::visible::visible;

/// Reads the sets of a task, one after the other.
pub(super) struct Reading<'s> {
    settings: &'s TaskSettings,
    definition: Definition,
    columns: Vec<String>,
    format: Option<DataFormat>,
    /// What is worth knowing of the files.
    pub(super) warnings: Vec<String>,
    /// The files whose rows are used.
    pub(super) files: Vec<PathBuf>,
}

impl<'s> Reading<'s> {
    /// Of a task.
    pub(super) fn new(settings: &'s TaskSettings, definition: Definition) -> Self {
        let columns = definition.columns.iter().chain([&definition.label_column]);
        // The hub's files have the hub's format.
        let own_files = settings.train_file.is_some() || settings.folder.is_some();
        Self {
            settings,
            columns: columns.cloned().collect(),
            format: settings.format.filter(|_| own_files),
            definition,
            warnings: Vec::new(),
            files: Vec::new(),
        }
    }

    /// The training rows, and what their labels are.
    pub(super) fn train(&mut self, set: &Set) -> Result<(Target, Vec<Example>), TaskError> {
        let stated = match &self.definition.labels {
            Some(Labels::Classes(names)) => &names[..],
            _ => &self.settings.labels[..],
        };
        let table = self.table(set, &spellings(stated))?;
        let column = LabelColumn::new(&table, self.definition.columns.len(), self.format)?;
        let stated = self.stated(&column);
        let labelled = Labelled::of(&column, stated.as_ref());
        self.leave_out(&labelled, &column)?;
        let target = match stated {
            Some(target) => target,
            None => {
                let list = ClassList::occurring(&column, &labelled.rows)?;
                self.warnings.extend(list.doubts());
                self.warnings.extend(column.blanks(&labelled.rows));
                Target::Classes(list)
            }
        };
        let examples = self.examples(&table, &column, &labelled, &target)?;
        Ok((target, examples))
    }

    /// The rows of another set; none where a set that nobody asked for has no labels.
    pub(super) fn others(
        &mut self,
        set: &Set,
        target: &Target,
    ) -> Result<Option<Vec<Example>>, TaskError> {
        let names = match target {
            Target::Classes(list) => &list.names[..],
            Target::Amounts { .. } => &[],
        };
        let table = match self.table(set, &spellings(names)) {
            Err(TaskError::NoColumn { path, column, .. })
                if set.optional && column == self.definition.label_column =>
            {
                self.pass_over(&path, &format!("it has no column `{}`", visible(&column)));
                return Ok(None);
            }
            Err(TaskError::NoRows { path }) if set.optional => {
                self.pass_over(&path, "it holds no rows");
                return Ok(None);
            }
            table => table?,
        };
        let column = LabelColumn::new(&table, self.definition.columns.len(), self.format)?;
        let labelled = Labelled::of(&column, Some(target));
        if let Some(nothing) = labelled.nothing().filter(|_| set.optional) {
            self.pass_over(&set.files[0], &nothing);
            return Ok(None);
        }
        self.leave_out(&labelled, &column)?;
        self.examples(&table, &column, &labelled, target).map(Some)
    }

    /// The rows of a set; `labels`: what labels are written as, where that is known.
    fn table(&mut self, set: &Set, labels: &[String]) -> Result<Table, TaskError> {
        let known = Known {
            label: Some(self.definition.columns.len()),
            labels,
            trusted: self.settings.quoted_lines == QuotedLines::Trust,
        };
        let mut table = read::read(&set.files, self.format, &self.columns, &known)?;
        self.warnings.append(&mut table.warnings);
        if let ([file], Some(shard)) = (&set.files[..], Shard::in_name(&set.files[0])) {
            self.warnings.push(format!(
                "{} is one of {} files of a set; to read them all, name their folder with `folder`",
                file_name(file),
                shard.of
            ));
        }
        Ok(table)
    }

    fn pass_over(&mut self, path: &Path, why: &str) {
        let name = file_name(path);
        self.warnings.push(format!("{name} is not used: {why}"));
    }

    /// What the labels are, where that does not depend on the training rows.
    fn stated(&self, column: &LabelColumn<'_>) -> Option<Target> {
        let classes = |names, origin| Target::Classes(ClassList { names, origin });
        match &self.definition.labels {
            Some(Labels::Regression) => {
                let minus_one_is_missing = self.definition.hub.is_some();
                return Some(Target::Amounts {
                    minus_one_is_missing,
                });
            }
            Some(Labels::Classes(names)) => return Some(classes(names.clone(), Origin::Task)),
            None => {}
        }
        if !self.settings.labels.is_empty() {
            let names = self
                .settings
                .labels
                .iter()
                .map(|name| plain_name(name).into_owned());
            return Some(classes(names.collect(), Origin::Settings));
        }
        let origin = || Origin::Metadata(column.files()[0].clone());
        column.metadata().map(|names| classes(names, origin()))
    }

    fn leave_out(
        &mut self,
        labelled: &Labelled<'_>,
        column: &LabelColumn<'_>,
    ) -> Result<(), TaskError> {
        let stating = self.definition.labels.is_none();
        let left_out = labelled.settled(column, self.settings.missing_labels, stating)?;
        self.warnings.extend(left_out);
        Ok(())
    }

    fn examples(
        &mut self,
        table: &Table,
        column: &LabelColumn<'_>,
        labelled: &Labelled<'_>,
        target: &Target,
    ) -> Result<Vec<Example>, TaskError> {
        self.files.extend(table.files.iter().cloned());
        let texts = self.definition.columns.len();
        let made_by = (self.definition.render, target);
        examples(
            table,
            column,
            &labelled.rows,
            texts,
            made_by,
            &mut self.warnings,
        )
    }
}

/// What a label of these classes is written as: its name, or its number.
fn spellings(classes: &[String]) -> Vec<String> {
    let numbers = (0..classes.len()).map(|number| number.to_string());
    classes.iter().cloned().chain(numbers).collect()
}

//! From a table to examples: rows without a label are refused or left out, rows without a text are refused.

use super::labels::{LabelColumn, Target};
use super::marks::{Marks, is_text_mark};
use super::read::{Cell, Row, Table, file_name};
use super::registry::Render;
use super::{Example, MissingLabels, Place, TaskError};
use crate::regular;
use crate::visible::visible;

/// Bytes of a text: twice the Bible. Splitting one into tokens takes some two hundred times as much memory.
const LONGEST_TEXT: usize = 8 << 20;

/// The rows of a table that have a label, and what the others have in its place.
pub(super) struct Labelled<'t> {
    /// The rows with a label.
    pub(super) rows: Vec<&'t Row>,
    total: usize,
    marks: Marks,
    /// File and place of the first row without a label.
    first: Option<(usize, Place)>,
}

impl<'t> Labelled<'t> {
    /// Tells the rows apart; `target` as for [`LabelColumn::absence`].
    pub(super) fn of(column: &LabelColumn<'t>, target: Option<&Target>) -> Self {
        let all = column.rows();
        let (mut marks, mut first) = (Marks::default(), None);
        let labelled = |row: &&Row| {
            let Some(mark) = column.absence(row, target) else {
                return true;
            };
            marks.count(mark.as_deref());
            first.get_or_insert((row.file, row.place));
            false
        };
        let rows = all.iter().filter(labelled).collect();
        Self {
            rows,
            total: all.len(),
            marks,
            first,
        }
    }

    /// Why the table has no labels at all, if it has none.
    pub(super) fn nothing(&self) -> Option<String> {
        let all = self.rows.is_empty();
        all.then(|| {
            format!(
                "none of its {} rows has a label ({})",
                self.total,
                self.marks.listed()
            )
        })
    }

    /// Refuses rows without a label, or says how many are left out.
    ///
    /// `stating`: whether `task.labels` may state the classes.
    ///
    /// # Errors
    /// Rows without a label that are not to be left out, or no row with one.
    pub(super) fn settled(
        &self,
        column: &LabelColumn<'_>,
        policy: MissingLabels,
        stating: bool,
    ) -> Result<Option<String>, TaskError> {
        let Some((file, place)) = self.first else {
            return Ok(None);
        };
        if let Some(nothing) = self.nothing() {
            return Err(column.wrong(
                file,
                format!("{nothing}; there is nothing to train on or to measure"),
            ));
        }
        let (missing, total) = (self.marks.total(), self.total);
        if policy == MissingLabels::Drop {
            return Ok(Some(format!(
                "{}: {missing} of {total} rows are left out, which have no label ({})",
                file_name(&column.files()[file]),
                self.marks.listed()
            )));
        }
        let what = match self.marks.only() {
            Some(mark) => format!("are {mark} (the first in {place})"),
            None => format!(
                "are missing ({}; the first in {place})",
                self.marks.listed()
            ),
        };
        let meaning = match self.marks.only() {
            Some("-1") => ", which marks rows without a label in GLUE and SNLI",
            Some("`-`") => ", which marks rows without a label in SNLI",
            Some("-100") => ", which marks what a loss ignores in PyTorch",
            Some("empty" | "null") => ", so that these rows have no label",
            Some(_) => ", which is written for a value that is missing",
            None => "",
        };
        let remedy = match stating {
            true => ", or name the classes in `task.labels`",
            false => "",
        };
        Err(column.wrong(
            file,
            format!(
                "{missing} of {total} labels {what}{meaning}; drop them with `task.missing_labels = \"drop\"`{remedy}"
            ),
        ))
    }
}

/// The rows as texts and labels; the first `texts` columns are rendered. `warnings` hears of texts that may be none.
///
/// # Errors
/// A text is missing; or see [`LabelColumn::labels`].
pub(super) fn examples(
    table: &Table,
    column: &LabelColumn<'_>,
    rows: &[&Row],
    texts: usize,
    (render, target): (Render, &Target),
    warnings: &mut Vec<String>,
) -> Result<Vec<Example>, TaskError> {
    for place in 0..texts {
        warnings.extend(held(table, rows, place)?);
    }
    let labels = column.labels(rows, target)?;
    let example = |(row, label): (&&Row, _)| {
        let texts = (0..texts).map(|place| text(table, row, place));
        let (text, pair) = render(texts.collect::<Result<_, _>>()?);
        Ok(Example { text, pair, label })
    };
    rows.iter().zip(labels).map(example).collect()
}

/// Refuses a column of texts some of which are missing; says where some may have been written for a missing one.
fn held(table: &Table, rows: &[&Row], column: usize) -> Result<Option<String>, TaskError> {
    let (mut missing, mut marks) = (Vec::new(), Marks::default());
    let mut first = None;
    for row in rows {
        match &row.cells[column] {
            Cell::Missing => missing.push(row),
            Cell::Number(number) if number.is_nan() => missing.push(row),
            Cell::Text(text) if is_text_mark(text) => {
                marks.count(Some(text.trim()));
                first.get_or_insert(row);
            }
            _ => {}
        }
    }
    let name = visible(&table.columns[column]);
    if let Some(row) = missing.first() {
        return Err(TaskError::Row {
            path: table.files[row.file].clone(),
            row: row.place,
            column: Some(table.columns[column].clone()),
            found: format!(
                "nothing ({} of {} texts are missing)",
                missing.len(),
                rows.len()
            ),
            expected: "a text in every row; remove these rows, or write an empty text".into(),
        });
    }
    let Some(row) = first else {
        return Ok(None);
    };
    let file = file_name(&table.files[row.file]);
    Ok(Some(format!(
        "{file}: of {} texts in column `{name}` {}, the first in {}; they are read as they stand, though such texts are written for a value that is missing",
        rows.len(),
        marks.listed(),
        row.place
    )))
}

/// The text in a column of a row; a number is text as well.
fn text(table: &Table, row: &Row, column: usize) -> Result<String, TaskError> {
    match &row.cells[column] {
        Cell::Text(text) if text.len() > LONGEST_TEXT => Err(TaskError::Row {
            path: table.files[row.file].clone(),
            row: row.place,
            column: Some(table.columns[column].clone()),
            found: format!("a text of {}", regular::bytes(text.len() as u64)),
            expected: format!(
                "at most {}, of which an encoder reads the beginning alone: cut it, or write its parts as rows",
                regular::bytes(LONGEST_TEXT as u64)
            ),
        }),
        Cell::Text(text) => Ok(text.clone()),
        Cell::Integer(number) => Ok(number.to_string()),
        Cell::Number(number) => Ok(number.to_string()),
        other @ (Cell::Bool(_) | Cell::Missing) => Err(TaskError::Row {
            path: table.files[row.file].clone(),
            row: row.place,
            column: Some(table.columns[column].clone()),
            found: other.to_string(),
            expected: "a text".into(),
        }),
    }
}

//! From a label's cell to a class or a number.

use std::collections::BTreeSet;

use super::read::{Cell, Row, Table};
use super::{Label, Labels, TaskError};

/// More classes than this are taken for numbers or texts by mistake.
const MOST_CLASSES: usize = 1000;

/// The classes that occur in a table's column: numbers in their order, other names in alphabetical order.
pub(super) fn classes(table: &Table, column: usize) -> Result<Labels, TaskError> {
    let names: BTreeSet<String> = table
        .rows
        .iter()
        .filter_map(|row| class_name(&row.cells[column]))
        .collect();
    let mut names: Vec<String> = names.into_iter().collect();
    let problem = if names.iter().any(|name| is_fraction(name)) {
        "the labels are numbers with fractions; set `regression = true` to predict numbers".into()
    } else if names.len() > MOST_CLASSES {
        format!(
            "there are {} different labels, more than {MOST_CLASSES}; set `regression = true` to predict numbers",
            names.len()
        )
    } else if names.len() < 2 {
        format!(
            "every label is {}; at least two classes are needed",
            names.first().map_or("empty", String::as_str)
        )
    } else {
        let numbers: Option<Vec<i64>> = names.iter().map(|name| name.parse().ok()).collect();
        if numbers.is_some() {
            names.sort_by_key(|name| name.parse::<i64>().unwrap_or_default());
        }
        return Ok(Labels::Classes(names));
    };
    Err(TaskError::File {
        path: table.path.clone(),
        problem: format!("column `{}`: {problem}", table.columns[column]),
    })
}

/// One row's label.
pub(super) fn label(
    table: &Table,
    row: &Row,
    column: usize,
    labels: &Labels,
) -> Result<Label, TaskError> {
    let cell = &row.cells[column];
    let label = match labels {
        Labels::Regression => number(cell).map(Label::Value),
        Labels::Classes(names) => class(cell, names).map(Label::Class),
    };
    label.ok_or_else(|| TaskError::Row {
        path: table.path.clone(),
        row: row.place,
        column: Some(table.columns[column].clone()),
        found: found(cell),
        expected: match labels {
            Labels::Regression => "a finite number".into(),
            Labels::Classes(names) => {
                format!("0 to {} or one of {}", names.len() - 1, listed(names))
            }
        },
    })
}

/// The label as it stands, with what it may mean.
fn found(cell: &Cell) -> String {
    let unlabelled = class_name(cell).is_some_and(|name| name == "-1");
    let meaning = if unlabelled {
        " (which marks rows whose label is kept back)"
    } else {
        ""
    };
    format!("{cell}{meaning}")
}

/// Class names for a message.
fn listed(names: &[String]) -> String {
    let shown: Vec<String> = names
        .iter()
        .take(8)
        .map(|name| format!("`{name}`"))
        .collect();
    let more = if names.len() > shown.len() {
        ", ..."
    } else {
        ""
    };
    format!("{}{more}", shown.join(", "))
}

/// A class by its name, or else by its number.
fn class(cell: &Cell, names: &[String]) -> Option<usize> {
    let name = class_name(cell)?;
    let by_name = names.iter().position(|known| *known == name);
    by_name.or_else(|| {
        let number = match cell {
            Cell::Bool(value) if names.len() == 2 => usize::from(*value),
            _ => name.parse().ok()?,
        };
        // Where the names are numbers themselves, a number that is none of them is no class.
        let numbered = names.iter().all(|known| known.parse::<i64>().is_ok());
        (number < names.len() && !numbered).then_some(number)
    })
}

/// A label as a class name; 1.0 is 1.
fn class_name(cell: &Cell) -> Option<String> {
    match cell {
        Cell::Missing => None,
        Cell::Bool(value) => Some(value.to_string()),
        Cell::Integer(number) => Some(number.to_string()),
        Cell::Number(number) if number.fract() == 0.0 => Some(format!("{number:.0}")),
        Cell::Number(number) => Some(number.to_string()),
        Cell::Text(text) => {
            let text = text.trim();
            let whole = text.strip_suffix(".0").filter(|t| t.parse::<i64>().is_ok());
            let name = whole.unwrap_or(text);
            (!name.is_empty()).then(|| name.to_owned())
        }
    }
}

/// A label as a number.
fn number(cell: &Cell) -> Option<f32> {
    let number = match cell {
        Cell::Integer(number) => *number as f64,
        Cell::Number(number) => *number,
        Cell::Text(text) => text.trim().parse().ok()?,
        Cell::Bool(_) | Cell::Missing => return None,
    };
    let number = number as f32;
    number.is_finite().then_some(number)
}

/// Whether a name is a number but no whole one.
fn is_fraction(name: &str) -> bool {
    name.parse::<i64>().is_err() && name.parse::<f64>().is_ok_and(f64::is_finite)
}

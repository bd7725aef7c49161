//! From a task's settings and its classes to the metric, and to the class that it counts.

use super::{Edition, Labels, Metric, TaskError, TaskSettings};

/// The metric: the study's, or the task's, or the usual one for the kind of label.
pub(super) fn metric(
    settings: &TaskSettings,
    own: Option<Metric>,
    labels: &Labels,
) -> Result<Metric, TaskError> {
    let usual = match labels {
        Labels::Classes(_) => Metric::Accuracy,
        Labels::Regression => Metric::Spearman,
    };
    let metric = settings.metric.or(own).unwrap_or(usual);
    if metric.fits(labels) {
        return Ok(metric);
    }
    let kind = match labels {
        Labels::Classes(names) => format!("{} classes", names.len()),
        Labels::Regression => "numbers".to_owned(),
    };
    let fitting: Vec<&str> = Metric::ALL
        .into_iter()
        .filter(|metric| metric.fits(labels))
        .map(Metric::name)
        .collect();
    Err(settings.wrong(format!(
        "metric `{metric}` does not fit labels that are {kind}; use {}",
        fitting.join(", ")
    )))
}

/// The class that F1 counts: the one that is named, or class 1 of a list of classes that is `stated` rather than put
/// together from the rows. None with other metrics.
pub(super) fn positive(
    settings: &TaskSettings,
    metric: Metric,
    labels: &Labels,
    stated: bool,
) -> Result<Option<usize>, TaskError> {
    let named = settings.positive_label.as_ref();
    let names = match labels {
        Labels::Classes(names) if metric == Metric::F1 => names,
        _ => {
            return match named {
                None => Ok(None),
                Some(_) => Err(settings.wrong(format!(
                    "`positive_label` is given, but the metric `{metric}` counts no single class; leave it out, or set metric = \"f1\""
                ))),
            };
        }
    };
    let one_of = || {
        let keys = names
            .iter()
            .map(|name| format!("positive_label = {name:?}"));
        keys.collect::<Vec<_>>().join(" or ")
    };
    match named {
        Some(named) => {
            let place = names.iter().position(|name| name == named);
            let unknown = || {
                settings.wrong(format!(
                    "`positive_label` is {named:?}, which is none of the classes; write {}",
                    one_of()
                ))
            };
            place.map(Some).ok_or_else(unknown)
        }
        None if stated || settings.edition == Edition::First => Ok(Some(1)),
        None => Err(settings.wrong(format!(
            "the metric `f1` counts one of two classes, and nothing says which: add {}, or set metric = \"macro_f1\", which counts both",
            one_of()
        ))),
    }
}

//! The rows to train on, to measure on and to keep apart, and what they cannot show.

use super::split::{Use, sample, shared, stratified};
use super::{
    Dataset, Edition, Labels, Resolution, TaskError, TaskSettings, Undefined, ValidationSplit,
    values,
};
use crate::visible::visible;

/// Chooses the rows that are asked for, given the task's own split (its dev rows are the validation rows).
///
/// `dev_unused`: whether dev rows that were named would go unused when validation rows come from the training rows.
///
/// # Errors
/// A part has no rows, or nothing can be measured on the validation rows.
pub(super) fn split(
    settings: &TaskSettings,
    seed: u64,
    mut dataset: Dataset,
    dev_unused: bool,
) -> Result<Dataset, TaskError> {
    let edition = settings.edition;
    if let ValidationSplit::TrainShare(share) = settings.validation {
        let all = std::mem::take(&mut dataset.train);
        let (rows, asked) = (all.len(), (share * all.len() as f64).round() as usize);
        let (validation, train) = stratified(all, share, seed, edition);
        if validation.is_empty() || train.is_empty() {
            return Err(settings.wrong(format!(
                "a share of {share} of {rows} training rows leaves {} for training and {} for validation; both need rows",
                train.len(),
                validation.len()
            )));
        }
        if edition != Edition::First && validation.len() > asked {
            dataset.warnings.push(format!(
                "{} of {rows} rows are for validation rather than {asked}, so that every class of two rows or more is measured",
                validation.len()
            ));
        }
        if dev_unused {
            dataset.warnings.push(
                "the validation file is not used: validation rows are taken from the training rows, and the test file is given".into(),
            );
        }
        let dev = std::mem::replace(&mut dataset.validation, validation);
        dataset.train = train;
        if dataset.test.is_empty() {
            dataset.test = dev;
        }
    }
    let fewer = |rows, most, purpose| sample(rows, most, seed, edition, purpose);
    dataset.train = fewer(dataset.train, settings.train_rows, Use::FewerTraining);
    dataset.validation = fewer(
        dataset.validation,
        settings.validation_rows,
        Use::FewerValidation,
    );
    if let Err(why) = dataset.scoring().measures(&values(&dataset.validation)) {
        return Err(settings.wrong(unmeasurable(&dataset, "validation", why)));
    }
    Ok(with_warnings(dataset))
}

/// Why nothing can be measured on rows of this kind, and what to do.
fn unmeasurable(dataset: &Dataset, kind: &str, why: Undefined) -> String {
    let names = match &dataset.labels {
        Labels::Classes(names) => names.as_slice(),
        Labels::Regression => &[],
    };
    let positive = visible(dataset.positive_label().unwrap_or_default());
    let help = match why {
        Undefined::NoRows => "give it rows".to_owned(),
        Undefined::OneClass(_) => format!(
            "give it rows of two classes at least, out of {}",
            visible(&names.join(", "))
        ),
        Undefined::NoPositive(_) => {
            format!("give it rows of `{positive}`, or name the other class in `positive_label`")
        }
        _ => "give it rows whose amounts differ".to_owned(),
    };
    format!(
        "the {} is undefined on the {kind} rows, whatever is predicted: {why}; {help}",
        dataset.score_name()
    )
}

/// Says what may make scores of this data misleading, and what they cannot show.
fn with_warnings(mut dataset: Dataset) -> Dataset {
    let (train, validation, test) = (&dataset.train, &dataset.validation, &dataset.test);
    let mut warnings = Vec::new();
    for (name, rows, other, others) in [
        ("validation", validation, "training", train),
        ("test", test, "training", train),
        ("test", test, "validation", validation),
    ] {
        let known = shared(rows, others);
        if known > 0 {
            warnings.push(format!(
                "{known} of {} {name} rows occur word for word among the {other} rows",
                rows.len()
            ));
        }
    }
    let scoring = dataset.scoring();
    let resolution = |rows| Resolution::of(rows, &dataset.labels, scoring);
    warnings.extend(resolution(train).absent_classes("training"));
    warnings.extend(resolution(validation).warnings("validation"));
    if !test.is_empty() {
        match scoring.measures(&values(test)) {
            Ok(()) => warnings.extend(resolution(test).warnings("test")),
            Err(why) => warnings.push(unmeasurable(&dataset, "test", why)),
        }
    }
    dataset.warnings.extend(warnings);
    dataset
}

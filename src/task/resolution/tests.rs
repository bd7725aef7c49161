//! What is told of rows, by hand-made counts.

use super::*;

fn classes(counts: &[usize]) -> (Vec<Example>, Labels) {
    let of_class = |(class, &count): (usize, &usize)| {
        let row = Example {
            text: String::new(),
            pair: None,
            label: Label::Class(class),
        };
        vec![row; count]
    };
    let names = (0..counts.len()).map(|class| format!("class {class}"));
    let rows = counts.iter().enumerate().flat_map(of_class).collect();
    (rows, Labels::Classes(names.collect()))
}

fn scoring(metric: Metric, labels: &Labels) -> Scoring {
    Scoring {
        metric,
        classes: labels.outputs(),
        positive: 1,
    }
}

#[test]
fn standard_errors_are_those_of_the_formulas() {
    let (rows, labels) = classes(&[45, 15]);
    for (metric, expected) in [
        (Metric::Accuracy, 0.064_549_722),
        // 45/60 and 15/60: c = 0.625, √(0.625 · 0.375 / 60) / 0.375
        (Metric::Matthews, 0.166_666_667),
        (Metric::F1, 0.143_816_782),
        // 0.557 · √(1/45 + 1/15) / 2
        (Metric::MacroF1, 0.083_032_658),
    ] {
        let error = Resolution::of(&rows, &labels, scoring(metric, &labels)).standard_error();
        let near = error.is_some_and(|error| (error - expected).abs() < 1e-8);
        assert!(near, "{metric}: {error:?}");
    }
    let nothing = Resolution::of(&[], &labels, scoring(Metric::F1, &labels));
    assert_eq!(nothing.standard_error(), None);
    assert_eq!(nothing.baseline(), None);
}

#[test]
fn a_constant_answer_is_worth_what_it_scores() {
    let (rows, labels) = classes(&[45, 15]);
    let of = |metric| Resolution::of(&rows, &labels, scoring(metric, &labels)).baseline();
    assert_eq!(of(Metric::Accuracy), Some(("class 0", 0.75)));
    assert_eq!(of(Metric::F1), Some(("class 1", 0.4)));
    assert_eq!(of(Metric::MacroF1), Some(("class 0", 90.0 / 105.0 / 2.0)));
    assert_eq!(of(Metric::Matthews), None);
}

#[test]
fn few_rows_are_told_with_numbers() {
    let (rows, labels) = classes(&[45, 15]);
    let resolution = Resolution::of(&rows, &labels, scoring(Metric::Accuracy, &labels));
    let text =
        "60 rows: a score has a standard error of up to about 0.065 and moves in steps of 0.017";
    assert_eq!(resolution.to_string(), text);
    assert_eq!(
        resolution.warnings("validation"),
        [format!(
            "little can be told from {}",
            text.replace("rows", "validation rows")
        )]
    );
    let (rows, labels) = classes(&[300, 200]);
    let enough = Resolution::of(&rows, &labels, scoring(Metric::Accuracy, &labels));
    assert_eq!(enough.warnings("validation"), [""; 0]);
}

#[test]
fn classes_without_a_row_are_named() {
    let (rows, labels) = classes(&[200, 0, 200]);
    let accuracy = scoring(Metric::Accuracy, &labels);
    assert_eq!(
        Resolution::of(&rows, &labels, accuracy).warnings("validation"),
        ["no validation row has the label `class 1`"]
    );
    let (rows, labels) = classes(&[300, 0, 0]);
    let warnings = Resolution::of(&rows, &labels, accuracy).warnings("test");
    assert_eq!(
        warnings,
        [
            "2 of 3 classes have no test row: `class 1`, `class 2`",
            "all 300 test rows have the label `class 0`: a model that always says so cannot be told from a good one",
        ]
    );
}

#[test]
fn a_correlation_that_rests_on_few_rows_is_told() {
    let row = |value| Example {
        text: String::new(),
        pair: None,
        label: Label::Value(value),
    };
    let rows = [vec![row(2.5); 998], vec![row(1.0); 2]].concat();
    let labels = Labels::Regression;
    let spearman = scoring(Metric::Spearman, &labels);
    let warnings = Resolution::of(&rows, &labels, spearman).warnings("validation");
    let expected = "the label of 998 of 1000 validation rows is the same number: a correlation rests on the other 2";
    assert_eq!(warnings, [expected]);
}

#[test]
fn rare_classes_are_what_a_score_rests_on() {
    let (rows, labels) = classes(&[300, 2, 0]);
    let of = |metric| {
        let warnings = Resolution::of(&rows, &labels, scoring(metric, &labels)).warnings("dev");
        warnings.join("; ")
    };
    let matthews = of(Metric::Matthews);
    assert!(
        matthews.contains("little can be told from 302 dev rows, 0 of them of the rarest class `class 2`: a score has a standard error of up to about 0.50"),
        "{matthews}"
    );
    let f1 = of(Metric::F1);
    assert!(
        f1.contains(
            "302 dev rows, 2 of them `class 1`: a score has a standard error of up to about 0.39"
        ),
        "{f1}"
    );
    let macro_f1 = of(Metric::MacroF1);
    assert!(
        macro_f1.contains("counts a class without a dev row as 0: no score can be above 0.6667"),
        "{macro_f1}"
    );
}

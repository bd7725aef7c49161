//! Every key, changed: whether results depend on it is what its effect says.

use std::path::Path;

use serde_json::Value;

use super::parse;
use crate::study::effect::Effect;
use crate::study::keys::KEYS;
use crate::study::schema::{Fallback, Interval, Key, Kind};
use crate::study::{Study, StudyError};

/// Data of one's own, so that every key of [task] may be given.
const OWN: &str = "[model]\nembedded = true\n[task]\nname = \"own\"\ntrain_file = \"a.csv\"\nvalidation_file = \"b.csv\"\n\
                   text_columns = [\"text\"]\nlabel_column = \"label\"\nmetric = \"f1\"\n";

fn read(text: &str) -> Result<Study, StudyError> {
    Study::parse(text, Path::new("s.toml"), Path::new("/studies"))
}

/// A value of the key that is not its default, as TOML.
fn another(key: &Key) -> String {
    let of_kind = match key.kind {
        Kind::Switch => match key.default {
            Fallback::Value("true") => "false".to_owned(),
            _ => "true".to_owned(),
        },
        Kind::Count(low, high) => {
            let default = match key.default {
                Fallback::Value(value) => value.parse().unwrap(),
                _ => low,
            };
            (if default < high { default + 1 } else { low }).to_string()
        }
        Kind::Real(Interval { low, .. }) => format!("{:?}", (low.max(0.0) + 0.0625)),
        Kind::Choice(names) => {
            let quoted = |name: &&str| format!("\"{name}\"");
            let is_other = |name: &String| !matches!(key.default, Fallback::Value(d) if d == name);
            names.iter().map(quoted).find(is_other).unwrap()
        }
        Kind::Path => "\"elsewhere.csv\"".to_owned(),
        Kind::Text => "\"another\"".to_owned(),
        Kind::Texts => "[\"another\"]".to_owned(),
        Kind::Forms(_) => String::new(),
    };
    let own = match (key.section, key.name) {
        ("task", "validation") => "0.25",
        ("task", "labels") => "[\"no\", \"yes\"]",
        ("space", "modules") => "[\"serial\"]",
        ("space", "sizes") => "[0, 6]",
        ("space", "layers") => "\"all\"",
        ("space", "learning_rates") => "[1e-4, 1e-3]",
        ("rungs", "epochs") => "[1, 3]",
        ("search", "thinning") => "4",
        _ => return of_kind,
    };
    own.to_owned()
}

/// The study without the key, and with another value of it than its default.
fn pair(key: &Key) -> (Study, Study) {
    let (section, name) = (key.section, key.name);
    let value = another(key);
    let beside = match (section, name) {
        // Counts for something only where there are rungs.
        ("rungs", "reduction_factor") => "[rungs]\nepochs = [1]\n",
        _ => "",
    };
    let base = match (section, name) {
        ("task", "metric") => OWN.replace("metric = \"f1\"\n", ""),
        ("task", "regression") => OWN.replace(
            "metric = \"f1\"",
            "metric = \"spearman\"\nregression = true",
        ),
        ("task", "folder") => OWN.replace(
            "train_file = \"a.csv\"\nvalidation_file = \"b.csv\"\n",
            "folder = \"here\"\n",
        ),
        ("model", "revision") => OWN.replace("embedded = true", "hub = \"a\""),
        _ => format!("{OWN}{beside}"),
    };
    let given = format!("{name} = ");
    let lines = base.lines().map(str::to_owned);
    let changed: Vec<String> = match (section, name) {
        ("task", "regression") => vec![OWN.to_owned()],
        ("model", "hub" | "path") => {
            vec![OWN.replace("embedded = true", &format!("{name} = {value}"))]
        }
        ("model", "embedded") => vec![OWN.replace("embedded = true", "hub = \"a\"")],
        ("model", "revision") => {
            vec![base.replace("hub = \"a\"", &format!("hub = \"a\"\nrevision = {value}"))]
        }
        ("study", _) => vec![format!("{base}[study]\n{given}{value}")],
        _ if base.lines().any(|line| line.starts_with(&given)) => lines
            .map(|line| match line.starts_with(&given) {
                true => format!("{given}{value}"),
                false => line,
            })
            .collect(),
        ("task", _) => lines.chain([format!("{given}{value}")]).collect(),
        _ if base.contains(&format!("[{section}]")) => {
            lines.chain([format!("{given}{value}")]).collect()
        }
        _ => lines
            .chain([format!("[{section}]"), format!("{given}{value}")])
            .collect(),
    };
    (parse(&base), parse(&changed.join("\n")))
}

#[test]
fn every_key_that_is_changed_has_the_effect_that_is_told() {
    for key in KEYS {
        // What a preset stands for are the values of other keys, which tell their own effects.
        if (key.section, key.name) == ("study", "preset") {
            continue;
        }
        let (base, mut changed) = pair(key);
        // As a study that has begun holds it, whatever its number of trials.
        if changed.search.initial_trials_open {
            changed.search.initial_trials = base.search.initial_trials;
        }
        let whole = |study: &Study| serde_json::to_value(study).unwrap();
        let place = format!("[{}] {}", key.section, key.name);
        assert_ne!(
            whole(&base),
            whole(&changed),
            "{place}: the test changes nothing"
        );
        let same = (
            base.settled() == changed.settled(),
            base.results_alone() == changed.results_alone(),
        );
        let expected = match Effect::of_key(key.section, key.name) {
            Effect::Results => (false, false),
            Effect::Content => (false, true),
            Effect::Nothing => (true, true),
        };
        assert_eq!(same, expected, "{place}");
    }
}

#[test]
fn a_key_that_is_not_given_is_its_default() {
    for key in KEYS {
        let Fallback::Value(default) = key.default else {
            continue;
        };
        let text = match key.section {
            "task" => format!("{OWN}{} = {default}\n", key.name),
            "model" => continue,
            section => format!("{OWN}[{section}]\n{} = {default}\n", key.name),
        };
        // Some are right only beside others, which the presets hold.
        let Ok(given) = read(&text) else { continue };
        assert_eq!(
            given.settled(),
            parse(OWN).settled(),
            "[{}] {}",
            key.section,
            key.name
        );
    }
}

#[test]
fn presets_stand_for_values_alone() {
    let given = |text: &str| {
        let mut settings = parse(text).settled();
        settings["search"]["initial_trials"] = Value::Null;
        settings
    };
    let own = format!("preset = \"default\"\n{OWN}");
    assert_eq!(given(&own), given(OWN));
    let paper = format!("preset = \"paper\"\n{OWN}");
    assert_ne!(given(&paper), given(OWN));
}

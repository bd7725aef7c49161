//! What depends on each key, and so whether it may change once a study has begun.

use serde_json::{Map, Value};

use super::schema::key;
use super::settings::Study;

/// What depends on a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Results, or which configurations are tried: it is fixed once a study has begun.
    Results,
    /// Results, through what it names: another name or place of the same content is no change.
    Content,
    /// Speed, memory, what is kept, or how long the study goes on: it may change at any time.
    Nothing,
}

/// The keys on whose values results do not depend; on all others they do.
const OTHERS: &[(&str, &str, Effect)] = &[
    // Its values are those of the keys themselves.
    ("study", "preset", Effect::Nothing),
    ("model", "hub", Effect::Content),
    ("model", "revision", Effect::Content),
    ("model", "path", Effect::Content),
    ("model", "embedded", Effect::Content),
    ("task", "folder", Effect::Content),
    ("task", "train_file", Effect::Content),
    ("task", "validation_file", Effect::Content),
    ("task", "test_file", Effect::Content),
    ("task", "format", Effect::Content),
    ("task", "text_columns", Effect::Content),
    ("task", "label_column", Effect::Content),
    ("task", "labels", Effect::Content),
    ("task", "missing_labels", Effect::Content),
    ("task", "quoted_lines", Effect::Content),
    ("task", "positive_label", Effect::Content),
    ("search", "trials", Effect::Nothing),
    ("search", "parallel", Effect::Nothing),
    ("search", "stop_below", Effect::Nothing),
    ("training", "evaluation_batch_size", Effect::Nothing),
    // Losses and gradients are the same up to rounding; dropout, where there is any, draws as for another seed.
    ("training", "pad_to_max_length", Effect::Nothing),
    ("training", "length_buckets", Effect::Nothing),
    ("training", "activation_cache_mb", Effect::Nothing),
    ("output", "keep_adapters", Effect::Nothing),
    ("output", "checkpoint_seconds", Effect::Nothing),
];

impl Effect {
    /// That of a key of the study file.
    pub(super) fn of_key(section: &str, name: &str) -> Self {
        let known = OTHERS.iter().find(|row| (row.0, row.1) == (section, name));
        known.map_or(Self::Results, |row| row.2)
    }

    /// That of a setting by its place in a study's settings as JSON, such as `training.epochs`; none where the place holds
    /// further settings.
    pub fn of_setting(place: &str) -> Option<Self> {
        match place {
            "" => None,
            "name" | "seed" => Some(Self::Results),
            "model" => Some(Self::Content),
            _ => {
                let (section, name) = place.rsplit_once('.')?;
                let is_key = key(section, name).is_some();
                is_key.then(|| Self::of_key(section, name))
            }
        }
    }

    /// For people who read of a key; nothing where the usual holds.
    pub(super) fn note(self) -> Option<&'static str> {
        match self {
            Self::Results => None,
            Self::Content => Some("compared by content"),
            Self::Nothing => Some("may change at any time"),
        }
    }
}

impl Study {
    /// The settings on which results depend, as JSON: all but those that may change at any time.
    pub fn settled(&self) -> Value {
        self.settings_with(&[Effect::Results, Effect::Content])
    }

    /// The settings on which results depend, without those that name something by its place.
    pub fn results_alone(&self) -> Value {
        self.settings_with(&[Effect::Results])
    }

    fn settings_with(&self, effects: &[Effect]) -> Value {
        with(serde_json::to_value(self).unwrap_or_default(), effects)
    }

    /// What holds where a study file gives nothing, as JSON: the defaults, and those of the preset `paper`.
    pub fn default_settings() -> [Value; 2] {
        ["default", "paper"].map(|preset| {
            // A study without rungs would not write them.
            let text = format!(
                "preset = \"{preset}\"\n[model]\nembedded = true\n[task]\nname = \"demo\"\n[rungs]\nepochs = [1]\n"
            );
            let study = Self::parse(&text, "study.toml".as_ref(), "/".as_ref());
            let settings = study.map(|study| serde_json::to_value(&study).unwrap_or_default());
            let mut settings = settings.unwrap_or_default();
            settings["rungs"]["epochs"] = Value::Array(Vec::new());
            // What it was before there was a choice, which is written as nothing.
            settings["training"]["standard_targets"] = Value::Bool(false);
            settings
        })
    }
}

/// Of settings as JSON those on which results depend, without those that name something by its place.
pub fn results_of(settings: &Value) -> Value {
    with(settings.clone(), &[Effect::Results])
}

fn with(mut settings: Value, effects: &[Effect]) -> Value {
    if let Value::Object(table) = &mut settings {
        keep("", table, effects);
    }
    settings
}

/// Keeps the settings that have one of these effects.
fn keep(place: &str, table: &mut Map<String, Value>, effects: &[Effect]) {
    let dot = if place.is_empty() { "" } else { "." };
    table.retain(|name, value| {
        let place = format!("{place}{dot}{name}");
        match (Effect::of_setting(&place), value) {
            (Some(effect), _) => effects.contains(&effect),
            (None, Value::Object(inner)) => {
                keep(&place, inner, effects);
                !inner.is_empty()
            }
            (None, _) => true,
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::keys::KEYS;

    #[test]
    fn every_key_that_has_another_effect_is_a_key() {
        for (section, name, _) in OTHERS {
            assert!(key(section, name).is_some(), "[{section}] {name}");
        }
    }

    #[test]
    fn every_key_that_may_change_leaves_the_settled_settings() {
        let [defaults, _] = Study::default_settings();
        for key in KEYS
            .iter()
            .filter(|key| key.section != "study" && key.section != "model")
        {
            let place = format!("/{}/{}", key.section.replace('.', "/"), key.name);
            // Sizes are settled with their modules.
            let is_there = defaults.pointer(&place).is_some() || key.name == "sizes";
            // Some are not written where they are not set.
            let may_be_absent = matches!(
                key.name,
                "stop_below"
                    | "learning_rates"
                    | "labels"
                    | "missing_labels"
                    | "quoted_lines"
                    | "positive_label"
            );
            assert!(is_there || may_be_absent, "{place} is no setting");
        }
        let text = "[model]\nembedded = true\n[task]\nname = \"demo\"\n";
        let study = Study::parse(text, "s.toml".as_ref(), "/".as_ref()).expect("a study");
        let settled = study.settled();
        assert_eq!(settled.get("output"), None);
        assert_eq!(settled["search"].get("trials"), None);
        assert_eq!(settled["search"]["initial_trials"], 10);
        assert_eq!(settled["training"].get("length_buckets"), None);
        assert_eq!(settled["training"]["epochs"], 10);
        let results = results_of(&settled);
        assert_eq!(results["training"]["epochs"], 10);
        assert_eq!(results.get("model"), None);
    }
}

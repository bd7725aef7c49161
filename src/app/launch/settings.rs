//! The settings on which results depend, then and now.

use std::path::Path;

use serde_json::Value;

use crate::app::StudyFacts;
use crate::study::{Effect, Study};

/// What differs from the study as it was created, in words; none where nothing does.
pub(super) fn differences(then: &StudyFacts, now: &Study) -> Option<String> {
    let mut found = Comparison {
        defaults: Study::default_settings(),
        by_content: then.identity.is_some(),
        differences: Vec::new(),
    };
    found.compare("", Some(&then.settings), Some(&now.settled()));
    (!found.differences.is_empty()).then(|| found.differences.join("; "))
}

struct Comparison {
    /// What a setting is taken to be where a journal, older than its key, has none.
    defaults: [Value; 2],
    /// Whether rows and models are compared by their content, so that their places need not be.
    by_content: bool,
    differences: Vec<String>,
}

impl Comparison {
    fn compare(&mut self, place: &str, then: Option<&Value>, now: Option<&Value>) {
        let effect = Effect::of_setting(place);
        let is_table = |value: Option<&Value>| value.is_none_or(Value::is_object);
        if effect.is_none() && is_table(then) && is_table(now) {
            let tables = [then, now].map(|value| value.and_then(Value::as_object));
            let mut names: Vec<&String> = (tables.iter().flatten())
                .flat_map(|table| table.keys())
                .collect();
            names.sort_unstable();
            names.dedup();
            let dot = if place.is_empty() { "" } else { "." };
            for name in names {
                let [then, now] = tables.map(|table| table.and_then(|table| table.get(name)));
                self.compare(&format!("{place}{dot}{name}"), then, now);
            }
            return;
        }
        let default = |defaults: &Value| {
            let place = format!("/{}", place.replace('.', "/"));
            defaults.pointer(&place).cloned().unwrap_or_default()
        };
        // Before there were repeats, nothing was measured twice.
        let defaults = match place {
            "search.repeats" => [0.0, 0.0].map(Value::from),
            _ => self.defaults.each_ref().map(default),
        };
        let now = now.unwrap_or(&defaults[0]);
        // What the file leaves open stays as the journal has it.
        let is_open = place.starts_with("search.reference_point.") && now.is_null();
        let is_same = match (effect.unwrap_or(Effect::Results), then) {
            (Effect::Nothing, _) => true,
            (Effect::Content, _) if self.by_content => true,
            (Effect::Content, Some(then)) => same_place(then, now),
            (_, Some(then)) => then == now,
            (_, None) => defaults.contains(now),
        };
        if !is_same && !is_open {
            let then = then.unwrap_or(&defaults[0]);
            self.differences
                .push(format!("`{place}` was {then}, is {now}"));
        }
    }
}

/// Whether two places that only a journal without digests compares are one: two spellings of it, or one that is no longer
/// there, of the same name.
fn same_place(then: &Value, now: &Value) -> bool {
    let folder = |value: &Value| value.get("folder").cloned();
    let (then, now) = match (folder(then), folder(now)) {
        (Some(then), Some(now)) => (then, now),
        _ => (then.clone(), now.clone()),
    };
    let (Some(old), Some(new)) = (then.as_str().map(Path::new), now.as_str().map(Path::new)) else {
        return then == now;
    };
    let (old_place, new_place) = (old.canonicalize().ok(), new.canonicalize().ok());
    match old_place {
        Some(_) => old_place == new_place,
        None => old == new || (old.is_absolute() && old.file_name() == new.file_name()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]
    use super::*;
    use serde_json::json;

    fn found(then: &Value, now: &Value, by_content: bool) -> Vec<String> {
        let mut found = Comparison {
            defaults: Study::default_settings(),
            by_content,
            differences: Vec::new(),
        };
        found.compare("", Some(then), Some(now));
        found.differences
    }

    #[test]
    fn differences_name_the_key_and_both_values() {
        let then = json!({"training": {"epochs": 3, "patience": 2}, "seed": 1});
        let now = json!({"training": {"epochs": 4, "patience": 2}, "seed": 1});
        assert_eq!(found(&then, &now, true), ["`training.epochs` was 3, is 4"]);
        assert!(found(&then, &then, true).is_empty());
    }

    #[test]
    fn a_reference_point_that_the_file_leaves_open_stays_that_of_the_journal() {
        let of = |score: Value| json!({"search": {"reference_point": {"score": score}}});
        assert!(found(&of(json!(0.5)), &of(json!(null)), true).is_empty());
        assert_eq!(
            found(&of(json!(null)), &of(json!(0.5)), true),
            ["`search.reference_point.score` was null, is 0.5"]
        );
    }

    #[test]
    fn a_key_that_the_journal_is_older_than_has_its_default() {
        let then = json!({"training": {"epochs": 3}});
        let now = |rate: f64| json!({"training": {"epochs": 3, "warmup_share": rate}});
        assert!(found(&then, &now(0.2), true).is_empty(), "the default");
        assert!(found(&then, &now(0.0), true).is_empty(), "the paper's");
        assert_eq!(
            found(&then, &now(0.5), true),
            ["`training.warmup_share` was 0.2, is 0.5"]
        );
        let rungs =
            json!({"training": {"epochs": 3}, "rungs": {"epochs": [1], "reduction_factor": 3}});
        assert_eq!(
            found(&then, &rungs, true),
            ["`rungs.epochs` was [], is [1]"]
        );
    }

    #[test]
    fn every_setting_that_a_journal_lacks_is_its_default() {
        let text = "[model]\nembedded = true\n[task]\nname = \"demo\"\n";
        let study = Study::parse(text, Path::new("s.toml"), Path::new("/")).unwrap();
        let now = study.settled();
        for (section, table) in now.as_object().unwrap() {
            for name in table.as_object().into_iter().flat_map(|table| table.keys()) {
                let mut then = now.clone();
                then[section].as_object_mut().unwrap().remove(name);
                // Journals without it are of studies that did otherwise.
                let expected = match name.as_str() {
                    "standard_targets" => {
                        vec!["`training.standard_targets` was false, is true"]
                    }
                    "repeats" => vec!["`search.repeats` was 0.0, is 0.2"],
                    _ => Vec::new(),
                };
                assert_eq!(found(&then, &now, true), expected, "{section}.{name}");
            }
        }
    }

    #[test]
    fn a_study_from_before_there_were_repeats_has_none() {
        let then = json!({"search": {"batch": 1}});
        let now = |share: f64| json!({"search": {"batch": 1, "repeats": share}});
        assert!(found(&then, &now(0.0), true).is_empty());
        assert_eq!(
            found(&then, &now(0.2), true),
            ["`search.repeats` was 0.0, is 0.2"]
        );
    }

    #[test]
    fn places_count_only_where_content_is_unknown_and_only_where_they_are_others() {
        let lab = tempfile::tempdir().unwrap();
        let place = |name: &str| lab.path().join(name).display().to_string();
        for name in ["here", "there"] {
            std::fs::create_dir(lab.path().join(name)).unwrap();
        }
        let of = |path: &str| json!({"model": {"folder": path}, "task": {"train_file": path}});
        let (here, there) = (of(&place("here")), of(&place("there")));
        assert!(found(&here, &there, true).is_empty());
        assert_eq!(found(&here, &there, false).len(), 2);
        assert!(found(&here, &of(&place("there/../here")), false).is_empty());
        assert!(
            found(&of("/no/longer/here"), &here, false).is_empty(),
            "moved"
        );
        assert_eq!(found(&of("/no/longer/there"), &here, false).len(), 2);
        let hub = json!({"model": {"hub": {"id": "a", "revision": "main"}}});
        let other = json!({"model": {"hub": {"id": "b", "revision": "main"}}});
        assert_eq!(found(&hub, &other, false).len(), 1);
    }
}

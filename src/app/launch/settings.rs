//! The settings on which results depend, then and now.

use crate::app::StudyFacts;
use crate::domain::PeftSpace;
use crate::study::Study;

/// The settings on which results depend: all but the number of trials, how many train at once, and what is kept.
pub(super) fn settled(study: &Study) -> serde_json::Value {
    let mut settings = serde_json::to_value(study).unwrap_or_default();
    if let Some(table) = settings.as_object_mut() {
        table.remove("output");
        if let Some(search) = table
            .get_mut("search")
            .and_then(|search| search.as_object_mut())
        {
            search.remove("trials");
            search.remove("parallel");
        }
    }
    settings
}

/// What differs from the study as it was created, in words; none where nothing does.
pub(super) fn differences(
    then: &StudyFacts,
    settings: &serde_json::Value,
    space: &PeftSpace,
) -> Option<String> {
    let mut found = Vec::new();
    compare("", &then.settings, settings, &mut found);
    if found.is_empty() && then.space != *space {
        found.push("the model has another size than before".to_owned());
    }
    (!found.is_empty()).then(|| found.join("; "))
}

fn compare(path: &str, then: &serde_json::Value, now: &serde_json::Value, found: &mut Vec<String>) {
    let (Some(old), Some(new)) = (then.as_object(), now.as_object()) else {
        // What the file leaves open stays as the journal has it.
        let is_open = path.starts_with("search.reference_point.") && now.is_null();
        if then != now && !is_open {
            found.push(format!("`{path}` was {then}, is {now}"));
        }
        return;
    };
    let absent = serde_json::Value::Null;
    let added = new.keys().filter(|key| !old.contains_key(*key));
    for key in old.keys().chain(added) {
        let dot = if path.is_empty() { "" } else { "." };
        let (was, is) = (
            old.get(key).unwrap_or(&absent),
            new.get(key).unwrap_or(&absent),
        );
        compare(&format!("{path}{dot}{key}"), was, is, found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn differences_name_the_key_and_both_values() {
        let then = json!({"training": {"epochs": 3, "patience": 2}, "seed": 1});
        let now = json!({"training": {"epochs": 4, "patience": 2}, "seed": 1});
        let mut found = Vec::new();
        compare("", &then, &now, &mut found);
        assert_eq!(found, ["`training.epochs` was 3, is 4"]);
        found.clear();
        compare("", &then, &then, &mut found);
        assert!(found.is_empty());
    }

    #[test]
    fn a_reference_point_that_the_file_leaves_open_stays_that_of_the_journal() {
        let of =
            |score: serde_json::Value| json!({"search": {"reference_point": {"score": score}}});
        let mut found = Vec::new();
        compare("", &of(json!(0.5)), &of(json!(null)), &mut found);
        assert!(found.is_empty(), "{found:?}");
        compare("", &of(json!(null)), &of(json!(0.5)), &mut found);
        assert_eq!(found, ["`search.reference_point.score` was null, is 0.5"]);
    }
}

//! Settings that no study file was read for: those of a card, which others may have written.

use serde::Serialize;
use serde_json::Value;

use super::keys::KEYS;
use super::schema::Kind;

/// What is wrong with the settings of a section: the first number that a study file could not give. None where nothing is.
pub fn settings_out_of_bounds(section: &str, settings: &impl Serialize) -> Option<String> {
    let settings = serde_json::to_value(settings).ok()?;
    let keys = KEYS.iter().filter(|key| key.section == section);
    let mut given = keys.filter_map(|key| Some((key, settings.get(key.name)?)));
    let (key, found) = given.find(|(key, value)| !value.is_null() && !fits(key.kind, value))?;
    let name = key.name;
    Some(format!(
        "`{section}.{name}` must be {}; found {found}",
        key.kind
    ))
}

/// Numbers are held against their bounds; other kinds have types that hold them.
fn fits(kind: Kind, value: &Value) -> bool {
    match kind {
        Kind::Count(low, high) => value
            .as_u64()
            .is_some_and(|count| (low..=high).contains(&count)),
        Kind::Real(interval) => value
            .as_f64()
            .is_some_and(|number| interval.contains(number)),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_first_setting_out_of_its_bounds_is_told_with_them() {
        let told = |settings: Value| settings_out_of_bounds("training", &settings);
        assert_eq!(told(json!({"epochs": 3, "learning_rate": 1e-3})), None);
        assert_eq!(
            told(json!({"epochs": 3, "batch_size": 1_099_511_627_776_u64})).as_deref(),
            Some(
                "`training.batch_size` must be a whole number from 1 to 65536; found 1099511627776"
            )
        );
        assert_eq!(
            told(json!({"max_length": 0})).as_deref(),
            Some("`training.max_length` must be a whole number from 4 to 8192; found 0")
        );
        assert_eq!(
            told(json!({"head_dropout": 1e308})).as_deref(),
            Some(
                "`training.head_dropout` must be a number of at least 0 and below 1; found 1e+308"
            )
        );
        assert_eq!(
            settings_out_of_bounds("task", &json!({"train_rows": null})),
            None
        );
    }
}

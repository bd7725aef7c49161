//! What results rest on, known by content: rows and weights are the same wherever they lie and whatever their files
//! are called, and others under the same name are others.

use serde::{Deserialize, Serialize};

/// Class names that a message lists before it says how many more there are.
const NAMES_TOLD: usize = 12;

/// The rows, the encoder and the metric that a study's results rest on. Digests are SHA-256 in hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The class names by number; none where a number is predicted.
    pub classes: Option<Vec<String>>,
    /// Name of the metric.
    pub metric: String,
    /// The rows that trials train on, after the split.
    pub train: RowsIdentity,
    /// The rows that trials are measured on.
    pub validation: RowsIdentity,
    /// The rows kept apart.
    pub test: RowsIdentity,
    /// The encoder.
    pub encoder: EncoderIdentity,
}

/// Some rows, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowsIdentity {
    /// How many.
    pub count: usize,
    /// Digest of their texts.
    pub texts: String,
    /// Digest of their labels: classes by their names, numbers by their bits.
    pub labels: String,
    /// Rows of each class by its number; empty where a number is predicted.
    pub per_class: Vec<usize>,
}

/// An encoder, without its name and place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EncoderIdentity {
    /// Digest of what its `config.json` says of its shape and its numbers.
    pub config: String,
    /// Digest of everything that decides token ids.
    pub tokenizer: String,
    /// Digest of its weights' file.
    pub weights: String,
}

impl Identity {
    /// What of all that trials rest on is otherwise `now`, in words; nothing where nothing is. Rows kept apart are not
    /// among it, for no trial sees them.
    pub fn changes(&self, now: &Self) -> Vec<String> {
        let train = self.train.change("training", &now.train, self, now);
        train
            .into_iter()
            .chain(self.measured_changes(now))
            .collect()
    }

    /// What of all that a score of given weights rests on is otherwise `now`, in words.
    pub fn measured_changes(&self, now: &Self) -> Vec<String> {
        let validation = &self.validation;
        let mut found: Vec<String> = validation
            .change("validation", &now.validation, self, now)
            .into_iter()
            .collect();
        if self.classes != now.classes {
            found.push(format!(
                "{} then, {} now",
                predicted(self.classes.as_deref()),
                predicted(now.classes.as_deref())
            ));
        }
        if self.metric != now.metric {
            found.push(format!("the metric was {}, is {}", self.metric, now.metric));
        }
        found.extend(self.encoder.changes(&now.encoder));
        found
    }

    /// What is otherwise about the rows kept apart, in words; none where they are the same.
    pub fn test_change(&self, now: &Self) -> Option<String> {
        self.test.change("test", &now.test, self, now)
    }
}

impl RowsIdentity {
    fn change(
        &self,
        name: &str,
        now: &Self,
        then_of: &Identity,
        now_of: &Identity,
    ) -> Option<String> {
        if self.count != now.count {
            return Some(format!(
                "the {name} rows changed: {} then, {} now",
                grouped(self.count),
                grouped(now.count)
            ));
        }
        let rows = grouped(self.count);
        if self.texts != now.texts {
            let labels = match self.labels == now.labels {
                true => "",
                false => ", and so do labels",
            };
            return Some(format!(
                "the {name} rows changed: still {rows}, but texts or their order differ{labels}"
            ));
        }
        if self.labels == now.labels {
            return None;
        }
        let counts = match (self.counts(then_of), now.counts(now_of)) {
            (Some(then), Some(now)) if then != now => format!(": {then} then, {now} now"),
            _ => String::new(),
        };
        Some(format!(
            "labels of the {rows} {name} rows changed, their texts did not{counts}"
        ))
    }

    /// `"no" 60, "yes" 41`; none where there are no classes, or too many to list.
    fn counts(&self, of: &Identity) -> Option<String> {
        let names = of.classes.as_ref()?;
        let each = names.iter().zip(&self.per_class);
        let told: Vec<String> = each
            .map(|(name, count)| format!("{name:?} {count}"))
            .collect();
        (told.len() <= NAMES_TOLD).then(|| told.join(", "))
    }
}

impl EncoderIdentity {
    fn changes(&self, now: &Self) -> Vec<String> {
        let parts = [
            (
                &self.weights,
                &now.weights,
                "the encoder's weights (model.safetensors) are another file",
            ),
            (
                &self.config,
                &now.config,
                "the encoder's config.json says otherwise",
            ),
            (
                &self.tokenizer,
                &now.tokenizer,
                "the encoder's tokenizer is another: texts may become other ids",
            ),
        ];
        let differing = parts.into_iter().filter(|(then, now, _)| then != now);
        differing.map(|(_, _, words)| words.to_owned()).collect()
    }
}

/// `the classes were "no", "yes"` without its verb.
fn predicted(classes: Option<&[String]>) -> String {
    let Some(names) = classes else {
        return "a number was predicted".to_owned();
    };
    let told: Vec<String> = (names.iter().take(NAMES_TOLD))
        .map(|name| format!("{name:?}"))
        .collect();
    let more = match names.len().saturating_sub(NAMES_TOLD) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("the classes {}{more}", told.join(", "))
}

/// `1,204`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(count: usize, texts: &str, labels: &str, per_class: &[usize]) -> RowsIdentity {
        RowsIdentity {
            count,
            texts: texts.to_owned(),
            labels: labels.to_owned(),
            per_class: per_class.to_vec(),
        }
    }

    fn identity() -> Identity {
        Identity {
            classes: Some(vec!["no".to_owned(), "yes".to_owned()]),
            metric: "accuracy".to_owned(),
            train: rows(1204, "a", "b", &[600, 604]),
            validation: rows(100, "c", "d", &[60, 40]),
            test: rows(7, "e", "f", &[3, 4]),
            encoder: EncoderIdentity {
                config: "g".to_owned(),
                tokenizer: "h".to_owned(),
                weights: "i".to_owned(),
            },
        }
    }

    fn changes(change: impl Fn(&mut Identity)) -> Vec<String> {
        let mut now = identity();
        change(&mut now);
        identity().changes(&now)
    }

    #[test]
    fn what_changed_is_told_in_words() {
        assert!(changes(|_| ()).is_empty());
        assert_eq!(
            changes(|now| now.train = rows(1198, "x", "y", &[600, 598])),
            ["the training rows changed: 1,204 then, 1,198 now"]
        );
        assert_eq!(
            changes(|now| now.train.texts = "x".to_owned()),
            ["the training rows changed: still 1,204, but texts or their order differ"]
        );
        assert_eq!(
            changes(|now| now.validation = rows(100, "c", "x", &[57, 43])),
            [
                "labels of the 100 validation rows changed, their texts did not: \"no\" 60, \"yes\" 40 then, \
                 \"no\" 57, \"yes\" 43 now"
            ]
        );
        assert_eq!(
            changes(|now| now.classes = Some(vec!["yes".to_owned(), "no".to_owned()])),
            ["the classes \"no\", \"yes\" then, the classes \"yes\", \"no\" now"]
        );
        assert_eq!(
            changes(|now| now.metric = "f1".to_owned()),
            ["the metric was accuracy, is f1"]
        );
        let found = changes(|now| now.encoder.weights = "x".to_owned());
        assert!(found[0].contains("model.safetensors"), "{found:?}");
        assert_eq!(changes(|now| now.encoder.config = "x".to_owned()).len(), 1);
        assert_eq!(
            changes(|now| now.encoder.tokenizer = "x".to_owned()).len(),
            1
        );
    }

    #[test]
    fn rows_kept_apart_are_told_of_but_no_trial_rests_on_them() {
        let mut now = identity();
        now.test.labels = "x".to_owned();
        assert!(identity().changes(&now).is_empty());
        assert!(identity().test_change(&now).is_some());
        assert_eq!(identity().test_change(&identity()), None);
        now.train.count = 5;
        assert!(
            identity().measured_changes(&now).is_empty(),
            "a score of given weights"
        );
    }
}

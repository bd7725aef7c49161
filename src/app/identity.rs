//! The identity of rows and weights, from the rows and files themselves.

use serde_json::json;

use super::StudyFacts;
use super::launch::LaunchError;
use crate::digest;
use crate::domain::{EncoderIdentity, Identity, RowsIdentity};
use crate::model::{ModelFiles, Tokenizer};
use crate::study::results_of;
use crate::task::{Dataset, Example, Label, Labels};
use crate::train::rows::RowsError;

/// What results on this encoder and these rows rest on. The weights' file is read from beginning to end.
///
/// # Errors
/// A file of the model cannot be read or used.
pub(super) fn identity(files: &ModelFiles, dataset: &Dataset) -> Result<Identity, LaunchError> {
    let labels = &dataset.labels;
    let of_model = |source| RowsError::Model {
        model: files.origin.clone(),
        source,
    };
    let tokenizer = Tokenizer::new(&files.tokenizer).map_err(of_model)?;
    Ok(Identity {
        classes: match labels {
            Labels::Classes(names) => Some(names.clone()),
            Labels::Regression => None,
        },
        metric: match dataset.positive_label() {
            Some(class) => format!("{} of {class:?}", dataset.metric.name()),
            None => dataset.metric.name().to_owned(),
        },
        train: rows(&dataset.train, labels),
        validation: rows(&dataset.validation, labels),
        test: rows(&dataset.test, labels),
        encoder: EncoderIdentity {
            config: digest::of_bytes(files.encoder_config()?.to_json().as_bytes()),
            tokenizer: digest::of_bytes(tokenizer.canonical()?.as_bytes()),
            weights: files.weights_digest()?,
        },
    })
}

/// Digest of what all trials of a study rest on, as its journal has it, wherever that lies; none while the journal does
/// not know the content.
pub(super) fn basis(study: &StudyFacts) -> Option<String> {
    let identity = study.identity.as_ref()?;
    let basis = json!({ "settings": results_of(&study.settings), "seed": study.seed, "identity": identity });
    Some(digest::of_bytes(basis.to_string().as_bytes()))
}

fn rows(rows: &[Example], labels: &Labels) -> RowsIdentity {
    let (mut texts, mut values) = (Vec::new(), Vec::new());
    let (names, mut per_class) = match labels {
        Labels::Classes(names) => (&names[..], vec![0; names.len()]),
        Labels::Regression => (&[][..], Vec::new()),
    };
    for row in rows {
        text(&row.text, &mut texts);
        // A row without a second text is another than one whose second text is empty.
        texts.push(u8::from(row.pair.is_some()));
        text(row.pair.as_deref().unwrap_or_default(), &mut texts);
        match row.label {
            Label::Class(class) => {
                text(names.get(class).map_or("", String::as_str), &mut values);
                if let Some(count) = per_class.get_mut(class) {
                    *count += 1;
                }
            }
            Label::Value(value) => values.extend(value.to_le_bytes()),
        }
    }
    RowsIdentity {
        count: rows.len(),
        texts: digest::of_bytes(&texts),
        labels: digest::of_bytes(&values),
        per_class,
    }
}

/// A text behind its length, so that no two lists of texts look alike.
fn text(text: &str, out: &mut Vec<u8>) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]
    use super::*;
    use crate::task::Metric;

    fn example(text: &str, pair: Option<&str>, label: Label) -> Example {
        Example {
            text: text.to_owned(),
            pair: pair.map(str::to_owned),
            label,
        }
    }

    fn classes(names: &[&str]) -> Labels {
        Labels::Classes(names.iter().map(|&name| name.to_owned()).collect())
    }

    #[test]
    fn rows_are_known_by_their_texts_in_order_and_the_names_of_their_classes() {
        let (no, yes) = (Label::Class(0), Label::Class(1));
        let of = |all: &[(&str, Option<&str>, Label)], names: &[&str]| {
            let all: Vec<Example> = all.iter().map(|&(a, b, l)| example(a, b, l)).collect();
            rows(&all, &classes(names))
        };
        let first = of(&[("a", None, no), ("b", None, yes)], &["no", "yes"]);
        assert_eq!((first.count, &first.per_class[..]), (2, &[1, 1][..]));
        let other_numbers = of(&[("a", None, yes), ("b", None, no)], &["yes", "no"]);
        assert_eq!(
            first.labels, other_numbers.labels,
            "names count, not numbers"
        );
        for (other, texts_differ) in [
            (
                of(&[("b", None, yes), ("a", None, no)], &["no", "yes"]),
                true,
            ),
            (
                of(&[("a", Some(""), no), ("b", None, yes)], &["no", "yes"]),
                true,
            ),
            (
                of(&[("ab", None, no), ("", None, yes)], &["no", "yes"]),
                true,
            ),
            (
                of(&[("a", None, yes), ("b", None, no)], &["no", "yes"]),
                false,
            ),
            (
                of(&[("a", None, no), ("b", None, yes)], &["no", "maybe"]),
                false,
            ),
        ] {
            assert_eq!(first.texts != other.texts, texts_differ, "{other:?}");
            assert_ne!(first, other);
        }
    }

    #[test]
    fn numbers_are_known_by_their_bits() {
        let of = |value| {
            rows(
                &[example("a", None, Label::Value(value))],
                &Labels::Regression,
            )
        };
        assert_eq!(of(0.1), of(0.1));
        assert_ne!(of(0.1).labels, of(0.100_000_01).labels);
    }

    #[test]
    fn the_embedded_encoder_is_the_same_from_a_folder() {
        let embedded = ModelFiles::embedded();
        let folder = tempfile::tempdir().unwrap();
        let crate::model::Weights::Embedded(weights) = &embedded.weights else {
            panic!("the embedded encoder is inside the program");
        };
        let tokenizer = include_bytes!("../../assets/demo/tokenizer.json");
        // Laid out otherwise, it says the same.
        let tokenizer: serde_json::Value = serde_json::from_slice(tokenizer).unwrap();
        let config: serde_json::Value = serde_json::from_slice(&embedded.config).unwrap();
        let files = [
            ("config.json", format!("{config}").into_bytes()),
            ("tokenizer.json", format!("{tokenizer:#}").into_bytes()),
            ("model.safetensors", weights.to_vec()),
        ];
        for (name, bytes) in files {
            std::fs::write(folder.path().join(name), bytes).unwrap();
        }
        let source = crate::study::ModelSource::Folder(folder.path().to_owned());
        let hub = crate::hub::Hub::new(crate::hub::HubSettings::from_variables(|_| None));
        let files = ModelFiles::open(&source, &hub, &mut |_| ()).unwrap();
        let dataset = Dataset {
            task: "none".to_owned(),
            labels: classes(&["no", "yes"]),
            metric: Metric::Accuracy,
            positive: None,
            train: Vec::new(),
            validation: Vec::new(),
            test: Vec::new(),
            warnings: Vec::new(),
            files: Vec::new(),
        };
        let of = |files: &ModelFiles| identity(files, &dataset).unwrap();
        let first = of(&embedded);
        assert_eq!(first, of(&files));
        assert_eq!(first, of(&embedded), "whenever it is asked for");
        let mut other = files.clone();
        let renamed = tokenizer.to_string().replace("\"the\":", "\"teh\":");
        assert_ne!(renamed, tokenizer.to_string());
        other.tokenizer = crate::model::TokenizerFiles::json(renamed.into_bytes())
            .of_model(embedded.config.clone());
        let found = first.changes(&of(&other));
        assert!(
            matches!(&found[..], [one] if one.contains("tokenizer")),
            "{found:?}"
        );
        let path = folder.path().join("model.safetensors");
        let mut bytes = std::fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let found = first.changes(&of(&files));
        assert!(
            matches!(&found[..], [one] if one.contains("model.safetensors")),
            "{found:?}"
        );
    }
}

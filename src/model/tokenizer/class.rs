//! The tokenizer classes of Python's library that are reproduced: a row of [`CLASSES`] each.

/// How a class makes a tokenizer where there is no `tokenizer.json`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Vocabulary {
    /// `vocab.txt`; `[CLS] A [SEP] B [SEP]`.
    WordPiece,
    /// `vocab.txt`; `<s> A </s></s> B </s>`.
    WordPieceTwice,
    /// `vocab.json` and `merges.txt`; `<s> A </s></s> B </s>`.
    ByteBpe,
    /// It needs a `tokenizer.json`.
    Whole,
}

/// Whose `do_lower_case`, `strip_accents` and `tokenize_chinese_chars` hold: the settings' or those of `tokenizer.json`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Normalizer {
    /// The settings'.
    Bert,
    /// The settings', but for the last, on which both must agree.
    Mpnet,
    /// Those of `tokenizer.json`.
    AsItIs,
}

/// What becomes of special tokens that are named by their text alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Texts {
    /// They are what `tokenizer.json` says of them, if it knows them.
    Plain,
    /// The same, but the mask takes the blank before it along.
    Mask,
    /// The same of the mask; of the others nothing that `tokenizer.json` says holds.
    Own,
}

/// A tokenizer class of `transformers`, its name without `Fast`.
#[derive(Debug)]
pub(super) struct Class {
    pub(super) name: &'static str,
    /// `model_type` of the encoders that have this class unless their files say otherwise.
    model: Option<&'static str>,
    pub(super) vocabulary: Vocabulary,
    pub(super) normalizer: Normalizer,
    pub(super) texts: Texts,
    /// Whether encoders get token types unless `model_input_names` says otherwise.
    pub(super) types: bool,
    /// Special tokens that the settings do not name, by their part.
    pub(super) special: &'static [(&'static str, &'static str)],
    /// `additional_special_tokens`, likewise.
    pub(super) additional: &'static [&'static str],
}

const BERT: &[(&str, &str)] = &[
    ("unk_token", "[UNK]"),
    ("sep_token", "[SEP]"),
    ("pad_token", "[PAD]"),
    ("cls_token", "[CLS]"),
    ("mask_token", "[MASK]"),
];

const ROBERTA: &[(&str, &str)] = &[
    ("bos_token", "<s>"),
    ("eos_token", "</s>"),
    ("unk_token", "<unk>"),
    ("sep_token", "</s>"),
    ("pad_token", "<pad>"),
    ("cls_token", "<s>"),
    ("mask_token", "<mask>"),
];

const MPNET: &[(&str, &str)] = &[
    ("bos_token", "<s>"),
    ("eos_token", "</s>"),
    ("unk_token", "[UNK]"),
    ("sep_token", "</s>"),
    ("pad_token", "<pad>"),
    ("cls_token", "<s>"),
    ("mask_token", "<mask>"),
];

const CLASSES: &[Class] = &[
    Class {
        name: "BertTokenizer",
        model: Some("bert"),
        vocabulary: Vocabulary::WordPiece,
        normalizer: Normalizer::Bert,
        texts: Texts::Plain,
        types: true,
        special: BERT,
        additional: &[],
    },
    Class {
        name: "ElectraTokenizer",
        model: Some("electra"),
        vocabulary: Vocabulary::WordPiece,
        normalizer: Normalizer::Bert,
        texts: Texts::Plain,
        types: true,
        special: BERT,
        additional: &[],
    },
    Class {
        name: "DistilBertTokenizer",
        model: Some("distilbert"),
        vocabulary: Vocabulary::WordPiece,
        normalizer: Normalizer::Bert,
        texts: Texts::Plain,
        types: false,
        special: BERT,
        additional: &[],
    },
    Class {
        name: "MPNetTokenizer",
        model: Some("mpnet"),
        vocabulary: Vocabulary::WordPieceTwice,
        normalizer: Normalizer::Mpnet,
        texts: Texts::Own,
        types: false,
        special: MPNET,
        additional: &[],
    },
    Class {
        name: "RobertaTokenizer",
        model: Some("roberta"),
        vocabulary: Vocabulary::ByteBpe,
        normalizer: Normalizer::AsItIs,
        texts: Texts::Mask,
        types: false,
        special: ROBERTA,
        additional: &[],
    },
    Class {
        name: "XLMRobertaTokenizer",
        model: Some("xlm-roberta"),
        vocabulary: Vocabulary::Whole,
        normalizer: Normalizer::AsItIs,
        texts: Texts::Mask,
        types: false,
        special: ROBERTA,
        additional: &[],
    },
    Class {
        name: "CamembertTokenizer",
        model: Some("camembert"),
        vocabulary: Vocabulary::Whole,
        normalizer: Normalizer::AsItIs,
        texts: Texts::Mask,
        types: false,
        special: ROBERTA,
        additional: &["<s>NOTUSED", "</s>NOTUSED", "<unk>NOTUSED"],
    },
    AS_IT_IS,
    // What later versions of the library call the last.
    Class {
        name: "TokenizersBackend",
        ..AS_IT_IS
    },
];

/// The class that has no ideas of its own.
const AS_IT_IS: Class = Class {
    name: "PreTrainedTokenizer",
    model: None,
    vocabulary: Vocabulary::Whole,
    normalizer: Normalizer::AsItIs,
    texts: Texts::Plain,
    types: true,
    special: &[],
    additional: &[],
};

/// Classes that split texts in Python before any vocabulary is asked, and with what.
const IN_PYTHON: &[(&str, &str)] = &[
    (
        "BertJapaneseTokenizer",
        "a Japanese word splitter (MeCab, Sudachi or Juman++)",
    ),
    ("BertweetTokenizer", "a normaliser for tweets"),
    (
        "PhobertTokenizer",
        "Vietnamese word segments and a BPE of its own",
    ),
    ("RoFormerTokenizer", "a Chinese word splitter (jieba)"),
    ("FlaubertTokenizer", "Moses' rules"),
    ("XLMTokenizer", "Moses' rules"),
    ("CanineTokenizer", "characters"),
];

impl Class {
    /// The class called so, with or without `Fast` at the end.
    ///
    /// # Errors
    /// Why there is none, and what to do.
    pub(super) fn named(name: &str) -> Result<&'static Self, String> {
        let short = name.strip_suffix("Fast").unwrap_or(name);
        let found = CLASSES.iter().find(|class| class.name == short);
        found.ok_or_else(|| refusal(name, short))
    }

    /// The class of a family of encoders.
    pub(super) fn of_model(model_type: &str) -> Option<&'static Self> {
        CLASSES.iter().find(|class| class.model == Some(model_type))
    }

    /// The class that uses a `tokenizer.json` as it is.
    pub(super) fn as_it_is() -> &'static Self {
        &AS_IT_IS
    }
}

fn refusal(name: &str, short: &str) -> String {
    let known = CLASSES.iter().filter(|class| class.model.is_some());
    let names: Vec<&str> = known.map(|class| class.name).collect();
    let names = names.join(", ");
    match IN_PYTHON.iter().find(|(class, _)| *class == short) {
        Some((_, what)) => format!(
            "`tokenizer_class` is {name}, which splits texts with {what} in Python; that is not reproduced, and other \
             tokens would be trained on than Python gives. Choose an encoder whose class is one of {names}"
        ),
        None => format!(
            "`tokenizer_class` is {name}; reproduced are {names} and PreTrainedTokenizerFast. If Python has a fast \
             tokenizer for it, save that as one of no class: `t = AutoTokenizer.from_pretrained(folder); \
             PreTrainedTokenizerFast(tokenizer_object=t.backend_tokenizer, model_input_names=t.model_input_names, \
             add_prefix_space=getattr(t, \"add_prefix_space\", False), **t.special_tokens_map).save_pretrained(folder)`"
        ),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]

    use super::*;
    use crate::model::config::Architecture;

    #[test]
    fn every_family_of_encoders_has_its_class_by_both_names() {
        for class in CLASSES {
            let Some(model) = class.model else {
                continue;
            };
            assert!(Architecture::named(model).is_some(), "{model}");
            assert_eq!(Class::of_model(model).unwrap().name, class.name);
            for name in [class.name.to_owned(), format!("{}Fast", class.name)] {
                assert_eq!(Class::named(&name).unwrap().name, class.name);
            }
        }
        for family in Architecture::names().split(", ") {
            assert!(
                Class::of_model(family.trim_matches('`')).is_some(),
                "{family}"
            );
        }
        assert!(Class::named("PreTrainedTokenizerFast").is_ok());
    }

    #[test]
    fn what_runs_in_python_is_refused_by_name() {
        let japanese = Class::named("BertJapaneseTokenizer").unwrap_err();
        assert!(
            japanese.contains("MeCab") && japanese.contains("Choose"),
            "{japanese}"
        );
        let other = Class::named("T5TokenizerFast").unwrap_err();
        assert!(
            other.contains("T5TokenizerFast") && other.contains("backend_tokenizer"),
            "{other}"
        );
    }
}

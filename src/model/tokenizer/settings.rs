//! What `tokenizer_config.json` and its companions say, as `AutoTokenizer` of `transformers` 4.57 understands it.
//!
//! | key | what it does here, as there |
//! |---|---|
//! | `tokenizer_class` | the class, whose defaults hold where a key is absent; else `config.json`'s, else that of `model_type` |
//! | `do_lower_case`, `strip_accents`, `tokenize_chinese_chars` | outrank the `BertNormalizer` of a `tokenizer.json` (classes of BERT's kind only) |
//! | `add_prefix_space` | outranks a byte-level splitter's own; false where absent |
//! | `model_input_names` | without `token_type_ids`, all types are 0 |
//! | `truncation_side` | which end of a long text is kept; else `tokenizer.json`'s `truncation` says it |
//! | `padding_side` | `left` is refused: the classifier reads the first token, which would be padding |
//! | `model_max_length` | cuts nothing where a length is asked for; told where that is longer |
//! | `added_tokens_decoder` | tokens added to those of `tokenizer.json`, or changed; their ids go on from its last |
//! | `bos_token` … `mask_token`, `additional_special_tokens` | tokens that are never split; added where they are missing |
//! | `split_special_tokens` | special tokens within texts are split like words |
//!
//! `special_tokens_map.json` and `added_tokens.json` are read where there is no `added_tokens_decoder`. The keys
//! `do_basic_tokenize`, `never_split`, `clean_text` and `wordpieces_prefix` are of slow tokenizers and do nothing. What
//! would make Python take another file (`tokenizer_file`, `from_slow`, `fast_tokenizer_files`; without a
//! `tokenizer.json`, `vocab_file` and `merges_file`) is refused.
//!
//! Version 5 of the library builds a class anew from the vocabulary and the settings, and takes less from
//! `tokenizer.json`. Where that would matter for ordinary texts, the folder is refused with what makes both versions
//! agree: another `cls_token` or `sep_token` than the template's, a normaliser or splitter that is not BERT's under a
//! class of BERT's kind, added tokens that are not named in both files or normalised in one alone. What is left: in
//! RoBERTa's kind, version 5 keeps the blank before a literal `<mask>` apart; and it normalises for
//! `CamembertTokenizer` and `XLMRobertaTokenizer` in its own way where `tokenizer.json` has no table of SentencePiece's;
//! and it gives encoders no token types under `PreTrainedTokenizerFast`, unless `model_input_names` names them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use tokenizers::TruncationDirection;

use super::TokenizerError;
use super::class::{Class, Texts, Vocabulary};
use super::files::{ADDED, SETTINGS, SPECIAL, TokenizerFiles, WHOLE, WORD_PIECES};
use super::keys::Keys;
use super::named::Named;

/// The parts that special tokens play, in the order in which the library adds them.
const PARTS: [&str; 7] = [
    "bos_token",
    "eos_token",
    "unk_token",
    "sep_token",
    "pad_token",
    "cls_token",
    "mask_token",
];

/// What the settings come to.
pub(super) struct Settings {
    pub(super) class: &'static Class,
    pub(super) lower_case: bool,
    pub(super) strip_accents: Option<bool>,
    pub(super) chinese: bool,
    pub(super) prefix_space: bool,
    /// Whether encoders get the token types.
    pub(super) types: bool,
    pub(super) truncation: TruncationDirection,
    /// Tokens that Python's library would take at most, if it said so.
    pub(super) longest: Option<usize>,
    pub(super) split_special: bool,
    /// Added tokens by the ids that the settings give.
    pub(super) added: BTreeMap<u32, Named>,
    /// Special tokens by their part.
    parts: BTreeMap<&'static str, Named>,
    additional: Vec<Named>,
}

impl Settings {
    pub(super) fn read(files: &TokenizerFiles) -> Result<Self, TokenizerError> {
        let mut keys = Keys::of(files.get(SETTINGS), SETTINGS)?;
        let whole = match files.get(WHOLE) {
            Some(content) => Keys::of(Some(content), WHOLE)?.object,
            None => Map::new(),
        };
        let class = class(&keys, files)?;
        keys.refuse_other_files(files.get(WHOLE).is_some())?;
        keys.refuse_other_words()?;
        let added = added(&mut keys, class, files, &whole)?;
        let parts = parts(&keys, class, &whole, &added)?;
        let names = keys.names("model_input_names")?;
        if names
            .as_ref()
            .is_some_and(|n| !n.iter().any(|name| name == "attention_mask"))
        {
            return Err(keys.wrong(
                "model_input_names",
                "a list with \"attention_mask\": without it Python's encoder reads the padding too",
            ));
        }
        let direction = |part: &str| whole.get(part)?.get("direction")?.as_str();
        if keys.side("padding_side", direction("padding"))? == TruncationDirection::Left {
            return Err(TokenizerError::file(
                SETTINGS,
                "`padding_side` is left, but the classifier reads a row's first token, which would be padding; \
                 set it to \"right\"",
            ));
        }
        Ok(Self {
            class,
            lower_case: keys.flag("do_lower_case")?.unwrap_or(true),
            strip_accents: keys.flag_or_null("strip_accents")?,
            chinese: keys.flag("tokenize_chinese_chars")?.unwrap_or(true),
            prefix_space: keys.flag("add_prefix_space")?.unwrap_or(false),
            types: names.map_or(class.types, |names| {
                names.iter().any(|name| name == "token_type_ids")
            }),
            truncation: keys.side("truncation_side", direction("truncation"))?,
            longest: keys.length(),
            split_special: keys.flag("split_special_tokens")?.unwrap_or(false),
            additional: additional(&keys, class)?,
            added,
            parts,
        })
    }

    /// The special token of a part.
    pub(super) fn part(&self, part: &str) -> Option<&str> {
        self.parts.get(part).map(|token| token.content.as_str())
    }

    /// All special tokens in the order in which the library adds them, each text once.
    pub(super) fn special(&self) -> Vec<&Named> {
        let mut seen = BTreeSet::new();
        let parts = PARTS.iter().filter_map(|part| self.parts.get(part));
        let all = parts.chain(&self.additional);
        all.filter(|token| seen.insert(&token.content)).collect()
    }
}

/// Special tokens besides those of a part: ten times what tokenizers of many languages have.
const MOST_SPECIAL: usize = 10_000;

/// The class that `AutoTokenizer` would take.
fn class(keys: &Keys, files: &TokenizerFiles) -> Result<&'static Class, TokenizerError> {
    if let Some(name) = keys.text("tokenizer_class")? {
        return Class::named(name).map_err(|problem| TokenizerError::file(SETTINGS, problem));
    }
    let Some(model) = files.model() else {
        return Ok(Class::as_it_is());
    };
    // Whatever is wrong with it is told where the encoder is laid out.
    let model: Map<String, Value> = serde_json::from_slice(model).unwrap_or_default();
    let text = |key: &str| model.get(key).and_then(Value::as_str);
    if let Some(name) = text("tokenizer_class") {
        return Class::named(name).map_err(|problem| TokenizerError::file("config.json", problem));
    }
    let by_files = match (files.get(WHOLE), files.get(WORD_PIECES)) {
        (Some(_), _) => None,
        (None, Some(_)) => Class::of_model("bert"),
        (None, None) => Class::of_model("roberta"),
    };
    let by_model = text("model_type").and_then(Class::of_model);
    Ok(by_model.or(by_files).unwrap_or_else(Class::as_it_is))
}

/// The added tokens by id; where they come from the companions, those are merged into the settings.
fn added(
    keys: &mut Keys,
    class: &Class,
    files: &TokenizerFiles,
    whole: &Map<String, Value>,
) -> Result<BTreeMap<u32, Named>, TokenizerError> {
    let mut added = BTreeMap::new();
    let in_file = whole.get("added_tokens").and_then(Value::as_array);
    let mut in_file = in_file.into_iter().flatten().filter_map(|token| {
        let id = u32::try_from(token.get("id")?.as_u64()?).ok()?;
        Some((id, Named::of_object(token)?))
    });
    if let Some(decoder) = keys.object.get("added_tokens_decoder") {
        let decoder = decoder.as_object().ok_or_else(|| {
            keys.wrong("added_tokens_decoder", "an object of tokens by their ids")
        })?;
        for (id, token) in decoder {
            let token = id.parse().ok().zip(Named::of_object(token));
            added.extend([token.ok_or_else(|| {
                keys.wrong("added_tokens_decoder", "an object of tokens by their ids")
            })?]);
        }
        let names: BTreeSet<&str> = added.values().map(|token| token.content.as_str()).collect();
        let of_class = |named: &Named| {
            let unnamed = !names.contains(named.content.as_str());
            unnamed && class.vocabulary != Vocabulary::Whole
        };
        if let Some(token) = in_file.find(|(_, token)| of_class(token)) {
            let problem = format!(
                "`added_tokens_decoder` leaves out `{}`, which {WHOLE} adds, and versions of Python's library differ on \
                 what then becomes of it; name it in both",
                token.1.content
            );
            return Err(TokenizerError::file(SETTINGS, problem));
        }
        return Ok(added);
    }
    let special = Keys::of(files.get(SPECIAL), SPECIAL)?;
    for (part, mut value) in special.object {
        if part == "additional_special_tokens" {
            if value.as_array().map_or(0, Vec::len) > MOST_SPECIAL {
                let problem = format!("`{part}` has more than {MOST_SPECIAL} tokens");
                return Err(TokenizerError::file(SPECIAL, problem));
            }
            let earlier = keys.object.get(&part).and_then(Value::as_array).cloned();
            let mut all = earlier.unwrap_or_default();
            for token in value.as_array().into_iter().flatten() {
                let token = Named::marked(token.clone());
                if !all.contains(&token) {
                    all.push(token);
                }
            }
            value = all.into();
        }
        keys.object.insert(part, Named::marked(value));
    }
    let companions = Keys::of(files.get(ADDED), ADDED)?;
    let named = |text: &String| {
        let is = |value: &Value| Named::of_value(value).is_some_and(|token| token.content == *text);
        PARTS
            .iter()
            .any(|part| keys.object.get(*part).is_some_and(is))
            || (keys
                .object
                .get("additional_special_tokens")
                .and_then(Value::as_array))
            .is_some_and(|all| all.iter().any(is))
    };
    for (text, id) in &companions.object {
        let id = id.as_u64().and_then(|id| u32::try_from(id).ok());
        let id = id.ok_or_else(|| companions.wrong(text, "the token's id"))?;
        added.insert(id, Named::added(text, named(text)));
    }
    added.extend(in_file);
    Ok(added)
}

/// The special tokens by their part: those of the settings, else the class's.
fn parts(
    keys: &Keys,
    class: &Class,
    whole: &Map<String, Value>,
    added: &BTreeMap<u32, Named>,
) -> Result<BTreeMap<&'static str, Named>, TokenizerError> {
    let mut parts = BTreeMap::new();
    for part in PARTS {
        let token = match keys.object.get(part) {
            Some(Value::Null) if part == "pad_token" => {
                let expected = "the token that fills rows up, usually \"[PAD]\" or \"<pad>\": Python cannot put rows of \
                                unlike lengths together without one";
                return Err(keys.wrong(part, expected));
            }
            Some(Value::Null) => None,
            Some(value) => {
                let token = Named::of_value(value)
                    .ok_or_else(|| keys.wrong(part, "a token's text, or an AddedToken"))?;
                let known = added.values().find(|other| other.content == token.content);
                Some(known.cloned().unwrap_or(token))
            }
            None => {
                let own = class.special.iter().find(|(other, _)| *other == part);
                own.map(|(_, text)| Named::plain(text))
            }
        };
        let of_padding = || {
            let text = whole.get("padding")?.get("pad_token")?.as_str()?;
            (part == "pad_token" && !keys.object.contains_key(part)).then(|| Named::plain(text))
        };
        let Some(mut token) = token.or_else(of_padding) else {
            continue;
        };
        if token.plain {
            token.plain = class.texts != Texts::Own;
            if part == "mask_token" && class.texts != Texts::Plain {
                (token.plain, token.lstrip) = (false, true);
            }
        }
        parts.insert(part, token);
    }
    Ok(parts)
}

fn additional(keys: &Keys, class: &Class) -> Result<Vec<Named>, TokenizerError> {
    let list = |key: &'static str| -> Result<Option<Vec<Named>>, TokenizerError> {
        let tokens = match keys.object.get(key) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Array(tokens)) if tokens.len() > MOST_SPECIAL => {
                let problem = format!("`{key}` has more than {MOST_SPECIAL} tokens");
                return Err(TokenizerError::file(SETTINGS, problem));
            }
            Some(Value::Array(tokens)) => tokens.iter().collect::<Vec<_>>(),
            Some(Value::Object(tokens)) => tokens.values().collect(),
            Some(_) => return Err(keys.wrong(key, "a list of tokens")),
        };
        let tokens: Option<Vec<Named>> = tokens.into_iter().map(Named::of_value).collect();
        Ok(Some(
            tokens.ok_or_else(|| keys.wrong(key, "a list of tokens"))?,
        ))
    };
    let named = list("additional_special_tokens")?;
    let own = || {
        class
            .additional
            .iter()
            .map(|text| Named::plain(text))
            .collect()
    };
    let mut all = match keys.object.contains_key("additional_special_tokens") {
        true => named.unwrap_or_default(),
        false => own(),
    };
    // What later versions of the library call the same.
    all.extend(list("extra_special_tokens")?.into_iter().flatten());
    Ok(all)
}

//! Refuses tokenizers that would take any amount of memory or time.
//!
//! A `tokenizer.json` is a small program that others wrote: rules that replace a letter by two, forty times over, make a
//! terabyte of one word. What a text may grow to is told from the rules before any of them is used, and where a long text
//! could grow beyond what is usual, it is tried on pieces of it first.

use serde_json::{Map, Value};
use tokenizers::{NormalizedString, Normalizer as _, Tokenizer};

use super::TokenizerError;
use super::charsmap;
use super::files::WHOLE;

/// Rules one after the other. Known tokenizers have up to a dozen.
const MOST_RULES: usize = 64;
/// Bytes of a token, and of what a rule puts in. Known ones have up to a few hundred, of blanks or dashes.
const LONGEST_PIECE: usize = 1000;
/// The same of Unigram, which tries every beginning of a token at every place of a text.
const LONGEST_UNIGRAM: usize = 256;
/// Characters of a word that WordPiece tries every part of; usually 100.
const LONGEST_WORD: u64 = 1000;
/// Bytes of a pattern; that of GPT-4 has some 300.
const LONGEST_PATTERN: usize = 10_000;
/// Pieces of a template, and ids of each.
const MOST_PIECES: usize = 64;
/// Added tokens. Known tokenizers have up to some thousands.
const MOST_ADDED: usize = 100_000;
/// The highest id of a token. Vocabularies have up to some millions of tokens; room is made for every id below the highest
/// of a file.
const HIGHEST_ID: u64 = (1 << 24) - 1;
/// How many times its length a text may become by all rules together. Each rule counts at its worst, so that usual
/// tokenizers may reach 1,500, though their texts keep their lengths.
const MOST_GROWTH: u64 = 4096;
/// Bytes that a text may become.
const LONGEST_GROWN: u64 = 64 << 20;

/// How many times its length a text may become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Growth(u64);

/// Holds the content of a `tokenizer.json` against what is bounded; tells how texts may grow.
pub(super) fn growth(whole: &Value) -> Result<Growth, TokenizerError> {
    let wrong = |problem: String| TokenizerError::file(WHOLE, problem);
    added(whole).and_then(|()| model(whole)).map_err(wrong)?;
    templates(whole).map_err(wrong)?;
    let mut growth = 1_u64;
    let mut standard = false;
    for rule in rules(whole, "normalizer", "normalizers").map_err(wrong)? {
        let kind = text(rule, "type").unwrap_or_default();
        growth = growth.saturating_mul(match kind {
            "Replace" => replaced(rule).map_err(wrong)?,
            "Prepend" => piece(rule, "prepend").map(|_| 2).map_err(wrong)?,
            "Precompiled" => {
                charsmap::longest(text(rule, "precompiled_charsmap").unwrap_or_default())
            }
            "ByteLevel" => 2,
            // Done once, these change nothing when they are done again.
            "NFC" | "NFD" | "NFKC" | "NFKD" | "Lowercase" | "BertNormalizer" if !standard => {
                standard = true;
                LONGEST_FORM
            }
            _ => 1,
        });
    }
    for rule in rules(whole, "pre_tokenizer", "pretokenizers").map_err(wrong)? {
        growth = growth.saturating_mul(match text(rule, "type").unwrap_or_default() {
            "ByteLevel" => 2,
            "Metaspace" => 4,
            "Split" => pattern(rule).map(|_| 1).map_err(wrong)?,
            _ => 1,
        });
    }
    if growth > MOST_GROWTH {
        return Err(wrong(format!(
            "its `normalizer` and `pre_tokenizer` may make a text {growth} times as long, and at most {MOST_GROWTH} times are usual; leave out rules that repeat each other"
        )));
    }
    Ok(Growth(growth))
}

/// A single character in the standard forms of Unicode, at most: a word of 33 bytes for one of 3.
const LONGEST_FORM: u64 = 11;

impl Growth {
    /// That of the classes that are converted from a vocabulary alone.
    pub(super) const OF_A_CLASS: Self = Self(LONGEST_FORM);

    /// Refuses a text that becomes far too long.
    pub(super) fn hold(self, tokenizer: &Tokenizer, text: &str) -> Result<(), TokenizerError> {
        /// A piece grows to what is harmless, however it grows.
        const PIECE: usize = 4096;
        let Some(normalizer) = tokenizer.get_normalizer() else {
            return Ok(());
        };
        if (text.len() as u64).saturating_mul(self.0) <= LONGEST_GROWN {
            return Ok(());
        }
        let (mut rest, mut grown) = (text, 0);
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(rest.ceil_char_boundary(PIECE.min(rest.len())));
            let mut normalized = NormalizedString::from(piece);
            (normalizer.normalize(&mut normalized)).map_err(TokenizerError::text)?;
            grown += normalized.get().len() as u64;
            if grown > LONGEST_GROWN {
                return Err(TokenizerError::text(format!(
                    "the `normalizer` of {WHOLE} makes a text of {} bytes longer than {LONGEST_GROWN}",
                    text.len()
                )));
            }
            rest = after;
        }
        Ok(())
    }
}

/// The rules under a key, those of sequences one by one.
fn rules<'v>(
    whole: &'v Value,
    key: &str,
    members: &str,
) -> Result<Vec<&'v Map<String, Value>>, String> {
    let mut found = Vec::new();
    let mut ahead: Vec<&Value> = whole.get(key).into_iter().collect();
    while let Some(value) = ahead.pop() {
        let Some(rule) = value.as_object() else {
            continue;
        };
        match rule.get(members).and_then(Value::as_array) {
            Some(inner) => ahead.extend(inner.iter().rev()),
            None => found.push(rule),
        }
        let count = found.len() + ahead.len();
        if count > MOST_RULES {
            return Err(format!(
                "`{key}` has {count} rules or more, and at most {MOST_RULES} are usual"
            ));
        }
    }
    Ok(found)
}

fn text<'v>(rule: &'v Map<String, Value>, key: &str) -> Option<&'v str> {
    rule.get(key).and_then(Value::as_str)
}

/// A text that a rule puts in; an absent one is empty.
fn piece<'v>(rule: &'v Map<String, Value>, key: &str) -> Result<&'v str, String> {
    let piece = text(rule, key).unwrap_or_default();
    match piece.len() {
        length if length > LONGEST_PIECE => Err(format!(
            "`{key}` has {length} bytes, and at most {LONGEST_PIECE} are usual"
        )),
        _ => Ok(piece),
    }
}

/// How many times its length a text may become by a replacement.
fn replaced(rule: &Map<String, Value>) -> Result<u64, String> {
    let content = piece(rule, "content")?.len();
    let shortest = match pattern(rule)? {
        Pattern::Text(text) => text.len(),
        Pattern::Regex => 1,
    };
    // A pattern that matches nothing puts it in beside every letter.
    let empty = usize::from(shortest == 0);
    Ok((content.div_ceil(shortest.max(1)) + empty).max(1) as u64)
}

/// What is looked for.
enum Pattern<'v> {
    Text(&'v str),
    Regex,
}

fn pattern(rule: &Map<String, Value>) -> Result<Pattern<'_>, String> {
    let given = rule.get("pattern").and_then(Value::as_object);
    let Some(regex) = given.and_then(|given| text(given, "Regex")) else {
        let plain = given.and_then(|given| text(given, "String"));
        return Ok(Pattern::Text(plain.unwrap_or_default()));
    };
    if regex.len() > LONGEST_PATTERN {
        let length = regex.len();
        return Err(format!(
            "`pattern` has {length} bytes, and at most {LONGEST_PATTERN} are usual"
        ));
    }
    if tries_all_ways(regex) {
        let shown: String = regex.chars().take(60).collect();
        return Err(format!(
            "the pattern `{shown}` looks around or back and repeats a group: on some texts it tries ways without end, is given up, and leaves the rest of the text as it is; write it without repeated groups"
        ));
    }
    Ok(Pattern::Regex)
}

/// Whether matching may take a time that doubles with every letter: what looks around or back is matched by trying, and a
/// group that is repeated can be divided in many ways.
fn tries_all_ways(regex: &str) -> bool {
    let (mut tries, mut repeats, mut in_class) = (false, false, 0_u32);
    let mut letters = regex.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => {
                let escaped = letters.next().unwrap_or_default();
                tries |= in_class == 0 && (matches!(escaped, '1'..='9' | 'k' | 'g' | 'K' | 'G'));
            }
            '[' => in_class += 1,
            ']' => in_class = in_class.saturating_sub(1),
            _ if in_class > 0 => {}
            '(' if letters.peek() == Some(&'?') => {
                letters.next();
                tries |= match letters.peek() {
                    Some('=' | '!' | '>' | '(') => true,
                    Some('<') => {
                        letters.next();
                        matches!(letters.peek(), Some('=' | '!'))
                    }
                    _ => false,
                };
            }
            ')' => repeats |= matches!(letters.peek(), Some('*' | '+' | '{')),
            _ => {}
        }
    }
    tries && repeats
}

fn added(whole: &Value) -> Result<(), String> {
    let added = whole.get("added_tokens").and_then(Value::as_array);
    let added = added.map(Vec::as_slice).unwrap_or_default();
    if added.len() > MOST_ADDED {
        let count = added.len();
        return Err(format!(
            "`added_tokens` has {count} tokens, and at most {MOST_ADDED} are usual"
        ));
    }
    ids(added.iter().filter_map(|token| token.get("id")))?;
    let tokens = added.iter().filter_map(|token| token.get("content"));
    short(tokens.filter_map(Value::as_str), LONGEST_PIECE)
}

fn ids<'v>(ids: impl Iterator<Item = &'v Value>) -> Result<(), String> {
    match ids.filter_map(Value::as_u64).max() {
        Some(highest) if highest > HIGHEST_ID => Err(format!(
            "it has a token of the id {highest}, and ids up to {HIGHEST_ID} are usual"
        )),
        _ => Ok(()),
    }
}

fn short<'v>(tokens: impl Iterator<Item = &'v str>, most: usize) -> Result<(), String> {
    let longest = tokens.map(str::len).max().unwrap_or(0);
    match longest > most {
        true => Err(format!(
            "it has a token of {longest} bytes, and at most {most} are usual"
        )),
        false => Ok(()),
    }
}

fn model(whole: &Value) -> Result<(), String> {
    let Some(model) = whole.get("model").and_then(Value::as_object) else {
        return Ok(());
    };
    match model.get("vocab") {
        Some(Value::Object(vocabulary)) => {
            ids(vocabulary.values())?;
            short(vocabulary.keys().map(String::as_str), LONGEST_PIECE)?;
        }
        Some(Value::Array(vocabulary)) => {
            let tokens = vocabulary.iter().filter_map(|entry| entry.get(0));
            short(tokens.filter_map(Value::as_str), LONGEST_UNIGRAM)?;
        }
        _ => {}
    }
    for key in [
        "continuing_subword_prefix",
        "end_of_word_suffix",
        "unk_token",
    ] {
        piece(model, key)?;
    }
    match model
        .get("max_input_chars_per_word")
        .and_then(Value::as_u64)
    {
        Some(most) if most > LONGEST_WORD => Err(format!(
            "`max_input_chars_per_word` is {most}, and at most {LONGEST_WORD} are usual"
        )),
        _ => Ok(()),
    }
}

fn templates(whole: &Value) -> Result<(), String> {
    for rule in rules(whole, "post_processor", "processors")? {
        for key in ["single", "pair"] {
            let pieces = rule.get(key).and_then(Value::as_array);
            let pieces = pieces.map(Vec::as_slice).unwrap_or_default();
            if pieces.len() > MOST_PIECES {
                let count = pieces.len();
                return Err(format!(
                    "the template `{key}` has {count} pieces, and at most {MOST_PIECES} are usual"
                ));
            }
            for id in ["A", "B"] {
                let is = |piece: &&Value| piece.pointer("/Sequence/id").is_some_and(|it| it == id);
                if pieces.iter().filter(is).count() > 1 {
                    return Err(format!("the template `{key}` names the text ${id} twice"));
                }
            }
        }
        let tokens = rule.get("special_tokens").and_then(Value::as_object);
        for (name, token) in tokens.into_iter().flatten() {
            let ids = token.get("ids").and_then(Value::as_array);
            let count = ids.map_or(0, Vec::len);
            if count > MOST_PIECES {
                let shown: String = name.chars().take(60).collect();
                return Err(format!(
                    "the template's token `{shown}` has {count} ids, and at most {MOST_PIECES} are usual"
                ));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;

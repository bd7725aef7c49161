//! Tokenizers from a vocabulary alone, converted as Python's library converts its slow classes to fast ones.

use std::collections::{HashMap, HashSet};

use tokenizers::AddedToken;
use tokenizers::Tokenizer;
use tokenizers::models::bpe::BPE;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::processors::PostProcessorWrapper;
use tokenizers::processors::bert::BertProcessing;
use tokenizers::processors::roberta::RobertaProcessing;

use super::TokenizerError;
use super::class::Vocabulary;
use super::files::{BYTE_PAIRS, MERGES, SETTINGS, TokenizerFiles, WHOLE, WORD_PIECES};
use super::settings::Settings;
use crate::json;

/// The tokenizer of a folder without `tokenizer.json`.
pub(super) fn converted(
    files: &TokenizerFiles,
    settings: &Settings,
) -> Result<Tokenizer, TokenizerError> {
    let file = |name: &'static str| {
        let content = files.get(name).ok_or_else(|| {
            let class = settings.class.name;
            let problem =
                format!("class {class} needs a file {name} or {WHOLE}, and neither is there");
            TokenizerError::file(SETTINGS, problem)
        })?;
        std::str::from_utf8(content)
            .map_err(|error| TokenizerError::file(name, format!("it is no UTF-8 text ({error})")))
    };
    match settings.class.vocabulary {
        Vocabulary::WordPiece | Vocabulary::WordPieceTwice => {
            word_piece(file(WORD_PIECES)?, settings)
        }
        Vocabulary::ByteBpe => byte_bpe(file(BYTE_PAIRS)?, file(MERGES)?, settings),
        Vocabulary::Whole => Err(TokenizerError::file(
            SETTINGS,
            format!(
                "class {} is read from a {WHOLE} only, and there is none; save one, in Python: \
                 `AutoTokenizer.from_pretrained(folder).save_pretrained(folder)`",
                settings.class.name
            ),
        )),
    }
}

fn word_piece(vocabulary: &str, settings: &Settings) -> Result<Tokenizer, TokenizerError> {
    let wrong = |error| TokenizerError::file(WORD_PIECES, error);
    // Lines end as Python's do; any other blank belongs to its token.
    let text = vocabulary.replace("\r\n", "\n").replace('\r', "\n");
    let lines = text.strip_suffix('\n').unwrap_or(&text).split('\n');
    let lines = lines.filter(|_| !text.is_empty());
    let ids: HashMap<String, u32> = lines.map(str::to_owned).zip(0..).collect();
    let id = |part: &str| required(settings, part, |token| ids.get(token).copied());
    let ((unknown, _), cls, sep) = (id("unk_token")?, id("cls_token")?, id("sep_token")?);
    let model = WordPiece::builder()
        .vocab(ids.into_iter().collect::<tokenizers::models::bpe::Vocab>())
        .unk_token(unknown)
        .build()
        .map_err(wrong)?;
    let mut tokenizer = Tokenizer::new(model);
    tokenizer
        .with_normalizer(Some(BertNormalizer::new(
            true,
            settings.chinese,
            settings.strip_accents,
            settings.lower_case,
        )))
        .map_err(wrong)?;
    tokenizer.with_pre_tokenizer(Some(BertPreTokenizer));
    let processor: PostProcessorWrapper = match settings.class.vocabulary {
        Vocabulary::WordPieceTwice => RobertaProcessing::new(sep, cls).into(),
        _ => BertProcessing::new(sep, cls).into(),
    };
    tokenizer.with_post_processor(Some(processor));
    Ok(tokenizer)
}

fn byte_bpe(
    vocabulary: &str,
    merges: &str,
    settings: &Settings,
) -> Result<Tokenizer, TokenizerError> {
    let ids: HashMap<String, u32> = json::read(vocabulary.as_bytes())
        .map_err(|error| TokenizerError::file(BYTE_PAIRS, error))?;
    let id = |part: &str| required(settings, part, |token| ids.get(token).copied());
    let (cls, sep) = (id("cls_token")?, id("sep_token")?);
    let merges = pairs(merges)?;
    let model = BPE::builder()
        .vocab_and_merges(
            ids.into_iter().collect::<tokenizers::models::bpe::Vocab>(),
            merges,
        )
        .build()
        .map_err(|error| TokenizerError::file(&format!("{BYTE_PAIRS}, {MERGES}"), error))?;
    let mut tokenizer = Tokenizer::new(model);
    tokenizer.with_pre_tokenizer(Some(ByteLevel::new(settings.prefix_space, true, true)));
    tokenizer.with_post_processor(Some(
        RobertaProcessing::new(sep, cls).add_prefix_space(settings.prefix_space),
    ));
    Ok(tokenizer)
}

/// The merges of a `merges.txt`, whose first line is a comment.
fn pairs(text: &str) -> Result<Vec<(String, String)>, TokenizerError> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<&str> = text.split('\n').collect();
    if !text.starts_with('#') {
        let problem = "its first line is no comment, and versions of Python's library differ on whether it counts; begin it \
                       with `#version: 0.2`";
        return Err(TokenizerError::file(MERGES, problem));
    }
    if lines.last().is_some_and(|last| !last.is_empty()) {
        let problem = "its last line does not end, and versions of Python's library differ on whether it counts; end it";
        return Err(TokenizerError::file(MERGES, problem));
    }
    let mut merges: Vec<(String, String)> = Vec::new();
    let mut seen = HashSet::new();
    for (index, line) in lines.iter().enumerate().take(lines.len() - 1).skip(1) {
        let mut parts = line.split_whitespace();
        let (Some(first), Some(second), None) = (parts.next(), parts.next(), parts.next()) else {
            let problem = format!("line {}: expected two tokens; found `{line}`", index + 1);
            return Err(TokenizerError::file(MERGES, problem));
        };
        if seen.insert((first, second)) {
            merges.push((first.to_owned(), second.to_owned()));
        }
    }
    Ok(merges)
}

/// A special token that the vocabulary must have, with its id.
fn required(
    settings: &Settings,
    part: &str,
    id: impl Fn(&str) -> Option<u32>,
) -> Result<(String, u32), TokenizerError> {
    let token = settings.part(part);
    let found = token.and_then(|token| Some((token.to_owned(), id(token)?)));
    found.ok_or_else(|| TokenizerError::NoToken {
        token: token.map_or(format!("for `{part}`"), str::to_owned),
    })
}

/// Adds what the settings name to a tokenizer's own added tokens.
pub(super) fn add_tokens(
    tokenizer: &mut Tokenizer,
    settings: &Settings,
) -> Result<(), TokenizerError> {
    let special = settings.special();
    let contents: HashSet<&str> = special.iter().map(|token| token.content.as_str()).collect();
    let is_special = |content: &str| contents.contains(content);
    let known: HashSet<String> = (tokenizer.get_added_tokens_decoder().into_values())
        .map(|token| token.content)
        .chain(settings.added.values().map(|token| token.content.clone()))
        .collect();
    let added = settings.added.values();
    let named = special
        .iter()
        .copied()
        .filter(|token| !token.plain || !known.contains(&token.content));
    let tokens: Vec<AddedToken> = added
        .chain(named)
        .map(|token| token.token(token.special || is_special(&token.content)))
        .collect();
    tokenizer.add_tokens(tokens).map_err(TokenizerError::text)?;
    Ok(())
}

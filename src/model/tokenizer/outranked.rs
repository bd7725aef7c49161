//! What settings put in the place of parts of a `tokenizer.json`.

use std::collections::BTreeSet;

use tokenizers::normalizers::{BertNormalizer, NormalizerWrapper};
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::{Encoding, NormalizedString, Normalizer as _, PostProcessor, Tokenizer};

use super::TokenizerError;
use super::class::Normalizer;
use super::files::{SETTINGS, WHOLE};
use super::settings::Settings;

/// Whether the blank before the first word is the settings' or none.
pub(super) fn prefix_space(tokenizer: &mut Tokenizer, settings: &Settings) {
    if let Some(PreTokenizerWrapper::ByteLevel(own)) = tokenizer.get_pre_tokenizer() {
        let theirs = ByteLevel::new(settings.prefix_space, own.trim_offsets, own.use_regex);
        tokenizer.with_pre_tokenizer(Some(theirs));
    }
}

/// Refuses added tokens of which the settings and a `tokenizer.json` disagree whether they are found in normalised text.
pub(super) fn normalized_tokens(
    tokenizer: &Tokenizer,
    settings: &Settings,
) -> Result<(), TokenizerError> {
    if tokenizer.get_normalizer().is_none() {
        return Ok(());
    }
    let own = tokenizer.get_added_tokens_decoder();
    let own: BTreeSet<(&str, bool)> = own
        .values()
        .map(|token| (token.content.as_str(), token.normalized))
        .collect();
    for named in settings.added.values() {
        let normalized = named.token(named.special).normalized;
        if own.contains(&(named.content.as_str(), !normalized)) {
            let problem = format!(
                "`added_tokens_decoder` says `normalized` {normalized} of `{}`, but {WHOLE} says {}, and versions of \
                 Python's library differ on which holds; say the same in both",
                named.content, !normalized
            );
            return Err(TokenizerError::file(SETTINGS, problem));
        }
    }
    Ok(())
}

/// Case, accents and Chinese characters as the settings want them.
pub(super) fn normalizer(
    tokenizer: &mut Tokenizer,
    settings: &Settings,
) -> Result<(), TokenizerError> {
    let class = settings.class;
    if class.normalizer == Normalizer::AsItIs {
        return Ok(());
    }
    let Some(own) = tokenizer.get_normalizer() else {
        let problem = format!(
            "`normalizer` is null, with which Python's {} ends; save the tokenizer again",
            class.name
        );
        return Err(TokenizerError::file(WHOLE, problem));
    };
    let splitter = tokenizer.get_pre_tokenizer();
    let (NormalizerWrapper::BertNormalizer(own), Some(PreTokenizerWrapper::BertPreTokenizer(_))) =
        (own, splitter)
    else {
        let problem = format!(
            "it normalises or splits texts unlike BERT, and versions of Python's library differ on whether its class, {}, \
             then does as BERT; set `tokenizer_class` in {SETTINGS} to \"PreTrainedTokenizerFast\", which uses it as it is",
            class.name
        );
        return Err(TokenizerError::file(WHOLE, problem));
    };
    if class.normalizer == Normalizer::Mpnet && own.handle_chinese_chars != settings.chinese {
        let problem = format!(
            "`tokenize_chinese_chars` is {}, but {WHOLE} says {}, and versions of Python's library differ on which holds; \
             say the same in both",
            settings.chinese, own.handle_chinese_chars
        );
        return Err(TokenizerError::file(SETTINGS, problem));
    }
    let theirs = BertNormalizer::new(
        own.clean_text,
        settings.chinese,
        settings.strip_accents,
        settings.lower_case,
    );
    let added = tokenizer.get_added_tokens_decoder();
    for token in added.values().filter(|token| token.normalized) {
        let under = |normalizer: &BertNormalizer| {
            let mut text = NormalizedString::from(token.content.as_str());
            normalizer
                .normalize(&mut text)
                .map_err(TokenizerError::text)?;
            Ok::<_, TokenizerError>(text.get().to_owned())
        };
        if under(own)? != under(&theirs)? {
            let problem = format!(
                "it asks for other cases or accents than {WHOLE}, and versions of Python's library differ on what then \
                 becomes of the added token `{}`; load and save the tokenizer in Python, so that both files agree",
                token.content
            );
            return Err(TokenizerError::file(SETTINGS, problem));
        }
    }
    tokenizer
        .with_normalizer(Some(theirs))
        .map_err(TokenizerError::text)?;
    Ok(())
}

/// Refuses a tokenizer without a template, or with another than the settings speak of.
pub(super) fn template(tokenizer: &Tokenizer, settings: &Settings) -> Result<(), TokenizerError> {
    let processor = tokenizer.get_post_processor();
    if processor.is_none_or(|processor| processor.added_tokens(false) == 0) {
        return Err(TokenizerError::file(
            WHOLE,
            "it has no template: `post_processor` puts no special token before a text, and the classifier would read \
             the first word in its place; save the tokenizer with its template",
        ));
    }
    if settings.class.special.is_empty() {
        return Ok(());
    }
    let empty = tokenizer.post_process(Encoding::default(), None, true);
    let empty = empty.map_err(TokenizerError::text)?;
    let ids = empty.get_ids();
    for (part, found) in [("cls_token", ids.first()), ("sep_token", ids.last())] {
        let id = |token| tokenizer.token_to_id(token);
        let named = settings.part(part);
        if named.and_then(id).as_ref() != found {
            let found = found
                .and_then(|id| tokenizer.id_to_token(*id))
                .unwrap_or_default();
            let problem = format!(
                "`{part}` is {}, but the template in {WHOLE} has {found} in that place, and versions of Python's library \
                 differ on which holds; name the same token in both",
                named.unwrap_or("null")
            );
            return Err(TokenizerError::file(SETTINGS, problem));
        }
    }
    Ok(())
}

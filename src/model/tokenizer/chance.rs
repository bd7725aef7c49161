//! Refuses tokenizers that leave it to chance which tokens a text becomes.

use std::collections::BTreeMap;

use tokenizers::models::ModelWrapper;
use tokenizers::{NormalizedString, Normalizer as _, Tokenizer};

use super::TokenizerError;
use super::files::WHOLE;

/// Refuses merges that are left out at random, and added tokens that normalisation makes one.
pub(super) fn refuse(tokenizer: &Tokenizer) -> Result<(), TokenizerError> {
    if let ModelWrapper::BPE(model) = tokenizer.get_model()
        && let Some(share) = model.dropout.filter(|share| *share > 0.0)
    {
        let problem = format!(
            "`dropout` is {share}: that share of the merges is left out at random, and a text has other tokens each time; \
             set it to null"
        );
        return Err(TokenizerError::file(WHOLE, problem));
    }
    let added: BTreeMap<_, _> = tokenizer.get_added_tokens_decoder().into_iter().collect();
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    for token in added.into_values().filter(|token| token.normalized) {
        let mut text = NormalizedString::from(token.content.as_str());
        if let Some(normalizer) = tokenizer.get_normalizer() {
            (normalizer.normalize(&mut text)).map_err(TokenizerError::text)?;
        }
        let text = text.get().to_owned();
        if let Some(other) = found.insert(text.clone(), token.content.clone()) {
            let problem = format!(
                "`{other}` and `{}` are both `{text}` once normalised, and the library takes one of them by chance; take \
                 one out, or set `normalized` to false in every file that names them",
                token.content
            );
            return Err(TokenizerError::file(
                "the tokenizer's added tokens",
                problem,
            ));
        }
    }
    Ok(())
}

//! Which words are hidden or replaced, and which are to be judged.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::files::{MASK_ID, SPECIAL_TOKENS};
use crate::task::Label;
use crate::train::batches::Row;

/// Chance that a word of the first text, and of the second, is chosen: the second can be told from the first.
const CHOSEN: [f64; 2] = [0.15, 0.30];

/// Of the chosen words, those that are hidden; of the rest, three quarters are replaced.
const HIDDEN_SHARE: f64 = 0.6;
const REPLACED_SHARE: f64 = 0.75;

/// Rows with words hidden, and the places (row, token) that the objectives read.
pub(super) struct Masked {
    /// The rows as the encoder sees them.
    pub(super) rows: Vec<Row>,
    /// Tokens of the longest row.
    pub(super) length: usize,
    /// Chosen words: place and the word to restore.
    pub(super) chosen: Vec<([usize; 2], u32)>,
    /// Words that are shown in rows with masks: place, and 1 where it is not the word that was there.
    pub(super) shown: Vec<([usize; 2], u32)>,
    /// Last tokens of rows without masks: place, and 1 where words of the sentence were changed.
    pub(super) sentences: Vec<([usize; 2], u32)>,
}

/// Hides words in `share` of the rows whose sentence is unchanged.
pub(super) fn mask(shown: &[Row], share: f64, vocabulary: u32, stream: &mut ChaCha8Rng) -> Masked {
    let special = SPECIAL_TOKENS.len() as u32;
    let mut masked = Masked {
        rows: shown.to_vec(),
        length: shown.iter().map(|row| row.ids.len()).max().unwrap_or(0),
        chosen: Vec::new(),
        shown: Vec::new(),
        sentences: Vec::new(),
    };
    for (index, (row, seen)) in shown.iter().zip(&mut masked.rows).enumerate() {
        let changed = row.label == Label::Class(1);
        if changed || !stream.random_bool(share) {
            let last = row.ids.len() - 1;
            masked.sentences.push(([index, last], u32::from(changed)));
            continue;
        }
        for (token, (&id, &text)) in row.ids.iter().zip(&row.types).enumerate() {
            if id < special {
                continue;
            }
            let place = [index, token];
            if stream.random_bool(CHOSEN[text as usize]) {
                masked.chosen.push((place, id));
                if stream.random_bool(HIDDEN_SHARE) {
                    seen.ids[token] = MASK_ID;
                    continue;
                }
                if stream.random_bool(REPLACED_SHARE) {
                    // A word of the same row is the harder one to tell, for it is at home there.
                    let neighbour = row.ids[stream.random_range(0..row.ids.len())];
                    let any = stream.random_range(special..vocabulary);
                    let near = stream.random_bool(0.5) && neighbour >= special;
                    seen.ids[token] = if near { neighbour } else { any };
                }
            }
            masked.shown.push((place, u32::from(seen.ids[token] != id)));
        }
    }
    masked
}

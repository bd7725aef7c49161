//! What the objectives read of a batch: which words are hidden, and which tokens are to be judged.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::files::{MASK_ID, SPECIAL_TOKENS};
use crate::task::demo::Lesson;
use crate::train::batches::Row;

/// Chance that a word of the first text, and of the second, is hidden: the second can be told from the first.
const HIDDEN: [f64; 2] = [0.15, 0.30];

/// Place of the word that the first token is to name: the second of the premise, what it is about.
const TOPIC: usize = 2;

/// Rows as the encoder sees them, and the places (row, token) that the objectives read.
pub(super) struct Masked {
    /// The rows.
    pub(super) rows: Vec<Row>,
    /// Tokens of the longest row.
    pub(super) length: usize,
    /// Hidden words: place, and the word to restore.
    pub(super) hidden: Vec<([usize; 2], u32)>,
    /// Words of sentences that may have been changed: place, and 1 where it was.
    pub(super) judged: Vec<([usize; 2], u32)>,
    /// Last tokens of pairs that may be entailments: place, and 1 where it is one.
    pub(super) entailments: Vec<([usize; 2], u32)>,
}

/// Prepares each row for what it teaches. Every word is one token.
pub(super) fn mask(rows: Vec<Row>, lessons: &[Lesson], stream: &mut ChaCha8Rng) -> Masked {
    let special = SPECIAL_TOKENS.len() as u32;
    let mut masked = Masked {
        length: rows.iter().map(|row| row.ids.len()).max().unwrap_or(0),
        rows,
        hidden: Vec::new(),
        judged: Vec::new(),
        entailments: Vec::new(),
    };
    for (index, (row, lesson)) in masked.rows.iter_mut().zip(lessons).enumerate() {
        let sentence = row.types.iter().filter(|&&text| text == 0).count();
        let last = row.ids.len() - 1;
        let topic = row.ids[TOPIC.min(last)];
        let words =
            (row.ids.iter_mut().zip(&row.types).enumerate()).filter(|(_, (id, _))| **id >= special);
        match lesson {
            Lesson::Words => {
                masked.hidden.push(([index, 0], topic));
                for (token, (id, &text)) in words {
                    if stream.random_bool(HIDDEN[text as usize]) {
                        masked.hidden.push(([index, token], *id));
                        *id = MASK_ID;
                    }
                }
            }
            Lesson::Changes(changed) => {
                for (token, _) in words.filter(|(_, (_, text))| **text == 1) {
                    let was_changed = changed.contains(&(token - sentence));
                    let place = [index, token];
                    masked.judged.push((place, u32::from(was_changed)));
                }
            }
            Lesson::Entailment(entailed) => {
                let place = [index, last];
                masked.entailments.push((place, u32::from(*entailed)));
            }
        }
    }
    masked
}

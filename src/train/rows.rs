//! A task's rows as an encoder reads them, every one of them held against the encoder before anything is trained.

mod error;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]
mod tests;

use crate::model::config::EncoderConfig;
use crate::model::{Encoded, ModelFiles, Tokenizer, TokenizerError, TokenizerFiles};
use crate::task::{Dataset, Example};

use super::batches::Row;
pub use error::{Count, RowsError, Which};

/// Share of unknown tokens from which on it is told.
const MANY_UNKNOWN: f64 = 0.05;

/// Share of a vocabulary beyond all lower-cased texts from which on it is told.
const MUCH_OUT_OF_REACH: f64 = 0.02;

/// Reads texts as an encoder does.
pub struct Reader<'a> {
    tokenizer: Tokenizer,
    encoder: &'a EncoderConfig,
    max_length: usize,
}

/// Rows that were read.
#[derive(Clone, Debug, Default)]
pub struct Read {
    /// The rows.
    pub rows: Vec<Row>,
    /// Their lengths in tokens before any cut, special ones included.
    pub lengths: Vec<usize>,
    /// What is worth knowing of them.
    pub remarks: Vec<String>,
}

/// All rows of a task, read.
#[derive(Clone, Debug)]
pub struct Examined {
    /// The training rows.
    pub train: Vec<Row>,
    /// The validation rows.
    pub validation: Vec<Row>,
    /// Lengths of the training rows in tokens before any cut, special ones included.
    pub lengths: Vec<usize>,
    /// What is worth knowing before a score is believed.
    pub remarks: Vec<String>,
}

/// Reads all rows of a task, test rows included: whatever of them would end a training, or spoil it, is found here.
///
/// # Errors
/// See [`RowsError`].
pub fn examine(
    files: &ModelFiles,
    encoder: &EncoderConfig,
    dataset: &Dataset,
    max_length: usize,
) -> Result<Examined, RowsError> {
    let of_model = |source| RowsError::Model {
        model: files.origin.clone(),
        source,
    };
    let tokenizer = Tokenizer::new(&files.tokenizer).map_err(of_model)?;
    let reader = Reader {
        tokenizer,
        encoder,
        max_length,
    };
    let train = reader.read("training", &dataset.train)?;
    let validation = reader.read("validation", &dataset.validation)?;
    let test = reader.read("test", &dataset.test)?;
    let mut remarks = reader.remarks();
    for read in [&train, &validation, &test] {
        remarks.extend_from_slice(&read.remarks);
    }
    Ok(Examined {
        train: train.rows,
        validation: validation.rows,
        lengths: train.lengths,
        remarks,
    })
}

impl<'a> Reader<'a> {
    /// Of a model's tokenizer and its encoder, for rows of at most `max_length` tokens.
    ///
    /// # Errors
    /// The model's tokenizer cannot be used.
    pub fn new(
        files: &TokenizerFiles,
        encoder: &'a EncoderConfig,
        max_length: usize,
    ) -> Result<Self, RowsError> {
        Ok(Self {
            tokenizer: Tokenizer::new(files)?,
            encoder,
            max_length,
        })
    }

    /// Reads one part of a task's rows; `part` is its name, for people.
    ///
    /// # Errors
    /// See [`RowsError`].
    pub fn read(&self, part: &'static str, examples: &[Example]) -> Result<Read, RowsError> {
        let encoded = self.tokenizer.encode(examples, self.max_length);
        let encoded = encoded.map_err(|error| self.placed(part, examples, error))?;
        self.check(part, examples, &encoded)?;
        let remarks = self.remarks_on(part, examples, &encoded);
        let lengths = encoded.iter().map(|row| row.whole).collect();
        let labelled = encoded.into_iter().zip(examples);
        let rows = labelled.map(|(encoding, example)| Row {
            ids: encoding.ids,
            types: encoding.type_ids,
            label: example.label,
        });
        Ok(Read {
            rows: rows.collect(),
            lengths,
            remarks,
        })
    }

    /// What is worth knowing of the tokenizer.
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        let share = self.tokenizer.out_of_reach();
        if share > MUCH_OUT_OF_REACH {
            remarks.push(format!(
                "the tokenizer lower-cases texts, but {:.0} % of its vocabulary has capital letters and is never reached; a cased encoder wants `\"do_lower_case\": false` in tokenizer_config.json",
                100.0 * share
            ));
        }
        if let Some(longest) = self.tokenizer.longest()
            && longest < self.max_length
        {
            remarks.push(format!(
                "`training.max_length` is {}, but `model_max_length` of the tokenizer is {longest}: the encoder may not have been made for longer texts",
                self.max_length
            ));
        }
        remarks
    }

    /// An error with the row that it is about, if it is about a row.
    fn placed(&self, part: &'static str, examples: &[Example], error: TokenizerError) -> RowsError {
        if !matches!(error, TokenizerError::Text(_)) {
            return error.into();
        }
        let fails = |example: &Example| {
            let alone = std::slice::from_ref(example);
            self.tokenizer.encode(alone, self.max_length).is_err()
        };
        match examples.iter().position(fails) {
            Some(index) => RowsError::Text {
                row: Which::of(part, index, &examples[index]),
                source: error,
            },
            None => error.into(),
        }
    }

    /// Holds ids and types against the encoder's tables.
    fn check(
        &self,
        part: &'static str,
        examples: &[Example],
        encoded: &[Encoded],
    ) -> Result<(), RowsError> {
        let faulty = |beyond: &dyn Fn(&Encoded) -> Option<u32>| {
            let mut faulty = encoded.iter().map(beyond).enumerate();
            let (index, found) = faulty.find_map(|(index, found)| Some((index, found?)))?;
            let count = Count {
                part,
                these: 1 + faulty.filter(|(_, found)| found.is_some()).count(),
                all: examples.len(),
            };
            Some((Which::of(part, index, &examples[index]), found, count))
        };
        let beyond =
            |ids: &[u32], known: usize| ids.iter().copied().find(|id| *id as usize >= known);
        let known = self.encoder.vocabulary;
        if let Some((row, id, count)) = faulty(&|row| beyond(&row.ids, known)) {
            return Err(RowsError::TokenId {
                row,
                token: self
                    .tokenizer
                    .token(id)
                    .unwrap_or_default()
                    .escape_debug()
                    .to_string(),
                id,
                last: known.saturating_sub(1),
                count,
            });
        }
        let known = self.encoder.token_types;
        // An encoder without token types takes no notice of them.
        if known == 0 {
            return Ok(());
        }
        match faulty(&|row| beyond(&row.type_ids, known)) {
            None => Ok(()),
            Some((row, found, count)) => Err(RowsError::TokenType {
                row,
                found,
                known: match known {
                    1 => "type 0 alone".to_owned(),
                    _ => format!("types from 0 to {}", known - 1),
                },
                count,
            }),
        }
    }

    fn remarks_on(
        &self,
        part: &'static str,
        examples: &[Example],
        encoded: &[Encoded],
    ) -> Vec<String> {
        let mut remarks = Vec::new();
        let empty = |row: &Encoded| row.words == 0;
        if let Some(first) = encoded.iter().position(empty) {
            let count = encoded.iter().filter(|row| empty(row)).count();
            remarks.push(format!(
                "{count} of {} {part} rows have no token of text, the first of them {}: the encoder reads nothing but special tokens there",
                encoded.len(),
                Which::of(part, first, &examples[first])
            ));
        }
        let words: usize = encoded.iter().map(|row| row.words).sum();
        let is_unknown = |id: &&u32| Some(**id) == self.tokenizer.unknown_id();
        let unknown: usize = (encoded.iter())
            .map(|row| row.ids.iter().filter(is_unknown).count())
            .sum();
        let share = unknown as f64 / words.max(1) as f64;
        if share > MANY_UNKNOWN {
            remarks.push(format!(
                "{:.0} % of the tokens in the {part} rows are not in the encoder's vocabulary; is it made for such texts?",
                100.0 * share
            ));
        }
        remarks
    }
}

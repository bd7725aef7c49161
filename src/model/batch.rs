//! Rows of tokens on a device, checked and padded to one length.

use super::encoder::Backbone;
use super::tensor::{DType, Int, Tensor, TensorData, integers};

/// B rows of S tokens, for one encoder: made by [`Backbone::batch`].
#[derive(Clone, Debug)]
pub struct Batch {
    pub(super) input_ids: Tensor<2, Int>,
    pub(super) token_type_ids: Tensor<2, Int>,
    pub(super) position_ids: Tensor<2, Int>,
    /// 0 for tokens, the lowest number of the format for padding, [B, 1, 1, S]; none where all are tokens.
    pub(super) padding: Option<Tensor<4>>,
    /// What the frozen layers below have computed already.
    pub(super) below: Option<Below>,
    shape: [usize; 2],
}

/// The output of an encoder's first layers, which no module touches.
#[derive(Clone, Debug)]
pub(super) struct Below {
    /// How many layers; 0: the embeddings alone.
    pub(super) layers: usize,
    /// [B, S, H], anything at padding.
    pub(super) states: Tensor<3>,
}

/// Why rows are no batch for an encoder.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// The lists differ in length, or there is nothing.
    #[error("a batch of {shape:?} needs as many ids, types and mask entries; found {found:?}")]
    Lengths {
        /// Rows and tokens.
        shape: [usize; 2],
        /// Ids, types, mask entries.
        found: [usize; 3],
    },
    /// Rows are too long.
    #[error("rows of {found} tokens, but the encoder takes at most {longest}; lower `max_length`")]
    TooLong {
        /// Tokens of a row.
        found: usize,
        /// Tokens at most.
        longest: usize,
    },
    /// A number that is outside a table of the encoder.
    #[error(
        "{what} {found}, but the encoder knows {known}, from 0; do tokenizer and encoder belong together?"
    )]
    Unknown {
        /// Token id or token type.
        what: &'static str,
        /// The number.
        found: u32,
        /// Size of the table.
        known: usize,
    },
}

impl Batch {
    pub(super) fn new(
        backbone: &Backbone,
        input_ids: &[u32],
        token_type_ids: &[u32],
        attention_mask: &[u32],
        shape: [usize; 2],
    ) -> Result<Self, BatchError> {
        let config = backbone.config();
        let [rows, tokens] = shape;
        let found = [input_ids, token_type_ids, attention_mask].map(<[u32]>::len);
        if rows == 0 || tokens == 0 || found != [rows * tokens; 3] {
            return Err(BatchError::Lengths { shape, found });
        }
        let longest = config.longest_sequence();
        if tokens > longest {
            let found = tokens;
            return Err(BatchError::TooLong { found, longest });
        }
        let tables = [
            ("token id", input_ids, config.vocabulary),
            ("token type", token_type_ids, config.token_types),
        ];
        // An encoder without token types takes no notice of them.
        for (what, ids, known) in tables.into_iter().filter(|(.., known)| *known > 0) {
            if let Some(&found) = ids.iter().find(|&&id| id as usize >= known) {
                return Err(BatchError::Unknown { what, found, known });
            }
        }
        let device = backbone.device();
        let positions = input_ids
            .chunks_exact(tokens)
            .flat_map(|row| config.position_ids(row));
        let padding = attention_mask.contains(&0).then(|| {
            let dtype = backbone.dtype();
            let lowest = match dtype {
                DType::F64 => f64::MIN,
                _ => f64::from(f32::MIN),
            };
            let open = |&m: &u32| if m == 0 { lowest } else { 0.0 };
            let values: Vec<f64> = attention_mask.iter().map(open).collect();
            let data = TensorData::new(values, [rows, 1, 1, tokens]);
            Tensor::from_data(data, (device, dtype))
        });
        Ok(Self {
            input_ids: integers(input_ids.iter().copied(), shape, device),
            token_type_ids: integers(token_type_ids.iter().copied(), shape, device),
            position_ids: integers(positions, shape, device),
            padding,
            below: None,
            shape,
        })
    }

    /// The batch with the output [B, S, H] of the first `layers` layers at hand, as [`Backbone::below`] gives it (0:
    /// of the embeddings). Modules in those layers would not be computed: there must be none.
    pub fn with_states_below(mut self, layers: usize, states: Tensor<3>) -> Self {
        self.below = Some(Below { layers, states });
        self
    }

    /// Rows and tokens of each.
    pub fn shape(&self) -> [usize; 2] {
        self.shape
    }

    /// Position ids as the encoder's table is asked for them, [B, S].
    pub fn position_ids(&self) -> Tensor<2, Int> {
        self.position_ids.clone()
    }
}

//! Rows of tokens on a device, checked, and padded to one length or laid end to end.

use super::config::EncoderConfig;
use super::encoder::Backbone;
use super::layout::Layout;
use super::resident::Places;
use super::tensor::{Int, Tensor, exact, floats, integers};
use super::untouched::Untouched;

/// B rows for one encoder: of S tokens, made by [`Backbone::batch`], or of T together, by [`Backbone::packed`].
#[derive(Clone, Debug)]
pub struct Batch {
    pub(super) input_ids: Tensor<2, Int>,
    pub(super) token_type_ids: Tensor<2, Int>,
    pub(super) position_ids: Tensor<2, Int>,
    pub(super) layout: Layout,
    /// Of rows that are on the device already, where they are.
    pub(super) places: Option<Places>,
    /// What the frozen layers below have computed already.
    pub(super) below: Option<Below>,
}

/// What the part of an encoder gives that no module touches.
#[derive(Clone, Debug)]
pub(super) struct Below {
    pub(super) untouched: Untouched,
    /// Each [B, S, W] or [1, T, W], anything at padding; of first tokens alone where it reaches into the last layer.
    pub(super) states: Vec<Tensor<3>>,
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
        let device = backbone.device();
        let positions = input_ids
            .chunks_exact(tokens)
            .flat_map(|row| config.position_ids(row));
        let padding = attention_mask.contains(&0).then(|| {
            // It is added to the scores, which go into the softmax.
            let open = |&m: &u32| if m == 0 { f32::MIN } else { 0.0 };
            let values = attention_mask.iter().map(open).collect();
            let shape = [rows, 1, 1, tokens];
            floats(values, shape, device, exact(backbone.dtype()))
        });
        let layout = Layout::Padded {
            rows,
            tokens,
            padding,
        };
        Self::of_layout(
            backbone,
            layout,
            [input_ids, token_type_ids],
            positions,
            tokens,
        )
    }

    pub(super) fn packed(backbone: &Backbone, rows: &[[&[u32]; 2]]) -> Result<Self, BatchError> {
        let lengths = rows.iter().map(|[ids, _]| ids.len());
        let [ids, types] = [0, 1].map(|i| rows.iter().flat_map(|row| row[i]).copied().collect());
        let [ids, types]: [Vec<u32>; 2] = [ids, types];
        if lengths.clone().any(|length| length == 0) || ids.is_empty() || types.len() != ids.len() {
            return Err(BatchError::Lengths {
                shape: [rows.len(), ids.len()],
                found: [ids.len(), types.len(), ids.len()],
            });
        }
        let longest = lengths.clone().max().unwrap_or(0);
        let layout = Layout::packed(lengths, backbone.device());
        let config = backbone.config();
        let positions = rows.iter().flat_map(|[ids, _]| config.position_ids(ids));
        Self::of_layout(backbone, layout, [&ids, &types], positions, longest)
    }

    /// `longest` are the tokens of the longest row.
    fn of_layout(
        backbone: &Backbone,
        layout: Layout,
        [ids, types]: [&[u32]; 2],
        positions: impl Iterator<Item = u32>,
        longest: usize,
    ) -> Result<Self, BatchError> {
        checked(backbone.config(), ids, types, longest)?;
        let device = backbone.device();
        let axes = layout.axes();
        Ok(Self {
            input_ids: integers(ids.iter().copied(), axes, device),
            token_type_ids: integers(types.iter().copied(), axes, device),
            position_ids: integers(positions, axes, device),
            layout,
            places: None,
            below: None,
        })
    }

    /// The batch with what [`Backbone::untouched`] gives for it at hand. Modules in that part would not be computed:
    /// there must be none.
    pub fn with_states_below(mut self, untouched: Untouched, states: Vec<Tensor<3>>) -> Self {
        self.below = Some(Below { untouched, states });
        self
    }

    /// B
    pub fn rows(&self) -> usize {
        self.layout.rows()
    }

    /// S, where rows are padded to one length.
    pub fn padded_to(&self) -> Option<usize> {
        match self.layout {
            Layout::Padded { tokens, .. } => Some(tokens),
            Layout::Packed { .. } => None,
        }
    }

    /// Where each row begins among so many places, and the end: all tokens, padding included, or one of each row.
    pub fn starts_among(&self, places: usize) -> Vec<usize> {
        self.layout.starts(places)
    }

    /// Of rows that are on the device already, where they are among all of them.
    pub fn places(&self) -> Option<&Places> {
        self.places.as_ref()
    }

    /// Position ids as the encoder's table is asked for them, [B, S] or [1, T].
    pub fn position_ids(&self) -> Tensor<2, Int> {
        self.position_ids.clone()
    }
}

/// Refuses what an encoder has no place for; `longest` are the most tokens of a row.
pub(super) fn checked(
    config: &EncoderConfig,
    ids: &[u32],
    types: &[u32],
    longest: usize,
) -> Result<(), BatchError> {
    if longest > config.longest_sequence() {
        return Err(BatchError::TooLong {
            found: longest,
            longest: config.longest_sequence(),
        });
    }
    let tables = [
        ("token id", ids, config.vocabulary),
        ("token type", types, config.token_types),
    ];
    // An encoder without token types takes no notice of them.
    for (what, ids, known) in tables.into_iter().filter(|(.., known)| *known > 0) {
        if let Some(&found) = ids.iter().find(|&&id| id as usize >= known) {
            return Err(BatchError::Unknown { what, found, known });
        }
    }
    Ok(())
}

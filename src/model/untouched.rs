//! How much of an encoder no module of a configuration reaches: without dropout it gives the same for a row at every
//! step of every trial, and so can be computed once.

/// The part of an encoder below everything that trains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Untouched {
    /// Layers below the lowest one with a module; all where there is none.
    pub layers: usize,
    /// Whether in the layer above them the attention and feed-forward blocks are untouched too, as all modules there
    /// only add to the sum of both.
    pub blocks: bool,
}

impl Untouched {
    /// No more than the embeddings.
    pub const EMBEDDINGS: Self = Self::layers(0);

    /// So many whole layers.
    pub const fn layers(layers: usize) -> Self {
        Self {
            layers,
            blocks: false,
        }
    }

    /// Whether that reaches into the last of `layers`, of which only first tokens are asked for.
    pub fn reaches_last(self, layers: usize) -> bool {
        self.layers + usize::from(self.blocks) >= layers
    }

    /// Numbers per token that are kept of it, in an encoder of this width: x, or a and f + a side by side.
    pub fn width(self, hidden: usize) -> usize {
        hidden * (1 + usize::from(self.blocks))
    }
}

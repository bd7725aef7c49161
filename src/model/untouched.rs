//! How much of an encoder no module of a configuration reaches: without dropout it gives the same for a row at every
//! step of every trial, and so can be computed once.

use super::config::EncoderConfig;

/// The part of an encoder below everything that trains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Untouched {
    /// Layers below the lowest one with a module; all where there is none.
    pub layers: usize,
    /// How far that goes on into the layer above them.
    pub within: Within,
}

/// How far into a layer something comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Within {
    /// Its input.
    Input,
    /// What its tokens get from each other, before a prefix joins in.
    Attention,
    /// Its attention and feed-forward blocks, up to where modules add to the sum of both.
    Blocks,
}

impl Untouched {
    /// No more than the embeddings.
    pub const EMBEDDINGS: Self = Self::layers(0);

    /// So many whole layers.
    pub const fn layers(layers: usize) -> Self {
        Self {
            layers,
            within: Within::Input,
        }
    }

    /// Layers that it is made with, the last one perhaps in part.
    pub fn reached(self) -> usize {
        self.layers + usize::from(self.within > Within::Input)
    }

    /// Widths of the tensors that it gives: x; x, q, o and l; or a and f + a, see [`super::layer`].
    pub fn widths(self, config: &EncoderConfig) -> Vec<usize> {
        match self.within {
            Within::Input => vec![config.hidden],
            Within::Attention => vec![config.hidden, config.hidden, config.hidden, config.heads],
            Within::Blocks => vec![config.hidden; 2],
        }
    }
}

//! How the tokens of a batch's rows lie in its tensors.
//!
//! | symbol | meaning |
//! |---|---|
//! | B, S | rows, and tokens of each once padded |
//! | T | tokens of all rows together, without padding |

use super::tensor::{Device, Int, Tensor, integers};

/// The place of every row's tokens in tensors of rank three. Everything but attention works token by token, and so
/// needs to know no more than where each row begins.
#[derive(Clone, Debug)]
pub enum Layout {
    /// Every row in a line of its own, [B, S, …], padded to one length.
    Padded {
        /// B
        rows: usize,
        /// S
        tokens: usize,
        /// 0 for tokens, the lowest number of 32 bits for padding, [B, 1, 1, S]; none where all are tokens.
        padding: Option<Tensor<4>>,
    },
    /// Rows end to end in one line, [1, T, …].
    Packed {
        /// Where each row begins, and the end, B + 1 places.
        starts: Vec<usize>,
        /// Where each row begins, [B].
        firsts: Tensor<1, Int>,
    },
}

impl Layout {
    /// Rows of these lengths, end to end.
    pub fn packed(lengths: impl Iterator<Item = usize>, device: &Device) -> Self {
        let mut starts = vec![0];
        starts.extend(lengths.scan(0, |end, length| {
            *end += length;
            Some(*end)
        }));
        let rows = starts.len() - 1;
        let firsts = starts[..rows].iter().map(|&start| start as u32);
        Self::Packed {
            firsts: integers(firsts, [rows], device),
            starts,
        }
    }

    /// B
    pub fn rows(&self) -> usize {
        match self {
            Self::Padded { rows, .. } => *rows,
            Self::Packed { starts, .. } => starts.len() - 1,
        }
    }

    /// Tokens of the longest row, padding included.
    pub fn longest(&self) -> usize {
        match self {
            Self::Padded { tokens, .. } => *tokens,
            Self::Packed { starts, .. } => {
                let lengths = starts.windows(2).map(|ends| ends[1] - ends[0]);
                lengths.max().unwrap_or(0)
            }
        }
    }

    /// m, where there is padding.
    pub fn padding(&self) -> Option<&Tensor<4>> {
        match self {
            Self::Padded { padding, .. } => padding.as_ref(),
            Self::Packed { .. } => None,
        }
    }

    /// The first two axes of tensors of all tokens: [B, S] or [1, T].
    pub fn axes(&self) -> [usize; 2] {
        match self {
            Self::Padded { rows, tokens, .. } => [*rows, *tokens],
            Self::Packed { starts, .. } => [1, starts[starts.len() - 1]],
        }
    }

    /// Of a tensor of all tokens the first of each row: [B, 1, …] or [1, B, …].
    pub fn first(&self, x: Tensor<3>) -> Tensor<3> {
        match self {
            Self::Padded { .. } => x.narrow(1, 0, 1),
            Self::Packed { firsts, .. } => x.select(1, firsts.clone()),
        }
    }

    /// Where each row begins among `tokens` of all rows, and the end: all tokens, or one of each row.
    pub fn starts(&self, tokens: usize) -> Vec<usize> {
        let rows = self.rows();
        match self {
            Self::Packed { starts, .. } if tokens != rows => starts.clone(),
            _ => (0..=rows).map(|row| row * (tokens / rows)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tensor::{DType, floats};
    use super::*;

    #[test]
    fn rows_are_found_where_they_lie() {
        let device = Device::flex();
        let values = |x: Tensor<3>| x.into_data().try_to_vec::<f32>().unwrap_or_default();
        let numbers: Vec<f32> = (0..6).map(|i| i as f32).collect();
        let packed = Layout::packed([1, 3, 2].into_iter(), &device);
        assert_eq!((packed.rows(), packed.axes()), (3, [1, 6]));
        assert_eq!(packed.starts(6), [0, 1, 4, 6]);
        assert_eq!(packed.starts(3), [0, 1, 2, 3]);
        let x = floats(numbers.clone(), [1, 6, 1], &device, DType::F32);
        assert_eq!(values(packed.first(x)), [0.0, 1.0, 4.0]);

        let padded = Layout::Padded {
            rows: 2,
            tokens: 3,
            padding: None,
        };
        assert_eq!((padded.rows(), padded.axes()), (2, [2, 3]));
        assert_eq!(padded.starts(6), [0, 3, 6]);
        assert_eq!(padded.starts(2), [0, 1, 2]);
        let x = floats(numbers, [2, 3, 1], &device, DType::F32);
        assert_eq!(values(padded.first(x)), [0.0, 3.0]);
    }
}

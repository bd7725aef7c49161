//! How large everything of one attention is, and where each row's part lies.

use super::block::Block;
use crate::model::layout::Layout;
use crate::model::tensor::Tensor;

/// Sizes, see the table of the module, and where each row's numbers are.
#[derive(Clone, Debug)]
pub(super) struct Sizes {
    pub(super) heads: usize,
    pub(super) width: usize,
    pub(super) hidden: usize,
    /// L
    pub(super) prefix: usize,
    /// Where each row's q or c begins, counted in tokens, and the end.
    pub(super) asking: Vec<usize>,
    /// The same for k and v.
    pub(super) keys: Vec<usize>,
    /// The same for p of all heads, counted in numbers.
    pub(super) weights: Vec<usize>,
}

/// One row's sizes.
#[derive(Clone, Copy)]
pub(super) struct Row {
    pub(super) asking: usize,
    pub(super) tokens: usize,
    /// K
    pub(super) keys: usize,
    pub(super) heads: usize,
    pub(super) width: usize,
    pub(super) hidden: usize,
    pub(super) prefix: usize,
}

impl Sizes {
    /// From the queries, what has the shape of the keys, and k' and v'.
    pub(super) fn new(
        heads: usize,
        [queries, keys]: [&Tensor<3>; 2],
        prefix: Option<&[Tensor<3>; 2]>,
        layout: &Layout,
    ) -> Self {
        let [lines, tokens, hidden] = keys.dims();
        let [.., asked, _] = queries.dims();
        let length = prefix.map_or(0, |[keys, _]| keys.dims()[1]);
        let width = hidden / heads;
        // The products of matrices rely on these.
        assert_eq!([lines, tokens], layout.axes(), "tokens of the keys");
        assert_eq!(
            queries.dims(),
            [lines, asked, hidden],
            "shape of the queries"
        );
        assert_eq!(hidden, heads * width, "the heads share the width evenly");
        for part in prefix.into_iter().flatten() {
            assert_eq!(part.dims(), [heads, length, width], "shape of the prefix");
        }
        let prefix = length;
        let asking = layout.starts(lines * asked);
        let keys = layout.starts(lines * tokens);
        let rows = asking.windows(2).zip(keys.windows(2));
        let mut end = 0;
        let mut weights = vec![0];
        weights.extend(rows.map(|(asking, keys)| {
            end += heads * (asking[1] - asking[0]) * (prefix + keys[1] - keys[0]);
            end
        }));
        Self {
            heads,
            width,
            hidden,
            prefix,
            asking,
            keys,
            weights,
        }
    }

    /// Numbers of p of all rows.
    pub(super) fn weights(&self) -> usize {
        self.weights[self.rows()]
    }

    pub(super) fn rows(&self) -> usize {
        self.asking.len() - 1
    }

    pub(super) fn row(&self, row: usize) -> Row {
        let tokens = self.keys[row + 1] - self.keys[row];
        Row {
            asking: self.asking[row + 1] - self.asking[row],
            tokens,
            keys: self.prefix + tokens,
            heads: self.heads,
            width: self.width,
            hidden: self.hidden,
            prefix: self.prefix,
        }
    }

    /// A row's part of q or c.
    pub(super) fn of_queries<'a>(&self, numbers: &'a [f32], row: usize) -> &'a [f32] {
        &numbers[self.asking[row] * self.hidden..self.asking[row + 1] * self.hidden]
    }

    /// A row's part of k or v.
    pub(super) fn of_keys<'a>(&self, numbers: &'a [f32], row: usize) -> &'a [f32] {
        &numbers[self.keys[row] * self.hidden..self.keys[row + 1] * self.hidden]
    }

    /// A row's part of p or r.
    pub(super) fn of_weights<'a>(&self, numbers: &'a [f32], row: usize) -> &'a [f32] {
        &numbers[self.weights[row]..self.weights[row + 1]]
    }
}

impl Row {
    /// What belongs to one head in q or c.
    pub(super) fn queries(&self, head: usize) -> Block {
        Block::new(head * self.width, self.asking, self.width, self.hidden)
    }

    /// What belongs to one head in k or v.
    pub(super) fn tokens(&self, head: usize) -> Block {
        Block::new(head * self.width, self.tokens, self.width, self.hidden)
    }

    /// What belongs to one head in k' or v'.
    pub(super) fn prefix(&self, head: usize) -> Block {
        let size = self.prefix * self.width;
        Block::new(head * size, self.prefix, self.width, self.width)
    }

    /// p of one head alone.
    pub(super) fn weights(&self) -> Block {
        Block::new(0, self.asking, self.keys, self.keys)
    }
}

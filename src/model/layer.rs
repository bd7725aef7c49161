//! One transformer layer of the frozen encoder, with the places where PEFT modules enter.
//!
//! | symbol | meaning | shape |
//! |---|---|---|
//! | B, S, H | rows, tokens, hidden width; of rows end to end B = 1 and S all their tokens | |
//! | A, d | heads and their width, H = A d | |
//! | L | length of a prefix, 0 without one | |
//! | x | input of the layer | B, S, H |
//! | q, k, v | queries, keys, values | B, A, S (k and v: L + S), d |
//! | m | 0 for tokens, the lowest number for padding | B, 1, 1, S |
//! | a | output of the attention block, LN1(Lin_o(c) + x) | B, S, H |
//! | f | output of the feed-forward block, before its residual | B, S, H |
//! | y | output of the layer, LN2(f + a + what modules add) | B, S, H |
//!
//! Vaswani et al. 2017, post-normalised; SA and PA: Zhou et al. 2024, figure 2 and their code.

use super::dropout::Dropout;
use super::fused::{self, Heads, attention, gelu};
use super::layout::Layout;
use super::peft::{Active, FeedForward, Projections};
use super::tensor::Tensor;

/// x W + b.
#[derive(Clone, Debug)]
pub(super) struct Linear {
    /// [in, out]
    pub(super) weight: Tensor<2>,
    /// [out]
    pub(super) bias: Tensor<1>,
}

impl Linear {
    pub(super) fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        fused::linear(x, self.weight.clone(), self.bias.clone())
    }
}

/// Layer normalisation over the last axis (Ba et al. 2016), biased variance.
#[derive(Clone, Debug)]
pub(super) struct LayerNorm {
    pub(super) weight: Tensor<1>,
    pub(super) bias: Tensor<1>,
    pub(super) epsilon: f64,
}

impl LayerNorm {
    pub(super) fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        fused::layer_norm(x, self.weight.clone(), self.bias.clone(), self.epsilon)
    }
}

/// One layer's frozen weights.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    pub(super) heads: usize,
    pub(super) query: Linear,
    pub(super) key: Linear,
    pub(super) value: Linear,
    pub(super) attention_output: Linear,
    pub(super) attention_norm: LayerNorm,
    pub(super) intermediate: Linear,
    pub(super) output: Linear,
    pub(super) output_norm: LayerNorm,
}

/// Which tokens' outputs a layer computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tokens {
    /// All.
    All,
    /// The first of each row only: all that the head reads of the last layer.
    First,
}

/// What one forward pass brings to every layer.
pub(super) struct Pass<'a> {
    /// Where the rows are, and m.
    pub(super) layout: &'a Layout,
    /// The PEFT modules.
    pub(super) modules: &'a [Box<dyn Active>],
    /// Dropout inside the layers.
    pub(super) dropout: Option<&'a mut Dropout>,
}

impl Pass<'_> {
    fn drop<const D: usize>(&mut self, x: Tensor<D>) -> Tensor<D> {
        match &mut self.dropout {
            Some(dropout) => dropout.backbone(x),
            None => x,
        }
    }
}

impl Layer {
    /// The output of the layer with number `index`.
    pub(super) fn forward(
        &self,
        index: usize,
        x: Tensor<3>,
        tokens: Tokens,
        pass: &mut Pass<'_>,
    ) -> Tensor<3> {
        let residual = match tokens {
            Tokens::All => x.clone(),
            Tokens::First => pass.layout.first(x.clone()),
        };
        let c = self.attend(index, x, residual.clone(), pass);
        let attention = pass.drop(self.attention_output.forward(c));
        let a = self.attention_norm.forward(attention + residual);

        let mut u = self.intermediate.forward(a.clone());
        for module in pass.modules {
            u = module.before_activation(index, u);
        }
        let mut u = gelu(u);
        for module in pass.modules {
            u = module.after_activation(index, u);
        }
        let f = pass.drop(self.output.forward(u));
        let sum = f + a.clone();
        let block = FeedForward {
            input: &a,
            sum: &sum,
            norm: &self.output_norm,
        };
        let added = pass.modules.iter().filter_map(|m| m.output(index, &block));
        let y = added.fold(sum.clone(), |y, addition| y + addition);
        self.output_norm.forward(y)
    }

    /// softmax(q kᵀ / √d + m) v, heads side by side again. `asking` are the tokens whose queries are answered.
    fn attend(
        &self,
        index: usize,
        x: Tensor<3>,
        asking: Tensor<3>,
        pass: &mut Pass<'_>,
    ) -> Tensor<3> {
        let mut projections = Projections {
            query: self.query.forward(asking.clone()),
            key: self.key.forward(x.clone()),
            value: self.value.forward(x.clone()),
        };
        for module in pass.modules {
            projections = module.projections(index, &asking, &x, projections);
        }
        let prefixes = pass.modules.iter().filter_map(|m| m.prefix(index));
        let before = |[keys, values]: [Tensor<3>; 2], [k, v]: [Tensor<3>; 2]| {
            [vec![k, keys], vec![v, values]].map(|two| Tensor::cat(two, 1))
        };
        let heads = Heads {
            heads: self.heads,
            query: projections.query,
            key: projections.key,
            value: projections.value,
            prefix: prefixes.map(<[_; 2]>::from).reduce(before),
            layout: pass.layout,
        };
        attention(heads, pass.dropout.as_deref_mut())
    }
}

//! One transformer layer of the frozen encoder, with the places where PEFT modules enter.
//!
//! | symbol | meaning | shape |
//! |---|---|---|
//! | B, S, H | rows, tokens, hidden width; of rows end to end B = 1 and S all their tokens | |
//! | A, d | heads and their width, H = A d | |
//! | L | length of a prefix, 0 without one | |
//! | x | input of the layer | B, S, H |
//! | q, k, v | queries, keys, values | B, A, S (k and v: L + S), d |
//! | o, l | what tokens get from each other without a prefix, and ln Σ exp of their scores | B, S, H; B, S, A |
//! | m | 0 for tokens, the lowest number for padding | B, 1, 1, S |
//! | a | output of the attention block, LN1(Lin_o(c) + x) | B, S, H |
//! | f | output of the feed-forward block, before its residual | B, S, H |
//! | y | output of the layer, LN2(f + a + what modules add) | B, S, H |
//!
//! Vaswani et al. 2017, post-normalised; SA and PA: Zhou et al. 2024, figure 2 and their code.

use super::dropout::Dropout;
use super::layout::Layout;
use super::ops::Ops;
use super::ops::attention::{AmongTokens, FirstTokens, Heads};
use super::peft::{Active, FeedForward, Projections};
use super::relative::Biases;
use super::tensor::Tensor;

/// x W + b.
#[derive(Clone, Debug)]
pub(super) struct Linear {
    /// [in, out]
    pub(super) weight: Tensor<2>,
    /// [out]
    pub(super) bias: Tensor<1>,
    pub(super) ops: &'static dyn Ops,
}

impl Linear {
    pub(super) fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        (self.ops).linear(x, self.weight.clone(), self.bias.clone())
    }

    /// Of rows [N, I]: [N, O].
    pub(super) fn of_rows(&self, x: Tensor<2>) -> Tensor<2> {
        self.forward(x.unsqueeze_dim(0)).squeeze_dim(0)
    }

    /// Added to a residual connection.
    fn onto(&self, residual: Tensor<3>, x: Tensor<3>) -> Tensor<3> {
        (self.ops).linear_onto(residual, x, self.weight.clone(), self.bias.clone())
    }
}

/// Layer normalisation over the last axis (Ba et al. 2016), biased variance.
#[derive(Clone, Debug)]
pub(super) struct LayerNorm {
    pub(super) weight: Tensor<1>,
    pub(super) bias: Tensor<1>,
    pub(super) epsilon: f64,
    pub(super) ops: &'static dyn Ops,
}

impl LayerNorm {
    pub(super) fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        (self.ops).layer_norm(x, self.weight.clone(), self.bias.clone(), self.epsilon)
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
    /// What computes.
    pub(super) ops: &'static dyn Ops,
    /// Where the rows are, and m.
    pub(super) layout: &'a Layout,
    /// The PEFT modules.
    pub(super) modules: &'a [Box<dyn Active>],
    /// Dropout inside the layers.
    pub(super) dropout: Option<&'a mut Dropout>,
    /// What attention's scores get by distance.
    pub(super) biases: Option<Biases>,
}

impl Pass<'_> {
    pub(super) fn drop<const D: usize>(&mut self, x: Tensor<D>) -> Tensor<D> {
        match &mut self.dropout {
            Some(dropout) => dropout.backbone(x),
            None => x,
        }
    }

    /// Keys and values of all prefixes of a layer, each [A, L, d].
    fn prefix(&self, index: usize) -> Option<[Tensor<3>; 2]> {
        let prefixes = self.modules.iter().filter_map(|m| m.prefix(index));
        let before = |[keys, values]: [Tensor<3>; 2], [k, v]: [Tensor<3>; 2]| {
            [vec![k, keys], vec![v, values]].map(|two| Tensor::cat(two, 1))
        };
        prefixes.map(<[_; 2]>::from).reduce(before)
    }

    /// What a linear map gives, dropped, on top of a residual connection.
    fn add(&mut self, map: &Linear, residual: Tensor<3>, x: Tensor<3>) -> Tensor<3> {
        match &mut self.dropout {
            Some(dropout) if dropout.is_in_backbone() => {
                dropout.backbone(map.forward(x)) + residual
            }
            _ => map.onto(residual, x),
        }
    }
}

/// What a layer comes to before a prefix joins its attention.
pub(super) struct Asked {
    /// x, of the tokens that ask.
    pub(super) x: Tensor<3>,
    /// q, o and l.
    pub(super) tokens: AmongTokens,
}

/// What a layer's attention and feed-forward blocks give, before any module adds to it.
pub(super) struct Blocks {
    /// a
    pub(super) attention: Tensor<3>,
    /// f + a
    pub(super) sum: Tensor<3>,
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
        let blocks = self.blocks(index, x, tokens, pass);
        self.output(index, blocks, pass.modules)
    }

    /// Everything up to where modules add to the sum of both blocks.
    pub(super) fn blocks(
        &self,
        index: usize,
        x: Tensor<3>,
        tokens: Tokens,
        pass: &mut Pass<'_>,
    ) -> Blocks {
        let residual = match tokens {
            Tokens::All => x.clone(),
            Tokens::First => pass.layout.first(x.clone()),
        };
        let c = self.attend(index, x, residual.clone(), tokens, pass);
        self.blocks_after(index, residual, c, pass)
    }

    /// The same, from what the layer came to before a prefix.
    pub(super) fn blocks_from(&self, index: usize, asked: Asked, pass: &mut Pass<'_>) -> Blocks {
        let c = match pass.prefix(index) {
            Some(prefix) => pass.ops.prefixed(&asked.tokens, prefix),
            None => asked.tokens.context,
        };
        self.blocks_after(index, asked.x, c, pass)
    }

    /// What the layer comes to before a prefix, without modules.
    pub(super) fn asked(&self, x: Tensor<3>, tokens: Tokens, pass: &Pass<'_>) -> Asked {
        let asking = match tokens {
            Tokens::All => x.clone(),
            Tokens::First => pass.layout.first(x.clone()),
        };
        let heads = Heads {
            heads: self.heads,
            query: self.query.forward(asking.clone()),
            key: self.key.forward(x.clone()),
            value: self.value.forward(x),
            prefix: None,
            biases: pass.biases.as_ref(),
            layout: pass.layout,
        };
        Asked {
            x: asking,
            tokens: pass.ops.among_tokens(heads),
        }
    }

    fn blocks_after(
        &self,
        index: usize,
        residual: Tensor<3>,
        c: Tensor<3>,
        pass: &mut Pass<'_>,
    ) -> Blocks {
        let sum = pass.add(&self.attention_output, residual, c);
        let a = self.attention_norm.forward(sum);

        let mut u = self.intermediate.forward(a.clone());
        for module in pass.modules {
            u = module.before_activation(index, u);
        }
        let mut u = pass.ops.gelu(u);
        for module in pass.modules {
            u = module.after_activation(index, u);
        }
        let sum = pass.add(&self.output, a.clone(), u);
        Blocks { attention: a, sum }
    }

    /// y, with what modules add.
    pub(super) fn output(
        &self,
        index: usize,
        blocks: Blocks,
        modules: &[Box<dyn Active>],
    ) -> Tensor<3> {
        let block = FeedForward {
            input: &blocks.attention,
            sum: &blocks.sum,
            norm: &self.output_norm,
        };
        let added = modules.iter().filter_map(|m| m.output(index, &block));
        let y = added.fold(blocks.sum.clone(), |y, addition| y + addition);
        self.output_norm.forward(y)
    }

    /// softmax(q kᵀ / √d + m + biases) v, heads side by side again. `asking` are the `tokens` whose queries are answered.
    fn attend(
        &self,
        index: usize,
        x: Tensor<3>,
        asking: Tensor<3>,
        tokens: Tokens,
        pass: &mut Pass<'_>,
    ) -> Tensor<3> {
        let prefix = pass.prefix(index);
        let query = self.query.forward(asking.clone());
        let projected = pass.modules.iter().any(|m| m.projects(index));
        if tokens == Tokens::First && !projected {
            let asked = FirstTokens {
                heads: self.heads,
                query: &query,
                x: &x,
                key: (&self.key.weight, &self.key.bias),
                value: (&self.value.weight, &self.value.bias),
                prefix: prefix.as_ref(),
                biases: pass.biases.as_ref(),
                layout: pass.layout,
            };
            return pass.ops.first_tokens(&asked, pass.dropout.as_deref_mut());
        }
        let mut projections = Projections {
            query,
            key: self.key.forward(x.clone()),
            value: self.value.forward(x.clone()),
        };
        for module in pass.modules {
            projections = module.projections(index, &asking, &x, projections);
        }
        let heads = Heads {
            heads: self.heads,
            query: projections.query,
            key: projections.key,
            value: projections.value,
            prefix,
            biases: pass.biases.as_ref(),
            layout: pass.layout,
        };
        pass.ops.attention(heads, pass.dropout.as_deref_mut())
    }
}

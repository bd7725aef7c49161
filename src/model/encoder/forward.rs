//! The way of a batch through an encoder's parts, at home with the thread that asks.

use super::Parts;
use crate::model::batch::Batch;
use crate::model::dropout::Dropout;
use crate::model::layer::{Asked, Blocks, Pass, Tokens};
use crate::model::ops::attention::AmongTokens;
use crate::model::peft::Active;
use crate::model::tensor::{Int, Tensor};
use crate::model::untouched::{Untouched, Within};

impl Parts {
    /// Hidden states of the last layer, of these of its tokens; `seen` are shown the embeddings and what every layer gives.
    pub(super) fn run(
        &self,
        batch: &Batch,
        modules: &[Box<dyn Active>],
        dropout: Option<&mut Dropout>,
        last: Tokens,
        mut seen: impl FnMut(&Tensor<3>),
    ) -> Tensor<3> {
        let mut pass = self.pass(batch, modules, dropout);
        let (first, mut x) = self.begin(batch, &mut pass);
        seen(&x);
        for (index, layer) in self.layers.iter().enumerate().skip(first) {
            x = layer.forward(index, x, self.tokens(index, last), &mut pass);
            seen(&x);
        }
        x
    }

    fn pass<'a>(
        &self,
        batch: &'a Batch,
        modules: &'a [Box<dyn Active>],
        dropout: Option<&'a mut Dropout>,
    ) -> Pass<'a> {
        let layout = &batch.layout;
        let distances = self.distances.as_ref();
        Pass {
            ops: self.ops,
            layout,
            modules,
            dropout,
            biases: distances.map(|distances| distances.biases(layout.longest())),
        }
    }

    /// The layer to begin with, and its input: what is known already, or the embeddings.
    fn begin(&self, batch: &Batch, pass: &mut Pass<'_>) -> (usize, Tensor<3>) {
        let Some(below) = &batch.below else {
            return (0, pass.drop(self.embed(batch)));
        };
        let (index, within) = (below.untouched.layers, below.untouched.within);
        let layer = || &self.layers[index];
        let blocks = match (within, below.states.clone().as_slice()) {
            (Within::Input, [x]) => return (index, x.clone()),
            (Within::Attention, [x, query, context, sums]) => {
                let tokens = AmongTokens {
                    heads: self.config.heads,
                    query: query.clone(),
                    context: context.clone(),
                    sums: sums.clone(),
                };
                let x = x.clone();
                layer().blocks_from(index, Asked { x, tokens }, pass)
            }
            (Within::Blocks, [attention, sum]) => Blocks {
                attention: attention.clone(),
                sum: sum.clone(),
            },
            (_, states) => unreachable!("{} tensors of {within:?}", states.len()),
        };
        let output = layer().output(index, blocks, pass.modules);
        (index + 1, output)
    }

    /// The tokens whose outputs are computed in a layer, where `last` are those of the last one.
    fn tokens(&self, index: usize, last: Tokens) -> Tokens {
        match index + 1 == self.layers.len() {
            true => last,
            false => Tokens::All,
        }
    }

    /// LN(word + token type + position), projected where the embeddings have another width, [B, S, H].
    fn embed(&self, batch: &Batch) -> Tensor<3> {
        let [lines, tokens] = batch.layout.axes();
        let look_up = |table: &Tensor<2>, ids: &Tensor<2, Int>| {
            let ids = ids.clone().reshape([lines * tokens]);
            let found = self.ops.look_up(table, ids);
            found.reshape([lines, tokens, self.config.embedding()])
        };
        let mut sum = look_up(&self.words, &batch.input_ids);
        if let Some(token_types) = &self.token_types {
            sum = sum + look_up(token_types, &batch.token_type_ids);
        }
        let normal = (self.norm).forward(sum + look_up(&self.positions, &batch.position_ids));
        match &self.projection {
            Some(projection) => projection.forward(normal),
            None => normal,
        }
    }
    /// What the untouched part gives, without modules or dropout; `passed` sees every layer's output on the way.
    pub(super) fn untouched(
        &self,
        batch: &Batch,
        untouched: Untouched,
        mut passed: impl FnMut(usize, &Tensor<3>),
    ) -> Vec<Tensor<3>> {
        let mut pass = self.pass(batch, &[], None);
        let (first, mut x) = self.begin(batch, &mut pass);
        for index in first..untouched.layers {
            let tokens = self.tokens(index, Tokens::First);
            x = self.layers[index].forward(index, x, tokens, &mut pass);
            passed(index + 1, &x);
        }
        let index = untouched.layers;
        let tokens = self.tokens(index, Tokens::First);
        match untouched.within {
            Within::Input => vec![x],
            Within::Attention => {
                let Asked { x, tokens } = self.layers[index].asked(x, tokens, &pass);
                vec![x, tokens.query, tokens.context, tokens.sums]
            }
            Within::Blocks => {
                let blocks = self.layers[index].blocks(index, x, tokens, &mut pass);
                vec![blocks.attention, blocks.sum]
            }
        }
    }
}

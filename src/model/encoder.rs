//! The frozen encoder: loaded once, shared by all trials.

mod tensors;

use std::sync::Arc;

use super::batch::{Batch, BatchError};
use super::config::{ConfigError, EncoderConfig};
use super::dropout::Dropout;
use super::layer::{Asked, Blocks, Layer, LayerNorm, Linear, Pass, Tokens};
use super::ops::attention::AmongTokens;
use super::ops::{Habits, Ops};
use super::peft::Active;
use super::relative;
use super::tensor::{DType, Device, Int, Tensor, tanh};
use super::untouched::{Untouched, Within};
use super::weights::{Weights, WeightsError};

/// A pretrained encoder. Cloning shares the weights.
///
/// Its weights record no gradients, unless it was made by [`Backbone::over`].
#[derive(Clone, Debug)]
pub struct Backbone(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    config: EncoderConfig,
    ops: &'static dyn Ops,
    device: Device,
    dtype: DType,
    words: Tensor<2>,
    positions: Tensor<2>,
    token_types: Option<Tensor<2>>,
    norm: LayerNorm,
    projection: Option<Linear>,
    layers: Vec<Layer>,
    /// Attention's biases by distance, [R, A].
    distances: Option<Tensor<2>>,
    pooler: Option<Linear>,
}

/// Why an encoder cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum BackboneError {
    /// Its configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Its weights.
    #[error(transparent)]
    Weights(#[from] WeightsError),
}

impl Backbone {
    /// Loads the encoder from the text of its `config.json` and the bytes of its `model.safetensors`.
    ///
    /// `origin` names the folder in errors. A pooler is optional (checkpoints of masked language models have none).
    ///
    /// # Errors
    /// The configuration is of an encoder that is not implemented, or the weights do not match it.
    pub fn load(
        config: &str,
        weights: &[u8],
        origin: &str,
        device: &Device,
        dtype: DType,
    ) -> Result<Self, BackboneError> {
        let config = EncoderConfig::from_json(config, &format!("{origin}/config.json"))?;
        let weights = Weights::new(weights, &format!("{origin}/model.safetensors"))?;
        Ok(Self::from_weights(config, &weights, device, dtype)?)
    }

    /// What `config.json` says.
    pub fn config(&self) -> &EncoderConfig {
        &self.0.config
    }

    /// Where it computes.
    pub fn device(&self) -> &Device {
        &self.0.device
    }

    /// The number format of its weights and activations.
    pub fn dtype(&self) -> DType {
        self.0.dtype
    }

    /// What computes it.
    pub fn ops(&self) -> &'static dyn Ops {
        self.0.ops
    }

    /// A batch for this encoder, from rows laid end to end: ids, token types, and 1 for tokens, 0 for padding.
    ///
    /// # Errors
    /// A row is longer than the position table allows, or an id is outside its table.
    pub fn batch(
        &self,
        input_ids: &[u32],
        token_type_ids: &[u32],
        attention_mask: &[u32],
        shape: [usize; 2],
    ) -> Result<Batch, BatchError> {
        Batch::new(self, input_ids, token_type_ids, attention_mask, shape)
    }

    /// A batch of rows end to end, so that nothing is computed for padding: ids and token types of each row.
    ///
    /// Where [`Self::packs`] is false, it takes longer than a padded one.
    ///
    /// # Errors
    /// A row is longer than the position table allows, or an id is outside its table.
    pub fn packed(&self, rows: &[[&[u32]; 2]]) -> Result<Batch, BatchError> {
        Batch::packed(self, rows)
    }

    /// True where rows end to end are computed at least as fast as padded ones.
    pub fn packs(&self) -> bool {
        self.habits().packs
    }

    /// How its device likes its work.
    pub fn habits(&self) -> Habits {
        self.0.ops.habits(self.0.dtype)
    }

    /// Hidden states of the last layer, [B, S, H], at every position, padding included; [1, T, H] of rows end to end.
    pub fn forward(
        &self,
        batch: &Batch,
        modules: &[Box<dyn Active>],
        dropout: Option<&mut Dropout>,
    ) -> Tensor<3> {
        self.run(batch, modules, dropout, Tokens::All, |_| ())
    }

    /// The last layer's hidden state of each row's first token, [B, H]: the only one that the head reads, so the last
    /// layer computes no other.
    pub fn first_token(
        &self,
        batch: &Batch,
        modules: &[Box<dyn Active>],
        dropout: Option<&mut Dropout>,
    ) -> Tensor<2> {
        let last = self.run(batch, modules, dropout, Tokens::First, |_| ());
        last.reshape([batch.rows(), self.0.config.hidden])
    }

    /// The embedding output and the output of every layer, N + 1 tensors of [B, S, H]; [1, T, H] of rows end to end.
    pub fn hidden_states(&self, batch: &Batch, modules: &[Box<dyn Active>]) -> Vec<Tensor<3>> {
        let mut states = Vec::with_capacity(self.0.layers.len() + 1);
        self.run(batch, modules, None, Tokens::All, |state| {
            states.push(state.clone());
        });
        states
    }

    /// What the untouched part gives, without modules or dropout, as [`Batch::with_states_below`] takes it; `passed`
    /// sees the output of every layer on the way, with how many layers that are.
    pub fn untouched(
        &self,
        batch: &Batch,
        untouched: Untouched,
        mut passed: impl FnMut(usize, &Tensor<3>),
    ) -> Vec<Tensor<3>> {
        let mut pass = self.pass(batch, &[], None);
        let (first, mut x) = self.begin(batch, &mut pass);
        for index in first..untouched.layers {
            let tokens = self.tokens(index, Tokens::First);
            x = self.0.layers[index].forward(index, x, tokens, &mut pass);
            passed(index + 1, &x);
        }
        let index = untouched.layers;
        let tokens = self.tokens(index, Tokens::First);
        match untouched.within {
            Within::Input => vec![x],
            Within::Attention => {
                let Asked { x, tokens } = self.0.layers[index].asked(x, tokens, &pass);
                vec![x, tokens.query, tokens.context, tokens.sums]
            }
            Within::Blocks => {
                let blocks = self.0.layers[index].blocks(index, x, tokens, &mut pass);
                vec![blocks.attention, blocks.sum]
            }
        }
    }

    /// tanh(Lin(first token)), [B, H], by the pretrained pooler, if the encoder has one. The head does not use it.
    pub fn pooled(&self, last: &Tensor<3>) -> Option<Tensor<2>> {
        let [rows, _, hidden] = last.dims();
        let first = last.clone().narrow(1, 0, 1).reshape([rows, hidden]);
        let pooler = self.0.pooler.as_ref()?;
        Some(tanh(pooler.of_rows(first)))
    }

    fn run(
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
        for (index, layer) in self.0.layers.iter().enumerate().skip(first) {
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
        let distances = self.0.distances.as_ref();
        Pass {
            ops: self.0.ops,
            layout,
            modules,
            dropout,
            biases: distances.map(|table| relative::biases(table, layout.longest())),
        }
    }

    /// The layer to begin with, and its input: what is known already, or the embeddings.
    fn begin(&self, batch: &Batch, pass: &mut Pass<'_>) -> (usize, Tensor<3>) {
        let Some(below) = &batch.below else {
            return (0, pass.drop(self.embed(batch)));
        };
        let (index, within) = (below.untouched.layers, below.untouched.within);
        let layer = || &self.0.layers[index];
        let blocks = match (within, below.states.clone().as_slice()) {
            (Within::Input, [x]) => return (index, x.clone()),
            (Within::Attention, [x, query, context, sums]) => {
                let tokens = AmongTokens {
                    heads: self.0.config.heads,
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
        match index + 1 == self.0.layers.len() {
            true => last,
            false => Tokens::All,
        }
    }

    /// LN(word + token type + position), projected where the embeddings have another width, [B, S, H].
    fn embed(&self, batch: &Batch) -> Tensor<3> {
        let [lines, tokens] = batch.layout.axes();
        let look_up = |table: &Tensor<2>, ids: &Tensor<2, Int>| {
            let ids = ids.clone().reshape([lines * tokens]);
            let found = self.0.ops.look_up(table, ids);
            found.reshape([lines, tokens, self.0.config.embedding()])
        };
        let mut sum = look_up(&self.0.words, &batch.input_ids);
        if let Some(token_types) = &self.0.token_types {
            sum = sum + look_up(token_types, &batch.token_type_ids);
        }
        let normal = (self.0.norm).forward(sum + look_up(&self.0.positions, &batch.position_ids));
        match &self.0.projection {
            Some(projection) => projection.forward(normal),
            None => normal,
        }
    }
}

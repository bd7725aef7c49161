//! The frozen encoder: loaded once, shared by all trials.

mod forward;
mod tensors;

use std::sync::Arc;

use super::batch::{Batch, BatchError};
use super::config::{ConfigError, EncoderConfig};
use super::dropout::Dropout;
use super::layer::{Layer, LayerNorm, Linear, Tokens};
use super::ops::{Habits, Ops};
use super::peft::Active;
use super::relative::Distances;
use super::tensor::{DType, Device, Shared, Tensor, tanh};
use super::untouched::Untouched;
use super::weights::{Weights, WeightsError};

/// A pretrained encoder. Cloning shares the weights.
///
/// Its weights record no gradients, unless it was made by [`Backbone::over`].
#[derive(Clone, Debug)]
pub struct Backbone(Arc<Shared<Parts>>);

#[derive(Clone, Debug)]
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
    distances: Option<Distances>,
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
        &self.0.made().config
    }

    /// Where it computes.
    pub fn device(&self) -> &Device {
        &self.0.made().device
    }

    /// The number format of its weights and activations.
    pub fn dtype(&self) -> DType {
        self.0.made().dtype
    }

    /// What computes it.
    pub fn ops(&self) -> &'static dyn Ops {
        self.0.made().ops
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
        self.ops().habits(self.dtype())
    }

    /// Hidden states of the last layer, [B, S, H], at every position, padding included; [1, T, H] of rows end to end.
    pub fn forward(
        &self,
        batch: &Batch,
        modules: &[Box<dyn Active>],
        dropout: Option<&mut Dropout>,
    ) -> Tensor<3> {
        let own = self.0.here();
        own.run(batch, modules, dropout, Tokens::All, |_| ())
    }

    /// The last layer's hidden state of each row's first token, [B, H]: the only one that the head reads, so the last
    /// layer computes no other.
    pub fn first_token(
        &self,
        batch: &Batch,
        modules: &[Box<dyn Active>],
        dropout: Option<&mut Dropout>,
    ) -> Tensor<2> {
        let own = self.0.here();
        let last = own.run(batch, modules, dropout, Tokens::First, |_| ());
        last.reshape([batch.rows(), own.config.hidden])
    }

    /// The embedding output and the output of every layer, N + 1 tensors of [B, S, H]; [1, T, H] of rows end to end.
    pub fn hidden_states(&self, batch: &Batch, modules: &[Box<dyn Active>]) -> Vec<Tensor<3>> {
        let own = self.0.here();
        let mut states = Vec::with_capacity(own.layers.len() + 1);
        own.run(batch, modules, None, Tokens::All, |state| {
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
        passed: impl FnMut(usize, &Tensor<3>),
    ) -> Vec<Tensor<3>> {
        self.0.here().untouched(batch, untouched, passed)
    }

    /// tanh(Lin(first token)), [B, H], by the pretrained pooler, if the encoder has one. The head does not use it.
    pub fn pooled(&self, last: &Tensor<3>) -> Option<Tensor<2>> {
        let [rows, _, hidden] = last.dims();
        let first = last.clone().narrow(1, 0, 1).reshape([rows, hidden]);
        let own = self.0.here();
        let pooler = own.pooler.as_ref()?;
        Some(tanh(pooler.of_rows(first)))
    }
}

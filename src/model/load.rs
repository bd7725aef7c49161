//! From a model's files to the encoder on its device.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use super::config::{ConfigError, EncoderConfig};
use super::source::Weights as WeightsPlace;
use super::tensor::{DType, Device};
use super::weights::Weights;
use super::{Backbone, BackboneError, ModelFiles};
use crate::regular;
use crate::study::Precision;

/// Why a model's files give no encoder.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The weights cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The configuration is no text.
    #[error("{0}/config.json is not UTF-8 text; is the download complete?")]
    Encoding(String),
    /// The configuration describes nothing that is implemented.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The device does not compute in the number format.
    #[error("this device does not compute in bf16; set `training.precision = \"f32\"`")]
    Bf16,
    /// The files contradict each other or what is implemented.
    #[error(transparent)]
    Backbone(#[from] BackboneError),
}

/// A file's name, for people, and content.
fn read(path: &Path) -> Result<(String, Cow<'static, [u8]>), LoadError> {
    let bytes = regular::read_into_memory(path).map_err(|source| LoadError::Read {
        path: path.to_owned(),
        source,
    })?;
    Ok((path.display().to_string(), Cow::Owned(bytes)))
}

/// The number format, where the device computes in it.
fn format(precision: Precision, device: &Device) -> Result<DType, LoadError> {
    match precision {
        Precision::F32 => Ok(DType::F32),
        Precision::Bf16 if device.supports_dtype(DType::BF16) => Ok(DType::BF16),
        Precision::Bf16 => Err(LoadError::Bf16),
    }
}

impl ModelFiles {
    /// What `config.json` says.
    ///
    /// # Errors
    /// It is no configuration of an encoder that is implemented.
    pub fn encoder_config(&self) -> Result<EncoderConfig, LoadError> {
        let place = format!("{}/config.json", self.origin);
        Ok(EncoderConfig::from_json(self.config_text()?, &place)?)
    }

    /// The encoder, its weights on `device` in the number format asked for.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub fn backbone(&self, device: &Device, precision: Precision) -> Result<Backbone, LoadError> {
        let config = self.encoder_config()?;
        let format = format(precision, device)?;
        let files = match &self.weights {
            WeightsPlace::Embedded(bytes) => {
                vec![("model.safetensors".to_owned(), Cow::Borrowed(*bytes))]
            }
            WeightsPlace::Files(paths) => paths
                .iter()
                .map(|path| read(path))
                .collect::<Result<_, _>>()?,
        };
        let origin = match files.as_slice() {
            [(name, _)] => name.clone(),
            several => format!("{} ({} files)", self.origin, several.len()),
        };
        let files = files.iter().map(|(name, bytes)| (name.as_str(), &**bytes));
        let weights = Weights::of_files(files, &origin).map_err(BackboneError::from)?;
        let backbone = Backbone::from_weights(config, &weights, device, format);
        Ok(backbone.map_err(BackboneError::from)?)
    }

    fn config_text(&self) -> Result<&str, LoadError> {
        std::str::from_utf8(&self.config).map_err(|_| LoadError::Encoding(self.origin.clone()))
    }
}

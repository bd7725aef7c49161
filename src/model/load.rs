//! From a model's files to the encoder on its device.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use super::config::{ConfigError, EncoderConfig};
use super::device::offers;
use super::ops::with_precision;
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
    #[error("this device does not compute in {}; `training.precision` can be {} there", asked.name(), listed(offered))]
    Format {
        /// The one asked for.
        asked: Precision,
        /// Those in which it computes.
        offered: Vec<Precision>,
    },
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

/// Names for people: "f32" or "bf16".
fn listed(precisions: &[Precision]) -> String {
    let names: Vec<_> = precisions
        .iter()
        .map(|precision| format!("\"{}\"", precision.name()))
        .collect();
    names.join(" or ")
}

/// The number format of products, where the device computes in it.
///
/// # Errors
/// It does not.
pub fn format(precision: Precision, device: &Device) -> Result<DType, LoadError> {
    if !offers(device, precision) {
        let all = Precision::ALL.into_iter();
        return Err(LoadError::Format {
            asked: precision,
            offered: all.filter(|&other| offers(device, other)).collect(),
        });
    }
    Ok(match precision {
        Precision::F32 | Precision::Tf32 => DType::F32,
        Precision::Bf16 => DType::BF16,
    })
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
        let ops = with_precision(device, precision);
        let backbone = Backbone::from_weights_by(ops, config, &weights, device, format);
        Ok(backbone.map_err(BackboneError::from)?)
    }

    fn config_text(&self) -> Result<&str, LoadError> {
        std::str::from_utf8(&self.config).map_err(|_| LoadError::Encoding(self.origin.clone()))
    }
}

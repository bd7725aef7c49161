//! A configuration as people read it: which modules, how large, in which layers, and how fast they learn where that is
//! searched too.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{LearningRate, LearningRateError};

/// What a configuration without modules is called.
const HEAD_ONLY: &str = "head only";
/// What stands before its learning rate.
const AT_RATE: &str = " at lr ";

/// One PEFT configuration: the size of each module that is present, and the layers that carry them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Configuration {
    /// Module name (as in the registry, `serial`, `parallel`, `prefix`, ...) to its size; absent modules are not listed.
    /// The size is the bottleneck size of an adapter or the length of a prefix.
    pub modules: BTreeMap<String, usize>,
    /// The layers that carry the modules, from 0, ascending.
    pub layers: Vec<usize>,
    /// Peak learning rate, where the study searches it; else that of its training.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<LearningRate>,
}

impl Configuration {
    /// The size of a module, 0 where it is absent.
    pub fn size_of(&self, module: &str) -> usize {
        self.modules.get(module).copied().unwrap_or(0)
    }

    /// The one way to write what is trained: no module of size 0, layers ascending, each once, and neither where the
    /// other is missing. What comes from elsewhere may be written in others.
    pub fn canonical(&self) -> Self {
        let present = self.modules.iter().filter(|(_, size)| **size > 0);
        let mut canonical = Self {
            modules: present.map(|(name, size)| (name.clone(), *size)).collect(),
            layers: self.layers.clone(),
            learning_rate: self.learning_rate,
        };
        canonical.layers.sort_unstable();
        canonical.layers.dedup();
        if canonical.modules.is_empty() || canonical.layers.is_empty() {
            canonical.modules.clear();
            canonical.layers.clear();
        }
        canonical
    }

    /// The layers with runs joined: `0-3,7`.
    pub fn layer_ranges(&self) -> String {
        ranges(&self.layers)
    }
}

impl fmt::Display for Configuration {
    /// `serial 48 + prefix 6 in layers 0-3,7 at lr 3e-4`; `head only` where nothing is inserted.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.modules.is_empty() || self.layers.is_empty() {
            f.write_str(HEAD_ONLY)?;
        } else {
            self.write_modules(f)?;
        }
        self.learning_rate
            .map_or(Ok(()), |rate| write!(f, "{AT_RATE}{rate}"))
    }
}

impl Configuration {
    fn write_modules(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (name, size)) in self.modules.iter().enumerate() {
            let plus = if i == 0 { "" } else { " + " };
            write!(f, "{plus}{name} {size}")?;
        }
        write!(f, " in layers {}", self.layer_ranges())
    }
}

/// Why a text is no configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigurationError {
    /// The layers are missing.
    #[error("the layers are missing: write `serial 48 in layers 0-3,7`")]
    NoLayers,
    /// A module is not a name and a size.
    #[error("`{0}` is not a module and its size: write `serial 48`, with + between modules")]
    Module(String),
    /// A module is there twice.
    #[error("`{0}` is there twice")]
    Twice(String),
    /// A part of the layers is neither a number nor a range.
    #[error("`{0}` is neither a layer nor a range: write `0-3,7`")]
    Layers(String),
    /// What should be a learning rate is none.
    #[error(transparent)]
    LearningRate(#[from] LearningRateError),
}

impl FromStr for Configuration {
    type Err = ConfigurationError;

    /// Reads what [`Display`](fmt::Display) writes.
    fn from_str(text: &str) -> Result<Self, ConfigurationError> {
        let (text, learning_rate) = match text.split_once(AT_RATE) {
            Some((text, rate)) => (text, Some(rate.trim().parse()?)),
            None => (text, None),
        };
        if text.trim() == HEAD_ONLY {
            return Ok(Self {
                learning_rate,
                ..Self::default()
            });
        }
        let places = [" in layers ", " in layer "];
        let split = places.iter().find_map(|place| text.split_once(place));
        let (modules, layers) = split.ok_or(ConfigurationError::NoLayers)?;
        let mut read = BTreeMap::new();
        for part in modules.split('+').map(str::trim) {
            let wrong = || ConfigurationError::Module(part.to_owned());
            let (name, size) = part.split_once(char::is_whitespace).ok_or_else(wrong)?;
            let size: usize = size.trim().parse().map_err(|_| wrong())?;
            if read.insert(name.to_owned(), size).is_some() {
                return Err(ConfigurationError::Twice(name.to_owned()));
            }
        }
        // A module of size 0 is absent, however it is said.
        read.retain(|_, size| *size > 0);
        Ok(Self {
            modules: read,
            layers: layers_of(layers)?,
            learning_rate,
        })
    }
}

/// Reads `0-3,7`; ascending, each layer once. Longer ranges than any encoder has layers are refused.
fn layers_of(text: &str) -> Result<Vec<usize>, ConfigurationError> {
    const MOST: usize = 1000;
    let mut layers = Vec::new();
    for part in text.split(',').map(str::trim) {
        let wrong = || ConfigurationError::Layers(part.to_owned());
        let number = |text: &str| text.trim().parse::<usize>().ok().filter(|n| *n < MOST);
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = number(first).zip(number(last)).ok_or_else(wrong)?;
        if first > last {
            return Err(wrong());
        }
        layers.extend(first..=last);
    }
    layers.sort_unstable();
    layers.dedup();
    Ok(layers)
}

/// Ascending numbers with runs joined: `0-3,7`.
fn ranges(layers: &[usize]) -> String {
    let mut parts: Vec<(usize, usize)> = Vec::new();
    for &layer in layers {
        match parts.last_mut() {
            Some((_, last)) if *last + 1 == layer => *last = layer,
            _ => parts.push((layer, layer)),
        }
    }
    let text: Vec<String> = parts
        .into_iter()
        .map(|(first, last)| match last - first {
            0 => first.to_string(),
            _ => format!("{first}-{last}"),
        })
        .collect();
    text.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_like_a_sentence() {
        let mut configuration = Configuration {
            modules: BTreeMap::from([("serial".into(), 48), ("prefix".into(), 6)]),
            layers: vec![0, 1, 2, 3, 7],
            ..Configuration::default()
        };
        assert_eq!(
            configuration.to_string(),
            "prefix 6 + serial 48 in layers 0-3,7"
        );
        let read: Configuration = configuration.to_string().parse().expect("its own words");
        assert_eq!(read, configuration);
        configuration.learning_rate = LearningRate::try_from(3e-4).ok();
        let told = configuration.to_string();
        assert_eq!(told, "prefix 6 + serial 48 in layers 0-3,7 at lr 3e-4");
        assert_eq!(told.parse(), Ok(configuration.clone()));
        configuration.modules.clear();
        assert_eq!(configuration.to_string(), "head only at lr 3e-4");
        configuration.learning_rate = None;
        assert_eq!(configuration.to_string(), "head only");
        assert_eq!(
            "head only".parse::<Configuration>().map(|c| c.layers),
            Ok(vec![])
        );
    }

    #[test]
    fn what_people_type_is_read_or_refused_with_the_place() {
        let read = |text: &str| text.parse::<Configuration>();
        let typed = read(" serial 48+prefix  0  in layers 7, 2-3,3 ").expect("loosely written");
        assert_eq!(typed.to_string(), "serial 48 in layers 2-3,7");
        let told = |text| read(text).expect_err("wrong").to_string();
        assert!(told("serial 48").contains("layers are missing"));
        assert!(told("serial in layers 1").contains("`serial`"));
        assert!(told("serial 1 + serial 2 in layers 1").contains("twice"));
        assert!(told("serial 1 in layers 3-1").contains("`3-1`"));
        assert!(told("serial 1 in layers 0-99999999999").contains("neither a layer"));
        assert!(told("serial 1 in layers 0 at lr 3").contains("at most 1; found 3"));
    }
}

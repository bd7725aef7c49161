//! A configuration as people read it: which modules, how large, in which layers.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// One PEFT configuration: the size of each module that is present, and the layers that carry them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Configuration {
    /// Module name (as in the registry, `serial`, `parallel`, `prefix`, ...) to its size; absent modules are not listed.
    /// The size is the bottleneck size of an adapter or the length of a prefix.
    pub modules: BTreeMap<String, usize>,
    /// The layers that carry the modules, from 0, ascending.
    pub layers: Vec<usize>,
}

impl Configuration {
    /// The size of a module, 0 where it is absent.
    pub fn size_of(&self, module: &str) -> usize {
        self.modules.get(module).copied().unwrap_or(0)
    }

    /// The layers with runs joined: `0-3,7`.
    pub fn layer_ranges(&self) -> String {
        ranges(&self.layers)
    }
}

impl fmt::Display for Configuration {
    /// `serial 48 + prefix 6 in layers 0-3,7`; `head only` where nothing is inserted.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.modules.is_empty() || self.layers.is_empty() {
            return f.write_str("head only");
        }
        for (i, (name, size)) in self.modules.iter().enumerate() {
            let plus = if i == 0 { "" } else { " + " };
            write!(f, "{plus}{name} {size}")?;
        }
        write!(f, " in layers {}", self.layer_ranges())
    }
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
        };
        assert_eq!(
            configuration.to_string(),
            "prefix 6 + serial 48 in layers 0-3,7"
        );
        configuration.modules.clear();
        assert_eq!(configuration.to_string(), "head only");
    }
}

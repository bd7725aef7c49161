//! Whether a space that comes from a file is one that a study can have, and whether a configuration has a place in it.

use super::{Configuration, PeftSpace};

/// Layers of a backbone, at most.
const MOST_LAYERS: usize = 1000;
/// Weights of a configuration, at most: the numbers up to here are exact wherever they are computed with.
const MOST_WEIGHTS: u128 = 1 << 53;

impl PeftSpace {
    /// What no space can have that this program has laid out; none where all is well.
    pub fn fault(&self) -> Option<String> {
        let layers = self.layers;
        if layers > MOST_LAYERS {
            return Some(format!("it has {layers} layers, more than {MOST_LAYERS}"));
        }
        if !is_ascending(&self.candidate_layers) || has_one_from(&self.candidate_layers, layers) {
            return Some(format!(
                "the layers to choose from are no ascending numbers below {layers}"
            ));
        }
        for axis in &self.modules {
            let is_list = !axis.sizes.is_empty() && axis.sizes.len() < usize::from(u16::MAX);
            if !is_list || !is_ascending(&axis.sizes) {
                let name = &axis.name;
                return Some(format!("the sizes of `{name}` are no ascending numbers"));
            }
        }
        if self.backbone_parameters == 0 {
            return Some("its backbone has no parameters".to_owned());
        }
        let weights = self.modules.iter().map(|axis| {
            let largest = axis.sizes.last().copied().unwrap_or(0);
            u128::from(axis.weights_per_unit) * largest as u128
        });
        let weights: u128 = weights.sum::<u128>() * MOST_LAYERS as u128;
        (weights > MOST_WEIGHTS).then(|| "its sizes are beyond any backbone".to_owned())
    }

    /// Why a configuration can be none of a study with this space, even one that is not in it; none where it can.
    pub fn misfit(&self, configuration: &Configuration) -> Option<String> {
        let layers = self.layers;
        if configuration.layers.len() > MOST_LAYERS || has_one_from(&configuration.layers, layers) {
            return Some(format!("its layers are no numbers below {layers}"));
        }
        let largest = self.modules.iter().flat_map(|axis| axis.sizes.last()).max();
        let too_large = |(_, size): &(&String, &usize)| Some(*size) > largest && **size > 0;
        let module = configuration.modules.iter().find(too_large);
        module.map(|(name, size)| {
            format!("`{name}` of size {size} is larger than any to choose from")
        })
    }
}

fn is_ascending(numbers: &[usize]) -> bool {
    numbers.is_sorted_by(|one, next| one < next)
}

fn has_one_from(numbers: &[usize], end: usize) -> bool {
    numbers.iter().any(|number| *number >= end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ModuleAxis;

    fn space() -> PeftSpace {
        PeftSpace {
            modules: vec![ModuleAxis {
                name: "serial".into(),
                sizes: vec![0, 4, 16],
                weights_per_unit: 1536,
            }],
            layers: 4,
            candidate_layers: vec![1, 3],
            choose_layers: true,
            backbone_parameters: 1000,
            learning_rates: Vec::new(),
        }
    }

    #[test]
    fn what_no_backbone_has_is_named() {
        assert_eq!(space().fault(), None);
        let with = |change: &dyn Fn(&mut PeftSpace)| {
            let mut space = space();
            change(&mut space);
            space.fault().unwrap_or_default()
        };
        let many = 4_000_000_000;
        let faults = [
            with(&|space| space.layers = many),
            with(&|space| space.candidate_layers = vec![1, many]),
            with(&|space| space.candidate_layers = vec![1, 1]),
            with(&|space| space.candidate_layers = vec![3, 1]),
            with(&|space| space.modules[0].sizes = Vec::new()),
            with(&|space| space.modules[0].sizes = vec![4, 0]),
            with(&|space| space.modules[0].sizes = vec![0, usize::MAX]),
            with(&|space| space.modules[0].weights_per_unit = u64::MAX),
            with(&|space| space.backbone_parameters = 0),
        ];
        let ascending = "the layers to choose from are no ascending numbers below 4";
        let sizes = "the sizes of `serial` are no ascending numbers";
        let beyond = "its sizes are beyond any backbone";
        let expected = [
            "it has 4000000000 layers, more than 1000",
            ascending,
            ascending,
            ascending,
            sizes,
            sizes,
            beyond,
            beyond,
            "its backbone has no parameters",
        ];
        assert_eq!(faults, expected);
    }

    #[test]
    fn configurations_are_of_its_layers_and_sizes() {
        let of = |size: usize, layers: &[usize]| {
            space().misfit(&Configuration {
                modules: [("serial".to_owned(), size)].into(),
                layers: layers.to_vec(),
                ..Configuration::default()
            })
        };
        assert_eq!(of(16, &[0, 3, 3]), None);
        let layers = Some("its layers are no numbers below 4".to_owned());
        assert_eq!(of(4, &[4_000_000_000]), layers);
        assert_eq!(of(4, &[4]), layers);
        assert_eq!(of(4, &vec![0; 1001]), layers);
        let size = "`serial` of size 4000000000 is larger than any to choose from";
        assert_eq!(of(4_000_000_000, &[0]), Some(size.to_owned()));
    }
}

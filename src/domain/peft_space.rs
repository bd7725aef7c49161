//! The space of PEFT configurations: module sizes and one on/off choice per layer (AutoPEFT, section 3.1), and, past the
//! paper, the learning rate where a study asks for it.
//!
//! | symbol | meaning |
//! |---|---|
//! | H | hidden size of the backbone |
//! | n | number of active layers |
//! | D_SA, D_PA, L | size of the serial adapter, the parallel adapter, the prefix |
//!
//! parameters = Σ_modules weights per unit · size · n, with 2·H weights per unit for the paper's three modules.

use serde::{Deserialize, Serialize};

use super::{Configuration, Dimension, LearningRate, Point, Space};

/// Name of the dimension of the learning rate.
pub const LEARNING_RATE: &str = "learning rate";

/// One module's axis: its name, the sizes to choose from, and what a unit of size costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleAxis {
    /// Name of the module in the registry.
    pub name: String,
    /// Sizes to choose from, ascending; a leading 0 means that the module may be absent.
    pub sizes: Vec<usize>,
    /// Weights (no biases) that one unit of size adds to one layer.
    pub weights_per_unit: u64,
}

/// How points, configurations and parameter counts correspond for one backbone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeftSpace {
    /// One axis per module.
    pub modules: Vec<ModuleAxis>,
    /// Number of layers of the backbone.
    pub layers: usize,
    /// Layers that may carry modules, ascending. Where `choose_layers` is false, all of them do.
    pub candidate_layers: Vec<usize>,
    /// Whether each candidate layer is switched on or off by the search.
    pub choose_layers: bool,
    /// Scalars of the backbone, pooler included, head excluded.
    pub backbone_parameters: u64,
    /// Peak learning rates to choose from, ascending; none where all trials have the training's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub learning_rates: Vec<LearningRate>,
}

impl PeftSpace {
    /// The anonymous space that the search explores: the modules' axes, then one switch per candidate layer, then the
    /// learning rate, where any of them is to be chosen.
    ///
    /// An axis without a 0 never is "off": its requirement group holds no meaning and is left out.
    pub fn space(&self) -> Space {
        let mut dimensions: Vec<Dimension> = self
            .modules
            .iter()
            .map(|axis| Dimension::ordinal(&axis.name, levels(axis.sizes.len())))
            .collect();
        let mut any_of = Vec::new();
        if self.modules.iter().all(|axis| axis.sizes[0] == 0) {
            any_of.push((0..dimensions.len()).collect());
        }
        if self.choose_layers {
            let first = dimensions.len();
            let layers = self.candidate_layers.iter();
            dimensions.extend(layers.map(|layer| Dimension::ordinal(format!("layer {layer}"), 2)));
            any_of.push((first..dimensions.len()).collect());
        }
        if !self.learning_rates.is_empty() {
            let levels = levels(self.learning_rates.len());
            dimensions.push(Dimension::ordinal(LEARNING_RATE, levels));
        }
        Space { dimensions, any_of }
    }

    /// The configuration that a valid point stands for.
    pub fn configuration(&self, point: &Point) -> Configuration {
        let modules = self
            .modules
            .iter()
            .zip(&point.0)
            .map(|(axis, &level)| (axis.name.clone(), axis.sizes[usize::from(level)]))
            .filter(|(_, size)| *size > 0)
            .collect();
        let switches = point.0.get(self.modules.len()..).unwrap_or_default();
        let layers = if self.choose_layers {
            self.candidate_layers
                .iter()
                .zip(switches)
                .filter(|(_, switch)| **switch > 0)
                .map(|(layer, _)| *layer)
                .collect()
        } else {
            self.candidate_layers.clone()
        };
        let rate = point.0.last().map(|&level| usize::from(level));
        Configuration {
            modules,
            layers,
            // Empty where the last dimension is another one.
            learning_rate: rate.and_then(|level| self.learning_rates.get(level).copied()),
        }
    }

    /// The point of a configuration, however it is written, or none where the configuration is outside the space.
    pub fn point(&self, configuration: &Configuration) -> Option<Point> {
        let configuration = &configuration.canonical();
        if configuration
            .modules
            .keys()
            .any(|name| self.modules.iter().all(|axis| &axis.name != name))
        {
            return None;
        }
        let mut levels = Vec::new();
        for axis in &self.modules {
            let size = configuration.size_of(&axis.name);
            levels.push(level(axis.sizes.iter().position(|&s| s == size))?);
        }
        if self.choose_layers {
            let known = |layer| self.candidate_layers.contains(layer);
            if !configuration.layers.iter().all(known) {
                return None;
            }
            levels.extend(
                self.candidate_layers
                    .iter()
                    .map(|layer| u16::from(configuration.layers.contains(layer))),
            );
        } else if configuration.layers != self.candidate_layers {
            return None;
        }
        match configuration.learning_rate {
            None if self.learning_rates.is_empty() => {}
            rate => {
                let place = self.learning_rates.iter().position(|r| Some(*r) == rate);
                levels.push(level(place)?);
            }
        }
        let point = Point(levels);
        self.space().is_valid(&point).then_some(point)
    }

    /// A configuration that comes from elsewhere as this space writes it.
    ///
    /// # Errors
    /// Says why it is outside the space.
    pub fn admit(&self, configuration: &Configuration) -> Result<Configuration, String> {
        match self.objection(configuration) {
            None => Ok(configuration.canonical()),
            Some(objection) => Err(objection),
        }
    }

    /// Why a configuration is outside the space, in words; none where it is inside.
    pub fn objection(&self, configuration: &Configuration) -> Option<String> {
        if self.point(configuration).is_some() {
            return None;
        }
        let configuration = &configuration.canonical();
        if configuration.layers.is_empty() {
            return Some("at least one module and one layer have to be there".to_owned());
        }
        let list = |numbers: &[usize]| {
            let texts: Vec<String> = numbers.iter().map(ToString::to_string).collect();
            texts.join(", ")
        };
        for name in configuration.modules.keys() {
            if self.modules.iter().all(|axis| axis.name != *name) {
                let known: Vec<&str> = self.modules.iter().map(|axis| axis.name.as_str()).collect();
                let known = known.join(", ");
                return Some(format!("no module `{name}` in this study: it has {known}"));
            }
        }
        for axis in &self.modules {
            let size = configuration.size_of(&axis.name);
            if !axis.sizes.contains(&size) {
                let (name, sizes) = (&axis.name, list(&axis.sizes));
                return Some(format!("{name} takes the sizes {sizes}, not {size}"));
            }
        }
        let rates: Vec<String> = self
            .learning_rates
            .iter()
            .map(ToString::to_string)
            .collect();
        let rates = rates.join(", ");
        match configuration.learning_rate {
            Some(_) if rates.is_empty() => {
                return Some(
                    "all trials of this study have the same learning rate: leave it out".to_owned(),
                );
            }
            None if !rates.is_empty() => {
                return Some(format!(
                    "the learning rate is missing: write `at lr`, and one of {rates}"
                ));
            }
            Some(rate) if !self.learning_rates.contains(&rate) => {
                return Some(format!(
                    "the learning rates to choose from are {rates}, not {rate}"
                ));
            }
            _ => {}
        }
        let layers = list(&self.candidate_layers);
        Some(match self.choose_layers {
            true => format!("the layers to choose from are {layers}"),
            false => format!("the layers of this study are {layers}, all of them"),
        })
    }

    /// Weights that the configuration adds by the paper's formula: no biases, no head, no prefix MLP.
    pub fn parameters(&self, configuration: &Configuration) -> u64 {
        let per_layer: u64 = self
            .modules
            .iter()
            .map(|axis| axis.weights_per_unit * configuration.size_of(&axis.name) as u64)
            .sum();
        per_layer * configuration.layers.len() as u64
    }

    /// Every module at its largest size, in every candidate layer: what takes the most time and memory.
    pub fn largest(&self) -> Configuration {
        let modules = self.modules.iter().filter_map(|axis| {
            let size = axis.sizes.last().copied().filter(|size| *size > 0)?;
            Some((axis.name.clone(), size))
        });
        Configuration {
            modules: modules.collect(),
            layers: self.candidate_layers.clone(),
            learning_rate: self.learning_rates.last().copied(),
        }
    }

    /// Every module that may not be absent at its smallest size, or else the one that costs least, in as few and as high
    /// layers as may be: what takes the least memory.
    pub fn smallest(&self) -> Configuration {
        let required = self.modules.iter().filter_map(|axis| {
            let size = axis.sizes.first().copied().filter(|size| *size > 0)?;
            Some((axis.name.clone(), size))
        });
        let mut modules: std::collections::BTreeMap<String, usize> = required.collect();
        if modules.is_empty() {
            let present = self.modules.iter().filter_map(|axis| {
                let size = axis.sizes.iter().copied().find(|size| *size > 0)?;
                Some((axis.weights_per_unit * size as u64, axis, size))
            });
            let least = present.min_by_key(|(cost, ..)| *cost);
            modules.extend(least.map(|(_, axis, size)| (axis.name.clone(), size)));
        }
        let layers = &self.candidate_layers;
        let first = if self.choose_layers {
            layers.len().saturating_sub(1)
        } else {
            0
        };
        Configuration {
            modules,
            layers: layers[first..].to_vec(),
            learning_rate: self.learning_rates.first().copied(),
        }
    }

    /// [`Self::parameters`] of the smallest and the largest valid configuration.
    pub fn parameter_range(&self) -> (u64, u64) {
        let costs = |axis: &ModuleAxis| -> Vec<u64> {
            let sizes = axis.sizes.iter();
            sizes
                .map(|&size| axis.weights_per_unit * size as u64)
                .collect()
        };
        let costs: Vec<Vec<u64>> = self.modules.iter().map(costs).collect();
        let least: u64 = costs.iter().filter_map(|axis| axis.iter().min()).sum();
        // Where every module may be absent, one of them is present at its smallest size above 0.
        let smallest = costs.iter().flatten().filter(|cost| **cost > 0).min();
        let fewest = if least > 0 {
            least
        } else {
            smallest.copied().unwrap_or(0)
        };
        let most: u64 = costs.iter().filter_map(|axis| axis.iter().max()).sum();
        let layers = self.candidate_layers.len() as u64;
        let fewest_layers = if self.choose_layers { 1 } else { layers };
        (fewest * fewest_layers, most * layers)
    }

    /// The least [`Self::parameters_percent`] of any valid configuration.
    pub fn least_percent(&self) -> f64 {
        let (fewest, _) = self.parameter_range();
        100.0 * fewest as f64 / self.backbone_parameters as f64
    }

    /// [`Self::parameters`] as a percentage of the backbone: the objective to minimise.
    pub fn parameters_percent(&self, configuration: &Configuration) -> f64 {
        100.0 * self.parameters(configuration) as f64 / self.backbone_parameters as f64
    }
}

/// Levels of a dimension with so many choices; study files have fewer than there are numbers for.
fn levels(choices: usize) -> u16 {
    u16::try_from(choices).unwrap_or(u16::MAX)
}

/// The level of a choice, if it is one.
fn level(place: Option<usize>) -> Option<u16> {
    u16::try_from(place?).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]
    use super::*;

    fn paper(layers: usize) -> PeftSpace {
        let sizes = vec![0, 1, 3, 6, 12, 24, 48, 96, 192, 384, 768];
        PeftSpace {
            modules: ["serial", "parallel", "prefix"]
                .map(|name| ModuleAxis {
                    name: name.into(),
                    sizes: sizes.clone(),
                    weights_per_unit: 2 * 768,
                })
                .into(),
            layers,
            candidate_layers: (0..layers).collect(),
            choose_layers: true,
            backbone_parameters: 109_482_240,
            learning_rates: Vec::new(),
        }
    }

    #[test]
    fn the_papers_space_has_the_papers_counts() {
        let space = paper(12).space();
        assert_eq!(space.dimensions.len(), 15);
        assert_eq!(space.size(), 5_451_776.0);
        assert_eq!(space.valid_size(), 5_446_350.0);
        assert_eq!(paper(24).space().dimensions.len(), 27);
    }

    #[test]
    fn points_and_configurations_correspond() {
        let peft = paper(12);
        let point = Point(vec![6, 0, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        let configuration = peft.configuration(&point);
        assert_eq!(
            configuration.to_string(),
            "prefix 6 + serial 48 in layers 0,11"
        );
        assert_eq!(peft.point(&configuration), Some(point));
        assert_eq!(peft.parameters(&configuration), 2 * 768 * 54 * 2);
    }

    fn with_rates(layers: usize) -> PeftSpace {
        let rate = |value| LearningRate::try_from(value).ok();
        let range = rate(1e-5).zip(rate(1e-3));
        PeftSpace {
            learning_rates: range.map_or(Vec::new(), |(low, high)| {
                LearningRate::range(low, high).unwrap()
            }),
            ..paper(layers)
        }
    }

    proptest::proptest! {
        #[test]
        fn every_valid_point_comes_back_from_its_configuration_and_that_from_its_words(
            levels in proptest::collection::vec(0_u16..11, 16),
            choose_layers: bool,
            rates: bool,
        ) {
            let peft = PeftSpace { choose_layers, ..if rates { with_rates(12) } else { paper(12) } };
            let space = peft.space();
            let levels = space.dimensions.iter().zip(levels).map(|(dimension, level)| level % dimension.levels);
            let point = Point(levels.collect());
            if space.is_valid(&point) {
                let configuration = peft.configuration(&point);
                proptest::prop_assert_eq!(configuration.learning_rate.is_some(), rates);
                proptest::prop_assert_eq!(peft.point(&configuration), Some(point));
                proptest::prop_assert_eq!(peft.objection(&configuration), None);
                proptest::prop_assert_eq!(configuration.to_string().parse(), Ok(configuration));
            }
        }

        #[test]
        fn a_configuration_is_the_same_however_it_is_written(
            levels in proptest::collection::vec(0_u16..11, 16),
            keys in proptest::collection::vec(proptest::prelude::any::<u8>(), 36),
            choose_layers: bool,
            rates: bool,
        ) {
            let peft = PeftSpace { choose_layers, ..if rates { with_rates(12) } else { paper(12) } };
            let space = peft.space();
            let levels = space.dimensions.iter().zip(levels).map(|(dimension, level)| level % dimension.levels);
            let point = Point(levels.collect());
            if space.is_valid(&point) {
                let canonical = peft.configuration(&point);
                let mut written = canonical.clone();
                // Some layers again, all in another order; absent modules with a size of 0, foreign ones too.
                written.layers.extend(canonical.layers.iter().filter(|layer| keys[**layer] % 2 > 0));
                let mut keyed: Vec<(u8, usize)> = keys[12..].iter().copied().zip(written.layers).collect();
                keyed.sort_unstable();
                written.layers = keyed.into_iter().map(|(_, layer)| layer).collect();
                for (name, key) in ["serial", "parallel", "prefix", "lora", "another"].iter().zip(&keys) {
                    if key % 3 > 0 {
                        written.modules.entry((*name).to_owned()).or_insert(0);
                    }
                }
                let json = serde_json::to_string(&written).unwrap_or_default();
                let read: Configuration = serde_json::from_str(&json).unwrap_or_default();
                proptest::prop_assert_eq!(peft.admit(&read), Ok(canonical.clone()));
                proptest::prop_assert_eq!(peft.point(&read), Some(point));
                proptest::prop_assert_eq!(canonical.canonical(), canonical);
            }
        }
    }

    #[test]
    fn a_learning_rate_costs_nothing_and_has_to_be_one_of_the_spaces() {
        let peft = with_rates(12);
        assert_eq!(peft.space().dimensions.len(), 16);
        assert_eq!(peft.space().valid_size(), 9.0 * 5_446_350.0);
        let configuration = |text: &str| text.parse::<Configuration>().unwrap_or_default();
        let told = |text: &str| peft.objection(&configuration(text)).unwrap_or_default();
        assert_eq!(told("serial 48 in layers 0-3 at lr 0.0001"), "");
        assert!(told("serial 48 in layers 0-3").contains("is missing"));
        assert!(told("serial 48 in layers 0-3 at lr 2e-4").ends_with("1e-3, not 2e-4"));
        let rated = configuration("serial 48 in layers 0-3 at lr 1e-4");
        assert_eq!(peft.parameters(&rated), 2 * 768 * 48 * 4);
        let told = paper(12).objection(&rated).unwrap_or_default();
        assert!(told.contains("the same learning rate"), "{told}");
    }

    #[test]
    fn a_space_without_rates_is_written_as_before_there_were_any() {
        let json = serde_json::to_string(&paper(2)).unwrap_or_default();
        assert!(!json.contains("learning"), "{json}");
        assert_eq!(
            serde_json::from_str::<PeftSpace>(&json).ok(),
            Some(paper(2))
        );
        let json = serde_json::to_string(&with_rates(2)).unwrap_or_default();
        assert_eq!(
            serde_json::from_str::<PeftSpace>(&json).ok(),
            Some(with_rates(2))
        );
    }

    #[test]
    fn the_range_of_parameters_is_that_of_valid_configurations() {
        let mut peft = paper(12);
        assert_eq!(peft.parameter_range(), (2 * 768, 3 * 2 * 768 * 768 * 12));
        peft.choose_layers = false;
        peft.modules.truncate(2);
        peft.modules[0].sizes = vec![6, 12];
        peft.modules[1].sizes = vec![0, 3];
        assert_eq!(
            peft.parameter_range(),
            (2 * 768 * 6 * 12, 2 * 768 * 15 * 12)
        );
    }

    #[test]
    fn a_configuration_without_modules_or_layers_is_refused_as_that() {
        for choose_layers in [true, false] {
            let peft = PeftSpace {
                choose_layers,
                ..paper(2)
            };
            for (modules, layers) in [
                (vec![], vec![0, 1]),
                (vec![("serial", 0)], vec![0, 1]),
                (vec![("serial", 6)], vec![]),
            ] {
                let modules = modules
                    .into_iter()
                    .map(|(name, size): (&str, _)| (name.to_owned(), size));
                let written = Configuration {
                    modules: modules.collect(),
                    layers,
                    ..Configuration::default()
                };
                let told = peft.admit(&written).expect_err("nothing to train");
                assert_eq!(told, "at least one module and one layer have to be there");
            }
        }
    }

    #[test]
    fn the_smallest_configuration_has_the_fewest_parameters() {
        let mut space = paper(12);
        let smallest = space.smallest();
        assert_eq!(space.parameters(&smallest), space.parameter_range().0);
        assert_eq!(
            (smallest.modules.len(), &smallest.layers[..]),
            (1, &[11][..])
        );
        space.choose_layers = false;
        for axis in &mut space.modules {
            axis.sizes.remove(0);
        }
        let smallest = space.smallest();
        assert_eq!(space.parameters(&smallest), space.parameter_range().0);
        assert_eq!((smallest.modules.len(), smallest.layers.len()), (3, 12));
    }

    #[test]
    fn a_configuration_outside_the_space_has_no_point() {
        let mut configuration =
            paper(12).configuration(&Point([vec![6, 0, 0], vec![1; 12]].concat()));
        assert_eq!(paper(12).objection(&configuration), None);
        configuration.modules.insert("serial".into(), 47);
        assert_eq!(paper(12).point(&configuration), None);
        let told = paper(12).objection(&configuration).unwrap_or_default();
        assert!(
            told.starts_with("serial takes the sizes 0, 1, 3") && told.ends_with("not 47"),
            "{told}"
        );
        configuration.modules = [("lora".to_owned(), 8)].into();
        let told = paper(12).objection(&configuration).unwrap_or_default();
        assert!(told.contains("`lora`") && told.contains("prefix"), "{told}");
        configuration.modules = [("serial".to_owned(), 48)].into();
        configuration.layers.push(12);
        let told = paper(12).objection(&configuration).unwrap_or_default();
        assert!(
            told.starts_with("the layers to choose from are 0, 1"),
            "{told}"
        );
    }
}

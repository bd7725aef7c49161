//! A stand-in for "train this configuration and read its validation accuracy": a formula whose constants are a file.
//!
//! | symbol | meaning |
//! |---|---|
//! | s_m, u_m | size of module m, s_m / (s_m + half_size_m) |
//! | a_l | 1 where layer l carries modules |
//! | V_m | (1 - exp(-κ Σ_l a_l weight_ml)) / (1 - exp(-κ)) |
//!
//! score = Σ gain_m u_m V_m + Σ pairs of modules + Σ pairs of layers; the accuracy rises with 1 - exp(-score) and
//! falls with the parameters, plus noise that is a function of the configuration and a seed.

use autopeft::domain::{Dimension, Point, Space};
use serde::Deserialize;
use serde_json::Value;

const HALVINGS: u16 = 10;
const LARGEST_SIZE: u64 = 768;
const BACKBONE_PARAMETERS: f64 = 109_482_240.0;
const GOLDEN_RATIO: u64 = 0x9E37_79B9_7F4A_7C15;

/// The function and its space: one dimension per module (level 0 absent), one per layer (level 1 on).
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Surrogate {
    half_size: Vec<f64>,
    layer_weight: Vec<Vec<f64>>,
    layer_kappa: f64,
    module_gain: Vec<f64>,
    module_pairs: Vec<(usize, usize, f64)>,
    layer_pairs: Vec<(usize, usize, f64)>,
    base: f64,
    range: f64,
    overfit_scale: f64,
    overfit_rate: f64,
    noise_sd: f64,
    noise_salt: u64,
    /// For each module the level that a level of the space stands for, where they are permuted.
    #[serde(skip)]
    permutations: Option<Vec<Vec<u16>>>,
}

/// Halvings of each module's size, and whether each layer is on: the terms of the formula.
type Terms = (Vec<u16>, Vec<bool>);

impl Surrogate {
    pub(crate) fn new(constants: Value) -> Self {
        serde_json::from_value(constants).unwrap()
    }

    pub(crate) fn space(&self) -> Space {
        let modules = self.half_size.len();
        let layers = self.layer_weight[0].len();
        Space {
            dimensions: (0..modules)
                .map(|m| Dimension::ordinal(format!("module {m}"), HALVINGS + 1))
                .chain((0..layers).map(|l| Dimension::ordinal(format!("layer {l}"), 2)))
                .collect(),
            any_of: vec![
                (0..modules).collect(),
                (modules..modules + layers).collect(),
            ],
        }
    }

    /// The same function with the levels of each module permuted, so that their order means nothing.
    pub(crate) fn scrambled(mut self, seed: u64) -> Self {
        let levels = 0..=HALVINGS;
        let permutations = (0..self.half_size.len() as u64).map(|module| {
            let mut permuted: Vec<u16> = levels.clone().collect();
            // Absent stays absent: the space's requirement names it.
            permuted[1..].sort_by_key(|&level| mix(seed ^ mix(module << 32 | u64::from(level))));
            permuted
        });
        self.permutations = Some(permutations.collect());
        self
    }

    /// Parameters in percent of the backbone.
    pub(crate) fn percent(&self, point: &Point) -> f64 {
        self.percent_of(&self.terms(point))
    }

    /// Accuracy without noise.
    pub(crate) fn mean_accuracy(&self, point: &Point) -> f64 {
        self.mean_accuracy_of(&self.terms(point))
    }

    /// Accuracy as a training with this seed would measure it.
    pub(crate) fn accuracy(&self, point: &Point, seed: u64) -> f64 {
        let terms = self.terms(point);
        self.accuracy_of(&terms, seed)
    }

    /// The terms of a configuration in the file's notation: halvings, then 1 for each layer that is left out.
    pub(crate) fn terms_of(&self, notation: &[u16]) -> Terms {
        let (halvings, left_out) = notation.split_at(self.half_size.len());
        (
            halvings.to_vec(),
            left_out.iter().map(|&left_out| left_out == 0).collect(),
        )
    }

    /// The point of a configuration in the file's notation.
    pub(crate) fn point_of(&self, notation: &[u16]) -> Point {
        let (halvings, left_out) = notation.split_at(self.half_size.len());
        let levels = halvings.iter().map(|k| HALVINGS - k);
        Point(levels.chain(left_out.iter().map(|out| 1 - out)).collect())
    }

    fn terms(&self, point: &Point) -> Terms {
        let (levels, layers) = point.0.split_at(self.half_size.len());
        let halvings = levels.iter().enumerate().map(|(module, &level)| {
            let permutation = self.permutations.as_ref().map(|all| &all[module]);
            HALVINGS - permutation.map_or(level, |meant| meant[usize::from(level)])
        });
        (
            halvings.collect(),
            layers.iter().map(|&level| level > 0).collect(),
        )
    }

    pub(crate) fn percent_of(&self, (halvings, layers): &Terms) -> f64 {
        let sizes: u64 = halvings.iter().map(|&k| LARGEST_SIZE >> k).sum();
        let active = layers.iter().filter(|on| **on).count() as u64;
        100.0 * (active * 2 * LARGEST_SIZE * sizes) as f64 / BACKBONE_PARAMETERS
    }

    pub(crate) fn mean_accuracy_of(&self, terms: &Terms) -> f64 {
        let (halvings, layers) = terms;
        let modules: Vec<f64> = (0..halvings.len())
            .map(|m| self.saturation(halvings, m) * self.coverage(layers, m))
            .collect();
        let mean_saturation = (0..halvings.len())
            .map(|m| self.saturation(halvings, m))
            .sum::<f64>()
            / halvings.len() as f64;
        let mut score: f64 = modules
            .iter()
            .zip(&self.module_gain)
            .map(|(v, g)| v * g)
            .sum();
        for (m, k, gain) in &self.module_pairs {
            score += gain * modules[*m] * modules[*k];
        }
        for (i, j, gain) in &self.layer_pairs {
            if layers[*i] && layers[*j] {
                score += gain * mean_saturation;
            }
        }
        let excess = self.percent_of(terms) / self.overfit_scale;
        self.base + self.range * (1.0 - (-score).exp())
            - self.overfit_rate * excess * excess / (1.0 + excess)
    }

    fn saturation(&self, halvings: &[u16], m: usize) -> f64 {
        let size = (LARGEST_SIZE >> halvings[m]) as f64;
        size / (size + self.half_size[m])
    }

    fn coverage(&self, layers: &[bool], m: usize) -> f64 {
        let kappa = self.layer_kappa;
        let weight: f64 = layers
            .iter()
            .zip(&self.layer_weight[m])
            .map(|(&on, weight)| if on { *weight } else { 0.0 })
            .sum();
        (1.0 - (-kappa * weight).exp()) / (1.0 - (-kappa).exp())
    }

    pub(crate) fn accuracy_of(&self, terms: &Terms, seed: u64) -> f64 {
        (self.mean_accuracy_of(terms) + self.noise_sd * self.noise_of(terms, seed)).clamp(0.0, 1.0)
    }

    /// A standard normal number that belongs to the configuration and the seed.
    pub(crate) fn noise_of(&self, (halvings, layers): &Terms, seed: u64) -> f64 {
        let radix = u64::from(HALVINGS) + 1;
        let mut code = halvings
            .iter()
            .fold(0, |code, &k| code * radix + u64::from(k));
        for &on in layers {
            code = code * 2 + u64::from(!on);
        }
        let state = mix(code.wrapping_add(GOLDEN_RATIO.wrapping_mul(seed.wrapping_add(1))));
        let state = mix(state.wrapping_add(self.noise_salt));
        let uniform = |step: u64| {
            let bits = mix(state.wrapping_add(GOLDEN_RATIO.wrapping_mul(step))) >> 11;
            (bits as f64 + 0.5) / (1_u64 << 53) as f64
        };
        (-2.0 * uniform(1).ln()).sqrt() * (std::f64::consts::TAU * uniform(2)).cos()
    }
}

/// The finaliser of SplitMix64.
fn mix(value: u64) -> u64 {
    let z = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

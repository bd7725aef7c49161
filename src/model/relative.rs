//! Attention's biases by distance (Raffel et al. 2020, as MPNet has them): one number per head for every distance from the
//! token that asks to the one it looks at, the same in all layers.
//!
//! | symbol | meaning |
//! |---|---|
//! | A | heads |
//! | R | rows of the table: half of them for tokens before, half for tokens after |
//! | M | tokens of the longest row |
//! | δ | distance, the place of a key less that of a query, from 1 - M to M - 1 |
//!
//! Distances below R/4 have a row each; those up to 128 share the rest, evenly by their logarithms; those beyond 128 share
//! the last.

use std::sync::OnceLock;

use super::tensor::{Int, Tensor, exact, integers};

/// R: published encoders have no other, and neither does the Python library.
pub(super) const ROWS: usize = 32;

/// From here on all distances share a row.
const FAR: f64 = 128.0;

/// An encoder's table, and where in it every distance is that can occur.
#[derive(Clone, Debug)]
pub(super) struct Distances {
    /// [R, A]
    pub(super) table: Tensor<2>,
    /// The row of each distance of the longest rows that the encoder takes, in order.
    rows: Tensor<1, Int>,
}

impl Distances {
    /// Of an encoder that takes rows of up to so many tokens.
    pub(super) fn new(table: Tensor<2>, longest: usize) -> Self {
        let most = longest.max(1) as i64 - 1;
        let rows = (-most..=most).map(|distance| row(distance) as u32);
        let device = table.device().without_autodiff();
        Self {
            rows: integers(rows, [2 * most as usize + 1], &device),
            table,
        }
    }

    /// Those of another table, in which every distance is where it is in this one.
    pub(super) fn in_table(&self, table: Tensor<2>) -> Self {
        Self {
            table,
            rows: self.rows.clone(),
        }
    }

    /// What rows of up to M tokens need.
    pub(super) fn biases(&self, longest: usize) -> Biases {
        let [all] = self.rows.dims();
        let needed = 2 * longest.max(1) - 1;
        let rows = self.rows.clone().narrow(0, (all - needed) / 2, needed);
        let found = self.table.clone().select(0, rows).transpose();
        Biases::new(found.cast(exact(self.table.dtype())))
    }
}

/// The biases of one forward pass, the same in all layers.
#[derive(Debug)]
pub struct Biases {
    by_distance: Tensor<2>,
    by_places: OnceLock<Tensor<4>>,
}

impl Biases {
    /// Of these numbers, [A, 2 M - 1].
    pub fn new(by_distance: Tensor<2>) -> Self {
        Self {
            by_distance,
            by_places: OnceLock::new(),
        }
    }

    /// The bias of every distance that occurs, [A, 2 M - 1], from δ = 1 - M on.
    pub fn by_distance(&self) -> &Tensor<2> {
        &self.by_distance
    }

    /// The biases of queries at the first `asking` places for keys at the first `keys`, [1, A, Q, S]; M at most.
    pub fn among(&self, asking: usize, keys: usize) -> Tensor<4> {
        let all = (self.by_places).get_or_init(|| by_places(&self.by_distance));
        all.clone().narrow(2, 0, asking).narrow(3, 0, keys)
    }
}

/// Of all M places, [1, A, M, M]. The key at j has, for the query at i, the number M - 1 + j - i of 2 M - 1. Where those
/// are laid end to end and every row begins one number earlier in them than the one before, it is in column j.
fn by_places(biases: &Tensor<2>) -> Tensor<4> {
    let [heads, distances] = biases.dims();
    let places = distances.div_ceil(2);
    if places == 1 {
        return biases.clone().reshape([1, heads, 1, 1]);
    }
    let again = biases.clone().unsqueeze_dim::<3>(1);
    let again = again.expand([heads, places, distances]);
    let line = again.reshape([heads, places * distances]);
    let step = distances - 1;
    let rows = line.narrow(1, places - 1, places * step);
    let rows = rows.reshape([1, heads, places, step]);
    rows.narrow(3, 0, places)
}

/// The row of the table for this distance.
fn row(distance: i64) -> usize {
    let half = ROWS / 2;
    let exact = half / 2;
    let after = if distance > 0 { half } else { 0 };
    let distance = distance.unsigned_abs() as usize;
    if distance < exact {
        return after + distance;
    }
    // In 32 bits, as the published encoders were trained.
    let share = (distance as f32 / exact as f32).ln() / (FAR / exact as f64).ln() as f32;
    let further = (share * (half - exact) as f32) as usize;
    after + (exact + further).min(half - 1)
}

#[cfg(test)]
mod tests {
    use super::super::tensor::{DType, Device, floats, read_back};
    use super::*;

    #[test]
    fn places_have_the_bias_of_their_distance() {
        let device = Device::flex();
        for places in [1, 2, 5] {
            // Two heads; numbers that name head and distance.
            let distances = 2 * places - 1;
            let numbers = (0..2 * distances).map(|number| number as f32).collect();
            let numbers = floats(numbers, [2, distances], &device, DType::F32);
            let biases = Biases::new(numbers);
            for (asking, keys) in [(places, places), (1, places), (1, 1)] {
                let found: Vec<f32> = read_back(biases.among(asking, keys));
                let places_of = (0..2).flat_map(|head| (0..asking).map(move |i| (head, i)));
                let expected = places_of.flat_map(|(head, i)| {
                    (0..keys).map(move |j| (head * distances + places - 1 + j - i) as f32)
                });
                assert_eq!(found, expected.collect::<Vec<f32>>());
            }
        }
    }

    #[test]
    fn lengths_take_their_part_of_the_distances() {
        let device = Device::flex();
        let table = (0..ROWS).map(|row| row as f32).collect();
        let table = floats(table, [ROWS, 1], &device, DType::F32);
        let distances = Distances::new(table, 200);
        for longest in [1, 3, 40, 200] {
            let found: Vec<f32> = read_back(distances.biases(longest).by_distance);
            let most = longest as i64 - 1;
            let expected = (-most..=most).map(|distance| row(distance) as f32);
            assert_eq!(found, expected.collect::<Vec<f32>>());
        }
    }

    #[test]
    fn near_distances_have_a_row_each_and_far_ones_share() {
        for (distance, expected) in [
            (0, 0),
            (-1, 1),
            (-7, 7),
            (-8, 8),
            (-11, 8),
            (-12, 9),
            (-15, 9),
            (-16, 10),
            (-32, 12),
            (-64, 14),
            (-90, 14),
            (-91, 15),
            (-128, 15),
            (-5000, 15),
            (1, 17),
            (7, 23),
            (64, 30),
            (127, 31),
        ] {
            assert_eq!(row(distance), expected, "{distance}");
        }
    }
}

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

use super::tensor::{Tensor, exact, integers};

/// R: published encoders have no other, and neither does the Python library.
pub(super) const ROWS: usize = 32;

/// From here on all distances share a row.
const FAR: f64 = 128.0;

/// The bias of every distance that occurs, [A, 2 M - 1], from δ = 1 - M on, given the table [R, A].
pub(super) fn biases(table: &Tensor<2>, longest: usize) -> Tensor<2> {
    let most = longest.max(1) as i64 - 1;
    let places = (-most..=most).map(|distance| row(distance) as u32);
    let places = integers(
        places,
        [2 * most as usize + 1],
        &table.device().without_autodiff(),
    );
    let found = table.clone().select(0, places).transpose();
    found.cast(exact(table.dtype()))
}

/// The biases of queries at the first `asking` places for keys at the first `keys`, [1, A, Q, S].
pub(super) fn of_places(biases: &Tensor<2>, asking: usize, keys: usize) -> Tensor<4> {
    let [heads, distances] = biases.dims();
    let middle = distances / 2;
    let places = (0..asking).flat_map(|i| (0..keys).map(move |j| (middle + j - i) as u32));
    let places = integers(places, [asking * keys], &biases.device().without_autodiff());
    let found = biases.clone().select(1, places);
    found.reshape([1, heads, asking, keys])
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
    use super::*;

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

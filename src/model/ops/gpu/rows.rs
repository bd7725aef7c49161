//! Kernels that work row by row: a few rows to a group of threads, and a fixed number of threads to a row, which bring
//! their shares together in the group's own memory.
//!
//! Planes (warps, subgroups) would need no memory for that, but not every device has them, nor all of one width.

use burn_cubecl::tensor::CubeTensor;
use cubecl::calculate_cube_count_elemwise;
use cubecl::prelude::*;

/// Threads of a row.
pub(super) const LANES: usize = 32;

/// Rows of a group of threads: 256 threads, as every device allows.
const ROWS: usize = 8;

/// Threads of a group.
const THREADS: usize = LANES * ROWS;

/// A launch over rows.
pub(super) struct ByRow {
    /// Groups of threads, in up to three axes: none of them has more than the device allows. There may be a few more
    /// than are needed.
    pub(super) groups: CubeCount,
    /// Threads of a group.
    pub(super) threads: CubeDim,
}

impl ByRow {
    /// For so many rows of `x`; none where there is nothing in them.
    pub(super) fn of(x: &CubeTensor, rows: usize) -> Option<Self> {
        (x.meta.num_elements() > 0).then(|| Self::of_rows(&x.client, rows))
    }

    /// For so many rows, at least one.
    pub(super) fn of_rows(client: &Client, rows: usize) -> Self {
        let threads = CubeDim::new_2d(LANES as u32, ROWS as u32);
        let all = rows.div_ceil(ROWS) * THREADS;
        let groups = calculate_cube_count_elemwise(client, all, threads);
        Self { groups, threads }
    }
}

/// The row of this thread, which may be beyond the last.
#[cube]
pub(super) fn row() -> usize {
    CUBE_POS * ROWS + UNIT_POS_Y as usize
}

/// The group's memory for [`sum_of_row`] and [`largest_of_row`].
#[cube]
pub(super) fn shares() -> Shared<[f32]> {
    Shared::new_slice(THREADS)
}

/// The sum of what a row's threads bring. All threads of the group come here, or none.
#[cube]
pub(super) fn sum_of_row(share: f32, shares: &mut Shared<[f32]>) -> f32 {
    let first = UNIT_POS_Y as usize * LANES;
    shares[first + UNIT_POS_X as usize] = share;
    sync_cube();
    let mut sum = 0.0f32;
    for lane in 0..LANES {
        sum += shares[first + lane];
    }
    sync_cube();
    sum
}

/// The largest of what a row's threads bring. All threads of the group come here, or none.
#[cube]
pub(super) fn largest_of_row(share: f32, shares: &mut Shared<[f32]>) -> f32 {
    let first = UNIT_POS_Y as usize * LANES;
    shares[first + UNIT_POS_X as usize] = share;
    sync_cube();
    let mut largest = shares[first];
    for lane in 1..LANES {
        largest = max(largest, shares[first + lane]);
    }
    sync_cube();
    largest
}

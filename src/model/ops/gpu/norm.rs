//! The 2-norm of a long vector, in two launches.
//!
//! | symbol | meaning |
//! |---|---|
//! | x | the vector, N numbers |
//! | R | rows of threads, of [`LANES`] each |
//! | t | sums of squares, one for each row of threads: thread l of row r takes the numbers r L + l + i R L |
//!
//! ‖x‖ = √Σ t, in an order that depends on N alone.
//!
//! Why it is ours: the library's sum is that of whichever kernel was the fastest when it was first timed, so that the same
//! study clips otherwise on the next day; and where that is one thread going through all numbers, it loses digits, and on
//! Mesa's software driver, which ends every loop after 65,535 rounds, all numbers beyond.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, backend_extension};
use burn_cubecl::CubeBackend;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::launch::{addresses, end_to_end, room};
use super::rows::{ByRow, LANES, row, shares, sum_of_row};
use crate::model::tensor::DType;

/// Rows of threads at most: enough to fill any device.
const MOST: usize = 2048;

/// Numbers that a thread takes at least, if there are so many.
const EACH: usize = 16;

#[backend_extension(Cube, Fusion)]
pub(super) trait NormKernels: Backend {
    /// ‖x‖ of a vector of 32 bits, one number.
    #[fusion(dtype = x, shape = { let _ = x; [1].into() })]
    fn norm(x: FloatTensor<Self>) -> FloatTensor<Self>;
}

impl NormKernels for CubeBackend {
    fn norm(x: CubeTensor) -> CubeTensor {
        let x = end_to_end(x);
        let numbers = x.meta.num_elements();
        let rows = numbers.div_ceil(LANES * EACH).clamp(1, MOST);
        let sums = room(&x, &[rows], DType::F32);
        let norm = room(&x, &[1], DType::F32);
        for (from, to, rows, last) in [(&x, &sums, rows, false), (&sums, &norm, 1, true)] {
            let launch = ByRow::of_rows(&x.client, rows);
            // SAFETY: every row of threads writes one number, and none reads beyond those that it is told of.
            unsafe {
                sum_kernel::launch_unchecked(
                    &x.client,
                    launch.groups,
                    launch.threads,
                    addresses(&[from]),
                    from.clone().into_buffer_arg(),
                    to.clone().into_buffer_arg(),
                    from.meta.num_elements(),
                    rows,
                    last,
                );
            }
        }
        norm
    }
}

/// Sums of squares; of such sums, `last`, the root of their sum.
#[cube(launch_unchecked, address_type = "dynamic")]
fn sum_kernel(from: &[f32], to: &mut [f32], numbers: usize, rows: usize, #[comptime] last: bool) {
    let mut shares = shares();
    let row = row();
    // Threads beyond the last row bring nothing, but they come along: all wait for each other.
    let mine = if row < rows { numbers } else { 0usize };
    let mut share = 0.0f32;
    for i in range_stepped(row * LANES + UNIT_POS_X as usize, mine, rows * LANES) {
        let x = from[i];
        share += if last { x } else { x * x };
    }
    let sum = sum_of_row(share, &mut shares);
    if UNIT_POS_X == 0 && row < rows {
        to[row] = if last { sum.sqrt() } else { sum };
    }
}

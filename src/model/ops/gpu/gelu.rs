//! The exact (erf) form of GELU (Hendrycks & Gimpel 2016).
//!
//! | symbol | meaning |
//! |---|---|
//! | Φ, φ | cumulative distribution and density of the standard normal |
//! | gelu(x) | x Φ(x) |
//! | gelu'(x) | Φ(x) + x φ(x), kept for the way back in x's format |
//!
//! erf comes from Abramowitz & Stegun (1964), 7.1.26, to 1.5e-7, in 32 bits whatever x's format.
//!
//! Why it is ours: off the CPU the library's own backward pass (0.22.1) is that of the approximation by tanh, up to 1e-3
//! off. That of 0.23.0-pre.1 is exact, of a dozen operations. Here one pass makes value and slope, and the way back is one
//! product, which the library fuses with what is beside it.

use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, backend_extension};
use burn_cubecl::tensor::CubeTensor;
use burn_cubecl::{Cube, CubeBackend};
use cubecl::prelude::*;

use super::super::composed;
use super::super::node::{Operation, node_by};
use super::launch::{Elementwise, addresses, end_to_end, format, room_like};
use super::numbers::{Numbers, constant, numbers};
use crate::model::tensor::Tensor;

/// gelu(x), elementwise.
pub(super) fn gelu(x: Tensor<3>) -> Tensor<3> {
    let Some(input) = numbers(&x) else {
        return composed::gelu(x);
    };
    if x.is_tracked() {
        return node_by::<Cube, _, _, _>([x], || {
            let (values, slopes) = Cube::gelu_with_slopes(input);
            (values, Gelu { slopes })
        });
    }
    constant(Cube::gelu_values(input))
}

#[derive(Clone, Debug)]
struct Gelu {
    /// gelu'(x)
    slopes: Numbers,
}

impl Operation<Cube, 1> for Gelu {
    fn backward(&self, output: Numbers, _: [bool; 1]) -> [Option<Numbers>; 1] {
        // The library fuses the product with what is beside it.
        [Some(Cube::float_mul(output, self.slopes.clone()))]
    }
}

#[backend_extension(Cube, Fusion)]
trait GeluKernels: Backend {
    /// gelu(x)
    #[fusion(dtype = x, shape = x)]
    fn gelu_values(x: FloatTensor<Self>) -> FloatTensor<Self>;

    /// gelu(x) and gelu'(x).
    #[fusion(meta = |x| (x.clone(), x.clone()))]
    fn gelu_with_slopes(x: FloatTensor<Self>) -> (FloatTensor<Self>, FloatTensor<Self>);
}

impl GeluKernels for CubeBackend {
    fn gelu_values(x: CubeTensor) -> CubeTensor {
        let x = end_to_end(x);
        let y = room_like(&x);
        if let Some(launch) = Elementwise::of(&x) {
            // SAFETY: `busy` threads times `together` numbers are those of x and of y, and no thread goes beyond.
            unsafe {
                values_kernel::launch_unchecked(
                    &x.client.clone(),
                    launch.groups,
                    launch.threads,
                    addresses(&[&x, &y]),
                    launch.together,
                    x.clone().into_buffer_arg(),
                    y.clone().into_buffer_arg(),
                    launch.busy,
                    format(x.dtype),
                );
            }
        }
        y
    }

    fn gelu_with_slopes(x: CubeTensor) -> (CubeTensor, CubeTensor) {
        let x = end_to_end(x);
        let (y, slopes) = (room_like(&x), room_like(&x));
        if let Some(launch) = Elementwise::of(&x) {
            // SAFETY: as above, of the slopes too.
            unsafe {
                slopes_kernel::launch_unchecked(
                    &x.client.clone(),
                    launch.groups,
                    launch.threads,
                    addresses(&[&x, &y, &slopes]),
                    launch.together,
                    x.clone().into_buffer_arg(),
                    y.clone().into_buffer_arg(),
                    slopes.clone().into_buffer_arg(),
                    launch.busy,
                    format(x.dtype),
                );
            }
        }
        (y, slopes)
    }
}

#[cube(launch_unchecked, address_type = "dynamic")]
fn values_kernel<F: Float, N: Size>(
    x: &[Vector<F, N>],
    y: &mut [Vector<F, N>],
    busy: usize,
    #[define(F)] _format: ElemType,
) {
    if ABSOLUTE_POS < busy {
        let x = Vector::<f32, N>::cast_from(x[ABSOLUTE_POS]);
        let (cumulative, _) = cumulative_and_exponential::<N>(x);
        y[ABSOLUTE_POS] = Vector::cast_from(x * cumulative);
    }
}

#[cube(launch_unchecked, address_type = "dynamic")]
fn slopes_kernel<F: Float, N: Size>(
    x: &[Vector<F, N>],
    y: &mut [Vector<F, N>],
    slopes: &mut [Vector<F, N>],
    busy: usize,
    #[define(F)] _format: ElemType,
) {
    if ABSOLUTE_POS < busy {
        let x = Vector::<f32, N>::cast_from(x[ABSOLUTE_POS]);
        let (cumulative, exponential) = cumulative_and_exponential::<N>(x);
        y[ABSOLUTE_POS] = Vector::cast_from(x * cumulative);
        // φ(x) = exp(-x²/2) / √(2π)
        let density = exponential * Vector::new(0.398_942_3);
        slopes[ABSOLUTE_POS] = Vector::cast_from(cumulative + x * density);
    }
}

/// Φ(x) and exp(-x²/2).
#[cube]
fn cumulative_and_exponential<N: Size>(x: Vector<f32, N>) -> (Vector<f32, N>, Vector<f32, N>) {
    let z = x.abs() * Vector::new(std::f32::consts::FRAC_1_SQRT_2);
    let exponential = (-(z * z)).exp();
    let one = Vector::new(1.0f32);
    let t = one / (one + z * Vector::new(0.327_591_1));
    let polynomial = t * Vector::new(1.061_405_4) + Vector::new(-1.453_152);
    let polynomial = t * polynomial + Vector::new(1.421_413_7);
    let polynomial = t * polynomial + Vector::new(-0.284_496_74);
    let polynomial = t * polynomial + Vector::new(0.254_829_6);
    let upper_tail = t * polynomial * exponential * Vector::new(0.5);
    let above = x.greater_equal(&Vector::new(0.0f32));
    let cumulative = select_many(above, one - upper_tail, upper_tail);
    (cumulative, exponential)
}

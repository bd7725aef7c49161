//! Dropout (Srivastava et al. 2014), whose masks are made where they are used, forward and again backward: none is kept.
//!
//! Symbols as in [`super::super::philox`]; y = r x with r the factors of the mask, ∂x = r ∂y. A thread makes one group of four elements.
//!
//! An element's place in its tensor is its place in the mask. So a training's masks are those of the processor where the
//! rows lie alike: the processor lays them end to end, unless it is told to pad them.
//!
//! Why it is ours: the library's generators (0.22.1) have a state that all threads of the program share,
//! setting it waits for the device, and a mask is a tensor as large as x that stays until the way back.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, backend_extension};
use burn_cubecl::tensor::CubeTensor;
use burn_cubecl::{Cube, CubeBackend};
use cubecl::calculate_cube_count_elemwise;
use cubecl::prelude::*;

use super::super::node::{Operation, node_by};
use super::super::philox::{KEY_STEPS, MULTIPLIERS, Mask, ROUNDS, WORDS};
use super::launch::{addresses, end_to_end, format, room_like};
use super::numbers::{Numbers, constant, numbers};
use crate::model::tensor::{Tensor, floats};

/// r x.
pub(super) fn dropped(x: Tensor<1>, mask: &Mask) -> Tensor<1> {
    let mask = *mask;
    let Some(input) = numbers(&x) else {
        let factors = mask.on_host(x.dims()[0]);
        let device = x.device().without_autodiff();
        return x.clone() * floats(factors, x.dims(), &device, x.dtype());
    };
    if !x.is_tracked() {
        // Alone with its numbers, in place.
        drop(x);
        return constant(Cube::dropped(input, mask));
    }
    node_by::<Cube, _, _, _>([x], || (Cube::dropped(input, mask), Dropped { mask }))
}

#[derive(Clone, Debug)]
struct Dropped {
    mask: Mask,
}

impl Operation<Cube, 1> for Dropped {
    fn backward(&self, output: Numbers, _: [bool; 1]) -> [Option<Numbers>; 1] {
        [Some(Cube::dropped(output, self.mask))]
    }
}

#[backend_extension(Cube, Fusion)]
pub(super) trait DropoutKernels: Backend {
    /// r x, in place where nobody else holds x.
    #[fusion(dtype = x, shape = x)]
    fn dropped(x: FloatTensor<Self>, mask: Mask) -> FloatTensor<Self>;
}

impl DropoutKernels for CubeBackend {
    fn dropped(x: CubeTensor, mask: Mask) -> CubeTensor {
        let x = end_to_end(x);
        let count = x.meta.num_elements();
        if count == 0 {
            return x;
        }
        let groups = count.div_ceil(WORDS);
        assert!(u32::try_from(groups).is_ok(), "a mask of {count} elements");
        let client = x.client.clone();
        let threads = CubeDim::new(&client, groups);
        let (y, into) = if x.can_mut() && x.is_nonoverlapping() {
            (x.clone(), x.as_tensor_alias(0).into_buffer_arg())
        } else {
            let y = room_like(&x);
            (y.clone(), y.into_buffer_arg())
        };
        let [k0, k1] = mask.key();
        let [_, c1, c2, c3] = mask.counter(0);
        // SAFETY: x and y are `count` numbers; a thread takes the whole groups among them, or what the last one has.
        unsafe {
            kernel::launch_unchecked(
                &client,
                calculate_cube_count_elemwise(&client, groups, threads),
                threads,
                addresses(&[&x]),
                if count.is_multiple_of(WORDS) {
                    WORDS
                } else {
                    1
                },
                x.clone().into_buffer_arg(),
                into,
                PhiloxLaunch::new(k0, k1, c1, c2, c3, mask.threshold(), mask.scale()),
                count,
                format(x.dtype),
            );
        }
        y
    }
}

/// What makes a mask.
#[derive(Clone, Copy, CubeLaunch, CubeType)]
struct Philox {
    k0: u32,
    k1: u32,
    c1: u32,
    c2: u32,
    c3: u32,
    threshold: u32,
    scale: f32,
}

// The language of kernels has constants, no arrays of them.
const M0: u32 = MULTIPLIERS[0];
const M1: u32 = MULTIPLIERS[1];
const W0: u32 = KEY_STEPS[0];
const W1: u32 = KEY_STEPS[1];

#[cube(launch_unchecked, address_type = "dynamic")]
fn kernel<F: Float, N: Size>(
    x: &[Vector<F, N>],
    y: &mut [Vector<F, N>],
    philox: Philox,
    count: usize,
    #[define(F)] _format: ElemType,
) {
    let first = ABSOLUTE_POS * WORDS;
    if first < count {
        let factors = factors_of_group(ABSOLUTE_POS as u32, &philox);
        if N::value() == WORDS {
            let mut all = Vector::<f32, N>::cast_from(x[ABSOLUTE_POS]);
            #[unroll]
            for word in 0..N::value() {
                all.insert(word, all.extract(word) * factors.extract(word));
            }
            y[ABSOLUTE_POS] = Vector::cast_from(all);
        } else {
            #[unroll]
            for word in 0..WORDS {
                if first + word < count {
                    let one = Vector::<f32, N>::cast_from(x[first + word]);
                    y[first + word] = Vector::cast_from(one * Vector::new(factors.extract(word)));
                }
            }
        }
    }
}

/// The factors of the four elements of a group.
#[cube]
fn factors_of_group(group: u32, philox: &Philox) -> Vector<f32, Const<4>> {
    let mut c0 = group;
    let mut c1 = philox.c1;
    let mut c2 = philox.c2;
    let mut c3 = philox.c3;
    let mut k0 = philox.k0;
    let mut k1 = philox.k1;
    for _ in 0..ROUNDS {
        let high0 = c0.mul_hi(M0);
        let low0 = c0 * M0;
        let high1 = c2.mul_hi(M1);
        let low1 = c2 * M1;
        c0 = high1 ^ c1 ^ k0;
        c1 = low1;
        c2 = high0 ^ c3 ^ k1;
        c3 = low0;
        k0 += W0;
        k1 += W1;
    }
    let mut factors = Vector::<f32, Const<4>>::new(0.0);
    factors.insert(0usize, factor(c0, philox));
    factors.insert(1usize, factor(c1, philox));
    factors.insert(2usize, factor(c2, philox));
    factors.insert(3usize, factor(c3, philox));
    factors
}

/// The factor of an element with this word.
#[cube]
fn factor(word: u32, philox: &Philox) -> f32 {
    select(word < philox.threshold, philox.scale, 0.0f32)
}

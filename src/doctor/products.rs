//! Products of matrices in each precision: how exact they are, and how fast.
//!
//! A product in 32 bits that is computed in fewer, as TF32 is, has an error some thousand times larger: that is how it
//! shows.

use std::time::Instant;

use crate::model::tensor::{DType, Tensor, floats, read_back};
use crate::model::{Initial, device, ops};
use crate::study::Precision;

use super::case::{Place, distance};
use super::{Finding, Row, Scope, Subject, attempt};

const PART: &str = "products of matrices";

/// Each precision with the number format of its matrices, and the error allowed in sums of [`INNER`] products of normal
/// numbers, relative to the largest.
const PRECISIONS: &[(Precision, DType, f64)] = &[
    (Precision::F32, DType::F32, 2e-6),
    (Precision::Tf32, DType::F32, 1e-3),
    (Precision::Bf16, DType::BF16, 1e-2),
];

/// Rows and columns of the product whose error is looked at; it is large enough for what a device does with large ones.
const SIDE: usize = 128;
/// Rows and columns of the products that are timed: the larger ones where the smaller ones take no time.
pub(super) const SMALL: usize = 512;
const LARGE: usize = 4096;
/// From so many multiplications and additions a second on a device is fast.
pub(super) const FAST: f64 = 1e12;
/// Numbers that each sum is over.
const INNER: usize = 256;

pub(super) fn look(subject: &Subject, scope: Scope, add: &mut dyn FnMut(Row)) {
    for &(precision, dtype, bound) in PRECISIONS {
        if !scope.has(precision) || !device::offers(&subject.device, precision) {
            continue;
        }
        let mut place = subject.place(dtype);
        if precision == Precision::Tf32 {
            place.ops = ops::with_precision(&subject.device, precision);
        }
        add(attempt(
            PART,
            format!("{}: error", precision.name()),
            || {
                let found = product(&place, dtype);
                let expected = product(&Place::reference(), dtype);
                Ok(Finding::Error {
                    found: distance(&found, &expected),
                    bound,
                })
            },
        ));
        if scope == Scope::Everything {
            add(attempt(PART, format!("{}: rate", precision.name()), || {
                let mut side = SMALL;
                let mut found = rate(&place, side);
                if found > FAST {
                    side = LARGE;
                    found = rate(&place, side);
                }
                let giga = found / 1e9;
                Ok(Finding::Fact(format!("{giga:.0} GFLOP/s at {side}×{side}")))
            }));
        }
    }
}

/// Of random numbers as `dtype` holds them, so that only the product itself can be off.
fn product(place: &Place, dtype: DType) -> Vec<f64> {
    let mut stream = Initial::new(11);
    let mut matrix = |shape: [usize; 2]| {
        let values = stream.normal(shape[0] * shape[1], 1.0).into_iter();
        let held = values.map(|x| match dtype {
            DType::BF16 => half::bf16::from_f32(x).to_f32(),
            _ => x,
        });
        floats(held.collect(), shape, &place.device, place.dtype)
    };
    let (x, w) = (matrix([SIDE, INNER]), matrix([INNER, SIDE]));
    let bias = Tensor::zeros([SIDE], (&place.device, place.dtype));
    read_back(place.ops.linear(x.unsqueeze_dim(0), w, bias))
}

/// Multiplications and additions each second of square matrices: the last two of four products, one on the other.
pub(super) fn rate(place: &Place, side: usize) -> f64 {
    let mut stream = Initial::new(12);
    let values = stream.normal(side * side, 0.02);
    let w: Tensor<2> = floats(values, [side, side], &place.device, place.dtype);
    let bias: Tensor<1> = Tensor::zeros([side], (&place.device, place.dtype));
    let map = |x: Tensor<3>| place.ops.linear(x, w.clone(), bias.clone());
    let done = |x: &Tensor<3>| {
        drop(read_back::<f64, 3>(
            x.clone().narrow(1, 0, 1).narrow(2, 0, 1),
        ))
    };
    let x = map(map(w.clone().unsqueeze_dim(0)));
    done(&x);
    let begun = Instant::now();
    done(&map(map(x)));
    let seconds = begun.elapsed().as_secs_f64();
    2.0 * 2.0 * (side as f64).powi(3) / seconds
}

//! The same computation in two places, and how far apart they are.

use crate::model::Initial;
use crate::model::ops::{Ops, composed::Composed};
use crate::model::tensor::{DType, Device, Tensor, floats, read_back};

use super::Finding;

/// Where something is computed, and in which number format.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) ops: &'static dyn Ops,
    pub(super) device: Device,
    pub(super) dtype: DType,
}

impl Place {
    /// What others are held against: the processor, in 64 bits, by the library's own operations.
    pub(super) fn reference() -> Self {
        Self {
            ops: &Composed,
            device: Device::flex(),
            dtype: DType::F64,
        }
    }

    /// Normal numbers as a tensor: the same in every place for the same stream.
    pub(super) fn normal<const D: usize>(
        &self,
        stream: &mut Initial,
        shape: [usize; D],
    ) -> Tensor<D> {
        let values = stream.normal(shape.iter().product(), 1.0);
        floats(values, shape, &self.device, self.dtype)
    }
}

/// Numbers that a computation gave, by name.
pub(super) type Numbers = Vec<(String, Vec<f64>)>;

/// The value of `map`, and the gradients that reach its inputs from a weighted sum of it.
pub(super) fn with_gradients<const N: usize>(
    inputs: [Tensor<3>; N],
    stream: &mut Initial,
    map: impl FnOnce([Tensor<3>; N]) -> Tensor<3>,
) -> Result<Numbers, String> {
    let leaves = inputs.map(|input| input.autodiff().require_grad());
    let y = map(leaves.clone());
    let weights = floats(
        stream.normal(y.dims().iter().product(), 1.0),
        y.dims(),
        &y.device().without_autodiff(),
        y.dtype(),
    );
    let gradients = (y.clone() * weights).sum().backward();
    let mut numbers = vec![("value".to_owned(), read_back(y.inner()))];
    for (index, leaf) in leaves.iter().enumerate() {
        let gradient = leaf.grad(&gradients).ok_or("a gradient is missing")?;
        numbers.push((format!("gradient {index}"), read_back(gradient)));
    }
    Ok(numbers)
}

/// The largest distance of two lists of numbers, relative to the largest number of the second where that is above 1; NaN
/// where one is no finite number.
pub(super) fn distance(found: &[f64], expected: &[f64]) -> f64 {
    if found.len() != expected.len() {
        return f64::NAN;
    }
    let largest = expected.iter().fold(1.0f64, |most, x| most.max(x.abs()));
    let pairs = found.iter().zip(expected);
    pairs.fold(0.0, |worst, (a, b)| match (a - b).abs() / largest {
        far if far > worst || far.is_nan() => far,
        _ if worst.is_nan() => f64::NAN,
        _ => worst,
    })
}

/// How far a computation in one place is from the same in 64 bits.
pub(super) fn compare(
    place: &Place,
    bound: f64,
    run: impl Fn(&Place) -> Result<Numbers, String>,
) -> Result<Finding, String> {
    let (found, expected) = (run(place)?, run(&Place::reference())?);
    let mut worst = 0.0f64;
    for ((name, found), (_, expected)) in found.iter().zip(&expected) {
        let far = distance(found, expected);
        if far.is_nan() {
            return Err(format!("{name}: not all are finite numbers"));
        }
        worst = worst.max(far);
    }
    Ok(Finding::Error {
        found: worst,
        bound,
    })
}

//! What training minimises.

use crate::model::ops::Ops;
use crate::model::tensor::{DType, Device, Int, Tensor, floats, integers};
use crate::task::Label;

/// What the rows of a batch should give.
#[derive(Clone, Debug)]
pub enum Targets {
    /// The class of each row, [B].
    Classes(Tensor<1, Int>),
    /// The value of each row, [B].
    Values(Tensor<1>),
}

impl Targets {
    /// The labels of a batch's rows on a device, values in the number format asked for: classes where all are classes.
    pub fn of(labels: &[Label], device: &Device, dtype: DType) -> Self {
        let classes: Vec<u32> = labels
            .iter()
            .filter_map(|label| match label {
                Label::Class(class) => Some(*class as u32),
                Label::Value(_) => None,
            })
            .collect();
        if classes.len() == labels.len() {
            return Self::Classes(integers(classes, [labels.len()], device));
        }
        let values: Vec<f32> = labels
            .iter()
            .map(|label| match label {
                Label::Class(class) => *class as f32,
                Label::Value(value) => *value,
            })
            .collect();
        Self::Values(floats(values, [labels.len()], device, dtype))
    }

    /// Those of the rows with these numbers, [B], which are on the device.
    pub fn of_rows(&self, numbers: &Tensor<1, Int>) -> Self {
        match self {
            Self::Classes(classes) => Self::Classes(classes.clone().select(0, numbers.clone())),
            Self::Values(values) => Self::Values(values.clone().select(0, numbers.clone())),
        }
    }

    /// The mean loss of a batch's logits [B, C], as a tensor of one number: cross entropy for classes, squared error
    /// for values (C = 1).
    pub fn loss(&self, ops: &dyn Ops, logits: Tensor<2>) -> Tensor<1> {
        match self {
            Self::Classes(classes) => ops.cross_entropy(logits, classes.clone()),
            Self::Values(values) => ops.mean_squared_error(logits, values.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ops;

    #[test]
    fn losses_are_means_over_rows() {
        let device = Device::flex();
        let logits = Tensor::<2>::from_floats([[0.0, 0.0], [3.0f32.ln(), 0.0]], &device);
        let classes = [1, 0].map(Label::Class);
        let targets = Targets::of(&classes, &device, DType::F32);
        let loss: f64 = targets.loss(ops::of(&device), logits).into_scalar();
        let expected = (2.0f64.ln() + (4.0f64 / 3.0).ln()) / 2.0;
        assert!((loss - expected).abs() < 1e-6, "{loss}");

        let predictions = Tensor::<2>::from_floats([[1.0], [5.0]], &device);
        let values = [2.0, 2.0].map(Label::Value);
        let targets = Targets::of(&values, &device, DType::F32);
        let loss: f64 = targets.loss(ops::of(&device), predictions).into_scalar();
        assert_eq!(loss, 5.0);
    }
}

//! Tensors of 32-bit floats on the CPU as plain numbers.

use std::borrow::Cow;
use std::mem::MaybeUninit;

pub(super) use burn::backend::Flex;
use burn::backend::flex::FlexTensor;

use crate::model::tensor::{DType, Device, Tensor, TensorData};

/// Numbers on the CPU with their axes. Cloning shares them.
pub(super) type Numbers = FlexTensor;

/// The numbers of a tensor, without its place in the graph, where the operations here may take it: 32 bits, on the CPU.
pub(super) fn numbers<const D: usize>(x: &Tensor<D>) -> Option<Numbers> {
    if x.dtype() != DType::F32 || x.device().without_autodiff() != Device::flex() {
        return None;
    }
    let x = if x.is_autodiff() {
        x.clone().inner()
    } else {
        x.clone()
    };
    x.try_into_primitive::<Flex>().ok()
}

/// These numbers as a tensor that no gradient leads to.
pub(super) fn constant<const D: usize>(numbers: Numbers) -> Tensor<D> {
    Tensor::from_primitive::<Flex>(numbers)
}

/// The numbers, last axis fastest.
pub(super) fn slice(numbers: &Numbers) -> Cow<'_, [f32]> {
    match numbers.as_slice::<f32>() {
        Some(slice) => Cow::Borrowed(slice),
        None => Cow::Owned(numbers.to_contiguous().storage::<f32>().to_vec()),
    }
}

/// Changes the numbers, last axis fastest: in place where nobody else holds them.
pub(super) fn change(numbers: Numbers, body: impl FnOnce(&mut [f32])) -> Numbers {
    let size = numbers.layout().num_elements();
    // The borrowing conversion is asked for only where it must copy: it holds the numbers a second time.
    let whole = numbers.as_slice::<f32>().is_some() && numbers.storage::<f32>().len() == size;
    let mut numbers = if whole {
        numbers
    } else {
        numbers.to_contiguous()
    };
    body(&mut numbers.storage_mut::<f32>()[..size]);
    numbers
}

/// So many numbers in room that is not cleared first, which would take as long as an addition.
///
/// # Safety
/// `write` writes all of them.
pub(super) unsafe fn written(size: usize, write: impl FnOnce(&mut [MaybeUninit<f32>])) -> Vec<f32> {
    let mut values = Vec::with_capacity(size);
    write(&mut values.spare_capacity_mut()[..size]);
    // SAFETY: there is room for them, and they were written, says the caller.
    unsafe { values.set_len(size) };
    values
}

/// Numbers with these axes.
pub(super) fn of_shape(values: Vec<f32>, shape: &[usize]) -> Numbers {
    FlexTensor::from_data(TensorData::new(values, shape.to_vec()))
}

//! An operation on CPU tensors of 32-bit floats as a node of the graph of gradients.

use std::borrow::Cow;
use std::fmt::Debug;
use std::marker::PhantomData;
use std::mem::MaybeUninit;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::{Autodiff, Flex};

use super::super::tensor::{DType, Device, Tensor, TensorData};

/// Numbers on the CPU with their axes. Cloning shares them.
pub(super) type Numbers = FlexTensor;

/// What an operation of `N` tensors remembers, and how gradients pass through it.
pub(super) trait Operation<const N: usize>: Clone + Debug + Send + 'static {
    /// The gradients of the inputs that are `wanted`, from that of the output.
    fn backward(&self, output: Numbers, wanted: [bool; N]) -> [Option<Numbers>; N];
}

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

/// These numbers as a tensor whose gradient leads on to `inputs` through `operation`.
pub(super) fn node<const D: usize, const N: usize, O: Operation<N>>(
    inputs: [Tensor<D>; N],
    output: Numbers,
    operation: O,
) -> Tensor<D> {
    node_by(inputs, || (output, operation))
}

/// As [`node`], by numbers that are made once the tensors of the inputs have been let go.
pub(super) fn node_by<const D: usize, const N: usize, O: Operation<N>>(
    inputs: [Tensor<D>; N],
    make: impl FnOnce() -> (Numbers, O),
) -> Tensor<D> {
    let nodes = inputs.map(|input| {
        let tracked = input.autodiff().try_into_primitive::<Autodiff<Flex>>();
        match tracked {
            Ok(tracked) => tracked.node(),
            Err(error) => unreachable!("`numbers` took it as a tensor of the CPU: {error:?}"),
        }
    });
    let (output, operation) = make();
    let step = Step(PhantomData::<O>).prepare::<NoCheckpointing>(nodes);
    let output = match step.compute_bound().stateful() {
        OpsKind::Tracked(step) => step.finish(operation, output),
        OpsKind::UnTracked(step) => step.finish(output),
    };
    Tensor::from_primitive::<Autodiff<Flex>>(output)
}

/// The step backward through an operation.
#[derive(Debug)]
struct Step<O>(PhantomData<O>);

impl<O: Operation<N>, const N: usize> Backward<Flex, N> for Step<O> {
    type State = O;

    fn backward(self, ops: Ops<O, N>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let output = gradients.consume::<Flex>(&ops.node);
        let wanted = std::array::from_fn(|i| ops.parents[i].is_some());
        let inputs = ops.state.backward(output, wanted);
        for (parent, gradient) in ops.parents.into_iter().zip(inputs) {
            if let (Some(parent), Some(gradient)) = (parent, gradient) {
                gradients.register::<Flex>(parent.id, gradient);
            }
        }
    }
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

//! An operation with a backward pass of its own as a node of the graph of gradients, on any of the library's backends.

use std::fmt::Debug;
use std::marker::PhantomData;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, DispatchKindConversion, DispatchTensor};

use crate::model::tensor::Tensor;

/// What an operation of `N` tensors remembers, and how gradients pass through it.
pub(super) trait Operation<B: Backend, const N: usize>:
    Clone + Debug + Send + 'static
{
    /// The gradients of the inputs that are `wanted`, from that of the output.
    fn backward(&self, output: FloatTensor<B>, wanted: [bool; N]) -> [Option<FloatTensor<B>>; N];
}

/// These numbers as a tensor whose gradient leads on to `inputs` through `operation`.
pub(super) fn node<B, const D: usize, const N: usize, O>(
    inputs: [Tensor<D>; N],
    output: FloatTensor<B>,
    operation: O,
) -> Tensor<D>
where
    B: Backend,
    O: Operation<B, N>,
    DispatchTensor: DispatchKindConversion<Autodiff<B>>,
{
    node_by::<B, _, _, _>(inputs, || (output, operation))
}

/// As [`node`], by numbers that are made once the tensors of the inputs have been let go.
pub(super) fn node_by<B, const D: usize, const N: usize, O>(
    inputs: [Tensor<D>; N],
    make: impl FnOnce() -> (FloatTensor<B>, O),
) -> Tensor<D>
where
    B: Backend,
    O: Operation<B, N>,
    DispatchTensor: DispatchKindConversion<Autodiff<B>>,
{
    let nodes = inputs.map(|input| {
        let tracked = input.autodiff().try_into_primitive::<Autodiff<B>>();
        match tracked {
            Ok(tracked) => tracked.node(),
            Err(error) => unreachable!("it was taken as a tensor of this backend: {error:?}"),
        }
    });
    let (output, operation) = make();
    let step = Step(PhantomData::<O>).prepare::<NoCheckpointing>(nodes);
    let output = match step.compute_bound().stateful() {
        OpsKind::Tracked(step) => step.finish(operation, output),
        OpsKind::UnTracked(step) => step.finish(output),
    };
    Tensor::from_primitive::<Autodiff<B>>(output)
}

/// The step backward through an operation.
#[derive(Debug)]
struct Step<O>(PhantomData<O>);

impl<B: Backend, O: Operation<B, N>, const N: usize> Backward<B, N> for Step<O> {
    type State = O;

    fn backward(self, ops: Ops<O, N>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let output = gradients.consume::<B>(&ops.node);
        let wanted = std::array::from_fn(|i| ops.parents[i].is_some());
        let inputs = ops.state.backward(output, wanted);
        for (parent, gradient) in ops.parents.into_iter().zip(inputs) {
            if let (Some(parent), Some(gradient)) = (parent, gradient) {
                gradients.register::<B>(parent.id, gradient);
            }
        }
    }
}

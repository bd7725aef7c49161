//! One step of AdamW over all weights in one launch, in place where nobody else holds them; symbols and formulas as in
//! [`adamw`].
//!
//! The gradient's norm reaches the kernel as a tensor of one number: nothing is read back.
//!
//! Why it is ours: the library's optimiser (0.22.1 and 0.23.0-pre.1) steps tensor by tensor, which for many small ones is
//! nothing but launches, and has PyTorch's form alone.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, backend_extension};
use burn_cubecl::tensor::CubeTensor;
use burn_cubecl::{Cube, CubeBackend};
use cubecl::prelude::*;

use super::super::composed::adamw::{self, AdamWForm, Moved, Step};
use super::launch::{Elementwise, addresses, end_to_end, own};
use super::norm::NormKernels;
use super::numbers::{Numbers, constant, numbers};
use super::perhaps::Perhaps;
use crate::model::tensor::{DType, Tensor};

/// The step, and ‖g‖ before clipping.
pub(super) fn step(from: Moved, gradient: Tensor<1>, step: &Step) -> (Moved, Tensor<1>) {
    let decaying = step.decay.as_ref().map(|(_, decaying)| exact(decaying));
    let (Some(w), Some(g), None | Some(Some(_))) =
        (exact(&from.weights), exact(&gradient), &decaying)
    else {
        return adamw::step(from, gradient, step);
    };
    let norm = Cube::norm(g.clone());
    let moments = from.moments.unwrap_or_else(|| {
        let zeros = gradient.zeros_like();
        [zeros.clone(), zeros]
    });
    let [Some(m), Some(v)] = moments.each_ref().map(exact) else {
        unreachable!("the moments lie where weights and gradient do, in 32 bits as well");
    };
    // Nobody but the kernel holds them from here on.
    drop((from.weights, moments));
    let decaying = decaying.flatten().into();
    let (w, m, v) = Cube::adamw_moved(w, m, v, g, norm.clone(), decaying, Told::of(step));
    let moved = Moved {
        weights: constant(w),
        moments: Some([constant(m), constant(v)]),
    };
    (moved, constant(norm))
}

/// The numbers of a vector of 32 bits.
fn exact(x: &Tensor<1>) -> Option<Numbers> {
    (x.dtype() == DType::F32).then(|| numbers(x))?
}

/// What a step's kernel is told.
#[derive(Clone, Copy, Debug)]
struct Told {
    numbers: Numbers32,
    /// Decay comes before the update.
    decay_first: bool,
    /// The gradient is clipped.
    clipped: bool,
}

/// The numbers among it.
#[derive(Clone, Copy, Debug, CubeLaunch, CubeType)]
struct Numbers32 {
    /// β1
    b1: f32,
    /// 1 - β1
    new1: f32,
    /// β2
    b2: f32,
    /// 1 - β2
    new2: f32,
    /// What m is multiplied by.
    rate: f32,
    /// What √v is divided by before ε is added.
    root: f32,
    /// ε
    epsilon: f32,
    /// η λ
    decay: f32,
    /// c
    largest: f32,
}

impl Told {
    fn of(step: &Step) -> Self {
        let [b1, b2] = step.betas;
        let (c1, c2) = (1.0 - b1.powi(step.number), 1.0 - b2.powi(step.number));
        let (rate, root) = match step.form {
            AdamWForm::HuggingFace => (step.learning_rate * c2.sqrt() / c1, 1.0),
            AdamWForm::Torch => (step.learning_rate / c1, c2.sqrt()),
        };
        let decay = (step.decay.as_ref()).map_or(0.0, |(decay, _)| step.learning_rate * decay);
        Self {
            numbers: Numbers32 {
                b1: b1 as f32,
                new1: (1.0 - b1) as f32,
                b2: b2 as f32,
                new2: (1.0 - b2) as f32,
                rate: rate as f32,
                root: root as f32,
                epsilon: step.epsilon as f32,
                decay: decay as f32,
                largest: step.max_gradient_norm.unwrap_or(f64::INFINITY) as f32,
            },
            decay_first: step.form == AdamWForm::Torch,
            clipped: step.max_gradient_norm.is_some(),
        }
    }
}

impl From<Numbers32> for Numbers32Launch {
    fn from(n: Numbers32) -> Self {
        Self::new(
            n.b1, n.new1, n.b2, n.new2, n.rate, n.root, n.epsilon, n.decay, n.largest,
        )
    }
}

#[backend_extension(Cube, Fusion)]
trait AdamWKernels: Backend {
    /// w, m and v after a step with gradient g and its norm, one number.
    #[fusion(meta = |w, m, v, _g, _norm, _decaying, _told| (w.clone(), m.clone(), v.clone()))]
    fn adamw_moved(
        w: FloatTensor<Self>,
        m: FloatTensor<Self>,
        v: FloatTensor<Self>,
        g: FloatTensor<Self>,
        norm: FloatTensor<Self>,
        #[extension_type] decaying: Perhaps<Self>,
        told: Told,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

impl AdamWKernels for CubeBackend {
    fn adamw_moved(
        w: CubeTensor,
        m: CubeTensor,
        v: CubeTensor,
        g: CubeTensor,
        norm: CubeTensor,
        decaying: Perhaps<Self>,
        told: Told,
    ) -> (CubeTensor, CubeTensor, CubeTensor) {
        let [w, m, v] = [w, m, v].map(own);
        let [g, norm] = [g, norm].map(end_to_end);
        let decaying = decaying.end_to_end();
        let numbers = w.meta.num_elements();
        for x in [&m, &v, &g].into_iter().chain(&decaying) {
            assert_eq!(x.meta.num_elements(), numbers, "numbers of a vector");
        }
        if let Some(launch) = Elementwise::of(&w) {
            // SAFETY: all vectors are as long as w, as was just checked, and no thread goes beyond.
            unsafe {
                step_kernel::launch_unchecked(
                    &w.client.clone(),
                    launch.groups,
                    launch.threads,
                    addresses(&[&w]),
                    launch.together,
                    w.clone().into_buffer_arg(),
                    m.clone().into_buffer_arg(),
                    v.clone().into_buffer_arg(),
                    g.into_buffer_arg(),
                    norm.into_buffer_arg(),
                    decaying.map(CubeTensor::into_buffer_arg).into(),
                    told.numbers.into(),
                    launch.busy,
                    told.decay_first,
                    told.clipped,
                );
            }
        }
        (w, m, v)
    }
}

#[cube(launch_unchecked, address_type = "dynamic")]
fn step_kernel<N: Size>(
    w: &mut [Vector<f32, N>],
    m: &mut [Vector<f32, N>],
    v: &mut [Vector<f32, N>],
    g: &[Vector<f32, N>],
    norm: &[f32],
    decaying: ComptimeOption<&[Vector<f32, N>]>,
    numbers: Numbers32,
    busy: usize,
    #[comptime] decay_first: bool,
    #[comptime] clipped: bool,
) {
    if ABSOLUTE_POS < busy {
        let at = ABSOLUTE_POS;
        let mut gradient = g[at];
        if clipped {
            let coefficient = numbers.largest / (norm[0] + 1e-6);
            // So a norm that is no number makes all weights so.
            let coefficient = if coefficient > 1.0 {
                1.0f32
            } else {
                coefficient
            };
            gradient *= Vector::new(coefficient);
        }
        let mean = m[at] * Vector::new(numbers.b1) + gradient * Vector::new(numbers.new1);
        let square =
            v[at] * Vector::new(numbers.b2) + gradient * gradient * Vector::new(numbers.new2);
        m[at] = mean;
        v[at] = square;

        let root = square.sqrt() / Vector::new(numbers.root) + Vector::new(numbers.epsilon);
        let update = mean * Vector::new(numbers.rate) / root;
        let mut weight = w[at];
        if !decay_first {
            weight -= update;
        }
        #[comptime]
        if let ComptimeOption::Some(decaying) = &decaying {
            weight -= weight * decaying[at] * Vector::new(numbers.decay);
        }
        if decay_first {
            weight -= update;
        }
        w[at] = weight;
    }
}

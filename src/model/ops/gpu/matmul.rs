//! Products of matrices in 32 bits throughout.
//!
//! | symbol | meaning |
//! |---|---|
//! | C = A B | [.., M, K] times [.., K, N]; axes before the last two are equal, or 1 on one side |
//! | dC, dA, dB | gradients: dA = dC Bᵀ, dB = Aᵀ dC, summed over the axes of which there was but one |
//!
//! Why it is ours: the library measures which of its kernels is fastest, and takes tensor cores among them wherever a GPU
//! has them. These know no 32-bit factors: on NVIDIA's they are rounded to 11 significant bits (TF32) without a word
//! (cubek-matmul 0.3.1, `adjust_dtypes`). Here the same choice is made among the kernels that multiply in ordinary
//! registers; no number in them has a format other than that of A. Who wants TF32 gets the library's own product.

use burn::backend::cubecl::dtype_to_storage_type;
use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Shape, TensorMetadata, backend_extension, calculate_matmul_output};
use burn_cubecl::kernel::matmul::init_matmul_output;
use burn_cubecl::tensor::CubeTensor;
use burn_cubecl::{Cube, CubeBackend, CubeTuneId};
use burn_std::{MatmulTransformAnalysis, MatmulTransformPolicy};
use cubecl::tune::{LocalTuner, Tunable, TunableSet, local_tuner};
use cubek::matmul::definition::{MatmulElems, MatmulGlobalElems};
use cubek::matmul::launch::launch_ref;
use cubek::matmul::multi_level::Strategy;
use cubek::matmul::multi_level::routines::TileSizeSelection;
use cubek::matmul::multi_level::routines::batch::double_unit::DoubleUnitSelectionArgs;
use cubek::matmul::multi_level::routines::batch::simple_unit::SimpleUnitSelectionArgs;
use cubek::matmul::routine::BlueprintStrategy::Inferred;
use cubek::matmul::tune_key::MatmulAutotuneKey;
use cubek::std::InputBinding;

use super::super::node::{Operation, node_by};
use super::numbers::{Numbers, constant, numbers};
use crate::model::tensor::{DType, Tensor};

/// What becomes of the factors of products of 32-bit numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Factors {
    /// They stay as they are.
    Exact,
    /// They may be rounded as the fastest units of the GPU take them.
    Rounded,
}

/// A B; the gradients of both are such products as well.
pub(super) fn matmul<const D: usize>(a: Tensor<D>, b: Tensor<D>, factors: Factors) -> Tensor<D> {
    let (Some(left), Some(right)) = (numbers(&a), numbers(&b)) else {
        return a.matmul(b);
    };
    if !is_ours(&left, factors) {
        return a.matmul(b);
    }
    let (of_a, of_b) = (a.is_tracked(), b.is_tracked());
    if !of_a && !of_b {
        return constant(Cube::exact_product(left, right));
    }
    let shapes = [a.shape(), b.shape()];
    node_by::<Cube, _, _, _>([a, b], || {
        let product = Product {
            // Each is what the other's gradient needs.
            a: of_b.then(|| left.clone()),
            b: of_a.then(|| right.clone()),
            shapes,
        };
        (Cube::exact_product(left, right), product)
    })
}

/// A B of numbers without a place in the graph.
pub(super) fn product(a: Numbers, b: Numbers, factors: Factors) -> Numbers {
    match is_ours(&a, factors) {
        true => Cube::exact_product(a, b),
        false => Cube::float_matmul(a, b),
    }
}

/// Whether the product is computed here: 16-bit numbers lose nothing in the library's.
fn is_ours(a: &Numbers, factors: Factors) -> bool {
    factors == Factors::Exact && a.dtype() == DType::F32
}

/// What a product remembers.
#[derive(Clone, Debug)]
struct Product {
    /// None where B needs no gradient.
    a: Option<Numbers>,
    /// None where A needs no gradient.
    b: Option<Numbers>,
    shapes: [Shape; 2],
}

impl Operation<Cube, 2> for Product {
    fn backward(&self, output: Numbers, wanted: [bool; 2]) -> [Option<Numbers>; 2] {
        let [of_a, of_b] = wanted;
        let a = self.b.as_ref().filter(|_| of_a).map(|b| {
            let gradient = Cube::exact_product(output.clone(), transposed(b.clone()));
            summed(gradient, &self.shapes[0])
        });
        let b = self.a.as_ref().filter(|_| of_b).map(|a| {
            let gradient = Cube::exact_product(transposed(a.clone()), output);
            summed(gradient, &self.shapes[1])
        });
        [a, b]
    }
}

/// The last two axes exchanged.
fn transposed(x: Numbers) -> Numbers {
    let rank = x.shape().rank();
    Cube::float_swap_dims(x, rank - 2, rank - 1)
}

/// Summed over the axes of which `shape` has but one.
fn summed(x: Numbers, shape: &Shape) -> Numbers {
    let axes = (0..shape.rank()).filter(|&axis| shape[axis] == 1);
    axes.fold(x, |x, axis| match x.shape()[axis] {
        1 => x,
        _ => Cube::float_sum_dim(x, axis),
    })
}

/// The shape of a product.
fn product_shape(a: &Shape, b: &Shape) -> Shape {
    // They fit: a product of those that do not is refused before it is asked for.
    calculate_matmul_output(a, b).unwrap_or_else(|_| a.clone())
}

#[backend_extension(Cube, Fusion)]
trait ExactProduct: Backend {
    /// A B, whose axes before the last two are equal, or 1 on one side.
    #[fusion(dtype = a, shape = product_shape(a, b))]
    fn exact_product(a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self>;
}

impl ExactProduct for CubeBackend {
    fn exact_product(a: CubeTensor, b: CubeTensor) -> CubeTensor {
        let product = init_matmul_output(&a, &b, a.dtype);
        let nothing = |x: &CubeTensor| x.meta.shape().iter().any(|&size| size == 0);
        if nothing(&product) {
            return product;
        }
        if nothing(&a) {
            let (shape, format) = (product.shape(), product.dtype.into());
            return Self::float_zeros(shape, &a.device, format);
        }
        // One product of many rows in place of many of few, where all share B; only the axes are called otherwise.
        let (mut left, mut onto) = (a, product.clone());
        let analysis = MatmulTransformAnalysis::from_metadata(&left.meta, &b.meta, &product.meta);
        let action = MatmulTransformPolicy::default().action(&analysis);
        action.apply(&mut left.meta);
        action.apply(&mut onto.meta);
        fastest((left, b, onto));
        product
    }
}

/// A, B, and room for the product.
type Operands = (CubeTensor, CubeTensor, CubeTensor);

/// How a product can be computed in registers. The first takes every product.
fn ways() -> [Strategy; 5] {
    let [smallest, largest] = [
        TileSizeSelection::MinTileSize,
        TileSizeSelection::MaxTileSize,
    ];
    let simple = |tile_size| Strategy::SimpleUnit(Inferred(SimpleUnitSelectionArgs { tile_size }));
    let double = |tile_size| Strategy::DoubleUnit(Inferred(DoubleUnitSelectionArgs { tile_size }));
    [
        Strategy::Naive,
        simple(largest),
        simple(smallest),
        double(largest),
        double(smallest),
    ]
}

/// Computes the product by the way that was fastest on this device for products of about this size, which is measured once
/// and kept in the library's cache.
fn fastest(operands: Operands) {
    let client = operands.0.client.clone();
    // Emulated on the processor: measuring takes longer than it saves.
    let emulated = client.properties().identity.physical.is_none();
    if emulated && launch(&ways()[0], operands.clone()).is_ok() {
        return;
    }
    tuned(operands)
}

/// The way that was measured to be fastest.
fn tuned(operands: Operands) {
    static TUNER: LocalTuner<MatmulAutotuneKey, CubeTuneId> = local_tuner!();

    let client = operands.0.client.clone();
    let id = CubeTuneId::new(&client, &operands.0.device);
    let tunables = TUNER.init(&id, || {
        let again = |_: &MatmulAutotuneKey, (a, b, product): &Operands| {
            (a.clone(), b.clone(), product.copy())
        };
        let set = TunableSet::new(key, again);
        ways().into_iter().fold(set, |set, way| {
            let name = way.to_string();
            set.with(Tunable::new(&name, move |operands| launch(&way, operands)))
        })
    });
    TUNER.execute(&id, &client, tunables, operands);
}

/// What is measured once: products of about this size that lie about so.
fn key((a, b, product): &Operands) -> MatmulAutotuneKey {
    MatmulAutotuneKey::generate(
        &a.client,
        a.meta.shape(),
        b.meta.shape(),
        a.meta.strides(),
        b.meta.strides(),
        a.meta.tiling,
        b.meta.tiling,
        dtype_to_storage_type(a.dtype),
        dtype_to_storage_type(b.dtype),
        dtype_to_storage_type(product.dtype),
        None,
        None,
    )
}

/// Computes the product this way, or says why it cannot be.
fn launch(way: &Strategy, (a, b, product): Operands) -> Result<(), String> {
    let [of_a, of_b, of_product] = [&a, &b, &product].map(|x| dtype_to_storage_type(x.dtype));
    let mut formats = MatmulElems::from_globals(&MatmulGlobalElems {
        lhs: of_a,
        rhs: of_b,
        out: of_product,
    });
    let client = product.client.clone();
    let [a, b] = [(a, of_a), (b, of_b)].map(|(x, format)| InputBinding::new(x.binding(), format));
    launch_ref(
        &way.clone().into(),
        &client,
        a,
        b,
        product.binding(),
        &mut formats,
    )
    .map_err(|error| format!("{error:?}"))
}

#[cfg(all(test, feature = "wgpu"))]
mod tests;

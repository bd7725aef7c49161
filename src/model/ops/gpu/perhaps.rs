//! An input that a kernel may go without.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, ExtensionType};
use burn_cubecl::CubeBackend;
use burn_cubecl::tensor::CubeTensor;

use super::launch::end_to_end;

/// A tensor, or none: the library passes no `Option` through its fusion.
#[derive(Clone, Debug, ExtensionType)]
#[extension_type(fusion)]
pub(super) enum Perhaps<B: Backend> {
    /// There is one.
    Given(FloatTensor<B>),
    /// There is none.
    Absent,
}

impl<B: Backend> From<Option<FloatTensor<B>>> for Perhaps<B> {
    fn from(tensor: Option<FloatTensor<B>>) -> Self {
        tensor.map_or(Self::Absent, Self::Given)
    }
}

impl Perhaps<CubeBackend> {
    /// The tensor, its numbers end to end.
    pub(super) fn end_to_end(self) -> Option<CubeTensor> {
        match self {
            Self::Given(tensor) => Some(end_to_end(tensor)),
            Self::Absent => None,
        }
    }
}

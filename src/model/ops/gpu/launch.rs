//! What every launch of a kernel needs: numbers end to end, room for the result, how many threads.

use burn::backend::cubecl::dtype_to_storage_type;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::tensor::CubeTensor;
use cubecl::calculate_cube_count_elemwise;
use cubecl::prelude::*;

use crate::model::tensor::DType;

/// The numbers of a tensor end to end, last axis fastest: a copy where they lie otherwise.
pub(super) fn end_to_end(x: CubeTensor) -> CubeTensor {
    into_contiguous(x)
}

/// The numbers of a tensor end to end, to be written over: a copy where anybody else holds them.
pub(super) fn own(x: CubeTensor) -> CubeTensor {
    let x = end_to_end(x);
    if x.can_mut() && x.is_nonoverlapping() {
        x
    } else {
        x.copy()
    }
}

/// Room for as many numbers as `like` has, end to end, in this format.
pub(super) fn room(like: &CubeTensor, shape: &[usize], dtype: DType) -> CubeTensor {
    let (client, device) = (like.client.clone(), like.device.clone());
    empty_device_contiguous_dtype(client, device, shape.to_vec().into(), dtype)
}

/// Room for a tensor like this one.
pub(super) fn room_like(like: &CubeTensor) -> CubeTensor {
    room(like, like.meta.shape(), like.dtype)
}

/// A number format, as kernels name it.
pub(super) fn format(dtype: DType) -> ElemType {
    dtype_to_storage_type(dtype)
}

/// What addresses all of these tensors: 32 bits, or 64 where one is larger.
pub(super) fn addresses(tensors: &[&CubeTensor]) -> AddressType {
    let needed = tensors.iter().map(|x| x.required_address_type());
    needed.max().unwrap_or_default()
}

/// A launch of one thread for every few numbers.
pub(super) struct Elementwise {
    /// Groups of threads, in up to three axes: none of them has more than the device allows.
    pub(super) groups: CubeCount,
    /// Threads of a group.
    pub(super) threads: CubeDim,
    /// Numbers that a thread takes at once.
    pub(super) together: usize,
    /// Threads that have numbers.
    pub(super) busy: usize,
}

impl Elementwise {
    /// For as many numbers as `like` has, end to end; none where there are none.
    pub(super) fn of(like: &CubeTensor) -> Option<Self> {
        let numbers = like.meta.num_elements();
        if numbers == 0 {
            return None;
        }
        // 16 bytes at once, if the numbers can be shared out so.
        let widest = 16 / like.dtype.size().max(4);
        let together = if numbers.is_multiple_of(widest) {
            widest
        } else {
            1
        };
        let busy = numbers / together;
        let threads = CubeDim::new(&like.client, busy);
        Some(Self {
            groups: calculate_cube_count_elemwise(&like.client, busy, threads),
            threads,
            together,
            busy,
        })
    }
}

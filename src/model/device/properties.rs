//! What a device tells of itself.

use crate::memory::Store;
use crate::model::tensor::{DType, Device};
use crate::study::Precision;

/// Whether the device computes in this number format.
pub fn offers(device: &Device, precision: Precision) -> bool {
    match precision {
        Precision::F32 => true,
        Precision::Tf32 => has_tf32(device),
        Precision::Bf16 => device.supports_dtype(DType::BF16),
    }
}

/// Whose memory the device takes.
pub fn store(device: &Device) -> Store {
    #[cfg(feature = "gpu")]
    if let Some(gpu) = gpu(device) {
        return store_of(&gpu);
    }
    let _ = device;
    Store::Machine
}

/// What a GPU is, and what kernels for it are compiled for, as far as it tells.
pub fn model(device: &Device) -> Option<String> {
    #[cfg(feature = "gpu")]
    if let Some(gpu) = gpu(device) {
        let client = gpu.client();
        let identity = &client.properties().identity;
        return Some(format!("{} ({})", identity.name, identity.fingerprint));
    }
    let _ = device;
    None
}

/// Whether the device multiplies matrices in TF32, which only NVIDIA's GPUs do.
fn has_tf32(device: &Device) -> bool {
    #[cfg(feature = "gpu")]
    if let Some(gpu) = gpu(device) {
        use cubecl::ir::{ElemType, FloatKind};

        let client = gpu.client();
        return (client.properties()).supports_type(ElemType::Float(FloatKind::TF32));
    }
    let _ = device;
    false
}

#[cfg(feature = "gpu")]
fn gpu(device: &Device) -> Option<cubecl::Device> {
    match device.clone().without_autodiff().as_dispatch() {
        burn::backend::DispatchDevice::Cube(gpu) => Some(gpu.clone()),
        _ => None,
    }
}

#[cfg(feature = "gpu")]
fn store_of(gpu: &cubecl::Device) -> Store {
    use cubecl::device::WgpuDeviceKind as Kind;

    if let cubecl::Device::Wgpu(device) = gpu
        && matches!(device.kind, Kind::IntegratedGpu(_) | Kind::Cpu)
    {
        return Store::Machine;
    }
    match &gpu.client().properties().identity.physical {
        // No card: an emulated one.
        None => Store::Machine,
        Some(card) => match card.pci_address {
            Some(place) => Store::Card(place.to_string()),
            None => Store::Unknown,
        },
    }
}

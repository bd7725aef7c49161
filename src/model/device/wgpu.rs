//! GPUs of any maker through wgpu, which reaches them by Vulkan, Metal or DirectX 12.

use std::sync::{Mutex, PoisonError};

use cubecl::wgpu::{
    AutoGraphicsApi, RuntimeOptions, WgpuDevice, WgpuDeviceKind as Kind, try_init_setup,
};

use super::{Device, Reach};

pub(super) const REACH: Reach = Reach {
    first_is_fit,
    device,
};

/// Commands that wait until they are handed over together: the library's own number, which it would else look for in a
/// variable.
const TASKS: usize = 32;

/// Adapters that have been opened, each once for the whole process, and what they are.
static OPEN: Mutex<Vec<(WgpuDevice, String)>> = Mutex::new(Vec::new());

/// Where the variable is missing that says where a desktop keeps its sockets, names a place that is none: Mesa's drivers ask
/// for one, and the library that they ask would print that it is missing.
///
/// To be called before the first thread is started.
pub(super) fn keep_quiet() {
    const SOCKETS: &str = "XDG_RUNTIME_DIR";
    if cfg!(target_os = "linux") && std::env::var_os(SOCKETS).is_none() {
        // SAFETY: no other thread is there that could read variables meanwhile, says the caller.
        unsafe { std::env::set_var(SOCKETS, "/nonexistent") };
    }
}

/// What drivers offer, the fastest kind first; `wgpu:N` counts them.
fn adapters() -> Vec<WgpuDevice> {
    let found = cubecl::Device::enumerate_all().into_iter();
    let mut found: Vec<_> = found
        .filter_map(|device| match device {
            cubecl::Device::Wgpu(device) => Some(device),
            _ => None,
        })
        .collect();
    found.sort_by_key(|device| rank(&device.kind));
    // Software adapters have no numbers.
    found.dedup();
    found
}

fn rank(kind: &Kind) -> u8 {
    match kind {
        Kind::DiscreteGpu(_) => 0,
        Kind::IntegratedGpu(_) => 1,
        Kind::VirtualGpu(_) => 2,
        Kind::Other(_) | Kind::DefaultDevice | Kind::Existing(_) => 3,
        Kind::Cpu => 4,
    }
}

/// Whether a device that nobody asked for may be of this kind. A software adapter computes on the processor what the
/// program's own kernels compute there many times faster, and of a virtual or unknown one nobody knows what is behind it.
fn is_fit(kind: &Kind) -> bool {
    matches!(kind, Kind::DiscreteGpu(_) | Kind::IntegratedGpu(_))
}

fn first_is_fit() -> Result<(), String> {
    match adapters().first() {
        None => Err(nothing()),
        Some(device) if is_fit(&device.kind) => Ok(()),
        Some(_) => Err(
            "no GPU was found through wgpu but an emulated one, which `--device wgpu` takes"
                .to_owned(),
        ),
    }
}

fn nothing() -> String {
    "no GPU was found by Vulkan, Metal or DirectX 12, so its driver may not be installed".to_owned()
}

fn device(number: usize) -> Result<(Device, String), String> {
    let found = adapters();
    let Some(chosen) = found.get(number) else {
        return Err(match found.len() {
            0 => nothing(),
            1 => "only one adapter was found by Vulkan, Metal or DirectX 12: wgpu:0".to_owned(),
            count => format!(
                "only {count} adapters were found by Vulkan, Metal or DirectX 12, numbered from 0"
            ),
        });
    };
    // What another thread has left half opened is opened by nobody.
    let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    let what = match open.iter().find(|(device, _)| device == chosen) {
        Some((_, what)) => what.clone(),
        None => {
            let what = opened(chosen)?;
            open.push((chosen.clone(), what.clone()));
            what
        }
    };
    Ok((Device::new(chosen.clone()), what))
}

/// Opens an adapter: its name, how it is reached, and the driver's version where that is told.
fn opened(device: &WgpuDevice) -> Result<String, String> {
    let setup = RuntimeOptions::with_tasks_max(Some(TASKS))
        .and_then(|options| try_init_setup::<AutoGraphicsApi>(device, options))
        .map_err(|error| format!("the driver does not open it: {error}"))?;
    let adapter = setup.adapter.get_info();
    let way = format!("{:?}", adapter.backend);
    if way == "Gl" {
        let name = adapter.name;
        return Err(format!(
            "{name} is reached by OpenGL alone, and a driver for Vulkan, Metal or DirectX 12 is needed"
        ));
    }
    let parts = [adapter.name, way, adapter.driver_info];
    let told = parts.iter().filter(|part| !part.is_empty());
    Ok(told.map(String::as_str).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_a_card_or_a_processors_own_gpu_is_taken_unasked() {
        let kinds = [
            Kind::DiscreteGpu(0),
            Kind::IntegratedGpu(0),
            Kind::VirtualGpu(0),
            Kind::Other(0),
            Kind::Cpu,
        ];
        assert!(kinds.is_sorted_by_key(rank));
        assert_eq!(
            kinds.map(|kind| is_fit(&kind)),
            [true, true, false, false, false]
        );
    }

    #[test]
    fn what_is_opened_twice_is_one_device() {
        for number in 0..adapters().len() {
            assert_eq!(device(number), device(number));
        }
    }
}

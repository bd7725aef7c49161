//! Which device computes: asked for by the user, found out without touching the hardware needlessly.
//!
//! A way to reach GPUs is a file beside this one and a row of [`WAYS`]; its name is also that of the feature that builds it
//! in. `docs/gpu.md` says what each needs on a machine.

#[cfg(feature = "cuda")]
mod cuda;
mod properties;
#[cfg(feature = "wgpu")]
mod wgpu;

use std::fmt;
use std::str::FromStr;

use burn_std::config::{BurnConfig, RuntimeConfig as _};

use super::tensor::Device;
pub use properties::{model, offers, store};

/// All ways to reach GPUs, the one first that `auto` tries first.
static WAYS: [Way; 2] = [
    Way {
        name: "cuda",
        #[cfg(feature = "cuda")]
        reach: Some(cuda::REACH),
        #[cfg(not(feature = "cuda"))]
        reach: None,
    },
    Way {
        name: "wgpu",
        #[cfg(feature = "wgpu")]
        reach: Some(wgpu::REACH),
        #[cfg(not(feature = "wgpu"))]
        reach: None,
    },
];

/// A way to reach GPUs.
#[derive(Debug)]
pub struct Way {
    /// Its name on the command line.
    name: &'static str,
    /// How; none where it is not built in.
    reach: Option<Reach>,
}

impl PartialEq for Way {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Way {}

/// How GPUs are reached. Neither question panics, nor prints.
#[derive(Debug)]
struct Reach {
    /// Whether the first device is one to use unasked, or why not.
    first_is_fit: fn() -> Result<(), String>,
    /// The device of this number, from 0, and what it is, for people; or why there is none.
    device: fn(usize) -> Result<(Device, String), String>,
}

/// Settles how the tensor library works, for good: as it comes. To be called before anything else of it is.
///
/// Left alone, it looks for `burn.toml` and `cubecl.toml` in the working directory and in every folder above it, and for
/// variables of its own. What lies there may be others': such a file has it print between the lines of standard output and
/// write files to any place. What is to be known of a device is in the program's own words (`AUTOPEFT_LOG`).
pub fn settle() {
    // False where that has been done before: then it is settled.
    BurnConfig::try_set(BurnConfig::default());
    #[cfg(feature = "gpu")]
    {
        use cubecl::config::cache::CacheConfig;
        use cubecl::config::{CubeClRuntimeConfig, RuntimeConfig as _};

        let mut settled = CubeClRuntimeConfig::default();
        // What is kept goes to the user's own cache, not to `target` beside a `Cargo.toml` above the working directory.
        settled.environment.path = CacheConfig::Global;
        CubeClRuntimeConfig::try_set(settled);
    }
}

/// Has drivers print nothing. To be called before the first thread is started.
pub fn keep_quiet() {
    #[cfg(feature = "wgpu")]
    wgpu::keep_quiet();
}

/// The device the user asks for: `auto`, `cpu`, or a way to GPUs with a number, as `cuda` or `wgpu:1`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeviceChoice {
    /// The first GPU where there is one that is fit, by the first way that finds one, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// The GPU of this number, from 0, by this way.
    Gpu(&'static Way, usize),
}

/// Why a device cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// The text names no device.
    #[error("`{0}` is no device: expected `auto`, `cpu`, `cuda[:N]` or `wgpu[:N]` with N from 0")]
    Unknown(String),
    /// A GPU was asked for and cannot be used.
    #[error("{0} was asked for, but {1}; `--device cpu` works everywhere")]
    Unusable(DeviceChoice, String),
}

impl FromStr for DeviceChoice {
    type Err = DeviceError;

    fn from_str(text: &str) -> Result<Self, DeviceError> {
        let unknown = || DeviceError::Unknown(text.to_owned());
        let lower = text.to_ascii_lowercase();
        match lower.as_str() {
            "auto" => return Ok(Self::Auto),
            "cpu" => return Ok(Self::Cpu),
            _ => {}
        }
        let (name, number) = match lower.split_once(':') {
            Some((name, number)) => (name, number.parse().map_err(|_| unknown())?),
            None => (lower.as_str(), 0),
        };
        let way = WAYS.iter().find(|way| way.name == name);
        way.map(|way| Self::Gpu(way, number)).ok_or_else(unknown)
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Gpu(way, number) => write!(f, "{}:{number}", way.name),
        }
    }
}

impl DeviceChoice {
    /// The device, and a sentence for people that says which it is and why.
    ///
    /// No operation runs on a device to find out: where a driver is missing that would panic on other threads.
    ///
    /// # Errors
    /// A GPU was asked for by name and this program or this machine cannot use it.
    pub fn resolve(self) -> Result<(Device, String), DeviceError> {
        match self {
            Self::Cpu => Ok((Device::flex(), "cpu: as asked for".to_owned())),
            Self::Auto => Ok(automatic()),
            Self::Gpu(way, number) => {
                let reach = way.reach.as_ref().ok_or_else(|| unbuilt(&[way.name]));
                let found = reach.and_then(|reach| (reach.device)(number));
                let (device, what) = found.map_err(|why| DeviceError::Unusable(self, why))?;
                Ok((device, format!("{self}: {what}")))
            }
        }
    }
}

/// The first GPU that is fit, or the CPU and why.
fn automatic() -> (Device, String) {
    let mut reasons = Vec::new();
    for (way, reach) in WAYS
        .iter()
        .filter_map(|way| Some((way, way.reach.as_ref()?)))
    {
        match (reach.first_is_fit)().and_then(|()| (reach.device)(0)) {
            Ok((device, what)) => {
                return (device, format!("{}: {what}", DeviceChoice::Gpu(way, 0)));
            }
            Err(reason) => reasons.push(reason),
        }
    }
    if reasons.is_empty() {
        reasons.push(unbuilt(&WAYS.each_ref().map(|way| way.name)));
    }
    (Device::flex(), format!("cpu: {}", reasons.join("; ")))
}

/// That ways to GPUs are not built in.
fn unbuilt(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    let feature = if names.len() == 1 {
        "feature"
    } else {
        "features"
    };
    format!(
        "this program was built without its {} {feature}",
        names.join(" and ")
    )
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    reason = "a broken expectation must fail its test"
)]
mod tests {
    use super::*;
    use crate::memory::Store;

    #[test]
    fn devices_are_read_and_written_alike() {
        for text in ["auto", "cpu", "cuda:0", "cuda:3", "wgpu:0", "wgpu:12"] {
            let choice: DeviceChoice = text.parse().unwrap();
            assert_eq!(choice.to_string(), text);
        }
        assert_eq!("CUDA".parse(), Ok(DeviceChoice::Gpu(&WAYS[0], 0)));
        assert_eq!("wgpu".parse(), Ok(DeviceChoice::Gpu(&WAYS[1], 0)));
        for text in [
            "", "gpu", "cuda:", "cuda:x", "cuda:-1", "wgpu:", "wgpu1", "vulkan", "cpu:0", "auto:1",
        ] {
            let error = text.parse::<DeviceChoice>().unwrap_err();
            assert_eq!(error, DeviceError::Unknown(text.to_owned()));
        }
    }

    #[test]
    fn what_computes_on_the_processor_takes_the_machines_memory() {
        assert_eq!(store(&Device::flex()), Store::Machine);
        assert_eq!(store(&Device::flex().autodiff()), Store::Machine);
        let found = (0..8).map_while(|number| DeviceChoice::Gpu(&WAYS[1], number).resolve().ok());
        for (device, what) in found.filter(|(_, what)| what.contains("llvmpipe")) {
            assert_eq!(store(&device), Store::Machine, "{what}");
        }
    }

    #[test]
    fn the_cpu_is_always_there_and_auto_says_why() {
        assert!(DeviceChoice::Cpu.resolve().is_ok());
        let (device, why) = DeviceChoice::Auto.resolve().unwrap();
        let way = why.split(':').next().unwrap();
        assert_eq!(way == "cpu", device == Device::flex(), "{why}");
        let built = WAYS.iter().filter(|way| way.reach.is_some());
        let names: Vec<_> = built.map(|way| way.name).collect();
        assert!(way == "cpu" || names.contains(&way), "{why}");
        if names.is_empty() {
            let unbuilt = "cpu: this program was built without its `cuda` and `wgpu` features";
            assert_eq!(why, unbuilt);
        }
    }

    #[test]
    fn a_gpu_that_is_not_there_is_told_with_its_reason() {
        for way in &WAYS {
            let choice = DeviceChoice::Gpu(way, 999);
            let error = choice.resolve().unwrap_err().to_string();
            let begin = format!("{}:999 was asked for, but ", way.name);
            assert!(error.starts_with(&begin), "{error}");
            assert!(
                error.ends_with("; `--device cpu` works everywhere"),
                "{error}"
            );
            let unbuilt = format!("built without its `{}` feature", way.name);
            assert_eq!(error.contains(&unbuilt), way.reach.is_none(), "{error}");
        }
    }
}

//! Which device computes: asked for by the user, found out without touching the hardware needlessly.

use std::fmt;
use std::str::FromStr;

use burn_std::config::{BurnConfig, RuntimeConfig as _};

use super::tensor::Device;

/// Settles how the tensor library works, for good: as it comes. To be called before anything else of it is.
///
/// Left alone, it looks for `burn.toml` and `cubecl.toml` in the working directory and in every folder above it, and for
/// variables of its own. What lies there may be others': such a file has it print between the lines of standard output and
/// write files to any place. What is to be known of a device is in the program's own words (`AUTOPEFT_LOG`).
pub fn settle() {
    // False where that has been done before: then it is settled.
    BurnConfig::try_set(BurnConfig::default());
    #[cfg(feature = "cuda")]
    cuda::settle();
}

/// The device the user asks for: `auto`, `cpu`, `cuda` or `cuda:N`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeviceChoice {
    /// The first CUDA device where there is a usable one, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// The CUDA device of this number, from 0.
    Cuda(usize),
}

/// Why a device cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// The text names no device.
    #[error("`{0}` is no device: expected `auto`, `cpu`, `cuda` or `cuda:N` with N from 0")]
    Unknown(String),
    /// CUDA was asked for and cannot be used.
    #[error("{0} was asked for, but {1}; `--device cpu` works everywhere")]
    Unusable(DeviceChoice, String),
}

impl FromStr for DeviceChoice {
    type Err = DeviceError;

    fn from_str(text: &str) -> Result<Self, DeviceError> {
        let unknown = || DeviceError::Unknown(text.to_owned());
        match text.to_ascii_lowercase().as_str() {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(0)),
            other => {
                let number = other.strip_prefix("cuda:").ok_or_else(unknown)?;
                number.parse().map(Self::Cuda).map_err(|_| unknown())
            }
        }
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(number) => write!(f, "cuda:{number}"),
        }
    }
}

impl DeviceChoice {
    /// The device, and a sentence for people that says which it is and why.
    ///
    /// No operation runs on a device to find out: where a driver is missing that would panic on other threads.
    ///
    /// # Errors
    /// CUDA was asked for by name and this program or this machine cannot use it.
    pub fn resolve(self) -> Result<(Device, String), DeviceError> {
        match self {
            Self::Cpu => Ok((Device::flex(), "cpu: as asked for".to_owned())),
            Self::Auto => Ok(match cuda::device(0) {
                Ok(device) => (device, "cuda:0: the first CUDA device".to_owned()),
                Err(reason) => (Device::flex(), format!("cpu: {reason}")),
            }),
            Self::Cuda(number) => match cuda::device(number) {
                Ok(device) => Ok((device, format!("cuda:{number}: as asked for"))),
                Err(reason) => Err(DeviceError::Unusable(self, reason)),
            },
        }
    }
}

#[cfg(not(feature = "cuda"))]
mod cuda {
    use super::Device;

    pub(super) fn device(_number: usize) -> Result<Device, String> {
        Err("this program was built without its `cuda` feature".to_owned())
    }
}

#[cfg(feature = "cuda")]
mod cuda {
    use std::path::{Path, PathBuf};

    use burn::tensor::DeviceType;
    use cubecl::config::cache::CacheConfig;
    use cubecl::config::{CubeClRuntimeConfig, RuntimeConfig as _};

    use super::Device;

    /// Compiled kernels are kept in the user's own cache, not in `target` beside a `Cargo.toml` above the working directory.
    pub(super) fn settle() {
        let mut settled = CubeClRuntimeConfig::default();
        settled.environment.path = CacheConfig::Global;
        CubeClRuntimeConfig::try_set(settled);
    }

    /// The CUDA device of this number, or why there is none.
    pub(super) fn device(number: usize) -> Result<Device, String> {
        let found = Device::enumerate(DeviceType::Cuda).into_vec().len();
        if found == 0 {
            return Err("no CUDA device was found".to_owned());
        }
        if number >= found {
            return Err(format!(
                "only {found} CUDA device(s) were found, numbered from 0"
            ));
        }
        compiler()?;
        Ok(Device::cuda(number))
    }

    /// Kernels are compiled on this machine: that takes NVIDIA's run-time compiler and its headers.
    fn compiler() -> Result<(), String> {
        let root = toolkit()
            .ok_or("no CUDA toolkit was found; set CUDA_PATH to the folder of one".to_owned())?;
        let header = root.join("include/cuda_runtime.h");
        if !header.exists() {
            return Err(format!(
                "the CUDA headers are missing ({} is not there); set CUDA_PATH to the CUDA toolkit",
                header.display()
            ));
        }
        let mut folders = vec![root.join("lib64"), root.join("lib")];
        let named = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
        folders.extend(std::env::split_paths(&named));
        folders.extend(
            [
                "/usr/lib/x86_64-linux-gnu",
                "/usr/lib/aarch64-linux-gnu",
                "/usr/lib64",
                "/usr/lib",
            ]
            .map(PathBuf::from),
        );
        if folders.iter().any(|folder| has_compiler(folder)) {
            Ok(())
        } else {
            Err(format!(
                "NVIDIA's run-time compiler (libnvrtc) was found in none of {}; install the CUDA toolkit or add its folder to LD_LIBRARY_PATH",
                list(&folders)
            ))
        }
    }

    /// The one folder in which the CUDA backend will look for headers.
    fn toolkit() -> Option<PathBuf> {
        if let Some(named) = std::env::var_os("CUDA_PATH") {
            return Some(PathBuf::from(named));
        }
        let usual = ["/usr/local/cuda", "/opt/cuda"].map(PathBuf::from);
        let found = usual.into_iter().find(|path| path.exists());
        let with_system = || Path::new("/usr/bin/nvcc").exists().then(|| "/usr".into());
        found.or_else(with_system)
    }

    fn has_compiler(folder: &Path) -> bool {
        let Ok(entries) = std::fs::read_dir(folder) else {
            return false;
        };
        entries.flatten().any(|entry| {
            entry
                .file_name()
                .to_string_lossy()
                .starts_with("libnvrtc.so")
        })
    }

    fn list(paths: &[PathBuf]) -> String {
        let texts: Vec<String> = paths.iter().map(|p| p.display().to_string()).collect();
        texts.join(", ")
    }
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    reason = "a broken expectation must fail its test"
)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_read_and_written_alike() {
        for text in ["auto", "cpu", "cuda:0", "cuda:3"] {
            let choice: DeviceChoice = text.parse().unwrap();
            assert_eq!(choice.to_string(), text);
        }
        assert_eq!("CUDA".parse(), Ok(DeviceChoice::Cuda(0)));
        for text in ["", "gpu", "cuda:", "cuda:x", "cuda:-1"] {
            let error = text.parse::<DeviceChoice>().unwrap_err();
            assert_eq!(error, DeviceError::Unknown(text.to_owned()));
        }
    }

    #[test]
    fn the_cpu_is_always_there_and_auto_says_why() {
        assert!(DeviceChoice::Cpu.resolve().is_ok());
        let (_, why) = DeviceChoice::Auto.resolve().unwrap();
        assert!(
            why.starts_with("cpu: ") || why.starts_with("cuda:0: "),
            "{why}"
        );
    }
}

//! NVIDIA's GPUs through CUDA: a driver, its run-time compiler and the headers that kernels include.

use std::path::{Path, PathBuf};

use burn::tensor::DeviceType;

use super::{Device, Reach};

pub(super) const REACH: Reach = Reach {
    first_is_fit: || fit(0),
    device: |number| {
        fit(number)?;
        Ok((Device::cuda(number), format!("CUDA device {number}")))
    },
};

/// Why there is no CUDA device of this number, if there is none.
fn fit(number: usize) -> Result<(), String> {
    let found = Device::enumerate(DeviceType::Cuda).into_vec().len();
    if found == 0 {
        return Err("no CUDA device was found".to_owned());
    }
    if number >= found {
        return Err(format!(
            "only {found} CUDA device(s) were found, numbered from 0"
        ));
    }
    compiler()
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

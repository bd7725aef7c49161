//! What a device is, as far as it tells.

use std::time::UNIX_EPOCH;

use nvml_wrapper::Nvml;

use crate::model::device;
use crate::model::tensor::DType;

use super::{Finding, Row, Subject};

pub(super) fn look(subject: &Subject, add: &mut dyn FnMut(Row)) {
    let mut fact = |name: &str, text: String| {
        add(Row {
            part: "device",
            name: name.to_owned(),
            finding: Finding::Fact(text),
        });
    };
    fact("name", subject.device_text.clone());
    fact("operations", subject.ops.name().to_owned());
    let formats = [
        ("f64", DType::F64),
        ("f32", DType::F32),
        ("bf16", DType::BF16),
    ];
    let known = formats
        .iter()
        .filter(|(_, dtype)| subject.device.supports_dtype(*dtype));
    let known: Vec<&str> = known.map(|(name, _)| *name).collect();
    fact("number formats", known.join(", "));
    for (name, text) in nvidia().unwrap_or_default() {
        fact(&name, text);
    }
}

/// What NVIDIA's driver says of itself and its cards; nothing where there is none.
fn nvidia() -> Option<Vec<(String, String)>> {
    let nvml = Nvml::init().ok()?;
    let mut facts = Vec::new();
    if let Ok(version) = nvml.sys_driver_version() {
        facts.push(("NVIDIA driver".to_owned(), version));
    }
    for index in 0..nvml.device_count().unwrap_or(0) {
        let Ok(card) = nvml.device_by_index(index) else {
            continue;
        };
        let name = card.name().unwrap_or_else(|_| "GPU".to_owned());
        let memory = card.memory_info().map_or(String::new(), |memory| {
            let gib = |bytes: u64| bytes as f64 / f64::from(1 << 30);
            format!(
                ", {:.1} of {:.1} GiB free",
                gib(memory.free),
                gib(memory.total)
            )
        });
        facts.push((format!("NVIDIA card {index}"), name + &memory));
    }
    Some(facts)
}

/// What names the device and its driver, so that another driver is another device. wgpu tells both in the device's text.
pub(super) fn identity(subject: &Subject) -> String {
    let mut parts = vec![subject.device_text.clone()];
    parts.extend(device::model(&subject.device));
    let driver = Nvml::init().and_then(|nvml| nvml.sys_driver_version());
    parts.extend(driver.ok());
    parts.join("; ")
}

/// Which program examines: its version, and what tells builds of one version apart.
pub(super) fn program() -> String {
    let mut parts = vec![env!("CARGO_PKG_VERSION").to_owned()];
    let built = std::env::current_exe().and_then(|file| file.metadata());
    if let Ok(file) = built {
        let changed = file.modified().ok();
        let since = changed.and_then(|changed| changed.duration_since(UNIX_EPOCH).ok());
        parts.push(file.len().to_string());
        parts.extend(since.map(|since| since.as_secs().to_string()));
    }
    parts.join("-")
}

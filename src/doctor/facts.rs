//! What a device is, as far as it tells.

use nvml_wrapper::Nvml;

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
    fact("device", subject.device_text.clone());
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

/// What names the device and all that computes on it, so that another driver is another device.
pub(super) fn identity(subject: &Subject) -> String {
    let mut parts = vec![subject.device_text.clone()];
    if let Some(version) = Nvml::init()
        .ok()
        .and_then(|nvml| nvml.sys_driver_version().ok())
    {
        parts.push(version);
    }
    parts.join("; ")
}

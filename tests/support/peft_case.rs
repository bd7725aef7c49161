//! The PEFT settings of golden cases, as configurations.

use std::collections::BTreeMap;

use autopeft::domain::Configuration;
use autopeft::model::AdaptedSettings;
use autopeft::model::peft;
use serde_json::Value;

/// Names of modules in golden files and in the registry, and of their size in golden files.
pub(crate) const KINDS: [(&str, &str, &str); 3] = [
    ("sa", "serial", "dim"),
    ("pa", "parallel", "dim"),
    ("pt", "prefix", "length"),
];

/// The configuration of a `peft` block, or the kind of module in it that is in no registry.
pub(crate) fn configuration(block: &Value) -> Result<Configuration, String> {
    let mut configuration = Configuration {
        modules: BTreeMap::new(),
        layers: Vec::new(),
    };
    for (kind, module) in block.as_object().unwrap() {
        let known = KINDS.iter().find(|(name, _, _)| name == kind);
        let &(_, name, size) = known.ok_or_else(|| kind.clone())?;
        let layers = module["layers"].as_array().unwrap().iter();
        let layers: Vec<usize> = layers.map(|l| l.as_u64().unwrap() as usize).collect();
        assert!(
            configuration.modules.is_empty() || configuration.layers == layers,
            "the modules of a configuration share their layers: {block}"
        );
        assert!(peft::module(name).is_some());
        assert!(module.get("scale").is_none_or(|s| s.as_f64() == Some(4.0)));
        configuration.layers = layers;
        let size = module[size].as_u64().unwrap() as usize;
        configuration.modules.insert(name.to_owned(), size);
    }
    Ok(configuration)
}

/// The settings that a `peft` block and a number of outputs ask for.
pub(crate) fn settings(block: &Value, outputs: usize) -> AdaptedSettings {
    let prefix = &block["pt"];
    let flat = prefix["flat"].as_bool().unwrap_or(false);
    let width = prefix["bottleneck"].as_u64().unwrap_or(1) as usize;
    AdaptedSettings {
        outputs,
        prefix_bottleneck: (!flat).then_some(width),
        seed: 1,
    }
}

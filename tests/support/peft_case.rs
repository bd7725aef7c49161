//! The PEFT settings of golden cases, as configurations.

use std::collections::BTreeMap;

use autopeft::domain::Configuration;
use autopeft::model::AdaptedSettings;
use autopeft::model::peft::{self, Ia3Place};
use serde_json::Value;

/// Names of modules in golden files and in the registry, and of their size in golden files.
pub(crate) const KINDS: [(&str, &str, &str); 5] = [
    ("sa", "serial", "dim"),
    ("pa", "parallel", "dim"),
    ("pt", "prefix", "length"),
    ("lora", "lora", "r"),
    ("ia3", "ia3", ""),
];

/// The configuration of a `peft` block, or the kind of module in it that is in no registry.
pub(crate) fn configuration(block: &Value) -> Result<Configuration, String> {
    let mut configuration = Configuration {
        modules: BTreeMap::new(),
        layers: Vec::new(),
        ..Configuration::default()
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
        if let Some(targets) = module.get("targets") {
            assert_eq!(*targets, serde_json::json!(["query", "value"]));
        }
        configuration.layers = layers;
        let size = module.get(size).map_or(1, |s| s.as_u64().unwrap() as usize);
        configuration.modules.insert(name.to_owned(), size);
    }
    Ok(configuration)
}

/// The settings that a `peft` block and a number of outputs ask for.
pub(crate) fn settings(block: &Value, outputs: usize) -> AdaptedSettings {
    let prefix = &block["pt"];
    let flat = prefix["flat"].as_bool().unwrap_or(false);
    let width = prefix["bottleneck"].as_u64().unwrap_or(1) as usize;
    let scale = || Some(block["lora"]["alpha"].as_f64()? / block["lora"]["r"].as_f64()?);
    AdaptedSettings {
        outputs,
        prefix_bottleneck: (!flat).then_some(width),
        lora_scale: scale().unwrap_or(1.0),
        ia3_place: match block["ia3"]["ffn"].as_str() {
            None | Some("post_activation") => Ia3Place::AfterActivation,
            Some("pre_activation") => Ia3Place::BeforeActivation,
            Some(other) => panic!("(IA)³ {other}"),
        },
        seed: 1,
    }
}

//! What the Python formats hold. That they load and predict the same is for `.ci/python-exports`, which has the libraries.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::fixture::{Fixture, tensor};
use crate::domain::TrialId;
use crate::export::python::MODULE;
use crate::export::{CARD_FORMAT, ExportError, export};
use crate::model::weights::NamedTensor;
use crate::train::checkpoint;

/// A front of one trial with these modules in layers 1 and 3.
fn of(modules: &[(&str, usize)], weights: &[NamedTensor]) -> Fixture {
    let mut fixture = Fixture::new();
    fixture.trials.truncate(1);
    let configuration = &mut fixture.trials[0].configuration;
    let modules = modules.iter().map(|&(name, size)| (name.to_owned(), size));
    configuration.modules = modules.collect();
    configuration.layers = vec![1, 3];
    fixture.keep(TrialId(0), weights);
    fixture
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn shapes(path: &Path) -> BTreeMap<String, Vec<usize>> {
    let tensors = checkpoint::load(path).unwrap().into_iter();
    tensors.map(|t| (t.name, t.shape)).collect()
}

#[test]
fn the_module_reads_the_cards_that_it_lies_beside() {
    assert!(MODULE.contains(&format!("\nFORMAT = {CARD_FORMAT}\n")));
}

#[test]
fn scripts_say_which_family_the_encoder_is_of() {
    let lora = [
        tensor("layer.3.lora.query.A", &[4, 96]),
        tensor("head.dense.weight", &[96, 96]),
        tensor("head.out.bias", &[2]),
    ];
    let fixture = of(&[("lora", 4)], &lora);
    let front = fixture.front();
    export(&front, &["adapters", "peft"], &fixture.out()).unwrap();
    let family = front.context.encoder.architecture.name();
    for script in ["load.py", "peft/load.py"] {
        let path = fixture.out().join("trial-0000").join(script);
        let text = std::fs::read_to_string(path).unwrap();
        assert!(text.contains(&format!("\nMODEL_TYPE = \"{family}\"\n")));
        assert!(text.contains("config = settings(") && text.contains("AutoConfig,"));
    }
}

#[test]
fn adapterhub_takes_a_bottleneck_and_a_prefix_as_a_union_without_the_prefixs_network() {
    let weights = [
        tensor("layer.1.pa.down.weight", &[2, 96]),
        tensor("layer.1.pa.up.bias", &[96]),
        tensor("prefix.wte.weight", &[3, 96]),
        tensor("prefix.mlp.0.weight", &[4, 96]),
        tensor("prefix.mlp.0.bias", &[4]),
        tensor("prefix.mlp.2.weight", &[384, 4]),
        tensor("prefix.mlp.2.bias", &[384]),
        tensor("head.dense.bias", &[96]),
        tensor("head.out.bias", &[2]),
    ];
    let fixture = of(&[("parallel", 2), ("prefix", 3)], &weights);
    export(&fixture.front(), &["adapterhub"], &fixture.out()).unwrap();
    let folder = fixture.out().join("trial-0000/adapterhub");
    let config = &json(&folder.join("adapter_config.json"))["config"];
    assert_eq!(config["architecture"], "union");
    let [parallel, prefix] = config["configs"].as_array().unwrap().as_slice() else {
        panic!("{config}");
    };
    assert_eq!(
        (&parallel["scaling"], &parallel["is_parallel"]),
        (&4.0.into(), &true.into())
    );
    assert_eq!(parallel["reduction_factor"], 48.0);
    assert_eq!(
        (&prefix["prefix_length"], &prefix["flat"]),
        (&3.into(), &true.into())
    );
    for method in [parallel, prefix] {
        assert_eq!(method["leave_out"], serde_json::json!([0, 2]));
    }
    let found = shapes(&folder.join("adapter.safetensors"));
    let expected = [
        (
            "bert.encoder.layer.1.output.adapters.quickstart.adapter_down.0.weight",
            vec![2, 96],
        ),
        (
            "bert.encoder.layer.1.output.adapters.quickstart.adapter_up.bias",
            vec![96],
        ),
        (
            "bert.prefix_tuning.prefix_tunings.quickstart.self_prefix.control_trans",
            vec![3 * 384],
        ),
    ];
    assert_eq!(
        found,
        expected
            .map(|(name, shape)| (name.to_owned(), shape))
            .into()
    );
    let head = shapes(&folder.join("model_head.safetensors"));
    assert_eq!(
        head.into_keys().collect::<Vec<_>>(),
        ["heads.quickstart.1.bias", "heads.quickstart.4.bias"]
    );
}

#[test]
fn peft_takes_lora_alone_with_the_head_as_pooler_and_classifier() {
    let weights = [
        tensor("layer.3.lora.query.A", &[4, 96]),
        tensor("head.dense.weight", &[96, 96]),
        tensor("head.out.bias", &[2]),
    ];
    let fixture = of(&[("lora", 4)], &weights);
    export(&fixture.front(), &["peft"], &fixture.out()).unwrap();
    let folder = fixture.out().join("trial-0000/peft");
    let config = json(&folder.join("adapter_config.json"));
    assert_eq!(
        (&config["r"], &config["lora_alpha"]),
        (&4.into(), &4.0.into())
    );
    assert_eq!(config["target_modules"].as_array().unwrap().len(), 4);
    let found = shapes(&folder.join("adapter_model.safetensors"));
    let expected = [
        (
            "base_model.model.bert.encoder.layer.3.attention.self.query.lora_A.weight",
            vec![4, 96],
        ),
        ("base_model.model.bert.pooler.dense.weight", vec![96, 96]),
        ("base_model.model.classifier.bias", vec![2]),
    ];
    assert_eq!(
        found,
        expected
            .map(|(name, shape)| (name.to_owned(), shape))
            .into()
    );
}

#[test]
fn what_a_library_cannot_express_is_said_and_left_out_of_all() {
    let weights = [tensor("head.out.bias", &[2])];
    let fixture = of(&[("serial", 1), ("parallel", 2)], &weights);
    for format in ["adapterhub", "peft"] {
        let error = export(&fixture.front(), &[format], &fixture.out()).unwrap_err();
        assert!(
            matches!(error, ExportError::Inexpressible { .. }),
            "{error}"
        );
        assert!(error.to_string().contains("trial #0"), "{error}");
    }
    export(&fixture.front(), &["all"], &fixture.out()).unwrap();
    let page = std::fs::read_to_string(fixture.out().join("trial-0000/README.md")).unwrap();
    assert!(
        page.contains("No `adapterhub` for this combination"),
        "{page}"
    );
    assert!(
        page.contains("parallel 2 + serial 1 in layers 1,3"),
        "{page}"
    );
}

#[test]
fn the_manifest_knows_the_model_by_its_hashes() {
    let fixture = Fixture::new();
    export(&fixture.front(), &["manifest"], &fixture.out()).unwrap();
    let manifest = json(&fixture.out().join("manifest.json"));
    let digests = manifest["model"]["sha256"].as_object().unwrap();
    assert_eq!(digests.len(), 3, "{digests:?}");
    assert!(
        digests
            .values()
            .all(|digest| digest.as_str().unwrap().len() == 64)
    );
    assert_eq!(manifest["study"]["seed"], 11);
    assert_eq!(manifest["front"].as_array().unwrap().len(), 3);
}

//! Every family of encoders against `transformers`, in 64 and in 32 bits; `tests/make/encoders.py` made the cases.

use std::path::Path;

use autopeft::model::Backbone;
use autopeft::model::tensor::{DType, Device, Tensor};
use serde_json::Value;

use super::golden;

#[test]
fn hidden_states() {
    // 32 bits go by the fused operations, 64 by the library's.
    check_all(&Device::flex(), &[(DType::F64, 1e-12), (DType::F32, 5e-6)]);
}

/// Compares all families on a device, in each number format within its bound.
pub(crate) fn check_all(device: &Device, formats: &[(DType, f64)]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/encoders");
    let mut families = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let folder = entry.unwrap().path();
        for &(dtype, tolerance) in formats {
            compare(&folder, device, dtype, tolerance);
        }
        families += 1;
    }
    assert_eq!(families, 8, "families with a golden file");
}

fn compare(folder: &Path, device: &Device, dtype: DType, tolerance: f64) {
    let case = golden::json(&folder.join("case.json"));
    let config = std::fs::read_to_string(folder.join("config.json")).unwrap();
    let weights = std::fs::read(folder.join("model.safetensors")).unwrap();
    let origin = folder.display().to_string();
    let backbone = Backbone::load(&config, &weights, &origin, device, dtype).unwrap();
    assert_eq!(
        Some(backbone.config().backbone_parameters()),
        case["parameters"].as_u64(),
        "{origin}: parameters"
    );
    let [ids, types, mask] = ["input_ids", "token_type_ids", "attention_mask"].map(|name| {
        numbers(&case[name])
            .iter()
            .map(|&n| n as u32)
            .collect::<Vec<_>>()
    });
    let rows = case["input_ids"].as_array().unwrap().len();
    let batch = backbone
        .batch(&ids, &types, &mask, [rows, ids.len() / rows])
        .unwrap();
    let states = backbone.hidden_states(&batch, &[]);
    let expected = case["hidden_states"].as_array().unwrap();
    assert_eq!(states.len(), expected.len());
    for (layer, (ours, theirs)) in states.into_iter().zip(expected).enumerate() {
        let theirs = numbers(theirs);
        let ours: Vec<f64> = Tensor::into_data(ours).iter::<f64>().collect();
        assert_eq!(ours.len(), theirs.len());
        let off = ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs());
        let worst = off.fold(0.0, f64::max);
        assert!(
            worst <= tolerance,
            "{origin}, {dtype:?}, layer {layer}: off by {worst}"
        );
    }
}

/// All numbers of nested lists, in order.
fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(items) => items.iter().flat_map(numbers).collect(),
        number => vec![number.as_f64().unwrap()],
    }
}

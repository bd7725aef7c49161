use super::*;
use crate::model::Backbone;
use crate::model::config::{Architecture, EncoderConfig};
use crate::model::tensor::{DType, Device};

const WORDS: &str = "embeddings.word_embeddings.weight";

fn one(name: &str, values: &[f32]) -> NamedTensor {
    NamedTensor {
        name: name.to_owned(),
        shape: vec![values.len()],
        values: values.to_vec(),
    }
}

#[test]
fn every_float_format_is_read_and_whole_numbers_are_passed_over() {
    let formats: [(&str, Dtype, Vec<u8>); 5] = [
        ("a", Dtype::F16, f16::from_f32(1.5).to_le_bytes().to_vec()),
        (
            "b",
            Dtype::BF16,
            bf16::from_f32(-2.0).to_le_bytes().to_vec(),
        ),
        ("c", Dtype::F64, 0.25f64.to_le_bytes().to_vec()),
        ("d", Dtype::F32, 3.0f32.to_le_bytes().to_vec()),
        ("ids", Dtype::I64, 7i64.to_le_bytes().to_vec()),
    ];
    let views = formats
        .iter()
        .map(|(name, dtype, data)| (*name, TensorView::new(*dtype, vec![1], data).unwrap()));
    let bytes = safetensors::serialize(views, None).unwrap();
    let weights = Weights::new(&bytes, "file").unwrap();
    let read = weights.floats().unwrap();
    let values: Vec<f32> = read.iter().flat_map(|t| t.values.clone()).collect();
    assert_eq!(values, [1.5, -2.0, 0.25, 3.0]);
}

#[test]
fn truncated_files_and_lying_headers_are_refused() {
    let bytes = to_bytes(&[one("a", &[1.0, 2.0])], FileFormat::F32).unwrap();
    for length in [0, 7, 20, bytes.len() - 1] {
        let message = Weights::new(&bytes[..length], "f").unwrap_err().to_string();
        assert!(
            message.contains("not a whole safetensors file"),
            "{message}"
        );
    }
    let mut lying = bytes.clone();
    lying[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(Weights::new(&lying, "f").is_err());
}

/// A small BERT's tensors, their names changed.
fn renamed(rename: impl Fn(&str) -> String) -> Vec<NamedTensor> {
    let mut tensors = Backbone::random(&EncoderConfig::tiny(), 1);
    for tensor in &mut tensors {
        tensor.name = rename(&tensor.name);
    }
    tensors
}

/// What comes of these tensors as the weights of a small BERT.
fn load(tensors: &[NamedTensor]) -> Result<Vec<NamedTensor>, String> {
    let bytes = to_bytes(tensors, FileFormat::F32).unwrap();
    let weights = Weights::new(&bytes, "some/file").unwrap();
    let config = EncoderConfig::tiny();
    let backbone = Backbone::from_weights(config, &weights, &Device::flex(), DType::F32);
    let backbone = backbone.map_err(|error| error.to_string())?;
    Ok(backbone.to_named())
}

#[test]
fn names_as_python_reads_them_are_understood() {
    let plain = renamed(str::to_owned);
    assert_eq!(load(&plain).unwrap(), plain);
    let mut with_head = renamed(|name| format!("bert.{name}"));
    with_head.push(one("bert.embeddings.position_ids", &[0.0, 1.0]));
    with_head.push(one("cls.predictions.bias", &[0.5]));
    with_head.push(one("classifier.bias", &[0.5]));
    assert_eq!(load(&with_head).unwrap(), plain);
    let old = renamed(|name| {
        let name = name.replace("LayerNorm.weight", "LayerNorm.gamma");
        name.replace("LayerNorm.bias", "LayerNorm.beta")
    });
    assert_eq!(load(&old).unwrap(), plain);
    let mut headless = plain.clone();
    headless.retain(|tensor| !tensor.name.starts_with("pooler"));
    assert_eq!(load(&headless).unwrap(), headless);
}

#[test]
fn other_prefixes_are_refused_with_what_has_to_go() {
    for (prefix, surplus) in [
        ("module.", "module."),
        ("module.bert.", "module."),
        ("_orig_mod.bert.", "_orig_mod."),
        ("model.encoder.", "model.encoder."),
        ("0.auto_model.", "0.auto_model."),
    ] {
        let message = load(&renamed(|name| format!("{prefix}{name}"))).unwrap_err();
        let removed = format!("removeprefix(\"{surplus}\")");
        assert!(
            message.starts_with("some/file: ") && message.contains(&removed),
            "{message}"
        );
    }
    let message = load(&renamed(|name| format!("roberta.{name}"))).unwrap_err();
    assert!(
        message.contains("as those of `roberta`, but config.json says `bert`"),
        "{message}"
    );
    let mut two = renamed(|name| format!("bert.{name}"));
    two.extend(renamed(str::to_owned));
    let message = load(&two).unwrap_err();
    assert!(message.contains("two encoders"), "{message}");
    let message = load(&[one("base_model.lora_A", &[1.0])]).unwrap_err();
    assert!(message.contains("none of its 1 tensors"), "{message}");
    assert!(
        message.contains("the first is `base_model.lora_A`"),
        "{message}"
    );
}

#[test]
fn what_does_not_fit_is_named_with_its_shapes() {
    let change = |change: &dyn Fn(&mut Vec<NamedTensor>)| {
        let mut tensors = renamed(|name| format!("bert.{name}"));
        change(&mut tensors);
        load(&tensors).unwrap_err()
    };
    let missing = change(&|tensors| {
        tensors.retain(|t| t.name != "bert.encoder.layer.1.output.dense.weight");
    });
    let expected = "`bert.encoder.layer.1.output.dense.weight`, shape [8, 12], is missing";
    assert!(missing.contains(expected), "{missing}");
    // One of them under another prefix is not taken in its place.
    let elsewhere = change(&|tensors| {
        tensors.push(one("pooler.dense.bias", &[0.0; 8]));
        tensors.retain(|t| t.name != "bert.pooler.dense.bias");
    });
    assert!(
        elsewhere.contains("`bert.pooler.dense.bias`"),
        "{elsewhere}"
    );
    let shape = change(&|tensors| {
        let words = tensors.iter_mut().find(|t| t.name.contains("word_emb"));
        let words = words.unwrap();
        words.shape = vec![21, 8];
        words.values.extend([0.0; 8]);
    });
    assert!(
        shape.contains("has shape [21, 8], but the configuration asks for [20, 8]"),
        "{shape}"
    );
    let deeper = change(&|tensors| {
        let mut layer: Vec<NamedTensor> = tensors.clone();
        layer.retain(|t| t.name.contains("layer.2."));
        for tensor in &mut layer {
            tensor.name = tensor.name.replace("layer.2.", "layer.3.");
        }
        tensors.extend(layer);
    });
    let expected =
        "`bert.encoder.layer.3.attention.output.LayerNorm.bias`, shape [8], has no place";
    assert!(
        deeper.contains(expected) && deeper.contains("nor have 15 others"),
        "{deeper}"
    );
    let relative = change(&|tensors| {
        let name = "bert.encoder.layer.0.attention.self.distance_embedding.weight";
        tensors.push(one(name, &[1.0, 2.0]));
    });
    assert!(relative.contains("distance_embedding"), "{relative}");
    let infinite = change(&|tensors| tensors[3].values[1] = f32::NAN);
    assert!(infinite.contains("not finite"), "{infinite}");
}

#[test]
fn whole_numbers_are_no_weights() {
    let config = EncoderConfig::tiny();
    let view = [0u8; 160];
    let view = TensorView::new(Dtype::I8, vec![20, 8], &view).unwrap();
    let bytes = safetensors::serialize([(WORDS, view)], None).unwrap();
    let weights = Weights::new(&bytes, "f").unwrap();
    let mut tensors = weights.encoder(config.architecture).unwrap();
    let message = tensors.take(WORDS, &[20, 8]).unwrap_err().to_string();
    assert!(message.contains("holds I8 numbers"), "{message}");
}

#[test]
fn a_family_by_its_own_names() {
    let tensors = [
        one("distilbert.embeddings.word_embeddings.weight", &[1.0]),
        one("distilbert.transformer.layer.0.sa_layer_norm.bias", &[2.0]),
        one("vocab_projector.bias", &[3.0]),
    ];
    let bytes = to_bytes(&tensors, FileFormat::F32).unwrap();
    let weights = Weights::new(&bytes, "f").unwrap();
    let mut tensors = weights.encoder(Architecture::DistilBert).unwrap();
    assert!(!tensors.has("pooler.dense.weight"));
    let name = "encoder.layer.0.attention.output.LayerNorm.bias";
    assert_eq!(tensors.take(name, &[1]).unwrap(), [2.0]);
    let left = tensors.nothing_left().unwrap_err().to_string();
    assert!(
        left.contains("`distilbert.embeddings.word_embeddings.weight`"),
        "{left}"
    );
}

#[test]
fn several_files_are_one_encoder() {
    let all = renamed(str::to_owned);
    let (first, second) = all.split_at(7);
    let [first, second] = [first, second].map(|t| to_bytes(t, FileFormat::F32).unwrap());
    let files = [("a", first.as_slice()), ("b", second.as_slice())];
    let weights = Weights::of_files(files, "both").unwrap();
    let config = EncoderConfig::tiny();
    let backbone = Backbone::from_weights(config, &weights, &Device::flex(), DType::F32).unwrap();
    assert_eq!(backbone.to_named(), all);
    let twice = Weights::of_files([files[0], ("c", first.as_slice())], "both");
    let message = twice.unwrap_err().to_string();
    assert!(
        message.starts_with("c: ") && message.contains("in a as well"),
        "{message}"
    );
}

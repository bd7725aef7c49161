use serde_json::json;

use super::*;

/// BERT-base or RoBERTa-base.
fn base(architecture: Architecture) -> EncoderConfig {
    let roberta = architecture == Architecture::Roberta;
    EncoderConfig {
        architecture,
        vocabulary: if roberta { 50265 } else { 30522 },
        hidden: 768,
        layers: 12,
        heads: 12,
        intermediate: 3072,
        positions: if roberta { 514 } else { 512 },
        token_types: if roberta { 1 } else { 2 },
        distances: 0,
        projected_from: None,
        padding_id: u32::from(roberta),
        layer_norm_epsilon: if roberta { 1e-5 } else { 1e-12 },
        initializer_range: 0.02,
    }
}

fn with(key: &str, value: Value) -> Result<EncoderConfig, ConfigError> {
    let mut json: Value = serde_json::from_str(&base(Architecture::Bert).to_json()).unwrap();
    match value {
        Value::Null => json.as_object_mut().unwrap().remove(key),
        value => json.as_object_mut().unwrap().insert(key.to_owned(), value),
    };
    EncoderConfig::from_json(&json.to_string(), "config.json")
}

#[test]
fn published_encoders_have_their_published_sizes() {
    assert_eq!(base(Architecture::Bert).backbone_parameters(), 109_482_240);
    let roberta = base(Architecture::Roberta);
    assert_eq!(roberta.backbone_parameters(), 124_645_632);
    assert_eq!(roberta.longest_sequence(), 512);
    let large = EncoderConfig {
        hidden: 1024,
        layers: 24,
        heads: 16,
        intermediate: 4096,
        ..roberta
    };
    assert_eq!(large.backbone_parameters(), 355_359_744);
    let [distil, electra, mpnet] = others();
    assert_eq!(mpnet.backbone_parameters(), 109_486_464);
    assert_eq!(distil.backbone_parameters(), 66_362_880);
    assert_eq!(electra.backbone_parameters(), 13_483_008);
}

/// DistilBERT-base, ELECTRA-small and MPNet-base.
fn others() -> [EncoderConfig; 3] {
    let distil = EncoderConfig {
        architecture: Architecture::DistilBert,
        layers: 6,
        token_types: 0,
        ..base(Architecture::Bert)
    };
    let electra = EncoderConfig {
        architecture: Architecture::Electra,
        hidden: 256,
        heads: 4,
        intermediate: 1024,
        projected_from: Some(128),
        ..base(Architecture::Bert)
    };
    let mpnet = EncoderConfig {
        architecture: Architecture::Mpnet,
        vocabulary: 30527,
        positions: 514,
        token_types: 0,
        distances: 32,
        padding_id: 1,
        ..base(Architecture::Bert)
    };
    [distil, electra, mpnet]
}

#[test]
fn a_configuration_survives_writing_and_reading() {
    let [distil, electra, mpnet] = others();
    let [bert, roberta] = [Architecture::Bert, Architecture::Roberta].map(base);
    for config in [bert, roberta, distil, electra, mpnet] {
        assert_eq!(EncoderConfig::from_json(&config.to_json(), "x"), Ok(config));
    }
}

#[test]
fn what_is_not_implemented_is_refused_by_name() {
    for (key, value) in [
        ("model_type", "t5"),
        ("hidden_act", "relu"),
        ("hidden_act", "gelu_new"),
        ("hidden_act", "gelu_pytorch_tanh"),
        ("position_embedding_type", "relative_key"),
    ] {
        let message = with(key, value.into()).unwrap_err().to_string();
        assert!(
            message.contains(key) && message.contains(value),
            "{message}"
        );
    }
    for (key, value) in [
        ("is_decoder", json!(true)),
        ("add_cross_attention", json!(true)),
        ("pruned_heads", json!({"0": [1]})),
        ("quantization_config", json!({"load_in_8bit": true})),
        ("auto_map", json!({"AutoModel": "modeling.OwnModel"})),
        // Python takes it to mean: no positions at all.
        ("position_embedding_type", json!(null)),
    ] {
        let mut config = json_of(Architecture::Bert);
        config[key] = value;
        let message = read(&config).unwrap_err().to_string();
        assert!(message.contains(key), "{message}");
    }
    let message = with("num_attention_heads", 7.into()).unwrap_err();
    assert!(message.to_string().contains("divisor of hidden_size, 768"));
    let [.., mpnet] = others();
    let few = (mpnet.to_json()).replace("num_buckets\": 32", "num_buckets\": 16");
    let message = EncoderConfig::from_json(&few, "x").unwrap_err().to_string();
    assert!(
        message.contains("num_buckets` is 16; expected 32"),
        "{message}"
    );
}

/// The configuration of the published encoder as JSON.
fn json_of(architecture: Architecture) -> Value {
    serde_json::from_str(&base(architecture).to_json()).unwrap()
}

fn read(config: &Value) -> Result<EncoderConfig, ConfigError> {
    EncoderConfig::from_json(&config.to_string(), "config.json")
}

#[test]
fn absent_keys_stand_for_what_they_stand_for_in_python() {
    let [distil, electra, mpnet] = others();
    let [bert, roberta] = [Architecture::Bert, Architecture::Roberta].map(base);
    let as_classes = [
        bert,
        EncoderConfig {
            positions: 512,
            token_types: 2,
            layer_norm_epsilon: 1e-12,
            ..roberta
        },
        distil,
        electra,
        EncoderConfig {
            positions: 512,
            ..mpnet
        },
    ];
    for expected in as_classes {
        let name = expected.architecture.name();
        assert_eq!(read(&json!({"model_type": name})), Ok(expected.clone()));
        // Found by its class where the family is not named.
        let classes = json!({"model_type": null, "architectures": [expected.architecture.class()]});
        assert_eq!(read(&classes), Ok(expected));
    }
    let message = with("model_type", Value::Null).map(|config| config.architecture);
    assert_eq!(message, Ok(Architecture::Bert));
    for classes in [
        json!([]),
        json!(["T5Model"]),
        json!(["BertModel", "RobertaModel"]),
    ] {
        let message = read(&json!({"architectures": classes})).unwrap_err();
        let message = message.to_string();
        assert!(
            message.contains("add `model_type`, one of `bert`"),
            "{message}"
        );
    }
}

#[test]
fn other_names_count_as_what_they_are() {
    assert!(with("hidden_act", "gelu_python".into()).is_ok());
    let [distil, ..] = others();
    let mut config: Value = serde_json::from_str(&distil.to_json()).unwrap();
    config["layer_norm_eps"] = json!(1e-5);
    assert_eq!(read(&config).unwrap(), distil, "DistilBERT's is fixed");
    let object = config.as_object_mut().unwrap();
    let width = object.remove("dim").unwrap();
    object.insert("hidden_size".to_owned(), width);
    assert_eq!(read(&config).unwrap(), distil);
    config["dim"] = json!(384);
    let message = read(&config).unwrap_err().to_string();
    assert!(
        message.contains("`hidden_size` is 768; expected 384"),
        "{message}"
    );
}

#[test]
fn malformed_values_are_named() {
    for value in [json!(0), json!(-3), json!("12")] {
        let message = with("num_hidden_layers", value).unwrap_err().to_string();
        assert!(message.contains("whole number"), "{message}");
    }
    assert!(EncoderConfig::from_json("[1]", "c").is_err());
    assert!(EncoderConfig::from_json("{", "c").is_err());
}

#[test]
fn roberta_counts_positions_over_tokens_only() {
    let config = base(Architecture::Roberta);
    assert_eq!(config.position_ids(&[0, 9, 1, 7, 1]), [2, 3, 1, 4, 1]);
    let config = base(Architecture::Bert);
    assert_eq!(config.position_ids(&[5, 6, 0]), [0, 1, 2]);
}

#[test]
fn padding_has_a_row_in_the_table() {
    let vocabulary = base(Architecture::Bert).vocabulary;
    assert!(with("pad_token_id", json!(vocabulary - 1)).is_ok());
    for id in [vocabulary, vocabulary + 1] {
        let message = with("pad_token_id", json!(id)).unwrap_err().to_string();
        assert!(message.contains("below `vocab_size`, 30522"), "{message}");
    }
    // RoBERTa's own is 1.
    let one = r#"{"model_type": "roberta", "vocab_size": 1}"#;
    let message = EncoderConfig::from_json(one, "config.json").unwrap_err();
    assert!(message.to_string().contains("pad_token_id"), "{message}");
}

#[test]
fn numbers_that_json_does_not_have_are_named() {
    for number in ["NaN", "Infinity", "-Infinity"] {
        for text in [
            format!("{{\"hidden_size\": 8,\n \"x\": {number}}}"),
            format!("{{\n\"x\":[1,{number}]}}"),
        ] {
            let error = EncoderConfig::from_json(&text, "config.json").unwrap_err();
            let message = error.to_string();
            assert!(
                message.contains(&format!("({number} in line 2")),
                "{message}"
            );
        }
    }
    let error = EncoderConfig::from_json("{\"x\": None}", "config.json").unwrap_err();
    assert!(error.to_string().contains("column 7"), "{error}");
}

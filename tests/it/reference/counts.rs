//! Counts of weights against the original libraries.

use autopeft::domain::{Configuration, ModuleAxis, PeftSpace};
use autopeft::model::config::{Architecture, EncoderConfig};
use autopeft::model::peft::{self, Ia3Place};
use autopeft::model::tensor::{DType, Device};
use autopeft::model::{AdaptedEncoder, AdaptedSettings, trained_parameters};

use super::cases::cases;
use super::golden;

/// A space that counts the weights of the paper's modules on an encoder.
fn space(config: &EncoderConfig, backbone_parameters: u64) -> PeftSpace {
    let axis = |name: &str| ModuleAxis {
        name: name.to_owned(),
        sizes: Vec::new(),
        weights_per_unit: peft::module(name).unwrap().weights_per_unit(config),
    };
    PeftSpace {
        modules: ["serial", "parallel", "prefix"].map(axis).into(),
        layers: config.layers,
        candidate_layers: Vec::new(),
        choose_layers: true,
        backbone_parameters,
        learning_rates: Vec::new(),
    }
}

#[test]
fn counts_agree_in_every_case() {
    for case in cases() {
        let Ok(configuration) = case.configuration() else {
            continue;
        };
        let counts = &case.settings["counts"];
        let count = |key: &str| counts[key].as_u64().unwrap();
        let config = case.config();
        assert_eq!(
            config.backbone_parameters(),
            count("base"),
            "{}",
            case.label
        );
        let space = space(&config, count("base"));
        assert_eq!(
            space.parameters(&configuration),
            count("paper_formula"),
            "{}",
            case.label
        );
        let percent = space.parameters_percent(&configuration);
        let theirs = counts["paper_percent_of_base"].as_f64().unwrap();
        assert!((percent - theirs).abs() < 1e-9, "{}", case.label);

        let settings = case.adapted_settings();
        let trained = |settings| trained_parameters(&config, &configuration, &settings).unwrap();
        let head = count("head");
        assert_eq!(
            trained(settings),
            count("true_modules") + head,
            "{}",
            case.label
        );
        let folded = AdaptedSettings {
            prefix_bottleneck: None,
            ..settings
        };
        let theirs = count("true_modules_prefix_folded") + head;
        assert_eq!(trained(folded), theirs, "{}", case.label);
        let backbone = case.backbone(&Device::flex(), DType::F32);
        let model = AdaptedEncoder::new(&backbone, &configuration, &settings).unwrap();
        assert_eq!(
            model.trained_parameters(),
            trained(settings),
            "{}",
            case.label
        );
    }
}

/// An encoder shaped as BERT-base, but for its width.
fn encoder_of_width(hidden: usize) -> EncoderConfig {
    EncoderConfig {
        architecture: Architecture::Bert,
        vocabulary: 30522,
        hidden,
        layers: 12,
        heads: 12,
        intermediate: 4 * hidden,
        positions: 512,
        token_types: 2,
        distances: 0,
        projected_from: None,
        padding_id: 0,
        layer_norm_epsilon: 1e-12,
        initializer_range: 0.02,
    }
}

#[test]
fn counts_agree_for_encoders_of_the_published_sizes() {
    let mut rows = 0;
    for root in golden::folders("peft") {
        let path = root.join("param_counts.json");
        if !path.exists() {
            continue;
        }
        let file = golden::json(&path);
        let hidden = file["hidden_size"].as_u64().unwrap() as usize;
        let base = file["base_parameters"]["bert-base"].as_u64().unwrap();
        let config = encoder_of_width(hidden);
        let space = space(&config, base);
        let width = file["prefix_bottleneck"].as_u64().unwrap() as usize;
        for row in file["rows"].as_array().unwrap() {
            let number = |key: &str| row[key].as_u64().unwrap();
            let sizes = [("serial", "d_sa"), ("parallel", "d_pa"), ("prefix", "l_pt")];
            let modules = sizes.map(|(name, key)| (name.to_owned(), number(key) as usize));
            let configuration = Configuration {
                modules: modules.into_iter().filter(|(_, size)| *size > 0).collect(),
                layers: (0..number("layers") as usize).collect(),
                ..Configuration::default()
            };
            assert_eq!(
                space.parameters(&configuration),
                number("paper_formula"),
                "{row}"
            );
            let percent = row["paper_percent_bert_base"].as_f64().unwrap();
            assert!(
                (space.parameters_percent(&configuration) - percent).abs() < 1e-6,
                "{row}"
            );

            let site = |prefix_bottleneck| peft::Site {
                hidden,
                intermediate: config.intermediate,
                heads: config.heads,
                layers: configuration.layers.clone(),
                prefix_bottleneck,
                lora_scale: 1.0,
                ia3_place: Ia3Place::default(),
            };
            let trained = |name: &str, site: &peft::Site| match configuration.size_of(name) {
                0 => 0,
                size => peft::module(name).unwrap().trained_parameters(site, size),
            };
            let bottlenecks = trained("serial", &site(None)) + trained("parallel", &site(None));
            assert_eq!(bottlenecks, number("true_bottlenecks"), "{row}");
            assert_eq!(
                trained("prefix", &site(Some(width))),
                number("true_prefix_training"),
                "{row}"
            );
            assert_eq!(
                trained("prefix", &site(None)),
                number("true_prefix_folded"),
                "{row}"
            );
            rows += 1;
        }
    }
    assert!(rows > 0, "no row of counts was found");
}

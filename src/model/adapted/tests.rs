use super::*;
use crate::model::config::Architecture;
use crate::model::parameters::ParametersError;
use crate::model::tensor::{DType, Device, Traffic};
use crate::model::weights::{FileFormat, Weights, to_bytes};

fn backbone() -> Backbone {
    let bytes = to_bytes(
        &Backbone::random(&EncoderConfig::tiny(), 5),
        FileFormat::F16,
    )
    .unwrap();
    let weights = Weights::new(&bytes, "random").unwrap();
    Backbone::from_weights(EncoderConfig::tiny(), &weights, &Device::flex(), DType::F32).unwrap()
}

fn batch(backbone: &Backbone) -> Batch {
    let ids = [1, 5, 7, 2, 1, 9, 2, 0];
    let mask = [1, 1, 1, 1, 1, 1, 1, 0];
    backbone.batch(&ids, &[0; 8], &mask, [2, 4]).unwrap()
}

fn configuration(modules: &[(&str, usize)], layers: &[usize]) -> Configuration {
    let modules = modules.iter().map(|&(name, size)| (name.to_owned(), size));
    Configuration {
        modules: modules.collect(),
        layers: layers.to_vec(),
        ..Configuration::default()
    }
}

fn model(configuration: &Configuration, seed: u64) -> AdaptedEncoder {
    AdaptedEncoder::new(&backbone(), configuration, &settings(seed)).unwrap()
}

fn settings(seed: u64) -> AdaptedSettings {
    AdaptedSettings {
        outputs: 3,
        prefix_bottleneck: Some(5),
        seed,
        ..AdaptedSettings::default()
    }
}

fn everything() -> Configuration {
    configuration(
        &[
            ("serial", 3),
            ("parallel", 2),
            ("prefix", 4),
            ("lora", 2),
            ("ia3", 1),
        ],
        &[0, 2],
    )
}

fn logits(model: &AdaptedEncoder) -> Vec<f32> {
    let logits = model.evaluate(&batch(model.backbone()));
    logits.into_data().try_to_vec().unwrap()
}

#[test]
fn weights_repeat_by_seed_and_travel_as_named_tensors() {
    let first = model(&everything(), 1);
    let same = model(&everything(), 1).parameters.export();
    assert_eq!(first.parameters.export(), same);
    let mut second = model(&everything(), 2);
    assert_ne!(logits(&first), logits(&second));
    let bytes = to_bytes(&first.parameters.export(), FileFormat::F32).unwrap();
    let read = Weights::new(&bytes, "file").unwrap().floats().unwrap();
    second.parameters.import(&read).unwrap();
    assert_eq!(logits(&first), logits(&second));
}

#[test]
fn weights_of_another_configuration_are_refused_and_nothing_changes() {
    let mut small = model(&configuration(&[("serial", 3)], &[1]), 1);
    let before = logits(&small);
    let head = model(&configuration(&[], &[]), 2).parameters.export();
    let missing = ParametersError::Missing("layer.1.sa.down.weight".into());
    assert_eq!(small.parameters.import(&head), Err(missing));
    let other = model(&configuration(&[("serial", 4)], &[1]), 2);
    let refused = small.parameters.import(&other.parameters.export());
    assert!(matches!(refused, Err(ParametersError::Shape { .. })));
    let more = model(&configuration(&[("serial", 3)], &[1, 2]), 2);
    let refused = small.parameters.import(&more.parameters.export());
    assert!(matches!(refused, Err(ParametersError::Unknown(_))));
    assert_eq!(logits(&small), before);
}

#[test]
fn a_snapshot_brings_the_weights_back() {
    let mut model = model(&everything(), 1);
    let (before, snapshot) = (logits(&model), model.parameters.snapshot());
    let moved = model.parameters.flat().add_scalar(0.1);
    model.parameters.set_flat(moved);
    assert_ne!(logits(&model), before);
    model.parameters.restore(&snapshot);
    assert_eq!(logits(&model), before);
}

#[test]
fn every_trained_weight_gets_a_gradient_and_dropout_is_only_in_training() {
    let model = model(&everything(), 1);
    let batch = batch(model.backbone());
    let mut dropout = Dropout::new(0.1, 0.1, 3);
    let with = model.forward(&batch, Some(&mut dropout));
    let without = model.forward(&batch, None);
    let evaluated = model.evaluate(&batch);
    let close = |a: &Tensor<2>, b: &Tensor<2>| {
        let (a, b) = (a.clone().inner(), b.clone().inner());
        a.all_close(b, None, Some(1e-5))
    };
    assert!(close(&without, &evaluated) && !close(&with, &evaluated));
    assert!(!evaluated.is_tracked());
    let gradients = (without * with).sum().backward();
    let flat = model.parameters.flat_gradient(&gradients);
    let parts = model.parameters.numbers::<f32>(flat);
    for ((name, _), part) in model.parameters.shapes().zip(parts) {
        // These start as zero maps: nothing flows below their second matrix yet.
        let starts_closed = name.contains(".pa.down.") || name.ends_with(".A");
        let flows = part.iter().any(|g| *g != 0.0);
        assert_eq!(flows, !starts_closed, "{name}");
    }
}

#[test]
fn a_whole_encoder_starts_where_the_frozen_one_is_and_all_of_it_trains() {
    let backbone = backbone();
    let whole = AdaptedEncoder::whole(&backbone, &settings(1));
    let head = model(&configuration(&[], &[]), 1);
    assert_eq!(logits(&whole), logits(&head));
    let pooler = (8 * 8 + 8) as u64;
    let backbone_scalars = EncoderConfig::tiny().backbone_parameters() - pooler;
    let scalars = backbone_scalars + head.trained_parameters();
    assert_eq!(whole.trained_parameters(), scalars);
    let gradients = whole
        .forward(&batch(&backbone), None)
        .slice([0..2, 0..1])
        .sum()
        .backward();
    let flat = whole.parameters.flat_gradient(&gradients);
    let parts = whole.parameters.numbers::<f32>(flat);
    for ((name, _), part) in whole.parameters.shapes().zip(parts) {
        // softmax does not see what shifts all scores of a query alike.
        let flows = part.iter().any(|g| *g != 0.0);
        assert!(flows || name.ends_with("key.bias"), "{name}");
    }
    // Its file is as good as the weights, and the shared encoder is as it was.
    let mut other = AdaptedEncoder::whole(&backbone, &settings(2));
    let moved = other.parameters.flat().add_scalar(0.1);
    other.parameters.set_flat(moved);
    assert_ne!(logits(&other), logits(&whole));
    other.parameters.import(&whole.parameters.export()).unwrap();
    assert_eq!(logits(&other), logits(&whole));
    assert_eq!(logits(&model(&configuration(&[], &[]), 1)), logits(&head));
}

#[test]
fn the_tensors_of_an_encoder_are_those_it_was_made_of() {
    let random = Backbone::random(&EncoderConfig::tiny(), 5);
    let parameters = Parameters::from_named(random.clone(), &Device::flex(), DType::F32);
    let encoder = Backbone::over(&EncoderConfig::tiny(), &parameters.untracked()).unwrap();
    assert_eq!(encoder.to_named(), random);
}

#[test]
fn sizes_of_zero_and_no_layers_leave_the_head_alone() {
    let head = model(&configuration(&[], &[]), 1);
    assert_eq!(head.trained_parameters(), 8 * 8 + 8 + 3 * 8 + 3);
    for configuration in [
        configuration(&[("serial", 0)], &[1]),
        configuration(&[("prefix", 4)], &[]),
    ] {
        assert_eq!(
            model(&configuration, 1).parameters.export(),
            head.parameters.export()
        );
        let counted = trained_parameters(&EncoderConfig::tiny(), &configuration, &settings(1));
        assert_eq!(counted, Ok(head.trained_parameters()));
    }
}

#[test]
fn unknown_modules_and_layers_are_named() {
    let build = |configuration| AdaptedEncoder::new(&backbone(), &configuration, &settings(1));
    let unknown = build(configuration(&[("seriel", 3)], &[1])).unwrap_err();
    assert!(
        unknown
            .to_string()
            .contains("known: serial, parallel, prefix, lora, ia3"),
        "{unknown}"
    );
    let outside = build(configuration(&[("serial", 3)], &[1, 3])).unwrap_err();
    assert_eq!(
        outside.to_string(),
        "layer 3 was asked for, but the encoder has 3, from 0"
    );
}

#[test]
fn a_size_that_means_nothing_is_refused() {
    let two = configuration(&[("ia3", 2)], &[1]);
    let refused = AdaptedEncoder::new(&backbone(), &two, &settings(1)).unwrap_err();
    assert!(refused.to_string().contains("largest is 1"), "{refused}");
}

#[test]
fn rows_that_do_not_fit_the_encoder_are_refused() {
    let backbone = backbone();
    let long = backbone
        .batch(&[1; 11], &[0; 11], &[1; 11], [1, 11])
        .unwrap_err();
    assert!(long.to_string().contains("at most 10"), "{long}");
    let unknown = backbone.batch(&[20], &[0], &[1], [1, 1]).unwrap_err();
    assert!(unknown.to_string().contains("token id 20"), "{unknown}");
    let unknown = backbone.batch(&[2], &[2], &[1], [1, 1]).unwrap_err();
    assert!(unknown.to_string().contains("token type 2"), "{unknown}");
    assert!(backbone.batch(&[1, 2], &[0], &[1], [1, 2]).is_err());
}

#[test]
fn an_encoder_over_parameters_trains_as_a_whole() {
    let device = Device::flex();
    let named = Backbone::random(&EncoderConfig::tiny(), 5);
    let total: usize = named.iter().map(|t| t.values.len()).sum();
    assert_eq!(total as u64, EncoderConfig::tiny().backbone_parameters());
    let parameters = Parameters::from_named(named, &device, DType::F32);
    let encoder = Backbone::over(&EncoderConfig::tiny(), &parameters).unwrap();
    let states = encoder.forward(&batch(&encoder), &[], None);
    let pooled = encoder.pooled(&states).unwrap();
    let gradients = pooled.slice([0..1, 0..1]).sum().backward();
    let flat = parameters.flat_gradient(&gradients);
    let parts = parameters.numbers::<f32>(flat);
    for ((name, _), part) in parameters.shapes().zip(parts) {
        let moved = part.iter().any(|g| *g != 0.0);
        // softmax does not see what shifts all scores of a query alike.
        assert!(moved || name.ends_with("key.bias"), "{name}");
    }
}

#[test]
fn a_pass_moves_nothing_between_host_and_device() {
    let tiny = EncoderConfig::tiny();
    let with_distances = EncoderConfig {
        architecture: Architecture::Mpnet,
        token_types: 0,
        distances: 32,
        ..tiny.clone()
    };
    for config in [tiny, with_distances] {
        let named = Backbone::random(&config, 5);
        // In 64 bits, by the library's own operations.
        let parameters = Parameters::from_named(named, &Device::flex(), DType::F64);
        let backbone = Backbone::over(&config, &parameters.untracked()).unwrap();
        let adapted = AdaptedEncoder::new(&backbone, &everything(), &settings(1)).unwrap();
        let whole = AdaptedEncoder::whole(&backbone, &settings(1));
        let batch = batch(&backbone);
        let before = Traffic::here();
        for model in [adapted, whole] {
            let gradients = model.forward(&batch, None).sum().backward();
            assert!(model.parameters.flat_gradient(&gradients).dims()[0] > 0);
            assert_eq!(model.evaluate(&batch).dims(), [2, 3]);
        }
        assert_eq!(Traffic::since(before), Traffic::default());
    }
}

#[test]
fn a_head_of_other_units_is_handed_over_as_one_without() {
    let units = Units {
        mean: 70.0,
        deviation: 12.0,
    };
    let plain = model(&everything(), 1);
    let learning = model(&everything(), 1).learning_in(units);
    let expected: Vec<f32> = (logits(&plain).iter()).map(|z| 12.0 * z + 70.0).collect();
    let near = |found: &[f32]| {
        let mut both = found.iter().zip(&expected);
        both.all(|(one, other)| (one - other).abs() < 1e-4)
    };
    assert!(near(&logits(&learning)));
    let mut other = model(&everything(), 2);
    other.parameters.import(&learning.export()).unwrap();
    assert!(near(&logits(&other)));
    assert_eq!(plain.export(), plain.parameters.export());
    assert_eq!(learning.parameters.export(), plain.parameters.export());
    assert_eq!(
        (plain.squared_unit(), learning.squared_unit()),
        (1.0, 144.0)
    );
}

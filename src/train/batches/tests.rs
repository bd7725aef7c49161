use std::collections::BTreeSet;

use super::*;
use crate::domain::Configuration;
use crate::model::config::EncoderConfig;
use crate::model::ops::composed::Composed;
use crate::model::ops::{self, Ops as _};
use crate::model::tensor::{DType, Device, Tensor};
use crate::model::weights::{FileFormat, Weights, to_bytes};
use crate::model::{AdaptedEncoder, AdaptedSettings};
use crate::train::loss::Targets;

/// What another group costs.
const GROUP_TOKENS: usize = 128;

/// Any cut will do.
fn habits() -> Habits {
    let habits = ops::of(&Device::flex()).habits(DType::BF16);
    assert_eq!((habits.group_tokens, habits.group_rows), (GROUP_TOKENS, 1));
    habits
}

#[test]
fn every_epoch_has_an_order_of_its_own_that_repeats() {
    let first = epoch_order(100, 7, 1);
    assert_eq!(first, epoch_order(100, 7, 1));
    assert_ne!(first, epoch_order(100, 7, 2));
    assert_ne!(first, epoch_order(100, 8, 1));
    let mut sorted = first;
    sorted.sort_unstable();
    assert_eq!(sorted, (0..100).collect::<Vec<_>>());
}

#[test]
fn groups_hold_every_row_once_and_cost_the_least() {
    // Lengths in no order, from 8 to 127.
    let length = |row: usize| 8 + row * 7919 % 120;
    let cost = |groups: &[Vec<usize>]| -> usize {
        let longest = |group: &[usize]| group.iter().map(|&row| length(row)).max();
        let of_one = |group: &Vec<usize>| group.len() * longest(group).unwrap() + GROUP_TOKENS;
        groups.iter().map(of_one).sum()
    };
    for first in [0, 100, 200] {
        let batch: Vec<usize> = (first..first + 9).collect();
        let groups = length_groups(&batch, &habits(), length);
        let mut rows = groups.concat();
        assert!(rows.is_sorted_by_key(|&row| length(row)));
        // Every way to cut nine rows at eight places.
        let all = (0..1u32 << 8).map(|cuts| {
            let mut ways = vec![vec![rows[0]]];
            for (place, &row) in rows[1..].iter().enumerate() {
                match cuts >> place & 1 {
                    1 => ways.push(vec![row]),
                    _ => ways.last_mut().unwrap().push(row),
                }
            }
            cost(&ways)
        });
        assert_eq!(cost(&groups), all.min().unwrap());
        rows.sort_unstable();
        assert_eq!(rows, batch);
    }
    assert_eq!(length_groups(&[4, 2], &habits(), |_| 30), [[4, 2]]);
    assert_eq!(length_groups(&[], &habits(), length), [[0; 0]; 0]);
}

#[test]
fn a_ragged_task_has_few_shapes_where_the_device_likes_few() {
    // 2,490 rows of 8 to 127 tokens, the encoder takes 120.
    let length = |row: usize| (8 + row * 7919 % 120).min(120);
    let shapes = |habits: &Habits| {
        let padded = |row: usize| habits.padded(length(row), 120);
        let mut shapes = BTreeSet::new();
        let (mut tokens, mut groups) = (0, 0);
        for epoch in 1..=3 {
            for batch in epoch_order(2_490, 7, epoch).chunks(32) {
                for group in length_groups(batch, habits, padded) {
                    let longest = group.iter().map(|&row| padded(row)).max().unwrap();
                    tokens += group.len() * longest;
                    groups += 1;
                    shapes.insert([group.len(), longest]);
                }
            }
        }
        (shapes, tokens, groups)
    };
    let (free, least, _) = shapes(&habits());
    let (few, tokens, groups) = shapes(&Composed.habits(DType::F32));
    assert!(free.len() > 400, "{}", free.len());
    assert!(few.len() <= 10, "{few:?}");
    let is_rounded = |[_, tokens]: &[usize; 2]| tokens.is_multiple_of(16) || *tokens == 120;
    assert!(few.iter().all(is_rounded), "{few:?}");
    // Half as much again is computed, in hardly more groups than there are steps.
    assert!(
        tokens * 10 < least * 16 && groups < 3 * 78 + 20,
        "{tokens} {least} {groups}"
    );
}

#[test]
fn groups_save_padding() {
    let length = |row: usize| 8 + row * 7919 % 120;
    let order = epoch_order(2_490, 7, 1);
    let (mut needed, mut whole, mut grouped) = (0, 0, 0);
    for batch in order.chunks(32) {
        let padded = |rows: &[usize]| rows.len() * rows.iter().map(|&r| length(r)).max().unwrap();
        needed += batch.iter().map(|&row| length(row)).sum::<usize>();
        whole += padded(batch);
        let groups = length_groups(batch, &habits(), length);
        grouped += groups.iter().map(|group| padded(group)).sum::<usize>();
    }
    assert!(10 * whole > 17 * needed, "{whole} for {needed}");
    assert!(10 * grouped < 13 * needed, "{grouped} for {needed}");
}

#[test]
fn a_share_is_a_sample_without_replacement() {
    let half = share_of((0..101).collect(), 0.5, 3);
    assert_eq!(half.len(), 51);
    assert!(half.is_sorted_by(|a, b| a < b));
    assert_eq!(half, share_of((0..101).collect(), 0.5, 3));
    assert_eq!(share_of(vec![1, 2, 3], 1.0, 3), [1, 2, 3]);
    assert_eq!(share_of(vec![1, 2, 3], 0.001, 3).len(), 1);
}

/// Exactly: in 64 bits the loss and every trained weight's gradient are the whole batch's.
#[test]
fn groups_have_the_gradient_of_the_whole_batch() {
    let config = EncoderConfig::tiny();
    let bytes = to_bytes(&Backbone::random(&config, 5), FileFormat::F16).unwrap();
    let weights = Weights::new(&bytes, "random").unwrap();
    let backbone = Backbone::from_weights(config, &weights, &Device::flex(), DType::F64).unwrap();
    let modules = [("serial", 3), ("parallel", 2), ("prefix", 2), ("lora", 2)];
    let configuration = Configuration {
        modules: modules.map(|(name, size)| (name.to_owned(), size)).into(),
        layers: vec![0, 2],
        ..Configuration::default()
    };
    let settings = AdaptedSettings {
        outputs: 2,
        prefix_bottleneck: Some(5),
        ..AdaptedSettings::default()
    };
    let encoder = AdaptedEncoder::new(&backbone, &configuration, &settings).unwrap();
    let rows: Vec<Row> = (0..200u32)
        .map(|row| {
            let ids: Vec<u32> = (0..2 + row * 7 % 9)
                .map(|i| 1 + (row + 5 * i) % 19)
                .collect();
            Row {
                types: vec![0; ids.len()],
                // The longer ones are of class 1.
                label: Label::Class(usize::from(ids.len() > 5)),
                ids,
            }
        })
        .collect();
    let step = |groups: &[Vec<usize>]| {
        let logits = groups.iter().map(|group| {
            let group: Vec<&Row> = group.iter().map(|&row| &rows[row]).collect();
            encoder.forward(&collate(&backbone, &group, 0, None).unwrap(), None)
        });
        let logits = Tensor::cat(logits.collect(), 0);
        let labels: Vec<Label> = groups
            .iter()
            .flatten()
            .map(|&row| rows[row].label)
            .collect();
        let loss = Targets::of(&labels, &Device::flex(), DType::F64).loss(backbone.ops(), logits);
        let gradient = encoder.parameters.flat_gradient(&loss.backward());
        let numbers = Tensor::cat(vec![loss.inner(), gradient], 0).into_data();
        numbers.try_to_vec::<f64>().unwrap()
    };
    let batch: Vec<usize> = (0..rows.len()).collect();
    let groups = length_groups(&batch, &habits(), |row| rows[row].ids.len());
    assert!(groups.len() > 1, "{groups:?}");
    let (whole, grouped) = (step(&[batch]), step(&groups));
    assert!(whole.iter().filter(|number| number.abs() > 1e-6).count() > 100);
    for (whole, grouped) in whole.iter().zip(&grouped) {
        assert!((whole - grouped).abs() < 1e-12, "{whole} {grouped}");
    }
}

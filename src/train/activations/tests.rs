use super::pages::Places;
use super::*;
use crate::model::config::EncoderConfig;
use crate::model::tensor::{DType, Device, Traffic};
use crate::model::weights::{FileFormat, Weights, to_bytes};
use crate::model::{Batch, Resident};
use crate::task::Label;
use crate::train::batches::collate;

fn backbone() -> Backbone {
    backbone_in(DType::F32)
}

/// In 32 bits rows are laid end to end; in 64 they are padded, and stay on the device.
fn backbone_in(dtype: DType) -> Backbone {
    let config = EncoderConfig::tiny();
    let bytes = to_bytes(&Backbone::random(&config, 5), FileFormat::F16).unwrap();
    let weights = Weights::new(&bytes, "random").unwrap();
    Backbone::from_weights(config, &weights, &Device::flex(), dtype).unwrap()
}

/// 4, 2 and 3 tokens.
fn rows() -> Vec<Row> {
    let row = |ids: &[u32]| Row {
        ids: ids.to_vec(),
        types: vec![0; ids.len()],
        label: Label::Class(0),
    };
    vec![row(&[1, 5, 7, 2]), row(&[9, 4]), row(&[3, 8, 11])]
}

/// Makes the table, two rows at a time; false: there is nothing to make.
fn fill(tables: &Activations, backbone: &Backbone, untouched: Untouched) -> bool {
    let rows = rows();
    let Some(mut filling) = tables.missing(backbone, Part::Train, untouched, &rows) else {
        return false;
    };
    let batch = |chosen: &[usize]| batch_of(backbone, &rows, chosen, None);
    while !(tables.advance(&mut filling, backbone, 2, batch)).unwrap() {}
    tables.keep(filling, backbone);
    true
}

fn batch_of(
    backbone: &Backbone,
    rows: &[Row],
    chosen: &[usize],
    length: Option<usize>,
) -> Result<Batch, BatchError> {
    if backbone.packs() {
        let rows: Vec<&Row> = chosen.iter().map(|&row| &rows[row]).collect();
        return collate(backbone, &rows, 0, length);
    }
    let order = by_length(rows);
    let both: Vec<[&[u32]; 2]> = (order.iter())
        .map(|&row| [&rows[row].ids[..], &rows[row].types[..]])
        .collect();
    let resident = Resident::new(backbone, &both, 0, 5)?;
    let number = |row: &usize| order.iter().position(|other| other == row).unwrap();
    let numbers: Vec<usize> = chosen.iter().map(number).collect();
    let there = numbers.iter().map(|&number| number as u32);
    let there = integers(there, [numbers.len()], backbone.device());
    let longest = chosen.iter().map(|&row| rows[row].ids.len()).max().unwrap();
    Ok(resident.batch(backbone, &numbers, there, length.unwrap_or(longest)))
}

const BLOCKS_OF_LAST: Untouched = Untouched {
    layers: 2,
    within: Within::Blocks,
};
const BLOCKS_OF_SECOND: Untouched = Untouched {
    layers: 1,
    within: Within::Blocks,
};

const ATTENTION_OF_FIRST: Untouched = Untouched {
    layers: 0,
    within: Within::Attention,
};
const ATTENTION_OF_LAST: Untouched = Untouched {
    layers: 2,
    within: Within::Attention,
};

#[test]
fn tables_hold_what_the_encoder_gives_and_what_is_passed_serves_others() {
    tables_serve(&backbone());
}

#[test]
fn tables_that_never_leave_the_device_do_so_too() {
    let before = Traffic::here();
    tables_serve(&backbone_in(DType::F64));
    assert_eq!(Traffic::since(before).read_backs, 0);
}

fn tables_serve(backbone: &Backbone) {
    let rows = rows();
    let tables = Activations::new(1 << 20);
    assert!(!fill(&tables, backbone, Untouched::EMBEDDINGS));
    assert!(fill(&tables, backbone, BLOCKS_OF_LAST));
    // Both layers on the way are there already.
    assert!(!fill(&tables, backbone, Untouched::layers(2)));
    assert!(!fill(&tables, backbone, Untouched::layers(1)));
    // From the one of the first layer.
    assert!(fill(&tables, backbone, BLOCKS_OF_SECOND));
    assert!(fill(&tables, backbone, Untouched::layers(3)));
    assert!(fill(&tables, backbone, ATTENTION_OF_FIRST));
    assert!(fill(&tables, backbone, ATTENTION_OF_LAST));
    let chosen = [2, 0];
    for length in [None, Some(5)] {
        let batch = batch_of(backbone, &rows, &chosen, length).unwrap();
        for untouched in [
            Untouched::layers(1),
            Untouched::layers(2),
            Untouched::layers(3),
            BLOCKS_OF_SECOND,
            BLOCKS_OF_LAST,
            ATTENTION_OF_FIRST,
            ATTENTION_OF_LAST,
        ] {
            let states = |part| tables.states(backbone, part, untouched, &chosen, &batch);
            let kept = states(Part::Train);
            assert!(states(Part::Validation).is_none());
            let whole = |batch: &Batch| backbone.first_token(batch, &[], None);
            let from_kept = batch.clone().with_states_below(untouched, kept.unwrap());
            let (kept, anew) = (whole(&from_kept), whole(&batch));
            assert!(
                kept.all_close(anew, Some(1e-4), Some(1e-5)),
                "{untouched:?}"
            );
        }
    }
}

#[test]
fn what_is_asked_for_takes_the_room_of_others_and_what_is_passed_does_not() {
    let backbone = backbone();
    // A layer: ten places of eight numbers; the blocks of the second: twice that.
    let layer = 10 * 8 * 4;
    let is_there = |tables: &Activations, untouched| {
        let batch = batch_of(&backbone, &rows(), &[0], None).unwrap();
        let states = tables.states(&backbone, Part::Train, untouched, &[0], &batch);
        states.is_some()
    };
    let tables = Activations::new(2 * layer);
    assert!(fill(&tables, &backbone, BLOCKS_OF_SECOND));
    assert!(!is_there(&tables, Untouched::layers(1)));
    assert!(fill(&tables, &backbone, Untouched::layers(2)));
    assert!(is_there(&tables, Untouched::layers(2)));
    assert!(!is_there(&tables, BLOCKS_OF_SECOND));
    assert!(!fill(
        &Activations::new(layer - 1),
        &backbone,
        Untouched::layers(1)
    ));
}

#[test]
fn what_is_kept_depends_on_sizes_alone() {
    let (backbone, rows) = (backbone(), rows());
    let goal = |budget: usize, untouched| {
        let tables = Activations::new(budget);
        tables.goal(&backbone, untouched, [&rows, &rows[..1]])
    };
    // Ten and five places; attention takes 26 numbers of four bytes, blocks 16.
    let attention = 4 * (10 + 5) * 26 * 4;
    assert_eq!(goal(attention, ATTENTION_OF_FIRST), ATTENTION_OF_FIRST);
    let layers = Untouched::EMBEDDINGS;
    assert_eq!(goal(attention - 1, ATTENTION_OF_FIRST), layers);
    let blocks = 10 * 16 * 4;
    assert_eq!(goal(blocks, BLOCKS_OF_SECOND), BLOCKS_OF_SECOND);
    let layers = Untouched::layers(1);
    assert_eq!(goal(blocks - 1, BLOCKS_OF_SECOND), layers);
    assert_eq!(goal(0, layers), layers);
}

#[test]
fn attention_that_is_in_no_table_is_computed() {
    let (backbone, rows) = (backbone(), rows());
    let kept = Activations::new(1 << 20);
    assert!(fill(&kept, &backbone, ATTENTION_OF_LAST));
    let chosen = [1, 2];
    let batch = batch_of(&backbone, &rows, &chosen, None).unwrap();
    let outputs = [kept, Activations::new(0)].map(|tables| {
        let part = Part::Train;
        let batch = tables.provide(&backbone, part, ATTENTION_OF_LAST, &chosen, batch.clone());
        backbone.first_token(&batch, &[], None)
    });
    let [kept, computed] = outputs;
    assert!(kept.all_close(computed, Some(1e-6), Some(1e-6)));
}

#[test]
fn padding_points_at_the_zeros() {
    let places = Places::new(rows()[1..].iter(), false);
    assert_eq!(places.of(&[1, 0], Some(3)), [2, 3, 4, 0, 1, 5]);
    assert_eq!(places.of(&[0], Some(1)), [0]);
    assert_eq!(places.of(&[1, 0], None), [2, 3, 4, 0, 1]);
}

#[test]
fn what_is_given_back_is_gone_and_nothing_more_is_kept() {
    let (backbone, rows) = (backbone(), rows());
    let tables = Activations::new(1 << 20);
    assert!(!tables.give_back(), "there was nothing yet");
    let tables_of_old = Activations::new(1 << 20);
    assert!(fill(&tables_of_old, &backbone, BLOCKS_OF_SECOND));
    let goal = |tables: &Activations| tables.goal(&backbone, BLOCKS_OF_SECOND, [&rows, &rows]);
    let before = goal(&tables_of_old);
    assert!(tables_of_old.give_back());
    let batch = batch_of(&backbone, &rows, &[0], None).unwrap();
    let states = |untouched| tables_of_old.states(&backbone, Part::Train, untouched, &[0], &batch);
    assert!(states(BLOCKS_OF_SECOND).is_none());
    for tables in [&tables, &tables_of_old] {
        assert!(!fill(tables, &backbone, BLOCKS_OF_SECOND));
        assert_eq!(goal(tables), before, "no number depends on it");
    }
}

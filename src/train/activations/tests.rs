use super::pages::Places;
use super::*;
use crate::model::Batch;
use crate::model::config::EncoderConfig;
use crate::model::tensor::{DType, Device};
use crate::model::weights::{FileFormat, Weights, to_bytes};
use crate::task::Label;

fn backbone() -> Backbone {
    let config = EncoderConfig::tiny();
    let bytes = to_bytes(&Backbone::random(&config, 5), FileFormat::F16).unwrap();
    let weights = Weights::new(&bytes, "random").unwrap();
    Backbone::from_weights(config, &weights, &Device::flex(), DType::F32).unwrap()
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
    while !tables.advance(&mut filling, backbone, &rows, 0, 2).unwrap() {}
    tables.keep(filling, backbone);
    true
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
    let (backbone, rows) = (backbone(), rows());
    let tables = Activations::new(1 << 20);
    assert!(!fill(&tables, &backbone, Untouched::EMBEDDINGS));
    assert!(fill(&tables, &backbone, BLOCKS_OF_LAST));
    // Both layers on the way are there already.
    assert!(!fill(&tables, &backbone, Untouched::layers(2)));
    assert!(!fill(&tables, &backbone, Untouched::layers(1)));
    // From the one of the first layer.
    assert!(fill(&tables, &backbone, BLOCKS_OF_SECOND));
    assert!(fill(&tables, &backbone, Untouched::layers(3)));
    assert!(fill(&tables, &backbone, ATTENTION_OF_FIRST));
    assert!(fill(&tables, &backbone, ATTENTION_OF_LAST));
    let chosen = [2, 0];
    let batch_rows: Vec<&Row> = chosen.iter().map(|&row| &rows[row]).collect();
    for length in [None, Some(5)] {
        let batch = collate(&backbone, &batch_rows, 0, length).unwrap();
        for untouched in [
            Untouched::layers(1),
            Untouched::layers(2),
            Untouched::layers(3),
            BLOCKS_OF_SECOND,
            BLOCKS_OF_LAST,
            ATTENTION_OF_FIRST,
            ATTENTION_OF_LAST,
        ] {
            let tokens = batch.padded_to();
            let kept = tables.states(&backbone, Part::Train, untouched, &chosen, tokens);
            assert!(
                tables
                    .states(&backbone, Part::Validation, untouched, &chosen, tokens)
                    .is_none()
            );
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
        let states = tables.states(&backbone, Part::Train, untouched, &[0], None);
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
    let batch_rows: Vec<&Row> = chosen.iter().map(|&row| &rows[row]).collect();
    let batch = collate(&backbone, &batch_rows, 0, None).unwrap();
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
    let places = Places {
        starts: vec![0, 2, 5],
    };
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
    let states = |untouched| tables_of_old.states(&backbone, Part::Train, untouched, &[0], None);
    assert!(states(BLOCKS_OF_SECOND).is_none());
    for tables in [&tables, &tables_of_old] {
        assert!(!fill(tables, &backbone, BLOCKS_OF_SECOND));
        assert_eq!(goal(tables), before, "no number depends on it");
    }
}

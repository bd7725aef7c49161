//! What the part of the encoder gives that no module of a trial touches: once per row, then kept for all epochs and all
//! trials.
//!
//! Without dropout in the backbone that part gives the same numbers whenever a row comes by. A table holds them for all
//! tokens of all rows of one part of the data; where it reaches into the last layer, of first tokens only, as the head
//! reads no other. It is computed from the table below it, where there is one, and what it passes on the way up becomes
//! a table too, where there is room. Tables stay while they fit the budget, the one used least recently leaves first,
//! and a trial whose table is not there computes its rows as ever.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::batches::{Row, collate};
use crate::model::tensor::{Tensor, floats, integers};
use crate::model::{Backbone, Batch, BatchError, Untouched};

/// Which rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Those that train.
    Train,
    /// Those that are judged by.
    Validation,
}

/// All tables of a study.
#[derive(Debug)]
pub struct Activations {
    budget_bytes: usize,
    /// The one used last comes last.
    tables: Mutex<Vec<Table>>,
}

#[derive(Debug)]
struct Table {
    part: Part,
    untouched: Untouched,
    places: Places,
    /// States of all tokens, and zeros at the end, for padding, [T + 1, W].
    states: Tensor<2>,
    bytes: usize,
}

/// Where the tokens of each row are in a table.
#[derive(Clone, Debug)]
struct Places {
    /// The first token of each row, and the end.
    starts: Vec<usize>,
}

/// A table under way, and those that are passed on the way up.
#[derive(Debug)]
pub struct Filling {
    part: Part,
    /// The highest comes first: the one that is asked for.
    pages: Vec<Page>,
    /// Rows in the order in which they are computed, and how many of them are done.
    order: Vec<usize>,
    done: usize,
}

/// The numbers of one table under way.
#[derive(Debug)]
struct Page {
    untouched: Untouched,
    places: Places,
    /// W
    width: usize,
    values: Vec<f32>,
}

impl Activations {
    /// No tables yet; all together will take no more than this.
    pub fn new(budget_bytes: usize) -> Self {
        Self {
            budget_bytes,
            tables: Mutex::new(Vec::new()),
        }
    }

    /// A table to fill, where there is none and it can fit. The embeddings alone are not worth one.
    pub fn missing(
        &self,
        backbone: &Backbone,
        part: Part,
        untouched: Untouched,
        rows: &[Row],
    ) -> Option<Filling> {
        let tables = self.lock();
        let there = |untouched| tables.iter().any(|table| table.is(part, untouched));
        let size = |untouched| Page::size(backbone, untouched, rows);
        if untouched == Untouched::EMBEDDINGS
            || there(untouched)
            || size(untouched) > self.budget_bytes
        {
            return None;
        }
        let mut wanted = vec![untouched];
        let mut taken = size(untouched) + tables.iter().map(|table| table.bytes).sum::<usize>();
        let whole_layers = untouched.layers + usize::from(untouched.blocks);
        for passed in (1..whole_layers).rev().map(Untouched::layers) {
            taken += size(passed);
            // The first one that is there is where filling begins.
            if taken > self.budget_bytes || there(passed) {
                break;
            }
            wanted.push(passed);
        }
        let pages = wanted
            .into_iter()
            .map(|untouched| Page::new(backbone, untouched, rows));
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by_key(|&row| rows[row].ids.len());
        Some(Filling {
            part,
            pages: pages.collect(),
            order,
            done: 0,
        })
    }

    /// Computes the next `batch_size` rows of a table. True: it is full.
    ///
    /// # Errors
    /// The rows do not fit the backbone.
    pub fn advance(
        &self,
        filling: &mut Filling,
        backbone: &Backbone,
        rows: &[Row],
        padding_id: u32,
        batch_size: usize,
    ) -> Result<bool, BatchError> {
        let end = (filling.done + batch_size).min(filling.order.len());
        let chosen = &filling.order[filling.done..end];
        let batch_rows: Vec<&Row> = chosen.iter().map(|&row| &rows[row]).collect();
        let batch = collate(backbone, &batch_rows, padding_id, None)?;
        let [wanted, passed @ ..] = filling.pages.as_mut_slice() else {
            return Ok(true);
        };
        let goal = wanted.untouched;
        let below = (1..goal.layers + usize::from(goal.blocks)).rev();
        let batch = below
            .map(Untouched::layers)
            .find_map(|below| {
                let states = self.states(backbone, filling.part, below, chosen, batch.padded_to());
                states.map(|states| batch.clone().with_states_below(below, states))
            })
            .unwrap_or(batch);
        let states = backbone.untouched(&batch, goal, |layers, states| {
            let passing = Untouched::layers(layers);
            if let Some(page) = passed.iter_mut().find(|page| page.untouched == passing) {
                page.write(states, chosen, &batch);
            }
        });
        wanted.write(&states, chosen, &batch);
        filling.done = end;
        Ok(end == filling.order.len())
    }

    /// Keeps a table that is full, in place of others if need be, and in what room is left those that it passed.
    pub fn keep(&self, filling: Filling, backbone: &Backbone) {
        let mut tables = self.lock();
        for (number, page) in filling.pages.into_iter().enumerate() {
            let table = page.into_table(filling.part, backbone);
            tables.retain(|other| !other.is(table.part, table.untouched));
            let mut taken: usize = tables.iter().map(|table| table.bytes).sum();
            let is_wanted = number == 0;
            while is_wanted && taken + table.bytes > self.budget_bytes && !tables.is_empty() {
                taken -= tables.remove(0).bytes;
            }
            match (is_wanted, taken + table.bytes <= self.budget_bytes) {
                (true, _) => tables.push(table),
                (false, true) => tables.insert(0, table),
                (false, false) => {}
            }
        }
    }

    /// The states of these rows, where there is a table: padded to `tokens`, [B, S, W], or end to end, [1, T, W]; where
    /// they reach into the last layer, those of first tokens.
    pub fn states(
        &self,
        backbone: &Backbone,
        part: Part,
        untouched: Untouched,
        rows: &[usize],
        tokens: Option<usize>,
    ) -> Option<Tensor<3>> {
        let config = backbone.config();
        let mut tables = self.lock();
        let place = (tables.iter()).position(|table| table.is(part, untouched))?;
        let table = tables.remove(place);
        let tokens = match untouched.reaches_last(config.layers) {
            true => Some(1),
            false => tokens,
        };
        let places = table.places.of(rows, tokens);
        let size = places.len();
        let places = integers(places, [size], backbone.device());
        let states = table.states.clone().select(0, places);
        tables.push(table);
        let lines = tokens.map_or(1, |_| rows.len());
        Some(states.reshape([lines, size / lines, untouched.width(config.hidden)]))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Table>> {
        // Tables are whole at every moment, so a panic elsewhere has broken none.
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn is(&self, part: Part, untouched: Untouched) -> bool {
        (self.part, self.untouched) == (part, untouched)
    }
}

impl Places {
    /// Of each row all tokens, or the first alone.
    fn new(rows: &[Row], first_only: bool) -> Self {
        let kept = |row: &Row| if first_only { 1 } else { row.ids.len() };
        let mut starts = vec![0];
        starts.extend(rows.iter().scan(0, |end, row| {
            *end += kept(row);
            Some(*end)
        }));
        Self { starts }
    }

    /// Places in all, that of the zeros included.
    fn count(&self) -> usize {
        self.starts.last().copied().unwrap_or(0) + 1
    }

    /// The places of these rows' tokens, padded to `tokens` with that of the zeros where asked for.
    fn of(&self, rows: &[usize], tokens: Option<usize>) -> Vec<u32> {
        let zeros = self.count() - 1;
        let places = rows.iter().flat_map(|&row| {
            let (start, end) = (self.starts[row], self.starts[row + 1]);
            let wanted = start..tokens.map_or(end, |tokens| start + tokens);
            wanted.map(move |place| if place < end { place } else { zeros })
        });
        places.map(|place| place as u32).collect()
    }
}

impl Page {
    fn new(backbone: &Backbone, untouched: Untouched, rows: &[Row]) -> Self {
        let config = backbone.config();
        let places = Places::new(rows, untouched.reaches_last(config.layers));
        let width = untouched.width(config.hidden);
        Self {
            untouched,
            values: vec![0.0; places.count() * width],
            places,
            width,
        }
    }

    /// Bytes that the table will take.
    fn size(backbone: &Backbone, untouched: Untouched, rows: &[Row]) -> usize {
        let config = backbone.config();
        let places = Places::new(rows, untouched.reaches_last(config.layers));
        places.count() * untouched.width(config.hidden) * backbone.dtype().size()
    }

    /// Takes the states of rows `chosen`, which make up the batch.
    fn write(&mut self, states: &Tensor<3>, chosen: &[usize], batch: &Batch) {
        let [lines, tokens, _] = states.dims();
        let starts = batch.starts_among(lines * tokens);
        let states: Vec<f32> = states.clone().into_data().iter::<f32>().collect();
        for (&row, begin) in chosen.iter().zip(starts) {
            let [start, end] = [row, row + 1].map(|i| self.places.starts[i] * self.width);
            let states = &states[begin * self.width..];
            self.values[start..end].copy_from_slice(&states[..end - start]);
        }
    }

    fn into_table(self, part: Part, backbone: &Backbone) -> Table {
        let shape = [self.places.count(), self.width];
        let bytes = self.values.len() * backbone.dtype().size();
        Table {
            part,
            untouched: self.untouched,
            places: self.places,
            states: floats(self.values, shape, backbone.device(), backbone.dtype()),
            bytes,
        }
    }
}

impl Filling {
    /// The rows that it is of.
    pub fn part(&self) -> Part {
        self.part
    }
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    reason = "a broken expectation must fail its test"
)]
mod tests {
    use super::*;
    use crate::model::config::{Architecture, EncoderConfig};
    use crate::model::tensor::{DType, Device};
    use crate::model::weights::{FileFormat, Weights, to_bytes};
    use crate::task::Label;

    fn backbone() -> Backbone {
        let config = EncoderConfig {
            architecture: Architecture::Bert,
            vocabulary: 20,
            hidden: 8,
            layers: 3,
            heads: 2,
            intermediate: 12,
            positions: 10,
            token_types: 2,
            distances: 0,
            projected_from: None,
            padding_id: 0,
            layer_norm_epsilon: 1e-12,
            initializer_range: 0.3,
        };
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
        blocks: true,
    };
    const BLOCKS_OF_SECOND: Untouched = Untouched {
        layers: 1,
        blocks: true,
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
    fn padding_points_at_the_zeros() {
        let places = Places {
            starts: vec![0, 2, 5],
        };
        assert_eq!(places.of(&[1, 0], Some(3)), [2, 3, 4, 0, 1, 5]);
        assert_eq!(places.of(&[0], Some(1)), [0]);
        assert_eq!(places.of(&[1, 0], None), [2, 3, 4, 0, 1]);
    }
}

//! What the part of the encoder gives that no module of a trial touches: once per row, then kept for all epochs and all
//! trials.
//!
//! Without dropout in the backbone that part gives the same numbers whenever a row comes by. A table holds them for all
//! tokens of all rows of one part of the data; where it reaches into the last layer, of first tokens only, as the head
//! reads no other. It is computed from the table below it, where there is one, and what it passes on the way up becomes
//! a table too, where there is room. Tables stay while they fit the budget, the one used least recently leaves first,
//! and a trial whose table is not there computes its rows as ever.

mod pages;

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::batches::{Row, collate};
use crate::model::tensor::{Tensor, floats, integers};
use crate::model::{Backbone, BatchError, Untouched};
use pages::{Page, Places};

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

impl Activations {
    /// No tables yet; all together will take no more than this.
    pub fn new(budget_bytes: usize) -> Self {
        Self {
            budget_bytes,
            tables: Mutex::new(Vec::new()),
        }
    }

    /// A table to fill, where there is none and it can fit: that of whole layers where the blocks above them would take
    /// too much. The embeddings alone are not worth one.
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
        let untouched = match size(untouched) > self.budget_bytes {
            true => Untouched::layers(untouched.layers),
            false => untouched,
        };
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
            let table = Table::of(page, filling.part, backbone);
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
    fn of(page: Page, part: Part, backbone: &Backbone) -> Self {
        let shape = [page.places.count(), page.width];
        let bytes = page.values.len() * backbone.dtype().size();
        Self {
            part,
            untouched: page.untouched,
            places: page.places,
            states: floats(page.values, shape, backbone.device(), backbone.dtype()),
            bytes,
        }
    }

    fn is(&self, part: Part, untouched: Untouched) -> bool {
        (self.part, self.untouched) == (part, untouched)
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
mod tests;

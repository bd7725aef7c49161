//! What the part of the encoder gives that no module of a trial touches: once per row, then kept for all epochs and all
//! trials.
//!
//! Without dropout in the backbone that part gives the same numbers whenever a row comes by. A table holds them for all
//! tokens of all rows of one part of the data; where it reaches into the last layer, of first tokens only, as the head
//! reads no other. It is computed from the table below it, where there is one, and what it passes on the way up becomes
//! a table too, where there is room. Tables stay while they fit the budget, the one used least recently leaves first,
//! and a trial whose table is not there computes its rows again.

mod pages;

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::batches::{Row, by_length};
use crate::model::tensor::{Shared, Tensor, exact, integers};
use crate::model::{Backbone, Batch, BatchError, Untouched, Within};
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
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// The one used last comes last.
    tables: Vec<Table>,
    /// Memory is wanted for other things: nothing more is kept.
    given_back: bool,
}

#[derive(Debug)]
struct Table {
    part: Part,
    untouched: Untouched,
    places: Places,
    /// States of all tokens, and zeros at the end, for padding, each [T + 1, W]. Where rows are on the device, they lie as
    /// those do.
    states: Shared<Vec<Tensor<2>>>,
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
            kept: Mutex::default(),
        }
    }

    /// What is to be kept of an untouched part, for rows of each part of the data.
    ///
    /// Attention is a quarter of a layer but takes three times its room, so only where that does not crowd out others, and
    /// not in 16 bits, too few for l; blocks where they fit. This depends on sizes alone: with a prefix beside attention
    /// that is known, numbers are rounded in another order, and a trial's must not depend on what others left behind.
    pub fn goal(&self, backbone: &Backbone, untouched: Untouched, rows: [&[Row]; 2]) -> Untouched {
        let sizes = rows.map(|rows| Page::size(backbone, untouched, rows));
        let fits = match untouched.within {
            Within::Input => true,
            Within::Attention => {
                let exactly = backbone.dtype() == exact(backbone.dtype());
                exactly && sizes[0] + sizes[1] <= self.budget_bytes / 4
            }
            Within::Blocks => sizes[0].max(sizes[1]) <= self.budget_bytes,
        };
        match fits {
            true => untouched,
            false => Untouched::layers(untouched.layers),
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
        let kept = self.lock();
        let tables = &kept.tables;
        let there = |untouched| tables.iter().any(|table| table.is(part, untouched));
        let size = |untouched| Page::size(backbone, untouched, rows);
        if kept.given_back
            || untouched == Untouched::EMBEDDINGS
            || there(untouched)
            || size(untouched) > self.budget_bytes
        {
            return None;
        }
        let mut wanted = vec![untouched];
        let mut taken = size(untouched) + tables.iter().map(|table| table.bytes).sum::<usize>();
        for passed in (1..untouched.reached()).rev().map(Untouched::layers) {
            taken += size(passed);
            // The first one that is there is where filling begins.
            if taken > self.budget_bytes || there(passed) {
                break;
            }
            wanted.push(passed);
        }
        let order = by_length(rows);
        let pages = wanted
            .into_iter()
            .map(|untouched| Page::new(backbone, untouched, rows, &order));
        Some(Filling {
            part,
            pages: pages.collect(),
            order,
            done: 0,
        })
    }

    /// Computes the next `batch_size` rows of a table; `batch` puts them together. True: it is full.
    ///
    /// # Errors
    /// The rows do not fit the backbone.
    pub fn advance(
        &self,
        filling: &mut Filling,
        backbone: &Backbone,
        batch_size: usize,
        batch: impl FnOnce(&[usize]) -> Result<Batch, BatchError>,
    ) -> Result<bool, BatchError> {
        let done = filling.done;
        let end = (done + batch_size).min(filling.order.len());
        let chosen = &filling.order[done..end];
        let batch = batch(chosen)?;
        let [wanted, passed @ ..] = filling.pages.as_mut_slice() else {
            return Ok(true);
        };
        let goal = wanted.untouched;
        let batch = self.with_layers_below(backbone, filling.part, goal, chosen, batch);
        let states = backbone.untouched(&batch, goal, |layers, states| {
            let passing = Untouched::layers(layers);
            if let Some(page) = passed.iter_mut().find(|page| page.untouched == passing) {
                page.write(std::slice::from_ref(states), done, chosen, &batch);
            }
        });
        wanted.write(&states, done, chosen, &batch);
        filling.done = end;
        Ok(end == filling.order.len())
    }

    /// The batch of these rows with as much of an untouched part as a table holds. Attention that is in none is computed.
    pub fn provide(
        &self,
        backbone: &Backbone,
        part: Part,
        untouched: Untouched,
        chosen: &[usize],
        batch: Batch,
    ) -> Batch {
        if let Some(states) = self.states(backbone, part, untouched, chosen, &batch) {
            return batch.with_states_below(untouched, states);
        }
        let batch = self.with_layers_below(backbone, part, untouched, chosen, batch);
        if untouched.within != Within::Attention {
            return batch;
        }
        let states = backbone.untouched(&batch, untouched, |_, _| ());
        batch.with_states_below(untouched, states)
    }

    /// The batch with what the highest table of whole layers holds that an untouched part can be computed from.
    fn with_layers_below(
        &self,
        backbone: &Backbone,
        part: Part,
        untouched: Untouched,
        chosen: &[usize],
        batch: Batch,
    ) -> Batch {
        let below = (1..untouched.reached()).rev().map(Untouched::layers);
        let found = below.into_iter().find_map(|below| {
            let states = self.states(backbone, part, below, chosen, &batch);
            states.map(|states| (below, states))
        });
        match found {
            Some((below, states)) => batch.with_states_below(below, states),
            None => batch,
        }
    }

    /// Keeps a table that is full, in place of others if need be, and in what room is left those that it passed.
    pub fn keep(&self, filling: Filling, backbone: &Backbone) {
        let mut kept = self.lock();
        if kept.given_back {
            return;
        }
        let tables = &mut kept.tables;
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

    /// The states of these rows, which are those of the batch, where there is a table: padded like it, each [B, S, W], or
    /// end to end, [1, T, W]; where they reach into the last layer, those of first tokens.
    pub fn states(
        &self,
        backbone: &Backbone,
        part: Part,
        untouched: Untouched,
        rows: &[usize],
        batch: &Batch,
    ) -> Option<Vec<Tensor<3>>> {
        let config = backbone.config();
        let mut kept = self.lock();
        let tables = &mut kept.tables;
        let place = (tables.iter()).position(|table| table.is(part, untouched))?;
        let table = tables.remove(place);
        let first_only = untouched.reached() >= config.layers;
        let tokens = match first_only {
            true => Some(1),
            false => batch.padded_to(),
        };
        let places = match batch.places() {
            Some(places) if first_only => places.rows.clone(),
            Some(places) => places.tokens.clone(),
            None => {
                let places = table.places.of(rows, tokens);
                let size = places.len();
                integers(places, [size], backbone.device())
            }
        };
        let [size] = places.dims();
        let lines = tokens.map_or(1, |_| rows.len());
        let own = table.states.here();
        let states = own.iter().map(|states| {
            let [_, width] = states.dims();
            let chosen = states.clone().select(0, places.clone());
            chosen.reshape([lines, size / lines, width])
        });
        let states = states.collect();
        tables.push(table);
        Some(states)
    }

    /// Lets go all tables, and keeps none from now on: memory is wanted for trials. False: there were none.
    pub fn give_back(&self) -> bool {
        let mut kept = self.lock();
        kept.given_back = true;
        let tables = std::mem::take(&mut kept.tables);
        !tables.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // Tables are whole at every moment, so a panic elsewhere has broken none.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn of(page: Page, part: Part, backbone: &Backbone) -> Self {
        let untouched = page.untouched;
        let (places, states) = page.into_states(backbone);
        let numbers: usize = states
            .iter()
            .map(|states| states.shape().num_elements())
            .sum();
        Self {
            part,
            untouched,
            states: Shared::new(states, backbone.habits().queues),
            places,
            bytes: numbers * backbone.dtype().size(),
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

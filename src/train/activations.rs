//! What the frozen layers below a trial's lowest module compute: once per row, then kept for all epochs and all trials.
//!
//! Without dropout in the backbone those layers give the same numbers whenever a row comes by. A table holds the states
//! of all tokens of all rows of one part of the data after so many layers; after the last layer, of first tokens only,
//! as the head reads no other. Tables stay while they fit the budget, the one used least recently leaves first, and a
//! trial whose table is not there computes its rows as ever.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::batches::{Row, collate};
use crate::model::tensor::{Tensor, floats, integers};
use crate::model::{Backbone, BatchError};

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
    layers: usize,
    places: Places,
    /// States of all tokens, and zeros at the end, for padding, [T + 1, H].
    states: Tensor<2>,
    bytes: usize,
}

/// Where the tokens of each row are in a table.
#[derive(Clone, Debug)]
struct Places {
    /// The first token of each row, and the end.
    starts: Vec<usize>,
}

/// A table under way.
#[derive(Debug)]
pub struct Filling {
    part: Part,
    layers: usize,
    places: Places,
    values: Vec<f32>,
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

    /// A table to fill, where there is none for so many layers and it can fit. The embeddings alone (0 layers) are not
    /// worth one.
    pub fn missing(
        &self,
        backbone: &Backbone,
        part: Part,
        layers: usize,
        rows: &[Row],
    ) -> Option<Filling> {
        let config = backbone.config();
        let kept = |row: &Row| match layers == config.layers {
            true => 1,
            false => row.ids.len(),
        };
        let mut starts = vec![0];
        starts.extend(rows.iter().scan(0, |end, row| {
            *end += kept(row);
            Some(*end)
        }));
        let tokens = starts.last().copied().unwrap_or(0);
        let size = (tokens + 1) * config.hidden;
        let there = self.lock().iter().any(|table| table.is(part, layers));
        if layers == 0 || there || bytes(size, backbone) > self.budget_bytes {
            return None;
        }
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by_key(|&row| rows[row].ids.len());
        Some(Filling {
            part,
            layers,
            places: Places { starts },
            values: vec![0.0; size],
            order,
            done: 0,
        })
    }

    /// Keeps a table that is full, in place of others if need be.
    pub fn keep(&self, filling: Filling, backbone: &Backbone) {
        let bytes = bytes(filling.values.len(), backbone);
        let mut tables = self.lock();
        tables.retain(|table| !table.is(filling.part, filling.layers));
        let mut taken: usize = tables.iter().map(|table| table.bytes).sum();
        while taken + bytes > self.budget_bytes && !tables.is_empty() {
            taken -= tables.remove(0).bytes;
        }
        let hidden = backbone.config().hidden;
        let shape = [filling.values.len() / hidden, hidden];
        tables.push(Table {
            part: filling.part,
            layers: filling.layers,
            places: filling.places,
            states: floats(filling.values, shape, backbone.device(), backbone.dtype()),
            bytes,
        });
    }

    /// The states of these rows, where there is a table: padded to `tokens`, [B, S, H], or end to end, [1, T, H]. After
    /// the last layer those of first tokens.
    pub fn states(
        &self,
        backbone: &Backbone,
        part: Part,
        layers: usize,
        rows: &[usize],
        tokens: Option<usize>,
    ) -> Option<Tensor<3>> {
        let mut tables = self.lock();
        let place = tables.iter().position(|table| table.is(part, layers))?;
        let table = tables.remove(place);
        let tokens = match layers == backbone.config().layers {
            true => Some(1),
            false => tokens,
        };
        let places = table.places.of(rows, tokens);
        let size = places.len();
        let places = integers(places, [size], backbone.device());
        let states = table.states.clone().select(0, places);
        tables.push(table);
        let lines = tokens.map_or(1, |_| rows.len());
        Some(states.reshape([lines, size / lines, backbone.config().hidden]))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Table>> {
        // Tables are whole at every moment, so a panic elsewhere has broken none.
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn bytes(numbers: usize, backbone: &Backbone) -> usize {
    numbers * backbone.dtype().size()
}

impl Table {
    fn is(&self, part: Part, layers: usize) -> bool {
        (self.part, self.layers) == (part, layers)
    }
}

impl Places {
    /// The places of these rows' tokens, padded to `tokens` with that of the zeros where asked for.
    fn of(&self, rows: &[usize], tokens: Option<usize>) -> Vec<u32> {
        let zeros = self.starts.last().copied().unwrap_or(0);
        let places = rows.iter().flat_map(|&row| {
            let (start, end) = (self.starts[row], self.starts[row + 1]);
            let wanted = start..tokens.map_or(end, |tokens| start + tokens);
            wanted.map(move |place| if place < end { place } else { zeros })
        });
        places.map(|place| place as u32).collect()
    }
}

impl Filling {
    /// The rows that it is of.
    pub fn part(&self) -> Part {
        self.part
    }

    /// Computes the next `batch_size` rows. True: the table is full.
    ///
    /// # Errors
    /// The rows do not fit the backbone.
    pub fn advance(
        &mut self,
        backbone: &Backbone,
        rows: &[Row],
        padding_id: u32,
        batch_size: usize,
    ) -> Result<bool, BatchError> {
        let end = (self.done + batch_size).min(self.order.len());
        let chosen = &self.order[self.done..end];
        let batch_rows: Vec<&Row> = chosen.iter().map(|&row| &rows[row]).collect();
        let batch = collate(backbone, &batch_rows, padding_id, None)?;
        let config = backbone.config();
        let (states, starts) = match self.layers == config.layers {
            true => {
                let first = backbone.first_token(&batch, &[], None);
                (first.into_data(), (0..chosen.len()).collect())
            }
            false => {
                let all = backbone.below(&batch, self.layers);
                (all.into_data(), batch.starts())
            }
        };
        let states: Vec<f32> = states.iter::<f32>().collect();
        for (&row, begin) in chosen.iter().zip(starts) {
            let [start, end] = [row, row + 1].map(|i| self.places.starts[i] * config.hidden);
            let states = &states[begin * config.hidden..];
            self.values[start..end].copy_from_slice(&states[..end - start]);
        }
        self.done = end;
        Ok(end == self.order.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

//! The numbers of a table under way, and where each row's are.

use super::super::batches::Row;
use crate::model::tensor::{Tensor, read_back};
use crate::model::{Backbone, Batch, Untouched};

/// Where the tokens of each row are in a table.
#[derive(Clone, Debug)]
pub(super) struct Places {
    /// The first token of each row, and the end.
    pub(super) starts: Vec<usize>,
}

/// The numbers of one table under way.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) untouched: Untouched,
    pub(super) places: Places,
    /// Of each tensor those of all places, W a place.
    pub(super) values: Vec<Vec<f32>>,
}

impl Places {
    /// Of each row all tokens, or the first alone.
    pub(super) fn new(rows: &[Row], first_only: bool) -> Self {
        let kept = |row: &Row| if first_only { 1 } else { row.ids.len() };
        let mut starts = vec![0];
        starts.extend(rows.iter().scan(0, |end, row| {
            *end += kept(row);
            Some(*end)
        }));
        Self { starts }
    }

    /// Places in all, that of the zeros included.
    pub(super) fn count(&self) -> usize {
        self.starts.last().copied().unwrap_or(0) + 1
    }

    /// The places of these rows' tokens, padded to `tokens` with that of the zeros where asked for.
    pub(super) fn of(&self, rows: &[usize], tokens: Option<usize>) -> Vec<u32> {
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
    pub(super) fn new(backbone: &Backbone, untouched: Untouched, rows: &[Row]) -> Self {
        let config = backbone.config();
        let places = Places::new(rows, untouched.reached() >= config.layers);
        let widths = untouched.widths(config).into_iter();
        Self {
            untouched,
            values: widths
                .map(|width| vec![0.0; places.count() * width])
                .collect(),
            places,
        }
    }

    /// Bytes that the table will take.
    pub(super) fn size(backbone: &Backbone, untouched: Untouched, rows: &[Row]) -> usize {
        let config = backbone.config();
        let places = Places::new(rows, untouched.reached() >= config.layers);
        let width: usize = untouched.widths(config).iter().sum();
        places.count() * width * backbone.dtype().size()
    }

    /// Takes the states of rows `chosen`, which make up the batch.
    pub(super) fn write(&mut self, states: &[Tensor<3>], chosen: &[usize], batch: &Batch) {
        for (values, states) in self.values.iter_mut().zip(states) {
            let [lines, tokens, width] = states.dims();
            let begins = batch.starts_among(lines * tokens);
            let states: Vec<f32> = read_back(states.clone());
            for (&row, begin) in chosen.iter().zip(begins) {
                let [start, end] = [row, row + 1].map(|i| self.places.starts[i] * width);
                let states = &states[begin * width..];
                values[start..end].copy_from_slice(&states[..end - start]);
            }
        }
    }
}

//! The numbers of a table under way, and where each row's are.

use super::super::batches::Row;
use crate::model::tensor::{Device, Int, Tensor, floats, integers, read_back};
use crate::model::{Backbone, Batch, Untouched};

/// Where the tokens of each row are in a table.
#[derive(Clone, Debug)]
pub(super) struct Places {
    /// The first token of each row, and the end.
    starts: Vec<usize>,
}

/// The numbers of one table under way.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) untouched: Untouched,
    pub(super) places: Places,
    numbers: Numbers,
}

/// Of each tensor the numbers of all places.
#[derive(Debug)]
enum Numbers {
    /// W a place, of the rows in their order: where the host computes.
    Host(Vec<Vec<f32>>),
    /// [T + 1, W], of the rows from short to long, in which they come: they never leave the device.
    Device(Vec<Tensor<2>>),
}

impl Places {
    /// Of each row all tokens, or the first alone.
    pub(super) fn new<'a>(rows: impl Iterator<Item = &'a Row>, first_only: bool) -> Self {
        let kept = |row: &Row| if first_only { 1 } else { row.ids.len() };
        let mut starts = vec![0];
        starts.extend(rows.scan(0, |end, row| {
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
    /// Nothing written yet; `order` are the rows from short to long.
    pub(super) fn new(
        backbone: &Backbone,
        untouched: Untouched,
        rows: &[Row],
        order: &[usize],
    ) -> Self {
        let config = backbone.config();
        let first_only = untouched.reached() >= config.layers;
        let widths = untouched.widths(config).into_iter();
        let (places, numbers);
        if backbone.packs() {
            places = Places::new(rows.iter(), first_only);
            let nothing = widths.map(|width| vec![0.0; places.count() * width]);
            numbers = Numbers::Host(nothing.collect());
        } else {
            places = Places::new(order.iter().map(|&row| &rows[row]), first_only);
            let options = (backbone.device(), backbone.dtype());
            let nothing = widths.map(|width| Tensor::zeros([places.count(), width], options));
            numbers = Numbers::Device(nothing.collect());
        }
        Self {
            untouched,
            places,
            numbers,
        }
    }

    /// Bytes that the table will take.
    pub(super) fn size(backbone: &Backbone, untouched: Untouched, rows: &[Row]) -> usize {
        let config = backbone.config();
        let places = Places::new(rows.iter(), untouched.reached() >= config.layers);
        let width: usize = untouched.widths(config).iter().sum();
        places.count() * width * backbone.dtype().size()
    }

    /// Takes the states of rows `chosen`, which make up the batch and come after `done` others.
    pub(super) fn write(
        &mut self,
        states: &[Tensor<3>],
        done: usize,
        chosen: &[usize],
        batch: &Batch,
    ) {
        let starts = &self.places.starts;
        match &mut self.numbers {
            Numbers::Host(values) => {
                for (values, states) in values.iter_mut().zip(states) {
                    let [lines, tokens, width] = states.dims();
                    let begins = batch.starts_among(lines * tokens);
                    let states: Vec<f32> = read_back(states.clone());
                    for (&row, begin) in chosen.iter().zip(begins) {
                        let [start, end] = [row, row + 1].map(|i| starts[i] * width);
                        let states = &states[begin * width..];
                        values[start..end].copy_from_slice(&states[..end - start]);
                    }
                }
            }
            Numbers::Device(tables) => {
                let written = &starts[done..=done + chosen.len()];
                let written_to = written[0]..written[chosen.len()];
                let kept = kept(written, states[0].dims(), batch, &states[0].device());
                let filled = std::mem::take(tables).into_iter().zip(states);
                let filled = filled.map(|(table, states)| {
                    let [lines, tokens, width] = states.dims();
                    let states = states.clone().reshape([lines * tokens, width]);
                    let states = states.select(0, kept.clone()).cast(table.dtype());
                    table.slice_assign([written_to.clone(), 0..width], states)
                });
                *tables = filled.collect();
            }
        }
    }

    /// The finished table, on the device: states of all tokens, and zeros at the end, each [T + 1, W].
    pub(super) fn into_states(self, backbone: &Backbone) -> (Places, Vec<Tensor<2>>) {
        let places = self.places.count();
        let states = match self.numbers {
            Numbers::Device(tables) => tables,
            Numbers::Host(values) => {
                let states = values.into_iter().map(|values| {
                    let shape = [places, values.len() / places];
                    floats(values, shape, backbone.device(), backbone.dtype())
                });
                states.collect()
            }
        };
        (self.places, states)
    }
}

/// Which of a batch's places hold what is kept, those of padding left out; `starts` are those of its rows, and the end.
fn kept(
    starts: &[usize],
    [lines, tokens, _]: [usize; 3],
    batch: &Batch,
    device: &Device,
) -> Tensor<1, Int> {
    let begins = batch.starts_among(lines * tokens);
    let rows = starts.windows(2).zip(begins);
    let kept = rows.flat_map(|(ends, begin)| begin..begin + ends[1] - ends[0]);
    let kept: Vec<u32> = kept.map(|place| place as u32).collect();
    let size = kept.len();
    integers(kept, [size], device)
}

//! Rows that stay on a device, so that a batch of them takes no more than their numbers.
//!
//! | symbol | meaning |
//! |---|---|
//! | N, T | rows, and their tokens together |
//! | B, S | rows of a batch, and the tokens that each is padded to |
//!
//! Tokens of all rows lie end to end, and one of padding comes last, at place T: a batch is a selection of places.

use super::batch::{Batch, BatchError, checked};
use super::encoder::Backbone;
use super::layout::Layout;
use super::tensor::{Int, Shared, Tensor, exact, integers};

/// N rows for one encoder, on its device. They are known by their numbers, in the order in which they were given.
#[derive(Debug)]
pub struct Resident {
    tables: Shared<Tables>,
    /// Tokens of each row.
    lengths: Vec<usize>,
}

#[derive(Clone, Debug)]
struct Tables {
    /// Of each token, [T + 1].
    ids: Tensor<1, Int>,
    types: Tensor<1, Int>,
    positions: Tensor<1, Int>,
    /// Of each row the place of its first token, and its tokens, [N].
    starts: Tensor<1, Int>,
    lengths: Tensor<1, Int>,
    /// 0, 1, … up to the longest that a row is padded to.
    columns: Tensor<1, Int>,
}

/// Where the tokens of a batch are among those of all rows.
#[derive(Clone, Debug)]
pub struct Places {
    /// Numbers of its rows, [B].
    pub rows: Tensor<1, Int>,
    /// Places of its tokens, [B S]; T at padding.
    pub tokens: Tensor<1, Int>,
}

impl Resident {
    /// Rows of ids and token types, of which a batch is padded to `longest` tokens at most.
    ///
    /// # Errors
    /// A row is empty or longer than the position table allows, or an id is outside its table.
    pub fn new(
        backbone: &Backbone,
        rows: &[[&[u32]; 2]],
        padding_id: u32,
        longest: usize,
    ) -> Result<Self, BatchError> {
        let config = backbone.config();
        let lengths: Vec<usize> = rows.iter().map(|[ids, _]| ids.len()).collect();
        let mut starts = vec![0];
        let mut columns: [Vec<u32>; 3] = Default::default();
        for [ids, types] in rows {
            if ids.is_empty() || types.len() != ids.len() {
                return Err(BatchError::Lengths {
                    shape: [1, ids.len()],
                    found: [ids.len(), types.len(), ids.len()],
                });
            }
            columns[0].extend_from_slice(ids);
            columns[1].extend_from_slice(types);
            columns[2].extend(config.position_ids(ids));
            starts.push(columns[0].len() as u32);
        }
        columns[0].push(padding_id);
        columns[1].push(0);
        columns[2].extend(config.position_ids(&[padding_id]));
        let longest = lengths.iter().copied().max().unwrap_or(0).max(longest);
        checked(config, &columns[0], &columns[1], longest)?;
        let device = backbone.device();
        let tensor = |numbers: Vec<u32>| {
            let size = numbers.len();
            integers(numbers, [size], device)
        };
        starts.truncate(rows.len());
        let [ids, types, positions] = columns.map(tensor);
        let tables = Tables {
            ids,
            types,
            positions,
            starts: tensor(starts),
            lengths: tensor(lengths.iter().map(|&length| length as u32).collect()),
            columns: tensor((0..longest as u32).collect()),
        };
        Ok(Self {
            tables: Shared::new(tables, backbone.habits().queues),
            lengths,
        })
    }

    /// The batch of rows with these numbers, which are on the device as `numbers` [B], padded to S `tokens`.
    ///
    /// # Panics
    /// A row has more tokens, or is none of these.
    pub fn batch(
        &self,
        backbone: &Backbone,
        rows: &[usize],
        numbers: Tensor<1, Int>,
        tokens: usize,
    ) -> Batch {
        let own = self.tables.here();
        let shape = [rows.len(), tokens];
        let of_rows = |table: &Tensor<1, Int>| {
            let found = table.clone().select(0, numbers.clone());
            found.unsqueeze_dim::<2>(1).expand(shape)
        };
        let columns = own.columns.clone().narrow(0, 0, tokens);
        let columns = columns.unsqueeze_dim::<2>(0).expand(shape);
        let is_padding = columns.clone().greater_equal(of_rows(&own.lengths));
        let beyond: usize = self.lengths.iter().sum();
        let places = (of_rows(&own.starts) + columns).mask_fill(is_padding.clone(), beyond as i64);
        let places = places.reshape([shape[0] * tokens]);
        assert!(rows.iter().all(|&row| self.lengths[row] <= tokens));
        let padded = rows.iter().any(|&row| self.lengths[row] < tokens);
        let padding = padded.then(|| {
            let options = (backbone.device(), exact(backbone.dtype()));
            let open = Tensor::zeros([shape[0], 1, 1, tokens], options);
            open.mask_fill(is_padding.reshape([shape[0], 1, 1, tokens]), f32::MIN)
        });
        let of_tokens = |table: &Tensor<1, Int>| {
            let found = table.clone().select(0, places.clone());
            found.reshape(shape)
        };
        Batch {
            input_ids: of_tokens(&own.ids),
            token_type_ids: of_tokens(&own.types),
            position_ids: of_tokens(&own.positions),
            layout: Layout::Padded {
                rows: rows.len(),
                tokens,
                padding,
            },
            places: Some(Places {
                rows: numbers,
                tokens: places,
            }),
            below: None,
        }
    }
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    reason = "a broken expectation must fail its test"
)]
mod tests {
    use super::super::config::EncoderConfig;
    use super::super::parameters::Parameters;
    use super::super::tensor::{DType, Device, Traffic, read_back};
    use super::*;

    fn backbone() -> Backbone {
        let config = EncoderConfig::tiny();
        let named = Backbone::random(&config, 5);
        let parameters = Parameters::from_named(named, &Device::flex(), DType::F64);
        Backbone::over(&config, &parameters.untracked()).unwrap()
    }

    #[test]
    fn a_batch_of_resident_rows_is_that_of_the_rows_and_takes_their_numbers_alone() {
        let backbone = backbone();
        let rows: [&[u32]; 4] = [&[1, 5, 7, 2], &[9, 4], &[3], &[8, 11, 6, 12]];
        let types: [&[u32]; 4] = [&[0, 0, 1, 1], &[0, 1], &[1], &[0; 4]];
        let both: Vec<[&[u32]; 2]> = (0..4).map(|row| [rows[row], types[row]]).collect();
        let resident = Resident::new(&backbone, &both, 0, 6).unwrap();
        for (chosen, tokens) in [(vec![2, 0, 1], 6), (vec![0, 3], 4)] {
            let before = Traffic::here();
            let numbers = chosen.iter().map(|&row| row as u32);
            let numbers = integers(numbers, [chosen.len()], backbone.device());
            let batch = resident.batch(&backbone, &chosen, numbers, tokens);
            let moved = Traffic {
                uploads: 1,
                read_backs: 0,
            };
            assert_eq!(Traffic::since(before), moved);
            let padded = |numbers: [&[u32]; 4], padding: u32| -> Vec<u32> {
                let rows = chosen.iter().flat_map(|&row| {
                    let mut row = numbers[row].to_vec();
                    row.resize(tokens, padding);
                    row
                });
                rows.collect()
            };
            let ones: [Vec<u32>; 4] = rows.map(|row| vec![1; row.len()]);
            let mask = padded([0, 1, 2, 3].map(|row| ones[row].as_slice()), 0);
            let shape = [chosen.len(), tokens];
            let expected =
                (backbone.batch(&padded(rows, 0), &padded(types, 0), &mask, shape)).unwrap();
            let hidden = |batch: &Batch| {
                let h = backbone.first_token(batch, &[], None);
                read_back::<f64, 2>(h)
            };
            assert_eq!(hidden(&batch), hidden(&expected));
            let padding = |batch: &Batch| batch.layout.padding().cloned().map(read_back::<f64, 4>);
            assert_eq!(padding(&batch), padding(&expected));
        }
    }

    #[test]
    fn rows_that_do_not_fit_are_refused() {
        let backbone = backbone();
        let refused = |ids: &[u32], types: &[u32], longest| {
            Resident::new(&backbone, &[[ids, types]], 0, longest).unwrap_err()
        };
        assert!(matches!(refused(&[], &[], 1), BatchError::Lengths { .. }));
        assert!(matches!(
            refused(&[20], &[0], 1),
            BatchError::Unknown { .. }
        ));
        assert!(matches!(
            refused(&[1; 11], &[0; 11], 1),
            BatchError::TooLong { .. }
        ));
        assert!(matches!(
            refused(&[1], &[0], 11),
            BatchError::TooLong { .. }
        ));
    }
}

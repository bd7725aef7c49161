#![allow(
    clippy::unwrap_used,
    reason = "a broken expectation must fail its test"
)]

use super::super::Random;
use super::*;
use crate::model::layout::Layout;
use crate::model::relative;
use crate::model::tensor::{DType, Device, floats};

struct Case {
    /// Tokens of each row; none: three rows of as many, some of them padding.
    packed: Option<Vec<usize>>,
    tokens: usize,
    first_only: bool,
    prefix: usize,
    heads: usize,
    /// Of q, k, v, k' and v'.
    tracked: [bool; 5],
}

impl Case {
    fn layout(&self, device: &Device) -> Layout {
        if let Some(lengths) = &self.packed {
            return Layout::packed(lengths.iter().copied(), device);
        }
        // The last tokens of the second row are padding, and so is all of the third but its first.
        let lengths = [self.tokens, self.tokens / 2 + 1, 1];
        let masks = lengths.map(|length| {
            let places = (0..self.tokens).map(|place| if place < length { 0.0 } else { f32::MIN });
            places.collect::<Vec<f32>>()
        });
        let padding = floats(masks.concat(), [3, 1, 1, self.tokens], device, DType::F32);
        Layout::Padded {
            rows: 3,
            tokens: self.tokens,
            padding: (self.tokens > 1).then_some(padding),
        }
    }
}

fn cases() -> Vec<Case> {
    let all = [true; 5];
    let case = |packed: Option<&[usize]>, tokens, first_only, prefix, heads, tracked| Case {
        packed: packed.map(<[usize]>::to_vec),
        tokens,
        first_only,
        prefix,
        heads,
        tracked,
    };
    vec![
        case(None, 5, false, 0, 1, all),
        case(None, 9, false, 0, 4, all),
        case(None, 9, true, 0, 3, all),
        case(None, 7, false, 3, 2, all),
        case(None, 7, true, 3, 2, [false, true, true, false, true]),
        case(None, 7, false, 3, 2, [true, false, false, false, false]),
        case(None, 6, false, 2, 2, [false, false, false, true, false]),
        case(None, 33, false, 7, 2, [false; 5]),
        case(None, 1, false, 2, 2, all),
        case(Some(&[5, 1, 9]), 0, false, 0, 2, all),
        case(Some(&[4, 4, 3, 1]), 0, false, 3, 3, all),
        case(Some(&[4, 2, 3, 1]), 0, true, 3, 3, all),
        case(Some(&[1, 1]), 0, true, 2, 1, all),
        case(Some(&[40, 33]), 0, false, 5, 2, [false; 5]),
        // More rows than parts.
        case(Some(&[3; 37]), 0, false, 2, 2, all),
        case(
            Some(&[2; 37]),
            0,
            true,
            2,
            2,
            [false, false, true, true, false],
        ),
    ]
}

#[test]
fn agrees_with_the_composed_form_in_value_and_gradients() {
    for (number, case) in cases().iter().enumerate() {
        for rate in [0.0, 0.4] {
            agrees(number, case, rate);
        }
    }
}

fn agrees(number: usize, case: &Case, rate: f64) {
    let device = Device::flex();
    let layout = case.layout(&device);
    let [lines, tokens] = layout.axes();
    let hidden = 6 * case.heads;
    let mut stream = Random::new(number as u64);
    let mut random = |dims: [usize; 3]| stream.tensor(dims, 1.5);
    let asked = match (case.first_only, lines) {
        (true, 1) => layout.rows(),
        (true, _) => 1,
        (false, _) => tokens,
    };
    let [of_queries, of_keys] = [asked, tokens].map(|tokens| [lines, tokens, hidden]);
    let of_prefix = [case.heads, case.prefix.max(1), 6];
    let inputs = [of_queries, of_keys, of_keys, of_prefix, of_prefix].map(&mut random);
    let weights = random(of_queries);
    // Every other case has biases by distance.
    let distances = [1, case.heads, 2 * layout.longest() - 1];
    let biases = (number % 2 == 1).then(|| relative::Biases::new(random(distances).squeeze_dim(0)));
    let used = if case.prefix > 0 { 5 } else { 3 };
    let tracked = &case.tracked[..used];
    let run = |fused: bool| {
        let leaves: Vec<Tensor<3>> = (inputs.iter().zip(tracked))
            .map(|(x, tracked)| match tracked {
                true => x.clone().autodiff().require_grad(),
                false => x.clone(),
            })
            .collect();
        let heads = Heads {
            heads: case.heads,
            query: leaves[0].clone(),
            key: leaves[1].clone(),
            value: leaves[2].clone(),
            prefix: (used == 5).then(|| [leaves[3].clone(), leaves[4].clone()]),
            biases: biases.as_ref(),
            layout: &layout,
        };
        let mut dropout = Dropout::new(rate, 0.0, 5);
        let dropout = (rate > 0.0).then_some(&mut dropout);
        let context = match fused {
            true => attention(heads, dropout),
            false => composed::attention::attention(&composed::Composed, heads, dropout),
        };
        assert_eq!(context.is_tracked(), tracked.contains(&true));
        if !context.is_tracked() {
            return vec![context];
        }
        let gradients = (context.clone() * weights.clone()).sum().backward();
        let found = leaves.iter().filter_map(|leaf| leaf.grad(&gradients));
        [context.inner()].into_iter().chain(found).collect()
    };
    let (ours, theirs) = (run(true), run(false));
    assert_eq!(ours.len(), theirs.len());
    assert_eq!(ours.len(), 1 + tracked.iter().filter(|t| **t).count());
    for (place, (ours, theirs)) in ours.into_iter().zip(theirs).enumerate() {
        assert!(
            ours.all_close(theirs, Some(1e-4), Some(3e-6)),
            "case {number}, output {place}"
        );
    }
}

#[test]
fn first_tokens_alone_agree_with_keys_and_values_of_all() {
    let lengths: [Option<&[usize]>; 4] = [None, Some(&[4, 2, 3, 1]), Some(&[1, 1]), Some(&[2; 37])];
    for (number, lengths) in lengths.into_iter().enumerate() {
        for (prefix, rate) in [(0, 0.0), (3, 0.0), (3, 0.4)] {
            let all = [true; 4];
            for tracked in [all, [false, false, true, true], [true, true, false, false]] {
                first_tokens_agree(number, lengths, prefix, rate, tracked);
            }
        }
    }
}

/// `tracked` of q, x, k' and v'.
fn first_tokens_agree(
    number: usize,
    lengths: Option<&[usize]>,
    prefix: usize,
    rate: f64,
    tracked: [bool; 4],
) {
    let device = Device::flex();
    let (heads, width) = (3, 6);
    let hidden = heads * width;
    let case = Case {
        packed: lengths.map(<[usize]>::to_vec),
        tokens: 7,
        first_only: true,
        prefix,
        heads,
        tracked: [false; 5],
    };
    let layout = case.layout(&device);
    let [lines, tokens] = layout.axes();
    let mut stream = Random::new(number as u64);
    let mut random = |dims: [usize; 3]| stream.tensor(dims, 0.8);
    let of_queries = [lines, layout.rows() / lines, hidden];
    let of_prefix = [heads, prefix.max(1), width];
    let inputs = [of_queries, [lines, tokens, hidden], of_prefix, of_prefix].map(&mut random);
    let weights = random(of_queries);
    // As a file holds them, [out, in], and laid out the other way.
    let key = random([1, hidden, hidden])
        .reshape([hidden, hidden])
        .transpose();
    let value = random([1, hidden, hidden]).reshape([hidden, hidden]);
    let [key_bias, value_bias] = [(); 2].map(|()| random([1, 1, hidden]).reshape([hidden]));
    let distances = [1, heads, 2 * layout.longest() - 1];
    let biases = (number % 2 == 1).then(|| relative::Biases::new(random(distances).squeeze_dim(0)));
    let used = if prefix > 0 { 4 } else { 2 };
    let run = |folded: bool| {
        let leaves: Vec<Tensor<3>> = (inputs.iter().zip(&tracked[..used]))
            .map(|(x, tracked)| match tracked {
                true => x.clone().autodiff().require_grad(),
                false => x.clone(),
            })
            .collect();
        let prefix = (used == 4).then(|| [leaves[2].clone(), leaves[3].clone()]);
        let mut dropout = Dropout::new(rate, 0.0, 5);
        let dropout = (rate > 0.0).then_some(&mut dropout);
        let context = if folded {
            let asked = FirstTokens {
                heads,
                query: &leaves[0],
                x: &leaves[1],
                key: (&key, &key_bias),
                value: (&value, &value_bias),
                prefix: prefix.as_ref(),
                biases: biases.as_ref(),
                layout: &layout,
            };
            first_tokens(&asked, dropout).unwrap()
        } else {
            let map = |w: &Tensor<2>, b: &Tensor<1>| {
                crate::model::ops::composed::linear(leaves[1].clone(), w.clone(), b.clone())
            };
            let heads = Heads {
                heads,
                query: leaves[0].clone(),
                key: map(&key, &key_bias),
                value: map(&value, &value_bias),
                prefix,
                biases: biases.as_ref(),
                layout: &layout,
            };
            composed::attention::attention(&composed::Composed, heads, dropout)
        };
        if !context.is_tracked() {
            return vec![context];
        }
        let gradients = (context.clone() * weights.clone()).sum().backward();
        let found = leaves.iter().filter_map(|leaf| leaf.grad(&gradients));
        [context.inner()].into_iter().chain(found).collect()
    };
    let (ours, theirs) = (run(true), run(false));
    let wanted = tracked[..used].iter().filter(|t| **t).count();
    assert_eq!((ours.len(), theirs.len()), (1 + wanted, 1 + wanted));
    for (place, (ours, theirs)) in ours.into_iter().zip(theirs).enumerate() {
        assert!(
            ours.all_close(theirs, Some(1e-4), Some(3e-5)),
            "rows {number}, prefix {prefix}, dropout {rate}, tracked {tracked:?}, output {place}"
        );
    }
}

#[test]
fn a_prefix_joins_what_tokens_got_from_each_other() {
    for (number, case) in cases().iter().enumerate().filter(|(_, c)| c.prefix > 0) {
        let device = Device::flex();
        let layout = case.layout(&device);
        let [lines, tokens] = layout.axes();
        let hidden = 6 * case.heads;
        let mut stream = Random::new(number as u64);
        let mut random = |dims: [usize; 3]| stream.tensor(dims, 1.5);
        let asked = match (case.first_only, lines) {
            (true, 1) => layout.rows(),
            (true, _) => 1,
            (false, _) => tokens,
        };
        let [of_queries, of_keys] = [asked, tokens].map(|tokens| [lines, tokens, hidden]);
        let of_prefix = [case.heads, case.prefix, 6];
        let [query, key, value] = [of_queries, of_keys, of_keys].map(&mut random);
        let prefix = [of_prefix, of_prefix].map(&mut random);
        let weights = random(of_queries);
        let distances = [1, case.heads, 2 * layout.longest() - 1];
        let biases =
            (number % 2 == 1).then(|| relative::Biases::new(random(distances).squeeze_dim(0)));
        let heads = |prefix: Option<[Tensor<3>; 2]>| Heads {
            heads: case.heads,
            query: query.clone(),
            key: key.clone(),
            value: value.clone(),
            prefix,
            biases: biases.as_ref(),
            layout: &layout,
        };
        let known = among_tokens(heads(None));
        type Attend<'a> = &'a dyn Fn([Tensor<3>; 2]) -> Tensor<3>;
        let run = |attend: Attend<'_>, tracked: [bool; 2]| {
            let leaves = [0, 1].map(|i| match tracked[i] {
                true => prefix[i].clone().autodiff().require_grad(),
                false => prefix[i].clone(),
            });
            let context = attend(leaves.clone());
            if !context.is_tracked() {
                return vec![context];
            }
            let gradients = (context.clone() * weights.clone()).sum().backward();
            let found = leaves.iter().filter_map(|leaf| leaf.grad(&gradients));
            [context.inner()].into_iter().chain(found).collect()
        };
        for tracked in [[true, true], [true, false], [false, true], [false, false]] {
            let ways: [Attend<'_>; 3] = [
                &|prefix| prefixed(&known, prefix),
                &|prefix| composed::attention::prefixed(&composed::Composed, &known, prefix),
                &|prefix| {
                    composed::attention::attention(&composed::Composed, heads(Some(prefix)), None)
                },
            ];
            let [ours, by_parts, whole] = ways.map(|attend| run(attend, tracked));
            let wanted = 1 + tracked.iter().filter(|t| **t).count();
            for others in [by_parts, whole] {
                assert_eq!((ours.len(), others.len()), (wanted, wanted));
                for (place, (ours, others)) in ours.iter().zip(others).enumerate() {
                    assert!(
                        ours.clone().all_close(others, Some(1e-4), Some(1e-5)),
                        "case {number}, {tracked:?}, output {place}"
                    );
                }
            }
        }
    }
}

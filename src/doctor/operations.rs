//! Every operation of [`Ops`](crate::model::ops::Ops) in 32 bits, forward and backward.

use crate::model::Initial;
use crate::model::layout::Layout;
use crate::model::ops::attention::{FirstTokens, Heads};
use crate::model::ops::philox::Mask;
use crate::model::ops::{AdamWForm, Moved, Step};
use crate::model::relative::Biases;
use crate::model::tensor::{DType, Tensor, floats, integers, read_back};

use super::case::{Numbers, Place, compare, with_gradients};
use super::{Row, Subject, attempt};

/// What is allowed: rounding in 32 bits, over sums as long as these.
const BOUND: f64 = 2e-5;

const GELU: &str = "GELU";
/// It is elementwise, and the slope of the approximation by tanh would be off by up to 1e-3.
const GELU_BOUND: f64 = 1e-6;

/// An operation by name, and how it is run.
type Operation = (&'static str, fn(&Place) -> Result<Numbers, String>);

#[cfg(test)]
pub(super) const COUNT: usize = OPERATIONS.len();

const OPERATIONS: &[Operation] = &[
    ("linear map", linear),
    ("linear map on a residual", linear_onto),
    ("LayerNorm", layer_norm),
    (GELU, gelu),
    ("attention", |place| attention(place, Asked::All)),
    ("attention, prefix and distances", |place| {
        attention(place, Asked::WithPrefix)
    }),
    ("attention of first tokens", |place| {
        attention(place, Asked::First)
    }),
    ("attention that a prefix joins", joined),
    ("look-up in a table", look_up),
    ("masks of dropout", masks),
    ("cross entropy", cross_entropy),
    ("squared error", squared_error),
    ("AdamW of Hugging Face", |place| {
        adamw(place, AdamWForm::HuggingFace)
    }),
    ("AdamW of PyTorch", |place| adamw(place, AdamWForm::Torch)),
];

pub(super) fn look(subject: &Subject, add: &mut dyn FnMut(Row)) {
    let place = subject.place(DType::F32);
    for (name, run) in OPERATIONS {
        let bound = if *name == GELU { GELU_BOUND } else { BOUND };
        add(attempt("operations, f32", *name, || {
            compare(&place, bound, run)
        }));
    }
}

fn linear(place: &Place) -> Result<Numbers, String> {
    let mut stream = Initial::new(1);
    let x = place.normal(&mut stream, [3, 17, 24]);
    let (w, b) = (
        place.normal(&mut stream, [24, 40]),
        place.normal(&mut stream, [40]),
    );
    with_gradients([x], &mut stream, |[x]| place.ops.linear(x, w, b))
}

fn linear_onto(place: &Place) -> Result<Numbers, String> {
    let mut stream = Initial::new(2);
    let inputs = [
        place.normal(&mut stream, [3, 17, 40]),
        place.normal(&mut stream, [3, 17, 24]),
    ];
    let (w, b) = (
        place.normal(&mut stream, [24, 40]),
        place.normal(&mut stream, [40]),
    );
    with_gradients(inputs, &mut stream, |[r, x]| {
        place.ops.linear_onto(r, x, w, b)
    })
}

fn layer_norm(place: &Place) -> Result<Numbers, String> {
    let mut stream = Initial::new(3);
    let x = place.normal(&mut stream, [3, 17, 40]).mul_scalar(2.0) + 0.3;
    let (w, b) = (
        place.normal(&mut stream, [40]),
        place.normal(&mut stream, [40]),
    );
    with_gradients([x], &mut stream, |[x]| place.ops.layer_norm(x, w, b, 1e-12))
}

/// At 10,001 points.
fn gelu(place: &Place) -> Result<Numbers, String> {
    let points: Vec<f32> = (-5000..=5000).map(|i| i as f32 * 1e-3).collect();
    let x = floats(points, [1, 1, 10_001], &place.device, place.dtype);
    with_gradients([x], &mut Initial::new(4), |[x]| place.ops.gelu(x))
}

/// What of attention is asked for.
#[derive(Clone, Copy, PartialEq)]
enum Asked {
    All,
    WithPrefix,
    First,
}

/// Three rows of nine tokens, the last of the second and all but the first of the third of them padding.
fn layout(place: &Place) -> Layout {
    let lengths = [9, 5, 1];
    let masks = lengths.map(|length| {
        let mask = (0..9).map(|at| if at < length { 0.0 } else { f32::MIN });
        mask.collect::<Vec<f32>>()
    });
    let padding = floats(masks.concat(), [3, 1, 1, 9], &place.device, place.dtype);
    Layout::Padded {
        rows: 3,
        tokens: 9,
        padding: Some(padding),
    }
}

fn attention(place: &Place, asked: Asked) -> Result<Numbers, String> {
    let mut stream = Initial::new(5);
    let layout = layout(place);
    let [q, k, v] = [(); 3].map(|()| place.normal(&mut stream, [3, 9, 24]));
    let prefix = [(); 2].map(|()| place.normal(&mut stream, [4, 3, 6]));
    let biases = Biases::new(place.normal(&mut stream, [4, 17]));
    let biases = (asked == Asked::WithPrefix).then_some(&biases);
    if asked == Asked::First {
        let [wk, wv] = [(); 2].map(|()| place.normal(&mut stream, [24, 24]).mul_scalar(0.2));
        let [bk, bv] = [(); 2].map(|()| place.normal(&mut stream, [24]));
        let q = q.narrow(1, 0, 1);
        let [k2, v2] = prefix;
        // The prefix's axes stand first, so it goes in as it is.
        return with_gradients([q, k, k2, v2], &mut stream, |[q, x, k2, v2]| {
            let first = FirstTokens {
                heads: 4,
                query: &q,
                x: &x,
                key: (&wk, &bk),
                value: (&wv, &bv),
                prefix: Some(&[k2, v2]),
                biases,
                layout: &layout,
            };
            place.ops.first_tokens(&first, None)
        });
    }
    let heads = |query, key, value, prefix| Heads {
        heads: 4,
        query,
        key,
        value,
        prefix,
        biases,
        layout: &layout,
    };
    if asked == Asked::All {
        return with_gradients([q, k, v], &mut stream, |[q, k, v]| {
            place.ops.attention(heads(q, k, v, None), None)
        });
    }
    let [k2, v2] = prefix;
    with_gradients([q, k, v, k2, v2], &mut stream, |[q, k, v, k2, v2]| {
        place.ops.attention(heads(q, k, v, Some([k2, v2])), None)
    })
}

fn joined(place: &Place) -> Result<Numbers, String> {
    let mut stream = Initial::new(6);
    let layout = layout(place);
    let [query, key, value] = [(); 3].map(|()| place.normal(&mut stream, [3, 9, 24]));
    let prefix = [(); 2].map(|()| place.normal(&mut stream, [4, 3, 6]));
    let tokens = place.ops.among_tokens(Heads {
        heads: 4,
        query,
        key,
        value,
        prefix: None,
        biases: None,
        layout: &layout,
    });
    with_gradients(prefix, &mut stream, |prefix| {
        place.ops.prefixed(&tokens, prefix)
    })
}

fn look_up(place: &Place) -> Result<Numbers, String> {
    let mut stream = Initial::new(7);
    let table: Tensor<2> = place.normal(&mut stream, [30, 24]);
    let rows = integers((0..50).map(|i| i * 7 % 30), [50], &place.device);
    let found = place.ops.look_up(&table, rows);
    Ok(vec![("value".to_owned(), read_back(found))])
}

/// The same on every device, to the last element.
fn masks(place: &Place) -> Result<Numbers, String> {
    let mask = |site| {
        let mask = Mask {
            seed: 0x1234_5678_9abc_def0,
            step: 7,
            site,
            keep: 0.9,
        };
        read_back(place.ops.mask(&mask, 10_003, &place.device, place.dtype))
    };
    Ok(vec![
        ("site 0".to_owned(), mask(0)),
        ("site 5".to_owned(), mask(5)),
    ])
}

fn cross_entropy(place: &Place) -> Result<Numbers, String> {
    let mut stream = Initial::new(8);
    let logits = place.normal(&mut stream, [1, 16, 5]).mul_scalar(3.0);
    let classes = integers((0..16).map(|i| i % 5), [16], &place.device);
    with_gradients([logits], &mut stream, |[logits]| {
        let loss = place.ops.cross_entropy(logits.squeeze_dim(0), classes);
        loss.reshape([1, 1, 1])
    })
}

fn squared_error(place: &Place) -> Result<Numbers, String> {
    let mut stream = Initial::new(9);
    let values = place.normal(&mut stream, [16]);
    let predictions = place.normal(&mut stream, [1, 16, 1]);
    with_gradients([predictions], &mut stream, |[predictions]| {
        let loss = (place.ops).mean_squared_error(predictions.squeeze_dim(0), values);
        loss.reshape([1, 1, 1])
    })
}

/// Three steps, of which the gradient of the second is clipped.
fn adamw(place: &Place, form: AdamWForm) -> Result<Numbers, String> {
    const SIZE: usize = 1000;
    let mut stream = Initial::new(10);
    let decaying = (0..SIZE).map(|i| f32::from(u8::from(i % 3 > 0)));
    let decaying = floats(decaying.collect(), [SIZE], &place.device, place.dtype);
    let mut moved = Moved {
        weights: place.normal(&mut stream, [SIZE]),
        moments: None,
    };
    let mut norms = Vec::new();
    for number in 1..=3 {
        let size = if number == 2 { 1.0 } else { 0.01 };
        let gradient = place.normal(&mut stream, [SIZE]).mul_scalar(size);
        let step = Step {
            form,
            number,
            learning_rate: 0.01,
            betas: [0.9, 0.999],
            epsilon: 1e-6,
            decay: Some((0.1, decaying.clone())),
            max_gradient_norm: Some(1.0),
        };
        let norm;
        (moved, norm) = place.ops.adamw(moved, gradient, &step);
        norms.extend(read_back::<f64, 1>(norm));
    }
    let mut numbers = vec![
        ("norms".to_owned(), norms),
        ("weights".to_owned(), read_back(moved.weights)),
    ];
    for moment in moved.moments.into_iter().flatten() {
        numbers.push(("moments".to_owned(), read_back(moment)));
    }
    Ok(numbers)
}

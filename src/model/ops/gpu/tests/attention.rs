//! Attention, and the softmax in it.

use super::super::super::attention::Heads;
use super::super::super::composed;
use super::super::attention;
use super::*;
use crate::model::dropout::Dropout;
use crate::model::layout::Layout;
use crate::model::relative::Biases;

/// What attention is asked for: rows, tokens, tokens that ask, heads, width of a head, length of a prefix.
struct Case {
    rows: usize,
    tokens: usize,
    asking: usize,
    heads: usize,
    width: usize,
    prefix: usize,
    padding: bool,
    biases: bool,
    dropout: f64,
}

impl Case {
    fn check(&self, allowed: f64, what: &str) {
        let mut random = Random::new((self.tokens * 31 + self.prefix) as u64);
        let hidden = self.heads * self.width;
        let query = turned(&random.tensor([self.rows, self.asking, hidden], 1.5));
        let key = random.tensor([self.rows, self.tokens, hidden], 1.5);
        let value = turned(&random.tensor([self.rows, self.tokens, hidden], 1.0));
        let prefix = [0, 1].map(|_| random.tensor([self.heads, self.prefix, self.width], 1.0));
        let weights = random.tensor([self.rows, self.asking, hidden], 1.0);
        let biases = random.tensor([self.heads, 2 * self.tokens + 3], 1.0);
        // Row 0 is whole, the last one all padding, those between padded ever further.
        let padding = (0..self.rows * self.tokens).map(|i| {
            let (row, token) = (i / self.tokens, i % self.tokens);
            let real = self.tokens - row * self.tokens / self.rows.saturating_sub(1).max(1);
            if token < real { 0.0 } else { f32::MIN }
        });
        let axes = [self.rows, 1, 1, self.tokens];
        let padding = floats(padding.collect(), axes, &device(), DType::F32);
        let attend = |exactly: bool, [query, key, value]: [Tensor<3>; 3], prefix| {
            let place = |x: &Tensor<2>| if exactly { exact(x) } else { x.clone() };
            let of_padding = |x: &Tensor<4>| if exactly { exact(x) } else { x.clone() };
            let biases = self.biases.then(|| Biases::new(place(&biases)));
            let layout = Layout::Padded {
                rows: self.rows,
                tokens: self.tokens,
                padding: self.padding.then(|| of_padding(&padding)),
            };
            let heads = Heads {
                heads: self.heads,
                query,
                key,
                value,
                prefix,
                biases: biases.as_ref(),
                layout: &layout,
            };
            let mut dropout = Dropout::new(self.dropout, 0.0, 3);
            if exactly {
                composed::attention::attention(&composed::Composed, heads, Some(&mut dropout))
            } else {
                attention::attention(&super::super::EXACT, heads, Some(&mut dropout))
            }
        };
        let [keys, values] = &prefix;
        let [ours, theirs] = [false, true].map(|exactly| {
            let place = |x: &Tensor<3>| if exactly { exact(x) } else { x.clone() };
            let [query, key, value, keys, values] = [&query, &key, &value, keys, values].map(place);
            let weights = place(&weights);
            if self.prefix == 0 {
                let inputs = [&query, &key, &value];
                return run(inputs, &weights, |three| attend(exactly, three, None));
            }
            let inputs = [&query, &key, &value, &keys, &values];
            run(inputs, &weights, |[q, k, v, keys, values]| {
                attend(exactly, [q, k, v], Some([keys, values]))
            })
        });
        agree(&ours, &theirs, allowed, what);
        let prefix = (self.prefix > 0).then_some(prefix);
        let plain = attend(false, [query, key, value], prefix);
        assert!(
            distance(&host(plain), &ours[0]) < 1e-6,
            "{what}: without a graph"
        );
    }
}

const PLAIN: Case = Case {
    rows: 3,
    tokens: 17,
    asking: 17,
    heads: 2,
    width: 4,
    prefix: 0,
    padding: false,
    biases: false,
    dropout: 0.0,
};

#[test]
fn attention_agrees_with_the_library() {
    PLAIN.check(1e-5, "plain");
    Case {
        padding: true,
        ..PLAIN
    }
    .check(1e-5, "padding");
    Case {
        prefix: 3,
        padding: true,
        ..PLAIN
    }
    .check(1e-5, "prefix");
    Case {
        biases: true,
        padding: true,
        ..PLAIN
    }
    .check(1e-5, "biases");
    Case {
        dropout: 0.25,
        padding: true,
        ..PLAIN
    }
    .check(1e-5, "dropout");
    Case {
        asking: 1,
        prefix: 5,
        biases: true,
        padding: true,
        dropout: 0.25,
        ..PLAIN
    }
    .check(1e-5, "all, one token asks");
    Case {
        rows: 1,
        tokens: 70,
        asking: 70,
        heads: 3,
        ..PLAIN
    }
    .check(1e-5, "more keys than threads of a row");
    Case {
        rows: 1,
        tokens: 1,
        asking: 1,
        heads: 1,
        width: 1,
        ..PLAIN
    }
    .check(1e-5, "one of everything");
}

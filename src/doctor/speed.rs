//! How long a training step and an evaluation take, and what of that the operations take by themselves.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use crate::domain::Configuration;
use crate::model::config::{Architecture, EncoderConfig};
use crate::model::layout::Layout;
use crate::model::ops::attention::Heads;
use crate::model::parameters::Parameters;
use crate::model::tensor::{DType, Tensor, Traffic, integers, read_back};
use crate::model::{AdaptedEncoder, AdaptedSettings, Backbone, Batch, Initial};
use crate::train::loss::Targets;
use crate::train::optimizer::{AdamW, AdamWSettings};

use super::case::Place;
use super::{Finding, Row, Subject, attempt, products};

const PART: &str = "speed, f32";

/// The size of what is timed.
#[derive(Clone, Copy, Debug)]
struct Size {
    layers: usize,
    hidden: usize,
    rows: usize,
    tokens: usize,
}

impl Size {
    /// BERT-base on a fast device; else what takes no more than a second or so.
    fn on(place: &Place) -> Self {
        // What ends it ends the rows that rest on it too, where it is told.
        let rate = catch_unwind(AssertUnwindSafe(|| products::rate(place, products::SMALL)));
        match rate.is_ok_and(|rate| rate > products::FAST) {
            true => Self {
                layers: 12,
                hidden: 768,
                rows: 32,
                tokens: 128,
            },
            false => Self {
                layers: 2,
                hidden: 192,
                rows: 8,
                tokens: 32,
            },
        }
    }
}

pub(super) fn look(subject: &Subject, add: &mut dyn FnMut(Row)) {
    let place = subject.place(DType::F32);
    let size = Size::on(&place);
    let Size {
        layers,
        hidden,
        rows,
        tokens,
    } = size;
    add(Row {
        part: PART,
        name: "shape".to_owned(),
        finding: Finding::Fact(format!(
            "{layers}×{hidden}, {rows}×{tokens}, adapters of 24"
        )),
    });
    match Bench::new(&place, size) {
        Err(why) => add(Row {
            part: PART,
            name: "encoder".to_owned(),
            finding: Finding::Failed(why),
        }),
        Ok(mut bench) => {
            add(attempt(PART, "training step", || timed(|| bench.step())));
            add(attempt(PART, "evaluation of its rows", || {
                timed(|| bench.evaluate())
            }));
            add(attempt(PART, "uploads, read-backs, steps", || {
                bench.traffic()
            }));
        }
    }
    for (name, run) in OPERATIONS {
        add(attempt(PART, *name, || timed(|| run(&place, size))));
    }
    let pools = subject.device.memory_pool_usage();
    if let Some(pools) = pools {
        add(Row {
            part: PART,
            name: "memory held by the library".to_owned(),
            finding: Finding::Fact(format!(
                "{:.0} MiB",
                pools.bytes_reserved as f64 / f64::from(1 << 20)
            )),
        });
    }
}

/// Milliseconds of a run, the shortest of three after two that are not timed.
fn timed(mut run: impl FnMut() -> Result<(), String>) -> Result<Finding, String> {
    let mut shortest = f64::INFINITY;
    for turn in 0..5 {
        let begun = Instant::now();
        run()?;
        if turn >= 2 {
            shortest = shortest.min(begun.elapsed().as_secs_f64());
        }
    }
    Ok(Finding::Fact(format!("{:.2} ms", shortest * 1e3)))
}

struct Bench {
    model: AdaptedEncoder,
    batch: Batch,
    targets: Targets,
    optimizer: AdamW,
    size: Size,
}

impl Bench {
    fn new(place: &Place, size: Size) -> Result<Self, String> {
        let encoder = EncoderConfig {
            architecture: Architecture::Bert,
            vocabulary: 1000,
            hidden: size.hidden,
            layers: size.layers,
            heads: size.hidden / 64,
            intermediate: 4 * size.hidden,
            positions: size.tokens,
            token_types: 2,
            distances: 0,
            projected_from: None,
            padding_id: 0,
            layer_norm_epsilon: 1e-12,
            initializer_range: 0.02,
        };
        let said = |error: &dyn std::fmt::Display| error.to_string();
        let weights = Backbone::random(&encoder, 1);
        let parameters = Parameters::computed_by(place.ops, &place.device, place.dtype);
        let frozen = parameters.with_named(weights).untracked();
        let backbone = Backbone::over(&encoder, &frozen).map_err(|error| said(&error))?;
        let configuration = Configuration {
            modules: [("serial".to_owned(), 24)].into(),
            layers: (0..size.layers).collect(),
            ..Configuration::default()
        };
        let settings = AdaptedSettings::default();
        let model = AdaptedEncoder::new(&backbone, &configuration, &settings);
        let model = model.map_err(|error| said(&error))?;
        let (batch, targets) = work(model.backbone(), size)?;
        Ok(Self {
            model,
            batch,
            targets,
            optimizer: AdamW::new(AdamWSettings::default()),
            size,
        })
    }

    fn step(&mut self) -> Result<(), String> {
        // One reading waits for all of it.
        read_back::<f64, 1>(self.begin_step());
        Ok(())
    }

    /// A step, given to the device; its loss and the gradient's norm, to be read.
    fn begin_step(&mut self) -> Tensor<1> {
        let ops = self.model.backbone().ops();
        let loss = self
            .targets
            .loss(ops, self.model.forward(&self.batch, None));
        let gradients = loss.backward();
        let norm = (self.optimizer).step(&mut self.model.parameters, &gradients, 1e-6);
        Tensor::cat(vec![loss.inner(), norm], 0)
    }

    /// What goes to the device and back in as many steps as are read together, each on rows of its own.
    fn traffic(&mut self) -> Result<Finding, String> {
        let steps = self.model.backbone().habits().steps_per_reading;
        let before = Traffic::here();
        let mut losses = Vec::new();
        for _ in 0..steps {
            (self.batch, self.targets) = work(self.model.backbone(), self.size)?;
            losses.push(self.begin_step());
        }
        read_back::<f64, 1>(Tensor::cat(losses, 0));
        let Traffic {
            uploads,
            read_backs,
        } = Traffic::since(before);
        Ok(Finding::Fact(format!("{uploads}, {read_backs}, {steps}")))
    }

    fn evaluate(&mut self) -> Result<(), String> {
        read_back::<f64, 2>(self.model.evaluate(&self.batch));
        Ok(())
    }
}

/// Rows that mean nothing, and their classes, on the device.
fn work(backbone: &Backbone, size: Size) -> Result<(Batch, Targets), String> {
    let count = size.rows * size.tokens;
    let ids: Vec<u32> = (0..count).map(|i| 1 + (i * 7 % 999) as u32).collect();
    let shape = [size.rows, size.tokens];
    let batch = backbone.batch(&ids, &vec![0; count], &vec![1; count], shape);
    let classes = (0..size.rows as u32).map(|i| i % 2);
    let targets = Targets::Classes(integers(classes, [size.rows], backbone.device()));
    Ok((batch.map_err(|error| error.to_string())?, targets))
}

/// Operations of one layer, forward and backward, timed by themselves.
type Timed = (&'static str, fn(&Place, Size) -> Result<(), String>);

const OPERATIONS: &[Timed] = &[
    ("one linear map, both ways", |place, size| {
        let mut stream = Initial::new(1);
        let w = place.normal(&mut stream, [size.hidden, 4 * size.hidden]);
        let b = place.normal(&mut stream, [4 * size.hidden]);
        both_ways(place, size, size.hidden, |x| place.ops.linear(x, w, b))
    }),
    ("one LayerNorm, both ways", |place, size| {
        let mut stream = Initial::new(2);
        let [w, b] = [(); 2].map(|()| place.normal(&mut stream, [size.hidden]));
        both_ways(place, size, size.hidden, |x| {
            place.ops.layer_norm(x, w, b, 1e-12)
        })
    }),
    ("one GELU, both ways", |place, size| {
        both_ways(place, size, 4 * size.hidden, |x| place.ops.gelu(x))
    }),
    ("one attention, both ways", |place, size| {
        let layout = Layout::Padded {
            rows: size.rows,
            tokens: size.tokens,
            padding: None,
        };
        both_ways(place, size, size.hidden, |x| {
            let heads = Heads {
                heads: size.hidden / 64,
                query: x.clone(),
                key: x.clone(),
                value: x,
                prefix: None,
                biases: None,
                layout: &layout,
            };
            place.ops.attention(heads, None)
        })
    }),
];

fn both_ways(
    place: &Place,
    size: Size,
    width: usize,
    map: impl FnOnce(Tensor<3>) -> Tensor<3>,
) -> Result<(), String> {
    let device = (&place.device, place.dtype);
    let x = Tensor::<3>::ones([size.rows, size.tokens, width], device) * 0.5;
    let leaf = x.autodiff().require_grad();
    let gradients = map(leaf.clone()).sum().backward();
    let gradient = leaf.grad(&gradients).ok_or("a gradient is missing")?;
    read_back::<f64, 1>(gradient.sum());
    Ok(())
}

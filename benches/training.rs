//! CPU seconds of a training step and of an evaluation batch, beside plain PyTorch doing the same.
//!
//! `cargo bench --bench training -- --help`. Serial adapters in every layer of an encoder with random weights, every row
//! as long as the longest, no dropout. With `--python PATH` the same shapes are timed by `benches/peers/train_pytorch.py`
//! in turn with ours, and ratios of the medians are printed. CPU time is of the process, over all its threads; on a GPU
//! (`--device cuda --precision bf16 --shapes 12x768x32x128`) wall time counts, PyTorch is run eagerly and compiled, and
//! the memory is the host's.
#![allow(clippy::unwrap_used, reason = "a benchmark may stop by panicking")]
#![recursion_limit = "256"]

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use autopeft::domain::Configuration;
use autopeft::model::config::{Architecture, EncoderConfig};
use autopeft::model::device::DeviceChoice;
use autopeft::model::tensor::{DType, integers};
use autopeft::model::weights::{FileFormat, Weights, to_bytes};
use autopeft::model::{AdaptedEncoder, AdaptedSettings, Backbone, Batch};
use autopeft::train::loss::Targets;
use autopeft::train::optimizer::{AdamW, AdamWSettings};
use clap::Parser;
use cpu_time::ProcessTime;
use serde::Deserialize;

/// CPU seconds of a training step and of an evaluation batch.
#[derive(Parser)]
struct Arguments {
    /// Layers, hidden width, rows and tokens of a batch; several with spaces.
    #[arg(long, num_args = 1.., default_values = ["6x384x32x64", "12x768x8x128"], value_name = "LxHxBxS")]
    shapes: Vec<Shape>,
    /// Width of the serial adapters.
    #[arg(long, default_value_t = 24)]
    bottleneck: usize,
    /// Threads of each process.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Timed steps of each turn, after one that is not timed.
    #[arg(long, default_value_t = 5)]
    steps: usize,
    /// Turns; ours and the peer's alternate.
    #[arg(long, default_value_t = 3)]
    turns: usize,
    /// Where to compute: `cpu` or `cuda`.
    #[arg(long, default_value = "cpu")]
    device: DeviceChoice,
    /// Number format of the encoder: `f32` or `bf16`.
    #[arg(long, default_value = "f32", value_parser = ["f32", "bf16"])]
    precision: String,
    /// A Python that has PyTorch.
    #[arg(long)]
    python: Option<PathBuf>,
    /// The script that it runs.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers/train_pytorch.py"))]
    peer: PathBuf,
    /// One turn of ours, its times as JSON.
    #[arg(long, hide = true)]
    ours: bool,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

/// Layers, hidden width, rows, tokens.
#[derive(Clone, Copy)]
struct Shape([usize; 4]);

impl std::str::FromStr for Shape {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let numbers: Result<Vec<usize>, _> = text.split('x').map(str::parse).collect();
        let numbers = numbers.map_err(|error| error.to_string())?;
        let four = <[usize; 4]>::try_from(numbers);
        four.map(Self)
            .map_err(|_| "expected four numbers, as in 6x384x32x64".into())
    }
}

impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [layers, hidden, rows, tokens] = self.0;
        write!(f, "{layers}x{hidden}x{rows}x{tokens}")
    }
}

/// What one turn measured.
#[derive(Deserialize)]
struct Turn {
    /// CPU seconds of each step.
    step: Vec<f64>,
    /// CPU seconds of each evaluation batch.
    evaluation: Vec<f64>,
    /// Wall seconds of each step.
    step_wall: Vec<f64>,
    /// The most memory that the process has held.
    memory_bytes: u64,
    /// The last loss, to see that both do the same kind of work.
    loss: f64,
}

fn main() {
    autopeft::memory::keep_freed();
    let arguments = Arguments::parse();
    if arguments.ours {
        return one_turn(&arguments);
    }
    println!("shape, who: CPU s per step, per evaluation batch, wall s per step, most memory");
    for &shape in &arguments.shapes {
        let peers: &[_] = match (&arguments.python, arguments.device) {
            (None, _) => &[],
            (_, DeviceChoice::Gpu(..)) => &PEERS,
            _ => &PEERS[..2],
        };
        let mut ours = Vec::new();
        let mut theirs: Vec<Vec<Turn>> = peers.iter().map(|_| Vec::new()).collect();
        for _ in 0..arguments.turns {
            ours.push(turn(&mut own(&arguments, shape)));
            for ((_, options), turns) in peers.iter().zip(&mut theirs) {
                turns.push(turn(&mut peer(&arguments, shape, options)));
            }
        }
        let us = report(shape, "autopeft", &ours, None);
        for ((name, _), turns) in peers.iter().zip(&theirs) {
            report(shape, name, turns, Some(us));
        }
    }
}

/// PyTorch in several ways: a name, and options of its script.
const PEERS: [(&str, &[&str]); 3] = [
    ("PyTorch", &[]),
    (
        "PyTorch, last layer for the first token only",
        &["--first-token"],
    ),
    ("PyTorch, compiled", &["--compile"]),
];

/// Prints the medians and gives them: step, evaluation, wall, memory.
fn report(shape: Shape, who: &str, turns: &[Turn], ours: Option<[f64; 4]>) -> [f64; 4] {
    if turns.is_empty() {
        return [f64::NAN; 4];
    }
    let of = |get: fn(&Turn) -> &[f64]| median(turns.iter().flat_map(get).copied().collect());
    let memory = turns.iter().map(|turn| turn.memory_bytes).max();
    let measured = [
        of(|turn| &turn.step),
        of(|turn| &turn.evaluation),
        of(|turn| &turn.step_wall),
        memory.unwrap_or(0) as f64,
    ];
    let [step, evaluation, wall, memory] = measured;
    let memory = memory / 1e6;
    let rate = shape.0[2] as f64 / wall;
    let loss = turns.last().map_or(f64::NAN, |turn| turn.loss);
    print!(
        "{shape}, {who}: {step:.3}, {evaluation:.3}, {wall:.4}, {memory:.0} MB ({rate:.0} rows a second, loss {loss:.3})"
    );
    if let Some(ours) = ours {
        let [step, evaluation, wall, memory] = [0, 1, 2, 3].map(|i| ours[i] / measured[i]);
        print!("; ours is {step:.2}, {evaluation:.2}, {wall:.2}, {memory:.2} of it");
    }
    println!();
    measured
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn own(arguments: &Arguments, shape: Shape) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg("--ours");
    with_options(command, arguments, shape)
}

fn peer(arguments: &Arguments, shape: Shape, options: &[&str]) -> Command {
    let mut command = Command::new(arguments.python.as_ref().unwrap());
    command.arg("-B").arg(&arguments.peer);
    command.args(options);
    with_options(command, arguments, shape)
}

fn with_options(mut command: Command, arguments: &Arguments, shape: Shape) -> Command {
    command.args(["--shapes", &shape.to_string()]);
    command.args(["--device", &arguments.device.to_string()]);
    command.args(["--precision", &arguments.precision]);
    for (name, value) in [
        ("--bottleneck", arguments.bottleneck),
        ("--threads", arguments.threads),
        ("--steps", arguments.steps),
    ] {
        command.args([name, &value.to_string()]);
    }
    command
}

fn turn(command: &mut Command) -> Turn {
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn one_turn(arguments: &Arguments) {
    let threads = rayon::ThreadPoolBuilder::new().num_threads(arguments.threads);
    threads.build_global().unwrap();
    let [layers, hidden, rows, tokens] = arguments.shapes[0].0;
    let config = EncoderConfig {
        architecture: Architecture::Bert,
        vocabulary: 30_522,
        hidden,
        layers,
        heads: hidden / if hidden < 768 { 32 } else { 64 },
        intermediate: 4 * hidden,
        positions: 512,
        token_types: 2,
        distances: 0,
        projected_from: None,
        padding_id: 0,
        layer_norm_epsilon: 1e-12,
        initializer_range: 0.02,
    };
    let (device, _) = arguments.device.resolve().unwrap();
    let dtype = match arguments.precision.as_str() {
        "bf16" => DType::BF16,
        _ => DType::F32,
    };
    let backbone = {
        let bytes = to_bytes(&Backbone::random(&config, 1), FileFormat::F32).unwrap();
        let weights = Weights::new(&bytes, "random").unwrap();
        Backbone::from_weights(config, &weights, &device, dtype).unwrap()
    };
    let configuration = Configuration {
        modules: [("serial".to_owned(), arguments.bottleneck)].into(),
        layers: (0..layers).collect(),
        ..Configuration::default()
    };
    let mut encoder =
        AdaptedEncoder::new(&backbone, &configuration, &AdaptedSettings::default()).unwrap();
    let batch = batch(&backbone, rows, tokens);
    let classes = integers((0..rows).map(|row| row as u32 % 2), [rows], &device);
    let targets = Targets::Classes(classes);
    let mut optimizer = AdamW::new(AdamWSettings::default());

    let mut loss = f64::NAN;
    let mut step = || {
        let value = targets.loss(backbone.ops(), encoder.forward(&batch, None));
        loss = value.clone().into_scalar::<f64>();
        let gradients = value.backward();
        optimizer.step(&mut encoder.parameters, &gradients, 1e-3);
    };
    let (step, step_wall) = timed(arguments.steps, &mut step);
    let mut evaluate = || drop(encoder.evaluate(&batch).into_data());
    let (evaluation, _) = timed(arguments.steps, &mut evaluate);
    let measured = serde_json::json!({
        "step": step,
        "evaluation": evaluation,
        "step_wall": step_wall,
        "memory_bytes": most_memory(),
        "loss": loss,
    });
    println!("{measured}");
}

/// Rows without padding.
fn batch(backbone: &Backbone, rows: usize, tokens: usize) -> Batch {
    let ids: Vec<u32> = (0..rows * tokens)
        .map(|i| (i * 7919 % 30_000) as u32 + 1)
        .collect();
    let (types, mask) = (vec![0; ids.len()], vec![1; ids.len()]);
    backbone.batch(&ids, &types, &mask, [rows, tokens]).unwrap()
}

/// CPU and wall seconds of each run, after one that is not timed.
fn timed(times: usize, run: &mut dyn FnMut()) -> (Vec<f64>, Vec<f64>) {
    run();
    let both = (0..times).map(|_| {
        let (cpu, wall) = (ProcessTime::now(), Instant::now());
        run();
        (cpu.elapsed().as_secs_f64(), wall.elapsed().as_secs_f64())
    });
    both.unzip()
}

/// As the system counts it; 0 where it does not.
fn most_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| {
        line.trim()
            .trim_end_matches("kB")
            .trim()
            .parse::<u64>()
            .ok()
    });
    1024 * kilobytes.unwrap_or(0)
}

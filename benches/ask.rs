//! Seconds of one ask of the search engine against trials and dimensions.
//!
//! `cargo bench --bench ask -- --help`. The space has three sizes of 11 levels, the other dimensions are switches; the
//! trials are random ones of a smooth function. `--plot FILE.svg` draws what was timed.
#![allow(clippy::unwrap_used, reason = "a benchmark may stop by panicking")]

#[path = "support/arms.rs"]
mod arms;

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use autopeft::domain::{Dimension, Point, Space};
use autopeft::search::{Ask, Engine, EngineSettings, Observation, Outcome};
use clap::Parser;
use plotters::prelude::*;

use arms::arm;

/// Seconds of one ask against trials and dimensions.
#[derive(Parser)]
struct Arguments {
    /// Arms, as those of `cargo bench --bench search`.
    #[arg(long, num_args = 1.., default_values = ["default", "paper"])]
    arms: Vec<String>,
    /// Trials that are known when it is asked.
    #[arg(long, num_args = 1.., default_values_t = [25, 50, 100, 200])]
    trials: Vec<usize>,
    /// Dimensions of the space.
    #[arg(long, num_args = 1.., default_values_t = [15])]
    dimensions: Vec<usize>,
    /// Proposals per ask.
    #[arg(long, default_value_t = 1)]
    batch: usize,
    /// Draw the seconds as a picture.
    #[arg(long)]
    plot: Option<PathBuf>,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

/// What one arm took in a space of so many dimensions: trials and seconds.
struct Curve {
    label: String,
    seconds: Vec<(f64, f64)>,
}

fn main() {
    let arguments = Arguments::parse();
    let mut curves = Vec::new();
    println!(
        "arm, dimensions, trials, proposals: fit s, all s on one thread, most memory of the process so far"
    );
    for name in &arguments.arms {
        for &dimensions in &arguments.dimensions {
            let timed = arguments.trials.iter().map(|&trials| {
                let (fit, all) = time_ask(name, dimensions, trials, arguments.batch);
                let memory = most_memory().unwrap_or_else(|| "unknown".into());
                let batch = arguments.batch;
                println!(
                    "{name}, {dimensions}, {trials}, {batch}: {fit:.2} s, {all:.2} s, {memory}"
                );
                (trials as f64, all)
            });
            curves.push(Curve {
                label: format!("{name}, {dimensions} dimensions"),
                seconds: timed.collect(),
            });
        }
    }
    if let Some(path) = &arguments.plot {
        plot(&curves, arguments.batch, path).unwrap();
        println!("drawn to {}", path.display());
    }
}

fn time_ask(arm_name: &str, dimensions: usize, trials: usize, batch: usize) -> (f64, f64) {
    let levels = |i: usize| if i < 3 { 11 } else { 2 };
    let space = Space {
        dimensions: (0..dimensions)
            .map(|i| Dimension::ordinal(format!("d{i}"), levels(i)))
            .collect(),
        any_of: vec![(0..3).collect(), (3..dimensions).collect()],
    };
    let settings = arm(arm_name);
    let begun = Instant::now();
    let engine = |initial_trials| {
        let cost = |point: &Point| {
            let sizes: u32 = point.0[..3].iter().map(|&k| (1 << k) >> 1).sum();
            let switches: u16 = point.0[3..].iter().sum();
            f64::from(sizes) * f64::from(switches) / 300.0
        };
        let settings = EngineSettings {
            initial_trials,
            ..settings.clone()
        };
        let clock = Arc::new(move || begun.elapsed().as_secs_f64());
        Engine::new(space.clone(), Arc::new(cost), settings, 1, clock)
    };
    let score = |point: &Point| {
        let sizes: f64 = point.0[..3].iter().map(|&k| f64::from(k)).sum();
        let switches = point.0[3..].iter().enumerate();
        let weight: f64 = switches
            .map(|(i, &on)| f64::from(on) / (1.0 + i as f64))
            .sum();
        // An uneven remainder stands for noise.
        let remainder = (sizes * 12.9898 + weight * 78.233).sin() * 43_758.545_3;
        0.7 + 0.2 * (1.0 - (-0.05 * sizes * weight).exp()) + 0.005 * (remainder.fract() - 0.5)
    };
    let mut ask = Ask {
        count: trials,
        ..Ask::default()
    };
    let random = engine(usize::MAX).ask(&ask, &|| false).unwrap();
    ask.history = random
        .into_iter()
        .map(|proposal| Observation {
            error: None,
            outcome: Outcome::Score(score(&proposal.point)),
            point: proposal.point,
            third: None,
            early: Vec::new(),
        })
        .collect();
    ask.count = batch;
    let begun = Instant::now();
    let proposals = engine(0).ask(&ask, &|| false).unwrap();
    (
        proposals[0].diagnostics.fit_seconds,
        begun.elapsed().as_secs_f64(),
    )
}

/// As the system counts it, where it does.
fn most_memory() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    Some(line.trim_start_matches("VmHWM:").trim().to_owned())
}

/// The smallest and the largest, with some air, for a logarithmic axis.
fn span(values: impl Iterator<Item = f64> + Clone) -> Range<f64> {
    let least = values.clone().fold(f64::INFINITY, f64::min);
    0.8 * least..1.25 * values.fold(least, f64::max)
}

/// Seconds against trials, both on logarithmic axes.
fn plot(curves: &[Curve], batch: usize, path: &Path) -> Result<(), Box<dyn std::error::Error>> {
    // Okabe and Ito's colours, and a mark for each, so that nothing hangs on colour alone.
    const COLOURS: [RGBColor; 6] = [
        RGBColor(0, 114, 178),
        RGBColor(213, 94, 0),
        RGBColor(0, 158, 115),
        RGBColor(204, 121, 167),
        RGBColor(86, 180, 233),
        RGBColor(230, 159, 0),
    ];
    let points = || curves.iter().flat_map(|curve| curve.seconds.iter());
    let area = SVGBackend::new(path, (820, 520)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .margin(16)
        .x_label_area_size(48)
        .y_label_area_size(64)
        .build_cartesian_2d(
            span(points().map(|p| p.0)).log_scale(),
            span(points().map(|p| p.1)).log_scale(),
        )?;
    chart
        .configure_mesh()
        .x_desc("trials known")
        .y_desc(format!("seconds of one thread for {batch} proposal(s)"))
        .x_label_formatter(&|x| format!("{x:.0}"))
        .y_label_formatter(&|y| y.to_string())
        .light_line_style(BLACK.mix(0.04))
        .bold_line_style(BLACK.mix(0.12))
        .label_style(("sans-serif", 14))
        .draw()?;
    for (index, curve) in curves.iter().enumerate() {
        let colour = COLOURS[index % COLOURS.len()];
        let side = 3 + (index % 3) as u32;
        chart
            .draw_series(LineSeries::new(
                curve.seconds.iter().copied(),
                colour.stroke_width(2),
            ))?
            .label(&curve.label)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
        let marks = curve.seconds.iter();
        chart.draw_series(marks.map(|&at| match index % 2 {
            0 => Circle::new(at, side, colour.filled()).into_dyn(),
            _ => TriangleMarker::new(at, side + 2, colour.filled()).into_dyn(),
        }))?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.85))
        .label_font(("sans-serif", 14))
        .draw()?;
    area.present()?;
    Ok(())
}

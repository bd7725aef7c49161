//! The pictures of a report, as SVG inside the page; what a point is, it tells when it is pointed at.

use std::fmt::Write;

use super::Contents;
use super::page::escaped;
use super::scale::Scale;
use crate::domain::{Hypervolume, LEARNING_RATE, Trial};
use crate::evaluation;
use crate::search::Effect;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 380.0;
/// Room for the numbers and names beside the axes.
const LEFT: f64 = 64.0;
const BELOW: f64 = 48.0;

/// An empty picture with its axes.
fn axes(out: &mut String, x: &Scale, y: &Scale, x_name: &str, y_name: &str) {
    let bottom = HEIGHT - BELOW;
    let [x_name, y_name] = [x_name, y_name].map(escaped);
    for mark in x.marks() {
        let at = x.place(mark);
        let _ = write!(
            out,
            "<line class=grid x1={at:.1} x2={at:.1} y1=8 y2={bottom} /><text x={at:.1} y={} text-anchor=middle>{mark}</text>",
            bottom + 18.0
        );
    }
    for mark in y.marks() {
        let at = y.place(mark);
        let _ = write!(
            out,
            "<line class=grid x1={LEFT} x2={WIDTH} y1={at:.1} y2={at:.1} /><text x={} y={:.1} text-anchor=end>{mark}</text>",
            LEFT - 6.0,
            at + 4.0
        );
    }
    let _ = write!(
        out,
        "<text x={} y={} text-anchor=middle>{x_name}</text><text x=14 y={} text-anchor=middle transform=\"rotate(-90 14 {})\">{y_name}</text>",
        0.5 * (LEFT + WIDTH),
        HEIGHT - 8.0,
        0.5 * bottom,
        0.5 * bottom
    );
}

fn x_places() -> (f64, f64) {
    (LEFT, WIDTH - 8.0)
}

fn y_places() -> (f64, f64) {
    (HEIGHT - BELOW, 8.0)
}

/// What a trial tells when it is pointed at.
fn tip(trial: &Trial) -> String {
    let score = trial.measurement.map_or(f64::NAN, |m| m.objectives.score);
    let percent = trial.parameters_percent;
    escaped(&format!(
        "trial {}: score {score:.4}, {percent:.4} % parameters; {}",
        trial.id.0, trial.configuration
    ))
}

fn path(points: impl Iterator<Item = (f64, f64)>) -> String {
    let steps = points.enumerate().map(|(i, (x, y))| {
        let letter = if i == 0 { 'M' } else { 'L' };
        format!("{letter}{x:.1} {y:.1}")
    });
    steps.collect()
}

/// Mean scores of an evaluation with their deviations, against parameters: what was found, and what it is compared with.
pub(super) fn evaluation(report: &evaluation::Report) -> String {
    let lines = &report.lines;
    let percents = lines.iter().map(|line| line.parameters_percent);
    // A head alone has none, and lies at the low end.
    let least = percents.clone().filter(|p| *p > 0.0).fold(1.0, f64::min);
    let (from, to) = x_places();
    let x = Scale::logarithmic(percents.chain([0.5 * least]), from, to);
    let ends = lines.iter().flat_map(|line| {
        let deviation = line.deviation.unwrap_or(0.0);
        [line.mean - deviation, line.mean + deviation]
    });
    let y = Scale::even(ends, y_places().0, y_places().1);
    let mut out =
        format!("<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=img aria-label=\"evaluation\">");
    axes(
        &mut out,
        &x,
        &y,
        "parameters in % of the encoder",
        &report.score_name(),
    );
    for line in lines {
        let class = if line.subject.is_baseline {
            "baseline"
        } else {
            "member"
        };
        let (place, mean) = (x.place(line.parameters_percent), y.place(line.mean));
        let deviation = line.deviation.unwrap_or(0.0);
        let [low, high] = [-1.0, 1.0].map(|sign| y.place(line.mean + sign * deviation));
        let name = escaped(&line.subject.name);
        let tip = escaped(&format!(
            "{}: {:.4} ± {deviation:.4}, {:.4} % parameters; {}",
            line.subject.name,
            line.mean,
            line.parameters_percent,
            line.subject.description()
        ));
        // Words end where the picture does.
        let (anchor, beside) = match place > 0.8 * WIDTH {
            true => ("end", place - 9.0),
            false => ("start", place + 9.0),
        };
        let _ = write!(
            out,
            "<path class=deviation d=\"M{place:.1} {low:.1}V{high:.1}\"/>\
             <circle class={class} tabindex=0 cx={place:.1} cy={mean:.1} r=5 data-tip=\"{tip}\"/>\
             <text x={beside:.1} y={:.1} text-anchor={anchor}>{name}</text>",
            mean + 4.0
        );
    }
    out + "</svg>"
}

/// Score against parameters: what every finished trial measured, the front by what is believed, the reference point.
pub(super) fn front(contents: &Contents<'_>) -> String {
    let finished = contents.finished();
    let reference = contents.measure.reference_point();
    let percents = finished.iter().map(|(trial, _)| trial.parameters_percent);
    let scores = finished.iter().map(|(_, m)| m.objectives.score);
    let members = contents.members();
    let belief = |trial: &Trial| contents.beliefs.get(&trial.id);
    let ends = members.iter().filter_map(|(trial, _)| belief(trial));
    let ends = ends.flat_map(|belief| [belief.low, belief.high]);
    let x = Scale::logarithmic(
        percents.chain([reference.parameters_percent]),
        x_places().0,
        x_places().1,
    );
    let y = Scale::even(
        scores.chain(ends).chain([reference.score]),
        y_places().0,
        y_places().1,
    );
    let mut out = format!("<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=img aria-label=\"front\">");
    axes(
        &mut out,
        &x,
        &y,
        "parameters in % of the encoder",
        &contents.metric,
    );
    let (rx, ry) = (
        x.place(reference.parameters_percent),
        y.place(reference.score),
    );
    let _ = write!(
        out,
        "<path class=reference d=\"M{LEFT} {ry:.1}H{WIDTH}M{rx:.1} 8V{}\"><title>reference point</title></path>",
        HEIGHT - BELOW
    );
    let places: Vec<(f64, f64)> = (members.iter())
        .map(|(trial, m)| {
            let score = contents.believed(trial, m);
            (x.place(trial.parameters_percent), y.place(score))
        })
        .collect();
    let corners = places
        .windows(2)
        .flat_map(|pair| [pair[0], (pair[1].0, pair[0].1)]);
    let last = places.last().map(|&(px, py)| [(px, py), (WIDTH - 8.0, py)]);
    let edge = path(corners.chain(last.into_iter().flatten()));
    let _ = write!(out, "<path class=edge d=\"{edge}\"/>");
    for (trial, measurement) in &finished {
        let _ = write!(
            out,
            "<circle class=other tabindex=0 cx={:.1} cy={:.1} r=4 data-tip=\"{}\"/>",
            x.place(trial.parameters_percent),
            y.place(measurement.objectives.score),
            tip(trial)
        );
    }
    for ((trial, _), (px, py)) in members.iter().zip(&places) {
        let mut told = tip(trial);
        if let Some(belief) = belief(trial) {
            let (low, high) = (y.place(belief.low), y.place(belief.high));
            let _ = write!(
                out,
                "<path class=deviation d=\"M{px:.1} {low:.1}V{high:.1}\"/>"
            );
            let _ = write!(
                told,
                "; expected {:.4} ({:.4}–{:.4}), on the front with a probability of {:.0} %",
                belief.score,
                belief.low,
                belief.high,
                100.0 * belief.front_probability
            );
        }
        let _ = write!(
            out,
            "<circle class=member tabindex=0 cx={px:.1} cy={py:.1} r=6 data-tip=\"{told}\"/>"
        );
    }
    out + "</svg>"
}

/// The hypervolume after each finished trial.
pub(super) fn hypervolume(contents: &Contents<'_>) -> String {
    let trace = contents.hypervolume_trace;
    let percent = |reached: &Hypervolume| 100.0 * reached.share;
    let ends = |reached: &Hypervolume| reached.interval.unwrap_or((reached.share, reached.share));
    let values = trace.iter().flat_map(|(_, reached)| {
        let (low, high) = ends(reached);
        [percent(reached), 100.0 * low, 100.0 * high]
    });
    let numbers = (0..=trace.len()).map(|n| n as f64);
    let x = Scale::even(numbers, x_places().0, x_places().1);
    let y = Scale::even(values.chain([0.0]), y_places().0, y_places().1);
    let mut out =
        format!("<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=img aria-label=\"hypervolume\">");
    axes(&mut out, &x, &y, "finished trials", "hypervolume in %");
    let points = trace.iter().enumerate();
    let places: Vec<(f64, f64)> = points
        .map(|(i, (_, reached))| (x.place(i as f64 + 1.0), y.place(percent(reached))))
        .collect();
    let corners = places
        .windows(2)
        .flat_map(|pair| [pair[0], (pair[1].0, pair[0].1)]);
    let line = path(corners.chain(places.last().copied()));
    // There along the upper ends and back along the lower ones.
    let upper = |i: usize| (places[i].0, y.place(100.0 * ends(&trace[i].1).1));
    let lower = |i: usize| (places[i].0, y.place(100.0 * ends(&trace[i].1).0));
    let steps = |end: &dyn Fn(usize) -> (f64, f64)| -> Vec<(f64, f64)> {
        let ends: Vec<(f64, f64)> = (0..places.len()).map(end).collect();
        let corners = ends
            .windows(2)
            .flat_map(|pair| [pair[0], (pair[1].0, pair[0].1)]);
        corners.chain(ends.last().copied()).collect()
    };
    let band = steps(&upper)
        .into_iter()
        .chain(steps(&lower).into_iter().rev());
    let _ = write!(out, "<path class=band d=\"{}\"/>", path(band));
    let _ = write!(out, "<path class=edge d=\"{line}\"/>");
    for ((px, py), (trial, reached)) in places.iter().zip(trace) {
        let _ = write!(
            out,
            "<circle class=step tabindex=0 cx={px:.1} cy={py:.1} r=3 data-tip=\"after trial {}: {reached}\"/>",
            trial.0
        );
    }
    out + "</svg>"
}

/// The score by epoch of every finished trial; the front's stand out.
pub(super) fn curves(contents: &Contents<'_>) -> String {
    let finished = contents.finished();
    let epochs = || finished.iter().flat_map(|(trial, _)| &trial.epochs);
    let x = Scale::even(
        epochs().map(|e| f64::from(e.epoch)),
        x_places().0,
        x_places().1,
    );
    let y = Scale::even(epochs().map(|e| e.score), y_places().0, y_places().1);
    let mut out = format!("<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=img aria-label=\"curves\">");
    axes(&mut out, &x, &y, "epoch", &contents.metric);
    let (front, others): (Vec<_>, Vec<_>) = finished
        .iter()
        .partition(|(trial, _)| contents.front.contains(&trial.id));
    for (class, trials) in [("faint", others), ("edge", front)] {
        for (trial, _) in trials {
            let points = trial.epochs.iter().filter(|epoch| epoch.score.is_finite());
            let line = path(points.map(|e| (x.place(f64::from(e.epoch)), y.place(e.score))));
            let _ = write!(
                out,
                "<path class={class} tabindex=0 data-tip=\"{}\" d=\"{line}\"/>",
                tip(trial)
            );
        }
    }
    out + "</svg>"
}

/// One small picture per dimension: the expected score at each level, with one standard deviation to both sides.
pub(super) fn effects(contents: &Contents<'_>, effects: &[Effect]) -> String {
    const ROW: f64 = 64.0;
    const PLOT: f64 = 420.0;
    let mut sorted: Vec<&Effect> = effects
        .iter()
        .filter(|effect| !effect.levels.is_empty())
        .collect();
    sorted.sort_by(|a, b| b.range().total_cmp(&a.range()));
    let bounds = sorted.iter().flat_map(|effect| &effect.levels);
    let bounds = bounds.flat_map(|(_, score, deviation)| [score - deviation, score + deviation]);
    let y = Scale::even(bounds, ROW - 8.0, 4.0);
    let height = ROW * sorted.len() as f64;
    let mut out = format!("<svg viewBox=\"0 0 {WIDTH} {height}\" role=img aria-label=\"effects\">");
    for (row, effect) in sorted.iter().enumerate() {
        let top = ROW * row as f64;
        let most = effect
            .levels
            .iter()
            .map(|(level, _, _)| *level)
            .max()
            .unwrap_or(1);
        let x = Scale::even([0.0, f64::from(most)].into_iter(), 120.0, 120.0 + PLOT);
        let _ = write!(
            out,
            "<g transform=\"translate(0 {top})\"><text x=112 y=36 text-anchor=end>{}</text><line class=grid x1=120 x2={} y1={} y2={} />",
            escaped(&effect.dimension),
            120.0 + PLOT,
            ROW - 2.0,
            ROW - 2.0
        );
        let line = effect
            .levels
            .iter()
            .map(|(l, score, _)| (x.place(f64::from(*l)), y.place(*score)));
        let _ = write!(out, "<path class=edge d=\"{}\"/>", path(line));
        for (level, score, deviation) in &effect.levels {
            let px = x.place(f64::from(*level));
            let _ = write!(
                out,
                "<line class=bar x1={px:.1} x2={px:.1} y1={:.1} y2={:.1} /><circle class=member tabindex=0 cx={px:.1} cy={:.1} r=4 data-tip=\"{} {}: {score:.4} ± {deviation:.4}\"/>",
                y.place(score - deviation),
                y.place(score + deviation),
                y.place(*score),
                escaped(&effect.dimension),
                meaning(contents, &effect.dimension, *level)
            );
        }
        let _ = write!(
            out,
            "<text x={} y=36>range {:.4}</text></g>",
            136.0 + PLOT,
            effect.range()
        );
    }
    out + "</svg>"
}

/// What a level of a dimension stands for.
fn meaning(contents: &Contents<'_>, dimension: &str, level: u16) -> String {
    let rates = &contents.space.learning_rates;
    if let (LEARNING_RATE, Some(rate)) = (dimension, rates.get(usize::from(level))) {
        return format!("of {rate}");
    }
    let axis = contents
        .space
        .modules
        .iter()
        .find(|axis| axis.name == dimension);
    let size = axis.and_then(|axis| axis.sizes.get(usize::from(level)));
    match size {
        Some(size) => format!("of size {size}"),
        None if level == 0 => "off".to_owned(),
        None => "on".to_owned(),
    }
}

/// Modules down, layers across: how many configurations of the front carry which where.
pub(super) fn layers(contents: &Contents<'_>) -> String {
    const CELL: f64 = 34.0;
    let members = contents.members();
    let modules: Vec<&str> = contents
        .space
        .modules
        .iter()
        .map(|axis| axis.name.as_str())
        .collect();
    let count = contents.space.layers;
    let (width, height) = (
        100.0 + CELL * count as f64,
        24.0 + CELL * modules.len() as f64,
    );
    let mut out = format!(
        "<svg viewBox=\"0 0 {width} {height}\" style=\"max-width:{width}px\" role=img aria-label=\"layers\">"
    );
    for layer in 0..count {
        let x = 100.0 + CELL * (layer as f64 + 0.5);
        let _ = write!(out, "<text x={x} y=16 text-anchor=middle>{layer}</text>");
    }
    for (row, module) in modules.iter().enumerate() {
        let y = 24.0 + CELL * row as f64;
        let _ = write!(
            out,
            "<text x=92 y={} text-anchor=end>{}</text>",
            y + 22.0,
            escaped(module)
        );
        for layer in 0..count {
            let carries = |(trial, _): &&(&Trial, _)| {
                let configuration = &trial.configuration;
                configuration.size_of(module) > 0 && configuration.layers.contains(&layer)
            };
            let carrying = members.iter().filter(carries).count();
            let share = carrying as f64 / members.len().max(1) as f64;
            let _ = write!(
                out,
                "<rect class=cell tabindex=0 x={} y={} width={} height={} fill-opacity={share:.2} data-tip=\"{} in layer {layer}: {carrying} of {}\"/>",
                102.0 + CELL * layer as f64,
                y + 2.0,
                CELL - 4.0,
                CELL - 4.0,
                escaped(module),
                members.len()
            );
        }
    }
    out + "</svg>"
}

//! Loss by step and score by epoch of the selected trial.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};

use crate::app::{State, Stretch};
use crate::domain::Trial;
use crate::tui::axis::Axis;
use crate::tui::plot::Plot;
use crate::tui::view::View;

pub(super) fn title(view: &View, state: &State) -> String {
    let Some(trial) = view.selected(state) else {
        return "Curves".into();
    };
    let mut how = String::new();
    if view.smooth {
        how.push_str(", smoothed");
    }
    if view.logarithmic {
        how.push_str(", log axis");
    }
    let loss = state.live.get(&trial.id).and_then(|live| live.progress);
    match loss {
        Some(progress) => {
            format!(
                "Curves of {}, step {} of {}{how}",
                trial.id, progress.step, progress.steps
            )
        }
        None => format!("Curves of {}{how}", trial.id),
    }
}

pub(super) fn draw(buffer: &mut Buffer, area: Rect, view: &mut View, state: &State) {
    let Some(trial) = view.selected(state) else {
        super::draw_empty(buffer, area, view, "Nothing selected.");
        return;
    };
    let losses = state
        .live
        .get(&trial.id)
        .map(|live| live.losses.stretches())
        .unwrap_or_default();
    if losses.is_empty() && trial.epochs.is_empty() {
        super::draw_empty(buffer, area, view, "No step done yet.");
        return;
    }
    let halves = if area.width >= 48 {
        Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)]).spacing(2)
    } else {
        Layout::vertical([Constraint::Fill(1), Constraint::Fill(1)])
    };
    let [left, right] = halves.areas(area);
    if losses.is_empty() {
        draw_loss_by_epoch(buffer, left, view, trial);
    } else {
        draw_loss_by_step(buffer, left, view, losses);
    }
    draw_score_by_epoch(buffer, right, view, trial);
}

/// A line above a plot, and what is left of the area.
fn headed(buffer: &mut Buffer, area: Rect, text: &str, style: ratatui::style::Style) -> Rect {
    buffer.set_stringn(area.x, area.y, text, usize::from(area.width), style);
    Rect {
        y: area.y + 1,
        height: area.height.saturating_sub(1),
        ..area
    }
}

fn draw_loss_by_step(buffer: &mut Buffer, area: Rect, view: &View, losses: &[Stretch]) {
    if area.is_empty() {
        return;
    }
    let palette = view.palette;
    let latest = losses
        .last()
        .map_or(f64::NAN, |stretch| f64::from(stretch.last));
    let inside = headed(
        buffer,
        area,
        &format!("training loss {latest:.4}"),
        palette.loss,
    );
    let ends = losses
        .iter()
        .flat_map(|s| [f64::from(s.low), f64::from(s.high)]);
    let Some(y) = loss_axis(view, ends) else {
        return;
    };
    let last_step = losses.last().map_or(1, |stretch| stretch.to);
    let x = Axis::counting(f64::from(last_step));
    let plot = Plot::with_axes(buffer, inside, x, y, "step", palette.faint);
    if view.smooth {
        // What was smoothed away is still there, behind.
        plot.curve(buffer, points(losses), palette.faint);
        plot.curve(buffer, smoothed(losses), palette.loss);
    } else {
        plot.curve(buffer, points(losses), palette.loss);
    }
}

/// What a curve's stretches show, in the order of drawing.
fn points(stretches: &[Stretch]) -> impl Iterator<Item = (f64, f64)> {
    stretches.iter().flat_map(|stretch| {
        let Stretch {
            from,
            to,
            first,
            low,
            high,
            last,
        } = *stretch;
        let middle = f64::midpoint(f64::from(from), f64::from(to));
        let ends = [
            (f64::from(from), first),
            (middle, low),
            (middle, high),
            (f64::from(to), last),
        ];
        ends.map(|(step, value)| (step, f64::from(value)))
    })
}

/// The mean of a stretch's ends, averaged exponentially over a fiftieth of the curve.
fn smoothed(stretches: &[Stretch]) -> impl Iterator<Item = (f64, f64)> {
    let weight = 1.0 / (stretches.len() as f64 / 50.0).max(1.0);
    let mut mean: Option<f64> = None;
    stretches.iter().filter_map(move |stretch| {
        let value = f64::midpoint(f64::from(stretch.first), f64::from(stretch.last));
        if value.is_finite() {
            mean = Some(mean.map_or(value, |mean| mean + weight * (value - mean)));
        }
        mean.map(|mean| (f64::from(stretch.to), mean))
    })
}

/// The vertical axis of losses, as the switch says; a loss that never is above 0 has no logarithm.
fn loss_axis(view: &View, values: impl Iterator<Item = f64> + Clone) -> Option<Axis> {
    let logarithmic = view.logarithmic.then(|| Axis::logarithmic(values.clone()));
    logarithmic.flatten().or_else(|| Axis::around(values))
}

/// For trials of earlier sessions: their steps are not kept, their epochs are.
fn draw_loss_by_epoch(buffer: &mut Buffer, area: Rect, view: &View, trial: &Trial) {
    if area.is_empty() {
        return;
    }
    let palette = view.palette;
    let inside = headed(buffer, area, "loss: ─ train ○ validation", palette.loss);
    let both = trial
        .epochs
        .iter()
        .flat_map(|epoch| [epoch.train_loss, epoch.validation_loss]);
    let Some(y) = loss_axis(view, both) else {
        return;
    };
    let plot = Plot::with_axes(buffer, inside, epoch_axis(trial), y, "epoch", palette.faint);
    let by_epoch = |value: fn(&crate::domain::EpochReport) -> f64| {
        trial
            .epochs
            .iter()
            .map(move |epoch| (f64::from(epoch.epoch), value(epoch)))
    };
    plot.curve(buffer, by_epoch(|epoch| epoch.train_loss), palette.loss);
    for (at, loss) in by_epoch(|epoch| epoch.validation_loss) {
        plot.sign(buffer, at, loss, "○", palette.loss);
    }
}

fn draw_score_by_epoch(buffer: &mut Buffer, area: Rect, view: &View, trial: &Trial) {
    if area.is_empty() {
        return;
    }
    let palette = view.palette;
    let Some(latest) = trial.epochs.last() else {
        headed(buffer, area, "score: no epoch done yet", palette.faint);
        return;
    };
    let text = format!("validation score {:.4}", latest.score);
    let inside = headed(buffer, area, &text, palette.score);
    let Some(y) = Axis::around(trial.epochs.iter().map(|epoch| epoch.score)) else {
        return;
    };
    let plot = Plot::with_axes(buffer, inside, epoch_axis(trial), y, "epoch", palette.faint);
    let scores = || {
        trial
            .epochs
            .iter()
            .map(|epoch| (f64::from(epoch.epoch), epoch.score))
    };
    plot.curve(buffer, scores(), palette.score);
    // Few epochs make a line of few dots; signs are seen.
    for (at, score) in scores().filter(|_| trial.epochs.len() <= 20) {
        plot.sign(buffer, at, score, "●", palette.score);
    }
}

fn epoch_axis(trial: &Trial) -> Axis {
    let last = trial.epochs.last().map_or(1, |epoch| epoch.epoch);
    Axis::counting(f64::from(last) + 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Curve;

    #[test]
    fn smoothing_draws_a_jump_out_and_passes_over_what_is_no_number() {
        let mut curve = Curve::default();
        (0..1000).for_each(|step| curve.push(step, if step < 500 { 0.0 } else { 1.0 }));
        curve.push(1000, f64::NAN);
        let line: Vec<(f64, f64)> = smoothed(curve.stretches()).collect();
        assert!(line.windows(2).all(|pair| pair[0].1 <= pair[1].1));
        assert!(line[510].1 > 0.2 && line[510].1 < 0.8, "{:?}", line[510]);
        assert!(line[999].1 > 0.99 && line[1000].1 == line[999].1);
    }
}

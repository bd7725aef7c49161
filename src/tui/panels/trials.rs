//! All trials: state, objectives, progress, configuration.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::app::{DeviceStatus, State};
use crate::domain::{Progress, Trial, TrialState};
use crate::tui::filter::Filter;
use crate::tui::format::{configurations, duration, fitted, percent};
use crate::tui::palette::glyph;
use crate::tui::view::{Target, View, scrolled};

// Widths of the columns, in cells, with the gap behind each.
const STATE: usize = 13;
const SCORE: usize = 8;
const PARAMETERS: usize = 9;
/// Progress as a bar and the time left, and as a percentage and the time left.
const PROGRESS: [usize; 2] = [18, 11];
const BAR: usize = 8;
/// A wide progress column has to leave this to the configuration.
const CONFIGURATION: usize = 23;

pub(super) fn title(view: &View, state: &State) -> String {
    if let Some(filter) = view.filter.as_ref() {
        let (rows, all, text) = (view.rows(state), state.trials.len(), Filter::text(filter));
        return format!("Trials {rows} of {all}, filter {text}");
    }
    let wanted = state.trials_wanted.max(state.trials.len());
    let under_way = |trial: &Trial| matches!(trial.state, TrialState::Running | TrialState::Paused);
    let follows = view.chosen.is_none() && view.selected(state).is_some_and(under_way);
    let following = if follows { ", following" } else { "" };
    format!("Trials {} of {wanted}{following}", state.trials.len())
}

pub(super) fn draw(buffer: &mut Buffer, area: Rect, view: &mut View, state: &State) {
    if state.trials.is_empty() {
        let text = match &state.device {
            DeviceStatus::Loading => "Model and data are being loaded.".to_owned(),
            DeviceStatus::Ready(_) => "The first configurations are being drawn.".to_owned(),
            DeviceStatus::Unavailable(cause) => cause.to_string(),
        };
        super::draw_empty(buffer, area, view, &text);
        return;
    }
    if area.is_empty() {
        return;
    }
    let repeats = state.trials.iter().any(|t| t.origin.repeats().is_some());
    let columns = Columns::for_width(usize::from(area.width), state.trials.len(), repeats);
    let heading = columns.line("#", "state", "score", "params", "progress", "configuration");
    buffer.set_stringn(
        area.x,
        area.y,
        heading,
        usize::from(area.width),
        view.palette.faint,
    );

    let height = usize::from(area.height - 1);
    let selected = view.selected(state).map(|trial| trial.id);
    let rows = view.rows(state);
    if rows == 0 {
        let rest = Rect {
            y: area.y + 1,
            height: area.height - 1,
            ..area
        };
        super::draw_empty(
            buffer,
            rest,
            view,
            "No trial passes the filter; Esc drops it.",
        );
        return;
    }
    let index = selected.map_or(Ok(0), |id| view.row_of_trial(id));
    let index = index.unwrap_or_else(|next| next.min(rows - 1));
    view.trials_offset = scrolled(view.trials_offset, index, rows, height);
    let visible = view.trials_offset..rows.min(view.trials_offset + height);
    let trials = visible.filter_map(|row| state.trial(view.trial_of_row(row)?));
    let trials: Vec<&Trial> = trials.collect();
    let shown = trials.iter().map(|trial| &trial.configuration);
    let texts = configurations(shown, &state.study.space, columns.configuration);
    for ((trial, text), row) in trials.into_iter().zip(texts).zip(area.y + 1..) {
        let line = columns.trial(trial, &text, state);
        let mut style = view.palette.state(trial.state);
        let whole = Rect {
            y: row,
            height: 1,
            ..area
        };
        view.targets.push((whole, Target::Trial(trial.id)));
        if Some(trial.id) == selected {
            buffer.set_style(whole, view.palette.selected);
            // One bar: the state's colour would make a bar of its own behind the text.
            style = view.palette.selected;
        } else if trial.state == TrialState::Finished && !state.front.contains(&trial.id) {
            style = Style::new();
        }
        buffer.set_stringn(area.x, row, line, usize::from(area.width), style);
    }
}

/// Widths of the columns that depend on the width of the panel.
struct Columns {
    id: usize,
    progress: usize,
    configuration: usize,
}

impl Columns {
    fn for_width(width: usize, trials: usize, repeats: bool) -> Self {
        // The number, the two signs that may follow it, three where trials repeat others, and the gap.
        let id = 4 + usize::from(repeats) + trials.to_string().len().max(2);
        let left = width.saturating_sub(id + STATE + SCORE + PARAMETERS);
        let [bar, short] = PROGRESS;
        let progress = if left >= bar + CONFIGURATION {
            bar
        } else {
            short.min(left)
        };
        Self {
            id,
            progress,
            configuration: left - progress,
        }
    }

    fn trial(&self, trial: &Trial, configuration: &str, state: &State) -> String {
        let front = if state.front.contains(&trial.id) {
            "◆"
        } else {
            ""
        };
        let mark = if state.marked.contains(&trial.id) {
            "*"
        } else {
            ""
        };
        let repeat = trial.origin.repeats().map_or("", |_| "↻");
        let id = format!("{}{front}{repeat}{mark}", trial.id);
        let place = match (trial.state, state.priority(trial.id)) {
            (TrialState::Queued, priority) if priority != 0 => format!(" {priority:+}"),
            _ => String::new(),
        };
        let word = format!("{} {}{place}", glyph(trial.state), trial.state.label());
        let score = match trial.measurement {
            Some(measurement) => format!("{:.4}", measurement.objectives.score),
            None if trial.state.is_over() && trial.state != TrialState::Pruned => String::new(),
            None => best_so_far(trial)
                .map(|score| format!("{score:.3}…"))
                .unwrap_or_default(),
        };
        let parameters = percent(trial.parameters_percent);
        self.line(
            &id,
            &word,
            &score,
            &parameters,
            &self.progress_text(trial, state),
            configuration,
        )
    }

    fn progress_text(&self, trial: &Trial, state: &State) -> String {
        let progress = state.live.get(&trial.id).and_then(|live| live.progress);
        match (trial.state, progress, &trial.measurement) {
            (TrialState::Running, Some(progress), _) => {
                let left = duration(seconds_left(&progress));
                if self.progress >= PROGRESS[0] {
                    format!("{} {left}", bar(&progress))
                } else {
                    format!("{:.0}% {left}", 100.0 * share_done(&progress))
                }
            }
            // Of a trial that another program trains only the epochs are known.
            (TrialState::Running, None, _) => match trial.epochs.last() {
                Some(epoch) => format!("epoch {}", epoch.epoch),
                None => "starting".into(),
            },
            (TrialState::Paused, Some(progress), _) => {
                format!("at {:.0}%", 100.0 * share_done(&progress))
            }
            (TrialState::Pruned, _, _) => match trial.standing {
                Some(standing) => format!("rung {}/{}", standing.rung, standing.rungs),
                None => String::new(),
            },
            (_, _, Some(measurement)) => duration(measurement.wall_seconds),
            // Its beginning; all of it is in the trial's own panel.
            _ => trial.reason().unwrap_or_default(),
        }
    }

    fn line(
        &self,
        id: &str,
        word: &str,
        score: &str,
        parameters: &str,
        progress: &str,
        text: &str,
    ) -> String {
        let (id_width, width) = (self.id, self.progress);
        let progress = fitted(progress, width.saturating_sub(1));
        format!(
            "{id:<id_width$}{word:<STATE$}{score:<SCORE$}{parameters:<PARAMETERS$}{progress:<width$}{text}"
        )
    }
}

/// The best score of the epochs done; the trial's final score is not known yet.
fn best_so_far(trial: &Trial) -> Option<f64> {
    let scores = trial.epochs.iter().map(|epoch| epoch.score);
    scores
        .filter(|score| score.is_finite())
        .max_by(f64::total_cmp)
}

fn share_done(progress: &Progress) -> f64 {
    (progress.step as f64 / progress.steps.max(1) as f64).clamp(0.0, 1.0)
}

/// At the pace so far.
fn seconds_left(progress: &Progress) -> f64 {
    let pace = progress.wall_seconds / progress.step.max(1) as f64;
    pace * progress.steps.saturating_sub(progress.step) as f64
}

/// `███▌····`
fn bar(progress: &Progress) -> String {
    let eighths = (share_done(progress) * BAR as f64 * 8.0) as usize;
    let mut bar = "█".repeat(eighths / 8);
    if !eighths.is_multiple_of(8) {
        bar.push(['▏', '▎', '▍', '▌', '▋', '▊', '▉'][eighths % 8 - 1]);
    }
    let rest = BAR - bar.chars().count();
    bar + &"·".repeat(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::TrialId;

    #[test]
    fn the_bar_is_as_long_as_the_work_done() {
        let at = |step| {
            let progress = Progress {
                trial: TrialId(0),
                step,
                steps: 100,
                epoch: 1,
                loss: 1.0,
                wall_seconds: 50.0,
            };
            (bar(&progress), seconds_left(&progress))
        };
        assert_eq!(at(50), ("████····".into(), 50.0));
        assert_eq!(at(100), ("████████".into(), 0.0));
        assert_eq!(at(2), ("▏·······".into(), 2450.0));
    }
}

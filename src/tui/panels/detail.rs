//! The selected trial: its configuration as modules × layers, why it exists, what came of it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::app::State;
use crate::domain::{Diagnostics, Origin, Trial, TrialState};
use crate::tui::format::{duration, grouped, percent, significant, wrapped};
use crate::tui::palette::{Palette, glyph};
use crate::tui::view::View;

/// Width of the labels before the values.
const LABEL: usize = 12;
/// Width of the table of epochs.
const EPOCHS: usize = LABEL + 32 + 6;

pub(super) fn title(view: &View, state: &State) -> String {
    match view.selected(state) {
        Some(trial) => format!(
            "Trial {} {} {}",
            trial.id,
            glyph(trial.state),
            trial.state.label()
        ),
        None => "Trial".into(),
    }
}

pub(super) fn draw(buffer: &mut Buffer, area: Rect, view: &mut View, state: &State) {
    let Some(trial) = view.selected(state) else {
        super::draw_empty(buffer, area, view, "Nothing selected.");
        return;
    };
    let mut text = Text {
        lines: Vec::new(),
        width: usize::from(area.width),
        palette: view.palette,
    };
    // What went wrong comes first: on a small screen the end is cut.
    if let Some(reason) = trial.reason() {
        text.wrapped(trial.state.label(), &reason, trial.state);
    }
    if let Some(note) = state.notes.get(&trial.id) {
        text.wrapped("your note", note, TrialState::Paused);
    }
    text.modules_by_layers(trial, state);
    text.result(trial);
    text.belief(trial, state);
    text.origin(&trial.origin);
    if let Some(measurement) = &trial.measurement {
        let trained = grouped(measurement.trained_parameters);
        let trained = format!("{trained} scalars, biases and head included");
        text.field("trained", &trained);
    }
    text.epochs(trial, usize::from(area.height));
    for (line, row) in text.lines.iter().zip(area.y..area.bottom()) {
        buffer.set_line(area.x, row, line, area.width);
    }
}

struct Text {
    lines: Vec<Line<'static>>,
    width: usize,
    palette: Palette,
}

impl Text {
    fn field(&mut self, label: &str, value: &str) {
        self.styled(label, value, Style::new());
    }

    fn wrapped(&mut self, label: &str, value: &str, state: TrialState) {
        self.styled(label, value, self.palette.state(state));
    }

    fn styled(&mut self, label: &str, value: &str, style: Style) {
        let lines = wrapped(value, self.width.saturating_sub(LABEL));
        for (i, line) in lines.into_iter().enumerate() {
            let label = if i == 0 { label } else { "" };
            let label = Span::styled(format!("{label:<LABEL$}"), self.palette.faint);
            self.lines
                .push(Line::from(vec![label, Span::styled(line, style)]));
        }
    }

    /// One row per module of the space, one column per layer of the backbone.
    fn modules_by_layers(&mut self, trial: &Trial, state: &State) {
        let space = &state.study.space;
        // Wide cells where they fit read better; a backbone of many layers still fits a narrow panel.
        let cell = if LABEL + 5 + 2 * space.layers <= self.width {
            2
        } else {
            1
        };
        let last = space.layers.saturating_sub(1).to_string();
        let room = (cell * space.layers).saturating_sub(1 + last.len());
        let ruler = if space.layers > 1 {
            format!("0{:room$}{last}", "")
        } else {
            "0".into()
        };
        let heading = format!("{:<LABEL$}{:<5}{ruler}", "layers", "");
        self.lines.push(Line::styled(heading, self.palette.faint));
        for axis in &space.modules {
            let size = trial.configuration.size_of(&axis.name);
            let label = Span::raw(format!("{:<LABEL$}", axis.name));
            let number = if size == 0 {
                "–".into()
            } else {
                size.to_string()
            };
            let cells: String = (0..space.layers)
                .map(|layer| {
                    let here = size > 0 && trial.configuration.layers.contains(&layer);
                    format!("{:<cell$}", if here { "■" } else { "·" })
                })
                .collect();
            let style = if size > 0 {
                self.palette.score
            } else {
                self.palette.faint
            };
            self.lines.push(Line::from(vec![
                label,
                Span::raw(format!("{number:<5}")),
                Span::styled(cells, style),
            ]));
        }
        let weights = grouped(space.parameters(&trial.configuration));
        let share = percent(trial.parameters_percent);
        self.field("parameters", &format!("{share}, {weights} weights"));
        if let Some(rate) = trial.configuration.learning_rate {
            self.field("lr", &rate.to_string());
        }
    }

    fn result(&mut self, trial: &Trial) {
        if let Some(measurement) = &trial.measurement {
            let score = measurement.objectives.score;
            let (epochs, took) = (trial.epochs.len(), duration(measurement.wall_seconds));
            let best = measurement.best_epoch;
            self.field(
                "score",
                &format!("{score:.4} in epoch {best} of {epochs}, {took}"),
            );
        } else if let Some(epoch) = trial.epochs.last() {
            self.field(
                "score",
                &format!("{:.4} after epoch {}", epoch.score, epoch.epoch),
            );
        }
        if let Some(Diagnostics {
            predicted_score: Some((mean, deviation)),
            ..
        }) = trial.origin.diagnostics()
        {
            let missed = trial.measurement.map(|measurement| {
                let sigmas =
                    (measurement.objectives.score - mean) / deviation.max(f64::MIN_POSITIVE);
                format!(", measured {sigmas:+.1} σ from it")
            });
            let text = format!(
                "{mean:.4} ± {}{}",
                significant(*deviation, 2),
                missed.unwrap_or_default()
            );
            self.field("predicted", &text);
        }
    }

    /// What all measurements together say of its configuration.
    fn belief(&mut self, trial: &Trial, state: &State) {
        let Some(belief) = state.belief(trial.id) else {
            return;
        };
        let (low, high) = (belief.low, belief.high);
        self.field(
            "estimate",
            &format!("{:.4} ({low:.4}–{high:.4})", belief.score),
        );
        if belief.measured.len() > 1 {
            let scores: Vec<String> = belief.measured.iter().map(|s| format!("{s:.4}")).collect();
            self.field("measured", &scores.join(", "));
        }
        let chance = 100.0 * belief.front_probability;
        self.field("front", &format!("with a probability of {chance:.0} %"));
    }

    /// The latest epochs as a table, where there is room for it.
    fn epochs(&mut self, trial: &Trial, height: usize) {
        let room = height.saturating_sub(self.lines.len() + 2);
        if room < 2 || self.width < EPOCHS || trial.epochs.is_empty() {
            return;
        }
        self.lines.push(Line::default());
        let heading = format!(
            "{:<LABEL$}{:<10}{:<12}{:<10}time",
            "epoch", "train", "validation", "score"
        );
        self.lines.push(Line::styled(heading, self.palette.faint));
        let scores = trial.epochs.iter().map(|epoch| epoch.score);
        let highest = scores
            .filter(|score| score.is_finite())
            .fold(f64::NEG_INFINITY, f64::max);
        let best = trial.epochs.iter().find(|epoch| epoch.score == highest);
        for epoch in &trial.epochs[trial.epochs.len().saturating_sub(room)..] {
            let is_best = best.is_some_and(|best| best.epoch == epoch.epoch);
            let (label, style) = match is_best {
                true => (format!("{} best", epoch.epoch), self.palette.score),
                false => (epoch.epoch.to_string(), Style::new()),
            };
            let line = format!(
                "{label:<LABEL$}{:<10.4}{:<12.4}{:<10.4}{}",
                epoch.train_loss,
                epoch.validation_loss,
                epoch.score,
                duration(epoch.wall_seconds)
            );
            self.lines.push(Line::styled(line, style));
        }
    }

    fn origin(&mut self, origin: &Origin) {
        let diagnostics = match origin {
            Origin::Initial => return self.field("origin", "initial design"),
            Origin::Manual => return self.field("origin", "asked for by hand"),
            Origin::Proposed(diagnostics) => diagnostics,
            Origin::Repeat { of, diagnostics } => {
                self.field("origin", &format!("repeats {of}, with another seed"));
                if let Some(note) = &diagnostics.note {
                    self.wrapped("note", note, TrialState::Paused);
                }
                return;
            }
        };
        let value = significant(diagnostics.acquisition, 3);
        self.field("origin", &format!("the search, acquisition {value}"));
        let (fit, search) = (
            duration(diagnostics.fit_seconds),
            duration(diagnostics.search_seconds),
        );
        self.field("", &format!("fit {fit}, candidates {search}"));
        let relevant: Vec<&str> = diagnostics
            .relevance
            .iter()
            .take(4)
            .map(|(name, _)| name.as_str())
            .collect();
        if !relevant.is_empty() {
            self.wrapped("matters", &relevant.join(", "), TrialState::Queued);
        }
        if let Some(note) = &diagnostics.note {
            self.wrapped("note", note, TrialState::Paused);
        }
    }
}

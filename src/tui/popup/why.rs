//! Why a trial exists: what the search expected of it, against what was known then and what came of it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::framed;
use crate::app::State;
use crate::domain::{Diagnostics, Origin, Trial, TrialId};
use crate::tui::format::{duration, percent, significant, wrapped};
use crate::tui::palette::Palette;

/// Dimensions named, the most relevant ones.
const DIMENSIONS: usize = 8;
/// Width of a bar.
const BAR: usize = 24;

pub(super) fn draw(buffer: &mut Buffer, area: Rect, palette: Palette, id: TrialId, state: &State) {
    let width = area.width.saturating_sub(4).min(84);
    let columns = usize::from(width.saturating_sub(4));
    let Some(trial) = state.trial(id) else { return };
    let mut lines: Vec<(String, Style)> = Vec::new();
    for paragraph in reasons(trial, state) {
        let wrapped = wrapped(&paragraph, columns).into_iter();
        lines.extend(wrapped.map(|line| (line, Style::new())));
        lines.push((String::new(), Style::new()));
    }
    if let Origin::Proposed(diagnostics) = &trial.origin {
        lines.extend(relevance(diagnostics).map(|line| (line, palette.score)));
    }
    let title = format!("Why trial {id}?");
    let inside = framed(buffer, area, palette, &title, width, lines.len() as u16 + 2);
    for ((line, style), row) in lines.iter().zip(inside.y..inside.bottom()) {
        buffer.set_stringn(inside.x, row, line, usize::from(inside.width), *style);
    }
}

fn reasons(trial: &Trial, state: &State) -> Vec<String> {
    let share = percent(trial.parameters_percent);
    let mut told = vec![format!("{}, {share} parameters.", trial.configuration)];
    match &trial.origin {
        Origin::Initial => told.push(format!(
            "It belongs to the initial design: the first {} trials are spread over the space, so that the search has \
             something to learn from. Nothing was expected of it.",
            state.initial_trials
        )),
        Origin::Manual => told.push("It was asked for by hand.".to_owned()),
        Origin::Proposed(diagnostics) => told.extend(proposed(trial, diagnostics, state)),
        Origin::Repeat { of, diagnostics } => {
            told.push(format!(
                "It repeats {of} with another seed: one measurement may be luck, and {of} may be on the front."
            ));
            let note = diagnostics.note.iter();
            told.extend(note.map(|note| format!("Otherwise than planned: {note}.")));
        }
    }
    told
}

fn proposed(trial: &Trial, diagnostics: &Diagnostics, state: &State) -> Vec<String> {
    let value = significant(diagnostics.acquisition, 3);
    let fit = duration(diagnostics.fit_seconds);
    let search = duration(diagnostics.search_seconds);
    let mut told = vec![format!(
        "The search proposed it: of all candidates it looked at, this one promised the most further hypervolume \
         (acquisition {value}; fitting took {fit}, looking {search})."
    )];
    if let Some((mean, deviation)) = diagnostics.predicted_score {
        let mut text = format!(
            "It expected a score of {mean:.4} ± {}",
            significant(deviation, 2)
        );
        match rival(trial, state) {
            Some((id, score)) => text.push_str(&format!(
                "; of the trials before it, the best with no more parameters is {id} with {score:.4}."
            )),
            None => text.push_str("; no trial before it has as few parameters."),
        }
        if let Some(measurement) = &trial.measurement {
            let score = measurement.objectives.score;
            let sigmas = (score - mean) / deviation.max(f64::MIN_POSITIVE);
            text.push_str(&format!(
                " Measured was {score:.4}, {sigmas:+.1} σ from that."
            ));
        }
        told.push(text);
    }
    if let Some(note) = &diagnostics.note {
        told.push(format!("Otherwise than planned: {note}."));
    }
    if !diagnostics.relevance.is_empty() {
        told.push(
            "What mattered to its picture of the score (inverse squared lengthscale):".to_owned(),
        );
    }
    told
}

/// The best earlier trial with no more parameters.
fn rival(trial: &Trial, state: &State) -> Option<(TrialId, f64)> {
    let before = state.trials.iter().take(trial.id.0 as usize);
    let measured = before.filter_map(|other| Some((other.id, other.measurement?.objectives)));
    let rivals = measured.filter(|(_, o)| o.parameters_percent <= trial.parameters_percent);
    rivals
        .filter(|(_, o)| o.score.is_finite())
        .max_by(|(_, a), (_, b)| a.score.total_cmp(&b.score))
        .map(|(id, o)| (id, o.score))
}

fn relevance(diagnostics: &Diagnostics) -> impl Iterator<Item = String> {
    let shown = diagnostics.relevance.iter().take(DIMENSIONS);
    let highest = shown
        .clone()
        .map(|(_, value)| *value)
        .filter(|value| value.is_finite())
        .fold(f64::MIN_POSITIVE, f64::max);
    shown.map(move |(name, value)| {
        let length = (value / highest * BAR as f64).clamp(0.0, BAR as f64) as usize;
        let bar = "█".repeat(length);
        format!("{name:<12} {:>8}  {bar}", significant(*value, 3))
    })
}

//! The line at the top: which study, how far, how good, and whether it goes on.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use crate::app::{DeviceStatus, SearchStatus, Severity, State};
use crate::domain::TrialState;
use crate::tui::format::counted;
use crate::tui::keys::Action;
use crate::tui::palette::glyph;
use crate::tui::view::View;

const BETWEEN: &str = " │ ";

pub(in crate::tui) fn draw(buffer: &mut Buffer, area: Rect, view: &View, state: &State) {
    let (status, severity) = status(view, state);
    let status_width = status.width() as u16;
    let start = area.right().saturating_sub(status_width).max(area.x);
    let style = view.palette.title.patch(view.palette.severity(severity));
    buffer.set_stringn(start, area.y, &status, usize::from(area.width), style);

    let mut column = area.x;
    for (i, part) in parts(state).iter().enumerate() {
        let text = if i == 0 {
            part.clone()
        } else {
            format!("{BETWEEN}{part}")
        };
        let end = column + text.width() as u16;
        if end + 2 > start {
            break;
        }
        let style = if i == 0 {
            view.palette.title
        } else {
            ratatui::style::Style::new()
        };
        buffer.set_string(column, area.y, text, style);
        column = end;
    }
}

/// The parts, the most important first: a narrow screen leaves out the last ones.
fn parts(state: &State) -> Vec<String> {
    let over = state
        .trials
        .iter()
        .filter(|trial| trial.state.is_over())
        .count();
    let wanted = state.trials_wanted.max(state.trials.len());
    let mut parts = vec![state.study.name.clone(), format!("{over}/{wanted} trials")];
    if let Some((place, of)) = state.confirmation() {
        parts.push(format!("confirming {place} of {of}"));
    }
    if !state.hypervolume_trace.is_empty() {
        parts.push(format!("hypervolume {}", state.hypervolume()));
    }
    let counts: Vec<String> = [
        TrialState::Running,
        TrialState::Paused,
        TrialState::Queued,
        TrialState::Pruned,
        TrialState::Infeasible,
        TrialState::Failed,
        TrialState::Cancelled,
    ]
    .into_iter()
    .map(|kind| (kind, state.in_state(kind).count()))
    .filter(|(_, count)| *count > 0)
    .map(|(kind, count)| format!("{} {count} {}", glyph(kind), kind.label()))
    .collect();
    if !counts.is_empty() {
        parts.push(counts.join("  "));
    }
    let best = state
        .trials
        .iter()
        .filter_map(|t| t.measurement)
        .map(|m| m.objectives.score);
    let best = best.filter(|score| score.is_finite());
    let best = match state.best() {
        Some((_, belief)) => Some(belief.to_string()),
        None => best.max_by(f64::total_cmp).map(|best| format!("{best:.4}")),
    };
    parts.extend(best.map(|best| format!("best {} {best}", state.study.score_name())));
    parts.extend(model_and_task(&state.study.settings));
    parts
}

/// `bert-base-uncased on rte`, as far as the settings on record name them.
fn model_and_task(settings: &serde_json::Value) -> Option<String> {
    let task = settings.pointer("/task/name")?.as_str()?;
    let model = &settings["model"];
    let folder = || {
        model["folder"]
            .as_str()?
            .rsplit(['/', '\\'])
            .find(|part| !part.is_empty())
    };
    let model = model
        .as_str()
        .or_else(|| model.pointer("/hub/id")?.as_str())
        .or_else(folder)?;
    Some(format!("{model} on {task}"))
}

/// Whether the study goes on, and if not, why.
fn status(view: &View, state: &State) -> (String, Severity) {
    let under_way = state.in_state(TrialState::Running).count();
    let key = |action| view.keymap.first_key(action);
    if view.frozen {
        let text = format!("frozen, {} goes on", key(Action::Freeze));
        return (text, Severity::Warning);
    }
    if state.stale {
        return ("the journal does not answer".into(), Severity::Warning);
    }
    if view.watching {
        return ("watching".into(), Severity::Info);
    }
    if state.stopping.is_some() {
        return ("stopping".into(), Severity::Warning);
    }
    if let DeviceStatus::Unavailable(_) = state.device {
        return ("no device: see the log".into(), Severity::Error);
    }
    if let Some(evaluation) = &state.evaluation {
        let (done, total) = (evaluation.done, evaluation.total);
        let text = match total {
            0 => "evaluating".to_owned(),
            _ => format!("evaluating {done}/{total}: {}", evaluation.what),
        };
        return (text, Severity::Info);
    }
    if state.study_paused.is_some() {
        let text = format!("study paused, {} goes on", key(Action::PauseStudy));
        return (text, Severity::Warning);
    }
    if !state.trials.is_empty() && state.is_complete() {
        let text = format!("complete, {}: verdict", key(Action::Verdict));
        return (text, Severity::Info);
    }
    if state.device == DeviceStatus::Loading {
        return ("loading".into(), Severity::Info);
    }
    match &state.search {
        _ if under_way > 0 => (
            format!("training {}", counted(under_way, "trial")),
            Severity::Info,
        ),
        SearchStatus::Asked(_) => ("searching".into(), Severity::Info),
        SearchStatus::Failed(_) => ("search failed".into(), Severity::Error),
        SearchStatus::Idle | SearchStatus::Exhausted => ("waiting".into(), Severity::Info),
    }
}

//! Questions before what cannot be taken back.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::framed;
use crate::app::State;
use crate::domain::{TrialId, TrialState};
use crate::tui::format::{counted, wrapped};
use crate::tui::palette::Palette;

/// What leaving now means.
pub(super) fn quit(state: &State) -> String {
    let under_way =
        state.in_state(TrialState::Running).count() + state.in_state(TrialState::Paused).count();
    let waiting = state.in_state(TrialState::Queued).count();
    let mut text = match (under_way, waiting) {
        (0, waiting) => format!("{} still to train. ", counted(waiting, "trial")),
        (under_way, 0) => format!("{} under way. ", counted(under_way, "trial")),
        (under_way, waiting) => format!(
            "{} under way, {waiting} waiting. ",
            counted(under_way, "trial")
        ),
    };
    text.push_str(match under_way {
        0 => "Everything finished is saved. The same command goes on from here.",
        _ => {
            "Everything finished is saved, and a checkpoint of what is under way is kept. The same command goes on \
             from here."
        }
    });
    text
}

/// What is to be cancelled.
pub(super) fn cancel(id: TrialId, state: &State) -> String {
    let Some(trial) = state.trial(id) else {
        return format!("Trial {id} is gone.");
    };
    let progress = state.live.get(&id).and_then(|live| live.progress);
    let done = progress
        .filter(|_| trial.state == TrialState::Running)
        .map(|progress| {
            format!(
                ", {:.0}% done",
                100.0 * progress.step as f64 / progress.steps.max(1) as f64
            )
        });
    format!(
        "Trial {id} is {}{}: {}.",
        trial.state.label(),
        done.unwrap_or_default(),
        trial.configuration
    )
}

/// Draws a question with its two answers.
pub(super) fn draw(buffer: &mut Buffer, area: Rect, palette: Palette, title: &str, text: &str) {
    let width = area.width.saturating_sub(4).min(60);
    let lines = wrapped(text, usize::from(width.saturating_sub(4)));
    let inside = framed(buffer, area, palette, title, width, lines.len() as u16 + 4);
    for (line, row) in lines.iter().zip(inside.y..inside.bottom()) {
        buffer.set_string(inside.x, row, line, ratatui::style::Style::new());
    }
    if inside.height > 0 {
        let key = |key: &'static str| Span::styled(key, palette.key);
        let answers = Line::from(vec![
            key("y"),
            Span::raw(" yes   "),
            key("n"),
            Span::raw(" no"),
        ]);
        buffer.set_line(inside.x, inside.bottom() - 1, &answers, inside.width);
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::tui::tests::studies;

    #[test]
    fn what_leaving_means_is_told_by_what_is_unfinished() {
        let mut told = String::new();
        for states in [
            &[TrialState::Running, TrialState::Paused, TrialState::Queued][..],
            &[TrialState::Running],
            &[TrialState::Queued],
        ] {
            let mut state = studies::busy();
            state.trials.retain(|trial| states.contains(&trial.state));
            told += &quit(&state);
            told.push('\n');
        }
        assert_snapshot!(told, @"
        2 trials under way, 2 waiting. Everything finished is saved, and a checkpoint of what is under way is kept. The same command goes on from here.
        1 trial under way. Everything finished is saved, and a checkpoint of what is under way is kept. The same command goes on from here.
        2 trials still to train. Everything finished is saved. The same command goes on from here.
        ");
    }
}

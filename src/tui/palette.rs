//! Colours by their role. Only the terminal's own sixteen are used, so that its theme is respected.

use ratatui::style::{Color, Modifier, Style};

use crate::app::Severity;
use crate::domain::TrialState;

/// Styles by role. What a style says is always said by a word or a glyph too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Palette {
    /// Name, for people.
    pub(super) name: &'static str,
    pub(super) title: Style,
    pub(super) border: Style,
    pub(super) border_focused: Style,
    pub(super) faint: Style,
    pub(super) key: Style,
    pub(super) selected: Style,
    pub(super) loss: Style,
    pub(super) score: Style,
    pub(super) front: Style,
    running: Style,
    finished: Style,
    paused: Style,
    infeasible: Style,
    failed: Style,
}

const PLAIN: Style = Style::new();

const fn coloured(color: Color) -> Style {
    Style::new().fg(color)
}

impl Palette {
    /// For dark backgrounds.
    pub const DARK: Self = Self {
        name: "dark",
        title: PLAIN.add_modifier(Modifier::BOLD),
        border: coloured(Color::DarkGray),
        border_focused: coloured(Color::Cyan).add_modifier(Modifier::BOLD),
        faint: coloured(Color::DarkGray),
        key: coloured(Color::Cyan),
        selected: PLAIN.add_modifier(Modifier::REVERSED),
        loss: coloured(Color::Yellow),
        score: coloured(Color::Cyan),
        front: coloured(Color::Green).add_modifier(Modifier::BOLD),
        running: coloured(Color::Cyan),
        finished: coloured(Color::Green),
        paused: coloured(Color::Yellow),
        infeasible: coloured(Color::Magenta),
        failed: coloured(Color::LightRed),
    };

    /// For light backgrounds: no yellow and no cyan, which are hard to read there.
    pub const LIGHT: Self = Self {
        name: "light",
        border_focused: coloured(Color::Blue).add_modifier(Modifier::BOLD),
        key: coloured(Color::Blue),
        loss: coloured(Color::Red),
        score: coloured(Color::Blue),
        running: coloured(Color::Blue),
        paused: coloured(Color::Magenta),
        failed: coloured(Color::Red),
        ..Self::DARK
    };

    /// Without colours.
    pub const PLAIN: Self = Self {
        name: "no colour",
        title: PLAIN.add_modifier(Modifier::BOLD),
        border: PLAIN.add_modifier(Modifier::DIM),
        border_focused: PLAIN.add_modifier(Modifier::BOLD),
        faint: PLAIN.add_modifier(Modifier::DIM),
        key: PLAIN.add_modifier(Modifier::BOLD),
        selected: PLAIN.add_modifier(Modifier::REVERSED),
        loss: PLAIN,
        score: PLAIN,
        front: PLAIN.add_modifier(Modifier::BOLD),
        running: PLAIN.add_modifier(Modifier::BOLD),
        finished: PLAIN,
        paused: PLAIN,
        infeasible: PLAIN,
        failed: PLAIN.add_modifier(Modifier::BOLD),
    };

    /// The palette that the environment asks for: none where `NO_COLOR` is set, light where `COLORFGBG` names a
    /// light background, else dark.
    pub fn from_environment() -> Self {
        let variable = |name| std::env::var(name).ok();
        Self::chosen(
            variable("NO_COLOR").as_deref(),
            variable("COLORFGBG").as_deref(),
        )
    }

    fn chosen(no_color: Option<&str>, foreground_background: Option<&str>) -> Self {
        let background = foreground_background.and_then(|value| value.rsplit(';').next());
        match (no_color, background) {
            (Some(set), _) if !set.is_empty() => Self::PLAIN,
            (_, Some("7" | "15")) => Self::LIGHT,
            _ => Self::DARK,
        }
    }

    /// The next one, for the key that goes through them.
    pub(super) fn next(self) -> Self {
        let all = [Self::DARK, Self::LIGHT, Self::PLAIN];
        let here = all.iter().position(|palette| *palette == self);
        all[(here.unwrap_or(0) + 1) % all.len()]
    }

    pub(super) fn state(self, state: TrialState) -> Style {
        match state {
            TrialState::Queued => PLAIN,
            TrialState::Running => self.running,
            TrialState::Paused => self.paused,
            TrialState::Finished => self.finished,
            TrialState::Infeasible => self.infeasible,
            TrialState::Failed => self.failed,
            TrialState::Cancelled => self.faint,
        }
    }

    pub(super) fn severity(self, severity: Severity) -> Style {
        match severity {
            Severity::Info => PLAIN,
            Severity::Warning => self.paused,
            Severity::Error => self.failed,
        }
    }
}

/// The sign that stands before a state's word.
pub(super) fn glyph(state: TrialState) -> &'static str {
    match state {
        TrialState::Queued => "·",
        TrialState::Running => "►",
        TrialState::Paused => "‖",
        TrialState::Finished => "✓",
        TrialState::Infeasible => "∅",
        TrialState::Failed => "✗",
        TrialState::Cancelled => "–",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_chooses() {
        assert_eq!(Palette::chosen(None, None), Palette::DARK);
        assert_eq!(Palette::chosen(None, Some("15;0")), Palette::DARK);
        assert_eq!(Palette::chosen(None, Some("0;default;15")), Palette::LIGHT);
        assert_eq!(Palette::chosen(Some("1"), Some("0;15")), Palette::PLAIN);
        assert_eq!(
            Palette::chosen(Some(""), None),
            Palette::DARK,
            "NO_COLOR counts when not empty"
        );
    }

    #[test]
    fn without_colour_there_is_none() {
        let states = [
            TrialState::Queued,
            TrialState::Running,
            TrialState::Paused,
            TrialState::Finished,
            TrialState::Infeasible,
            TrialState::Failed,
            TrialState::Cancelled,
        ];
        let p = Palette::PLAIN;
        let mut styles = vec![
            p.title,
            p.border,
            p.border_focused,
            p.faint,
            p.key,
            p.selected,
        ];
        styles.extend([p.loss, p.score, p.front]);
        styles.extend(states.map(|state| p.state(state)));
        assert!(
            styles
                .iter()
                .all(|style| style.fg.is_none() && style.bg.is_none())
        );
        let mut glyphs = states.map(glyph).to_vec();
        glyphs.dedup();
        assert_eq!(
            glyphs.len(),
            states.len(),
            "every state has a sign of its own"
        );
    }
}

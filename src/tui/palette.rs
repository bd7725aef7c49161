//! Colours by their role. The terminal's own sixteen are used, so that its theme is respected; others only where a
//! background or a kind of vision asks for them.

use ratatui::style::{Color, Modifier, Style};

use super::background::Background;
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

// The nearest of the terminal's 256 colours.
const DARK_GREEN: Color = Color::Indexed(28);
const SKY_BLUE: Color = Color::Indexed(74);
const BLUISH_GREEN: Color = Color::Indexed(36);
const ORANGE: Color = Color::Indexed(172);
const VERMILION: Color = Color::Indexed(166);
const REDDISH_PURPLE: Color = Color::Indexed(175);

/// In the order of the key that goes through them.
const ALL: [Palette; 5] = [
    Palette::DARK,
    Palette::LIGHT,
    Palette::HIGH_CONTRAST,
    Palette::COLOUR_BLIND,
    Palette::PLAIN,
];

const fn coloured(color: Color) -> Style {
    Style::new().fg(color)
}

impl Palette {
    /// Every palette's name, in the order of the key that goes through them.
    pub const NAMES: [&'static str; 5] = [
        Self::DARK.name,
        Self::LIGHT.name,
        Self::HIGH_CONTRAST.name,
        Self::COLOUR_BLIND.name,
        Self::PLAIN.name,
    ];

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

    /// For light backgrounds: no yellow, cyan or bright green, which are hard to read there.
    pub const LIGHT: Self = Self {
        name: "light",
        border_focused: coloured(Color::Blue).add_modifier(Modifier::BOLD),
        key: coloured(Color::Blue),
        loss: coloured(Color::Red),
        score: coloured(Color::Blue),
        front: coloured(DARK_GREEN).add_modifier(Modifier::BOLD),
        running: coloured(Color::Blue),
        finished: coloured(DARK_GREEN),
        paused: coloured(Color::Magenta),
        failed: coloured(Color::Red),
        ..Self::DARK
    };

    /// For dark backgrounds, everything bright and nothing faint.
    pub const HIGH_CONTRAST: Self = Self {
        name: "high-contrast",
        border: coloured(Color::White),
        border_focused: coloured(Color::LightYellow).add_modifier(Modifier::BOLD),
        faint: coloured(Color::White),
        key: coloured(Color::LightYellow).add_modifier(Modifier::BOLD),
        loss: coloured(Color::LightYellow),
        score: coloured(Color::LightCyan),
        front: coloured(Color::LightGreen).add_modifier(Modifier::BOLD),
        running: coloured(Color::LightCyan).add_modifier(Modifier::BOLD),
        finished: coloured(Color::LightGreen),
        paused: coloured(Color::LightYellow),
        infeasible: coloured(Color::LightMagenta),
        failed: coloured(Color::LightRed).add_modifier(Modifier::BOLD),
        ..Self::DARK
    };

    /// The colours of Okabe and Ito (2008), told apart with any kind of colour vision; on dark and light backgrounds.
    pub const COLOUR_BLIND: Self = Self {
        name: "colour-blind",
        border_focused: coloured(SKY_BLUE).add_modifier(Modifier::BOLD),
        key: coloured(SKY_BLUE),
        loss: coloured(ORANGE),
        score: coloured(SKY_BLUE),
        front: coloured(BLUISH_GREEN).add_modifier(Modifier::BOLD),
        running: coloured(SKY_BLUE),
        finished: coloured(BLUISH_GREEN),
        paused: coloured(ORANGE),
        infeasible: coloured(REDDISH_PURPLE),
        failed: coloured(VERMILION).add_modifier(Modifier::BOLD),
        ..Self::DARK
    };

    /// Without colours.
    pub const PLAIN: Self = Self {
        name: "no-colour",
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

    /// The palette that the environment asks for: without colours where `NO_COLOR` is set, light or dark where
    /// `COLORFGBG` names a background; none where it says nothing, and the terminal is to be asked.
    pub fn from_environment() -> Option<Self> {
        let variable = |name| std::env::var(name).ok();
        Self::chosen(
            variable("NO_COLOR").as_deref(),
            variable("COLORFGBG").as_deref(),
        )
    }

    /// The palette for what is behind the text.
    pub fn for_background(background: Option<Background>) -> Self {
        match background {
            Some(Background::Light) => Self::LIGHT,
            Some(Background::Dark) | None => Self::DARK,
        }
    }

    fn chosen(no_color: Option<&str>, foreground_background: Option<&str>) -> Option<Self> {
        let background = foreground_background.and_then(|value| value.rsplit(';').next());
        match (no_color, background) {
            (Some(set), _) if !set.is_empty() => Some(Self::PLAIN),
            (_, Some("7" | "15")) => Some(Self::LIGHT),
            (_, Some(_)) => Some(Self::DARK),
            _ => None,
        }
    }

    /// The next one, for the key that goes through them.
    pub(super) fn next(self) -> Self {
        let here = ALL.iter().position(|palette| *palette == self);
        ALL[(here.unwrap_or(0) + 1) % ALL.len()]
    }

    /// The palette of a name.
    pub(super) fn named(name: &str) -> Option<Self> {
        ALL.into_iter().find(|palette| palette.name == name)
    }

    /// The style of the curve with this number, of several in one plot.
    pub(super) fn series(self, index: usize) -> Style {
        let styles = [
            self.score,
            self.loss,
            self.front,
            self.infeasible,
            self.failed,
        ];
        styles[index % styles.len()]
    }

    pub(super) fn state(self, state: TrialState) -> Style {
        match state {
            TrialState::Queued => PLAIN,
            TrialState::Running => self.running,
            TrialState::Paused => self.paused,
            TrialState::Finished => self.finished,
            TrialState::Infeasible => self.infeasible,
            TrialState::Failed => self.failed,
            TrialState::Cancelled | TrialState::Pruned => self.faint,
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
        TrialState::Pruned => "┤",
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
        assert_eq!(Palette::chosen(None, None), None);
        assert_eq!(Palette::chosen(None, Some("15;0")), Some(Palette::DARK));
        assert_eq!(
            Palette::chosen(None, Some("0;default;15")),
            Some(Palette::LIGHT)
        );
        assert_eq!(
            Palette::chosen(Some("1"), Some("0;15")),
            Some(Palette::PLAIN)
        );
        assert_eq!(
            Palette::chosen(Some(""), None),
            None,
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
            TrialState::Pruned,
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

    #[test]
    fn every_palette_is_found_by_its_name_and_by_the_key() {
        let mut palette = Palette::DARK;
        for name in Palette::NAMES {
            assert_eq!(Palette::named(name), Some(palette), "{name}");
            palette = palette.next();
        }
        assert_eq!(palette, Palette::DARK, "round to the first");
    }
}

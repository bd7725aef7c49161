use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Color;

use super::studies;
use crate::app::State;
use crate::tui::keymap::keys_text;
use crate::tui::panels::PANELS;
use crate::tui::{Keymap, Palette, Screen};

/// What the screen shows, line by line, without trailing blanks.
pub(super) fn shown(screen: &mut Screen, state: &State, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| screen.draw(frame, state)).unwrap();
    let buffer = terminal.backend().buffer();
    let line = |y| {
        (0..width)
            .map(|x| buffer[(x, y)].symbol())
            .collect::<String>()
    };
    (0..height)
        .map(|y| line(y).trim_end().to_owned() + "\n")
        .collect()
}

fn snapshots(name: &str, state: &State) {
    for (width, height) in [(80, 24), (120, 40), (200, 60)] {
        let text = shown(&mut Screen::new(Palette::DARK), state, width, height);
        insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(format!("{name}_{width}x{height}"), text);
        });
    }
}

/// Every panel with the whole screen to itself, one after the other.
fn panel_snapshots(name: &str, state: &State) {
    for (width, height) in [(80, 24), (120, 40), (200, 60)] {
        let mut text = String::new();
        for number in 1..=PANELS.len() {
            let mut screen = Screen::new(Palette::DARK);
            super::driving::press(&mut screen, state, &format!("{number}z"));
            let whole = shown(&mut screen, state, width, height);
            // Header, strip and keys are in the snapshots of the whole screen.
            let panel: Vec<&str> = whole
                .lines()
                .skip(1)
                .take(usize::from(height) - 3)
                .collect();
            text.push_str(&panel.join("\n"));
            text.push('\n');
        }
        insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(format!("panels_{name}_{width}x{height}"), text);
        });
    }
}

#[test]
fn every_panel_of_an_empty_study() {
    panel_snapshots("empty", &studies::empty());
}

#[test]
fn every_panel_of_a_busy_study() {
    panel_snapshots("busy", &studies::busy());
}

#[test]
fn every_panel_of_a_failed_study() {
    panel_snapshots("failed", &studies::failed());
}

#[test]
fn every_panel_of_a_huge_study() {
    panel_snapshots("huge", &studies::huge());
}

#[test]
fn in_ascii_no_cell_has_another_sign() {
    for keys in ["", "?", "4z", "5z", "7z", "w", ":", "/run"] {
        let mut screen = Screen::new(crate::tui::Settings {
            ascii: Some(true),
            ..Palette::DARK.into()
        });
        let state = studies::busy();
        super::driving::press(&mut screen, &state, keys);
        let text = shown(&mut screen, &state, 120, 40);
        assert!(text.is_ascii(), "{keys}: {text}");
    }
}

#[test]
fn an_empty_study() {
    snapshots("empty", &studies::empty());
}

#[test]
fn a_busy_study() {
    snapshots("busy", &studies::busy());
}

#[test]
fn a_complete_study() {
    snapshots("complete", &studies::complete());
}

#[test]
fn a_failed_study() {
    snapshots("failed", &studies::failed());
}

#[test]
fn no_size_and_no_panel_panics() {
    let others = [studies::empty(), studies::complete(), studies::failed()];
    let states = [(studies::busy(), 1)]
        .into_iter()
        .chain(others.map(|state| (state, 5)));
    for (state, step) in states {
        for width in (1..=130).step_by(step) {
            for height in (1..=50).step_by(step) {
                // Panels and pop-ups take turns over the sizes; awkward sizes get all of them below.
                draw_turn(
                    &state,
                    width,
                    height,
                    usize::from(width) * 7 + usize::from(height),
                );
            }
        }
        for (width, height) in [(40, 10), (41, 17), (71, 18), (72, 10), (110, 36), (160, 40)] {
            (0..PANELS.len() * 4).for_each(|turn| draw_turn(&state, width, height, turn));
        }
    }
}

fn draw_turn(state: &State, width: u16, height: u16, turn: usize) {
    let mut screen = Screen::new(Palette::LIGHT);
    super::driving::press(&mut screen, state, &turn_keys(turn));
    shown(&mut screen, state, width, height);
}

fn turn_keys(turn: usize) -> String {
    let panel = turn % PANELS.len() + 1;
    format!("{panel}{}", ["", "z", "?", "kx"][turn / PANELS.len() % 4])
}

#[test]
fn a_screen_too_small_says_so() {
    let text = shown(&mut Screen::new(Palette::DARK), &studies::busy(), 39, 9);
    assert!(
        text.starts_with("The screen is 39×9; autopeft needs"),
        "{text}"
    );
}

#[test]
fn of_many_trials_the_selected_one_is_shown() {
    let state = studies::huge();
    let mut screen = Screen::new(Palette::DARK);
    super::driving::press(&mut screen, &state, "g");
    assert!(shown(&mut screen, &state, 80, 24).contains("#0 "));
    super::driving::press(&mut screen, &state, "G");
    let text = shown(&mut screen, &state, 80, 24);
    assert!(text.contains("#9999") && !text.contains("#0 "), "{text}");
}

#[test]
fn values_that_are_no_numbers_are_survived() {
    let mut state = studies::busy();
    for live in state.live.values_mut() {
        live.losses.push(241, f64::NAN);
        live.losses.push(242, f64::INFINITY);
    }
    for trial in &mut state.trials {
        for epoch in &mut trial.epochs {
            epoch.score = f64::NAN;
            epoch.train_loss = f64::NEG_INFINITY;
        }
        if let Some(measurement) = &mut trial.measurement {
            measurement.objectives.score = f64::NAN;
            measurement.wall_seconds = f64::NAN;
        }
    }
    state
        .hypervolume_trace
        .iter_mut()
        .for_each(|(_, reached)| reached.share = f64::NAN);
    for (width, height) in [(80, 24), (200, 60)] {
        shown(&mut Screen::new(Palette::DARK), &state, width, height);
    }
}

#[test]
fn control_characters_do_not_reach_the_terminal() {
    let mut state = studies::failed();
    for trial in &mut state.trials {
        let said = "a\u{1b}[31mb\r\nc\u{7}".into();
        trial.cause = Some(crate::domain::Cause::Error { said });
    }
    state.study.name = "x\u{1b}]0;title\u{7}".into();
    state.notify(crate::app::Severity::Error, "\u{1b}[2J\ttab");
    let text = shown(&mut Screen::new(Palette::DARK), &state, 120, 40);
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'));
}

#[test]
fn without_colour_no_cell_has_one() {
    for keys in ["", "?", "x", "4", "6", "w", ":", "/run"] {
        let mut terminal = Terminal::new(TestBackend::new(120, 40)).unwrap();
        let mut screen = Screen::new(Palette::PLAIN);
        let state = studies::busy();
        super::driving::press(&mut screen, &state, keys);
        terminal.draw(|frame| screen.draw(frame, &state)).unwrap();
        let cells = &terminal.backend().buffer().content;
        assert!(
            cells
                .iter()
                .all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset)
        );
    }
}

#[test]
fn every_binding_is_in_the_help() {
    let mut screen = Screen::new(Palette::DARK);
    let state = studies::empty();
    super::driving::press(&mut screen, &state, "?");
    let mut text = shown(&mut screen, &state, 120, 40);
    super::driving::press(&mut screen, &state, "G");
    text.push_str(&shown(&mut screen, &state, 120, 40));
    for (binding, keys) in Keymap::default().entries() {
        let (help, keys) = (binding.help, keys_text(keys));
        assert!(text.contains(help), "{help} is not in the help");
        assert!(text.contains(&keys), "{keys} is not in the help");
    }
}

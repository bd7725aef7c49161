//! Panels that come and go, and the mouse.

use crossterm::event::{
    Event, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};

use super::drawing::shown;
use super::driving::press;
use super::studies;
use crate::app::{Message, State};
use crate::tui::{Palette, Screen, Settings};

fn with_mouse() -> Screen {
    Screen::new(Settings {
        mouse: Some(true),
        ..Palette::DARK.into()
    })
}

/// Where a text stands on the screen.
fn place(screen: &mut Screen, state: &State, text: &str) -> (u16, u16) {
    let drawn = shown(screen, state, 120, 40);
    let (row, line) = drawn
        .lines()
        .enumerate()
        .find(|(_, line)| line.contains(text))
        .unwrap_or_else(|| panic!("no {text} in {drawn}"));
    let column = line.split(text).next().unwrap_or_default().chars().count();
    (column as u16, row as u16)
}

/// What the mouse does where a text stands.
fn mouse(screen: &mut Screen, state: &State, kind: MouseEventKind, text: &str) {
    let (column, row) = place(screen, state, text);
    let modifiers = KeyModifiers::NONE;
    let event = MouseEvent {
        kind,
        column,
        row,
        modifiers,
    };
    assert_eq!(screen.on_event(Event::Mouse(event), state), None);
}

/// The titles of the panels shown.
fn panels(screen: &mut Screen, state: &State) -> Vec<String> {
    let text = shown(screen, state, 120, 40);
    let titles = text.split("┌ ").skip(1);
    titles
        .map(|rest| rest.split(" ─").next().unwrap_or_default().to_owned())
        .collect()
}

const CLICK: MouseEventKind = MouseEventKind::Down(MouseButton::Left);

#[test]
fn a_hidden_panel_leaves_its_room_to_others_until_its_number_brings_it_back() {
    let state = studies::busy();
    let mut screen = Screen::new(Palette::DARK);
    press(&mut screen, &state, "6H7H2H");
    for (width, height) in [(80, 24), (120, 40), (200, 60)] {
        let text = shown(&mut screen, &state, width, height);
        assert!(
            !text.contains("Search waits") && text.contains("(6 Search)"),
            "{text}"
        );
        insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(format!("hidden_{width}x{height}"), text);
        });
    }
    press(&mut screen, &state, "6");
    assert!(shown(&mut screen, &state, 200, 60).contains("┌ 6 Search"));
}

#[test]
fn the_trials_stay_and_tab_passes_over_what_is_hidden() {
    let state = studies::busy();
    let mut screen = Screen::new(Palette::DARK);
    press(&mut screen, &state, "1H");
    let text = shown(&mut screen, &state, 120, 40);
    assert!(
        text.contains("┌ 1 Trials") && text.contains("the trials are always there"),
        "{text}"
    );
    press(&mut screen, &state, "2H3H4H5H6H7H8H");
    let text = shown(&mut screen, &state, 120, 40);
    assert!(text.contains("Log hidden: 8 brings it back"), "{text}");
    assert_eq!(panels(&mut screen, &state).len(), 1, "{text}");
    let tab = KeyEvent::new(KeyCode::Tab, KeyModifiers::NONE);
    screen.on_event(Event::Key(tab), &state);
    assert_eq!(panels(&mut screen, &state).len(), 1);
    // A zoomed panel is unzoomed before it goes.
    press(&mut screen, &state, "4zH");
    assert_eq!(panels(&mut screen, &state).len(), 1);
}

#[test]
fn panels_can_be_hidden_from_the_first() {
    let state = studies::busy();
    let mut screen = Screen::new(Settings {
        hidden: [1, 2].into(),
        ..Palette::DARK.into()
    });
    let text = shown(&mut screen, &state, 80, 24);
    assert!(
        text.contains("┌ 4 Pareto front"),
        "another page is shown: {text}"
    );
}

#[test]
fn a_click_selects_a_trial_and_goes_to_its_panel() {
    let state = studies::busy();
    let mut screen = with_mouse();
    mouse(&mut screen, &state, CLICK, "· queued");
    let asked = press(&mut screen, &state, "+");
    assert!(
        matches!(asked, Some(Message::Prioritise(_, 1))),
        "{asked:?}"
    );
    mouse(&mut screen, &state, CLICK, "8 Log");
    press(&mut screen, &state, "z");
    assert_eq!(panels(&mut screen, &state), ["8 Log"]);
    // In the table of the front too.
    press(&mut screen, &state, "4");
    mouse(&mut screen, &state, CLICK, "#3 ");
    press(&mut screen, &state, "z");
    assert!(shown(&mut screen, &state, 120, 40).contains("┌ 2 Trial #3 "));
}

#[test]
fn the_wheel_scrolls_what_is_under_it_and_leaves_the_focus() {
    let state = studies::busy();
    let mut screen = with_mouse();
    press(&mut screen, &state, "2");
    mouse(&mut screen, &state, MouseEventKind::ScrollUp, "8 Log");
    assert!(shown(&mut screen, &state, 120, 40).contains("Log, "));
    mouse(&mut screen, &state, MouseEventKind::ScrollUp, "1 Trials");
    let text = shown(&mut screen, &state, 120, 40);
    assert!(
        text.contains("┌ 2 Trial #9 "),
        "three above the running one: {text}"
    );
    press(&mut screen, &state, "z");
    assert!(
        panels(&mut screen, &state)[0].starts_with("2 Trial"),
        "the focus stays"
    );
    press(&mut screen, &state, "?");
    mouse(&mut screen, &state, MouseEventKind::ScrollDown, "Keys");
    mouse(&mut screen, &state, CLICK, "Keys");
    assert!(
        shown(&mut screen, &state, 120, 40).contains("Keys"),
        "a click closes nothing"
    );
}

#[test]
fn the_mouse_is_the_terminals_alone_until_it_is_asked_for() {
    let state = studies::busy();
    let mut screen = Screen::new(Palette::DARK);
    assert!(!screen.wants_mouse());
    let before = shown(&mut screen, &state, 120, 40);
    mouse(&mut screen, &state, CLICK, "· queued");
    assert_eq!(shown(&mut screen, &state, 120, 40), before);
    press(&mut screen, &state, ":mouse");
    let enter = KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE);
    screen.on_event(Event::Key(enter), &state);
    assert!(screen.wants_mouse());
    // A question is not answered by a click.
    press(&mut screen, &state, "q");
    mouse(&mut screen, &state, CLICK, "Quit?");
    assert!(shown(&mut screen, &state, 120, 40).contains("Quit?"));
}

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::drawing::shown;
use super::studies;
use crate::app::{Message, State};
use crate::domain::TrialId;
use crate::tui::{Palette, Screen};

/// Presses the characters one after the other; what the last one led to.
pub(super) fn press(screen: &mut Screen, state: &State, keys: &str) -> Option<Message> {
    let mut message = None;
    for character in keys.chars() {
        message = press_key(screen, state, KeyCode::Char(character), KeyModifiers::NONE);
    }
    message
}

fn press_key(
    screen: &mut Screen,
    state: &State,
    code: KeyCode,
    modifiers: KeyModifiers,
) -> Option<Message> {
    screen.on_event(Event::Key(KeyEvent::new(code, modifiers)), state)
}

fn screen() -> Screen {
    Screen::new(Palette::DARK)
}

#[test]
fn the_running_trial_is_followed_until_one_is_chosen() {
    let state = studies::busy();
    let mut screen = screen();
    assert_eq!(
        press(&mut screen, &state, "p"),
        Some(Message::Pause(TrialId(12)))
    );
    assert_eq!(
        press(&mut screen, &state, "jp"),
        Some(Message::Resume(TrialId(13)))
    );
    press_key(&mut screen, &state, KeyCode::Esc, KeyModifiers::NONE);
    assert_eq!(
        press(&mut screen, &state, " "),
        Some(Message::Pause(TrialId(12)))
    );
}

#[test]
fn retry_is_for_what_failed_or_was_cancelled() {
    let state = studies::busy();
    assert_eq!(
        press(&mut screen(), &state, "kr"),
        Some(Message::Retry(TrialId(11)))
    );
    assert_eq!(
        press(&mut screen(), &state, "kkr"),
        Some(Message::Retry(TrialId(10)))
    );
    let mut screen = screen();
    assert_eq!(
        press(&mut screen, &state, "kkkr"),
        None,
        "infeasible is a result"
    );
    assert!(shown(&mut screen, &state, 80, 24).contains("trial #9 is infeasible: only failed"));
}

#[test]
fn cancelling_asks_first() {
    let state = studies::busy();
    let mut screen = screen();
    assert_eq!(press(&mut screen, &state, "x"), None);
    assert!(shown(&mut screen, &state, 80, 24).contains("Trial #12 is running, 60% done"));
    assert_eq!(press(&mut screen, &state, "n"), None);
    assert_eq!(
        press(&mut screen, &state, "y"),
        None,
        "the question is gone"
    );
    assert_eq!(
        press(&mut screen, &state, "xy"),
        Some(Message::Cancel(TrialId(12)))
    );
    assert_eq!(press(&mut screen, &state, "gx"), None);
    assert!(shown(&mut screen, &state, 80, 24).contains("trial #0 is finished: it is over"));
}

#[test]
fn the_trial_asked_about_is_the_one_cancelled() {
    let mut state = studies::busy();
    let mut screen = screen();
    press(&mut screen, &state, "x");
    state.trials[12].state = crate::domain::TrialState::Finished;
    assert_eq!(
        press(&mut screen, &state, "y"),
        Some(Message::Cancel(TrialId(12)))
    );
}

#[test]
fn quitting_asks_while_trials_are_unfinished() {
    let state = studies::busy();
    let mut screen = screen();
    assert_eq!(press(&mut screen, &state, "q"), None);
    let text = shown(&mut screen, &state, 80, 24);
    assert!(
        text.contains("Quit?") && text.contains("2 trials under way, 2 waiting"),
        "{text}"
    );
    assert_eq!(
        press(&mut screen, &state, "j"),
        None,
        "other keys wait for an answer"
    );
    assert_eq!(press(&mut screen, &state, "y"), Some(Message::Quit));
    press_key(
        &mut screen,
        &state,
        KeyCode::Char('c'),
        KeyModifiers::CONTROL,
    );
    let insisted = press_key(
        &mut screen,
        &state,
        KeyCode::Char('c'),
        KeyModifiers::CONTROL,
    );
    assert_eq!(insisted, Some(Message::Quit));
    assert_eq!(
        press(&mut screen, &studies::complete(), "q"),
        Some(Message::Quit)
    );
    let stopping = State {
        stopping: true,
        ..state
    };
    assert_eq!(press(&mut screen, &stopping, "q"), Some(Message::Quit));
}

#[test]
fn study_wide_keys_give_their_messages() {
    let state = studies::busy();
    assert_eq!(
        press(&mut screen(), &state, "P"),
        Some(Message::ToggleStudyPause)
    );
    assert_eq!(press(&mut screen(), &state, "e"), Some(Message::Export));
}

#[test]
fn in_the_front_the_selection_moves_along_the_front() {
    let state = studies::busy();
    let mut screen = screen();
    press(&mut screen, &state, "4j");
    for id in &state.front {
        let text = shown(&mut screen, &state, 200, 60);
        assert!(text.contains(&format!("2 Trial {id} ")), "{id}: {text}");
        press(&mut screen, &state, "j");
    }
}

#[test]
fn panels_are_reached_on_a_small_screen() {
    let state = studies::busy();
    let mut screen = screen();
    assert!(!shown(&mut screen, &state, 80, 24).contains("Pareto front"));
    press(&mut screen, &state, "4");
    assert!(shown(&mut screen, &state, 80, 24).contains("Pareto front"));
    press(&mut screen, &state, "7");
    press_key(&mut screen, &state, KeyCode::Enter, KeyModifiers::NONE);
    let text = shown(&mut screen, &state, 80, 24);
    assert!(
        text.contains("7 Log") && !text.contains("1 Trials 1"),
        "{text}"
    );
    press_key(&mut screen, &state, KeyCode::Esc, KeyModifiers::NONE);
    press_key(&mut screen, &state, KeyCode::Tab, KeyModifiers::NONE);
    assert!(
        shown(&mut screen, &state, 80, 24).contains("Trials 16 of 24"),
        "round to the trials"
    );
}

#[test]
fn the_log_scrolls_and_ends() {
    let mut state = studies::empty();
    for i in 0..100 {
        state.notify(crate::app::Severity::Info, format!("line {i}."));
    }
    let mut screen = screen();
    press(&mut screen, &state, "7z");
    assert!(shown(&mut screen, &state, 80, 24).contains("line 99."));
    press(&mut screen, &state, "kkk");
    let text = shown(&mut screen, &state, 80, 24);
    assert!(
        text.contains("line 96.") && !text.contains("line 97."),
        "{text}"
    );
    press(&mut screen, &state, "g");
    assert!(shown(&mut screen, &state, 80, 24).contains("line 0."));
    press(&mut screen, &state, "G");
    assert!(shown(&mut screen, &state, 80, 24).contains("line 99."));
}

#[test]
fn pastes_releases_and_unknown_keys_do_nothing() {
    let state = studies::busy();
    let mut screen = screen();
    shown(&mut screen, &state, 80, 24);
    let release = KeyEvent::new_with_kind(
        KeyCode::Char('e'),
        KeyModifiers::NONE,
        KeyEventKind::Release,
    );
    assert_eq!(
        screen.on_event(Event::Paste("qy\u{1b}eP".into()), &state),
        None
    );
    assert_eq!(screen.on_event(Event::Key(release), &state), None);
    assert_eq!(screen.on_event(Event::FocusLost, &state), None);
    assert!(!screen.needs_redraw(), "nothing changed, nothing is drawn");
    assert_eq!(press(&mut screen, &state, "ü"), None);
}

#[test]
fn drawing_is_needed_after_changes_only() {
    let state = studies::busy();
    let mut screen = screen();
    assert!(screen.needs_redraw());
    shown(&mut screen, &state, 80, 24);
    assert!(!screen.needs_redraw());
    screen.on_event(Event::Resize(90, 30), &state);
    assert!(screen.needs_redraw());
    shown(&mut screen, &state, 90, 30);
    screen.invalidate();
    assert!(screen.needs_redraw());
}

#[test]
fn without_trials_no_key_acts_on_one() {
    let state = studies::empty();
    assert_eq!(press(&mut screen(), &state, "jkgGpxyr4jkp"), None);
}

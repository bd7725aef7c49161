use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::drawing::shown;
use super::studies;
use crate::app::{Ending, Message, State};
use crate::domain::{Standing, TrialId};
use crate::journal::Record;
use crate::tui::{Background, Palette, Screen, Settings};

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
fn retry_is_for_what_may_end_otherwise() {
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
        Some(Message::Retry(TrialId(9))),
        "it lacked memory"
    );
    let mut state = state;
    state.trials[9].cause = Some(crate::domain::Cause::Diverged { at: None });
    assert_eq!(
        press(&mut screen, &state, "r"),
        None,
        "it would diverge again"
    );
    assert!(shown(&mut screen, &state, 80, 24).contains("trial #9 is infeasible: only what"));
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
fn a_pruned_trial_says_where_it_was_stopped_and_may_go_on() {
    let mut state = studies::busy();
    let standing = Standing {
        rung: 1,
        rungs: 2,
        epoch: 1,
        rank: 7,
        of: 9,
    };
    let record = Record::TrialPruned {
        trial: TrialId(12),
        standing,
    };
    state.apply(&record).unwrap();
    let mut screen = screen();
    // From the one under way up to it.
    press(&mut screen, &state, "k");
    let text = shown(&mut screen, &state, 200, 60);
    for expected in [
        "┤ pruned",
        "rung 1/2",
        "┤ 1 pruned",
        "stopped at rung 1 of 2, after epoch 1",
    ] {
        assert!(text.contains(expected), "{expected} in\n{text}");
    }
    assert_eq!(
        press(&mut screen, &state, "r"),
        Some(Message::Retry(TrialId(12)))
    );
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
        stopping: Some(Ending::Interrupted),
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
    press(&mut screen, &state, "8");
    press_key(&mut screen, &state, KeyCode::Enter, KeyModifiers::NONE);
    let text = shown(&mut screen, &state, 80, 24);
    assert!(
        text.contains("8 Log") && !text.contains("1 Trials 1"),
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
    press(&mut screen, &state, "8z");
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
    let paste = Event::Paste("qy\u{1b}eP".into());
    assert_eq!(screen.on_event(paste.clone(), &state), None);
    assert_eq!(
        footer(&mut screen, &state),
        "5 characters came at once, as pasted text does: it presses no keys"
    );
    assert_eq!(screen.on_event(Event::Key(release), &state), None);
    assert_eq!(screen.on_event(Event::FocusLost, &state), None);
    let alt = Event::Key(KeyEvent::new(KeyCode::Char('e'), KeyModifiers::ALT));
    assert_eq!(screen.on_event(alt, &state), None);
    assert!(!screen.needs_redraw(), "nothing changed, nothing is drawn");
    assert_eq!(press(&mut screen, &state, "ü"), None);
    // Neither is a question answered by any of them.
    press(&mut screen, &state, "q");
    assert!(shown(&mut screen, &state, 80, 24).contains("Quit?"));
    for code in [KeyCode::Char('y'), KeyCode::Enter] {
        for modifiers in [KeyModifiers::ALT, KeyModifiers::CONTROL] {
            let other = press_key(&mut screen, &state, code, modifiers);
            assert_eq!(other, None, "{code} {modifiers:?}");
        }
    }
    assert_eq!(screen.on_event(Event::Paste("y\n".into()), &state), None);
    assert_eq!(screen.on_burst("yes, please, yes", &state), None);
    assert!(shown(&mut screen, &state, 80, 24).contains("Quit?"));
}

/// The last line of the screen.
fn footer(screen: &mut Screen, state: &State) -> String {
    let shown = shown(screen, state, 80, 24);
    shown
        .lines()
        .last()
        .unwrap_or_default()
        .trim_end()
        .to_owned()
}

#[test]
fn text_at_once_is_typed_where_text_is_typed_up_to_the_end_of_its_line() {
    let state = studies::busy();
    let mut screen = screen();
    assert_eq!(screen.on_burst("export\nePq", &state), None);
    assert_eq!(
        footer(&mut screen, &state),
        "10 characters came at once, as pasted text does: it presses no keys"
    );
    assert_eq!(screen.on_burst("/queued\nePq", &state), None);
    assert_eq!(
        footer(&mut screen, &state),
        "3 characters came at once, as pasted text does: it presses no keys"
    );
    assert!(shown(&mut screen, &state, 80, 24).contains("filter queued"));
    press(&mut screen, &state, "M");
    let noted = screen.on_burst("an odd one\nqy", &state);
    assert!(
        matches!(&noted, Some(Message::Note(_, text)) if text == "an odd one"),
        "{noted:?}"
    );
    assert_eq!(
        screen.on_burst(":pause-study\n", &state),
        Some(Message::ToggleStudyPause)
    );
}

#[test]
fn the_colours_are_those_of_the_background_unless_they_were_chosen() {
    let mut open = Screen::new(Settings::default());
    assert_eq!(open.palette(), Palette::DARK);
    open.suit(Background::Light);
    assert_eq!(open.palette(), Palette::LIGHT);
    press(&mut open, &studies::busy(), "t");
    let chosen = open.palette();
    open.suit(Background::Dark);
    assert_eq!(open.palette(), chosen);
    let mut set = screen();
    set.suit(Background::Light);
    assert_eq!(set.palette(), Palette::DARK);
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

#[test]
fn a_filter_shows_what_passes_while_it_is_typed_and_n_goes_round() {
    let state = studies::busy();
    let mut screen = screen();
    press(&mut screen, &state, "/queued");
    let text = shown(&mut screen, &state, 80, 24);
    assert!(text.contains("Trials 2 of 16, filter queued"), "{text}");
    assert!(
        text.contains("/queued"),
        "the line is at the bottom: {text}"
    );
    press_key(&mut screen, &state, KeyCode::Enter, KeyModifiers::NONE);
    let selected = |screen: &mut Screen| match press(screen, &state, "m") {
        Some(Message::Mark(trial, true)) => trial.0,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        selected(&mut screen),
        14,
        "the first one after the running one"
    );
    press(&mut screen, &state, "3n");
    assert_eq!(selected(&mut screen), 15);
    press(&mut screen, &state, "n");
    assert_eq!(selected(&mut screen), 14, "round to the first");
    press(&mut screen, &state, "N");
    assert_eq!(selected(&mut screen), 15);
    press(&mut screen, &state, "1j");
    assert_eq!(selected(&mut screen), 15, "nothing below");
    press(&mut screen, &state, "/");
    press_key(&mut screen, &state, KeyCode::Esc, KeyModifiers::NONE);
    assert!(shown(&mut screen, &state, 80, 24).contains("Trials 16 of 24"));
    press(&mut screen, &state, "/nothing");
    assert!(shown(&mut screen, &state, 80, 24).contains("No trial passes the filter"));
    press_key(&mut screen, &state, KeyCode::Enter, KeyModifiers::NONE);
    press(&mut screen, &state, "jkGgn");
    press_key(&mut screen, &state, KeyCode::Esc, KeyModifiers::NONE);
    assert!(shown(&mut screen, &state, 80, 24).contains("Trials 16 of 24"));
}

#[test]
fn a_note_is_typed_and_pastes_are_text_there() {
    let state = studies::busy();
    let mut screen = screen();
    press(&mut screen, &state, "Mqux");
    screen.on_event(Event::Paste(" and\nmore".into()), &state);
    assert!(shown(&mut screen, &state, 80, 24).contains("note on #12: qux and more"));
    let noted = press_key(&mut screen, &state, KeyCode::Enter, KeyModifiers::NONE);
    assert_eq!(
        noted,
        Some(Message::Note(TrialId(12), "qux and more".into()))
    );
    press(&mut screen, &state, "Mq");
    let left = press_key(&mut screen, &state, KeyCode::Esc, KeyModifiers::NONE);
    assert_eq!(left, None);
}

#[test]
fn a_trial_is_added_by_editing_a_configuration() {
    let state = studies::busy();
    let mut screen = screen();
    press(&mut screen, &state, "a");
    assert!(shown(&mut screen, &state, 120, 40).contains("parameters, Enter adds it"));
    press_key(
        &mut screen,
        &state,
        KeyCode::Char('u'),
        KeyModifiers::CONTROL,
    );
    press(&mut screen, &state, "serial 47 in layers 0-3");
    assert!(shown(&mut screen, &state, 120, 40).contains("serial takes the sizes 0, 1, 3"));
    let refused = press_key(&mut screen, &state, KeyCode::Enter, KeyModifiers::NONE);
    assert_eq!(refused, None, "the line stays to be mended");
    press_key(
        &mut screen,
        &state,
        KeyCode::Char('u'),
        KeyModifiers::CONTROL,
    );
    press(&mut screen, &state, "serial 48 in layers 0-3");
    let added = press_key(&mut screen, &state, KeyCode::Enter, KeyModifiers::NONE);
    let expected: crate::domain::Configuration = "serial 48 in layers 0-3".parse().unwrap();
    assert_eq!(added, Some(Message::Add(expected)));
}

#[test]
fn only_waiting_trials_have_a_place_in_the_queue() {
    let mut state = studies::busy();
    let mut screen = screen();
    assert_eq!(
        press(&mut screen, &state, "G+"),
        Some(Message::Prioritise(TrialId(15), 1))
    );
    assert_eq!(
        press(&mut screen, &state, "-"),
        Some(Message::Prioritise(TrialId(15), -1))
    );
    state.priorities.insert(TrialId(15), 2);
    assert!(shown(&mut screen, &state, 80, 24).contains("· queued +2"));
    assert_eq!(press(&mut screen, &state, "g+"), None);
    assert!(shown(&mut screen, &state, 80, 24).contains("only trials that wait"));
}

#[test]
fn marked_trials_are_compared_side_by_side() {
    let mut state = studies::busy();
    let mut screen = screen();
    assert_eq!(
        press(&mut screen, &state, "m"),
        Some(Message::Mark(TrialId(12), true))
    );
    press(&mut screen, &state, "c");
    assert!(shown(&mut screen, &state, 80, 24).contains("mark at least two trials"));
    state.marked.extend([TrialId(2), TrialId(3), TrialId(12)]);
    assert_eq!(
        press(&mut screen, &state, "m"),
        Some(Message::Mark(TrialId(12), false))
    );
    press(&mut screen, &state, "c");
    let text = shown(&mut screen, &state, 120, 40);
    assert!(
        text.contains("a #2") && text.contains("b #3") && text.contains("c #12"),
        "{text}"
    );
    press(&mut screen, &state, "q");
    assert!(!shown(&mut screen, &state, 120, 40).contains("Marked trials"));
}

#[test]
fn why_a_trial_was_proposed_is_told_with_what_came_of_it() {
    let state = studies::busy();
    let mut screen = screen();
    press(&mut screen, &state, "gw");
    assert!(shown(&mut screen, &state, 80, 24).contains("initial design"));
    press(&mut screen, &state, "q");
    press(&mut screen, &state, "jjjjjjjjw");
    let text = shown(&mut screen, &state, 100, 40);
    for part in [
        "Why trial #8?",
        "expected a score of 0.6800",
        "Measured was",
        "layer 4",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn the_verdict_is_told_when_asked_for_and_stands_beside_the_front_in_the_end() {
    let mut screen = screen();
    press(&mut screen, &studies::busy(), "v");
    let text = shown(&mut screen, &studies::busy(), 100, 40);
    assert!(text.contains("Verdict so far"), "{text}");
    press(&mut screen, &studies::busy(), "v");
    assert!(!shown(&mut screen, &studies::busy(), 100, 40).contains("Verdict"));
    let complete = studies::complete();
    press(&mut screen, &complete, "v");
    let text = shown(&mut screen, &complete, 80, 24);
    assert!(text.contains("complete, v: verdict"), "{text}");
    for part in ["serial 24 in all layers", "never trained", "probability"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    press(&mut screen, &complete, "q");
    assert!(shown(&mut screen, &complete, 200, 60).contains("serial 24 in all layers"));
}

#[test]
fn a_command_is_found_by_its_words() {
    let state = studies::busy();
    let mut screen = screen();
    press(&mut screen, &state, ":pareto");
    assert!(shown(&mut screen, &state, 100, 30).contains("go to the Pareto front"));
    press_key(&mut screen, &state, KeyCode::Enter, KeyModifiers::NONE);
    assert!(shown(&mut screen, &state, 80, 24).contains("Pareto front, "));
    press(&mut screen, &state, ":pause-study");
    let paused = press_key(&mut screen, &state, KeyCode::Enter, KeyModifiers::NONE);
    assert_eq!(paused, Some(Message::ToggleStudyPause));
}

#[test]
fn a_configuration_is_copied_once() {
    let state = studies::busy();
    let mut screen = screen();
    assert_eq!(press(&mut screen, &state, "gy"), None);
    let copied = screen.take_copy().unwrap();
    assert_eq!(copied.parse(), Ok(state.trials[0].configuration.clone()));
    assert_eq!(screen.take_copy(), None);
}

#[test]
fn a_frozen_picture_stays_while_the_study_goes_on() {
    let mut state = studies::busy();
    let mut screen = screen();
    press(&mut screen, &state, "f");
    state.trials[12].state = crate::domain::TrialState::Finished;
    let text = shown(&mut screen, &state, 80, 24);
    assert!(
        text.contains("frozen, f goes on") && text.contains("► running"),
        "{text}"
    );
    press(&mut screen, &state, "jk");
    assert!(shown(&mut screen, &state, 80, 24).contains("► running"));
    press(&mut screen, &state, "f");
    assert!(!shown(&mut screen, &state, 80, 24).contains("► running"));
}

#[test]
fn a_view_that_watches_asks_nothing_of_the_study() {
    let state = studies::busy();
    let mut screen = screen();
    screen.watch();
    for keys in ["p", "x", "r", "+", "a", "P", "e", "m", "M"] {
        assert_eq!(press(&mut screen, &state, keys), None, "{keys}");
        assert!(
            shown(&mut screen, &state, 80, 24).contains("only watches"),
            "{keys}"
        );
    }
    assert_eq!(
        press(&mut screen, &state, "q"),
        Some(Message::Quit),
        "nothing is lost by leaving"
    );
}

#[test]
fn switches_of_the_curves_are_told_in_their_title() {
    let state = studies::busy();
    let mut screen = screen();
    press(&mut screen, &state, "sL");
    assert!(shown(&mut screen, &state, 120, 40).contains("smoothed, log axis"));
    press(&mut screen, &state, "sL");
    assert!(!shown(&mut screen, &state, 120, 40).contains("smoothed"));
}

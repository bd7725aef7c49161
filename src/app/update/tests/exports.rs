use super::*;
use crate::app::{ExportStatus, Exported, Message};

fn ask(state: &mut State) -> Vec<Effect> {
    update(state, Event::Message(Message::Export))
}

fn written() -> Event {
    Event::Exported(Ok(Exported {
        folder: "runs/s/export".into(),
        front: vec![TrialId(0)],
        remarks: vec!["trial-0007 has left the front".into()],
    }))
}

/// A study with a front, and no notices.
fn with_front() -> State {
    let mut state = study(2, 4);
    play(&mut state, ready());
    play(&mut state, proposed(&[[1, 0, 1, 1], [2, 0, 1, 1]], true));
    play(&mut state, started(0));
    play(&mut state, finished(0, 0.7, 1.0));
    state.notices.clear();
    state
}

fn notices(state: &State) -> String {
    let texts = state.notices.iter().map(|notice| notice.text.as_str());
    texts.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_second_export_waits_for_the_first_and_a_third_is_the_second() {
    let mut state = with_front();
    assert_eq!(ask(&mut state), [Effect::Export]);
    assert_eq!(ask(&mut state), []);
    assert_eq!(ask(&mut state), []);
    let recorded = Effect::Append(Record::Exported {
        folder: "runs/s/export".into(),
        front: vec![TrialId(0)],
    });
    assert_eq!(
        update(&mut state, written()),
        [recorded.clone(), Effect::Export]
    );
    assert_eq!(update(&mut state, written()), [recorded]);
    assert_eq!(state.export, ExportStatus::Idle);
    assert_eq!(
        notices(&state),
        "exporting 1 configurations\n\
         an export is under way: another begins when it ends\n\
         an export is under way, and another is due already\n\
         trial-0007 has left the front\n\
         exported 1 configurations to runs/s/export\n\
         exporting 1 configurations\n\
         trial-0007 has left the front\n\
         exported 1 configurations to runs/s/export"
    );
}

#[test]
fn a_failed_export_is_told_and_the_next_begins_unless_the_program_leaves() {
    let mut state = with_front();
    let full = || Event::Exported(Err("no space".into()));
    ask(&mut state);
    ask(&mut state);
    assert_eq!(update(&mut state, full()), [Effect::Export]);
    ask(&mut state);
    update(&mut state, Event::Message(Message::Quit));
    assert_eq!(update(&mut state, full()), []);
    assert_eq!(state.export, ExportStatus::Idle);
    assert!(notices(&state).ends_with("export failed: no space"));
    let mut state = study(2, 4);
    assert_eq!(ask(&mut state), []);
    assert_eq!(
        notices(&state),
        "nothing to export yet: no trial has finished"
    );
}

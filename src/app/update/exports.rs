//! Exports: one at a time, and none that was asked for is forgotten.

use crate::app::{Effect, ExportStatus, Exported, Severity, State};
use crate::journal::Record;

pub(super) fn on_asked(state: &mut State) -> Vec<Effect> {
    if state.front.is_empty() {
        let text = "nothing to export yet: no trial has finished";
        state.notify(Severity::Warning, text);
        return Vec::new();
    }
    match state.export {
        ExportStatus::Idle => begin(state),
        ExportStatus::Writing => {
            state.export = ExportStatus::WritingAndDue;
            let text = "an export is under way: another begins when it ends";
            state.notify(Severity::Info, text);
            Vec::new()
        }
        ExportStatus::WritingAndDue => {
            let text = "an export is under way, and another is due already";
            state.notify(Severity::Info, text);
            Vec::new()
        }
    }
}

fn begin(state: &mut State) -> Vec<Effect> {
    state.export = ExportStatus::Writing;
    let text = format!("exporting {} configurations", state.front.len());
    state.notify(Severity::Info, text);
    vec![Effect::Export]
}

pub(super) fn on_ended(state: &mut State, ended: Result<Exported, String>) -> Vec<Effect> {
    let is_due = state.export == ExportStatus::WritingAndDue && state.stopping.is_none();
    state.export = ExportStatus::Idle;
    let mut effects = Vec::new();
    match ended {
        Ok(Exported {
            folder,
            front,
            remarks,
        }) => {
            for remark in remarks {
                state.notify(Severity::Warning, remark);
            }
            let text = format!("exported {} configurations to {folder}", front.len());
            state.notify(Severity::Info, text);
            effects.push(Effect::Append(Record::Exported { folder, front }));
        }
        Err(reason) => state.notify(Severity::Error, format!("export failed: {reason}")),
    }
    if is_due {
        effects.extend(begin(state));
    }
    effects
}

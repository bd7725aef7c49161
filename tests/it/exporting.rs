//! An export that takes its time: keys are answered, a second one waits, and leaving waits for neither for long.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use autopeft::app::exporting::Exporting;
use autopeft::app::runtime::{Ending, Interface};
use autopeft::app::{ExportStatus, Message, State};
use autopeft::journal::{self, Record};
use crossbeam_channel::{Receiver, Select, Sender, bounded, unbounded};

use crate::support::stub_study::{self, StubExecutor};

/// Says what it was given to say, once the study is complete.
struct Hand {
    says: Receiver<Message>,
    shown: Sender<ExportStatus>,
}

impl Interface for Hand {
    fn take_messages(&mut self, state: &State) -> Vec<Message> {
        match state.is_complete() {
            true => self.says.try_recv().into_iter().collect(),
            false => Vec::new(),
        }
    }

    fn watch<'a>(&'a self, select: &mut Select<'a>) {
        select.recv(&self.says);
    }

    fn recorded(&mut self, _: &Record, _: &State) -> std::io::Result<()> {
        Ok(())
    }

    fn wants_showing(&self) -> bool {
        false
    }

    fn show(&mut self, state: &State) -> std::io::Result<()> {
        let _ = self.shown.send(state.export);
        Ok(())
    }

    fn leaves_when_complete(&self) -> bool {
        false
    }
}

/// Whoever sits before a study of four trials, and ends its exports.
struct Seat {
    say: Sender<Message>,
    shown: Receiver<ExportStatus>,
    ends: Sender<()>,
}

impl Seat {
    fn say(&self, message: Message) {
        self.say.send(message).unwrap();
    }

    fn wait_for(&self, wanted: ExportStatus) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while self.shown.recv_deadline(deadline).unwrap() != wanted {}
    }
}

/// How the study ended, and its state.
fn play(folder: &Path, script: impl FnOnce(Seat) + Send + 'static) -> (Ending, State) {
    let mut runtime = stub_study::runtime(folder, StubExecutor::start(1), 4).unwrap();
    let (ends, may_end) = bounded(8);
    runtime.exporting = Exporting::new(move |_| match may_end.recv() {
        Ok(()) => Ok((PathBuf::from("export"), Vec::new())),
        Err(_) => panic!("the export's panic"),
    });
    let (say, says) = unbounded();
    let (sender, shown) = unbounded();
    let mut hand = Hand {
        says,
        shown: sender,
    };
    let seat = Seat { say, shown, ends };
    let script = std::thread::spawn(|| script(seat));
    let ending = runtime.run(&mut hand).unwrap();
    script.join().unwrap();
    (ending, runtime.state.clone())
}

fn exports(folder: &Path) -> usize {
    let records = journal::read(folder).unwrap().records;
    let exported = |record: &Record| matches!(record, Record::Exported { .. });
    records.iter().filter(|s| exported(&s.record)).count()
}

#[test]
fn while_an_export_is_written_keys_are_answered_and_a_second_one_follows() {
    let folder = tempfile::tempdir().unwrap();
    let (ending, state) = play(folder.path(), |seat| {
        seat.say(Message::Export);
        seat.wait_for(ExportStatus::Writing);
        seat.say(Message::Export);
        seat.wait_for(ExportStatus::WritingAndDue);
        seat.ends.send(()).unwrap();
        seat.wait_for(ExportStatus::Writing);
        seat.ends.send(()).unwrap();
        seat.wait_for(ExportStatus::Idle);
        seat.say(Message::Quit);
    });
    assert_eq!(
        (ending, state.export),
        (Ending::Complete, ExportStatus::Idle)
    );
    assert_eq!(exports(folder.path()), 2);
}

#[test]
fn leaving_waits_for_an_export_a_moment_and_no_longer() {
    for ends_in_time in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let (kept, keeps) = bounded(1);
        let begun = Instant::now();
        let (ending, state) = play(folder.path(), move |seat| {
            seat.say(Message::Export);
            seat.wait_for(ExportStatus::Writing);
            seat.say(Message::Quit);
            if ends_in_time {
                seat.ends.send(()).unwrap();
            }
            kept.send(seat.ends).unwrap();
        });
        let left = match ends_in_time {
            true => ExportStatus::Idle,
            false => ExportStatus::Writing,
        };
        assert_eq!((ending, state.export), (Ending::Complete, left));
        assert!(begun.elapsed() < Duration::from_secs(8));
        assert_eq!(exports(folder.path()), usize::from(ends_in_time));
        drop(keeps);
    }
}

#[test]
fn an_export_that_panics_has_failed() {
    let folder = tempfile::tempdir().unwrap();
    let (_, state) = play(folder.path(), |seat| {
        seat.say.send(Message::Export).unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        while seat.shown.recv_deadline(deadline).unwrap() != ExportStatus::Writing {}
        drop(seat.ends);
        while seat.shown.recv_deadline(deadline).unwrap() != ExportStatus::Idle {}
        seat.say.send(Message::Quit).unwrap();
    });
    let told = state.notices.back().map(|notice| notice.text.as_str());
    assert_eq!(told, Some("export failed: the export's panic"));
}

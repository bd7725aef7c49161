#![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]
use super::*;
use crate::domain::{Configuration, ModuleAxis, Origin, PeftSpace, ReferenceRule, TrialId};
use crate::journal::{FORMAT_VERSION, Journal, Record};

fn records() -> [Record; 3] {
    let configuration = Configuration {
        modules: [("serial".to_owned(), 1)].into(),
        layers: vec![0],
        ..Configuration::default()
    };
    [
        Record::StudyCreated {
            format: FORMAT_VERSION,
            name: "s".into(),
            seed: 1,
            settings: serde_json::Value::Null,
            space: PeftSpace {
                modules: vec![ModuleAxis {
                    name: "serial".into(),
                    sizes: vec![0, 1],
                    weights_per_unit: 1,
                }],
                layers: 1,
                candidate_layers: vec![0],
                choose_layers: true,
                backbone_parameters: 10,
                learning_rates: Vec::new(),
            },
            reference_point: ReferenceRule {
                score: Some(0.5),
                parameters_percent: Some(26.0),
            },
        },
        Record::SessionStarted {
            program: "test".into(),
            trials: 2,
        },
        Record::TrialQueued {
            trial: TrialId(0),
            configuration,
            origin: Origin::Initial,
        },
    ]
}

/// A watch whose looks are taken by hand, behind the first.
fn begin(folder: &Path) -> Result<(Watch, Lookout), WatchError> {
    let mut watch = Watch::begin(folder, 1, &mut |_| {})?;
    watch.looks = crossbeam_channel::never();
    let mut lookout = Lookout::new(folder);
    watch.take_in(lookout.look());
    watch.describe();
    Ok((watch, lookout))
}

fn look(watch: &mut Watch, lookout: &mut Lookout) -> bool {
    watch.take_in(lookout.look()) | watch.describe()
}

fn device(watch: &Watch) -> &str {
    match &watch.state().device {
        DeviceStatus::Ready(text) => text,
        _ => "",
    }
}

#[test]
fn what_another_program_writes_is_seen_and_who_is_at_work() {
    let folder = tempfile::tempdir().unwrap();
    assert!(begin(folder.path()).is_err(), "never started");
    let (mut journal, _) = Journal::open(folder.path()).unwrap();
    journal.append(&records()[..2]).unwrap();
    let (mut watch, mut lookout) = begin(folder.path()).unwrap();
    assert!(watch.state().trials.is_empty());
    assert!(device(&watch).contains("another program is at work"));
    assert!(!look(&mut watch, &mut lookout), "nothing happened");
    journal.append(&records()[2..]).unwrap();
    assert!(look(&mut watch, &mut lookout));
    assert_eq!(watch.state().trials.len(), 1);
    drop(journal);
    lookout.ask_again();
    assert!(look(&mut watch, &mut lookout));
    assert!(device(&watch).contains("no program is at work"));
}

/// Quits once it has shown so many pictures.
struct Hand {
    quits_after: usize,
    shown: usize,
}

impl Interface for Hand {
    fn take_messages(&mut self, _: &State) -> Vec<Message> {
        match self.shown >= self.quits_after {
            true => vec![Message::Quit],
            false => Vec::new(),
        }
    }

    fn watch<'a>(&'a self, _: &mut Select<'a>) {}

    fn recorded(&mut self, _: &Record, _: &State) -> io::Result<()> {
        Ok(())
    }

    fn wants_showing(&self) -> bool {
        false
    }

    fn show(&mut self, _: &State) -> io::Result<()> {
        self.shown += 1;
        Ok(())
    }

    fn leaves_when_complete(&self) -> bool {
        false
    }
}

#[test]
fn a_journal_that_cannot_be_read_for_a_while_is_told_of_and_keys_work() {
    let folder = tempfile::tempdir().unwrap();
    let (mut journal, _) = Journal::open(folder.path()).unwrap();
    journal.append(&records()).unwrap();
    let (mut watch, mut lookout) = begin(folder.path()).unwrap();
    let begun = Instant::now();
    watch.looked = begun.checked_sub(STALL * 2).unwrap();
    let mut hand = Hand {
        quits_after: 2,
        shown: 0,
    };
    watch.run(&mut hand, &crossbeam_channel::never()).unwrap();
    assert!(begun.elapsed() < STALL);
    assert_eq!(
        device(&watch),
        "the journal could not be read for 6 s; last record within the last minute"
    );
    let told = watch.state().notices.iter();
    let told: Vec<&str> = told.map(|notice| notice.text.as_str()).collect();
    assert_eq!(
        told,
        ["the journal's file system does not answer: what is shown may be old"]
    );
    assert!(look(&mut watch, &mut lookout), "it is there again");
    assert!(device(&watch).contains("another program is at work"));
}

#[test]
fn a_journal_that_goes_away_is_told_once_and_looked_for_again() {
    let folder = tempfile::tempdir().unwrap();
    let (mut journal, _) = Journal::open(folder.path()).unwrap();
    journal.append(&records()).unwrap();
    let (mut watch, mut lookout) = begin(folder.path()).unwrap();
    let path = journal.path().to_owned();
    let away = folder.path().join("away");
    std::fs::rename(&path, &away).unwrap();
    assert!(look(&mut watch, &mut lookout));
    assert!(!look(&mut watch, &mut lookout), "said once");
    assert_eq!(watch.state().trials.len(), 1, "what was seen stays");
    std::fs::rename(&away, &path).unwrap();
    look(&mut watch, &mut lookout);
    assert_eq!(watch.state().trials.len(), 1);
}

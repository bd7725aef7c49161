//! A journal survives what happens to files: cuts, flipped bits, torn ends, second writers.
#![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]

mod any_record;
mod every_record;
mod surroundings;
mod torn;

use std::path::Path;

use every_record::{every_record, of_format_1, of_format_2, of_format_3, of_format_4};

use super::*;
use crate::app::State;
use crate::domain::{EpochReport, ReferencePoint, TrialId, TrialState};

/// A journal of format 1, kept as it was written.
const FORMAT_1: &[u8] = include_bytes!("../../../tests/golden/journal/format-1.jsonl");
/// Written when format 2 was new; never written again.
const FORMAT_2: &[u8] = include_bytes!("../../../tests/golden/journal/format-2.jsonl");

/// Written when format 3 was new; never written again.
const FORMAT_3: &[u8] = include_bytes!("../../../tests/golden/journal/format-3.jsonl");

/// Written when format 4 was new; never written again. A study of format 3 goes on in it.
const FORMAT_4: &[u8] = include_bytes!("../../../tests/golden/journal/format-4.jsonl");

/// Written when format 5 was new; never written again.
const FORMAT_5: &[u8] = include_bytes!("../../../tests/golden/journal/format-5.jsonl");

fn records(history: &History) -> Vec<Record> {
    history.records.iter().map(|s| s.record.clone()).collect()
}

fn journal_in(folder: &Path) -> std::path::PathBuf {
    folder.join("journal.jsonl")
}

/// The bytes of a journal that holds every record, in batches of several and of one.
fn whole() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let (mut journal, _) = Journal::open(folder.path()).unwrap();
    for batches in every_record().chunks(4) {
        let (together, alone) = batches.split_at(batches.len() - 1);
        journal.append(together).unwrap();
        journal.append(alone).unwrap();
    }
    std::fs::read(journal_in(folder.path())).unwrap()
}

/// The number of records in the lines that end.
fn in_whole_lines(bytes: &[u8]) -> usize {
    let end = bytes.iter().rposition(|&b| b == b'\n');
    let lines = &bytes[..end.map_or(0, |end| end + 1)];
    lines.iter().filter(|b| b"\t\n".contains(b)).count()
}

/// The line of one record.
fn line_of(record: &Record, unix_seconds: f64) -> Vec<u8> {
    line::encode(std::slice::from_ref(record), unix_seconds).unwrap()
}

#[test]
fn what_was_appended_is_there_after_opening_again() {
    let folder = tempfile::tempdir().unwrap();
    let study = folder.path().join("runs/quickstart");
    let (mut journal, history) = Journal::open(&study).unwrap();
    assert_eq!(history, History::default());
    let (first, rest) = every_record()
        .split_first()
        .map(|(a, b)| (a.clone(), b.to_vec()))
        .unwrap();
    journal.append(&[first]).unwrap();
    journal.append(&[]).unwrap();
    journal.append(&rest).unwrap();
    assert_eq!(records(&read(&study).unwrap()), every_record());
    drop(journal);
    let (_, history) = Journal::open(&study).unwrap();
    assert_eq!(records(&history), every_record());
    assert!(
        history
            .records
            .iter()
            .all(|stamped| stamped.unix_seconds > 1.0e9)
    );
}

#[test]
fn a_clock_that_steps_back_changes_nothing() {
    let mut bytes = Vec::new();
    for (number, record) in every_record().iter().enumerate() {
        let time = if number % 2 == 0 { 2.0e9 } else { 0.0 };
        bytes.extend(line_of(record, time));
    }
    let history = replay(&bytes, Path::new("journal.jsonl")).unwrap();
    assert_eq!(records(&history), every_record());
    let state = State::replay(every_record()).unwrap();
    assert_eq!(State::replay(records(&history)).unwrap(), state);
}

#[test]
fn a_diverged_trials_numbers_survive() {
    let folder = tempfile::tempdir().unwrap();
    let (mut journal, _) = Journal::open(folder.path()).unwrap();
    let report = EpochReport {
        epoch: 1,
        train_loss: f64::NAN,
        validation_loss: f64::INFINITY,
        score: f64::NEG_INFINITY,
        wall_seconds: 1.0,
    };
    let trial = TrialId(0);
    journal
        .append(&[Record::TrialEpoch { trial, report }])
        .unwrap();
    let history = read(folder.path()).unwrap();
    let Record::TrialEpoch { report, .. } = &history.records[0].record else {
        panic!("another record came back: {history:?}");
    };
    assert!(report.train_loss.is_nan());
    assert_eq!(report.validation_loss, f64::INFINITY);
    assert_eq!(report.score, f64::NEG_INFINITY);
}

#[test]
fn a_record_that_could_not_be_read_again_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let (mut journal, _) = Journal::open(folder.path()).unwrap();
    let derived = Record::ReferencePointDerived {
        reference_point: ReferencePoint {
            score: f64::NAN,
            parameters_percent: 26.0,
        },
    };
    let error = journal.append(&[derived]).unwrap_err();
    assert!(matches!(error, JournalError::Unwritable { .. }), "{error}");
    assert_eq!(read(folder.path()).unwrap(), History::default());
}

#[test]
fn cut_anywhere_it_opens_with_the_whole_lines_and_goes_on() {
    let bytes = whole();
    let all = every_record();
    let folder = tempfile::tempdir().unwrap();
    let path = journal_in(folder.path());
    for length in 0..bytes.len() {
        let lines = in_whole_lines(&bytes[..length]);
        let seen = replay::replay(&bytes[..length], &path).unwrap();
        assert_eq!(records(&seen), all[..lines]);
        let at_line_end = length == 0 || bytes[length - 1] == b'\n';
        assert_eq!(seen.torn_tail.is_none(), at_line_end);
        if !at_line_end && length % 100 != 0 {
            // A disk takes its time to synchronise: some cuts between line ends stand for all.
            continue;
        }
        std::fs::write(&path, &bytes[..length]).unwrap();
        assert_eq!(read(folder.path()).unwrap(), seen);
        assert_eq!(std::fs::read(&path).unwrap().len(), length);
        let (mut journal, history) = Journal::open(folder.path()).unwrap();
        assert_eq!(history, seen);
        journal.append(&all[lines..]).unwrap();
        drop(journal);
        let healed = read(folder.path()).unwrap();
        assert_eq!(records(&healed), all);
        assert_eq!(healed.torn_tail, None);
    }
}

#[test]
fn no_flipped_bit_makes_a_wrong_record() {
    let bytes = whole();
    let all = replay::replay(&bytes, Path::new("journal.jsonl"))
        .unwrap()
        .records;
    let lines = bytes.iter().filter(|&&b| b == b'\n').count();
    for at in 0..bytes.len() {
        let line = bytes[..at].iter().filter(|&&b| b == b'\n').count();
        let before = in_whole_lines(&bytes[..at]);
        for bit in 0..8 {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << bit;
            match replay::replay(&damaged, Path::new("journal.jsonl")) {
                Ok(history) => {
                    // Only what looks like an unfinished end is cut; without its newline a line is one with the next.
                    let last = lines - usize::from(bytes[at] == b'\n') - 1;
                    assert!(line >= last, "byte {at}");
                    assert_eq!(history.records, all[..before]);
                    assert!(history.torn_tail.is_some());
                }
                Err(JournalError::Damaged {
                    offset,
                    line: found,
                    intact,
                    ..
                }) => {
                    assert_eq!((found, intact), (line + 1, before), "byte {at}");
                    assert!(offset as usize <= at);
                }
                Err(other) => panic!("byte {at}: {other}"),
            }
        }
    }
}

#[test]
fn damage_in_the_middle_is_reported_and_nothing_is_changed() {
    let mut bytes = whole();
    let offset = bytes.iter().position(|&b| b == b'\n').unwrap() + 1;
    bytes[offset + 20] ^= 1;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(journal_in(folder.path()), &bytes).unwrap();
    let error = Journal::open(folder.path()).unwrap_err();
    let JournalError::Damaged {
        offset: found,
        line: 2,
        intact: 1,
        after,
        ..
    } = error
    else {
        panic!("{error}");
    };
    let together = bytes[offset..].iter().position(|&b| b == b'\n').unwrap() + 1;
    let behind = in_whole_lines(&bytes[offset + together..]);
    assert_eq!((found as usize, after), (offset, behind));
    assert_eq!(std::fs::read(journal_in(folder.path())).unwrap(), bytes);
}

#[test]
fn a_journal_of_a_later_program_is_left_alone() {
    let line = |json: &str| format!("{:08x} {json}\n", crc32fast::hash(json.as_bytes()));
    let folder = tempfile::tempdir().unwrap();
    let later = line(r#"{"unix_seconds":0,"record":"study_created","format":6,"tables":[]}"#);
    std::fs::write(journal_in(folder.path()), &later).unwrap();
    let error = Journal::open(folder.path()).unwrap_err();
    assert!(
        matches!(error, JournalError::Newer { found: 6, .. }),
        "{error}"
    );

    let unknown = line(r#"{"unix_seconds":0,"record":"trial_promoted","trial":0}"#);
    std::fs::write(journal_in(folder.path()), &unknown).unwrap();
    let error = Journal::open(folder.path()).unwrap_err();
    assert!(
        matches!(error, JournalError::Unknown { line: 1, .. }),
        "{error}"
    );
    assert_eq!(
        std::fs::read_to_string(journal_in(folder.path())).unwrap(),
        unknown
    );
}

#[test]
fn what_a_program_of_before_cannot_read_stands_behind_what_it_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let (mut journal, _) = Journal::open(folder.path()).unwrap();
    journal.append(&every_record()[..4]).unwrap();
    let raised = Record::FormatRaised { format: 5 };
    let started = |trial| Record::TrialStarted {
        trial: TrialId(trial),
    };
    journal
        .append(&[started(0), raised, started(1), started(2)])
        .unwrap();
    let text = std::fs::read_to_string(journal_in(folder.path())).unwrap();
    let lines: Vec<usize> = text.lines().map(|line| line.split('\t').count()).collect();
    assert_eq!(lines, [1, 3, 1, 1, 2]);
}

#[test]
fn a_second_writer_is_refused_and_a_reader_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let (mut journal, _) = Journal::open(folder.path()).unwrap();
    journal.append(&every_record()).unwrap();
    let error = Journal::open(folder.path()).unwrap_err();
    assert!(matches!(error, JournalError::Locked { .. }), "{error}");
    assert_eq!(records(&read(folder.path()).unwrap()), every_record());
    drop(journal);
    Journal::open(folder.path()).unwrap();
}

#[test]
fn a_study_never_started_has_no_journal() {
    let folder = tempfile::tempdir().unwrap();
    let error = read(&folder.path().join("absent")).unwrap_err();
    assert!(error.to_string().contains("never started"), "{error}");
    assert!(!folder.path().join("absent").exists());
}

#[test]
fn a_file_where_the_folder_should_be_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs");
    std::fs::write(&path, "").unwrap();
    let error = Journal::open(&path.join("rte")).unwrap_err().to_string();
    assert!(
        error.contains("cannot create") && error.contains("runs"),
        "{error}"
    );
}

#[test]
fn format_1_still_opens_and_makes_the_same_study() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(journal_in(folder.path()), FORMAT_1).unwrap();
    let (_, history) = Journal::open(folder.path()).unwrap();
    assert_eq!(records(&history), of_format_1());
    assert_eq!(history.torn_tail, None);
    let state = State::replay(records(&history)).unwrap();
    let states: Vec<TrialState> = state.trials.iter().map(|trial| trial.state).collect();
    assert_eq!(
        states,
        [
            TrialState::Finished,
            TrialState::Infeasible,
            TrialState::Queued
        ]
    );
    assert_eq!(state.front, [TrialId(0)]);
    let found = state.trials[0].measurement.unwrap().objectives;
    let reached = state.hypervolume().share;
    assert_eq!(reached, state.measure().share(&[found]));
    assert!(reached > 0.0);
}

#[test]
fn format_2_still_opens_and_makes_the_same_study() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(journal_in(folder.path()), FORMAT_2).unwrap();
    let (_, history) = Journal::open(folder.path()).unwrap();
    assert_eq!(records(&history), of_format_2());
    let state = State::replay(records(&history)).unwrap();
    assert_eq!(state.trials[2].state, TrialState::Queued);
    let told = state.trials[2]
        .standing
        .map(|standing| standing.to_string());
    assert_eq!(
        told.as_deref(),
        Some("stopped at rung 2 of 3, after epoch 4, rank 3 of 9")
    );
    assert_eq!(
        state.trials[3].configuration.to_string(),
        "serial 3 in layers 1 at lr 3e-4"
    );
}

#[test]
fn format_3_still_opens_and_makes_the_same_study() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(journal_in(folder.path()), FORMAT_3).unwrap();
    let (_, history) = Journal::open(folder.path()).unwrap();
    assert_eq!(records(&history), of_format_3());
    let state = State::replay(records(&history)).unwrap();
    let last = &state.trials[3];
    assert_eq!((last.state, &last.cause), (TrialState::Finished, &None));
    let why = "the training loss is no finite number any more at step 12: its best epoch before that counts";
    assert_eq!(last.reason().as_deref(), Some(why));
}

#[test]
fn format_4_still_opens_and_makes_the_same_study() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(journal_in(folder.path()), FORMAT_4).unwrap();
    let (_, history) = Journal::open(folder.path()).unwrap();
    assert_eq!(records(&history), of_format_4());
    assert_eq!(history.torn_tail, None);
    let state = State::replay(records(&history)).unwrap();
    assert_eq!((state.study.format, state.trials_wanted), (3, 4));
}

#[test]
fn format_5_still_opens_and_makes_the_same_study() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(journal_in(folder.path()), FORMAT_5).unwrap();
    let (_, history) = Journal::open(folder.path()).unwrap();
    assert_eq!(records(&history), every_record());
    let state = State::replay(records(&history)).unwrap();
    let [carried] = &state.carried_over[..] else {
        panic!("{:?}", state.carried_over);
    };
    assert_eq!((carried.study.as_str(), carried.scored.len()), ("rte", 2));
    let (configuration, score) = &carried.scored[1];
    assert_eq!(
        configuration.to_string(),
        "serial 6 in layers 0-1 at lr 3e-4"
    );
    assert_eq!(*score, 0.75);
}

#[test]
fn a_follower_tells_what_became_whole_since_it_last_looked() {
    let folder = tempfile::tempdir().unwrap();
    let all = every_record();
    let (mut journal, _) = Journal::open(folder.path()).unwrap();
    journal.append(&all[..3]).unwrap();
    let mut follower = Follower::new(folder.path());
    let told = |news: News| match news {
        News::Further(records) => (false, records.into_iter().map(|s| s.record).collect()),
        News::Anew(records) => (true, records.into_iter().map(|s| s.record).collect()),
    };
    let look = |follower: &mut Follower| -> (bool, Vec<Record>) { told(follower.news().unwrap()) };
    assert_eq!(look(&mut follower), (true, all[..3].to_vec()));
    assert_eq!(look(&mut follower), (false, Vec::new()));
    journal.append(&all[3..5]).unwrap();
    assert_eq!(look(&mut follower), (false, all[3..5].to_vec()));

    // A line that is being written is told once it is whole.
    let path = journal_in(folder.path());
    let line = line_of(&all[5], 0.0);
    let before = std::fs::read(&path).unwrap();
    let half = [&before[..], &line[..line.len() / 2]].concat();
    std::fs::write(&path, half).unwrap();
    assert_eq!(look(&mut follower), (false, Vec::new()));
    std::fs::write(&path, [&before[..], &line].concat()).unwrap();
    assert_eq!(look(&mut follower), (false, all[5..6].to_vec()));

    // What its writer took back is told anew.
    std::fs::write(&path, &before).unwrap();
    assert_eq!(look(&mut follower), (true, all[..5].to_vec()));
    std::fs::remove_file(&path).unwrap();
    assert!(
        follower
            .news()
            .unwrap_err()
            .to_string()
            .contains("never started")
    );
}

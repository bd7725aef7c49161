//! A journal whose file, folder or lock is moved, deleted, replaced or written to while a program works on it, and one that
//! another program has converted.

use std::fs;
use std::path::Path;
use std::process::Command;

use insta::assert_snapshot;
use tempfile::TempDir;

use super::every_record::every_record;
use super::{in_whole_lines, journal_in, line_of, records, whole};
use crate::journal::{AtWork, Journal, JournalError, at_work, line, read};

/// A study's folder, below one of its own.
fn study() -> (TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("it's mine");
    (folder, runs)
}

fn told(error: &JournalError, folder: &TempDir) -> String {
    let folder = folder.path().display().to_string();
    error.to_string().replace(&folder, "")
}

/// Does what an error says to do.
fn follow(error: &JournalError) {
    let text = error.to_string();
    let command = text.rsplit_once(": ").unwrap().1;
    let done = Command::new("bash").args(["-c", command]).status();
    assert!(done.unwrap().success(), "{command}");
}

#[cfg(unix)]
#[test]
fn a_journal_that_was_moved_away_or_deleted_takes_no_further_records() {
    let all = every_record();
    type Act = fn(&Path);
    let deletes: Act = |folder| fs::remove_file(journal_in(folder)).unwrap();
    let replaces: Act = |folder| {
        let other = folder.join("other");
        fs::copy(journal_in(folder), &other).unwrap();
        fs::rename(other, journal_in(folder)).unwrap();
    };
    let moves: Act = |folder| fs::rename(journal_in(folder), folder.join("away")).unwrap();
    let renames: Act = |folder| fs::rename(folder, folder.with_file_name("renamed")).unwrap();
    let renames_and_begins: Act = |folder| {
        fs::rename(folder, folder.with_file_name("renamed")).unwrap();
        Journal::open(folder).unwrap();
    };
    let mut words = String::new();
    for act in [deletes, replaces, moves, renames, renames_and_begins] {
        let (folder, runs) = study();
        let (mut journal, _) = Journal::open(&runs).unwrap();
        journal.append(&all[..2]).unwrap();
        act(&runs);
        let error = journal.append(&all[2..3]).unwrap_err();
        words += &format!("{}\n", told(&error, &folder));
        let now = fs::read(journal_in(&runs)).unwrap_or_default();
        assert!(in_whole_lines(&now) != 3);
    }
    assert_snapshot!(words, @r"
    /it's mine/journal.jsonl was deleted while this program worked: nothing further is written there. What it held is lost unless there is a copy: put that in its place to go on from there, or start anew
    /it's mine/journal.jsonl was replaced by another file while this program worked: nothing further is written there. Run the same command again to go on from what the other file holds, or put a copy from before in its place
    /it's mine/journal.jsonl was moved away, or its folder was, while this program worked: nothing further is written there. What it holds is safe where it lies now: move away what may lie in its place by now, move it back, and run the same command again to go on
    /it's mine/journal.jsonl was moved away, or its folder was, while this program worked: nothing further is written there. What it holds is safe where it lies now: move away what may lie in its place by now, move it back, and run the same command again to go on
    /it's mine/journal.jsonl was moved away, or its folder was, while this program worked: nothing further is written there. What it holds is safe where it lies now: move away what may lie in its place by now, move it back, and run the same command again to go on
    ");
}

#[test]
fn what_another_program_wrote_is_noticed_and_nothing_is_lost() {
    let (folder, runs) = study();
    let all = every_record();
    let (mut journal, _) = Journal::open(&runs).unwrap();
    journal.append(&all[..2]).unwrap();
    let ours = fs::read(journal_in(&runs)).unwrap();
    let theirs = [&ours[..], &line_of(&all[2], 1.0)].concat();
    fs::write(journal_in(&runs), &theirs).unwrap();
    let error = journal.append(&all[2..3]).unwrap_err();
    let lengths = [theirs.len(), ours.len()].map(|length| length.to_string());
    let words = told(&error, &folder);
    let words = words
        .replace(&lengths[0], "FOUND")
        .replace(&lengths[1], "LEFT");
    assert_snapshot!(words, @"something else wrote to /it's mine/journal.jsonl: it has FOUND bytes where this program left LEFT, or others at its end; nothing further is written and nothing was changed. See that only one program works on this study, and run the same command again to go on with what the file holds");
    assert_eq!(fs::read(journal_in(&runs)).unwrap(), theirs);
    drop(journal);
    let (_, history) = Journal::open(&runs).unwrap();
    assert_eq!(records(&history), all[..3]);
}

#[cfg(target_os = "linux")]
#[test]
fn deleting_the_lock_lets_nobody_else_in() {
    let (_folder, runs) = study();
    let all = every_record();
    let (mut journal, _) = Journal::open(&runs).unwrap();
    journal.append(&all[..2]).unwrap();
    fs::remove_file(runs.join("lock")).unwrap();
    assert_eq!(at_work(&runs), AtWork::Somebody);
    let refused = Journal::open(&runs).unwrap_err();
    assert!(matches!(refused, JournalError::Locked { .. }), "{refused}");
    // The same journal by other names.
    let other = runs.with_file_name("other");
    fs::create_dir(&other).unwrap();
    fs::hard_link(journal_in(&runs), journal_in(&other)).unwrap();
    std::os::unix::fs::symlink(&runs, runs.with_file_name("link")).unwrap();
    for name in ["other", "link"] {
        let refused = Journal::open(&runs.with_file_name(name)).unwrap_err();
        assert!(matches!(refused, JournalError::Locked { .. }), "{refused}");
    }
    journal.append(&all[2..]).unwrap();
    drop(journal);
    assert_eq!(at_work(&runs), AtWork::Nobody);
    assert_eq!(records(&read(&runs).unwrap()), all);
    // A copy of a journal at work is a study of its own.
    let (_held, _) = Journal::open(&runs).unwrap();
    let copy = runs.with_file_name("copy");
    fs::create_dir(&copy).unwrap();
    fs::copy(journal_in(&runs), journal_in(&copy)).unwrap();
    fs::copy(runs.join("lock"), copy.join("lock")).unwrap();
    assert_eq!(at_work(&copy), AtWork::Nobody);
    Journal::open(&copy).unwrap();
}

#[test]
fn line_ends_and_marks_of_other_systems_change_nothing() {
    let bytes = whole();
    let text = String::from_utf8(bytes.clone()).unwrap();
    let marked = |text: &str| ["\u{feff}", text].concat().into_bytes();
    let foreign = text.replace('\n', "\r\n");
    for converted in [
        foreign.clone().into_bytes(),
        marked(&text),
        marked(&foreign),
    ] {
        let (_folder, runs) = study();
        fs::create_dir(&runs).unwrap();
        fs::write(journal_in(&runs), &converted).unwrap();
        assert_eq!(records(&read(&runs).unwrap()), every_record());
        let (mut journal, history) = Journal::open(&runs).unwrap();
        assert_eq!(history.torn_tail, None);
        let further = every_record().split_off(3);
        journal.append(&further).unwrap();
        let now = fs::read(journal_in(&runs)).unwrap();
        assert!(now.starts_with(&converted), "what was there stays");
        let both = [every_record(), further].concat();
        assert_eq!(records(&read(&runs).unwrap()), both);
        // A tail that was being written, and damage, are found there too.
        let cut = replay(&converted[..converted.len() - 3]);
        assert!(cut.unwrap().torn_tail.is_some());
        let mut damaged = converted.clone();
        damaged[40] ^= 1;
        assert!(matches!(
            replay(&damaged),
            Err(JournalError::Damaged { line: 1, .. })
        ));
    }
}

fn replay(bytes: &[u8]) -> Result<crate::journal::History, JournalError> {
    crate::journal::replay(bytes, Path::new("journal.jsonl"))
}

#[cfg(target_os = "linux")]
#[test]
fn a_journal_in_utf_16_says_how_it_is_converted_back() {
    let (folder, runs) = study();
    fs::create_dir(&runs).unwrap();
    let text = String::from_utf8(whole()).unwrap().replace('\n', "\r\n");
    let units = ["\u{feff}", &text].concat();
    let converted: Vec<u8> = units.encode_utf16().flat_map(u16::to_le_bytes).collect();
    fs::write(journal_in(&runs), converted).unwrap();
    let error = Journal::open(&runs).unwrap_err();
    assert_snapshot!(told(&error, &folder), @r"/it's mine/journal.jsonl is text in UTF-16: another program has converted it. Convert it back: mv '/it'\''s mine/journal.jsonl' '/it'\''s mine/journal.jsonl.utf-16' && iconv -f UTF-16 -t UTF-8 '/it'\''s mine/journal.jsonl.utf-16' > '/it'\''s mine/journal.jsonl'");
    follow(&error);
    assert_eq!(records(&read(&runs).unwrap()), every_record());
}

#[cfg(target_os = "linux")]
#[test]
fn what_is_said_of_damage_loses_nothing_to_those_who_follow_it() {
    let all = every_record();
    let batches = [&all[..1], &all[1..4], &all[4..]];
    let bytes = batches
        .map(|batch| line::encode(batch, 0.5).unwrap())
        .concat();
    let (folder, runs) = study();
    fs::create_dir(&runs).unwrap();
    let mut damaged = bytes.clone();
    let second = bytes.iter().position(|&b| b == b'\n').unwrap() + 1;
    damaged[second + 30] ^= 1;
    fs::write(runs.join("journal.jsonl.damaged"), "an earlier copy").unwrap();
    fs::write(journal_in(&runs), &damaged).unwrap();
    let error = Journal::open(&runs).unwrap_err();
    assert_snapshot!(told(&error, &folder), @r"/it's mine/journal.jsonl is damaged at byte 438 (line 2): its checksum says 6e8e99cd, its text gives 82e5c2cc. Intact records: 1 before it, 36 behind it. Put a copy from before in its place; or, once no program works on the study, keep this one beside it and go on from what is before the damage: cp '/it'\''s mine/journal.jsonl' '/it'\''s mine/journal.jsonl.damaged-2' && truncate -s 438 '/it'\''s mine/journal.jsonl'");
    follow(&error);
    assert_eq!(records(&read(&runs).unwrap()), every_record()[..1]);
    let kept = fs::read(runs.join("journal.jsonl.damaged-2")).unwrap();
    assert_eq!(kept, damaged);

    let mut damaged = bytes;
    damaged[30] ^= 1;
    fs::write(journal_in(&runs), &damaged).unwrap();
    let error = Journal::open(&runs).unwrap_err();
    assert_snapshot!(told(&error, &folder), @r"/it's mine/journal.jsonl is damaged at byte 0 (line 1): its checksum says 8c1c57eb, its text gives 21e8bfe9. Intact records: none before it, 39 behind it. Put a copy from before in its place; without one the study can only start anew, once no program works on it and the file is moved away: mv '/it'\''s mine/journal.jsonl' '/it'\''s mine/journal.jsonl.damaged-3'");
    follow(&error);
    assert!(!journal_in(&runs).exists());
    let kept = fs::read(runs.join("journal.jsonl.damaged-3")).unwrap();
    assert_eq!(kept, damaged);
}

#[cfg(target_os = "linux")]
#[test]
fn what_is_no_file_of_a_sane_length_is_refused_at_once() {
    let (folder, runs) = study();
    fs::create_dir(&runs).unwrap();
    let path = journal_in(&runs);
    let pipe = Command::new("mkfifo").arg(&path).status();
    assert!(pipe.unwrap().success());
    let mut words = told(&read(&runs).unwrap_err(), &folder) + "\n";
    words += &told(&Journal::open(&runs).unwrap_err(), &folder);
    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
    read(&runs).unwrap_err();
    fs::remove_file(&path).unwrap();
    let sparse = fs::File::create_new(&path).unwrap();
    sparse.set_len(4 << 40).unwrap();
    let large = told(&read(&runs).unwrap_err(), &folder);
    let (has, free) = large.split_once(", but ").unwrap();
    let (_, free) = free.split_once(" of memory").unwrap();
    words += &format!("\n{has}, but SO MUCH of memory{free}");
    assert_snapshot!(words, @r"
    cannot read /it's mine/journal.jsonl: it is a named pipe; expected a file; move it away, or keep the runs elsewhere with --runs
    cannot open /it's mine/journal.jsonl: it is a named pipe; expected a file; move it away, or keep the runs elsewhere with --runs
    cannot read /it's mine/journal.jsonl: it has 4096 GiB, but SO MUCH of memory are free; close other programs, or take a smaller file; a journal has some megabytes: something else may have written to it
    ");
}

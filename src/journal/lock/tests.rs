#![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]

use std::fs;

use insta::assert_snapshot;
use tempfile::TempDir;

use super::at_work::at_work_by;
use super::*;

/// A study's folder with a journal in it.
fn study() -> (TempDir, File) {
    let folder = tempfile::tempdir().unwrap();
    let journal = File::create_new(folder.path().join("journal.jsonl")).unwrap();
    (folder, journal)
}

fn take(folder: &TempDir, journal: &File) -> Result<Lock, JournalError> {
    let mut lock = Lock::take(folder.path(), Some(journal))?;
    lock.cover(journal).map(|()| lock)
}

/// As a file system answers that has no locks.
fn none_there(_: &File) -> Result<(), TryLockError> {
    Err(TryLockError::Error(io::Error::from_raw_os_error(
        libc::ENOLCK,
    )))
}

fn take_without(folder: &TempDir, journal: &File) -> Result<Lock, JournalError> {
    let mut lock = Lock::take_by(folder.path(), Some(journal), none_there)?;
    lock.cover(journal).map(|()| lock)
}

/// The words of an error, with the folder, the process and the machine taken out.
fn told(error: JournalError, folder: &TempDir) -> String {
    let text = error.to_string();
    let text = text.replace(&folder.path().display().to_string(), "FOLDER");
    text.replace(&Owner::this().who(), "PROCESS")
}

#[test]
fn a_second_holder_is_told_who_the_first_is() {
    let (folder, journal) = study();
    let first = take(&folder, &journal).unwrap();
    let again = File::open(folder.path().join("journal.jsonl")).unwrap();
    assert_snapshot!(
        told(take(&folder, &again).unwrap_err(), &folder),
        @"another program is working on this study: PROCESS; watch it with `autopeft-tui watch STUDY.toml`, wait for it, or stop it there (the lock is FOLDER/lock)"
    );
    assert_eq!(at_work(folder.path(), Some(&again)), AtWork::Somebody);
    drop((first, journal));
    assert_eq!(fs::read_to_string(folder.path().join("lock")).unwrap(), "");
    assert_eq!(at_work(folder.path(), Some(&again)), AtWork::Nobody);
}

#[cfg(target_os = "linux")]
#[test]
fn whoever_deletes_the_lock_meets_the_one_on_the_journal() {
    let (folder, journal) = study();
    let first = take(&folder, &journal).unwrap();
    let open = || {
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        options.open(folder.path().join("journal.jsonl")).unwrap()
    };
    for replaced in [false, true] {
        fs::remove_file(folder.path().join("lock")).unwrap();
        if replaced {
            fs::write(folder.path().join("lock"), "process 1 on there").unwrap();
        }
        assert_eq!(at_work(folder.path(), Some(&open())), AtWork::Somebody);
        let refused = take(&folder, &open()).unwrap_err();
        assert!(matches!(refused, JournalError::Locked { .. }), "{refused}");
        // One that looked before there was a lock on the journal.
        let mut late = Lock::take(folder.path(), None).unwrap();
        let refused = late.cover(&open()).unwrap_err();
        assert!(matches!(refused, JournalError::Locked { .. }), "{refused}");
    }
    first.check().unwrap();
}

#[test]
fn a_lock_left_by_a_dead_process_is_free_and_its_number_is_never_named() {
    let (folder, journal) = study();
    let path = folder.path().join("lock");
    let this = Owner::this().to_string();
    let number = std::process::id().to_string();
    let dead = this.replacen(&number, &i32::MAX.to_string(), 1);
    fs::write(&path, &dead).unwrap();
    // Somebody else's, for longer than a reader's.
    let reader = File::open(&path).unwrap();
    reader.lock_shared().unwrap();
    let refused = take(&folder, &journal).unwrap_err();
    let holder = match refused {
        JournalError::Locked { holder, .. } => holder,
        other => panic!("{other}"),
    };
    let expected = match cfg!(target_os = "linux") {
        true => "a process that did not say its number".to_owned(),
        false => Owner::parse(&dead).unwrap().who(),
    };
    assert_eq!(holder, expected);
    drop(reader);
    let lock = take(&folder, &journal).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), this);
    drop(lock);
}

#[test]
fn a_start_that_meets_a_reader_tries_again() {
    let (folder, journal) = study();
    let path = folder.path().join("lock");
    fs::write(&path, "process 1 on there").unwrap();
    let reader = File::open(&path).unwrap();
    reader.lock_shared().unwrap();
    let leaves = std::thread::spawn(move || {
        std::thread::sleep(PATIENCE / 4);
        drop(reader);
    });
    take(&folder, &journal).unwrap();
    leaves.join().unwrap();
}

#[test]
fn a_lock_that_cannot_be_looked_at_tells_nothing() {
    let (folder, journal) = study();
    fs::create_dir(folder.path().join("lock")).unwrap();
    assert_snapshot!(
        told(take(&folder, &journal).unwrap_err(), &folder),
        @"cannot tell whether another program works on this study: cannot open or lock FOLDER/lock: it is a folder; expected a file; move it away, or keep the runs elsewhere with --runs"
    );
    let AtWork::Unknown(why) = at_work(folder.path(), Some(&journal)) else {
        panic!("it was told");
    };
    let why = why.replace(&folder.path().display().to_string(), "FOLDER");
    assert_snapshot!(why, @"cannot look at FOLDER/lock: it is a folder; expected a file");
    fs::create_dir(folder.path().join("claim")).unwrap();
    assert_snapshot!(
        told(take(&folder, &journal).unwrap_err(), &folder),
        @"cannot tell whether another program works on this study: cannot open or lock FOLDER/claim: it is a folder; expected a file; move it away, or keep the runs elsewhere with --runs"
    );
    fs::remove_dir(folder.path().join("claim")).unwrap();
    let device = |_: &File| Err(TryLockError::Error(io::Error::from_raw_os_error(5)));
    fs::remove_dir(folder.path().join("lock")).unwrap();
    fs::write(folder.path().join("lock"), "").unwrap();
    let answer = at_work_by(folder.path(), Some(&journal), device);
    assert!(matches!(answer, AtWork::Unknown(_)), "{answer:?}");
}

#[cfg(unix)]
#[test]
fn what_was_not_made_for_a_lock_is_not_written_over() {
    let (folder, journal) = study();
    let (path, other) = (folder.path().join("lock"), folder.path().join("other"));
    fs::write(&other, "precious").unwrap();
    std::os::unix::fs::symlink(&other, &path).unwrap();
    let link = take(&folder, &journal).unwrap_err();
    fs::remove_file(&path).unwrap();
    fs::hard_link(&other, &path).unwrap();
    let precious = take(&folder, &journal).unwrap_err();
    let words = [link, precious].map(|error| told(error, &folder));
    assert_snapshot!(words.join("\n"), @r"
    cannot tell whether another program works on this study: cannot open or lock FOLDER/lock: it is a link; expected a file; move it away, or keep the runs elsewhere with --runs
    cannot tell whether another program works on this study: cannot open or lock FOLDER/lock: it holds something else than the name of a process; move it away, or keep the runs elsewhere with --runs
    ");
    assert_eq!(fs::read_to_string(&other).unwrap(), "precious");
}

#[test]
fn where_there_are_no_locks_a_claim_stands_in_for_one() {
    let (folder, journal) = study();
    let path = folder.path().join("claim");
    let first = take_without(&folder, &journal).unwrap();
    let caution = first.caution().unwrap();
    let caution = caution.replace(&folder.path().display().to_string(), "FOLDER");
    assert_snapshot!(caution, @"the file system of FOLDER has no locks (No locks available (os error 37)): FOLDER/claim stands in for one. A program that is killed leaves it behind; a start on the machine that it ran on sees that and goes on, others have to be told by deleting it");
    first.check().unwrap();
    let expected = match cfg!(target_os = "linux") {
        true => AtWork::Somebody,
        false => AtWork::Unknown(format!("{} names {}", path.display(), Owner::this().who())),
    };
    let asked = at_work_by(folder.path(), Some(&journal), none_there);
    assert_eq!(asked, expected);
    // Also one for which there are locks sees it.
    let refused = [take_without(&folder, &journal), take(&folder, &journal)];
    let words = refused.map(|refused| told(refused.unwrap_err(), &folder));
    assert_eq!(words[0], words[1]);
    assert_snapshot!(words[0], @"another program may be at work on this study: FOLDER/claim names PROCESS, and the file system has no locks by which that could be told. Once you are sure that it has ended, delete the file: rm 'FOLDER/claim'");
    drop(first);
    assert!(!path.exists());
    let asked = at_work_by(folder.path(), Some(&journal), none_there);
    assert_eq!(asked, AtWork::Nobody);
}

#[test]
fn a_claim_that_was_deleted_or_taken_over_is_noticed_and_left_alone() {
    let (folder, journal) = study();
    let path = folder.path().join("claim");
    let first = take_without(&folder, &journal).unwrap();
    fs::remove_file(&path).unwrap();
    assert_snapshot!(
        told(first.check().unwrap_err(), &folder),
        @"FOLDER/claim does not name this program any more: it was deleted or replaced, and another program may work on this study; nothing further is written. Everything recorded before is safe: see that only one program works there, and run the same command again to go on"
    );
    fs::write(&path, "process 7 on another machine").unwrap();
    first.check().unwrap_err();
    drop(first);
    assert!(path.exists(), "another's");
}

#[cfg(target_os = "linux")]
#[test]
fn only_a_claim_of_a_process_that_has_ended_here_is_taken_over() {
    let (folder, journal) = study();
    let path = folder.path().join("claim");
    let this = Owner::this().to_string();
    let number = std::process::id().to_string();
    let may_live = [
        String::new(),
        "process 7 on another machine".to_owned(),
        this.replace("boot ", "boot 0"),
        this.replace("namespace [", "namespace [0"),
        "process 7 on there (start x, boot y, namespace z)".to_owned(),
    ];
    for text in may_live {
        fs::write(&path, &text).unwrap();
        for refused in [take_without(&folder, &journal), take(&folder, &journal)] {
            let refused = refused.unwrap_err();
            assert!(
                matches!(refused, JournalError::Claimed { .. }),
                "{text}: {refused}"
            );
        }
        let asked = at_work_by(folder.path(), Some(&journal), none_there);
        assert!(matches!(asked, AtWork::Unknown(_)), "{text}: {asked:?}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
    let ended = this.replacen(&number, &i32::MAX.to_string(), 1);
    fs::write(&path, ended).unwrap();
    let asked = at_work_by(folder.path(), Some(&journal), none_there);
    assert_eq!(asked, AtWork::Nobody);
    let lock = take_without(&folder, &journal).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), this);
    drop(lock);

    // Left by a program for which there were locks.
    fs::write(folder.path().join("lock"), "process 7 on another machine").unwrap();
    let refused = take_without(&folder, &journal).unwrap_err();
    assert!(matches!(refused, JournalError::Claimed { path, .. } if path.ends_with("lock")));
    let asked = at_work_by(folder.path(), Some(&journal), none_there);
    assert!(matches!(asked, AtWork::Unknown(_)), "{asked:?}");
}

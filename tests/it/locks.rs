//! One writer per study, whatever becomes of its lock and whatever its file system can do.
#![cfg(target_os = "linux")]

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use insta::assert_snapshot;

use crate::support::lab::Lab;
use autopeft::app::State;
use autopeft::journal;

const RUN: [&str; 5] = ["run", "study.toml", "--headless", "--device", "cpu"];
const STATUS: [&str; 2] = ["status", "study.toml"];

/// Starts what would take long, and waits until it trains.
fn training(lab: &Lab, command: &mut Command) -> Child {
    let before = epochs(lab);
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_beyond(lab, before);
    child
}

/// Epochs that the journal tells of.
fn epochs(lab: &Lab) -> usize {
    let journal = fs::read_to_string(lab.path("runs/tiny/journal.jsonl")).unwrap_or_default();
    journal.matches("trial_epoch").count()
}

/// Waits until the journal tells of more epochs.
fn wait_beyond(lab: &Lab, before: usize) {
    let begun = Instant::now();
    while epochs(lab) == before {
        assert!(begun.elapsed() < Duration::from_secs(60), "no epoch");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn stop(child: Child) -> Output {
    let number = child.id().to_string();
    let sent = Command::new("kill").args(["-TERM", &number]).status();
    assert!(sent.unwrap().success());
    child.wait_with_output().unwrap()
}

/// What an output tells, with the process and the machine taken out.
fn told(lab: &Lab, output: &Output, process: u32) -> String {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let who = format!("process {process} on {}", host.trim());
    lab.told(output).replace(&who, "PROCESS")
}

/// Has the kernel answer every request for a lock as a network file system does whose server has none.
fn without_locks(command: &mut Command) -> &mut Command {
    fn deny() -> io::Result<()> {
        let number = |code: libc::c_long| code as u32;
        // A filter on the number of the call: flock fails with ENOLCK; fcntl goes through, except for locks (the second
        // argument), and everything else goes through.
        let statement = |code: u32, jt: u8, jf: u8, k: u32| libc::sock_filter {
            code: code as u16,
            jt,
            jf,
            k,
        };
        let load = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
        let equals = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
        let answer = libc::BPF_RET | libc::BPF_K;
        let mut filter = [
            statement(load, 0, 0, 0),
            statement(equals, 4, 0, number(libc::SYS_flock)),
            statement(equals, 0, 2, number(libc::SYS_fcntl)),
            statement(load, 0, 0, 24),
            statement(equals, 1, 0, libc::F_OFD_SETLK as u32),
            statement(answer, 0, 0, libc::SECCOMP_RET_ALLOW),
            statement(answer, 0, 0, libc::SECCOMP_RET_ERRNO | libc::ENOLCK as u32),
        ];
        let program = libc::sock_fprog {
            len: filter.len() as u16,
            filter: filter.as_mut_ptr(),
        };
        // SAFETY: the first takes numbers alone; the second reads the program, which outlives the call.
        let refused = unsafe {
            libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
                || libc::prctl(
                    libc::PR_SET_SECCOMP,
                    libc::SECCOMP_MODE_FILTER,
                    &raw const program,
                ) != 0
        };
        match refused {
            true => Err(io::Error::last_os_error()),
            false => Ok(()),
        }
    }
    // SAFETY: between fork and exec it makes two system calls and allocates nothing.
    unsafe { command.pre_exec(deny) }
}

#[test]
fn whoever_deletes_the_lock_of_a_running_study_cannot_start_a_second_one() {
    let lab = Lab::new(6, 5000);
    let first = training(&lab, &mut lab.command(&RUN));
    fs::remove_file(lab.path("runs/tiny/lock")).unwrap();
    let second = lab.output(&RUN);
    assert_snapshot!(told(&lab, &second, first.id()), @r"
    exit code 1
    error: another program is working on this study: a process that did not say its number; watch it with `autopeft-tui watch STUDY.toml`, wait for it, or stop it there (the lock is runs/tiny/lock)
    ");
    let status = lab.text(&STATUS);
    assert!(status.contains("running"), "{status}");
    let first = stop(first);
    assert_eq!(first.status.code(), Some(130));
    // Nothing was lost: it goes on.
    let state = State::recorded(&lab.path("runs/tiny")).unwrap();
    assert_eq!(state.trials.len(), 4);
    let third = training(&lab, &mut lab.command(&RUN));
    assert_eq!(stop(third).status.code(), Some(130));
}

#[test]
fn a_study_whose_journal_is_replaced_stops_and_leaves_the_other_alone() {
    let lab = Lab::new(6, 5000);
    let first = training(&lab, &mut lab.command(&RUN));
    let journal = lab.path("runs/tiny/journal.jsonl");
    let copy = lab.path("runs/tiny/copy");
    fs::copy(&journal, &copy).unwrap();
    fs::rename(&copy, &journal).unwrap();
    let held = fs::read(&journal).unwrap();
    let output = first.wait_with_output().unwrap();
    assert_snapshot!(lab.told(&output), @r"
    exit code 1
    error: runs/tiny/journal.jsonl was replaced by another file while this program worked: nothing further is written there. Run the same command again to go on from what the other file holds, or put a copy from before in its place
    ");
    assert_eq!(fs::read(&journal).unwrap(), held);
}

#[test]
fn where_the_file_system_has_no_locks_a_study_runs_by_a_claim() {
    let lab = Lab::new(6, 5000);
    let mut first = training(&lab, without_locks(&mut lab.command(&RUN)));
    let mut lines = BufReader::new(first.stdout.take().unwrap()).lines();
    let caution = lines.find_map(|line| {
        let line = line.unwrap();
        line.contains("has no locks").then_some(line)
    });
    assert_snapshot!(caution.unwrap(), @"the file system of runs/tiny has no locks (No locks available (os error 37)): runs/tiny/claim stands in for one. A program that is killed leaves it behind; a start on the machine that it ran on sees that and goes on, others have to be told by deleting it");
    let drain = std::thread::spawn(move || lines.count());
    let second = without_locks(&mut lab.command(&RUN)).output().unwrap();
    assert_snapshot!(told(&lab, &second, first.id()), @r"
    exit code 1
    error: another program may be at work on this study: runs/tiny/claim names PROCESS, and the file system has no locks by which that could be told. Once you are sure that it has ended, delete the file: rm 'runs/tiny/claim'
    ");
    let status = without_locks(&mut lab.command(&STATUS)).output().unwrap();
    let status = String::from_utf8(status.stdout).unwrap();
    assert!(status.contains("running"), "{status}");

    // Killed, it leaves a claim that nobody else can have made.
    first.kill().unwrap();
    first.wait().unwrap();
    drain.join().unwrap();
    assert!(lab.path("runs/tiny/claim").is_file());
    let third = training(&lab, without_locks(&mut lab.command(&RUN)));
    fs::write(lab.path("runs/tiny/claim"), "process 7 on another machine").unwrap();
    let output = third.wait_with_output().unwrap();
    assert_snapshot!(lab.told(&output), @r"
    exit code 1
    error: runs/tiny/claim does not name this program any more: it was deleted or replaced, and another program may work on this study; nothing further is written. Everything recorded before is safe: see that only one program works there, and run the same command again to go on
    ");
    let fourth = without_locks(&mut lab.command(&RUN)).output().unwrap();
    let words = lab.told(&fourth);
    assert_snapshot!(words, @r"
    exit code 1
    error: another program may be at work on this study: runs/tiny/claim names process 7 on another machine, and the file system has no locks by which that could be told. Once you are sure that it has ended, delete the file: rm 'runs/tiny/claim'
    ");
    let (_, command) = words.trim_end().rsplit_once(": ").unwrap();
    let mut shell = Command::new("bash");
    shell.args(["-c", command]).current_dir(lab.folder.path());
    assert!(shell.status().unwrap().success(), "{command}");
    let fifth = training(&lab, without_locks(&mut lab.command(&RUN)));
    assert_eq!(stop(fifth).status.code(), Some(130));
    assert!(!lab.path("runs/tiny/claim").exists());
}

/// The command as somebody else's, to whom permissions mean something, with a program that they may read.
fn as_nobody(lab: &Lab, arguments: &[&str]) -> Output {
    let program = lab.path("program");
    if !program.exists() {
        fs::copy(env!("CARGO_BIN_EXE_autopeft-tui"), &program).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(lab.path("."), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut command = Command::new(&program);
    command.args(arguments).current_dir(lab.folder.path());
    let secret = lab.path("secret");
    fs::write(&secret, "").unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&secret).is_ok() {
        command.uid(65_534).gid(65_534);
    }
    command.stdin(Stdio::null()).output().unwrap()
}

#[test]
fn a_lock_that_may_not_be_opened_is_no_answer() {
    let lab = Lab::new(4, 1);
    lab.text(&[&RUN[..], &["--trials", "1"]].concat());
    let folder = lab.path("runs/tiny");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
    fs::set_permissions(
        folder.join("journal.jsonl"),
        fs::Permissions::from_mode(0o666),
    )
    .unwrap();
    fs::set_permissions(folder.join("lock"), fs::Permissions::from_mode(0o000)).unwrap();
    let status = as_nobody(&lab, &STATUS);
    let run = as_nobody(&lab, &RUN);
    let words = String::from_utf8(status.stderr).unwrap() + &lab.told(&run);
    assert_snapshot!(words, @r"
    warning: whether a program is at work on this study cannot be told: cannot look at runs/tiny/lock: Permission denied (os error 13)
    exit code 1
    error: cannot tell whether another program works on this study: cannot open or lock runs/tiny/lock: Permission denied (os error 13); change its permissions, or keep the runs in a folder of your own with --runs
    ");
}

#[test]
fn starts_among_many_looks_are_never_refused() {
    let lab = Lab::new(4, 1);
    let once = [&RUN[..], &["--trials", "1"]].concat();
    lab.text(&once);
    let folder = lab.path("runs/tiny");
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    journal::at_work(&folder);
                }
            });
        }
        let refused: Vec<String> = (0..5)
            .map(|_| lab.output(&once))
            .filter(|output| !output.status.success())
            .map(|output| lab.told(&output))
            .collect();
        done.store(true, Ordering::Relaxed);
        assert_eq!(refused, [""; 0]);
    });
}

#[test]
fn of_two_starts_at_once_one_works_and_the_other_names_it() {
    let lab = Lab::new(6, 5000);
    let both = [0, 1].map(|_| {
        let mut command = lab.command(&RUN);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    });
    let numbers = both.each_ref().map(Child::id);
    let (sender, receiver) = std::sync::mpsc::channel();
    for (number, child) in both.into_iter().enumerate() {
        let sender = sender.clone();
        std::thread::spawn(move || sender.send((number, child.wait_with_output())));
    }
    let (refused, output) = receiver.recv().unwrap();
    let (works, output) = (numbers[1 - refused], output.unwrap());
    let words = told(&lab, &output, works);
    wait_beyond(&lab, 0);
    let sent = Command::new("kill")
        .args(["-TERM", &works.to_string()])
        .status();
    assert!(sent.unwrap().success());
    let (_, other) = receiver.recv().unwrap();
    assert_eq!(other.unwrap().status.code(), Some(130));
    assert_snapshot!(words, @r"
    exit code 1
    error: another program is working on this study: PROCESS; watch it with `autopeft-tui watch STUDY.toml`, wait for it, or stop it there (the lock is runs/tiny/lock)
    ");
}

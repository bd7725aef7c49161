//! The program where the system allows it few threads: an error that names the limit, at every count.
#![cfg(target_os = "linux")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use crate::support::lab::Lab;

/// A user whom nobody else uses: limits hold for all programs of a user, and not for the one who may do everything.
struct Stranger(String);

impl Stranger {
    /// None where another user cannot be had.
    fn new(number: u32) -> Option<Self> {
        let stranger = Self((100_000 + 10 * (std::process::id() % 100_000) + number).to_string());
        let tried = stranger.command(1).arg("true").output();
        let may = tried.is_ok_and(|output| output.status.success());
        may.then_some(stranger)
    }

    /// Has a program run with so many processes and threads at most, for a minute at most.
    fn command(&self, threads: usize) -> Command {
        let limit = format!("--nproc={threads}");
        let mut command = Command::new("timeout");
        command.args([
            "60",
            "setpriv",
            "--reuid",
            &self.0,
            "--clear-groups",
            "prlimit",
            &limit,
        ]);
        command
    }

    fn output(&self, lab: &Lab, threads: usize, arguments: &[&str]) -> Output {
        let mut command = self.command(threads);
        command
            .arg(env!("CARGO_BIN_EXE_autopeft-tui"))
            .args(arguments);
        // Two threads compute, whatever the machine has.
        command
            .env("RAYON_NUM_THREADS", "2")
            .current_dir(lab.folder.path());
        command.output().unwrap()
    }

    /// Runs the command under ever higher limits until it succeeds: until then each is refused in the same words and leaves
    /// nothing. How many threads it took.
    fn needs(&self, lab: &Lab, arguments: &[&str]) -> usize {
        for threads in 1..40 {
            let output = self.output(lab, threads, arguments);
            if output.status.success() {
                return threads;
            }
            let expected = format!(
                "exit code 1\nerror: the system gives this program no further thread (Resource temporarily unavailable \
                 (os error 11)); this user may have {threads} processes and threads (`ulimit -u`). Raise that, end other \
                 programs, or use fewer threads: RAYON_NUM_THREADS=1 to compute, `parallel = 1` in [search]\n"
            );
            assert_eq!(told(lab, &output), expected, "{arguments:?}");
            assert!(!lab.path("runs").exists(), "{arguments:?} left something");
        }
        panic!("{arguments:?} never succeeds");
    }
}

/// What was told, without the limits of this machine's control groups.
fn told(lab: &Lab, output: &Output) -> String {
    let told = lab.told(output);
    match (told.find(", the control group"), told.find(". Raise that")) {
        (Some(from), Some(to)) if from < to => format!("{}{}", &told[..from], &told[to..]),
        _ => told,
    }
}

fn open_to_all(path: &Path) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
}

fn lab() -> Lab {
    let lab = Lab::new(4, 1);
    open_to_all(lab.folder.path());
    lab
}

const RUN: [&str; 5] = ["run", "study.toml", "--headless", "--device", "cpu"];

#[test]
fn too_few_threads_are_an_error_that_names_the_limit_and_leaves_nothing() {
    let Some(stranger) = Stranger::new(0) else {
        return;
    };
    let lab = lab();
    let check = ["check", "study.toml", "--device", "cpu"];
    assert_eq!(stranger.needs(&lab, &check), 3);
    // The program itself, two that compute, signals, search, estimates, journal, training and one lane.
    assert_eq!(stranger.needs(&lab, &RUN), 9);
}

#[test]
fn lanes_with_threads_of_their_own_are_counted_before_anything_is_begun() {
    let Some(stranger) = Stranger::new(1) else {
        return;
    };
    let lab = lab();
    let study = fs::read_to_string(lab.path("study.toml")).unwrap();
    let study = study.replace("batch = 1", "batch = 2\nparallel = 2");
    fs::write(lab.path("study.toml"), study).unwrap();
    assert_eq!(stranger.needs(&lab, &RUN), 12);
}

#[test]
fn commands_on_a_finished_study_are_refused_alike() {
    let Some(stranger) = Stranger::new(2) else {
        return;
    };
    let lab = lab();
    lab.text(&[
        "run",
        "study.toml",
        "--headless",
        "--device",
        "cpu",
        "--runs",
        "kept",
    ]);
    open_to_all(&lab.path("kept/tiny"));
    for name in fs::read_dir(lab.path("kept/tiny")).unwrap() {
        open_to_all(&name.unwrap().path());
    }
    let kept = |command| [command, "study.toml", "--runs", "kept"];
    assert_eq!(stranger.needs(&lab, &kept("status")), 3);
    assert_eq!(stranger.needs(&lab, &kept("report")), 3);
    let evaluate = ["evaluate", "study.toml", "--runs", "kept", "--seeds", "1"];
    let evaluate = [&evaluate[..], &["--baselines", "none", "--device", "cpu"]].concat();
    assert_eq!(stranger.needs(&lab, &evaluate), 4);
    // What needs no thread is never refused.
    assert!(stranger.output(&lab, 1, &["keys"]).status.success());
}

//! Keys on a study that is paused, on the program's own screen: nothing starts, nothing is lost, and who leaves it has
//! interrupted it.

use std::collections::BTreeMap;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use autopeft::journal::{self, Record, Stamped};
use insta::assert_snapshot;

use crate::support::at_terminal::AtTerminal;
use crate::support::lab::Lab;

/// The trials of the journal that began, and whether the last word of each is that it stands still.
fn begun(lab: &Lab) -> BTreeMap<u32, bool> {
    // There is none before the study begins.
    let history = journal::read(&lab.path("runs/tiny")).ok();
    let records = history.into_iter().flat_map(|history| history.records);
    let word = |stamped: Stamped| match stamped.record {
        Record::TrialStarted { trial } | Record::TrialResumed { trial } => Some((trial.0, false)),
        Record::TrialPaused { trial } => Some((trial.0, true)),
        _ => None,
    };
    records.filter_map(word).collect()
}

fn wait_until(lab: &Lab, is_so: impl Fn(&BTreeMap<u32, bool>) -> bool) {
    let since = Instant::now();
    while !is_so(&begun(lab)) {
        let waited = since.elapsed();
        assert!(waited < Duration::from_secs(120), "{:?}", begun(lab));
        thread::sleep(Duration::from_millis(5));
    }
}

fn all_stand(trials: &BTreeMap<u32, bool>) -> bool {
    trials.values().all(|stands| *stands)
}

#[test]
fn pausing_again_and_again_starts_nothing_and_leaving_is_an_interruption() {
    let lab = Lab::new(6, 100_000);
    let file = lab.path("study.toml");
    let study = fs::read_to_string(&file).unwrap();
    fs::write(&file, study.replace("batch = 1", "batch = 1\nparallel = 2")).unwrap();
    let mut program = AtTerminal::start(&lab);
    wait_until(&lab, |trials| trials.len() == 2);
    program.press("P");
    wait_until(&lab, all_stand);
    for keys in ["PP", "PP", "PPPP", "PP"] {
        program.press(keys);
        thread::sleep(Duration::from_millis(50));
        wait_until(&lab, all_stand);
    }
    for _ in 0..6 {
        program.press("PPP");
        wait_until(&lab, |trials| !all_stand(trials));
        program.press("P");
        thread::sleep(Duration::from_millis(50));
        wait_until(&lab, all_stand);
    }
    let journal = || fs::read_to_string(lab.path("runs/tiny/journal.jsonl")).unwrap();
    thread::sleep(Duration::from_millis(300));
    let then = journal();
    thread::sleep(Duration::from_millis(700));
    assert_eq!(journal(), then, "nothing happens");
    assert_eq!(begun(&lab), BTreeMap::from([(0, true), (1, true)]));
    program.press("qy");
    assert_snapshot!(program.end(), @r"
    exit code Some(130)
    stopped after 0 of 6 trials; the same command goes on from here
    ");
}

#[test]
fn a_trial_that_the_user_paused_stays_so_when_the_study_goes_on() {
    let lab = Lab::new(4, 100_000);
    let mut program = AtTerminal::start(&lab);
    wait_until(&lab, |trials| trials.len() == 1);
    // The first trial is the one selected; the second takes its place.
    program.press("p");
    wait_until(&lab, |trials| trials.len() == 2 && trials[&0]);
    program.press("P");
    wait_until(&lab, all_stand);
    program.press("P");
    wait_until(&lab, |trials| !trials[&1]);
    thread::sleep(Duration::from_millis(300));
    assert_eq!(begun(&lab), BTreeMap::from([(0, true), (1, false)]));
    program.press("qy");
    assert_snapshot!(program.end(), @r"
    exit code Some(130)
    stopped after 0 of 4 trials; the same command goes on from here
    ");
}

//! Trainings under way that an earlier version of the program kept.

use std::fs;
use std::path::{Path, PathBuf};

use crate::worker::{job, plan};
use autopeft::model::weights::NamedTensor;
use autopeft::study::TrainingSettings;
use autopeft::train::Plan;
use autopeft::train::trainer::{Advance, Training};
use autopeft::train::workbench::Workbench;

/// What trainings of three epochs of eight steps share.
fn bench(folder: &Path, backbone_dropout: f64, head_dropout: f64) -> Workbench {
    let plan = plan(folder, 3e-3, 3);
    let training = TrainingSettings {
        backbone_dropout,
        head_dropout,
        ..plan.training
    };
    Workbench::prepare(Plan { training, ..plan }).unwrap()
}

/// Goes on for so many steps, and tells whether there are more.
fn goes_on(training: &mut Training<'_>, steps: usize) -> bool {
    let until = training.steps().0 + steps;
    while training.steps().0 < until {
        if matches!(training.advance().unwrap(), Advance::Done(_)) {
            return false;
        }
    }
    true
}

fn ended(mut training: Training<'_>) -> Vec<NamedTensor> {
    assert!(!goes_on(&mut training, 1000));
    training.weights()
}

/// The file of a training after eleven steps, in the middle of its second epoch.
fn kept(bench: &Workbench, folder: &Path) -> PathBuf {
    let mut training = Training::begin(bench, &job(0)).unwrap();
    assert!(goes_on(&mut training, 11));
    training.keep(folder).unwrap();
    folder.join("trial-0.training")
}

/// Writes the file as another version did.
fn rewrite(file: &Path, format: u32) {
    let bytes = fs::read(file).unwrap();
    let end = bytes.iter().position(|&byte| byte == b'\n').unwrap();
    let mut position: serde_json::Value = serde_json::from_slice(&bytes[9..end]).unwrap();
    position["format"] = format.into();
    position["dropout_words"] = 1234.into();
    let mut body = serde_json::to_vec(&position).unwrap();
    body.extend_from_slice(&bytes[end..]);
    let mut whole = format!("{:08x} ", crc32fast::hash(&body)).into_bytes();
    whole.append(&mut body);
    fs::write(file, whole).unwrap();
}

#[test]
fn a_training_goes_on_in_the_middle_of_an_epoch_by_the_number_of_its_step() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path(), 0.1, 0.1);
    kept(&bench, folder.path());
    let refused = |reason| panic!("{reason}");
    let mut training = Training::kept(&bench, &job(0), folder.path(), refused)
        .unwrap()
        .unwrap();
    assert_eq!(training.steps(), (11, 24));
    // Another training draws its own masks meanwhile.
    let mut other = Training::begin(&bench, &job(1)).unwrap();
    for _ in 0..5 {
        assert!(goes_on(&mut training, 1) && goes_on(&mut other, 1));
    }
    let undisturbed = ended(Training::begin(&bench, &job(0)).unwrap());
    assert_eq!(ended(training), undisturbed, "bit by bit");
}

#[test]
fn files_from_before_the_masks_of_today_go_on_only_without_dropout() {
    for (backbone, head) in [(0.0, 0.0), (0.1, 0.0), (0.0, 0.1)] {
        let folder = tempfile::tempdir().unwrap();
        let bench = bench(folder.path(), backbone, head);
        let file = kept(&bench, folder.path());
        rewrite(&file, 2);
        let mut reason = String::new();
        let heard = |text| reason = text;
        let taken_up = Training::kept(&bench, &job(0), folder.path(), heard).unwrap();
        let has_dropout = backbone + head > 0.0;
        assert_eq!(taken_up.is_none(), has_dropout, "{reason}");
        if let Some(training) = taken_up {
            assert_eq!((training.steps().0, reason.as_str()), (11, ""));
            let undisturbed = ended(Training::begin(&bench, &job(0)).unwrap());
            assert_eq!(ended(training), undisturbed, "bit by bit");
        } else {
            let told =
                "an earlier version of the program wrote it, which drew its dropout otherwise";
            assert_eq!(reason, format!("{}: {told}", file.display()));
        }
    }
}

#[test]
fn files_of_unknown_formats_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path(), 0.0, 0.0);
    let file = kept(&bench, folder.path());
    for format in [1, 4] {
        rewrite(&file, format);
        let mut reason = String::new();
        let heard = |text| reason = text;
        let taken_up = Training::kept(&bench, &job(0), folder.path(), heard).unwrap();
        assert!(taken_up.is_none());
        assert!(
            reason.ends_with(&format!("it has format {format}, not 3")),
            "{reason}"
        );
    }
}

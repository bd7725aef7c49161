//! The program on a GPU: what holds on the processor holds there, within the bounds of 32 bits.
//!
//! Any adapter that wgpu finds will do, also an emulated one. Where there is none the tests say so and pass, unless
//! `AUTOPEFT_DEMAND_GPU` is set.

use std::path::Path;
use std::time::Duration;

use autopeft::domain::{Job, TrialId};
use autopeft::executor::{Executor, ExecutorEvent, LocalExecutor};
use autopeft::model::device::{self, DeviceChoice};
use autopeft::model::tensor::{DType, Device};
use autopeft::model::weights::NamedTensor;
use autopeft::train::{KeepUnderWay, Plan, checkpoint};

use crate::reference::{cases, encoders, peft};
use crate::support::lab::Lab;
use crate::support::trainings::{self, configuration};
use crate::worker::{self, job, next, next_milestone, started_with, trained};

/// The first adapter; none where there is none, which is said.
pub(crate) fn gpu() -> Option<(DeviceChoice, Device)> {
    device::settle();
    let choice: DeviceChoice = "wgpu".parse().unwrap();
    match choice.resolve() {
        Ok((device, what)) => {
            println!("{what}");
            Some((choice, device))
        }
        Err(error) => {
            let demanded = std::env::var_os("AUTOPEFT_DEMAND_GPU").is_some();
            assert!(!demanded, "{error}");
            println!("passed over: {error}");
            None
        }
    }
}

/// The largest difference of two lists of the same tensors.
fn apart(some: &[NamedTensor], others: &[NamedTensor]) -> f32 {
    assert_eq!(some.len(), others.len());
    let differences = some.iter().zip(others).flat_map(|(some, other)| {
        assert_eq!((&some.name, &some.shape), (&other.name, &other.shape));
        let pairs = some.values.iter().zip(&other.values);
        pairs.map(|(x, y)| (x - y).abs())
    });
    // NaN must not pass as the smaller one.
    differences.fold(0.0, |most, x| if x > most || x.is_nan() { x } else { most })
}

fn weights(folder: &Path, trial: u32) -> Vec<NamedTensor> {
    checkpoint::load(&checkpoint::path(folder, TrialId(trial))).unwrap()
}

#[test]
fn modules_losses_gradients_and_five_steps_agree_with_the_original_libraries() {
    if let Some((_, device)) = gpu() {
        let against_64 = [("expected_f64.safetensors", "losses_f64")];
        peft::check_all(&device, DType::F32, &against_64, &[cases::Rows::Padded]);
    }
}

#[test]
fn all_families_of_encoders_agree_with_the_original_library() {
    if let Some((_, device)) = gpu() {
        encoders::check_all(&device, &[(DType::F32, 5e-6)]);
    }
}

/// Every weight, also below activations, is the processor's after three steps far larger than a training's.
#[test]
fn three_steps_lead_where_the_processor_goes() {
    let Some((choice, _)) = gpu() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let study = folder.path().join("study.toml");
    let text = "[model]\nembedded = true\n[task]\nname = \"demo\"\ntrain_rows = 96\nvalidation_rows = 32\n\
        [search]\ntrials = 1\ninitial_trials = 1\n\
        [training]\nlearning_rate = 5e-3\nbatch_size = 32\nmax_length = 32\nepochs = 1\nprefix_bottleneck = 64\n";
    std::fs::write(&study, text).unwrap();
    let configuration = configuration(&[("serial", 8), ("prefix", 4)], &[2, 3]);
    let [on_cpu, on_gpu] = [DeviceChoice::Cpu, choice].map(|device| {
        let kept = folder.path().join(device.to_string().replace(':', "-"));
        let bench = trainings::workbench_on(&study, device, Some(kept.clone()));
        trainings::train(&bench, &configuration, 1);
        weights(&kept, 0)
    });
    let apart = apart(&on_gpu, &on_cpu);
    println!("weights are apart by at most {apart:.1e}");
    assert!(apart < 1e-5, "{apart:.1e}");
}

/// Dropout included, a trial ends as it does alone: beside others, and after a pause, and after the program was stopped.
#[test]
fn lanes_pauses_and_stops_change_nothing() {
    let Some((choice, _)) = gpu() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let plan = || Plan {
        device: choice,
        under_way: Some(KeepUnderWay {
            folder: folder.path().join("under-way"),
            every: Duration::from_secs(3600),
        }),
        ..worker::plan(folder.path(), 3e-3, 2)
    };
    let kept = folder.path().join("weights");
    let alone = trained(&started_with(plan(), 1), job(0));
    let same = |trial: u32| {
        let apart = apart(&weights(&kept, trial), &weights(&kept, 0));
        println!("trial {trial} is apart by {apart:.1e}");
        assert!(apart < 1e-6, "trial {trial}: {apart:.1e}");
    };

    for (lanes, first) in [(2, 10), (4, 20)] {
        let executor = started_with(plan(), lanes);
        let trials = first..first + lanes as u32;
        trials.clone().for_each(|trial| executor.submit(job(trial)));
        let mut ended = 0;
        while ended < lanes {
            if let ExecutorEvent::Finished(_, measurement) = next(&executor) {
                assert_eq!(measurement.objectives, alone.objectives);
                ended += 1;
            }
        }
        trials.for_each(same);
    }

    let executor = started_with(plan(), 1);
    executor.submit(job(1));
    until_step(&executor, 3);
    executor.pause(TrialId(1));
    assert_eq!(next_milestone(&executor), ExecutorEvent::Paused(TrialId(1)));
    let other = Job { seed: 99, ..job(2) };
    trained(&executor, other);
    executor.resume(TrialId(1));
    until_finished(&executor);
    same(1);
    assert!(apart(&weights(&kept, 2), &weights(&kept, 0)) > 1e-4);

    executor.submit(job(3));
    until_step(&executor, 11);
    executor.stop();
    drop(executor);
    let executor = started_with(plan(), 1);
    executor.submit(job(3));
    until_finished(&executor);
    same(3);
}

fn until_step(executor: &LocalExecutor, step: u64) {
    while !matches!(next(executor), ExecutorEvent::Progress(progress) if progress.step >= step) {}
}

fn until_finished(executor: &LocalExecutor) {
    while !matches!(next(executor), ExecutorEvent::Finished(..)) {}
}

/// A study by the program itself; what it exports scores the same on the processor.
#[test]
fn a_study_is_run_exported_and_verified() {
    if gpu().is_none() {
        return;
    }
    let lab = Lab::new(4, 1);
    let told = lab.text(&["run", "study.toml", "--headless", "--device", "wgpu"]);
    assert!(told.contains("wgpu:0: "), "{told}");
    assert_eq!(told.matches("finished:").count(), 4, "{told}");
    let front = lab.status()["front"].as_array().unwrap().len();
    lab.text(&["export", "study.toml", "--format", "all", "--out", "front"]);
    let verified = lab.text(&["verify", "front", "--device", "cpu"]);
    assert_eq!(verified.matches("same score").count(), front, "{verified}");
}

#[test]
fn what_the_gpu_does_not_offer_is_refused() {
    let Some((_, device)) = gpu() else {
        return;
    };
    let lab = Lab::new(4, 1);
    let refused = |arguments: &[&str]| {
        let output = lab.output(arguments);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    // Also where a driver misses a variable, nothing but ours is told.
    let far = ["check", "study.toml", "--device", "wgpu:99"];
    let far = (lab.command(&far).env_remove("XDG_RUNTIME_DIR").output()).unwrap();
    assert_eq!(far.status.code(), Some(2), "{far:?}");
    let far = String::from_utf8(far.stderr).unwrap();
    let asked = "error: wgpu:99 was asked for, but only ";
    assert!(far.starts_with(asked), "{far}");
    let study = std::fs::read_to_string(lab.path("study.toml")).unwrap();
    for (precision, dtype) in [("tf32", None), ("bf16", Some(DType::BF16))] {
        if dtype.is_some_and(|dtype| device.supports_dtype(dtype)) {
            continue;
        }
        let asking = format!("{study}precision = \"{precision}\"\n");
        std::fs::write(lab.path("study.toml"), asking).unwrap();
        let told = refused(&["check", "study.toml", "--device", "wgpu"]);
        let expected = format!(
            "this device does not compute in {precision}; `training.precision` can be \"f32\""
        );
        assert!(told.contains(&expected), "{told}");
        // And not examined before.
        let told = refused(&["run", "study.toml", "--headless", "--device", "wgpu"]);
        assert!(
            told.contains(&expected) && !told.contains("first use"),
            "{told}"
        );
    }
}

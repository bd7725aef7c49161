//! One training after another, outside any study's run.

use std::path::{Path, PathBuf};

use autopeft::domain::{Configuration, Job, Ladder, Measurement, TrialId};
use autopeft::hub::{Hub, HubSettings};
use autopeft::model::ModelFiles;
use autopeft::model::device::DeviceChoice;
use autopeft::study::Study;
use autopeft::task;
use autopeft::train::Plan;
use autopeft::train::trainer::{Advance, Training};
use autopeft::train::workbench::Workbench;

/// What a study's trials share, on the CPU.
pub(crate) fn workbench(study: &Path) -> Workbench {
    workbench_on(study, DeviceChoice::Cpu, None)
}

/// The same on any device; the best epoch's weights go to the folder, if there is one.
pub(crate) fn workbench_on(
    study: &Path,
    device: DeviceChoice,
    weights_folder: Option<PathBuf>,
) -> Workbench {
    let study = Study::read(study).unwrap();
    let hub = Hub::new(HubSettings::from_variables(|name| std::env::var(name).ok()));
    Workbench::prepare(Plan {
        files: ModelFiles::open(&study.model, &hub, &mut |_| ()).unwrap(),
        dataset: task::load(&study.task, study.seed, &hub, &mut |_| ()).unwrap(),
        examined: None,
        training: study.training,
        fidelity: study.fidelity,
        device,
        weights_folder,
        under_way: None,
        seed: study.seed,
        basis: "study".to_owned(),
    })
    .unwrap()
}

/// Trains a configuration to its end, as a trial with this seed.
pub(crate) fn train(bench: &Workbench, configuration: &Configuration, seed: u64) -> Measurement {
    let job = Job {
        trial: TrialId(0),
        configuration: configuration.clone(),
        seed,
        parameters_percent: 0.0,
        ladder: Ladder::default(),
    };
    let mut training = Training::begin(bench, &job).unwrap();
    loop {
        match training.advance().unwrap() {
            Advance::Done(measured) => return measured,
            Advance::Diverged(reason) => panic!("{reason}"),
            Advance::Pruned(standing) => panic!("{standing}"),
            Advance::Prepared | Advance::Step(_) | Advance::Evaluated | Advance::Epoch(_) => (),
        }
    }
}

/// Modules with their sizes, in these layers.
pub(crate) fn configuration(modules: &[(&str, usize)], layers: &[usize]) -> Configuration {
    let modules = modules.iter().map(|&(name, size)| (name.to_owned(), size));
    Configuration {
        modules: modules.collect(),
        layers: layers.to_vec(),
        ..Configuration::default()
    }
}

//! What a training moves between host and device, and how often it waits for the device.

use crate::worker::{job, plan};
use autopeft::model::tensor::Traffic;
use autopeft::study::Precision;
use autopeft::train::Plan;
use autopeft::train::trainer::{Advance, Training};
use autopeft::train::workbench::Workbench;

const EPOCHS: u32 = 2;
/// Of 64 rows in batches of 2.
const STEPS: u64 = 32;
/// Of 16 rows in batches of 8.
const EVALUATIONS: u64 = 2;

/// What the preparation, the steps and the evaluations of one training moved.
#[derive(Debug, Default, PartialEq)]
struct Moved {
    preparations: [u64; 2],
    steps: [u64; 2],
    evaluations: [u64; 2],
}

fn moved(bench: &Workbench) -> Moved {
    let mut job = job(0);
    // The first layer is left alone, so that there is something to keep of it.
    job.configuration.layers = vec![1];
    let mut training = Training::begin(bench, &job).unwrap();
    training.read_losses_every(16);
    let mut moved = Moved::default();
    loop {
        let before = Traffic::here();
        let advance = training.advance().unwrap();
        let Traffic {
            uploads,
            read_backs,
        } = Traffic::since(before);
        let sum = match advance {
            Advance::Prepared => &mut moved.preparations,
            Advance::Step(_) => &mut moved.steps,
            Advance::Evaluated | Advance::Epoch(_) => &mut moved.evaluations,
            Advance::Done(_) => return moved,
            Advance::Pruned(_) | Advance::Diverged(_) => panic!("it trains to the end"),
        };
        sum[0] += uploads;
        sum[1] += read_backs;
    }
}

/// For trainings whose rows are padded, and so stay on the device, without dropout.
fn padded(change: impl FnOnce(&mut Plan)) -> Workbench {
    let folder = tempfile::tempdir().unwrap();
    let mut plan = plan(folder.path(), 1e-3, EPOCHS);
    plan.weights_folder = None;
    plan.training.batch_size = 2;
    (plan.training.backbone_dropout, plan.training.head_dropout) = (0.0, 0.0);
    change(&mut plan);
    Workbench::prepare(plan).unwrap()
}

#[test]
fn a_step_uploads_once_and_is_read_back_every_sixteenth_time() {
    for keeps_activations in [false, true] {
        let bench = padded(|plan| {
            plan.training.precision = Precision::Bf16;
            plan.training.activation_cache_mb = if keeps_activations { 64 } else { 0 };
        });
        let moved = moved(&bench);
        let epochs = u64::from(EPOCHS);
        assert_eq!(moved.steps, [STEPS * epochs, STEPS / 16 * epochs]);
        assert_eq!(moved.evaluations, [EVALUATIONS * epochs, epochs]);
        // Activations never leave the device.
        let [uploads, read_backs] = moved.preparations;
        assert_eq!((uploads > 0, read_backs), (keeps_activations, 0));
    }
}

#[cfg(feature = "wgpu")]
mod on_a_gpu {
    use super::*;
    use autopeft::model::device::DeviceChoice;
    use autopeft::model::tensor::{Given, QueueWatch};

    /// Steps of the one epoch: few, as a driver that computes on the processor takes its time.
    const STEPS: u64 = 16;

    /// In a thread that has made none of what the trials share.
    #[test]
    fn nothing_waits_for_tensors_of_other_threads() {
        let bench = padded(|plan| {
            // Masks are made where they are used.
            plan.training.head_dropout = 0.1;
            plan.dataset.train.truncate(2 * STEPS as usize);
            plan.dataset.validation.truncate(4);
            plan.fidelity.epochs = Some(1);
            plan.device = "wgpu".parse::<DeviceChoice>().unwrap();
        });
        let steps = std::thread::scope(|scope| scope.spawn(|| steps(&bench)).join().unwrap());
        assert_eq!(steps.len() as u64, STEPS);
        // The first asks for what is shared.
        let later = &steps[1..];
        assert!(
            later.iter().all(|step| step.given.borrowed == 0),
            "{later:?}"
        );
        assert!(
            later.iter().all(|step| step.given.operations > 0),
            "{later:?}"
        );
        assert!(
            steps.iter().all(|step| step.moved.uploads == 1),
            "{steps:?}"
        );
        let read_backs: u64 = steps.iter().map(|step| step.moved.read_backs).sum();
        assert_eq!(read_backs, STEPS / 16);
    }

    /// What one step moved, and gave to the device.
    #[derive(Debug)]
    struct Step {
        moved: Traffic,
        given: Given,
    }

    fn steps(bench: &Workbench) -> Vec<Step> {
        let watch = QueueWatch::begin();
        let given = || watch.given(bench.device()).unwrap();
        let mut job = job(0);
        job.configuration.layers = vec![1];
        let mut training = Training::begin(bench, &job).unwrap();
        let mut steps = Vec::new();
        loop {
            let before = (Traffic::here(), given());
            let advance = training.advance().unwrap();
            let (moved, after) = (Traffic::since(before.0), given());
            match advance {
                Advance::Step(_) => steps.push(Step {
                    moved,
                    given: Given {
                        operations: after.operations - before.1.operations,
                        blocks: after.blocks - before.1.blocks,
                        borrowed: after.borrowed - before.1.borrowed,
                    },
                }),
                Advance::Done(_) => return steps,
                _ => {}
            }
        }
    }
}

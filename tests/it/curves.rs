//! What makes training faster leaves its learning curves alone.

use autopeft::domain::{Configuration, EpochReport, Job, Ladder, TrialId};
use autopeft::train::trainer::{Advance, Training, Whereabouts};
use autopeft::train::workbench::Workbench;

use crate::support::trainings::{configuration, workbench};

/// The embedded encoder and task, with these keys under `[training]`.
fn bench(training: &str) -> Workbench {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("study.toml");
    let study = format!(
        "[model]\nembedded = true\n[task]\nname = \"demo\"\ntrain_rows = 500\n[training]\n\
         learning_rate = 1e-3\nmax_length = 32\nepochs = 3\nhead_dropout = 0.0\n{training}\n"
    );
    std::fs::write(&file, study).unwrap();
    workbench(&file)
}

fn curve(bench: &Workbench, configuration: &Configuration, seed: u64) -> Vec<EpochReport> {
    curve_reading_every(1, bench, configuration, seed)
}

fn curve_reading_every(
    steps: usize,
    bench: &Workbench,
    configuration: &Configuration,
    seed: u64,
) -> Vec<EpochReport> {
    let job = Job {
        trial: TrialId(0),
        configuration: configuration.clone(),
        seed,
        parameters_percent: 0.0,
        ladder: Ladder::default(),
    };
    let mut training = Training::begin(bench, &job).unwrap();
    training.read_losses_every(steps);
    let mut epochs = Vec::new();
    loop {
        match training.advance().unwrap() {
            Advance::Epoch(report) => epochs.push(report),
            Advance::Done(_) => return epochs,
            Advance::Diverged(reason) => panic!("{reason}"),
            Advance::Pruned(standing) => panic!("{standing}"),
            Advance::Step(progress) => match training.whereabouts() {
                Whereabouts::Step { at, since } => {
                    assert!(since <= at && at - since < steps as u64);
                    // Losses of all these steps were read just now.
                    assert_eq!(progress.map_or(at, |progress| progress.step), at);
                }
                other => panic!("{other}"),
            },
            Advance::Prepared | Advance::Evaluated => (),
        }
    }
}

#[test]
fn padding_changes_nothing() {
    let (padded, end_to_end) = (bench("pad_to_max_length = true"), bench(""));
    for (configuration, seed) in [
        (configuration(&[("serial", 8), ("prefix", 3)], &[0, 2]), 1),
        (configuration(&[("parallel", 4), ("lora", 2)], &[1, 3]), 2),
    ] {
        let curves = [&padded, &end_to_end].map(|bench| curve(bench, &configuration, seed));
        assert_eq!(curves[0].len(), 3);
        for (padded, end_to_end) in curves[0].iter().zip(&curves[1]) {
            let off = (padded.train_loss - end_to_end.train_loss).abs();
            assert!(off < 1e-3, "{padded:?} {end_to_end:?}");
            let off = (padded.validation_loss - end_to_end.validation_loss).abs();
            assert!(off < 1e-3, "{padded:?} {end_to_end:?}");
        }
    }
}

#[test]
fn kept_activations_change_nothing() {
    let (with, without) = (
        bench("activation_cache_mb = 100"),
        bench("activation_cache_mb = 0"),
    );
    // Untouched are three layers and the blocks of the last; two layers, passed by the table before, and what tokens of
    // the next get from each other; all four; one and the blocks of the next, from the table of one; no more than the
    // blocks of the first; no more than its attention; and attention of the last.
    for (configuration, seed) in [
        (configuration(&[("serial", 8)], &[3]), 1),
        (configuration(&[("prefix", 4), ("parallel", 4)], &[2, 3]), 2),
        (configuration(&[], &[]), 3),
        (configuration(&[("serial", 4), ("parallel", 4)], &[1, 3]), 4),
        (configuration(&[("serial", 4)], &[0, 2]), 5),
        (configuration(&[("prefix", 4), ("serial", 4)], &[0, 1]), 6),
        (configuration(&[("prefix", 9)], &[3]), 7),
    ] {
        let curves = [&with, &without].map(|bench| curve(bench, &configuration, seed));
        for (with, without) in curves[0].iter().zip(&curves[1]) {
            let off = (with.train_loss - without.train_loss).abs();
            assert!(off < 1e-4, "{with:?} {without:?}");
            let off = (with.validation_loss - without.validation_loss).abs();
            assert!(off < 1e-4, "{with:?} {without:?}");
        }
    }
}

#[test]
fn losses_read_back_later_are_the_same() {
    let bench = bench("");
    let configuration = configuration(&[("serial", 8)], &[2, 3]);
    let told = |report: EpochReport| [report.train_loss, report.validation_loss, report.score];
    let [at_once, later] = [1, 7].map(|steps| {
        let curve = curve_reading_every(steps, &bench, &configuration, 1);
        curve.into_iter().map(told).collect::<Vec<_>>()
    });
    assert_eq!(at_once, later);
}

/// A trial may get cores and lose them while it trains.
#[test]
fn threads_change_nothing() {
    let bench = bench("batch_size = 64");
    let told = |report: EpochReport| [report.train_loss, report.validation_loss, report.score];
    for modules in [
        [("serial", 8), ("prefix", 3)],
        [("parallel", 4), ("lora", 2)],
    ] {
        let configuration = configuration(&modules, &[0, 2]);
        let [one, three] = [1, 3].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            let curve = pool.unwrap().install(|| curve(&bench, &configuration, 1));
            curve.into_iter().map(told).collect::<Vec<_>>()
        });
        assert_eq!(one, three);
    }
}

/// In bf16, as in 32 bits the CPU pads nothing. Groups of like length round otherwise than whole batches, no more: the
/// bound is a twentieth of what another order of the rows makes of these losses.
#[test]
fn length_buckets_change_no_more_than_rounding() {
    let benches = [
        "length_buckets = true\nprecision = \"bf16\"",
        "length_buckets = false\nprecision = \"bf16\"",
    ]
    .map(bench);
    let mixed = configuration(&[("serial", 8), ("prefix", 3), ("lora", 2)], &[1, 3]);
    let parallel = configuration(&[("parallel", 8), ("ia3", 1)], &[0, 2, 3]);
    for (configuration, seed) in [(&mixed, 1), (&mixed, 2), (&parallel, 3), (&parallel, 4)] {
        let [bucketed, whole] = benches.each_ref().map(|b| curve(b, configuration, seed));
        assert_eq!(bucketed.len(), 3);
        let mut differ = false;
        for (bucketed, whole) in bucketed.iter().zip(&whole) {
            for [a, b] in [
                [bucketed.train_loss, whole.train_loss],
                [bucketed.validation_loss, whole.validation_loss],
            ] {
                assert!((a - b).abs() < 1e-3, "{bucketed:?} {whole:?}");
                differ |= a != b;
            }
        }
        assert!(differ, "the rows went through the encoder in the same way");
    }
}

/// After three epochs two orders of the rows differ by 0.02 in their losses; the two formats by a tenth of that.
#[test]
fn bf16_learns_as_f32_does() {
    let (exact, rounded) = (bench("precision = \"f32\""), bench("precision = \"bf16\""));
    let mixed = configuration(&[("serial", 8), ("prefix", 3), ("lora", 2)], &[1, 3]);
    let parallel = configuration(&[("parallel", 8), ("ia3", 1)], &[0, 2, 3]);
    for (configuration, seed) in [(&mixed, 1), (&mixed, 2), (&parallel, 3)] {
        let [exact, rounded] = [&exact, &rounded].map(|bench| curve(bench, configuration, seed));
        for (exact, rounded) in exact.iter().zip(&rounded) {
            for [a, b] in [
                [exact.train_loss, rounded.train_loss],
                [exact.validation_loss, rounded.validation_loss],
            ] {
                assert!(a != b && (a - b).abs() < 5e-3, "{exact:?} {rounded:?}");
            }
        }
    }
}

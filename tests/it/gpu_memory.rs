//! Memory of a GPU, on the driver that computes on the processor: what does not fit is told and survived, and what is
//! foretold is what is taken. Each in a process of its own, as a device keeps one account for all its threads.

use std::path::Path;

use autopeft::domain::{Cause, Configuration, Job, TrialId};
use autopeft::executor::{Executor, ExecutorEvent, LocalExecutor};
use autopeft::hub::{Hub, HubSettings};
use autopeft::model::config::EncoderConfig;
use autopeft::model::device::DeviceChoice;
use autopeft::model::weights::{FileFormat, to_bytes};
use autopeft::model::{Backbone, ModelFiles};
use autopeft::study::{ModelSource, Precision, TrainingSettings};
use autopeft::threads::swallowed;
use autopeft::train::Plan;
use autopeft::train::estimate;

use super::gpu::gpu;
use super::worker::{job, plan};
use crate::support::alone::is_alone;

/// The emulated GPU whose bounds stand here, where this is the process that is to do the test; see [`gpu`].
fn emulated(test: &str) -> Option<DeviceChoice> {
    let (choice, _) = gpu()?;
    let (_, what) = choice.resolve().unwrap();
    if !what.contains("llvmpipe") {
        println!("passed over: {what} has other bounds");
        return None;
    }
    is_alone(&format!("gpu_memory::{test}")).then_some(choice)
}

/// A training in batches of 128 rows of 16 tokens.
fn large_batches(folder: &Path, device: DeviceChoice) -> Plan {
    let mut plan = Plan {
        device,
        ..plan(folder, 0.01, 1)
    };
    plan.training.batch_size = 128;
    plan.dataset.train.extend_from_within(..);
    plan
}

/// A job with this much of a serial adapter in the lower layer.
fn wide(number: u32, width: usize) -> Job {
    Job {
        configuration: Configuration {
            modules: [("serial".to_owned(), width)].into(),
            layers: vec![0],
            ..Configuration::default()
        },
        ..job(number)
    }
}

#[test]
fn a_trial_that_the_device_has_no_room_for_is_infeasible_and_the_next_one_trains() {
    let test = "a_trial_that_the_device_has_no_room_for_is_infeasible_and_the_next_one_trains";
    let Some(emulated) = emulated(test) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let executor = LocalExecutor::start(large_batches(folder.path(), emulated), 1).unwrap();
    // Of such a batch a bottleneck of 65,536 makes 537 MB, and the adapter lets a kernel see 134.
    executor.submit(wide(1, 65_536));
    executor.submit(wide(2, 4));
    let mut ends = Vec::new();
    while ends.len() < 2 {
        match executor.events().recv().unwrap() {
            ExecutorEvent::Infeasible(trial, cause) => ends.push((trial.0, Err(cause))),
            ExecutorEvent::Finished(trial, measured) => {
                ends.push((trial.0, Ok(measured.objectives.score)));
            }
            event @ (ExecutorEvent::Failed(..) | ExecutorEvent::Unavailable { .. }) => {
                panic!("{event:?}")
            }
            other => eprintln!("{other:?}"),
        }
    }
    let [(1, Err(cause)), (2, Ok(score))] = &ends[..] else {
        panic!("{ends:?}");
    };
    assert!(matches!(cause, Cause::OutOfMemory { .. }), "{cause:?}");
    let text = cause.to_string();
    eprintln!("{text}");
    assert!(
        text.starts_with("out of memory: ") && text.lines().count() == 1,
        "{text}"
    );
    assert!(!text.contains("at /") && !text.contains("::"), "{text}");
    assert!(*score >= 0.0, "{score}");
}

/// Has the system give this process so many further bytes.
fn limit(further_bytes: u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let taken = status.lines().find_map(|line| line.strip_prefix("VmSize:"));
    let kilobytes = taken.unwrap().trim().trim_end_matches(" kB");
    let limit = kilobytes.parse::<u64>().unwrap() * 1024 + further_bytes;
    let limit = libc::rlimit {
        rlim_cur: limit,
        rlim_max: libc::RLIM_INFINITY,
    };
    // SAFETY: it reads the structure that it is given, which outlives the call.
    assert_eq!(
        unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const limit) },
        0
    );
}

#[test]
fn what_the_library_loses_for_want_of_memory_is_no_result() {
    let test = "what_the_library_loses_for_want_of_memory_is_no_result";
    let Some(emulated) = emulated(test) else {
        return;
    };
    swallowed::note();
    let folder = tempfile::tempdir().unwrap();
    let executor = LocalExecutor::start(large_batches(folder.path(), emulated), 1).unwrap();
    executor.submit(wide(1, 4));
    let next = || loop {
        match executor.events().recv().unwrap() {
            ExecutorEvent::Infeasible(trial, cause) => break (trial.0, Err(cause)),
            ExecutorEvent::Finished(trial, measured) => {
                break (trial.0, Ok(measured.objectives.score));
            }
            // The rest is foretold, and refused before; this is what nobody foretells.
            ExecutorEvent::Started(trial) if trial.0 == 2 => limit(80 << 20),
            event @ (ExecutorEvent::Failed(..) | ExecutorEvent::Unavailable { .. }) => {
                panic!("{event:?}")
            }
            other => eprintln!("{other:?}"),
        }
    };
    let (1, Ok(score)) = next() else {
        panic!("it fits");
    };
    // Of such a batch a bottleneck of 12,288 makes buffers of 100 MB, each of which the adapter takes.
    executor.submit(wide(2, 12_288));
    let (2, Err(cause)) = next() else {
        panic!("a limit was set");
    };
    eprintln!("{cause}");
    assert!(cause.to_string().contains("wgpu error: Out of Memory"));
    // The same again as the first, of which no number may be another.
    executor.submit(Job {
        trial: TrialId(3),
        ..wide(1, 4)
    });
    assert_eq!(next(), (3, Ok(score)));
}

#[test]
fn what_a_device_takes_is_foretold() {
    let Some(emulated) = emulated("what_a_device_takes_is_foretold") else {
        return;
    };
    let (device, _) = emulated.resolve().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let training = plan(folder.path(), 0.01, 1).training;
    let text = r#"{"model_type": "bert", "vocab_size": 13, "hidden_size": 64, "num_hidden_layers": 3,
        "num_attention_heads": 4, "intermediate_size": 256, "max_position_embeddings": 128, "type_vocab_size": 2,
        "pad_token_id": 0, "layer_norm_eps": 1e-12, "hidden_act": "gelu", "initializer_range": 0.2}"#;
    let config = EncoderConfig::from_json(text, "config.json").unwrap();
    let weights = to_bytes(&Backbone::random(&config, 3), FileFormat::F32).unwrap();
    std::fs::write(folder.path().join("config.json"), text).unwrap();
    std::fs::write(folder.path().join("model.safetensors"), weights).unwrap();
    let hub = Hub::new(HubSettings::from_variables(|_| None));
    let source = ModelSource::Folder(folder.path().to_owned());
    let files = ModelFiles::open(&source, &hub, &mut |_| ()).unwrap();
    let backbone = files.backbone(&device, Precision::F32).unwrap();
    let configuration = Configuration {
        modules: [("serial".to_owned(), 16)].into(),
        layers: vec![0, 1, 2],
        ..Configuration::default()
    };
    for tokens in [32, 96] {
        let training = TrainingSettings {
            batch_size: 32,
            ..training.clone()
        };
        device.memory_cleanup();
        let reserved = || device.memory_pool_usage().unwrap().bytes_reserved;
        let before = reserved();
        estimate::speed(&backbone, &configuration, &training, tokens).unwrap();
        let taken = (reserved() - before) as f64;
        let foretold = estimate::beside_backbone(&config, &configuration, &training, 2, tokens);
        let ratio = foretold.unwrap() as f64 / taken;
        eprintln!("{tokens} tokens: {taken} bytes, foretold {ratio:.2} times as many");
        // Never less than what the pools take, which depends on the kernels that were chosen.
        assert!((1.0..2.5).contains(&ratio), "{tokens} tokens: {ratio}");
    }
}

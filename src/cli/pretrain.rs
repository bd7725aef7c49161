//! `pretrain`: makes the small encoder inside the program anew.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;
use autopeft::train::pretrain::{PretrainSettings, pretrain as run};
use clap::Args;

use super::exit::Done;
use super::output;

/// See [`Command::Pretrain`](super::args::Command::Pretrain).
#[derive(Args, Debug)]
pub(crate) struct PretrainArguments {
    /// Folder to write config.json, tokenizer.json and model.safetensors to
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Training steps
    #[arg(long, value_name = "N", default_value_t = PretrainSettings::default().steps, value_parser = clap::value_parser!(u64).range(1..))]
    steps: u64,
    /// Seed of the initial weights, the corpus and the masks
    #[arg(long, value_name = "N", default_value_t = PretrainSettings::default().seed)]
    seed: u64,
}

/// Pretrains and says how it goes.
pub(crate) fn pretrain(arguments: &PretrainArguments) -> Result<Done> {
    let settings = PretrainSettings {
        steps: arguments.steps,
        seed: arguments.seed,
        ..PretrainSettings::default()
    };
    let begun = Instant::now();
    run(&settings, &arguments.out, &mut |progress| {
        let line = format!(
            "step {}/{}  hidden words {:.3}  changed words {:.3}  entailment {:.3}  {:.0} s",
            progress.step,
            settings.steps,
            progress.hidden_loss,
            progress.judged_loss,
            progress.entailment_loss,
            begun.elapsed().as_secs_f64(),
        );
        // Who no longer listens still wants the files.
        let _ = writeln!(output::out(), "{line}");
    })?;
    Ok(Done::Complete)
}

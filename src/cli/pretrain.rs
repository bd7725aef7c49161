//! `pretrain`: makes the embedded encoder anew.

use std::io::{self, Write};
use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use autopeft::model::device::DeviceChoice;
use autopeft::train::pretrain::{PretrainSettings, pretrain as train, write};

use super::exit::Done;

/// Steps between two lines.
const EVERY: u64 = 100;

/// Pretrains, telling how it goes, and writes the encoder.
pub(crate) fn pretrain(out: &Path, steps: u64, seed: u64, device: DeviceChoice) -> Result<Done> {
    let (device, _) = device.resolve()?;
    let settings = PretrainSettings { seed, steps, batch_size: 64, learning_rate: 1e-3 };
    let begun = Instant::now();
    let tensors = train(&settings, &device, EVERY, &mut |report| {
        // Whoever closed the pipe still gets the files.
        let _ = writeln!(
            io::stdout(),
            "step {} of {steps}: words loss {:.3}, pairs right {:.3} ({:.0} s)",
            report.step,
            report.words_loss,
            report.pairs_accuracy,
            begun.elapsed().as_secs_f64()
        );
    })?;
    write(out, &tensors)?;
    writeln!(io::stdout(), "written to {}", out.display())?;
    Ok(Done::Complete)
}

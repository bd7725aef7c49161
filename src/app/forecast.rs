//! How long a study will take and how much memory, told before it begins.

use std::fmt;

use super::launch::Resolved;
use crate::domain::Configuration;
use crate::memory::Bounds;
use crate::model::device;
use crate::model::tensor::Device;
use crate::model::{AdaptedSettings, trained_parameters};
use crate::train::TrainError;
use crate::train::estimate::{memory_bytes, speed};
use crate::visible::Lines;

/// What the largest configuration of a study takes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Forecast {
    /// Of one epoch, its measurement included.
    epoch_seconds: f64,
    epochs: u32,
    /// Whether kernels are compiled and chosen as shapes are met, which nobody foretells.
    compiles: bool,
    memory_bytes: u64,
    /// Of the smallest configuration.
    least_bytes: u64,
    /// What there is, and what limits it, where that is known.
    bounds: Option<Bounds>,
}

impl Forecast {
    /// Times a few steps of the study's largest configuration. `lengths` are those of some training rows, in tokens.
    ///
    /// # Errors
    /// The model cannot be loaded, or the configuration does not fit it.
    pub(super) fn of(
        resolved: &Resolved,
        device: &Device,
        lengths: &[usize],
    ) -> Result<Self, TrainError> {
        let study = &resolved.study;
        let training = &study.training;
        let cut = |length: usize| match training.pad_to_max_length {
            true => training.max_length,
            false => length.min(training.max_length),
        };
        let sum: usize = lengths.iter().map(|&length| cut(length)).sum();
        let mean = sum as f64 / lengths.len().max(1) as f64;
        let longest = lengths.iter().map(|&length| cut(length)).max();
        let shape = [training.batch_size, longest.unwrap_or(1)];

        let backbone = resolved.files.backbone(device, training.precision)?;
        let largest = resolved.space.largest();
        let tokens = (mean.ceil() as usize).max(1);
        let speed = speed(&backbone, &largest, training, tokens)?;
        let data = &resolved.dataset;
        let rows = data.train.len() as f64 * study.fidelity.data_share;
        let measured = data.validation.len() as f64;
        let batches = |rows: f64, size: usize| (rows / size as f64).ceil();
        let settings = AdaptedSettings {
            outputs: data.labels.outputs(),
            prefix_bottleneck: Some(training.prefix_bottleneck),
            ..AdaptedSettings::default()
        };
        let number = backbone.dtype().size() as u64;
        let needed = |configuration: &Configuration| {
            let trained = trained_parameters(&resolved.encoder, configuration, &settings)?;
            let encoder = &resolved.encoder;
            Ok::<_, TrainError>(memory_bytes(encoder, configuration, trained, shape, number))
        };
        Ok(Self {
            epoch_seconds: speed
                .step
                .of(batches(rows, training.batch_size), mean * rows)
                + speed.evaluation.of(
                    batches(measured, training.evaluation_batch_size),
                    mean * measured,
                ),
            epochs: study.fidelity.epochs.unwrap_or(training.epochs),
            compiles: !backbone.ops().computes_at_once(),
            memory_bytes: needed(&largest)?,
            least_bytes: needed(&resolved.space.smallest())?,
            bounds: device::store(device).bounds(),
        })
    }

    /// Bytes that the smallest configuration takes, bytes that there are in all and what limits them, where those are
    /// fewer: nothing can be trained then.
    pub(super) fn shortage(&self) -> Option<(u64, u64, Option<String>)> {
        let bounds = self.bounds.as_ref()?;
        let whole = bounds.room.whole_bytes;
        (whole < self.least_bytes).then(|| (self.least_bytes, whole, bounds.whole.clone()))
    }

    /// The lines of an overview.
    pub(super) fn write(&self, f: &mut Lines<impl fmt::Write>, trials: usize) -> fmt::Result {
        let trial = self.epoch_seconds * f64::from(self.epochs);
        writeln!(
            f,
            "time        at most {} a trial ({} an epoch), {} for {trials} trials",
            duration(trial),
            duration(self.epoch_seconds),
            duration(trial * trials as f64)
        )?;
        if self.compiles {
            writeln!(
                f,
                "            and what compiling and choosing kernels takes, in the first steps above all"
            )?;
        }
        let gigabytes = |bytes: u64| bytes as f64 / 1e9;
        write!(
            f,
            "memory      at most {:.1} GB",
            gigabytes(self.memory_bytes)
        )?;
        let Some(Bounds { room, whole, free }) = &self.bounds else {
            return writeln!(f, "; how much this device has is not known");
        };
        let [most, left] = [room.whole_bytes, room.free_bytes].map(gigabytes);
        writeln!(f, " of {most:.1} GB, {left:.1} GB of which are free")?;
        if let Some(name) = whole {
            writeln!(f, "            {most:.1} GB are the limit {name}")?;
        }
        if let Some(name) = free.as_ref().filter(|_| free != whole) {
            writeln!(f, "            {left:.1} GB are free by the limit {name}")?;
        }
        if self.memory_bytes > room.whole_bytes {
            writeln!(
                f,
                "warning     the largest configurations do not fit, and are not proposed; lower \
                 `training.batch_size` or `max_length`, or name smaller `space.sizes`"
            )?;
        } else if self.memory_bytes > room.free_bytes {
            writeln!(
                f,
                "warning     the largest configurations do not fit beside what else runs now: they wait until they do"
            )?;
        }
        Ok(())
    }
}

/// Seconds in the unit that people would choose.
fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 99.5 => format!("{s:.0} s"),
        s if s < 99.5 * 60.0 => format!("{:.0} min", s / 60.0),
        s if s < 72.0 * 3600.0 => format!("{:.1} h", s / 3600.0),
        s => format!("{:.1} days", s / 86_400.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Room;

    struct Told<'a>(&'a Forecast, usize);

    impl fmt::Display for Told<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.write(&mut super::Lines(f), self.1)
        }
    }

    fn lines(forecast: &Forecast) -> String {
        Told(forecast, 60).to_string()
    }

    #[test]
    fn says_what_will_not_fit() {
        let of = |whole_bytes, free_bytes| {
            Some(Bounds {
                room: Room {
                    whole_bytes,
                    free_bytes,
                },
                whole: None,
                free: None,
            })
        };
        let mut forecast = Forecast {
            epoch_seconds: 12.0,
            epochs: 10,
            compiles: false,
            memory_bytes: 2_500_000_000,
            least_bytes: 1_500_000_000,
            bounds: of(16_000_000_000, 8_000_000_000),
        };
        assert_eq!(
            lines(&forecast),
            "time        at most 2 min a trial (12 s an epoch), 2.0 h for 60 trials\n\
             memory      at most 2.5 GB of 16.0 GB, 8.0 GB of which are free\n"
        );
        forecast.compiles = true;
        assert_eq!(
            lines(&forecast).lines().nth(1),
            Some(
                "            and what compiling and choosing kernels takes, in the first steps above all"
            )
        );
        forecast.bounds = of(16_000_000_000, 2_000_000_000);
        let text = lines(&forecast);
        assert!(text.contains("wait until they do"), "{text}");
        forecast.bounds = of(2_400_000_000, 2_000_000_000);
        let text = lines(&forecast);
        assert!(text.contains("batch_size"), "{text}");
        assert_eq!(forecast.shortage(), None);
        forecast.bounds = of(1_000_000_000, 1_000_000_000);
        let shortage = Some((1_500_000_000, 1_000_000_000, None));
        assert_eq!(forecast.shortage(), shortage);
        let named = |name: &str| Some(name.to_owned());
        if let Some(bounds) = &mut forecast.bounds {
            bounds.whole = named("`ulimit -v`");
            bounds.free = named("memory.max of control group /job");
        }
        let text = lines(&forecast);
        let (_, limits) = text.split_once("are free\n").unwrap_or_default();
        assert!(
            limits.starts_with(
                "            1.0 GB are the limit `ulimit -v`\n            1.0 GB are free by the limit memory.max of control group /job\n"
            ),
            "{text}"
        );
        assert_eq!(duration(4.0 * 86_400.0), "4.0 days");
    }
}

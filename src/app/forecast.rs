//! How long a study will take and how much memory, told before it begins.

use std::fmt;

use super::launch::Resolved;
use crate::domain::Configuration;
use crate::memory::{self, Room};
use crate::model::tensor::Device;
use crate::model::{AdaptedSettings, trained_parameters};
use crate::train::TrainError;
use crate::train::estimate::{memory_bytes, speed};

/// What the largest configuration of a study takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Forecast {
    /// Of one epoch, its measurement included.
    epoch_seconds: f64,
    epochs: u32,
    memory_bytes: u64,
    /// Of the smallest configuration.
    least_bytes: u64,
    /// What there is, where that is known.
    room: Option<Room>,
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
            epoch_seconds: mean * rows * speed.step_seconds
                + mean * data.validation.len() as f64 * speed.evaluation_seconds,
            epochs: study.fidelity.epochs.unwrap_or(training.epochs),
            memory_bytes: needed(&largest)?,
            least_bytes: needed(&resolved.space.smallest())?,
            room: memory::room().filter(|_| device.clone().without_autodiff() == Device::flex()),
        })
    }

    /// Bytes that the smallest configuration takes, and bytes that there are in all, where those are fewer: nothing can
    /// be trained then.
    pub(super) fn shortage(&self) -> Option<(u64, u64)> {
        let whole = self.room?.whole_bytes;
        (whole < self.least_bytes).then_some((self.least_bytes, whole))
    }

    /// The lines of an overview.
    pub(super) fn write(&self, f: &mut fmt::Formatter<'_>, trials: usize) -> fmt::Result {
        let trial = self.epoch_seconds * f64::from(self.epochs);
        writeln!(
            f,
            "time        at most {} a trial ({} an epoch), {} for {trials} trials",
            duration(trial),
            duration(self.epoch_seconds),
            duration(trial * trials as f64)
        )?;
        let gigabytes = |bytes: u64| bytes as f64 / 1e9;
        write!(
            f,
            "memory      at most {:.1} GB",
            gigabytes(self.memory_bytes)
        )?;
        let Some(room) = self.room else {
            return writeln!(f);
        };
        let [whole, free] = [room.whole_bytes, room.free_bytes].map(gigabytes);
        writeln!(f, " of {whole:.1} GB, {free:.1} GB of which are free")?;
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

    struct Lines(Forecast, usize);

    impl fmt::Display for Lines {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.write(f, self.1)
        }
    }

    #[test]
    fn says_what_will_not_fit() {
        let mut forecast = Forecast {
            epoch_seconds: 12.0,
            epochs: 10,
            memory_bytes: 2_500_000_000,
            least_bytes: 1_500_000_000,
            room: Some(Room {
                whole_bytes: 16_000_000_000,
                free_bytes: 8_000_000_000,
            }),
        };
        assert_eq!(
            Lines(forecast, 60).to_string(),
            "time        at most 2 min a trial (12 s an epoch), 2.0 h for 60 trials\n\
             memory      at most 2.5 GB of 16.0 GB, 8.0 GB of which are free\n"
        );
        let of = |whole_bytes, free_bytes| Room {
            whole_bytes,
            free_bytes,
        };
        forecast.room = Some(of(16_000_000_000, 2_000_000_000));
        let text = Lines(forecast, 60).to_string();
        assert!(text.contains("wait until they do"), "{text}");
        forecast.room = Some(of(2_400_000_000, 2_000_000_000));
        let text = Lines(forecast, 60).to_string();
        assert!(text.contains("batch_size"), "{text}");
        assert_eq!(forecast.shortage(), None);
        forecast.room = Some(of(1_000_000_000, 1_000_000_000));
        assert_eq!(forecast.shortage(), Some((1_500_000_000, 1_000_000_000)));
        assert_eq!(duration(4.0 * 86_400.0), "4.0 days");
    }
}

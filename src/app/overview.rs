//! What a study is about to do, for people: device, model, data, space, and what it will take.

use std::fmt;
use std::path::PathBuf;

use super::forecast::Forecast;
use super::launch::{LaunchError, Options, Resolved, run_folder};
use super::recorded::RecordedError;
use super::{ReplayError, State};
use crate::domain::PeftSpace;
use crate::journal::JournalError;
use crate::model::config::EncoderConfig;
use crate::study::Study;
use crate::task::{Dataset, Labels, Resolution};
use crate::train::TrainError;
use crate::train::rows::Examined;
use crate::visible::Lines;

/// Everything that a study was resolved to.
pub struct Overview<'a> {
    study: &'a Study,
    device: String,
    origin: &'a str,
    encoder: &'a EncoderConfig,
    dataset: &'a Dataset,
    /// None where rows cannot be read.
    tokens: Option<Tokens>,
    /// Or why there is none: the study cannot run.
    forecast: Result<Forecast, OverviewError>,
    remarks: Vec<String>,
    space: &'a PeftSpace,
    folder: PathBuf,
    progress: String,
    /// Mean of the trials that are finished.
    seconds_per_trial: Option<f64>,
}

/// Why there is no overview, or why the study cannot run.
#[derive(Debug, thiserror::Error)]
pub enum OverviewError {
    /// The device cannot be used.
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// Rows or weights cannot be used.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// Nothing fits.
    #[error(
        "no configuration fits: training the smallest needs about {} MB, and there is room for {} MB{}; lower `training.batch_size` or `training.max_length`, or give the program more memory",
        needed / 1_000_000, room / 1_000_000, limit.as_ref().map_or(String::new(), |name| format!(" (the limit {name})"))
    )]
    Memory {
        /// Bytes that the smallest configuration takes.
        needed: u64,
        /// Bytes that there are in all.
        room: u64,
        /// What limits them; none: the machine has no more.
        limit: Option<String>,
    },
    /// There is a journal, and it cannot be used.
    #[error(transparent)]
    Recorded(#[from] RecordedError),
}

/// Lengths of the training rows in tokens, special ones included, before any cut.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Tokens {
    median: usize,
    percentile_95: usize,
    longest: usize,
    /// Share of rows that are longer than the study's maximum.
    cut_share: f64,
}

impl Tokens {
    /// None where there is no row.
    fn of(mut lengths: Vec<usize>, max_length: usize) -> Option<Self> {
        lengths.sort_unstable();
        let longest = *lengths.last()?;
        let at = |share: usize| lengths[(lengths.len() - 1) * share / 100];
        let cut = lengths
            .iter()
            .filter(|length| **length > max_length)
            .count();
        Some(Self {
            median: at(50),
            percentile_95: at(95),
            longest,
            cut_share: cut as f64 / lengths.len() as f64,
        })
    }
}

impl<'a> Overview<'a> {
    /// Of a resolved study.
    ///
    /// # Errors
    /// Where the device, the tokenizer or the journal of an earlier run cannot be used.
    pub fn of(resolved: &'a Resolved, options: &Options) -> Result<Self, OverviewError> {
        let (on, device) = options.device.resolve().map_err(LaunchError::from)?;
        let study = &resolved.study;
        let (tokens, remarks, forecast) = match resolved.examine() {
            Ok(Examined {
                lengths, remarks, ..
            }) => {
                let forecast = Forecast::of(resolved, &on, &lengths).map_err(OverviewError::from);
                let tokens = Tokens::of(lengths, study.training.max_length);
                (tokens, remarks, forecast)
            }
            Err(error) => (None, Vec::new(), Err(TrainError::from(error).into())),
        };
        let folder = run_folder(&options.runs, study);
        let mut seconds_per_trial = None;
        let progress = match State::recorded(&folder) {
            Ok(state) => {
                let measured = state.trials.iter().filter_map(|trial| trial.measurement);
                let seconds: Vec<f64> = measured.map(|m| m.wall_seconds).collect();
                let mean = seconds.iter().sum::<f64>() / seconds.len() as f64;
                seconds_per_trial = (!seconds.is_empty()).then_some(mean);
                let over = state.trials.iter().filter(|trial| trial.state.is_over());
                format!("{} trials are over already", over.count())
            }
            Err(
                RecordedError::Journal(JournalError::Missing { .. })
                | RecordedError::Replay {
                    source: ReplayError::Empty,
                    ..
                },
            ) => "not begun".to_owned(),
            Err(error) => return Err(error.into()),
        };
        Ok(Self {
            study,
            device,
            origin: &resolved.files.origin,
            encoder: &resolved.encoder,
            dataset: &resolved.dataset,
            tokens,
            forecast,
            remarks,
            space: &resolved.space,
            folder,
            progress,
            seconds_per_trial,
        })
    }

    /// Whether the study can run, as far as can be told without a training.
    ///
    /// # Errors
    /// What would end it.
    pub fn verdict(self) -> Result<(), OverviewError> {
        match self.forecast?.shortage() {
            Some((needed, room, limit)) => Err(OverviewError::Memory {
                needed,
                room,
                limit,
            }),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Overview<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let f = &mut Lines(f);
        let Study {
            name,
            seed,
            search,
            training,
            fidelity,
            ..
        } = self.study;
        let (trials, initial) = (search.trials, search.initial_trials.min(search.trials));
        writeln!(
            f,
            "study       {} (seed {seed}): {trials} trials, {initial} of them random",
            name.as_str()
        )?;
        writeln!(
            f,
            "run         {}: {}",
            self.folder.display(),
            self.progress
        )?;
        writeln!(f, "device      {}", self.device)?;
        let encoder = self.encoder;
        writeln!(f, "model       {}", self.origin)?;
        writeln!(
            f,
            "            {}, {} layers, hidden size {}, {} parameters",
            encoder.architecture.name(),
            encoder.layers,
            encoder.hidden,
            grouped(encoder.backbone_parameters())
        )?;
        let data = self.dataset;
        let rows = |rows: &Vec<_>| grouped(rows.len() as u64);
        writeln!(
            f,
            "task        {}, measured by {}",
            data.task,
            data.score_name()
        )?;
        match &data.labels {
            Labels::Classes(names) => {
                writeln!(f, "            classes: {}", names.join(", "))?;
            }
            Labels::Regression => writeln!(f, "            a number is predicted")?,
        }
        writeln!(
            f,
            "rows        {} to train on, {} to measure on, {} kept apart for a test",
            rows(&data.train),
            rows(&data.validation),
            rows(&data.test)
        )?;
        writeln!(
            f,
            "            scores are of {}",
            self.study.task.validation
        )?;
        self.write_resolution(f)?;
        if let Some(tokens) = self.tokens {
            writeln!(
                f,
                "tokens      median {}, 95 % up to {}, longest {}; max_length {} cuts {:.1} % of the rows",
                tokens.median,
                tokens.percentile_95,
                tokens.longest,
                training.max_length,
                100.0 * tokens.cut_share
            )?;
        }
        let epochs = fidelity.epochs.unwrap_or(training.epochs);
        writeln!(
            f,
            "training    {epochs} {} at most, {} % of the rows, batches of {}, learning rate {}",
            if epochs == 1 { "epoch" } else { "epochs" },
            100.0 * fidelity.data_share,
            training.batch_size,
            training.learning_rate
        )?;
        let rungs = &self.study.rungs;
        if !rungs.epochs.is_empty() {
            let epochs: Vec<String> = rungs.epochs.iter().map(ToString::to_string).collect();
            writeln!(
                f,
                "rungs       after epochs {}, about one trial of {} goes on",
                epochs.join(", "),
                rungs.reduction_factor
            )?;
        }
        self.write_cost(f)?;
        self.write_space(f)?;
        if let Ok(forecast) = &self.forecast {
            forecast.write(f, trials)?;
        }
        for warning in data.warnings.iter().chain(&self.remarks) {
            writeln!(f, "warning     {warning}")?;
        }
        Ok(())
    }
}

impl Overview<'_> {
    /// Steps, which can be told beforehand; seconds only once trials were trained.
    fn write_cost(&self, f: &mut Lines<impl fmt::Write>) -> fmt::Result {
        let (search, training, fidelity) = (
            &self.study.search,
            &self.study.training,
            &self.study.fidelity,
        );
        let rows = (self.dataset.train.len() as f64 * fidelity.data_share).ceil() as usize;
        let epochs = fidelity.epochs.unwrap_or(training.epochs) as usize;
        let steps = (rows.div_ceil(training.batch_size) * epochs) as u64;
        writeln!(
            f,
            "cost        at most {} steps a trial, {} in all",
            grouped(steps),
            grouped(steps * search.trials as u64)
        )?;
        match self.seconds_per_trial {
            None => Ok(()),
            Some(seconds) => writeln!(
                f,
                "            {seconds:.1} s a trial so far; {:.1} h for all",
                seconds * search.trials as f64 / 3600.0
            ),
        }
    }

    /// What the rows measured on can tell apart.
    fn write_resolution(&self, f: &mut Lines<impl fmt::Write>) -> fmt::Result {
        let data = self.dataset;
        let parts = [("measure", &data.validation), ("test", &data.test)];
        for (name, rows) in parts.into_iter().filter(|(_, rows)| !rows.is_empty()) {
            let resolution = Resolution::of(rows, &data.labels, data.scoring());
            writeln!(f, "{name:<12}{resolution}")?;
            if let Some((class, score)) = resolution.baseline() {
                writeln!(f, "            always saying `{class}` scores {score:.4}")?;
            }
        }
        Ok(())
    }

    fn write_space(&self, f: &mut Lines<impl fmt::Write>) -> fmt::Result {
        let points = self.space.space();
        writeln!(
            f,
            "space       {} configurations, {} of them valid, in {} dimensions",
            grouped(points.size() as u64),
            grouped(points.valid_size() as u64),
            points.dimensions.len()
        )?;
        for axis in &self.space.modules {
            let sizes: Vec<String> = axis.sizes.iter().map(ToString::to_string).collect();
            writeln!(f, "            {} of size {}", axis.name, sizes.join(", "))?;
        }
        let rates: Vec<String> = (self.space.learning_rates.iter())
            .map(ToString::to_string)
            .collect();
        if !rates.is_empty() {
            writeln!(f, "            learning rate {}", rates.join(", "))?;
        }
        let layers: Vec<String> = self
            .space
            .candidate_layers
            .iter()
            .map(ToString::to_string)
            .collect();
        let how = if self.space.choose_layers {
            "switched by the search"
        } else {
            "always on"
        };
        writeln!(f, "            layers {}, {how}", layers.join(", "))?;
        let (fewest, most) = self.space.parameter_range();
        let share = |count: u64| {
            let percent = 100.0 * count as f64 / self.space.backbone_parameters as f64;
            format!("{} ({} %)", grouped(count), three_digits(percent))
        };
        match fewest == most {
            true => writeln!(f, "parameters  {} of the model", share(most)),
            false => writeln!(
                f,
                "parameters  {} to {} of the model",
                share(fewest),
                share(most)
            ),
        }
    }
}

/// A positive number with three significant digits, or its whole part where that has more.
fn three_digits(value: f64) -> String {
    let magnitude = value.log10().floor() as i32;
    let decimals = (2 - magnitude).clamp(0, 12) as usize;
    format!("{value:.decimals$}")
}

/// `5,451,776`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped_by_three() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(5_451_776), "5,451,776");
        assert_eq!(grouped(109_482_240), "109,482,240");
    }

    #[test]
    fn shares_have_three_significant_digits() {
        let texts = [0.001_403, 0.056_1, 1.95, 38.79, 212.4].map(three_digits);
        assert_eq!(texts, ["0.00140", "0.0561", "1.95", "38.8", "212"]);
    }

    #[test]
    fn token_lengths_are_told_by_rank() {
        let tokens = Tokens::of((1..=101).rev().collect(), 91);
        let expected = Tokens {
            median: 51,
            percentile_95: 96,
            longest: 101,
            cut_share: 10.0 / 101.0,
        };
        assert_eq!(tokens, Some(expected));
        assert_eq!(Tokens::of(Vec::new(), 91), None);
    }
}

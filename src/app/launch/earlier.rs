//! What earlier studies measured, taken into a study that begins: their configurations as its space writes them.
//!
//! A configuration is carried as `transfer` carries it (layers at the same depth, bottlenecks at the same share of the
//! width), and then each size and learning rate becomes the nearest of the new space's on a logarithmic scale. What lies
//! farther from all of them than [`FARTHEST`], or has a module or layers that the new space has not, stays behind.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::LaunchError;
use crate::app::{CarriedOver, State};
use crate::domain::{Configuration, LearningRate, PeftSpace, TrialState};
use crate::evaluation::{Shape, transferred};
use crate::journal::Record;

/// The largest quotient of a size, or of a learning rate, and the one that stands for it: less than half the way between
/// two that are a factor of 2.2 apart.
const FARTHEST: f64 = 1.5;

/// The records that carry over what the studies in these run folders measured; `rate` is the learning rate of a study
/// that does not choose it.
///
/// # Errors
/// A journal cannot be read, or nothing can be learnt from it in this space.
pub(super) fn records(
    folders: &[PathBuf],
    space: &PeftSpace,
    rate: f64,
) -> Result<Vec<Record>, LaunchError> {
    let mut records: Vec<Record> = Vec::new();
    for folder in folders {
        let state = State::recorded(folder)?;
        let measured = measured(&state);
        let placing = Placing::new(&state, space, rate);
        let scored = measured
            .iter()
            .filter_map(|(configuration, score)| Some((placing.of(configuration)?, *score)));
        let scored: Vec<(Configuration, f64)> = scored.collect();
        if scored.iter().all(|(_, score)| *score == scored[0].1) {
            let modules = |space: &PeftSpace| {
                let names: Vec<&str> = space
                    .modules
                    .iter()
                    .map(|axis| axis.name.as_str())
                    .collect();
                names.join(", ")
            };
            return Err(LaunchError::NothingCarriedOver {
                folder: folder.clone(),
                measured: measured.len(),
                placed: scored.len(),
                there: modules(&state.study.space),
                here: modules(space),
            });
        }
        let study = name(folder);
        let is_same = |record: &Record| matches!(record, Record::EarlierCarriedOver { study: other, .. } if *other == study);
        if records.iter().any(is_same) {
            return Err(LaunchError::EarlierTwice { study });
        }
        records.push(Record::EarlierCarriedOver { study, scored });
    }
    Ok(records)
}

/// Holds the run folders that were asked for against what a study was begun with; none asked for is no change.
///
/// # Errors
/// It was begun with others.
pub(super) fn hold(
    folders: &[PathBuf],
    begun_with: &[CarriedOver],
    run: &Path,
) -> Result<(), LaunchError> {
    let asked: Vec<String> = folders.iter().map(|folder| name(folder)).collect();
    let known: Vec<String> = begun_with
        .iter()
        .map(|carried| carried.study.clone())
        .collect();
    if asked.is_empty() || asked == known {
        return Ok(());
    }
    Err(LaunchError::OtherEarlier {
        asked: asked.join(", "),
        begun_with: match known.is_empty() {
            true => "none".to_owned(),
            false => known.join(", "),
        },
        folder: run.to_owned(),
    })
}

/// A run's folder has the name of its study.
fn name(folder: &Path) -> String {
    // A study may go on when an earlier one's folder is gone.
    let resolved = folder.canonicalize();
    let absolute = resolved.or_else(|_| std::path::absolute(folder));
    let absolute = absolute.as_deref().unwrap_or(folder);
    absolute
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// The scores of a study's trials; one whose training diverged has the worst.
fn measured(state: &State) -> Vec<(&Configuration, f64)> {
    let finished = state.in_state(TrialState::Finished).filter_map(|trial| {
        let score = trial.measurement?.objectives.score;
        score.is_finite().then_some((&trial.configuration, score))
    });
    let mut measured: Vec<(&Configuration, f64)> = finished.collect();
    if let Some(worst) = measured
        .iter()
        .map(|(_, score)| *score)
        .min_by(f64::total_cmp)
    {
        let infeasible = state.in_state(TrialState::Infeasible);
        let diverged = infeasible.filter(|trial| trial.has_diverged());
        measured.extend(diverged.map(|trial| (&trial.configuration, worst)));
    }
    measured
}

/// From an earlier study's space to a new one's.
struct Placing<'a> {
    from: &'a PeftSpace,
    to: &'a PeftSpace,
    /// The learning rate of the earlier study's trials that name none, as its journal has it.
    from_rate: Option<f64>,
    /// That of the new study's.
    to_rate: f64,
}

impl<'a> Placing<'a> {
    fn new(state: &'a State, to: &'a PeftSpace, to_rate: f64) -> Self {
        Self {
            from: &state.study.space,
            to,
            from_rate: state.study.settings["training"]["learning_rate"].as_f64(),
            to_rate,
        }
    }

    /// The configuration as the new space has it; none where it has none like it.
    fn of(&self, configuration: &Configuration) -> Option<Configuration> {
        let carried = transferred(configuration, shape(self.from), shape(self.to));
        let axes = &self.to.modules;
        let is_known = |name: &String| axes.iter().any(|axis| axis.name == *name);
        if !carried
            .modules
            .iter()
            .all(|(name, size)| *size == 0 || is_known(name))
        {
            return None;
        }
        let sizes = axes.iter().map(|axis| {
            let size = nearest(
                &axis.sizes,
                |size| *size as f64,
                carried.size_of(&axis.name) as f64,
            )?;
            Some((axis.name.clone(), size))
        });
        let placed = Configuration {
            modules: sizes.collect::<Option<BTreeMap<String, usize>>>()?,
            layers: carried.layers,
            learning_rate: self.rate(configuration.learning_rate)?,
        };
        self.to.admit(&placed).ok()
    }

    /// The learning rate there; none where there is none like it.
    fn rate(&self, chosen: Option<LearningRate>) -> Option<Option<LearningRate>> {
        let rates = &self.to.learning_rates;
        match (rates.is_empty(), chosen) {
            // A study's own rate is part of its training, as the data are.
            (true, None) => Some(None),
            (true, Some(chosen)) => is_near(chosen.value(), self.to_rate).then_some(None),
            (false, chosen) => {
                let rate = chosen.map(LearningRate::value).or(self.from_rate)?;
                nearest(rates, |rate| rate.value(), rate).map(Some)
            }
        }
    }
}

/// What transfers rest on: two weights of a bottleneck's unit belong to each number of a hidden state.
fn shape(space: &PeftSpace) -> Shape {
    let mut axes = space.modules.iter();
    let bottleneck = axes.find(|axis| ["serial", "parallel"].contains(&axis.name.as_str()));
    let weights = bottleneck.map_or(0, |axis| axis.weights_per_unit);
    Shape {
        layers: space.layers.max(1),
        hidden: (weights / 2).max(1) as usize,
    }
}

/// The choice whose number is nearest, where it is near; of 0 only 0.
fn nearest<T: Copy>(choices: &[T], number: impl Fn(&T) -> f64, wanted: f64) -> Option<T> {
    let near = choices
        .iter()
        .filter(|choice| is_near(number(choice), wanted));
    let distance = |choice: &&T| (number(choice) / wanted).ln().abs();
    near.min_by(|a, b| distance(a).total_cmp(&distance(b)))
        .copied()
}

fn is_near(one: f64, other: f64) -> bool {
    one == other || (one.max(other) <= FARTHEST * one.min(other) && one.min(other) > 0.0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]

    use super::*;
    use crate::app::StudyFacts;
    use crate::domain::{Measurement, ModuleAxis, Objectives, Origin, ReferenceRule, TrialId};
    use crate::journal::{FORMAT_VERSION, Journal};

    fn space(modules: &[(&str, &[usize])], layers: usize, hidden: u64) -> PeftSpace {
        let axis = |(name, sizes): &(&str, &[usize])| ModuleAxis {
            name: (*name).to_owned(),
            sizes: sizes.to_vec(),
            weights_per_unit: 2 * hidden,
        };
        PeftSpace {
            modules: modules.iter().map(axis).collect(),
            layers,
            candidate_layers: (0..layers).collect(),
            choose_layers: true,
            backbone_parameters: 1_000_000,
            learning_rates: Vec::new(),
        }
    }

    fn rates(values: &[f64]) -> Vec<LearningRate> {
        let rates = values
            .iter()
            .map(|rate| LearningRate::try_from(*rate).unwrap());
        rates.collect()
    }

    /// A study of four layers of width 128 that learns at 1e-3.
    fn small() -> PeftSpace {
        space(
            &[("serial", &[0, 4, 16, 64]), ("prefix", &[0, 2, 8])],
            4,
            128,
        )
    }

    fn state(space: PeftSpace, rate: f64) -> State {
        State::new(StudyFacts {
            format: FORMAT_VERSION,
            identity: None,
            name: "small".to_owned(),
            seed: 1,
            space,
            reference_rule: ReferenceRule {
                score: Some(0.5),
                parameters_percent: Some(26.0),
            },
            settings: serde_json::json!({"training": {"learning_rate": rate}}),
        })
    }

    fn placed(from: &PeftSpace, to: &PeftSpace, told: &str) -> Option<String> {
        let state = state(from.clone(), 1e-3);
        let placing = Placing::new(&state, to, 1e-4);
        let configuration: Configuration = told.parse().unwrap();
        placing.of(&configuration).map(|placed| placed.to_string())
    }

    #[test]
    fn a_wider_and_deeper_encoder_has_the_same_shares() {
        let large = space(
            &[
                ("serial", &[0, 24, 96, 384]),
                ("prefix", &[0, 2, 8]),
                ("lora", &[0, 8]),
            ],
            12,
            768,
        );
        let of = |told: &str| placed(&small(), &large, told);
        let expected = "prefix 2 + serial 96 in layers 0-2,9-11";
        assert_eq!(
            of("serial 16 + prefix 2 in layers 0,3").as_deref(),
            Some(expected)
        );
        assert_eq!(
            of("prefix 8 in layer 1").as_deref(),
            Some("prefix 8 in layers 3-5")
        );
        let back = placed(&large, &small(), "serial 96 in layers 0-2,9-11");
        assert_eq!(back.as_deref(), Some("serial 16 in layers 0,3"));
    }

    #[test]
    fn what_the_new_space_has_nothing_like_stays_behind() {
        let coarse = space(&[("serial", &[0, 5, 64])], 4, 128);
        let of = |told: &str| placed(&small(), &coarse, told);
        let near = of("serial 4 in layers 0-3");
        assert_eq!(near.as_deref(), Some("serial 5 in layers 0-3"));
        assert_eq!(of("serial 16 in layers 0-3"), None, "no size is near");
        assert_eq!(
            of("serial 4 + prefix 2 in layers 0-3"),
            None,
            "no such module"
        );
        let upper = PeftSpace {
            candidate_layers: vec![2, 3],
            ..coarse.clone()
        };
        assert_eq!(placed(&small(), &upper, "serial 4 in layers 1-3"), None);
        assert!(placed(&small(), &upper, "serial 4 in layers 2-3").is_some());
        let required = space(&[("serial", &[4, 64]), ("prefix", &[2, 8])], 4, 128);
        assert_eq!(placed(&small(), &required, "serial 4 in layers 0-3"), None);
    }

    #[test]
    fn learning_rates_meet_where_either_study_chooses_them() {
        let chooses = |values: &[f64]| PeftSpace {
            learning_rates: rates(values),
            ..small()
        };
        let here = chooses(&[1e-4, 9e-4]);
        let of = |from: &PeftSpace, to: &PeftSpace, told| placed(from, to, told);
        // The earlier study's own is 1e-3, the new one's 1e-4.
        let expected = Some("serial 4 in layers 0-3 at lr 9e-4".to_owned());
        assert_eq!(of(&small(), &here, "serial 4 in layers 0-3"), expected);
        let there = chooses(&[1.2e-4, 3e-4]);
        let low = "serial 4 in layers 0-3 at lr 1.2e-4";
        assert_eq!(
            of(&there, &small(), low),
            Some("serial 4 in layers 0-3".to_owned())
        );
        let high = "serial 4 in layers 0-3 at lr 3e-4";
        assert_eq!(of(&there, &small(), high), None, "too far from 1e-4");
        assert_eq!(of(&there, &here, high), None);
    }

    fn journal(folder: &Path, scores: &[f64]) {
        let (mut journal, _) = Journal::open(folder).unwrap();
        let mut records = vec![Record::StudyCreated {
            format: FORMAT_VERSION,
            name: "small".to_owned(),
            seed: 1,
            settings: serde_json::json!({"training": {"learning_rate": 1e-3}}),
            space: small(),
            reference_point: ReferenceRule {
                score: Some(0.5),
                parameters_percent: Some(26.0),
            },
        }];
        for (number, score) in (0..).zip(scores) {
            let trial = TrialId(number);
            let configuration = format!("serial 16 in layers 0-{number}").parse().unwrap();
            let origin = Origin::Initial;
            records.push(Record::TrialQueued {
                trial,
                configuration,
                origin,
            });
            records.push(Record::TrialStarted { trial });
            let measurement = Measurement {
                objectives: Objectives {
                    score: *score,
                    parameters_percent: 1.0,
                },
                best_epoch: 1,
                trained_parameters: 1,
                wall_seconds: 1.0,
                diverged: None,
                score_error: None,
            };
            records.push(Record::TrialFinished { trial, measurement });
        }
        journal.append(&records).unwrap();
    }

    #[test]
    fn a_journal_becomes_a_record_or_a_word_why_not() {
        let lab = tempfile::tempdir().unwrap();
        let folder = lab.path().join("rte");
        journal(&folder, &[0.5, 0.75]);
        let folders = [folder];
        let record = records(&folders, &small(), 1e-3).unwrap();
        let parsed = |told: &str| told.parse::<Configuration>().unwrap();
        let scored = vec![
            (parsed("serial 16 in layer 0"), 0.5),
            (parsed("serial 16 in layers 0-1"), 0.75),
        ];
        let study = "rte".to_owned();
        assert_eq!(
            record,
            [Record::EarlierCarriedOver {
                study,
                scored: scored.clone()
            }]
        );

        let other = space(&[("lora", &[0, 8])], 4, 128);
        let told = records(&folders, &other, 1e-3).unwrap_err().to_string();
        let expected = "of its 2 measured trials 0 have a place";
        assert!(
            told.contains(expected) && told.contains("this study lora"),
            "{told}"
        );
        let equal = lab.path().join("equal");
        journal(&equal, &[0.5, 0.5]);
        let told = records(&[equal], &small(), 1e-3).unwrap_err().to_string();
        assert!(told.contains("not two different ones"), "{told}");
        let absent = records(&[lab.path().join("absent")], &small(), 1e-3);
        assert!(matches!(absent, Err(LaunchError::Recorded(_))));

        let begun_with = [CarriedOver {
            study: "rte".to_owned(),
            scored,
        }];
        let run = Path::new("runs/new");
        assert!(hold(&folders, &begun_with, run).is_ok());
        assert!(hold(&[], &begun_with, run).is_ok());
        let told = hold(&folders, &[], run).unwrap_err().to_string();
        assert!(
            told.contains("begun with none") && told.contains("runs/new"),
            "{told}"
        );
    }
}

//! Other ways to choose with what the search spent: the best of a grid, of random search, of one epoch of many.
//!
//! Each candidate is trained once and judged by the rows that the search measures on; what is chosen is then evaluated
//! over seeds like everything else. Its trainings are kept one by one, as those of an evaluation are.

use serde::{Deserialize, Serialize};

use super::baselines::everywhere;
use super::{EvaluationError, FULL, Plan, Purpose, Run, Runner, Step, Subject, parameters};
use crate::domain::{Configuration, HypervolumeMeasure, Objectives, front};
use crate::model::config::EncoderConfig;
use crate::study::FidelitySettings;
use crate::train::Recipe;

/// Ranks of the grid.
const RANKS: [usize; 3] = [4, 16, 64];
/// Learning rates of the grid, which LoRA wants higher than full fine-tuning does.
const LEARNING_RATES: [f64; 3] = [3e-4, 1e-3, 3e-3];
/// Of a front, so many are evaluated over seeds: those of the best scores.
const EVALUATED: usize = 3;

/// A way to choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// LoRA in all layers, the best of ranks × learning rates.
    LoraGrid,
    /// As many random configurations of the space as the search had trials, each trained as a trial.
    RandomSearch,
    /// Half of the search's epochs for one epoch each of random configurations, half to train the best of them fully.
    OneEpoch,
}

/// What choosing took, and what it reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spent {
    /// Who chose: a baseline's name, or the study's.
    pub name: String,
    /// Trainings.
    pub trainings: usize,
    /// Epochs of all of them.
    pub epochs: u64,
    /// Seconds of training.
    pub wall_seconds: f64,
    /// The share of the study's hypervolume that was reached on the rows that choose, from 0 to 1; none where that says
    /// nothing. Earlier programs wrote an area in its place, under the name `hypervolume`.
    #[serde(default)]
    pub hypervolume_share: Option<f64>,
}

/// What ways to choose have in common.
pub struct Choosing<'a> {
    /// Study, model, rows and device; the folder is that of all choices.
    pub plan: Plan,
    /// Random configurations of the space, another draw than the search's.
    pub random: &'a dyn Fn(usize) -> Vec<Configuration>,
    /// What the search took.
    pub search: &'a Spent,
    /// What the hypervolume is counted by, where that holds for these rows.
    pub measure: Option<HypervolumeMeasure>,
}

/// What is trained to choose from.
struct Candidates {
    subjects: Vec<Subject>,
    fidelity: FidelitySettings,
}

impl Choosing<'_> {
    /// What a way finds, under this name, and what that took; none where `stop` said so.
    ///
    /// # Errors
    /// See [`EvaluationError`]; what was done is kept.
    pub fn choose(
        &self,
        choice: Choice,
        name: &str,
        stop: &dyn Fn() -> bool,
        told: &mut dyn FnMut(Step<'_>),
    ) -> Result<Option<(Vec<Subject>, Spent)>, EvaluationError> {
        let encoder = self.plan.files.encoder_config()?;
        let mut spent: Vec<Run> = Vec::new();
        let mut train = |candidates: Candidates| -> Result<Option<Vec<Run>>, EvaluationError> {
            let wanted = candidates.subjects.len();
            let runs = self.train(name, candidates, stop, told)?;
            spent.extend(runs.iter().cloned());
            Ok((runs.len() == wanted).then_some(runs))
        };
        let trial = self.plan.study.fidelity;
        let (first, fidelity) = match choice {
            Choice::LoraGrid => (grid(&encoder), FULL),
            Choice::RandomSearch => ((self.random)(self.search.trainings).into(), trial),
            Choice::OneEpoch => {
                let one = FidelitySettings {
                    epochs: Some(1),
                    ..trial
                };
                let (looked_at, _) = self.halves();
                ((self.random)(looked_at).into(), one)
            }
        };
        let Some(mut runs) = train(first.named(name, fidelity))? else {
            return Ok(None);
        };
        if choice == Choice::OneEpoch {
            let (_, trained) = self.halves();
            runs.sort_by(|a, b| b.validation_score.total_cmp(&a.validation_score));
            runs.truncate(trained);
            let subjects = runs.into_iter().map(|run| run.subject).collect();
            let best = Candidates {
                subjects,
                fidelity: trial,
            };
            let Some(full) = train(best)? else {
                return Ok(None);
            };
            runs = full;
        }
        let objectives: Vec<Objectives> =
            runs.iter().map(|run| objectives(run, &encoder)).collect();
        let on_front = front(&objectives);
        let mut best: Vec<&Run> = on_front.iter().map(|&i| &runs[i]).collect();
        best.sort_by(|a, b| b.validation_score.total_cmp(&a.validation_score));
        let chosen = match choice {
            Choice::LoraGrid => 1,
            Choice::RandomSearch | Choice::OneEpoch => EVALUATED,
        };
        best.truncate(chosen);
        let of_one = best.len() == 1;
        let subjects = best.iter().enumerate().map(|(place, run)| Subject {
            name: match of_one {
                true => name.to_owned(),
                false => format!("{name}-{}", place + 1),
            },
            ..run.subject.clone()
        });
        let measure = self.measure.filter(|_| choice != Choice::LoraGrid);
        let reached = measure.map(|measure| measure.share(&objectives));
        Ok(Some((subjects.collect(), Spent::of(name, &spent, reached))))
    }

    /// Random configurations to look at for an epoch, and how many of them to train fully.
    fn halves(&self) -> (usize, usize) {
        let settings = &self.plan.study.training;
        let full = u64::from(self.plan.study.fidelity.epochs.unwrap_or(settings.epochs));
        let half = self.search.epochs / 2;
        let trained = (half / full.max(1)).max(1);
        let looked_at = (self.search.epochs.saturating_sub(trained * full)).max(trained);
        (looked_at as usize, trained as usize)
    }

    fn train(
        &self,
        name: &str,
        candidates: Candidates,
        stop: &dyn Fn() -> bool,
        told: &mut dyn FnMut(Step<'_>),
    ) -> Result<Vec<Run>, EvaluationError> {
        let runner = Runner::new(Plan {
            purpose: Purpose::Choose,
            fidelity: candidates.fidelity,
            subjects: candidates.subjects,
            seeds: vec![self.plan.study.seed],
            folder: self.plan.folder.join(name),
            ..self.plan.clone()
        });
        runner.run(stop, told)
    }
}

impl Spent {
    fn of(name: &str, runs: &[Run], hypervolume_share: Option<f64>) -> Self {
        Self {
            name: name.to_owned(),
            trainings: runs.len(),
            epochs: runs.iter().map(|run| u64::from(run.epochs)).sum(),
            wall_seconds: runs.iter().map(|run| run.wall_seconds).sum(),
            hypervolume_share,
        }
    }
}

/// Configurations, each with its recipe.
struct Drawn(Vec<(Configuration, Recipe)>);

impl From<Vec<Configuration>> for Drawn {
    fn from(configurations: Vec<Configuration>) -> Self {
        let all = configurations.into_iter();
        Self(all.map(|drawn| (drawn, Recipe::default())).collect())
    }
}

impl Drawn {
    fn named(self, name: &str, fidelity: FidelitySettings) -> Candidates {
        let numbered = self.0.into_iter().enumerate();
        let subjects = numbered.map(|(number, (configuration, recipe))| Subject {
            name: format!("{name}-candidate-{number}"),
            is_baseline: true,
            configuration,
            recipe,
        });
        Candidates {
            subjects: subjects.collect(),
            fidelity,
        }
    }
}

fn grid(encoder: &EncoderConfig) -> Drawn {
    let of_rank = |rank: usize| {
        let configuration = everywhere(vec![("lora", rank)], encoder);
        LEARNING_RATES.map(|rate| {
            let recipe = Recipe {
                learning_rate: Some(rate),
                ..Recipe::default()
            };
            (configuration.clone(), recipe)
        })
    };
    Drawn(RANKS.into_iter().flat_map(of_rank).collect())
}

fn objectives(run: &Run, encoder: &EncoderConfig) -> Objectives {
    let weights = parameters(encoder, &run.subject);
    Objectives {
        score: run.validation_score,
        parameters_percent: 100.0 * weights as f64 / encoder.backbone_parameters() as f64,
    }
}

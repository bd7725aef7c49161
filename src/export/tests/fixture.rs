//! A study with results, made up.

use std::collections::BTreeMap;

use crate::domain::{
    Acquisition, Belief, Cause, Configuration, CostScale, EncoderIdentity, EpochReport,
    Hypervolume, Identity, InitialDesign, Measurement, ModuleAxis, Objectives, Origin, PeftSpace,
    ReferencePoint, ReferenceRule, RowsIdentity, Rungs, ScoreScale, SearchMethod, SurrogateModel,
    Trial, TrialId, TrialState, front,
};
use crate::export::{Context, Front, Owned};
use crate::model::ModelFiles;
use crate::model::config::EncoderConfig;
use crate::model::weights::NamedTensor;
use crate::study::{
    FidelitySettings, LayerChoice, ModelSource, ModuleSizes, OutputSettings, Precision,
    SearchSettings, SpaceSettings, Study, StudyName, TrainingSettings,
};
use crate::task::{
    Edition, Labels, Metric, MissingLabels, QuotedLines, TaskSettings, ValidationSplit,
};
use crate::train::checkpoint::{self, Owner};

pub(super) const HYPERVOLUME: Hypervolume = Hypervolume {
    share: 0.43,
    interval: Some((0.41, 0.45)),
};

pub(super) const REFERENCE: ReferencePoint = ReferencePoint {
    score: 0.5,
    parameters_percent: 26.0,
};

/// Digest of what the study's trials rest on.
const BASIS: &str = "basis";

/// The shape of an encoder with the space's layers.
const ENCODER: &str = r#"{"model_type": "bert", "vocab_size": 30, "hidden_size": 96, "num_hidden_layers": 4,
    "num_attention_heads": 2, "intermediate_size": 16, "max_position_embeddings": 64, "type_vocab_size": 2,
    "pad_token_id": 0, "layer_norm_eps": 1e-12, "hidden_act": "gelu"}"#;

/// A study with a front of three, two dominated trials, and one in each other state.
pub(super) struct Fixture {
    pub(super) space: PeftSpace,
    pub(super) trials: Vec<Trial>,
    pub(super) beliefs: BTreeMap<TrialId, Belief>,
    pub(super) devices: Vec<String>,
    pub(super) context: Context,
    folder: tempfile::TempDir,
}

impl Fixture {
    pub(super) fn new() -> Self {
        let finished = [
            (1, vec![3], Some((0.61, 3))),
            (3, vec![2, 3], Some((0.72, 5))),
            (6, vec![0, 1, 2, 3], Some((0.70, 2))),
            (48, vec![1, 2, 3], Some((0.91, 9))),
            (96, vec![0, 1, 2, 3], Some((0.90, 4))),
        ];
        let others = [
            TrialState::Running,
            TrialState::Queued,
            TrialState::Infeasible,
            TrialState::Failed,
            TrialState::Cancelled,
        ];
        let space = space();
        let mut trials: Vec<Trial> = Vec::new();
        for (size, layers, result) in finished {
            trials.push(trial(trials.len(), &space, size, layers, result));
        }
        for state in others {
            let mut other = trial(trials.len(), &space, 12, vec![0], None);
            other.state = state;
            other.cause = (state == TrialState::Infeasible).then_some(Cause::OutOfMemory {
                needed_bytes: Some(9_000_000_000),
                room_bytes: None,
                said: None,
            });
            trials.push(other);
        }
        let context = Context {
            study: study(),
            base_model: "the small encoder inside the program".to_owned(),
            labels: Labels::Classes(vec!["entailment".to_owned(), "not \"that\"".to_owned()]),
            metric: Metric::Accuracy,
            positive_label: None,
            encoder: EncoderConfig::from_json(ENCODER, "config.json").unwrap(),
            model_files: ModelFiles::embedded(),
            data_files: Vec::new(),
            identity: identity(),
        };
        let folder = tempfile::tempdir().unwrap();
        Self {
            space,
            trials,
            beliefs: BTreeMap::new(),
            devices: vec!["cpu: no GPU was found".to_owned()],
            context,
            folder,
        }
    }

    pub(super) fn front(&self) -> Front<'_> {
        Front {
            name: "quickstart",
            space: &self.space,
            reference_point: REFERENCE,
            hypervolume: HYPERVOLUME,
            trials: &self.trials,
            members: self.members(),
            beliefs: &self.beliefs,
            devices: &self.devices,
            context: &self.context,
            weights: self.folder.path().join("weights"),
            owned: Some(Owned {
                basis: BASIS.to_owned(),
                may_be_unsaid: false,
            }),
        }
    }

    /// Has something believed of a trial's configuration, other than what the trial measured.
    pub(super) fn believe(&mut self, trial: TrialId) {
        let belief = Belief {
            score: 0.7,
            low: 0.6,
            high: 0.8,
            measured: vec![0.72, 0.68],
            repeats: 1,
            front_probability: 0.5,
        };
        self.beliefs.insert(trial, belief);
    }

    /// The trials that no other dominates.
    pub(super) fn members(&self) -> Vec<TrialId> {
        let measured = self
            .trials
            .iter()
            .filter_map(|t| Some((t.id, t.measurement?)));
        let (ids, objectives): (Vec<TrialId>, Vec<Objectives>) =
            measured.map(|(id, m)| (id, m.objectives)).unzip();
        front(&objectives).into_iter().map(|i| ids[i]).collect()
    }

    pub(super) fn out(&self) -> std::path::PathBuf {
        self.folder.path().join("out")
    }

    pub(super) fn keep_weights(&self) {
        for trial in &self.trials {
            self.keep(trial.id, &weights(trial.id));
        }
    }

    /// Keeps weights as those of a trial.
    pub(super) fn keep(&self, trial: TrialId, weights: &[NamedTensor]) {
        let path = checkpoint::path(&self.front().weights, trial);
        let owner = Owner {
            basis: BASIS.to_owned(),
            trial,
            configuration: self.trials[trial.0 as usize].configuration.clone(),
        };
        checkpoint::save(&path, &owner, weights).unwrap();
    }
}

/// What the study's trials rest on.
fn identity() -> Identity {
    let rows = |count| RowsIdentity {
        count,
        texts: "texts".to_owned(),
        labels: "labels".to_owned(),
        per_class: vec![count, 0],
    };
    Identity {
        classes: Some(vec!["entailment".to_owned(), "not \"that\"".to_owned()]),
        metric: "accuracy".to_owned(),
        train: rows(900),
        validation: rows(100),
        test: rows(50),
        encoder: EncoderIdentity {
            config: "config".to_owned(),
            tokenizer: "tokenizer".to_owned(),
            weights: ModelFiles::embedded().weights_digest().unwrap(),
        },
    }
}

pub(super) fn weights(trial: TrialId) -> Vec<NamedTensor> {
    vec![NamedTensor {
        name: "head.out.bias".to_owned(),
        shape: vec![2],
        values: vec![trial.0 as f32, -1.0],
    }]
}

/// A tensor of this shape, its numbers made up.
pub(super) fn tensor(name: &str, shape: &[usize]) -> NamedTensor {
    let size: usize = shape.iter().product();
    NamedTensor {
        name: name.to_owned(),
        shape: shape.to_vec(),
        values: (0..size).map(|i| (i % 7) as f32 / 7.0).collect(),
    }
}

fn space() -> PeftSpace {
    let axis = |name: &str| ModuleAxis {
        name: name.to_owned(),
        sizes: vec![0, 1, 3, 6, 12, 24, 48, 96],
        weights_per_unit: 192,
    };
    PeftSpace {
        modules: vec![axis("serial"), axis("prefix")],
        layers: 4,
        candidate_layers: vec![0, 1, 2, 3],
        choose_layers: true,
        backbone_parameters: 1_000_000,
        learning_rates: Vec::new(),
    }
}

fn trial(
    number: usize,
    space: &PeftSpace,
    size: usize,
    layers: Vec<usize>,
    result: Option<(f64, u32)>,
) -> Trial {
    let configuration = Configuration {
        modules: BTreeMap::from([("serial".to_owned(), size)]),
        layers,
        ..Configuration::default()
    };
    let parameters_percent = space.parameters_percent(&configuration);
    let measurement = result.map(|(score, best_epoch)| Measurement {
        objectives: Objectives {
            score,
            parameters_percent,
        },
        best_epoch,
        trained_parameters: 10_000 + number as u64,
        wall_seconds: 12.5,
        diverged: None,
        score_error: None,
    });
    Trial {
        id: TrialId(number as u32),
        configuration,
        parameters_percent,
        origin: Origin::Initial,
        state: TrialState::Finished,
        epochs: vec![EpochReport {
            epoch: 1,
            train_loss: 0.6,
            validation_loss: f64::NAN,
            score: 0.55,
            wall_seconds: 3.5,
        }],
        measurement,
        cause: None,
        standing: None,
    }
}

fn study() -> Study {
    Study {
        name: StudyName::new("quickstart").unwrap(),
        seed: 11,
        model: ModelSource::Embedded,
        task: TaskSettings {
            name: "demo".to_owned(),
            folder: None,
            train_file: None,
            validation_file: None,
            test_file: None,
            format: None,
            text_columns: Vec::new(),
            label_column: None,
            regression: false,
            labels: Vec::new(),
            missing_labels: MissingLabels::Refuse,
            quoted_lines: QuotedLines::Check,
            metric: None,
            positive_label: None,
            validation: ValidationSplit::TrainShare(0.1),
            train_rows: None,
            validation_rows: Some(500),
            edition: Edition::LATEST,
        },
        space: SpaceSettings {
            learning_rates: Vec::new(),
            modules: vec![ModuleSizes {
                module: "serial".to_owned(),
                sizes: None,
            }],
            layers: LayerChoice::Search,
        },
        search: SearchSettings {
            trials: 24,
            initial_trials: 8,
            initial_trials_open: false,
            method: SearchMethod::Bayesian,
            initial_design: InitialDesign::Random,
            batch: 1,
            parallel: 1,
            surrogate: SurrogateModel::Saas,
            score_scale: ScoreScale::Copula,
            cost_input: false,
            acquisition: Acquisition::Nehvi,
            reference_point: ReferenceRule {
                score: Some(REFERENCE.score),
                parameters_percent: Some(REFERENCE.parameters_percent),
            },
            cost_scale: CostScale::Log,
            warmup_draws: 128,
            posterior_draws: 128,
            thinning: 16,
            acquisition_evaluations: 2_000,
            local_search_starts: 10,
            repeats: 0.2,
            repeats_open: true,
            stop_below: None,
        },
        training: TrainingSettings {
            learning_rate: 1e-3,
            batch_size: 32,
            evaluation_batch_size: 128,
            max_length: 48,
            pad_to_max_length: false,
            length_buckets: true,
            activation_cache_mb: 0,
            epochs: 10,
            patience: 3,
            warmup_share: 0.0,
            warmup_share_open: false,
            standard_targets: false,
            standard_targets_open: false,
            weight_decay: 0.01,
            max_gradient_norm: 1.0,
            backbone_dropout: 0.0,
            head_dropout: 0.1,
            prefix_bottleneck: 64,
            precision: Precision::F32,
        },
        rungs: Rungs::default(),
        fidelity: FidelitySettings {
            data_share: 1.0,
            epochs: None,
        },
        output: OutputSettings {
            keep_adapters: true,
            checkpoint_seconds: 30,
        },
    }
}

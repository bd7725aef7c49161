//! What all trials of a study share: the backbone, the rows, and how they are put together.

mod feeding;

use std::path::PathBuf;

use super::TrainError;
use super::activations::{Activations, Filling, Part};
use super::batches::{Row, by_length, epoch_order, length_groups, share_of};
use super::estimate::beside_backbone;
use super::evaluation::Evaluation;
use super::plan::{KeepUnderWay, Plan};
use super::rows::{Examined, examine};
use crate::domain::Configuration;
use crate::memory::Store;
use crate::model::device;
use crate::model::tensor::{Device, Work, wait};
use crate::model::weights::NamedTensor;
use crate::model::{
    AdaptedEncoder, AdaptedSettings, Backbone, Units, Untouched, trained_parameters,
};
use crate::study::{Precision, TrainingSettings};
use crate::task::{Label, Scoring};
use feeding::OnDevice;

/// What all trials of a study share: the backbone on its device, and the tokenised rows.
pub struct Workbench {
    pub(super) device_text: String,
    store: Store,
    pub(super) backbone: Backbone,
    pub(super) padding_id: u32,
    /// None where the backbone has dropout, or they may take no memory.
    pub(super) activations: Option<Activations>,
    /// The rows of each part once more, on the device; none where they are laid end to end for every batch.
    on_device: Option<[OnDevice; 2]>,
    pub(super) train: Vec<Row>,
    pub(super) validation: Vec<Row>,
    /// The validation rows from short to long: scores do not depend on their order, and so little is padded.
    by_length: Vec<usize>,
    pub(super) outputs: usize,
    pub(super) scoring: Scoring,
    pub(super) settings: TrainingSettings,
    pub(super) epochs: u32,
    pub(super) weights_folder: Option<PathBuf>,
    pub(super) under_way: Option<KeepUnderWay>,
    pub(super) basis: String,
}

impl Workbench {
    /// Loads the backbone and the rows, tokenised once for all trials.
    ///
    /// # Errors
    /// The device cannot be used, or the model's files or the task's rows do not fit.
    pub fn prepare(plan: Plan) -> Result<Self, TrainError> {
        Work::begin();
        let (device, mut device_text) = plan.device.resolve()?;
        if plan.training.precision == Precision::Bf16 && device == Device::flex() {
            device_text += "; bf16 is slower than f32 on a CPU";
        }
        let backbone = plan.files.backbone(&device, plan.training.precision)?;
        let longest = plan.training.max_length;
        let Examined {
            train, validation, ..
        } = match plan.examined {
            Some(examined) => examined,
            None => examine(&plan.files, backbone.config(), &plan.dataset, longest)?,
        };
        if train.is_empty() || validation.is_empty() {
            return Err(TrainError::NoRows {
                train: train.len(),
                validation: validation.len(),
            });
        }
        let train = share_of(train, plan.fidelity.data_share, plan.seed);
        let padding_id = backbone.config().padding_id;
        let fixed = (plan.training.pad_to_max_length).then_some(plan.training.max_length);
        let on_device = |rows| OnDevice::new(&backbone, rows, padding_id, fixed);
        let on_device = match backbone.packs() {
            true => None,
            false => Some([on_device(&train)?, on_device(&validation)?]),
        };
        wait(&device);
        Ok(Self {
            device_text,
            store: device::store(&device),
            padding_id,
            on_device,
            activations: (plan.training.backbone_dropout == 0.0)
                .then(|| Activations::new(plan.training.activation_cache_mb << 20)),
            backbone,
            train,
            by_length: by_length(&validation),
            validation,
            outputs: plan.dataset.labels.outputs(),
            scoring: plan.dataset.scoring(),
            epochs: plan.fidelity.epochs.unwrap_or(plan.training.epochs),
            settings: plan.training,
            weights_folder: plan.weights_folder,
            under_way: plan.under_way,
            basis: plan.basis,
        })
    }

    /// The device and why it was chosen, for people.
    pub fn device_text(&self) -> &str {
        &self.device_text
    }

    /// Whose memory trainings take.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Whether the threads that ask compute themselves, rather than a device that runs beside them.
    pub fn computes_at_once(&self) -> bool {
        self.backbone.ops().computes_at_once()
    }

    /// Where it computes.
    pub fn device(&self) -> &Device {
        self.backbone.device()
    }

    /// Where and how often trainings under way are kept; none: nowhere.
    pub fn under_way(&self) -> Option<&KeepUnderWay> {
        self.under_way.as_ref()
    }

    /// Steps of one epoch; the last batch may be short.
    pub(super) fn steps_per_epoch(&self) -> usize {
        self.train.len().div_ceil(self.settings.batch_size)
    }

    /// The order of the training rows in an epoch, batch after batch.
    pub(super) fn order(&self, seed: u64, epoch: u32) -> Vec<usize> {
        epoch_order(self.train.len(), seed, epoch)
    }

    /// The rows of a training step, in the groups that go through the encoder one after the other.
    pub(super) fn groups(&self, chosen: &[usize]) -> Vec<Vec<usize>> {
        // Only rows that are padded to the longest of their group gain by it.
        let padded = !self.settings.pad_to_max_length && !self.backbone.packs();
        if !self.settings.length_buckets || !padded {
            return vec![chosen.to_vec()];
        }
        let padded = |row: usize| self.padded(self.train[row].ids.len());
        length_groups(chosen, &self.backbone.habits(), padded)
    }

    fn rows(&self, part: Part) -> &[Row] {
        match part {
            Part::Train => &self.train,
            Part::Validation => &self.validation,
        }
    }

    /// What trials like this one keep of the part of the encoder that they leave untouched.
    pub(super) fn untouched(&self, encoder: &AdaptedEncoder) -> Untouched {
        let untouched = encoder.untouched();
        let rows = [Part::Train, Part::Validation].map(|part| self.rows(part));
        (self.activations.as_ref()).map_or(untouched, |activations| {
            activations.goal(&self.backbone, untouched, rows)
        })
    }

    /// The tables of activations that a trial can use, and nobody has made yet.
    pub(super) fn missing_activations(&self, untouched: Untouched) -> Vec<Filling> {
        let missing = |part| {
            let activations = self.activations.as_ref()?;
            activations.missing(&self.backbone, part, untouched, self.rows(part))
        };
        let parts = [Part::Train, Part::Validation].into_iter();
        parts.filter_map(missing).collect()
    }

    /// The next rows of a table of activations. True: it is full, and kept.
    pub(super) fn fill(&self, mut filling: Filling) -> Result<Option<Filling>, TrainError> {
        let Some(activations) = &self.activations else {
            return Ok(None);
        };
        let (part, size) = (filling.part(), self.settings.evaluation_batch_size);
        let backbone = &self.backbone;
        // Short rows beside each other are not padded to the longest of all.
        let batch = |rows: &[usize]| self.put_together(&self.choose(part, rows.to_vec()), None);
        if !activations.advance(&mut filling, backbone, size, batch)? {
            return Ok(Some(filling));
        }
        // Others will take it for whole.
        wait(backbone.device());
        activations.keep(filling, backbone);
        Ok(None)
    }

    /// Bytes that the backbone's weights take.
    pub fn backbone_bytes(&self) -> u64 {
        let number = self.backbone.dtype().size() as u64;
        number * self.backbone.config().backbone_parameters()
    }

    /// Lets go all that is kept for speed alone, and keeps nothing more. False: there was nothing. No number depends on it.
    pub fn give_activations_back(&self) -> bool {
        let gave = self
            .activations
            .as_ref()
            .is_some_and(Activations::give_back);
        self.clean_device();
        gave
    }

    /// Has the device give back memory that this thread's trials have let go, and that it keeps for the next ones.
    pub fn clean_device(&self) {
        self.backbone.device().memory_cleanup();
    }

    /// Tokens of the longest row that trains, as it is padded.
    pub fn longest_row(&self) -> usize {
        let longest = self.train.iter().map(|row| row.ids.len()).max();
        self.padded(longest.unwrap_or(1))
    }

    /// Bytes that a configuration's training takes at most, the backbone left out; none: it cannot be trained.
    pub fn needed_bytes(&self, configuration: &Configuration) -> Option<u64> {
        let config = self.backbone.config();
        beside_backbone(
            config,
            configuration,
            &self.settings,
            self.outputs,
            self.longest_row(),
        )
    }

    fn padded_length(&self) -> Option<usize> {
        (self.settings.pad_to_max_length).then_some(self.settings.max_length)
    }

    /// The tokens to which rows of up to so many are padded.
    fn padded(&self, longest: usize) -> usize {
        let most = self.backbone.config().longest_sequence();
        let padded = || self.backbone.habits().padded(longest, most);
        self.padded_length().unwrap_or_else(padded)
    }

    /// A configuration with fresh weights.
    pub(super) fn encoder(
        &self,
        configuration: &Configuration,
        seed: u64,
    ) -> Result<AdaptedEncoder, TrainError> {
        let settings = self.adapted_settings(seed);
        let encoder = AdaptedEncoder::new(&self.backbone, configuration, &settings)?;
        Ok(self.in_units(encoder))
    }

    /// The encoder of a configuration with trained weights.
    fn trained_encoder(
        &self,
        configuration: &Configuration,
        weights: &[NamedTensor],
    ) -> Result<AdaptedEncoder, TrainError> {
        // The seed is of no account: every initial weight is replaced.
        let settings = self.adapted_settings(0);
        let needed = trained_parameters(self.backbone.config(), configuration, &settings)?;
        let held: u64 = weights.iter().map(|w| w.values.len() as u64).sum();
        // A configuration that others wrote may ask for more memory than there is.
        if needed / 2 > held {
            return Err(TrainError::FewWeights { needed, held });
        }
        let mut encoder = AdaptedEncoder::new(&self.backbone, configuration, &settings)?;
        encoder.parameters.import(weights)?;
        Ok(encoder)
    }

    /// The encoder with a fresh head, all of whose weights train.
    pub(super) fn whole_encoder(&self, seed: u64) -> AdaptedEncoder {
        self.in_units(AdaptedEncoder::whole(
            &self.backbone,
            &self.adapted_settings(seed),
        ))
    }

    /// A fresh encoder that learns amounts in the units in which those of the training rows have mean 0 and deviation 1.
    fn in_units(&self, encoder: AdaptedEncoder) -> AdaptedEncoder {
        let amount = |row: &Row| match row.label {
            Label::Value(value) => Some(f64::from(value)),
            Label::Class(_) => None,
        };
        let amounts: Vec<f64> = self.train.iter().filter_map(amount).collect();
        match Units::of(&amounts) {
            Some(units) if self.settings.standard_targets => encoder.learning_in(units),
            _ => encoder,
        }
    }

    fn adapted_settings(&self, seed: u64) -> AdaptedSettings {
        AdaptedSettings {
            outputs: self.outputs,
            prefix_bottleneck: Some(self.settings.prefix_bottleneck),
            seed,
            ..AdaptedSettings::default()
        }
    }

    /// The score of trained weights on the validation rows: what a trial with these weights measured.
    ///
    /// # Errors
    /// The weights do not belong to the configuration, the configuration does not fit the backbone, or nothing can be
    /// measured.
    pub fn score(
        &self,
        configuration: &Configuration,
        weights: &[NamedTensor],
    ) -> Result<f64, TrainError> {
        Work::begin();
        let encoder = self.trained_encoder(configuration, weights)?;
        let untouched = self.untouched(&encoder);
        let mut evaluation = Evaluation::default();
        while !self.evaluate_some(&encoder, untouched, &mut evaluation, false)? {}
        let predictions = evaluation.predictions;
        let metric = self.scoring.metric;
        let undefined = |reason| TrainError::ScoreUndefined { metric, reason };
        predictions.score(self.scoring).map_err(undefined)
    }

    /// The rows that trials are measured on.
    pub fn validation(&self) -> &[Row] {
        &self.validation
    }

    /// The logits of trained weights on rows, in their order: [rows, outputs].
    ///
    /// # Errors
    /// The weights do not belong to the configuration, or the configuration does not fit the backbone.
    pub fn logits(
        &self,
        configuration: &Configuration,
        weights: &[NamedTensor],
        rows: &[Row],
    ) -> Result<Vec<Vec<f32>>, TrainError> {
        Work::begin();
        let encoder = self.trained_encoder(configuration, weights)?;
        self.logits_of(&encoder, rows)
    }
}

//! The search of a study.

use std::sync::Arc;
use std::time::Instant;

use super::Resolved;
use crate::app::StudyFacts;
use crate::domain::{PeftSpace, Point, TrainingRoom};
use crate::search::{Engine, EngineSettings, Fits};
use crate::study::{SearchSettings, Study};
use crate::train::estimate::beside_backbone;

/// The engine for this study.
pub(in crate::app) fn engine(study: &Study, space: &PeftSpace) -> Engine {
    engine_over(space, engine_settings(&study.search, space), study.seed)
}

/// The engine of a study by its journal alone, with today's defaults where that is older than a setting: what is believed
/// of the trials is the same whatever became of the study's file.
pub(in crate::app) fn recorded_engine(study: &StudyFacts) -> Engine {
    let space = &study.space;
    let [mut settings, _] = Study::default_settings();
    let search = &mut settings["search"];
    if let Some(recorded) = study.settings["search"].as_object() {
        for (name, value) in recorded {
            search[name] = value.clone();
        }
    }
    let search = serde_json::from_value(search.take());
    let settings = search.map(|search| engine_settings(&search, space));
    engine_over(space, settings.unwrap_or_default(), study.seed)
}

fn engine_over(space: &PeftSpace, settings: EngineSettings, seed: u64) -> Engine {
    let cost = {
        let space = space.clone();
        Arc::new(move |point: &_| space.parameters_percent(&space.configuration(point)))
    };
    let begun = Instant::now();
    let clock = Arc::new(move || begun.elapsed().as_secs_f64());
    Engine::new(space.space(), cost, settings, seed, clock)
}

/// What can be trained at all, by its shapes.
pub(super) fn fits(resolved: &Resolved) -> Fits {
    let space = resolved.space.clone();
    let encoder = resolved.encoder.clone();
    let training = resolved.study.training.clone();
    let outputs = resolved.dataset.labels.outputs();
    Arc::new(move |point: &Point, room: TrainingRoom| {
        let configuration = space.configuration(point);
        let needed = beside_backbone(&encoder, &configuration, &training, outputs, room.tokens);
        needed.is_none_or(|needed| needed <= room.bytes)
    })
}

fn engine_settings(search: &SearchSettings, space: &PeftSpace) -> EngineSettings {
    EngineSettings {
        initial_trials: search.initial_trials,
        initial_design: search.initial_design,
        method: search.method,
        surrogate: search.surrogate,
        score_scale: search.score_scale,
        cost_input: search.cost_input,
        acquisition: search.acquisition,
        warmup_draws: search.warmup_draws,
        posterior_draws: search.posterior_draws,
        thinning: search.thinning,
        acquisition_evaluations: search.acquisition_evaluations,
        local_search_starts: search.local_search_starts,
        repeats: search.repeats,
        // Every question brings what is known by then.
        reference_point: search.reference_point.derived(space, []),
        cost_scale: search.cost_scale,
        least_cost: space.least_percent(),
        // Trials measure two objectives.
        third_reference: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn a_study_that_says_nothing_of_its_search_gets_the_engines_defaults() {
        let text = "[model]\nembedded = true\n[task]\nname = \"demo\"\n[search]\ntrials = 100\n";
        let study = Study::parse(text, Path::new("defaults.toml"), Path::new("/"))
            .expect("the study is valid");
        let defaults = EngineSettings::default();
        let space = PeftSpace {
            modules: Vec::new(),
            layers: 1,
            candidate_layers: vec![0],
            choose_layers: false,
            backbone_parameters: 1,
            learning_rates: Vec::new(),
        };
        let expected = EngineSettings {
            reference_point: study.search.reference_point.derived(&space, []),
            least_cost: space.least_percent(),
            ..defaults
        };
        assert_eq!(engine_settings(&study.search, &space), expected);
    }
}

//! Seconds of one ask for four proposals over the paper's space of 15 dimensions, next to random proposals.
#![allow(clippy::unwrap_used, reason = "a benchmark may stop by panicking")]
#![allow(
    missing_docs,
    reason = "criterion's macros make undocumented functions"
)]

#[path = "../tests/support/surrogate.rs"]
#[allow(dead_code, reason = "the tests need more of it")]
mod surrogate;

use std::sync::Arc;
use std::time::Duration;

use autopeft::domain::{CostScale, ReferencePoint};
use autopeft::search::{Ask, Engine, EngineSettings, Observation, Outcome};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

use surrogate::Surrogate;

fn proposals(criterion: &mut Criterion) {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/golden/bo/surrogate_a.json"
    );
    let text = std::fs::read_to_string(path).unwrap();
    let surrogate = Surrogate::new(serde_json::from_str(&text).unwrap());
    let engine = |initial_trials| {
        let settings = EngineSettings {
            initial_trials,
            cost_scale: CostScale::Log,
            warmup_draws: 256,
            posterior_draws: 128,
            thinning: 8,
            acquisition_evaluations: 2_000,
            local_search_starts: 10,
            reference_point: ReferencePoint {
                score: 0.70,
                parameters_percent: 26.0,
            },
        };
        let costs = surrogate.clone();
        let cost = Arc::new(move |point: &_| costs.percent(point));
        Engine::new(surrogate.space(), cost, settings, 1, Arc::new(|| 0.0))
    };

    let mut group = criterion.benchmark_group("ask for four");
    group
        .sample_size(10)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(10));
    for observations in [50, 100] {
        let mut ask = Ask {
            count: observations,
            ..Ask::default()
        };
        let tried = engine(observations).ask(&ask, &|| false).unwrap();
        ask.history = tried
            .into_iter()
            .map(|proposal| Observation {
                outcome: Outcome::Score(surrogate.accuracy(&proposal.point, 1)),
                point: proposal.point,
            })
            .collect();
        ask.count = 4;
        for (name, initial_trials) in [("saas + nehvi", observations), ("random", usize::MAX)] {
            let engine = engine(initial_trials);
            group.bench_function(BenchmarkId::new(name, observations), |bencher| {
                bencher.iter(|| engine.ask(&ask, &|| false).unwrap());
            });
        }
    }
    group.finish();
}

criterion_group!(benches, proposals);
criterion_main!(benches);

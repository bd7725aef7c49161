//! A study's last word: whether anything is better than the plain choices by more than noise, and what spares parameters
//! at no loss.

use serde::Serialize;

use super::State;
use crate::domain::{Configuration, PeftSpace, Point, TrialId};
use crate::search::{Comparison, Estimate, PlainChoice, Ruling};

/// What people take without a search, in all layers: a module and its size, or the one next to it on a logarithmic scale.
const PLAIN: [(&str, usize); 2] = [("serial", 24), ("lora", 8)];

/// The plain choices that there are, each in all layers that a space may choose from and tuned over its learning rates.
pub fn plain_choices(space: &PeftSpace) -> Vec<PlainChoice> {
    let choices = PLAIN.iter().map(|&(module, wanted)| {
        let size = nearest(space, module, wanted).unwrap_or(wanted);
        let configuration = |learning_rate| Configuration {
            modules: [(module.to_owned(), size)].into(),
            layers: space.candidate_layers.clone(),
            learning_rate,
        };
        let rates = space.learning_rates.iter().map(|rate| Some(*rate));
        // Without a choice of learning rates there is one configuration.
        let single = space.learning_rates.is_empty().then_some(None);
        let all = rates.chain(single).map(configuration);
        PlainChoice {
            name: format!("{module} {size} in all layers"),
            points: all.filter_map(|c| space.point(&c)).collect(),
        }
    });
    choices.collect()
}

/// The size of a module that is next to a wanted one by its logarithm, of two the smaller; none where a space has none.
fn nearest(space: &PeftSpace, module: &str, wanted: usize) -> Option<usize> {
    let distance = |size: usize| (size as f64 / wanted as f64).ln().abs();
    let axis = space.modules.iter().find(|axis| axis.name == module)?;
    let present = axis.sizes.iter().copied().filter(|size| *size > 0);
    present.min_by(|a, b| distance(*a).total_cmp(&distance(*b)).then(a.cmp(b)))
}

/// What is to be said once a study is complete, or so far.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// Each plain choice of the space, beside what was found.
    pub plain_choices: Vec<Compared>,
    /// What the latest new configuration was expected to add to the hypervolume, as a share of what that was; none where
    /// none was proposed, or its proposal does not tell.
    pub expected_gain: Option<f64>,
}

/// A plain choice beside what was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Compared {
    /// What people call it.
    pub name: String,
    /// What is believed of it, at its best learning rate; none while too little is measured.
    pub plain: Option<Side>,
    /// The best of the front that costs no more; none where nothing else does.
    pub rival: Option<Rival>,
    /// The cheapest of the front that is no worse, with a probability of at least one half; none where nothing cheaper is.
    pub cheapest_match: Option<Match>,
    /// Whether the rival is better (`beaten`), the plain choice is not worse (`stands`), each with a probability of at least
    /// 0.95, or neither is settled (`open`).
    pub ruling: Option<&'static str>,
}

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Side {
    /// The configuration.
    pub configuration: Configuration,
    /// Its trial on the front; none where it is on none.
    pub trial: Option<TrialId>,
    /// Its parameters, in percent of the backbone.
    pub parameters_percent: f64,
    /// The expected true score, in the metric's units.
    pub score: f64,
    /// The interval in which that lies with a probability of nine in ten.
    pub interval: (f64, f64),
    /// How often it was measured; 0: what is known of it is foretold.
    pub measurements: usize,
}

/// The best of the front that costs no more than the plain choice.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rival {
    /// What is believed of it.
    #[serde(flatten)]
    pub side: Side,
    /// The probability that it is better.
    pub probability: f64,
    /// By how much, in the metric's units.
    pub gain: f64,
    /// The interval in which that lies with a probability of nine in ten.
    pub gain_interval: (f64, f64),
}

/// The cheapest of the front that is no worse than the plain choice.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Match {
    /// What is believed of it.
    #[serde(flatten)]
    pub side: Side,
    /// The probability that it is no worse.
    pub probability: f64,
    /// Its parameters as a share of the plain choice's.
    pub share: f64,
}

impl State {
    /// What is to be said of the study so far, by what is believed of its trials.
    pub fn verdict(&self) -> Verdict {
        let choices = plain_choices(&self.study.space).into_iter();
        let present = choices.filter(|choice| !choice.points.is_empty());
        Verdict {
            plain_choices: present.map(|choice| self.compared(choice)).collect(),
            expected_gain: self
                .latest_proposal()
                .and_then(|latest| latest.expected_gain),
        }
    }

    /// The points of the plain choices: what is believed of them is asked with that of what was measured.
    pub(super) fn plain_points(&self) -> Vec<Point> {
        self.plain().concat()
    }

    /// The points of each plain choice that the space has.
    pub(super) fn plain(&self) -> Vec<Vec<Point>> {
        let choices = plain_choices(&self.study.space).into_iter();
        let points = choices.map(|choice| choice.points);
        points.filter(|points| !points.is_empty()).collect()
    }

    fn compared(&self, choice: PlainChoice) -> Compared {
        let comparison = self.estimates.compare(&choice);
        let comparison = comparison.as_ref();
        Compared {
            name: choice.name,
            plain: comparison.map(|c| self.side(c.plain)),
            rival: comparison
                .and_then(|c| c.rival.as_ref())
                .map(|rival| Rival {
                    side: self.side(rival.estimate),
                    probability: rival.probability,
                    gain: rival.gain,
                    gain_interval: rival.interval,
                }),
            cheapest_match: comparison
                .and_then(|c| c.matching.as_ref())
                .map(|matching| Match {
                    side: self.side(matching.estimate),
                    probability: matching.probability,
                    share: matching.share,
                }),
            ruling: comparison
                .map(Comparison::ruling)
                .map(|ruling| match ruling {
                    Ruling::Beaten => "beaten",
                    Ruling::Open => "open",
                    Ruling::Stands => "stands",
                }),
        }
    }

    fn side(&self, estimate: &Estimate) -> Side {
        Side {
            configuration: self.study.space.configuration(&estimate.point),
            trial: self.on_front(&estimate.point),
            parameters_percent: estimate.cost,
            score: estimate.score,
            interval: estimate.interval,
            measurements: estimate.measured.len(),
        }
    }

    /// The trial of the front that a point is handed over by.
    fn on_front(&self, point: &Point) -> Option<TrialId> {
        let is_its = |id: &TrialId| {
            let trial = self.trial(*id);
            let its = trial.and_then(|trial| self.study.space.point(&trial.configuration));
            its.as_ref() == Some(point)
        };
        self.front.iter().copied().find(is_its)
    }
}

impl Verdict {
    /// For people, a paragraph each.
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.plain_choices.iter().map(Compared::line).collect();
        if lines.is_empty() {
            let names: Vec<String> = (PLAIN
                .iter()
                .map(|(module, size)| format!("{module} {size}")))
            .collect();
            let names = names.join(" nor ");
            lines.push(format!(
                "nothing to compare with: the space has neither {names} in all layers"
            ));
        }
        if let Some(gain) = self.expected_gain {
            lines.push(format!(
                "the latest new configuration was expected to add {:.1} % to the hypervolume that was reached by then",
                100.0 * gain
            ));
        }
        lines
    }
}

impl Compared {
    fn line(&self) -> String {
        let name = &self.name;
        let (Some(plain), Some(ruling)) = (&self.plain, self.ruling) else {
            return format!("{name}: too little is measured to compare it yet");
        };
        let mut line = match (&self.rival, ruling) {
            (None, _) => {
                format!("{name} stands: {plain}, and nothing else of the front costs as little")
            }
            (Some(rival), ruling) => {
                let ruling = match ruling {
                    "beaten" => "is beaten",
                    "stands" => "stands",
                    _ => "is not beaten yet",
                };
                let (low, high) = rival.gain_interval;
                format!(
                    "{name} {ruling}: {plain}, against {} of {} at {:.0} % of its parameters, better with probability \
                     {:.2} ({:+.3}, {low:+.3} to {high:+.3})",
                    rival.side,
                    rival.side.named(),
                    100.0 * rival.side.parameters_percent / plain.parameters_percent,
                    rival.probability,
                    rival.gain,
                )
            }
        };
        if let Some(matching) = &self.cheapest_match {
            line.push_str(&format!(
                "; {} is no worse with probability {:.2} at {:.0} %",
                matching.side.named(),
                matching.probability,
                100.0 * matching.share
            ));
        }
        line
    }
}

impl Side {
    fn named(&self) -> String {
        match self.trial {
            Some(id) => id.to_string(),
            None => self.configuration.to_string(),
        }
    }
}

impl std::fmt::Display for Side {
    /// `0.771 (0.742–0.795; 2 trials)`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (low, high) = self.interval;
        let basis = match self.measurements {
            0 => "never trained".to_owned(),
            1 => "1 trial".to_owned(),
            n => format!("{n} trials"),
        };
        write!(f, "{:.3} ({low:.3}–{high:.3}; {basis})", self.score)
    }
}

//! Rungs: epochs at which a trial is compared with those before it, and stops where too many are better.
//!
//! Asynchronous successive halving (Li et al. 2020, in the form that stops rather than promotes) for two objectives, whose
//! order is that of non-dominated sorting (Schmucker et al. 2021): the score at the rung and the exact parameter count.
//!
//! | symbol | meaning |
//! |---|---|
//! | η | reduction factor: about one trial in η goes on |
//! | n | trials that reached the rung, this one included |
//! | front k | what no other trial dominates once the fronts before k are taken away, from 0 |
//! | b | trials on better fronts than this one |
//!
//! A trial stops where n ≥ η and b ≥ n / η: the part that goes on is full without it. What no trial dominates has b = 0
//! and goes on, so that few parameters alone keep nobody, and many parameters alone stop nobody.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Objectives, Trial, TrialState};

/// When trials are compared, and how few of them go on; no epochs: never.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rungs {
    /// The epochs after which a trial is compared, ascending, from 1.
    pub epochs: Vec<u32>,
    /// η, at least 2 where there are epochs.
    pub reduction_factor: u32,
}

/// The rungs before one trial.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ladder {
    /// Its rungs, by ascending epoch.
    pub rungs: Vec<Rung>,
    /// η.
    pub reduction_factor: u32,
}

/// An epoch, and what was reached there before.
#[derive(Clone, Debug, PartialEq)]
pub struct Rung {
    /// The epoch, from 1.
    pub epoch: u32,
    /// The best score by then, and the parameters, of each trial that came this far.
    pub peers: Vec<Objectives>,
}

/// Where a trial stood when it was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The rung, from 1.
    pub rung: u32,
    /// Rungs in all.
    pub rungs: u32,
    /// The epoch of the rung.
    pub epoch: u32,
    /// One more than there are trials on better fronts.
    pub rank: u32,
    /// Trials that reached the rung, this one included.
    pub of: u32,
}

impl fmt::Display for Standing {
    /// `stopped at rung 2 of 3, after epoch 4, rank 5 of 9`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "stopped at rung {} of {}, after epoch {}, rank {} of {}",
            self.rung, self.rungs, self.epoch, self.rank, self.of
        )
    }
}

impl Rungs {
    /// The rungs before a trial that follows `trials`: finished ones count at every rung, pruned ones as far as they came.
    /// Repeats do not count: a good configuration is no more of a rival for being measured often.
    pub fn ladder(&self, trials: &[Trial]) -> Ladder {
        let compared = |trial: &&Trial| {
            let came_far = matches!(trial.state, TrialState::Finished | TrialState::Pruned);
            came_far && trial.origin.repeats().is_none()
        };
        let peers = |epoch: u32| {
            let over = trials.iter().filter(compared);
            let reached = over.filter_map(|trial| {
                Some(Objectives {
                    score: trial.score_by(epoch)?,
                    parameters_percent: trial.parameters_percent,
                })
            });
            reached.collect()
        };
        let rungs = self.epochs.iter().map(|&epoch| Rung {
            epoch,
            peers: peers(epoch),
        });
        Ladder {
            rungs: rungs.collect(),
            reduction_factor: self.reduction_factor,
        }
    }
}

impl Ladder {
    /// Where a trial that has just ended `epoch` stands, if it is to stop; none where it goes on.
    pub fn standing(&self, epoch: u32, own: Objectives) -> Option<Standing> {
        let index = self.rungs.iter().position(|rung| rung.epoch == epoch)?;
        let peers = &self.rungs[index].peers;
        let (reached, better) = (peers.len() + 1, on_better_fronts(peers, own));
        let factor = self.reduction_factor as usize;
        let stops = reached >= factor && better * factor >= reached;
        stops.then(|| Standing {
            rung: index as u32 + 1,
            rungs: self.rungs.len() as u32,
            epoch,
            rank: better as u32 + 1,
            of: reached as u32,
        })
    }
}

/// b.
fn on_better_fronts(peers: &[Objectives], own: Objectives) -> usize {
    // By ascending parameters, of equal ones by descending score: whoever dominates comes before whom it dominates.
    let order = |a: &Objectives, b: &Objectives| {
        let parameters = a.parameters_percent.total_cmp(&b.parameters_percent);
        parameters.then(b.score.total_cmp(&a.score))
    };
    let mut left: Vec<Objectives> = peers.to_vec();
    left.sort_by(order);
    let mut better = 0;
    // Only where someone dominates it, is it on a later front.
    while left.iter().any(|peer| peer.dominates(&own)) {
        let before = left.len();
        let mut latest: Option<Objectives> = None;
        left.retain(|peer| {
            // Of those on this front so far, the latest has the highest score.
            let dominated = latest.is_some_and(|latest| latest.dominates(peer));
            if !dominated {
                latest = Some(*peer);
            }
            dominated
        });
        better += before - left.len();
    }
    better
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(parameters_percent: f64, score: f64) -> Objectives {
        Objectives {
            score,
            parameters_percent,
        }
    }

    fn ladder(peers: &[Objectives], reduction_factor: u32) -> Ladder {
        let rung = |epoch| Rung {
            epoch,
            peers: peers.to_vec(),
        };
        Ladder {
            rungs: vec![rung(1), rung(3)],
            reduction_factor,
        }
    }

    #[test]
    fn the_poorer_part_stops_and_is_told_where_it_stood() {
        let peers = [at(1.0, 0.8), at(2.0, 0.85), at(3.0, 0.7), at(1.5, 0.75)];
        let told = ladder(&peers, 3).standing(3, at(2.5, 0.6));
        // The front are the first two; the fourth is behind the first, and this one behind all of them but the third.
        assert_eq!(
            told.map(|standing| standing.to_string()).as_deref(),
            Some("stopped at rung 2 of 2, after epoch 3, rank 4 of 5")
        );
        assert_eq!(ladder(&peers, 3).standing(2, at(2.5, 0.6)), None, "no rung");
        assert_eq!(ladder(&peers, 3).standing(3, at(2.5, 0.9)), None);
    }

    #[test]
    fn too_few_trials_tell_nothing() {
        let peers = [at(1.0, 0.8), at(2.0, 0.85)];
        assert_eq!(ladder(&peers[..1], 3).standing(1, at(3.0, 0.1)), None);
        assert!(ladder(&peers, 3).standing(1, at(3.0, 0.1)).is_some());
        assert_eq!(Ladder::default().standing(1, at(3.0, 0.1)), None);
    }

    /// The front of each, by the definition.
    fn fronts(objectives: &[Objectives]) -> Vec<usize> {
        let mut fronts = vec![usize::MAX; objectives.len()];
        for front in 0.. {
            let left: Vec<usize> = (0..objectives.len())
                .filter(|&i| fronts[i] >= front)
                .collect();
            if left.is_empty() {
                break;
            }
            for &i in &left {
                if !left
                    .iter()
                    .any(|&j| objectives[j].dominates(&objectives[i]))
                {
                    fronts[i] = front;
                }
            }
        }
        fronts
    }

    proptest::proptest! {
        #[test]
        fn better_fronts_are_those_of_the_definition(
            points in proptest::collection::vec((0_u8..6, 0_u8..6), 1..25),
        ) {
            let all: Vec<Objectives> = points.iter().map(|&(p, s)| at(f64::from(p), f64::from(s))).collect();
            let fronts = fronts(&all);
            let better = fronts.iter().filter(|&&front| front < fronts[0]).count();
            proptest::prop_assert_eq!(on_better_fronts(&all[1..], all[0]), better);
        }

        #[test]
        fn the_best_score_among_those_of_at_most_its_parameters_goes_on(
            points in proptest::collection::vec((0_u8..6, 0_u8..6), 0..25),
            parameters in 0_u8..6,
            factor in 2_u32..5,
        ) {
            let peers: Vec<Objectives> = points.iter().map(|&(p, s)| at(f64::from(p), f64::from(s))).collect();
            let rivals = peers.iter().filter(|peer| peer.parameters_percent <= f64::from(parameters));
            let best = rivals.map(|peer| peer.score).fold(0.0, f64::max);
            let own = at(f64::from(parameters), best + 0.1);
            proptest::prop_assert_eq!(ladder(&peers, factor).standing(1, own), None);
            // And whoever goes on leaves room: fewer than n / η are on better fronts.
            let own = at(f64::from(parameters), best);
            let goes_on = ladder(&peers, factor).standing(1, own).is_none();
            let reached = peers.len() + 1;
            let full = on_better_fronts(&peers, own) * factor as usize >= reached && reached >= factor as usize;
            proptest::prop_assert_eq!(goes_on, !full);
        }
    }
}

//! An exhaustive table of real trainings as a problem of search: `benches/tables/tables.py` in Rust.
//!
//! | symbol | meaning |
//! |---|---|
//! | s, c | true score of a point, which is the mean over the table's seeds; its cost |
//! | q, b | lower quartile of the true scores of all points, the best of them |
//! | (q − (b − q) / 10, 1.1 max c) | the reference point; the hypervolume counts −log c |
//! | share | hypervolume of true scores over that of all points; what is missing to 1 is the regret |
//! | optimism | mean of promised minus true score of what is handed over, as a share of b minus the reference point's score |
//!
//! Draws and starts are made with the finaliser of SplitMix64 (Steele, Lea, Flood 2014).

use std::collections::BTreeMap;
use std::path::Path;

use autopeft::domain::{Dimension, Point, ReferencePoint, Space};
use serde::{Deserialize, Serialize};

/// Random points at the beginning of each search, the same for every arm.
pub(crate) const STARTS: usize = 10;

/// A file that `benches/tables/convert.py` writes.
#[derive(Deserialize)]
struct File {
    dimensions: Vec<FileDimension>,
    cost: Vec<f64>,
    scores: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct FileDimension {
    name: String,
    kind: String,
    values: Vec<serde_json::Value>,
}

/// A table, its truth, and the bounds of its hypervolume. Points are counted with the last dimension fastest.
pub(crate) struct Table {
    pub(crate) space: Space,
    pub(crate) reference: ReferencePoint,
    cost: Vec<f64>,
    /// The scores of each point's seeds.
    scores: Vec<Vec<f64>>,
    truth: Vec<f64>,
    best: f64,
    optimum: f64,
}

/// What a search reached, as shares; see the symbols.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Figures {
    /// Hypervolume of all that was evaluated.
    pub(crate) evaluated: f64,
    /// Hypervolume of what is handed over.
    pub(crate) handed_over: f64,
    pub(crate) optimism: f64,
}

impl Table {
    pub(crate) fn read(folder: &Path, name: &str) -> Self {
        let path = folder.join(format!("{name}.json"));
        let text = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let file: File = serde_json::from_str(&text).unwrap();
        let dimensions = file.dimensions.iter().map(|dimension| {
            let levels = u16::try_from(dimension.values.len()).unwrap();
            match dimension.kind.as_str() {
                "ordinal" => Dimension::ordinal(&*dimension.name, levels),
                "categorical" => Dimension::categorical(&*dimension.name, levels),
                other => panic!("no dimension is {other:?}"),
            }
        });
        let space = Space {
            dimensions: dimensions.collect(),
            any_of: Vec::new(),
        };
        let truth: Vec<f64> = file.scores.iter().map(|scores| mean(scores)).collect();
        assert_eq!(space.size(), truth.len() as f64);
        let mut ascending = truth.clone();
        ascending.sort_by(f64::total_cmp);
        let (quartile, best) = (ascending[(truth.len() - 1) / 4], ascending[truth.len() - 1]);
        let reference = ReferencePoint {
            score: quartile - (best - quartile) / 10.0,
            parameters_percent: 1.1 * file.cost.iter().copied().fold(0.0, f64::max),
        };
        let mut table = Self {
            space,
            reference,
            cost: file.cost,
            scores: file.scores,
            truth,
            best,
            optimum: f64::NAN,
        };
        table.optimum = table.hypervolume((0..table.truth.len()).collect());
        table
    }

    /// Different points, the same for every arm.
    pub(crate) fn starts(&self, seed: u64) -> Vec<Point> {
        let mut found = Vec::new();
        for step in 0.. {
            let index = (drawn(&[seed, step]) % self.truth.len() as u64) as usize;
            if !found.contains(&index) {
                found.push(index);
            }
            if found.len() == STARTS {
                break;
            }
        }
        found.into_iter().map(|index| self.point(index)).collect()
    }

    /// The least cost of all points.
    pub(crate) fn least_cost(&self) -> f64 {
        self.cost.iter().copied().fold(f64::INFINITY, f64::min)
    }

    pub(crate) fn cost(&self, point: &Point) -> f64 {
        self.cost[self.index(point)]
    }

    /// The score that a search sees when it measures a point for the first (0), second (1) .. time.
    pub(crate) fn measured(&self, seed: u64, point: &Point, time: usize) -> f64 {
        let index = self.index(point);
        let scores = &self.scores[index];
        scores[(drawn(&[seed, index as u64, time as u64]) % scores.len() as u64) as usize]
    }

    /// The means of what a search measured of the points that it evaluated, in this order: what it promises of each.
    pub(crate) fn means(&self, seed: u64, evaluated: &[Point]) -> Vec<(Point, f64)> {
        let mut measured: BTreeMap<&Point, Vec<f64>> = BTreeMap::new();
        for point in evaluated {
            let of_point = measured.entry(point).or_default();
            of_point.push(self.measured(seed, point, of_point.len()));
        }
        let means = measured.into_iter();
        means
            .map(|(point, scores)| (point.clone(), mean(&scores)))
            .collect()
    }

    /// What a search reached that evaluated these points and promises these scores of different points.
    pub(crate) fn figures(&self, evaluated: &[Point], promised: &[(Point, f64)]) -> Figures {
        let mut promised: Vec<(usize, f64)> = (promised.iter())
            .map(|(point, score)| (self.index(point), *score))
            .collect();
        promised.sort_by(|(a, a_score), (b, b_score)| {
            (self.cost[*a].total_cmp(&self.cost[*b]))
                .then(b_score.total_cmp(a_score))
                .then(a.cmp(b))
        });
        let mut best = f64::NEG_INFINITY;
        promised.retain(|&(_, score)| {
            let better = score > best;
            best = best.max(score);
            better
        });
        let excess: f64 = (promised.iter())
            .map(|&(index, score)| score - self.truth[index])
            .sum();
        let evaluated = evaluated.iter().map(|point| self.index(point)).collect();
        let handed_over = promised.iter().map(|(index, _)| *index).collect();
        Figures {
            evaluated: self.hypervolume(evaluated) / self.optimum,
            handed_over: self.hypervolume(handed_over) / self.optimum,
            optimism: excess / promised.len() as f64 / (self.best - self.reference.score),
        }
    }

    /// Area between the true front of the points and the reference point.
    fn hypervolume(&self, mut indices: Vec<usize>) -> f64 {
        indices.sort_by(|&a, &b| self.cost[a].total_cmp(&self.cost[b]));
        let (mut area, mut best) = (0.0, self.reference.score);
        for index in indices {
            if self.truth[index] > best {
                let width = (self.reference.parameters_percent / self.cost[index]).ln();
                area += (self.truth[index] - best) * width;
                best = self.truth[index];
            }
        }
        area
    }

    fn index(&self, point: &Point) -> usize {
        let levels = point.0.iter().zip(&self.space.dimensions);
        levels.fold(0, |index, (&level, dimension)| {
            index * usize::from(dimension.levels) + usize::from(level)
        })
    }

    fn point(&self, mut index: usize) -> Point {
        let dimensions = self.space.dimensions.iter().rev();
        let mut levels: Vec<u16> = dimensions
            .map(|dimension| {
                let level = index % usize::from(dimension.levels);
                index /= usize::from(dimension.levels);
                level as u16
            })
            .collect();
        levels.reverse();
        Point(levels)
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// A word that belongs to these numbers, in this order.
fn drawn(numbers: &[u64]) -> u64 {
    const GOLDEN_RATIO: u64 = 0x9E37_79B9_7F4A_7C15;
    numbers.iter().fold(0, |word: u64, number| {
        mix(word.wrapping_add(GOLDEN_RATIO.wrapping_mul(number + 1)))
    })
}

/// The finaliser of SplitMix64.
fn mix(value: u64) -> u64 {
    let z = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

"""Exhaustive tables of real trainings as problems of search: points, draws, starts and figures.

A table is a JSON file that `convert.py` writes: `dimensions` (name, kind `ordinal` or `categorical`, and the values that
the levels stand for), `cost` (exact) and `scores` (of each seed of the table, to be maximised), both by index: that counts
the points with the last dimension fastest. `benches/tables.rs` is the same in Rust.

| symbol | meaning |
|---|---|
| s, c | true score of a point, which is the mean over the table's seeds; its cost |
| q, b | lower quartile of the true scores of all points, the best of them |
| (q − (b − q) / 10, 1.1 max c) | the reference point; the hypervolume counts −log c |
| share | hypervolume of true scores over that of all points; what is missing to 1 is the regret |
| optimism | mean of promised minus true score of what is handed over, as a share of b minus the reference point's score |

Draws and starts are made with the finaliser of SplitMix64 (Steele, Lea, Flood 2014).
"""

import json
import math
from pathlib import Path

STARTS = 10
HALVES = {
    "developed": [
        "protein_structure",
        "naval_propulsion",
        "cifar100",
        "australian",
        "blood_transfusion",
        "car",
        "credit_g",
    ],
    "kept-back": [
        "slice_localization",
        "parkinsons_telemonitoring",
        "cifar10",
        "imagenet",
        "kc1",
        "phoneme",
        "segment",
        "vehicle",
    ],
}
WORD = (1 << 64) - 1
GOLDEN_RATIO = 0x9E3779B97F4A7C15


def mix(value):
    """The finaliser of SplitMix64."""
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9 & WORD
    value = (value ^ (value >> 27)) * 0x94D049BB133111EB & WORD
    return value ^ (value >> 31)


def drawn(*numbers):
    """A word that belongs to these numbers, in this order."""
    word = 0
    for number in numbers:
        word = mix((word + GOLDEN_RATIO * (number + 1)) & WORD)
    return word


class Table:
    """A table, its truth, and the bounds of its hypervolume."""

    def __init__(self, folder, name):
        read = json.loads((Path(folder) / f"{name}.json").read_text())
        self.name, self.dimensions = name, read["dimensions"]
        self.levels = [len(dimension["values"]) for dimension in self.dimensions]
        self.cost, self.scores = read["cost"], read["scores"]
        self.truth = [sum(of_point) / len(of_point) for of_point in self.scores]
        ascending = sorted(self.truth)
        quartile, self.best = ascending[(len(ascending) - 1) // 4], ascending[-1]
        self.reference_score = quartile - (self.best - quartile) / 10
        self.reference_log_cost = math.log(1.1 * max(self.cost))
        self.optimum = self.hypervolume(range(len(self.cost)))

    def index(self, point):
        """The number of a point."""
        index = 0
        for level, levels in zip(point, self.levels):
            index = index * levels + level
        return index

    def point(self, index):
        """The levels of the point with this number."""
        point = []
        for levels in reversed(self.levels):
            index, level = divmod(index, levels)
            point.append(level)
        return point[::-1]

    def log_cost(self, index):
        """What a search is told of a point's cost."""
        return math.log(self.cost[index])

    def starts(self, seed):
        """Different points, the same for every arm."""
        found, step = [], 0
        while len(found) < STARTS:
            index = drawn(seed, step) % len(self.cost)
            step += 1
            if index not in found:
                found.append(index)
        return [self.point(index) for index in found]

    def measured(self, seed, index, time):
        """The score that a search sees when it measures a point for the first (0), second (1) .. time."""
        scores = self.scores[index]
        return scores[drawn(seed, index, time) % len(scores)]

    def hypervolume(self, indices):
        """Area between the true front of the points and the reference point."""
        area, best = 0.0, self.reference_score
        for index in sorted(indices, key=self.cost.__getitem__):
            if self.truth[index] > best:
                area += (self.truth[index] - best) * (self.reference_log_cost - self.log_cost(index))
                best = self.truth[index]
        return area

    def figures(self, seed, evaluated):
        """What a search that evaluated these points, in this order, reached, and what it hands over."""
        measured = {}
        for index in map(self.index, evaluated):
            of_point = measured.setdefault(index, [])
            of_point.append(self.measured(seed, index, len(of_point)))
        promised = {index: sum(scores) / len(scores) for index, scores in measured.items()}
        front, best = [], -math.inf
        for index in sorted(promised, key=lambda index: (self.cost[index], -promised[index], index)):
            if promised[index] > best:
                front.append(index)
                best = promised[index]
        return {
            "evaluated": self.hypervolume(measured) / self.optimum,
            "handed_over": self.hypervolume(front) / self.optimum,
            "optimism": sum(promised[index] - self.truth[index] for index in front)
            / len(front)
            / (self.best - self.reference_score),
        }

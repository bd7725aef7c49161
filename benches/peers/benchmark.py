"""The stand-in for "train this configuration, read its validation accuracy", and the score of a search on it.

A formula whose constants are `tests/golden/bo/surrogate_a.json` and `surrogate_b.json`; `tests/support/surrogate.rs` is
the same in Rust. A configuration is [k_parallel, k_prefix, k_serial, leave_out_0 .. leave_out_11]: a module's size is
768 >> k (0, absent, at k = 10), and leave_out = 1 means that the layer carries no module. The noise is a function of
the configuration and the seed, made with the finaliser of SplitMix64 (Steele, Lea, Flood 2014) and the transform of Box
and Muller (1958).

`python benchmark.py` checks this file against the values in the JSON.
"""

import json
import math
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).resolve().parents[2] / "tests" / "golden" / "bo"
MODULES, LAYERS, HALVINGS = 3, 12, 10
LARGEST_SIZE, BACKBONE_PARAMETERS = 768, 109_482_240
STARTS = 20
MARKS = (20, 50, 100, 200)
SCALES = {"linear": lambda percent: percent, "log10": np.log10}
WORD = (1 << 64) - 1
GOLDEN_RATIO = 0x9E3779B97F4A7C15


def load(variant):
    """The constants of variant "a" or "b"."""
    return json.loads((FOLDER / f"surrogate_{variant}.json").read_text())


def is_valid(x):
    """Whether x has at least one module and one layer."""
    return min(x[:MODULES]) < HALVINGS and min(x[MODULES:]) == 0


def starts(seed, count=STARTS):
    """Different random valid configurations: the start that every arm shares, for as long as the seed is the same.

    The shared start may in principle hold a configuration twice; more than `STARTS` of them are all different.
    """
    random = np.random.default_rng(seed)
    drawn = []
    while len(drawn) < count:
        x = random.integers(0, HALVINGS + 1, MODULES).tolist() + random.integers(0, 2, LAYERS).tolist()
        if is_valid(x) and (len(drawn) < STARTS or x not in drawn):
            drawn.append(x)
    return drawn


def percent(x):
    """Parameters in percent of the backbone; x may be an array of configurations."""
    x = np.asarray(x)
    sizes = np.right_shift(LARGEST_SIZE, x[..., :MODULES]).sum(-1)
    active = LAYERS - x[..., MODULES:].sum(-1)
    return 100.0 * (active * 2 * LARGEST_SIZE * sizes) / BACKBONE_PARAMETERS


def mean_accuracy(constants, x):
    """Accuracy without noise; x may be an array of configurations."""
    x = np.asarray(x)
    sizes = np.right_shift(LARGEST_SIZE, x[..., :MODULES]).astype(float)
    on = 1.0 - x[..., MODULES:]
    kappa = constants["layer_kappa"]
    saturation = sizes / (sizes + constants["half_size"])
    coverage = np.expm1(-kappa * (on @ np.transpose(constants["layer_weight"]))) / np.expm1(-kappa)
    modules = saturation * coverage
    score = modules @ np.asarray(constants["module_gain"])
    for m, k, gain in constants["module_pairs"]:
        score = score + gain * modules[..., m] * modules[..., k]
    for i, j, gain in constants["layer_pairs"]:
        score = score + gain * on[..., i] * on[..., j] * saturation.mean(-1)
    excess = percent(x) / constants["overfit_scale"]
    risen = constants["base"] - constants["range"] * np.expm1(-score)
    return risen - constants["overfit_rate"] * excess**2 / (1.0 + excess)


def mix(value):
    """The finaliser of SplitMix64."""
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9 & WORD
    value = (value ^ (value >> 27)) * 0x94D049BB133111EB & WORD
    return value ^ (value >> 31)


def noise(constants, x, seed):
    """The standard normal number that belongs to one configuration and a seed."""
    code = 0
    for k in x[:MODULES]:
        code = code * (HALVINGS + 1) + k
    for left_out in x[MODULES:]:
        code = code * 2 + left_out
    state = mix((code + GOLDEN_RATIO * (seed + 1)) & WORD)
    state = mix((state + constants["noise_salt"]) & WORD)
    first, second = (((mix((state + GOLDEN_RATIO * i) & WORD) >> 11) + 0.5) / 2**53 for i in (1, 2))
    return math.sqrt(-2.0 * math.log(first)) * math.cos(math.tau * second)


def accuracy(constants, x, seed):
    """Accuracy of one configuration as a training with this seed would measure it."""
    measured = float(mean_accuracy(constants, x)) + constants["noise_sd"] * noise(constants, x, seed)
    return min(max(measured, 0.0), 1.0)


def area(constants, percents, accuracies, scale):
    """Area between the front of the points and the reference point, parameters on a scale."""
    largest, lowest = constants["ref_point"]
    order = np.argsort(percents, kind="stable")
    # The best accuracy up to each percentage, and over which width it is the best.
    best = np.maximum.accumulate(np.maximum(np.asarray(accuracies)[order], lowest)) - lowest
    edges = SCALES[scale](np.minimum(np.append(np.asarray(percents)[order], largest), largest))
    return float(best @ np.diff(edges))


def hypervolume(constants, tried, scale):
    """Score of a search: the area of the noise-free values of what it tried."""
    return area(constants, percent(tried), mean_accuracy(constants, tried), scale)


def optimum(constants, scale):
    """The area of the whole space: known for the linear scale, by enumeration for the other."""
    if scale == "linear":
        return constants["exact"]["hypervolume_max"]
    return enumerated_optimum(constants, scale)


def enumerated_optimum(constants, scale):
    """The area of all 5.4 million valid configurations."""
    layers = np.array(list(np.ndindex((2,) * LAYERS)))[:-1]
    percents, accuracies = [], []
    for sizes in list(np.ndindex((HALVINGS + 1,) * MODULES))[:-1]:
        x = np.hstack([np.broadcast_to(sizes, (len(layers), MODULES)), layers])
        percents.append(percent(x))
        accuracies.append(mean_accuracy(constants, x))
    return area(constants, np.concatenate(percents), np.concatenate(accuracies), scale)


def check():
    """Compares this file with the values in the JSON."""
    for variant in "ab":
        constants = load(variant)
        for spot in constants["spot_values"]:
            x, seed = spot["x"], spot["seed"]
            assert math.isclose(percent(x), spot["pct"], rel_tol=1e-12), spot
            assert abs(mean_accuracy(constants, x) - spot["mean_acc"]) < 1e-12, spot
            assert abs(noise(constants, x, seed) - spot["noise_z"]) < 1e-12, spot
            assert abs(accuracy(constants, x, seed) - spot["acc"]) < 1e-12, spot
        linear, log10 = (enumerated_optimum(constants, scale) for scale in SCALES)
        assert math.isclose(linear, constants["exact"]["hypervolume_max"], rel_tol=1e-12), linear
        spots = len(constants["spot_values"])
        print(f"surrogate_{variant}: {spots} spot values agree; optimum {linear:.4f} linear, {log10:.4f} log10")


if __name__ == "__main__":
    check()

"""Optuna's samplers (Akiba et al. 2019) with two objectives, all settings as shipped unless said here.

tpe: multi-objective TPE (Ozaki et al. 2022); nsga2: NSGA-II (Deb et al. 2002); gp: Gaussian processes with the
logarithm of the expected hypervolume improvement; random: uniform.

One configuration is asked for at a time, so that every choice knows all results. An invalid configuration is told as
failed and another one is asked for. One that was tried before is told again with the result it had, and costs no
evaluation. After `RETRIES` such answers in a row a random new configuration is taken.
"""

import random

import optuna
import scipy.optimize  # noqa: F401: like torch, GPSampler would import it while it is asked
import torch  # noqa: F401
from optuna.distributions import CategoricalDistribution, IntDistribution
from optuna.trial import TrialState, create_trial

from benchmark import HALVINGS, LAYERS, MODULES, SCALES, STARTS, is_valid

SAMPLERS = {
    "random": optuna.samplers.RandomSampler,
    "tpe": optuna.samplers.TPESampler,
    # The shared start is the first generation; with the 50 that are shipped, 100 evaluations would be two.
    "nsga2": lambda seed: optuna.samplers.NSGAIISampler(seed=seed, population_size=STARTS),
    "gp": optuna.samplers.GPSampler,
}
# Where NSGA-II looks for the generation of a trial that it did not make.
FIRST_GENERATION = {"NSGAIISampler:generation": 0}
RETRIES = 20
SPACE = {
    **{f"k_{m}": IntDistribution(0, HALVINGS) for m in range(MODULES)},
    **{f"leave_out_{layer}": CategoricalDistribution([0, 1]) for layer in range(LAYERS)},
}

optuna.logging.set_verbosity(optuna.logging.ERROR)


class Arm:
    """A study that is asked for configurations and told their results."""

    proposals = 1

    def __init__(self, name, scale, seed):
        self.scale = SCALES[scale]
        self.random = random.Random(seed)
        self.study = optuna.create_study(directions=["minimize", "maximize"], sampler=SAMPLERS[name](seed=seed))
        # The values of each configuration that has a result; the trial of each that has not.
        self.known, self.asked = {}, {}

    def ask(self):
        """The next configuration, in a list."""
        for _ in range(RETRIES):
            trial = self.study.ask(SPACE)
            x = tuple(trial.params[name] for name in SPACE)
            if not is_valid(x):
                self.study.tell(trial, state=TrialState.FAIL)
            elif x in self.known:
                self.study.tell(trial, self.known[x])
            else:
                self.asked[x] = trial
                return [list(x)]
        while True:
            x = tuple(self.random.randint(0, HALVINGS) for _ in range(MODULES))
            x += tuple(self.random.randint(0, 1) for _ in range(LAYERS))
            if is_valid(x) and x not in self.known:
                return [list(x)]

    def tell(self, x, percent, accuracy):
        """The result of a configuration, asked for or not."""
        values = [float(self.scale(percent)), accuracy]
        x = tuple(x)
        self.known[x] = values
        if x in self.asked:
            self.study.tell(self.asked.pop(x), values)
        else:
            trial = create_trial(
                params=dict(zip(SPACE, x)), distributions=SPACE, values=values, system_attrs=FIRST_GENERATION
            )
            self.study.add_trial(trial)

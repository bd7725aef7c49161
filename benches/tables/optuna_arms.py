"""Optuna's samplers (Akiba et al. 2019) with two objectives, all settings as shipped unless said here.

tpe: multi-objective TPE (Ozaki et al. 2022); nsga2: NSGA-II (Deb et al. 2002); gp: Gaussian processes with the
logarithm of the expected hypervolume improvement. A point that is proposed again is measured again.
"""

import optuna
import scipy.optimize  # noqa: F401: like torch, GPSampler would import it while it is asked
import torch  # noqa: F401
from optuna.distributions import CategoricalDistribution, IntDistribution
from optuna.trial import create_trial

from tables import STARTS

SAMPLERS = {
    "tpe": optuna.samplers.TPESampler,
    # The shared starts are the first generation; with the 50 that are shipped, 100 evaluations would be two.
    "nsga2": lambda seed: optuna.samplers.NSGAIISampler(seed=seed, population_size=STARTS),
    "gp": optuna.samplers.GPSampler,
}
# Where NSGA-II looks for the generation of a trial that it did not make.
FIRST_GENERATION = {"NSGAIISampler:generation": 0}

optuna.logging.set_verbosity(optuna.logging.ERROR)


class Arm:
    """A study that is asked for points and told their results."""

    def __init__(self, name, table, seed):
        self.space = {
            dimension["name"]: distribution(dimension["kind"], levels)
            for dimension, levels in zip(table.dimensions, table.levels)
        }
        self.study = optuna.create_study(directions=["minimize", "maximize"], sampler=SAMPLERS[name](seed=seed))
        self.asked = None

    def ask(self):
        """The next point."""
        self.asked = self.study.ask(self.space)
        return [self.asked.params[name] for name in self.space]

    def tell(self, point, log_cost, score):
        """The result of a start, or of the point that was asked for."""
        if self.asked is not None:
            self.study.tell(self.asked, [log_cost, score])
            return
        trial = create_trial(
            params=dict(zip(self.space, point)),
            distributions=self.space,
            values=[log_cost, score],
            system_attrs=FIRST_GENERATION,
        )
        self.study.add_trial(trial)


def distribution(kind, levels):
    return CategoricalDistribution(list(range(levels))) if kind == "categorical" else IntDistribution(0, levels - 1)

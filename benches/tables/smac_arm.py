"""SMAC (Lindauer et al. 2022): its facade for hyperparameters with ParEGO (Knowles 2006), all settings as shipped.

Random forests and the expected improvement of a scalarisation; every incumbent is measured with up to three seeds, so
that a part of the budget goes into repeats. The shared starts stand for its initial design.
"""

import logging
import tempfile
from pathlib import Path

from ConfigSpace import CategoricalHyperparameter, Configuration, ConfigurationSpace, UniformIntegerHyperparameter
from smac import HyperparameterOptimizationFacade as Facade
from smac import Scenario
from smac.multi_objective.parego import ParEGO
from smac.runhistory.dataclasses import TrialInfo, TrialValue

UNUSED = 1_000_000


class Arm:
    """An optimiser that is asked for points and told their results."""

    def __init__(self, name, table, seed):
        self.folder = tempfile.TemporaryDirectory()
        self.space = ConfigurationSpace(seed=seed)
        for dimension, levels in zip(table.dimensions, table.levels):
            self.space.add(parameter(dimension, levels))
        self.names = [dimension["name"] for dimension in table.dimensions]
        scenario = Scenario(
            self.space,
            objectives=["log_cost", "missing"],
            n_trials=UNUSED,
            seed=seed,
            output_directory=Path(self.folder.name),
        )
        self.optimiser = Facade(
            scenario,
            lambda configuration, seed: [0.0, 0.0],
            initial_design=Facade.get_initial_design(scenario, n_configs=0),
            multi_objective_algorithm=ParEGO(scenario),
            logging_level=logging.ERROR,
            overwrite=True,
        )
        self.asked = None

    def ask(self):
        """The next point."""
        self.asked = self.optimiser.ask()
        return [int(self.asked.config[name]) for name in self.names]

    def tell(self, point, log_cost, score):
        """The result of a start, or of the point that was asked for."""
        asked = self.asked
        if asked is None:
            asked = TrialInfo(Configuration(self.space, values=dict(zip(self.names, point))), seed=0)
        self.optimiser.tell(asked, TrialValue(cost=[log_cost, -score]))


def parameter(dimension, levels):
    if dimension["kind"] == "categorical":
        return CategoricalHyperparameter(dimension["name"], list(range(levels)))
    return UniformIntegerHyperparameter(dimension["name"], 0, levels - 1)

"""BoTorch (Balandat et al. 2020) put together in two ways; both choose four configurations at a time, one by one.

authors: the recipe of AutoPEFT (Zhou et al. 2024). One fully Bayesian Gaussian process with SAAS priors (Eriksson and
Jankowiak 2021) per objective, on normal scores; 128 + 64 steps of NUTS, each fourth kept; qNEHVI (Daulton et al. 2021).
The number of parameters is modelled like the accuracy, and since only ranks count, its scale does not matter. NUTS runs
in double precision, as in the BoTorch of AutoPEFT; newer releases have single precision unless told otherwise.

ax: the recipe that Ax chooses by itself for such a space. One SingleTaskGP per objective, fitted by its maximum a
posteriori, lengthscale priors that grow with the dimension (Hvarfner et al. 2024); qLogNEHVI (Ament et al. 2023) on
standardised objectives; 20 restarts from 1024 samples. Ax's clipping of outliers is left out.

Both optimise over the discrete points themselves, by best improvement among the points that differ in one dimension.
Neither proposes an invalid configuration or one that was tried.
"""

import jax
import torch
from botorch.acquisition.multi_objective.logei import qLogNoisyExpectedHypervolumeImprovement
from botorch.acquisition.multi_objective.monte_carlo import qNoisyExpectedHypervolumeImprovement
from botorch.fit import fit_fully_bayesian_model_nuts, fit_gpytorch_mll
from botorch.models import ModelListGP, SingleTaskGP
from botorch.models.fully_bayesian import SaasFullyBayesianSingleTaskGP
from botorch.optim import optimize_acqf_discrete_local_search
from botorch.sampling.normal import SobolQMCNormalSampler
from gpytorch.mlls import SumMarginalLogLikelihood

from benchmark import HALVINGS, LAYERS, MODULES, SCALES

PROPOSALS = 4
POSTERIOR_SAMPLES = 128
WIDTHS = torch.tensor([HALVINGS] * MODULES + [1] * LAYERS, dtype=torch.double)
CHOICES = [torch.arange(int(width) + 1) / width for width in WIDTHS]
MODULE_DIMENSIONS = torch.arange(MODULES)
LAYER_DIMENSIONS = torch.arange(MODULES, MODULES + LAYERS)
# At least one module is not absent, at least one layer not left out: (dimensions, coefficients, lower bound).
CONSTRAINTS = [
    (MODULE_DIMENSIONS, -torch.ones(MODULES, dtype=torch.double), -(MODULES - 0.5 / HALVINGS)),
    (LAYER_DIMENSIONS, -torch.ones(LAYERS, dtype=torch.double), -(LAYERS - 0.5)),
]
# Of the acquisition: where the search starts, and how many points are evaluated at once (memory).
SEARCH = {
    "authors": {"num_restarts": 10, "raw_samples": 2000, "max_batch_size": 64},
    "ax": {"num_restarts": 20, "raw_samples": 1024, "max_batch_size": 512},
}

jax.config.update("jax_enable_x64", True)


class Arm:
    """Remembers the results, and fits a new model to them whenever it is asked."""

    proposals = PROPOSALS

    def __init__(self, name, scale, seed):
        self.name, self.scale, self.seed = name, SCALES[scale], seed
        self.tried, self.results = [], []

    def tell(self, x, percent, accuracy):
        """The result of a configuration."""
        self.tried.append(x)
        self.results.append(self.maximised(percent, accuracy))

    def maximised(self, percent, accuracy):
        return [-float(self.scale(percent)), accuracy]

    def ask(self):
        """The next configurations."""
        stream = self.seed * 10_000 + len(self.tried)
        torch.manual_seed(stream)
        x = torch.tensor(self.tried, dtype=torch.double) / WIDTHS
        y = torch.tensor(self.results, dtype=torch.double)
        reference = torch.tensor([self.maximised(26.0, 0.70)], dtype=torch.double)
        make = authors_acquisition if self.name == "authors" else ax_acquisition
        with torch.random.fork_rng():
            acquisition = make(x, y, reference, stream)
        with torch.no_grad():
            chosen, _ = optimize_acqf_discrete_local_search(
                acquisition,
                discrete_choices=CHOICES,
                q=PROPOSALS,
                X_avoid=x,
                inequality_constraints=CONSTRAINTS,
                return_acq_values=False,
                **SEARCH[self.name],
            )
        return (chosen * WIDTHS).round().int().tolist()


def normal_scores(observed, values):
    """The normal-copula transform, per column: the share of the observed values that are at most the value, as a normal
    quantile (Salinas et al. 2020)."""
    share = (observed.unsqueeze(0) <= values.unsqueeze(1)).double().mean(1)
    return torch.special.ndtri(share.clamp(1e-4, 1 - 1e-4))


def authors_acquisition(x, y, reference, seed):
    models = []
    for column in normal_scores(y, y).split(1, dim=-1):
        model = SaasFullyBayesianSingleTaskGP(x, column)
        fit_fully_bayesian_model_nuts(
            model, warmup_steps=128, num_samples=64, thinning=4, disable_progbar=True, seed=seed
        )
        models.append(model)
    return qNoisyExpectedHypervolumeImprovement(
        ModelListGP(*models),
        ref_point=normal_scores(y, reference)[0],
        X_baseline=x,
        sampler=sampler(seed),
        prune_baseline=True,
    )


def ax_acquisition(x, y, reference, seed):
    mean, deviation = y.mean(0), y.std(0)
    models = [SingleTaskGP(x, column) for column in ((y - mean) / deviation).split(1, dim=-1)]
    model = ModelListGP(*models)
    fit_gpytorch_mll(SumMarginalLogLikelihood(model.likelihood, model))
    return qLogNoisyExpectedHypervolumeImprovement(
        model,
        ref_point=((reference - mean) / deviation)[0],
        X_baseline=x,
        sampler=sampler(seed),
        prune_baseline=True,
    )


def sampler(seed):
    return SobolQMCNormalSampler(torch.Size([POSTERIOR_SAMPLES]), seed=seed)

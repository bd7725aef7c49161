"""BoTorch (Balandat et al. 2020) by the recipe that Ax (1.3) chooses by itself, but for its clipping of outliers.

One SingleTaskGP per objective, fitted by its maximum a posteriori, lengthscale priors that grow with the dimension
(Hvarfner et al. 2024); categories one-hot, two of them as one number; qLogNEHVI (Ament et al. 2023) on standardised
objectives; 20 restarts from 1024 samples. Ax relaxes one-hot columns to numbers and rounds what comes out; here the
acquisition is climbed over the points themselves, as Ax does where no dimension is categorical, which is the kinder
way. A point that was tried is not proposed again.
"""

import torch
from botorch.acquisition.multi_objective.logei import qLogNoisyExpectedHypervolumeImprovement
from botorch.fit import fit_gpytorch_mll
from botorch.models import ModelListGP, SingleTaskGP
from botorch.models.transforms.input import NumericToCategoricalEncoding
from botorch.optim import optimize_acqf_discrete_local_search
from botorch.sampling.normal import SobolQMCNormalSampler
from gpytorch.mlls import SumMarginalLogLikelihood
from torch.nn.functional import one_hot

POSTERIOR_SAMPLES = 128
SEARCH = {"num_restarts": 20, "raw_samples": 1024, "max_batch_size": 512}


class Arm:
    """Remembers the results, and fits new models to them whenever it is asked."""

    def __init__(self, name, table, seed):
        self.name, self.seed = name, seed
        self.categories = {
            place: levels
            for place, levels in enumerate(table.levels)
            if table.dimensions[place]["kind"] == "categorical" and levels > 2
        }
        # Ordinal levels lie in the unit interval, categorical ones are whole numbers for their encoder.
        widths = [1 if place in self.categories else levels - 1 for place, levels in enumerate(table.levels)]
        self.widths = torch.tensor(widths, dtype=torch.double)
        self.choices = [torch.arange(levels).double() / width for levels, width in zip(table.levels, widths)]
        reference = maximised(table.reference_log_cost, table.reference_score)
        self.reference = torch.tensor([reference], dtype=torch.double)
        self.tried, self.results = [], []

    def tell(self, point, log_cost, score):
        """The result of a point."""
        self.tried.append(point)
        self.results.append(maximised(log_cost, score))

    def ask(self):
        """The next point."""
        stream = self.seed * 10_000 + len(self.tried)
        torch.manual_seed(stream)
        x = torch.tensor(self.tried, dtype=torch.double) / self.widths
        y = torch.tensor(self.results, dtype=torch.double)
        mean, deviation = y.mean(0), y.std(0)
        models = [self.model(x, column) for column in ((y - mean) / deviation).split(1, dim=-1)]
        model = ModelListGP(*models)
        fit_gpytorch_mll(SumMarginalLogLikelihood(model.likelihood, model))
        acquisition = qLogNoisyExpectedHypervolumeImprovement(
            model,
            ref_point=((self.reference - mean) / deviation)[0],
            X_baseline=x,
            sampler=SobolQMCNormalSampler(torch.Size([POSTERIOR_SAMPLES]), seed=stream),
            prune_baseline=True,
        )
        with torch.no_grad():
            chosen, _ = optimize_acqf_discrete_local_search(
                acquisition, discrete_choices=self.choices, q=1, X_avoid=x, return_acq_values=False, **SEARCH
            )
        return (chosen[0] * self.widths).round().int().tolist()

    def model(self, x, y):
        encoding = None
        if self.categories:
            encoders = {
                place: lambda level, levels=levels: one_hot(level.long(), levels)
                for place, levels in self.categories.items()
            }
            encoding = NumericToCategoricalEncoding(x.shape[-1], self.categories, encoders)
        return SingleTaskGP(x, y, input_transform=encoding)


def maximised(log_cost, score):
    return [-log_cost, score]

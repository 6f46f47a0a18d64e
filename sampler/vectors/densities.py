"""Writes densities.json: log densities of Optuna's Parzen estimator for fixed observations.

Each case holds observations and points as values of the dimensions of DIMENSIONS (choices and ordinals by position)
and the log density of each point; log dimensions are scored in the logarithm. Equal observations keep their order
here: NumPy's default sort leaves open which of them gets which bandwidth. Run once, with optuna 5.0.0 installed:

    python3 densities.py > densities.json
"""

import functools
import json

import numpy as np
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers._tpe.parzen_estimator import _ParzenEstimator, _ParzenEstimatorParameters
from optuna.samplers._tpe.sampler import default_weights

DIMENSIONS = {
    "float": FloatDistribution(-2.0, 3.0),
    "log": FloatDistribution(1e-5, 1e-1, log=True),
    "step": FloatDistribution(0.0, 0.3, step=0.05),
    "int": IntDistribution(1, 9, step=2),
    "log_int": IntDistribution(1, 64, log=True),
    "ordinal": IntDistribution(0, 3),
    "choice": CategoricalDistribution(("a", "b", "c")),
}
PARAMETERS = _ParzenEstimatorParameters(
    prior_weight=1.0,
    consider_magic_clip=True,
    consider_endpoints=False,
    weights=default_weights,
    multivariate=True,
)


def values(dimension, rng, count):
    if isinstance(dimension, CategoricalDistribution):
        return rng.randint(len(dimension.choices), size=count).astype(float)
    low, high = dimension.low, dimension.high
    if dimension.log:
        drawn = np.exp(rng.uniform(np.log(low), np.log(high), count))
    else:
        drawn = rng.uniform(low, high, count)
    if dimension.step is not None:
        drawn = low + np.round((drawn - low) / dimension.step) * dimension.step
    return np.clip(drawn, low, high)


def case(rng, count):
    observations = {name: values(d, rng, count) for name, d in DIMENSIONS.items()}
    points = {name: values(d, rng, 6) for name, d in DIMENSIONS.items()}
    density = _ParzenEstimator(observations, DIMENSIONS, PARAMETERS).log_pdf(points)
    rows = lambda columns: np.array(list(columns.values())).T.tolist()
    return {"observations": rows(observations), "points": rows(points), "log_densities": density.tolist()}


def main():
    np.argsort = functools.partial(np.argsort, kind="stable")
    rng = np.random.RandomState(20)
    cases = [case(rng, count) for count in (0, 1, 2, 3, 24, 25, 26, 60)]
    print("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]")


main()

"""Writes gp.json: posteriors and log marginal likelihoods of Gaussian processes, and logarithms of expected improvement.

Processes: scikit-learn 1.9 fits nothing (`optimizer=None`) with the joint kernel; with an additive share the matrices
are sums of scikit-learn's kernels, one for each feature, and scipy solves them. Improvements: mpmath at 60 digits.
Run once, with all of them installed:

    python3 gp.py > gp.json
"""

import json
import sys

import mpmath as mp
import numpy as np
from scipy.linalg import cho_factor, cho_solve
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern

mp.mp.dps = 60
rng = np.random.default_rng(20)


def joint_case(rows, values, at, lengths, signal, noise):
    kernel = ConstantKernel(signal) * Matern(length_scale=lengths, nu=2.5)
    model = GaussianProcessRegressor(kernel, alpha=noise, optimizer=None).fit(rows, values)
    mean, deviation = model.predict(at, return_std=True)
    return mean, deviation, model.log_marginal_likelihood_value_


def additive_case(rows, values, at, lengths, signal, noise, share):
    def covariance(a, b):
        joint = Matern(length_scale=lengths, nu=2.5)(a, b)
        alone = [Matern(length_scale=l, nu=2.5)(a[:, [f]], b[:, [f]]) for f, l in enumerate(lengths)]
        return signal * ((1 - share) * joint + share * sum(alone) / len(alone))

    factor = cho_factor(covariance(rows, rows) + noise * np.eye(len(rows)), lower=True)
    alpha, cross = cho_solve(factor, values), covariance(at, rows)
    variance = signal - np.einsum("ij,ji->i", cross, cho_solve(factor, cross.T))
    likelihood = -0.5 * values @ alpha - np.log(np.diag(factor[0])).sum() - 0.5 * len(rows) * np.log(2 * np.pi)
    return cross @ alpha, np.sqrt(variance), likelihood


def process(trials, features, share):
    rows, at = rng.random((trials, features)), rng.random((4, features))
    values = np.sin(5 * rows[:, 0]) + rows.sum(axis=1) + 0.1 * rng.standard_normal(trials)
    lengths, signal, noise = rng.uniform(0.2, 2.0, features), rng.uniform(0.5, 2.0), 10 ** rng.uniform(-4, -1)
    if share:
        mean, deviation, likelihood = additive_case(rows, values, at, lengths, signal, noise, share)
    else:
        mean, deviation, likelihood = joint_case(rows, values, at, lengths, signal, noise)
    return {
        "rows": rows.tolist(), "values": values.tolist(), "at": at.tolist(),
        "lengths": lengths.tolist(), "signal": signal, "noise": noise, "share": share,
        "mean": mean.tolist(), "deviation": deviation.tolist(), "log_likelihood": float(likelihood),
    }


def improvement(z):
    """[z, ln(phi(z) + z Phi(z))]"""
    x = mp.mpf(z)
    return [z, float(mp.log(mp.npdf(x) + x * mp.erfc(-x / mp.sqrt(2)) / 2))]


# At z the sum keeps about 1/z^2 of its first term, and mpmath's 60 digits stand for z^2 far above what is listed.
Z = [-1e6, -1e4, -300, -38.5, -38, -20, -10, -6, -4, -2.5, -2.001, -2, -1.999, -1.5, -1, -0.1, 0, 0.1, 1, 3, 8, 40, 1e4]

json.dump(
    {
        "processes": [process(n, d, s) for n, d, s in [(1, 1, 0), (5, 2, 0), (30, 6, 0), (5, 2, 0.4), (30, 6, 0.8)]],
        "improvements": [improvement(z) for z in Z],
    },
    sys.stdout,
    indent=1,
)
print()

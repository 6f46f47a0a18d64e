"""Writes feasibility.json: Laplace's approximation of Gaussian process classifiers, by scikit-learn 1.9.

It fits nothing (`optimizer=None`), and its latent function has mean 0. Of each process: the log marginal likelihood, and the
mean of the latent function at some points. Run once:

    python3 feasibility.py > feasibility.json
"""

import json
import sys

import numpy as np
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.gaussian_process.kernels import ConstantKernel, Matern

rng = np.random.default_rng(21)


def process(trials, features):
    rows, at = rng.random((trials, features)), rng.random((4, features))
    labels = np.where(rows.sum(axis=1) + 0.3 * rng.standard_normal(trials) > 0.5 * features, 1, -1)
    lengths, signal = rng.uniform(0.2, 2.0, features), rng.uniform(0.5, 30.0)
    kernel = ConstantKernel(signal) * Matern(length_scale=lengths, nu=2.5)
    model = GaussianProcessClassifier(kernel, optimizer=None, max_iter_predict=1000).fit(rows, labels)
    inner = model.base_estimator_
    latent = kernel(at, rows) @ (inner.y_train_ - inner.pi_)
    return {
        "rows": rows.tolist(), "labels": labels.tolist(), "at": at.tolist(), "lengths": lengths.tolist(),
        "signal": signal, "log_evidence": float(inner.log_marginal_likelihood_value_), "latent": latent.tolist(),
    }


json.dump([process(n, d) for n, d in [(4, 1), (12, 2), (40, 5)]], sys.stdout, indent=1)
print()

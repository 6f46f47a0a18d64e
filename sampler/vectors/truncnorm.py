"""Writes truncnorm.json: [a, b, q, x, ln mass, ln density at x] of the standard normal cut to [a, b], x its q-quantile.

Quantiles and densities come from scipy.stats.truncnorm where they agree with mpmath at 60 digits to 1e-10; where
scipy does not resolve the case (narrow intervals), and for the mass, from mpmath. Run once, with both installed:

    python3 truncnorm.py > truncnorm.json
"""

import json
import sys

import mpmath as mp
from scipy.stats import truncnorm

mp.mp.dps = 60

INTERVALS = [
    # the everyday case
    (-1, 1), (-0.5, 2), (0, 1), (-1, 0), (-3, 0.1), (-0.01, 5), (-6, 6), (0.2, 0.3), (-1.5, -1.4),
    # nearly everything, and one tail
    (-30, 30), (-30, 0), (0, 30), (-8, 7), (-40, -1), (1, 40),
    # mean far outside
    (30, 31), (-31, -30), (30, 30.01), (-30.01, -30), (19.5, 20.5), (-20.5, -19.5), (5.9, 6.1), (100, 101),
    (-301, -300), (8, 50), (-50, -8),
    # narrow
    (-5e-13, 5e-13), (1, 1 + 1e-12), (-2 - 1e-12, -2), (0, 1e-12), (30, 30 + 1e-12), (-30 - 1e-12, -30),
    (0.5, 0.5 + 1e-6), (-7, -7 + 1e-4), (12, 12.0008), (12, 12.0009), (0.3, 0.30999), (0.3, 0.31001),
    (-0.0049, 0.0051), (-0.0051, 0.0051),
]
QUANTILES = [1e-12, 1e-3, 0.25, 0.5, 0.9, 1 - 1e-6]


def ncdf(x):
    return mp.erfc(-x / mp.sqrt(2)) / 2


def mass(a, b):
    return ncdf(-a) - ncdf(-b) if a > 0 else ncdf(b) - ncdf(a)


def quantile(q, a, b):
    """By bisection on the exact mass."""
    low, high, target = a, b, q * mass(a, b)
    for _ in range(220):
        middle = (low + high) / 2
        low, high = (middle, high) if mass(a, middle) < target else (low, middle)
    return (low + high) / 2


def close(have, want):
    return abs(have - float(want)) <= 1e-10 * max(1.0, abs(float(want)))


def main():
    rows, scipys = [], 0
    for a, b in INTERVALS:
        exact_mass = mp.log(mass(mp.mpf(a), mp.mpf(b)))
        for q in QUANTILES:
            exact_x = quantile(mp.mpf(q), mp.mpf(a), mp.mpf(b))
            x = truncnorm.ppf(q, a, b)
            x_by_scipy = close(x, exact_x)
            x = float(x if x_by_scipy else exact_x)
            exact_density = -mp.mpf(x) ** 2 / 2 - mp.log(2 * mp.pi) / 2 - exact_mass
            log_density = truncnorm.logpdf(x, a, b)
            density_by_scipy = close(log_density, exact_density)
            if not density_by_scipy:
                log_density = float(exact_density)
            scipys += x_by_scipy and density_by_scipy
            rows.append([float(a), float(b), q, x, float(exact_mass), float(log_density)])
    print("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]")
    print(f"{scipys} of {len(rows)} by scipy, the others by mpmath", file=sys.stderr)


main()

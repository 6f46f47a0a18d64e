"""Writes what Optuna's default TPE sampler makes of fixed histories: the trials on either side of its split, and the log
densities of some points, for each set of parameters that it samples together.

Parameters are values of SPACE as Pedigree writes it (an ordinal is its position). Log dimensions are scored in the
logarithm. Equal observations keep their order here: NumPy's default sort leaves open which of them gets which bandwidth.
Run once with each version installed:

    python3 histories.py > histories-optuna-5.json        (optuna 5.0.0)
    python3 histories.py > histories-optuna-4.json        (optuna 4.9.0)
"""

import functools
import inspect
import json

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import _tpe
from optuna.trial import TrialState, create_trial

optuna.logging.set_verbosity(optuna.logging.ERROR)
SPACE = {
    "rate": FloatDistribution(1e-5, 1e-1, log=True),
    "dropout": FloatDistribution(0.0, 0.3, step=0.05),
    "rank": IntDistribution(1, 64, log=True),
    "batch": IntDistribution(0, 3),
    "optimizer": CategoricalDistribution(("adamw", "sgd", "lion")),
    "momentum": FloatDistribution(0.0, 0.99),
}


def draw(rng):
    params = {
        "rate": float(np.exp(rng.uniform(np.log(1e-5), np.log(1e-1)))),
        "dropout": round(0.05 * int(rng.randint(7)), 2),
        "rank": int(np.clip(round(float(np.exp(rng.uniform(0, np.log(64))))), 1, 64)),
        "batch": int(rng.randint(4)),
        "optimizer": ("adamw", "sgd", "lion")[rng.randint(3)],
    }
    if params["optimizer"] == "sgd":
        params["momentum"] = float(rng.uniform(0.0, 0.99))
    return params


def outcome(rng, kinds):
    kind = kinds[rng.randint(len(kinds))]
    value = float(rng.randint(30)) / 10
    if kind == "pruned":
        return {"pruned": [int(rng.randint(1, 6)), None if rng.randint(3) == 0 else value]}
    return {"completed": value} if kind == "completed" else kind


def trial(params, outcome):
    distributions = {name: SPACE[name] for name in params}
    if outcome == "pending":
        return create_trial(state=TrialState.RUNNING, params=params, distributions=distributions)
    if outcome == "failed":
        return create_trial(state=TrialState.FAIL, params=params, distributions=distributions)
    if "completed" in outcome:
        return create_trial(value=outcome["completed"], params=params, distributions=distributions)
    step, value = outcome["pruned"]
    # A trial that was pruned without a report has no steps in Optuna; ours reports step 0.
    reports = {} if value is None else {step: value}
    return create_trial(state=TrialState.PRUNED, params=params, distributions=distributions, intermediate_values=reports)


def sides(sampler, study, points, names):
    liar = sampler._constant_liar
    states = [TrialState.COMPLETE, TrialState.PRUNED] + ([TrialState.RUNNING] if liar else [])
    trials = study._get_trials(deepcopy=False, states=states)
    finished = sum(t.state != TrialState.RUNNING for t in trials)
    size = _tpe.sampler.default_gamma(finished)
    more = [False] if "constraints_enabled" in inspect.signature(_tpe.sampler._split_trials).parameters else []
    good, bad = _tpe.sampler._split_trials(study, trials, size, *more)
    space = {name: SPACE[name] for name in names}
    columns = {n: np.array([SPACE[n].to_internal_repr(p[n]) for p in points]) for n in names}
    density = lambda side, below: sampler._build_parzen_estimator(study, space, side, handle_below=below)
    return {
        "dimensions": names,
        "good": [t.number for t in good],
        "bad": [t.number for t in bad],
        "good_log_densities": density(good, True).log_pdf(columns).tolist(),
        "bad_log_densities": density(bad, False).log_pdf(columns).tolist(),
    }


def case(rng, count, direction, kinds):
    history = [{"params": draw(rng), "outcome": outcome(rng, kinds)} for _ in range(count)]
    study = optuna.create_study(direction=direction, sampler=optuna.samplers.TPESampler(seed=0))
    for t in history:
        study.add_trial(trial(t["params"], t["outcome"]))
    points = [dict(draw(rng), optimizer="sgd", momentum=float(rng.uniform(0, 0.99))) for _ in range(5)]
    sampler = study.sampler
    asked = create_trial(state=TrialState.RUNNING)
    joint = set(sampler.infer_relative_search_space(study, asked))
    blocks = [[name for name in SPACE if name in joint]] if joint else []
    blocks += [[name] for name in SPACE if name not in joint]
    blocks = [sides(sampler, study, points, names) for names in blocks]
    return {"direction": direction, "history": history, "points": points, "blocks": blocks}


def main():
    np.argsort = functools.partial(np.argsort, kind="stable")
    rng = np.random.RandomState(7)
    plain, mixed = ["completed"], ["completed"] * 5 + ["pruned", "pending", "failed"]
    cases = [
        case(rng, count, direction, kinds)
        for direction in ("minimize", "maximize")
        for count, kinds in ((12, plain), (21, mixed), (40, mixed), (75, mixed))
    ]
    cases.append(case(rng, 14, "maximize", ["pruned", "pending", "pruned"]))
    print("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]")


main()

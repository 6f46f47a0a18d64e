"""Times one suggestion of Optuna's default TPE sampler and of Pedigree's `tpe` side by side.

    pip install optuna==5.0.0
    cargo build --release -p pedigree-cli
    python3 benches/peers/optuna_ask.py target/release/pedigree [--trials 1000] [--asks 200]

Six parameters, a smooth function; each tells its own trials. The two are asked in turn, so that whatever else
the machine does meets both. Pedigree's time includes the way through the pipe of `pedigree sampler serve` and its JSON.
"""

import argparse
import json
import math
import statistics
import subprocess
import time

import optuna

SPACE = [
    {"name": "learning_rate", "type": "float", "low": 1e-5, "high": 1e-2, "log": True},
    {"name": "weight_decay", "type": "float", "low": 1e-4, "high": 0.3, "log": True},
    {"name": "warmup_ratio", "type": "float", "low": 0.0, "high": 0.2, "log": False},
    {"name": "lora_dropout", "type": "float", "low": 0.0, "high": 0.5, "log": False},
    {"name": "lora_r", "type": "int", "low": 4, "high": 64, "log": True},
    {"name": "lora_targets", "type": "categorical", "choices": ["qv", "qkvo", "all-linear"]},
]


def loss(params):
    return (math.log10(params["learning_rate"]) + 3) ** 2 + (params["lora_dropout"] - 0.1) ** 2


class Optuna:
    def __init__(self):
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=1))

    def ask(self):
        self.trial = self.study.ask()
        for p in SPACE:
            if p["type"] == "categorical":
                self.trial.suggest_categorical(p["name"], p["choices"])
            elif p["type"] == "int":
                self.trial.suggest_int(p["name"], p["low"], p["high"], log=p["log"])
            else:
                self.trial.suggest_float(p["name"], p["low"], p["high"], log=p["log"])
        return self.trial.params

    def tell(self, value):
        self.study.tell(self.trial, value)


class Pedigree:
    def __init__(self, binary, sampler):
        command = [binary, "sampler", "serve", "--sampler", sampler]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.number = -1
        self.call({"op": "start", "space": SPACE, "direction": "minimize", "seed": 1})

    def call(self, request):
        self.process.stdin.write(json.dumps(request) + "\n")
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise SystemExit(f"pedigree answered {answer['error']!r}")
        return answer

    def ask(self):
        self.number += 1
        return self.call({"op": "ask", "trial": self.number})["params"]

    def tell(self, value):
        self.call({"op": "tell", "trial": self.number, "value": value})


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("pedigree", help="the binary")
    arguments.add_argument("--sampler", default="tpe")
    arguments.add_argument("--trials", type=int, default=1000, help="finished trials before the first timed one")
    arguments.add_argument("--asks", type=int, default=200, help="timed suggestions of each")
    arguments = arguments.parse_args()
    peers = {"optuna " + optuna.__version__: Optuna(), "pedigree": Pedigree(arguments.pedigree, arguments.sampler)}
    times = {name: [] for name in peers}
    for step in range(arguments.trials + arguments.asks):
        for name, peer in peers.items():
            started = time.perf_counter()
            params = peer.ask()
            times[name].append(time.perf_counter() - started)
            peer.tell(loss(params))
    medians = {name: statistics.median(seconds[arguments.trials:]) for name, seconds in times.items()}
    for name, seconds in medians.items():
        print(f"{name:16} median of {arguments.asks} suggestions after {arguments.trials} trials: {1e3 * seconds:.3f} ms")
    optuna_seconds, pedigree_seconds = medians.values()
    print(f"ratio: {optuna_seconds / pedigree_seconds:.1f}")


main()

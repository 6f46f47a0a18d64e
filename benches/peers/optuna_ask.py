"""Times one suggestion of Optuna's default TPE sampler and of Pedigree's `tpe` side by side.

    pip install optuna==5.0.0
    cargo build --release -p pedigree-sampler --example timed_session
    python3 benches/peers/optuna_ask.py target/release/examples/timed_session [--trials 1000] [--asks 200]

Six parameters, a smooth function; each tells its own trials. The two are asked in turn, so that whatever else
the machine does meets both. What is timed is the suggestion within either's own process: of Optuna `study.ask` and the six
`suggest_` calls with its in-memory storage, of Pedigree from the request's text to the answer's, both JSON. The way
through the pipe between the two processes is a line of its own. On a busy machine long suggestions are interrupted more
often than short ones, which flatters the quicker one's median: compare the least times there.
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
        started = time.perf_counter()
        self.trial = self.study.ask()
        for p in SPACE:
            if p["type"] == "categorical":
                self.trial.suggest_categorical(p["name"], p["choices"])
            elif p["type"] == "int":
                self.trial.suggest_int(p["name"], p["low"], p["high"], log=p["log"])
            else:
                self.trial.suggest_float(p["name"], p["low"], p["high"], log=p["log"])
        return self.trial.params, time.perf_counter() - started

    def tell(self, value):
        self.study.tell(self.trial, value)


class Pedigree:
    def __init__(self, program, sampler):
        self.process = subprocess.Popen([program, sampler], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.number = -1
        self.round_trips = []
        self.call({"op": "start", "space": SPACE, "direction": "minimize", "seed": 1})

    def call(self, request):
        """The answer, and the seconds that it took within the process."""
        self.process.stdin.write(json.dumps(request) + "\n")
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise SystemExit(f"pedigree answered {answer['error']!r}")
        return answer, 1e-9 * int(self.process.stdout.readline())

    def ask(self):
        self.number += 1
        started = time.perf_counter()
        answer, seconds = self.call({"op": "ask", "trial": self.number})
        self.round_trips.append(time.perf_counter() - started)
        return answer["params"], seconds

    def tell(self, value):
        self.call({"op": "tell", "trial": self.number, "value": value})


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("pedigree", help="the example `timed_session`")
    arguments.add_argument("--sampler", default="tpe")
    arguments.add_argument("--trials", type=int, default=1000, help="finished trials before the first timed one")
    arguments.add_argument("--asks", type=int, default=200, help="timed suggestions of each")
    arguments = arguments.parse_args()
    pedigree = Pedigree(arguments.pedigree, arguments.sampler)
    peers = {"optuna " + optuna.__version__: Optuna(), "pedigree": pedigree}
    times = {name: [] for name in peers}
    for _ in range(arguments.trials + arguments.asks):
        for name, peer in peers.items():
            params, seconds = peer.ask()
            times[name].append(seconds)
            peer.tell(loss(params))
    times["pedigree by pipe"] = pedigree.round_trips
    for name, seconds in times.items():
        seconds[:] = seconds[arguments.trials:]
        median, least = 1e3 * statistics.median(seconds), 1e3 * min(seconds)
        print(f"{name:16} {arguments.asks} suggestions after {arguments.trials} trials: median {median:.3f} ms, least {least:.3f} ms")
    theirs, ours, _ = times.values()
    print(f"ratio of medians {statistics.median(theirs) / statistics.median(ours):.1f}, of the least {min(theirs) / min(ours):.1f}")


main()

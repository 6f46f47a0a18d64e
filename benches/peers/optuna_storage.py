"""Trials per second of Optuna's RDB storage and of Pedigree's coordinator on the same Postgres, in one run.

    python3 -m venv venv && venv/bin/pip install optuna==5.0.0 'psycopg[binary]'
    cargo build --release -p pedigree-cli
    venv/bin/python benches/peers/optuna_storage.py target/release/pedigree [--workers 1 4 16] [--seconds 20]

A private cluster with fsync on and two databases. Trials of six parameters with ten reports each, which train nothing: what
is timed is asking, reporting and telling. Optuna's workers are processes on one study, each `report` a commit, as its
interface has it. Pedigree's are simulated workers over HTTP (`pedigree bench trials`), each request answered only when it
is on disk: `one request` sends start, ten reports and end as an outbox does that finds them waiting; `each alone`
sends every report by itself. The two systems run in turn, `--rounds` times, so that whatever else the machine does
meets both. Random sampling by default: suggestions cost both next to nothing then, and the storage is what is left.
"""

import argparse
import json
import multiprocessing
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

import optuna

ROOT = pathlib.Path(__file__).resolve().parents[2]
REPORTS = 10


def sampler_of(name, seed):
    return optuna.samplers.RandomSampler(seed=seed) if name == "random" else optuna.samplers.TPESampler(seed=seed)


def optuna_worker(url, study_name, sampler, seed, start, stop, counts):
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage = optuna.storages.RDBStorage(url)
    study = optuna.load_study(study_name=study_name, storage=storage, sampler=sampler_of(sampler, seed))
    start.wait()
    done = 0
    while not stop.is_set():
        trial = study.ask()
        rate = trial.suggest_float("learning_rate", 1e-5, 1e-2, log=True)
        trial.suggest_float("weight_decay", 1e-4, 0.3, log=True)
        trial.suggest_float("warmup_ratio", 0.0, 0.2)
        dropout = trial.suggest_float("lora_dropout", 0.0, 0.5)
        trial.suggest_int("lora_r", 4, 64, log=True)
        trial.suggest_categorical("lora_targets", ["qv", "qkvo", "all-linear"])
        for epoch in range(1, REPORTS + 1):
            trial.report(1 - 1 / (epoch + 1), epoch)
        study.tell(trial, rate + dropout)
        done += 1
    counts.put(done)


def optuna_rate(url, workers, seconds, sampler, name):
    optuna.create_study(study_name=name, storage=url)
    context = multiprocessing.get_context("spawn")
    start, stop, counts = context.Barrier(workers + 1), context.Event(), context.Queue()
    fleet = [
        context.Process(target=optuna_worker, args=(url, name, sampler, seed, start, stop, counts)) for seed in range(workers)
    ]
    for process in fleet:
        process.start()
    start.wait()
    began = time.perf_counter()
    time.sleep(seconds)
    stop.set()
    done = sum(counts.get() for _ in fleet)
    took = time.perf_counter() - began
    for process in fleet:
        process.join()
    return done / took


def pedigree_rate(program, url, workers, seconds, sampler, history, batch):
    command = [program, "bench", "trials", "--json", "--database-url", url, "--workers", str(workers), "--duration", str(seconds)]
    command += ["--method", sampler, "--history", str(history), "--batch", str(batch)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"pedigree bench trials failed:\n{done.stderr}{done.stdout}")
    return json.loads(done.stdout)["trials_per_s"]


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("pedigree", help="the release binary")
    arguments.add_argument("--workers", type=int, nargs="+", default=[1, 4, 16])
    arguments.add_argument("--seconds", type=int, default=20, help="length of each measurement")
    arguments.add_argument("--rounds", type=int, default=1)
    arguments.add_argument("--sampler", choices=["random", "tpe"], default="random")
    arguments.add_argument("--histories", type=int, nargs="*", default=[200, 5000], help="finished trials behind Pedigree's study")
    arguments = arguments.parse_args()
    program, postgres = os.path.abspath(arguments.pedigree), str(ROOT / "scripts/postgres.sh")
    with tempfile.TemporaryDirectory(prefix="pedigree-peers-", dir="/var/tmp") as folder:
        os.chmod(folder, 0o755)
        up = subprocess.run([postgres, "up", folder], env={**os.environ, "DURABLE": "1"}, capture_output=True, text=True, check=True)
        url = up.stdout.strip()
        try:
            measure(arguments, program, url)
        finally:
            subprocess.run([postgres, "down", folder], check=True)


def database(url, name):
    subprocess.run(["psql", "-q", url, "-c", f"CREATE DATABASE {name}"], check=True)
    return url.replace("/postgres?", f"/{name}?")


def measure(arguments, program, url):
    load = lambda: f"load average {os.getloadavg()[0]:.1f}"
    for workers in arguments.workers:
        rates = {"optuna": [], "one request": [], "each alone": []}
        for turn in range(arguments.rounds):
            name = f"w{workers}_{turn}"
            theirs = database(url, f"optuna_{name}").replace("postgres://", "postgresql+psycopg://")
            rates["optuna"].append(optuna_rate(theirs, workers, arguments.seconds, arguments.sampler, name))
            for way, batch in [("one request", REPORTS + 2), ("each alone", 1)]:
                ours = database(url, f"pedigree_{name}_{batch}")
                rates[way].append(pedigree_rate(program, ours, workers, arguments.seconds, arguments.sampler, 0, batch))
        theirs = statistics.median(rates["optuna"])
        for way, seen in rates.items():
            rate = statistics.median(seen)
            print(f"{workers:2} workers, {way:11}: {rate:7.1f} trials/s, {rate / theirs:5.1f} x optuna {optuna.__version__} ({load()})", flush=True)
    for history in arguments.histories:
        ours = database(url, f"pedigree_history_{history}")
        rate = pedigree_rate(program, ours, 16, arguments.seconds, arguments.sampler, history, REPORTS + 2)
        print(f"16 workers, one request, {history:5} finished trials before: {rate:7.1f} trials/s ({load()})", flush=True)


if __name__ == "__main__":
    main()

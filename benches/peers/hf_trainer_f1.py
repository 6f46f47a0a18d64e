#!/usr/bin/env python3
"""Full trainings by Pedigree and by transformers + PEFT: test F1, training seconds and their means over seeds.

    python benches/peers/hf_trainer_f1.py --baseline hf_peft_baseline.py --model MODEL_DIR --data CORPUS_DIR \
        --results FOLDER

The baseline script is run as it is, with `--group-by-length --test`; Pedigree gets the same hyperparameters, and both
restore the epoch of the best dev F1 before they read the test file. Both are scored strictly by IOB2 scheme. Seeds
take turns between the two. Each finished training leaves one JSON file in the folder of results, and is not run again
when the script is: so a long comparison can be stopped and continued.

Training seconds are those of the epochs' training parts; where other work runs on the machine, compare CPU seconds of
the whole process (all threads added up, evaluation included on both sides).
"""
import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

RATE, BATCH, WEIGHT_DECAY = 2e-3, 32, 0.01


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--baseline", type=Path, required=True, help="the transformers + PEFT script")
    p.add_argument("--model", type=Path, required=True, help="folder of the backbone")
    p.add_argument("--data", type=Path, required=True, help="folder with train.conll, dev.conll and test.conll")
    p.add_argument("--results", type=Path, required=True, help="folder for one JSON file a training")
    p.add_argument("--pedigree", type=Path, default=Path("target/release/pedigree"))
    p.add_argument("--seeds", type=int, nargs="+", default=[13, 17, 42])
    p.add_argument("--epochs", type=int, default=8)
    p.add_argument("--threads", type=int, default=2)
    return p.parse_args()


def run_pedigree(args, seed, folder):
    job = {"train": str(args.data / "train.conll"), "dev": str(args.data / "dev.conll"),
           "test": {"path": str(args.data / "test.conll")}, "backbone": str(args.model), "out": str(folder),
           "seed": seed, "threads": args.threads,
           "params": {"learning_rate": RATE, "batch_size": BATCH, "weight_decay": WEIGHT_DECAY,
                      "max_epochs": args.epochs, "patience": 3}}
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "job.json"
    path.write_text(json.dumps(job), encoding="utf-8")
    trainer = subprocess.Popen([args.pedigree.resolve(), "train", "--supervised", path], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=sys.stderr, text=True)
    events = [json.loads(line) for line in trainer.stdout]
    if trainer.wait():
        sys.exit(f"pedigree train ended with {trainer.returncode}")
    epochs = [event for event in events if event["event"] == "epoch"]
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    return {"test_f1": summary["test"]["overall"]["strict"]["f1"], "epochs": len(epochs),
            "train_seconds": sum(epoch["train_seconds"] for epoch in epochs)}


def run_baseline(args, seed, folder):
    folder.mkdir(parents=True, exist_ok=True)
    out = folder / "baseline.json"
    command = [sys.executable, args.baseline, "--model", args.model, "--data", args.data, "--out", out, "--test",
               "--epochs", args.epochs, "--batch-size", BATCH, "--lr", RATE, "--weight-decay", WEIGHT_DECAY,
               "--group-by-length", "--seed", seed, "--threads", args.threads]
    environment = os.environ | {"OMP_NUM_THREADS": str(args.threads)}
    subprocess.run([str(part) for part in command], env=environment, check=True, stdout=subprocess.DEVNULL)
    report = json.loads(out.read_text(encoding="utf-8"))
    return {"test_f1": report["test"]["f1_strict_iob2"], "epochs": len(report["epochs"]),
            "train_seconds": sum(epoch["train_seconds"] for epoch in report["epochs"])}


def measured(run, args, seed, folder):
    """Runs one training and adds its wall and CPU seconds."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    result = run(args, seed, folder)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    result["wall_seconds"] = time.monotonic() - started
    result["cpu_seconds"] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return result


def main():
    args = arguments()
    results = {"pedigree": [], "baseline": []}
    for seed in args.seeds:
        for name, run in (("pedigree", run_pedigree), ("baseline", run_baseline)):
            record = args.results / f"{name}-{seed}.json"
            if not record.exists():
                result = measured(run, args, seed, args.results / f"{name}-{seed}")
                record.write_text(json.dumps(result, indent=1), encoding="utf-8")
            results[name].append(json.loads(record.read_text(encoding="utf-8")))
            shown = ", ".join(f"{key} {value:,.4g}" for key, value in results[name][-1].items())
            print(f"seed {seed} {name}: {shown}", file=sys.stderr, flush=True)
    print(f"{'mean of seeds':16}{'pedigree':>12}{'baseline':>12}{'ratio':>8}")
    for key in results["pedigree"][0]:
        ours, theirs = (statistics.mean(run[key] for run in results[name]) for name in ("pedigree", "baseline"))
        ratio = f"{ours / theirs:8.3f}" if theirs else f"{'-':>8}"
        print(f"{key:16}{ours:12.4g}{theirs:12.4g}{ratio}")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Pedigree's trainer beside transformers + PEFT: the same weights, data, batching by length and threads, in turn.

    python benches/peers/hf_trainer.py --baseline hf_peft_baseline.py --model MODEL_DIR --data CORPUS_DIR

The baseline script is run as it is (it trains the same LoRA on q, v with rank 16 and prints one JSON object an epoch).
It needs torch, transformers, peft and seqeval in the Python that runs this script; Pedigree needs
`cargo build --release -p pedigree-cli`.

Each round runs Pedigree, the baseline, the baseline, Pedigree (ABBA), one epoch over the first N training sentences
each. Printed are the medians over all runs: real (non-padding) tokens per second, the same per CPU second (all
threads added up; the figure to compare where other work runs on the machine), peak resident memory, and the ratios.
CPU seconds of Pedigree include the evaluation of a few dev sentences, those of the baseline do not.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

RATE, BATCH, SEED, DEV_SENTENCES = 2e-3, 32, 13, 8


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--baseline", type=Path, required=True, help="the transformers + PEFT script")
    p.add_argument("--model", type=Path, required=True, help="folder of the backbone")
    p.add_argument("--data", type=Path, required=True, help="folder with train.conll and dev.conll")
    p.add_argument("--pedigree", type=Path, default=Path("target/release/pedigree"))
    p.add_argument("--sentences", type=int, default=1280, help="training sentences of the one epoch")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--rounds", type=int, default=2)
    p.add_argument("--json", type=Path, help="write every run and the medians here")
    return p.parse_args()


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run_pedigree(args, folder):
    job = {"train": str(args.data / "train.conll"), "dev": str(args.data / "dev.conll"), "backbone": str(args.model),
           "out": str(folder / "out"), "seed": SEED, "threads": args.threads,
           "params": {"learning_rate": RATE, "batch_size": BATCH, "max_epochs": 1,
                      "max_train_sentences": args.sentences, "max_dev_sentences": DEV_SENTENCES}}
    path = folder / "job.json"
    path.write_text(json.dumps(job), encoding="utf-8")
    trainer = subprocess.Popen([args.pedigree.resolve(), "train", "--supervised", path], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    started = cpu = epoch = None
    for line in trainer.stdout:
        event = json.loads(line)
        if event["event"] == "started":
            started = cpu_seconds(trainer.pid)
        elif event["event"] == "epoch":
            epoch, cpu = event, cpu_seconds(trainer.pid) - started
    if trainer.wait() or epoch is None:
        sys.exit(f"pedigree train ended with {trainer.returncode}")
    tokens = epoch["tokens_per_second"] * epoch["train_seconds"]
    return {"tokens_per_s": epoch["tokens_per_second"], "tokens_per_cpu_s": tokens / cpu,
            "peak_mib": epoch["peak_memory_bytes"] / 2**20}


def run_baseline(args, folder):
    out = folder / "baseline.json"
    command = [sys.executable, args.baseline, "--model", args.model, "--data", args.data, "--out", out,
               "--epochs", "1", "--batch-size", BATCH, "--lr", RATE, "--group-by-length", "--seed", SEED,
               "--threads", args.threads, "--limit-train", args.sentences, "--limit-dev", DEV_SENTENCES]
    environment = os.environ | {"OMP_NUM_THREADS": str(args.threads)}
    subprocess.run([str(part) for part in command], env=environment, check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    summary = json.loads(out.read_text(encoding="utf-8"))["summary"]
    return {"tokens_per_s": summary["train_tokens_per_s"], "tokens_per_cpu_s": summary["train_tokens_per_cpu_s"],
            "peak_mib": summary["peak_rss_mib"]}


def main():
    args = arguments()
    runs = {"pedigree": [], "baseline": []}
    for number in range(args.rounds):
        for name in ("pedigree", "baseline", "baseline", "pedigree"):
            with tempfile.TemporaryDirectory() as folder:
                measured = (run_pedigree if name == "pedigree" else run_baseline)(args, Path(folder))
            runs[name].append(measured)
            shown = ", ".join(f"{key} {value:,.0f}" for key, value in measured.items())
            print(f"round {number + 1} {name}: {shown}", file=sys.stderr, flush=True)
    medians = {name: {key: statistics.median(run[key] for run in of) for key in of[0]} for name, of in runs.items()}
    ratios = {key: medians["pedigree"][key] / medians["baseline"][key] for key in medians["pedigree"]}
    print(f"{'median':18}{'pedigree':>12}{'baseline':>12}{'ratio':>8}")
    for key, ratio in ratios.items():
        print(f"{key:18}{medians['pedigree'][key]:12,.0f}{medians['baseline'][key]:12,.0f}{ratio:8.2f}")
    if args.json:
        args.json.write_text(json.dumps({"threads": args.threads, "runs": runs, "medians": medians,
                                         "ratios": ratios}, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()

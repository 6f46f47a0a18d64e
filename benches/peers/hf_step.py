#!/usr/bin/env python3
"""One training step here and in transformers + PEFT: the same shapes, batch, LoRA and data type, on random weights.

    python benches/peers/hf_step.py --family deberta-v2 --size large --batch 8 --length 128

Runs `pedigree bench train` and its twin in turn (twin, pedigree, pedigree, twin, ... for --rounds) and prints the medians
and their ratio. The twin is the model class that transformers ships, with the attention that it chooses by itself (sdpa
for BERT and ELECTRA, its own for DeBERTa), LoRA of rank 16 on query and value by PEFT, cross-entropy with label smoothing,
clipped gradients and AdamW; every sequence has the full length, so that neither side pays for padding. On a CPU both
compute in f32, with --device cuda in bf16 with f32 LoRA weights. It needs torch, transformers and peft in the Python that
runs it, and `cargo build --release -p pedigree-cli` (with --device cuda: `make cuda`).
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

TAGS, RANK, ALPHA, LORA_DROPOUT, SMOOTHING, SEED = 9, 16, 32, 0.05, 0.1, 42
SHAPES = {"base": (12, 768, 12), "large": (24, 1024, 16)}
SMALL = {"bert": (6, 384, 12), "electra": (12, 256, 4), "deberta-v2": (12, 384, 6)}
TARGETS = {"bert": ["query", "value"], "electra": ["query", "value"], "deberta-v2": ["query_proj", "value_proj"]}


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--pedigree", type=Path, default=Path("target/release/pedigree"))
    p.add_argument("--family", choices=sorted(SMALL), default="bert")
    p.add_argument("--size", choices=["small", "base", "large"], default="small")
    p.add_argument("--batch", type=int, default=32)
    p.add_argument("--length", type=int, default=64)
    p.add_argument("--steps", type=int, default=5)
    p.add_argument("--threads", type=int, default=os.cpu_count())
    p.add_argument("--rounds", type=int, default=1)
    p.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    p.add_argument("--json", type=Path, help="write every run and the medians here")
    p.add_argument("--twin-only", action="store_true", help="print the twin's figures as JSON and end")
    return p.parse_args()


def config(args):
    import transformers
    layers, width, heads = SMALL[args.family] if args.size == "small" else SHAPES[args.size]
    common = dict(hidden_size=width, num_hidden_layers=layers, num_attention_heads=heads, intermediate_size=4 * width,
                  max_position_embeddings=512, num_labels=TAGS)
    if args.family == "bert":
        return transformers.BertConfig(vocab_size=30_522, **common)
    if args.family == "electra":
        narrow = width // 2 if args.size == "small" else width
        return transformers.ElectraConfig(vocab_size=30_522, embedding_size=narrow, **common)
    return transformers.DebertaV2Config(
        vocab_size=128_100, type_vocab_size=0, relative_attention=True, position_buckets=256, max_relative_positions=-1,
        norm_rel_ebd="layer_norm", share_att_key=True, pos_att_type=["p2c", "c2p"], position_biased_input=False,
        layer_norm_eps=1e-7, **common)


def build(args):
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForTokenClassification
    dtype = torch.bfloat16 if args.device == "cuda" else torch.float32
    settings = config(args)
    model = AutoModelForTokenClassification.from_config(settings, dtype=dtype)
    lora = LoraConfig(task_type="TOKEN_CLS", r=RANK, lora_alpha=ALPHA, lora_dropout=LORA_DROPOUT,
                      target_modules=TARGETS[args.family])
    return get_peft_model(model, lora).to(args.device).train(), settings.vocab_size


def twin(args):
    import resource

    import torch
    torch.set_num_threads(args.threads)
    torch.manual_seed(SEED)
    model, vocabulary = build(args)
    trained = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=1e-4, weight_decay=0.01)
    loss_of = torch.nn.CrossEntropyLoss(label_smoothing=SMOOTHING)
    ids = torch.randint(0, vocabulary, (args.batch, args.length), device=args.device)
    labels = torch.randint(0, TAGS, (args.batch, args.length), device=args.device)
    labels[:, 0] = labels[:, -1] = -100
    mask = torch.ones_like(ids)

    def step():
        logits = model(input_ids=ids, attention_mask=mask).logits.float()
        loss_of(logits.view(-1, TAGS), labels.view(-1)).backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        if args.device == "cuda":
            torch.cuda.synchronize()

    seconds, cpu = [], 0.0
    for number in range(args.steps + 1):
        started, cpu_started = time.perf_counter(), time.process_time()
        step()
        if number:
            seconds.append(time.perf_counter() - started)
            cpu += time.process_time() - cpu_started
    peak = torch.cuda.max_memory_allocated() if args.device == "cuda" else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    pieces = args.batch * args.length
    return {"tokens_per_second": pieces / statistics.median(seconds), "tokens_per_cpu_second": pieces * args.steps / cpu,
            "peak_mib": peak / 2**20, "trained": sum(p.numel() for p in trained)}


def run_twin(args):
    command = [sys.executable, __file__, "--twin-only", *sys.argv[1:]]
    environment = os.environ | {"OMP_NUM_THREADS": str(args.threads)}
    return json.loads(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)


def run_pedigree(args):
    command = [args.pedigree.resolve(), "bench", "train", "--json", "--family", args.family, "--size", args.size,
               "--batch", args.batch, "--length", args.length, "--steps", args.steps, "--threads", args.threads]
    command += ["--device", "cuda"] if args.device == "cuda" else []
    done = subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True)
    report = json.loads(done.stdout)["report"]
    return {"tokens_per_second": report["tokens_per_second"], "tokens_per_cpu_second": report["tokens_per_cpu_second"],
            "peak_mib": report["peak_memory_bytes"] / 2**20, "trained": report["trainable_parameters"]}


def main():
    args = arguments()
    if args.twin_only:
        print(json.dumps(twin(args)))
        return
    runs = {"pedigree": [], "twin": []}
    for number in range(args.rounds):
        for name in ("twin", "pedigree", "pedigree", "twin"):
            measured = (run_pedigree if name == "pedigree" else run_twin)(args)
            runs[name].append(measured)
            shown = ", ".join(f"{key} {value:,.0f}" for key, value in measured.items())
            print(f"round {number + 1} {name}: {shown}", file=sys.stderr, flush=True)
    medians = {name: {key: statistics.median(run[key] for run in of) for key in of[0]} for name, of in runs.items()}
    if medians["pedigree"]["trained"] != medians["twin"]["trained"]:
        sys.exit("both must train the same number of values")
    ratios = {key: medians["pedigree"][key] / medians["twin"][key] for key in medians["pedigree"] if key != "trained"}
    print(f"{args.family} {args.size}, {args.batch} x {args.length}, {args.device}, {args.threads} threads")
    print(f"{'median':24}{'pedigree':>12}{'twin':>12}{'ratio':>8}")
    for key, ratio in ratios.items():
        print(f"{key:24}{medians['pedigree'][key]:12,.0f}{medians['twin'][key]:12,.0f}{ratio:8.2f}")
    if args.json:
        text = json.dumps({"arguments": {k: str(v) for k, v in vars(args).items()}, "runs": runs, "medians": medians,
                           "ratios": ratios}, indent=1)
        args.json.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Adapters and merged models, here and in PEFT / transformers. See README.md beside this file."""
import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
import transformers
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file
from transformers import AutoConfig, AutoModelForMaskedLM, AutoModelForTokenClassification, pipeline

FAMILIES = ["bert", "electra", "deberta-v2"]
QV = {"bert": ["query", "value"], "electra": ["query", "value"], "deberta-v2": ["query_proj", "value_proj"]}
TOLERANCE = 1e-4
failures = []
transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()


def check(what, difference, tolerance=TOLERANCE):
    good = difference <= tolerance
    print(f"{'ok  ' if good else 'FAIL'} {what}: {difference:.2e}", flush=True)
    if not good:
        failures.append(what)


def run(pedigree, *args):
    done = subprocess.run([pedigree, *map(str, args)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"pedigree {' '.join(map(str, args))}: {done.stderr}")
    return done.stdout


def logits(model, ids):
    with torch.no_grad():
        return model.eval()(input_ids=ids, attention_mask=torch.ones_like(ids)).logits


def difference(a, b):
    return (a - b).abs().max().item()


def some_ids(backbone, length=24):
    vocabulary = AutoConfig.from_pretrained(backbone).vocab_size
    generator = torch.Generator().manual_seed(7)
    return torch.randint(5, vocabulary, (1, length), generator=generator)


def train(pedigree, work, corpus, backbone, params, **keys):
    out = work / f"out-{params['lora_targets']}{'-'.join(['', *keys])}"
    job = {"train": str(corpus / "train.conll"), "dev": str(corpus / "dev.conll"), "backbone": str(backbone),
           "out": str(out), "params": {"learning_rate": 2e-3, "max_epochs": 1, "batch_size": 16, **params}, **keys}
    path = work / "job.json"
    path.write_text(json.dumps(job))
    run(pedigree, "train", path)
    return out / "adapter"


def merged(pedigree, adapter, backbone, out):
    run(pedigree, "export", "--adapter", adapter, "--backbone", backbone, "--merged", "--out", out)
    return out


def load_ours(adapter, backbone):
    """Our adapter in PEFT: every tensor must arrive, and nothing may be left as it started."""
    labels = len(json.loads((adapter / "ner_labels.json").read_text())["id2label"])
    base = AutoModelForTokenClassification.from_pretrained(backbone, num_labels=labels)
    model = PeftModel.from_pretrained(base, adapter)
    live = {name.replace(".default", "").replace(".modules_to_save", ""): tensor
            for name, tensor in model.state_dict().items() if "lora_" in name or "modules_to_save" in name}
    saved = load_file(adapter / "adapter_model.safetensors")
    assert set(saved) == set(live), set(saved) ^ set(live)
    assert all(torch.equal(live[name], tensor) for name, tensor in saved.items())
    return model, sum(tensor.numel() for tensor in saved.values())


def ours_in_python(pedigree, work, corpus, backbone, name):
    ids = some_ids(backbone)
    for params in ({"lora_targets": "qv"}, {"lora_targets": "qkvo"}, {"lora_targets": "none"},
                   {"lora_targets": "all-linear", "lora_scaling": "rslora", "lora_r": 4, "lora_alpha": 8}):
        adapter = train(pedigree, work, corpus, backbone, params)
        model, count = load_ours(adapter, backbone)
        summary = json.loads((adapter.parent / "summary.json").read_text())
        assert summary["trainable_parameters"] == count, (summary["trainable_parameters"], count)
        folder = merged(pedigree, adapter, backbone, work / f"merged-{params['lora_targets']}")
        ner = pipeline("token-classification", model=str(folder), device="cpu")
        check(f"{name} {params['lora_targets']}: merged export in the pipeline against our adapter in PEFT",
              difference(logits(ner.model, ids), logits(model, ids)))
        assert ner.model.config.id2label[0] == "O", ner.model.config.id2label
        tags = [part["entity"] for part in ner("the patient had fever")]
        assert all(tag in ner.model.config.label2id for tag in tags), tags
    pickled(pedigree, work, backbone, adapter, logits(model, ids), ids, name)


def pickled(pedigree, work, backbone, adapter, expected, ids, name):
    folder = work / "pickled"
    folder.mkdir()
    for file in backbone.iterdir():
        if file.is_file() and file.name != "model.safetensors":
            (folder / file.name).write_bytes(file.read_bytes())
    torch.save(load_file(backbone / "model.safetensors"), folder / "pytorch_model.bin")
    out = merged(pedigree, adapter, folder, work / "merged-pickled")
    model = AutoModelForTokenClassification.from_pretrained(out)
    check(f"{name}: the same from pytorch_model.bin", difference(logits(model, ids), expected))


def theirs_here(pedigree, work, backbone, family, name):
    ids = some_ids(backbone)
    for task, loader, settings in (
            ("TOKEN_CLS", AutoModelForTokenClassification, {"num_labels": 5}), (None, AutoModelForMaskedLM, {})):
        torch.manual_seed(3)
        base = loader.from_pretrained(backbone, **settings)
        model = get_peft_model(base, LoraConfig(task_type=task, r=6, lora_alpha=9, target_modules=QV[family], use_rslora=True))
        with torch.no_grad():
            for parameter in (p for p in model.parameters() if p.requires_grad):
                parameter.copy_(0.1 * torch.randn(parameter.shape))
        adapter = work / f"peft-{task}"
        model.save_pretrained(adapter)
        folder = merged(pedigree, adapter, backbone, work / f"merged-peft-{task}")
        again = loader.from_pretrained(folder)
        if task is None:
            # A backbone without a masked-LM head gets a random one at each loading: compare what is under it.
            ours, theirs = again.base_model, model.base_model.model.base_model
            with torch.no_grad():
                apart = difference(ours.eval()(input_ids=ids).last_hidden_state, theirs.eval()(input_ids=ids).last_hidden_state)
        else:
            apart = difference(logits(again, ids), logits(model, ids))
        check(f"{name} {task or 'masked LM'}: PEFT's adapter merged here against PEFT", apart)


def pretrained(pedigree, work, corpus, backbone, name):
    """An adapter of `pedigree dapt` in PEFT, and a training that starts from it."""
    ids = some_ids(backbone)
    for split in ("train", "dev"):
        sentences = (corpus / f"{split}.conll").read_text().strip().split("\n\n")
        passages = [" ".join(line.split("\t")[0] for line in sentence.splitlines()) for sentence in sentences]
        (work / f"{split}.txt").write_text("\n".join(passages))
    run(pedigree, "dapt", "--passages", work / "train.txt", "--held-out", work / "dev.txt", "--backbone", backbone,
        "--out", work / "dapt", "--set", "steps=6", "--set", "head_steps=4", "--set", "batch_size=8",
        "--set", "learning_rate=0.01")
    start = work / "dapt" / "adapter"
    torch.manual_seed(0)
    base = AutoModelForMaskedLM.from_pretrained(backbone)
    wrapped = PeftModel.from_pretrained(base, start)
    live = {key.replace(".default", ""): tensor for key, tensor in wrapped.state_dict().items() if "lora_" in key}
    saved = load_file(start / "adapter_model.safetensors")
    assert set(saved) == set(live) and all(torch.equal(live[key], tensor) for key, tensor in saved.items())
    again = AutoModelForMaskedLM.from_pretrained(merged(pedigree, start, backbone, work / "merged-dapt"))
    with torch.no_grad():
        theirs = wrapped.base_model.model.base_model.eval()(input_ids=ids).last_hidden_state
        ours = again.base_model.eval()(input_ids=ids).last_hidden_state
    check(f"{name}: our pretraining's adapter in PEFT against its merged export", difference(ours, theirs))

    adapter = train(pedigree, work, corpus, backbone, {"lora_targets": "qv"}, start_adapter=str(start))
    labels = len(json.loads((adapter / "ner_labels.json").read_text())["id2label"])
    base = AutoModelForTokenClassification.from_pretrained(backbone, num_labels=labels)
    base = PeftModel.from_pretrained(base, adapter / "dapt").merge_and_unload()
    tuned = PeftModel.from_pretrained(base, adapter)
    folder = merged(pedigree, adapter, backbone, work / "merged-start")
    model = AutoModelForTokenClassification.from_pretrained(folder)
    check(f"{name}: a training that starts from it, as its card says to load it, against the merged export",
          difference(logits(model, ids), logits(tuned, ids)))


def fixtures(pedigree, work, parity):
    for case in sorted(path.parent for path in parity.glob("*/*/expected.safetensors")):
        if case.name != "token-classification":
            continue
        inputs = load_file(case / "inputs.safetensors")
        inputs.pop("labels")
        backbone = work / case.parent.name
        backbone.mkdir()
        for file in ("config.json", "model.safetensors"):
            (backbone / file).write_bytes((case / file).read_bytes())
        pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + [f"w{i}" for i in range(50)]
        (backbone / "vocab.txt").write_text("\n".join(pieces) + "\n")
        folder = merged(pedigree, case / "adapter", backbone, work / f"merged-{case.parent.name}")
        model = AutoModelForTokenClassification.from_pretrained(folder).eval()
        with torch.no_grad():
            ours = model(**inputs).logits
        valid = inputs["attention_mask"].bool()
        expected = load_file(case / "expected.safetensors")["logits"]
        check(f"parity {case.parent.name}: the merged fixture", difference(ours[valid], expected[valid]))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pedigree", default="target/release/pedigree")
    parser.add_argument("--parity", type=Path)
    parser.add_argument("--backbone", type=Path, action="append", default=[])
    args = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        run(args.pedigree, "data", "synth", root / "corpus", "--flavour", "easy", "--train", 60, "--dev", 20, "--test", 10)
        backbones = []
        for family in FAMILIES:
            backbone = root / family / "backbone"
            run(args.pedigree, "backbone", "random", backbone, "--corpus", root / "corpus", "--family", family)
            backbones.append((family, backbone))
        backbones += [(json.loads((path / "config.json").read_text())["model_type"], path) for path in args.backbone]
        for at, (family, backbone) in enumerate(backbones):
            work = root / f"work-{at}"
            work.mkdir()
            name = f"{family} ({backbone.name})"
            ours_in_python(args.pedigree, work, root / "corpus", backbone, name)
            theirs_here(args.pedigree, work, backbone, family, name)
            pretrained(args.pedigree, work, root / "corpus", backbone, name)
        if args.parity:
            (root / "parity").mkdir()
            fixtures(args.pedigree, root / "parity", args.parity)
    sys.exit(f"{len(failures)} failed: {failures}" if failures else 0)


if __name__ == "__main__":
    main()

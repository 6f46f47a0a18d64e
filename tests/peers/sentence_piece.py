#!/usr/bin/env python3
"""Golden encodings of spm.model against transformers' conversion. See README.md beside this file.

    pip install sentencepiece protobuf 'transformers<5'
    tests/peers/sentence_piece.py OUT [--sentences N]

Trains a Unigram model with DeBERTa-v3's normaliser and special pieces on made-up text, writes
spm.model into OUT, and encodings.jsonl: a sentence a line, its words and the ids of the pieces of each.
"""
import argparse
import json
import random
from pathlib import Path

import sentencepiece
from transformers import DebertaV2TokenizerFast

ODD = ["\u00a0", "\u3000x", "ﬁbrosis", "Ⅳ", "½", "①", "TNF‐α", "e\u0301", "É", "\u200b", "a\u200bb", "\u00ad", "ＡＢＣ", "…",
       "µg", "℃", "😀", "痛风", "한국", "\u1e9b\u0323", "[MASK]", "[SEP]", "a  b", "\tc", "\u0001", "\ufeff", "₂", "Å", "''", "``"]


STEMS = ("car cin nephr hepat gluc insul thromb leuk lymph oste derm card pneum gastr neur hydr chlor brom meth prop tri "
         "tetra poly para hyper hypo anti inter trans cyt gen mut pol kin tas rec lig").split()
MIDDLES = "o i a ero ino yla enti asto ula omi ate ori".split()
ENDS = "oma osis itis ase ine in ol ide ate emia pathy gen cyte ic al ous tion ed ing s es ly".split()
PLAIN = "the of and in a to was were with for that by as not is on we found no had after from this at patients mice".split()
MARKS = [".", ",", "(", ")", "/", "%", "-", ":", ";", "'"]


def word(generator):
    kind = generator.random()
    if kind < 0.35:
        return generator.choice(PLAIN)
    if kind < 0.45:
        return generator.choice(MARKS)
    if kind < 0.52:
        return str(generator.randrange(10 ** generator.randrange(1, 5)) / generator.choice([1, 10])).removesuffix(".0")
    made = generator.choice(STEMS) + generator.choice(MIDDLES) + generator.choice(ENDS)
    if kind < 0.60:
        return made.capitalize()
    if kind < 0.66:
        return made[:3].upper() + generator.choice(["", "-"]) + str(generator.randrange(20))
    return made


def sentences(count):
    """Made-up text."""
    generator = random.Random(7)
    return [[word(generator) for _ in range(generator.randrange(3, 14))] for _ in range(count)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--sentences", type=int, default=2000)
    parser.add_argument("--vocabulary", type=int, default=800)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    texts = sentences(20000)
    text = args.out / "text.txt"
    text.write_text("\n".join(" ".join(words) for words in texts), encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(text), model_prefix=str(args.out / "spm"), vocab_size=args.vocabulary, model_type="unigram",
        normalization_rule_name="nmt_nfkc", add_dummy_prefix=True, remove_extra_whitespaces=True,
        pad_id=0, bos_id=1, eos_id=2, unk_id=3, pad_piece="[PAD]", bos_piece="[CLS]", eos_piece="[SEP]",
        unk_piece="[UNK]", minloglevel=2)
    text.unlink()
    (args.out / "spm.vocab").unlink()
    tokenizer = DebertaV2TokenizerFast(vocab_file=str(args.out / "spm.model"))
    generator = random.Random(11)
    chosen = texts[: args.sentences]
    for index in range(0, len(chosen), 10):
        chosen[index] = chosen[index] + generator.sample(ODD, 3)
    golden = []
    for words in chosen:
        encoded = tokenizer(words, is_split_into_words=True, add_special_tokens=False)
        pieces = [[] for _ in words]
        for word, piece in zip(encoded.word_ids(), encoded["input_ids"]):
            pieces[word].append(piece)
        golden.append([words, pieces])
    lines = [json.dumps(sentence, ensure_ascii=False, separators=(",", ":")) for sentence in golden]
    (args.out / "encodings.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(golden)} sentences, {len(tokenizer)} pieces")


main()

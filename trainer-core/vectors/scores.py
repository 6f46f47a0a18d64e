"""Writes scores.json: entities and scores of seqeval 1.2.2 for random tag sequences, valid and invalid ones.

A case holds sentences of gold tags, predicted tags and pieces per word. For the default mode ("conlleval"), for
mode="strict" with scheme=IOB2 ("strict") and for the default mode over pieces that carry a copy of their word's tag
("subtoken_all") it holds [precision, recall, F1, gold entities], micro-averaged over the case ("micro") and by type.
"entities" are those of the predicted tags of the first sentence as [type, first word, last word]. Gold tags of strict
cases may be invalid too. Run once, with seqeval 1.2.2 installed:

    python3 scores.py > scores.json
"""

import json
import random
import warnings

from seqeval.metrics import classification_report
from seqeval.metrics.sequence_labeling import get_entities
from seqeval.scheme import IOB2, Entities

TAGS = ["O", "O", "B-C", "I-C", "I-C", "B-D", "I-D", "I-D"]
warnings.filterwarnings("ignore")


def scores(gold, predicted, **mode):
    report = classification_report(gold, predicted, output_dict=True, zero_division=0, **mode)
    row = lambda of: [float(of["precision"]), float(of["recall"]), float(of["f1-score"]), int(of["support"])]
    return {"micro": row(report["micro avg"]), **{kind: row(report[kind]) for kind in "CD" if kind in report}}


def copied(sentences, pieces):
    return [[tag for tag, n in zip(tags, counts) for _ in range(n)] for tags, counts in zip(sentences, pieces)]


def case(draw):
    lengths = [draw.randint(1, 12) for _ in range(draw.randint(1, 3))]
    gold = [[draw.choice(TAGS) for _ in range(n)] for n in lengths]
    flip = draw.random()
    predicted = [[draw.choice(TAGS) if draw.random() < flip else tag for tag in tags] for tags in gold]
    pieces = [[draw.choice([1, 1, 2, 3]) for _ in tags] for tags in gold]
    strict = [[e.tag, e.start, e.end - 1] for e in Entities([predicted[0]], IOB2).entities[0]]
    return {
        "gold": [" ".join(tags) for tags in gold],
        "predicted": [" ".join(tags) for tags in predicted],
        "pieces": pieces,
        "entities": {"conlleval": [list(e) for e in get_entities(predicted[0])], "strict": strict},
        "conlleval": scores(gold, predicted),
        "strict": scores(gold, predicted, mode="strict", scheme=IOB2),
        "subtoken_all": scores(copied(gold, pieces), copied(predicted, pieces)),
    }


def main():
    draw = random.Random(20)
    cases = []
    while len(cases) < 120:
        drawn = case_or_none(draw)
        if drawn is not None:
            cases.append(drawn)
    print("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]")


def case_or_none(draw):
    """seqeval raises on a case without any entity."""
    try:
        return case(draw)
    except ValueError:
        return None


if __name__ == "__main__":
    main()

"""Measure intents in other languages: with what is taken by default, with the English encoder, with jieba.

    python -m bench.languages PROJECT_OR_FOLDER:LANGUAGE... [--rasa PATH]

Of each set of NLU examples (texts that occur twice are taken once, intents with fewer than five examples are left out)
a fifth is held out, intent by intent; the pipeline is Rasa's suggested one (words, pieces of words of one to four
letters, DIETClassifier). `--rasa` also trains Rasa's pipeline of the same names, with 100 epochs, on the same split.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from frontdesk.core.ports import Embedder, TrainContext
from frontdesk.core.training import Example, NluExamples
from frontdesk.encoding import graph, weights
from frontdesk.encoding.encoder import SentenceEncoder
from frontdesk.errors import FrontdeskError
from frontdesk.formats.nlu import write
from frontdesk.formats.project import read_training
from frontdesk.nlu.pipeline import Pipeline
from frontdesk.registry import resolve

FEWEST = 5
COUNTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("CountVectorsFeaturizer", {}),
    ("CountVectorsFeaturizer", {"analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4}),
)


def split(nlu: NluExamples) -> tuple[NluExamples, list[Example]]:
    """Hold a fifth of each intent's examples out."""
    by_intent: dict[str, list[Example]] = {}
    for example in {e.text.casefold().strip(): e for e in nlu.examples if e.text.strip()}.values():
        by_intent.setdefault(example.intent.partition("/")[0], []).append(example)
    kept: list[Example] = []
    held: list[Example] = []
    for intent in sorted(by_intent):
        examples = sorted(by_intent[intent], key=lambda e: e.text)
        if len(examples) < FEWEST:
            continue
        random.Random(1).shuffle(examples)
        share = max(1, len(examples) // 5)
        held += examples[:share]
        kept += examples[share:]
    return replace(nlu, examples=tuple(kept)), held


def accuracy(
    kept: NluExamples, held: Sequence[Example], language: str, embedder: Embedder, tokenizer: str, **diet: Any
) -> tuple[float, float]:
    """Return the share of held-out examples whose intent is found, and the seconds that training took."""
    parts = [(tokenizer, {}), *COUNTS, ("DIETClassifier", {"entity_recognition": False, **diet})]
    pipeline = Pipeline([resolve("component", name)(options) for name, options in parts])
    begun = time.process_time()
    pipeline.train(kept, TrainContext(language=language, embedder=embedder))
    took = time.process_time() - begun
    found = pipeline.process([example.text for example in held])
    right = sum(
        m.intent is not None and m.intent.name == e.intent.partition("/")[0]
        for m, e in zip(found, held, strict=True)
    )
    return right / len(held), took


def rasa_accuracy(
    binary: Path, kept: NluExamples, held: Sequence[Example], language: str, tokenizer: str
) -> tuple[float, float]:
    """Return the same for Rasa's own components of these names."""
    with tempfile.TemporaryDirectory(prefix="frontdesk-bench-") as scratch:
        folder = Path(scratch)
        for name, examples in (("train", kept.examples), ("test", tuple(held))):
            plain = [Example(" ".join(e.text.split()), e.intent.partition("/")[0]) for e in examples]
            (folder / f"{name}.yml").write_text(write(NluExamples(examples=tuple(plain))), "utf-8")
        parts = [(tokenizer, {}), *COUNTS, ("DIETClassifier", {"epochs": 100, "entity_recognition": False})]
        pipeline = [{"name": name, **options} for name, options in parts]
        head = {"recipe": "default.v1", "language": language, "assistant_id": "bench"}
        config = {**head, "pipeline": pipeline}
        (folder / "config.yml").write_text(json.dumps(config), "utf-8")
        begun = os.times()
        _run([binary, "train", "nlu", "--nlu", "train.yml"], folder)
        ended = os.times()
        _run([binary, "test", "nlu", "--nlu", "test.yml", "--out", "results", "--no-plot"], folder)
        report = json.loads((folder / "results" / "intent_report.json").read_text("utf-8"))
    right = report["accuracy"] if "accuracy" in report else report["micro avg"]["recall"]
    return float(right), ended.children_user - begun.children_user


def _run(command: Sequence[str | Path], folder: Path) -> None:
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "RASA_TELEMETRY_ENABLED": "false"}
    environment.pop("PYTHONPATH", None)
    subprocess.run(command, cwd=folder, check=True, capture_output=True, env=environment)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", nargs="+", help="a folder of training files, a colon, and its language")
    parser.add_argument("--rasa", type=Path, help="the program `rasa` of an environment of its own")
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="frontdesk-bench-") as scratch:
        embedder = SentenceEncoder(graph.build(weights.locate(), Path(scratch)))
        print(
            "| data | language | intents | train, test | default | English encoder | jieba | Rasa | CPU s, ours, Rasa |"
        )
        print("|---" * 9 + "|")
        for argument in given.data:
            folder, _, language = argument.rpartition(":")
            try:
                kept, held = split(read_training(Path(folder), strict=False).nlu)
            except FrontdeskError as error:
                print(f"{folder}: {error.sentence[:300]}", file=sys.stderr)
                continue
            print(_row(Path(folder), language, kept, held, embedder, given.rasa), flush=True)


def _row(
    folder: Path, language: str, kept: NluExamples, held: list[Example], embedder: Embedder, rasa: Path | None
) -> str:
    intents = {example.intent.partition("/")[0] for example in kept.examples}
    plain, took = accuracy(kept, held, language, embedder, "WhitespaceTokenizer")
    encoder, _ = accuracy(kept, held, language, embedder, "WhitespaceTokenizer", use_encoder=True)
    chinese = language.startswith("zh")
    jieba = f"{accuracy(kept, held, language, embedder, 'JiebaTokenizer')[0]:.3f}" if chinese else "-"
    peer, peer_took = "-", "-"
    if rasa is not None:
        tokenizer = "JiebaTokenizer" if chinese else "WhitespaceTokenizer"
        share, seconds = rasa_accuracy(rasa, kept, held, language, tokenizer)
        peer, peer_took = f"{share:.3f}", f"{seconds:.0f}"
    name = folder.resolve().name if folder.name != "data" else folder.resolve().parent.name
    cells = [
        name,
        language,
        len(intents),
        f"{len(kept.examples)}, {len(held)}",
        f"{plain:.3f}",
        f"{encoder:.3f}",
    ]
    return "| " + " | ".join(map(str, [*cells, jieba, peer, f"{took:.0f}, {peer_took}"])) + " |"


if __name__ == "__main__":
    main()

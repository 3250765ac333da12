"""Compare the encoder that Frontdesk builds with sentence-transformers running the same weights under torch.

sentence-transformers lives in an environment of its own, since the engine never loads torch:

    python -m venv reference
    reference/bin/pip install torch sentence-transformers
    python bench/encoder_equivalence.py --python reference/bin/python

The weights are those that `frontdesk.encoding.weights.locate` finds; both sides read the same texts. The
table says, for the fp32 and the int8 graph, the largest difference of any number and the mean, the 5th
percentile and the lowest cosine. `--texts FILE` takes other texts, one a line. The exit code is 1 where fp32
differs by more than 1e-5 or the mean cosine of int8 is below 0.98.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from frontdesk.encoding.encoder import SentenceEncoder
from frontdesk.encoding.graph import build
from frontdesk.encoding.weights import locate

REFERENCE = """
import json, sys
import numpy, torch
from sentence_transformers import SentenceTransformer
folder, texts, target = sys.argv[1:]
torch.set_num_threads(1)
model = SentenceTransformer(folder, device="cpu")
model.max_seq_length = 256
with open(texts, encoding="utf-8") as stream:
    vectors = model.encode(json.load(stream), batch_size=1, normalize_embeddings=True)
numpy.savez(target, vectors=vectors.astype("float32"))
"""
TEXTS = (
    "hi",
    "ok",
    "Thank you very much, that was all I needed!",
    "where is it??",
    "I have been waiting for two weeks now and nobody has answered any of my letters.",
    "can you call me back tomorrow after 5 pm",
    "No, the other one: A123456, not A123465.",
    "caf\u00e9, na\u00efve, \u00dcberraschung, \u65e5\u672c\u8a9e, \U0001f600",
    "what does the small lamp on the left side mean when it blinks three times",
    "THIS IS NOT WHAT I ASKED FOR",
    "the quick brown fox jumps over the lazy dog " * 60,
)


def reference(python: str, folder: Path, texts: list[str]) -> np.ndarray:
    """Return the vectors that sentence-transformers makes in another environment."""
    with tempfile.TemporaryDirectory() as scratch:
        source, target = Path(scratch) / "texts.json", Path(scratch) / "vectors.npz"
        source.write_text(json.dumps(texts), encoding="utf-8")
        subprocess.run([python, "-c", REFERENCE, str(folder), str(source), str(target)], check=True)
        with np.load(target, allow_pickle=False) as found:
            vectors: np.ndarray = found["vectors"]
    return vectors


def main() -> int:
    """Print the comparison; return 0 where the graphs are as close as they should be."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--python", required=True, help="an interpreter with sentence-transformers")
    parser.add_argument("--texts", type=Path, help="a file with one text a line")
    arguments = parser.parse_args()
    texts = list(TEXTS) if arguments.texts is None else arguments.texts.read_text("utf-8").split("\n")
    texts = [text for text in texts if text.strip()]
    weights = locate()
    expected = reference(arguments.python, weights.folder, texts)
    close = True
    print(f"{len(texts)} texts\nprecision  max abs diff  cosine mean  5%       lowest   CPU-ms a text")
    with tempfile.TemporaryDirectory() as scratch:
        for precision in ("fp32", "int8"):
            encoder = SentenceEncoder(build(weights, Path(scratch) / precision, precision=precision))
            encoder.load()
            begun = time.process_time()
            found = encoder.embed(texts)
            spent = (time.process_time() - begun) * 1000 / len(texts)
            cosines = (found * expected).sum(axis=1)
            largest = float(np.abs(found - expected).max())
            low, mean, fifth = float(cosines.min()), float(cosines.mean()), float(np.quantile(cosines, 0.05))
            print(f"{precision:<10} {largest:<13.2e} {mean:<12.5f} {fifth:<8.5f} {low:<8.5f} {spent:.2f}")
            close = close and (largest < 1e-5 if precision == "fp32" else mean > 0.98)
    return 0 if close else 1


if __name__ == "__main__":
    sys.exit(main())

"""LanguageModelFeaturizer: describe texts by a transformer model that lies in a local folder."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from frontdesk.core.message import Features, Message
from frontdesk.core.ports import Embedder, LoadContext, TrainContext
from frontdesk.core.training import NluExamples
from frontdesk.errors import ConfigError
from frontdesk.nlu.options import LONGEST, merged
from frontdesk.nlu.vectors import add

NAME = "LanguageModelFeaturizer"
DEFAULTS: Mapping[str, Any] = {"model_name": "bert", "model_weights": None, "cache_dir": None}
WEIGHTS: Mapping[str, str] = {"bert": "sentence-transformers/LaBSE"}
"""What Rasa takes where no weights are named; other models have no such default here."""
NEEDED = ("model.safetensors", "tokenizer.json", "config.json")
_ENCODER = "encoder"


class LanguageModelFeaturizer:
    """Add a transformer's vectors of each text and of each of its words.

    `model_weights` names a folder with `model.safetensors`, `tokenizer.json` and `config.json` of a BERT kind of model
    (BERT, MiniLM, LaBSE ...), or a model of the Hugging Face hub that was downloaded before: nothing is fetched. It
    becomes an ONNX graph in the package, so that neither the folder nor torch is needed afterwards.
    """

    prepares = True

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        self.options = merged(NAME, DEFAULTS, options)
        self.origin = str(self.options.get("alias") or NAME)
        kind = str(self.options["model_name"])
        named = self.options["model_weights"] or WEIGHTS.get(kind)
        if named is None:
            raise ConfigError(
                f"{NAME}: 'model_weights' is missing; a '{kind}' model has no default here.",
                hint="Name the folder of a model of the BERT kind, or use SentenceEncoderFeaturizer.",
            )
        self._named = str(named)
        self._files: dict[str, bytes] = {}
        self._embedder: Embedder | None = None

    def train(self, examples: NluExamples, context: TrainContext) -> None:
        """Build the graph from the weights. Raises ConfigError where they are not there, or of another kind."""
        import tempfile

        from frontdesk.encoding import graph, weights
        from frontdesk.encoding.encoder import SentenceEncoder

        found = weights.locate(self._folder())
        context.progress(f"{NAME}: building the graph of {self._named}")
        with tempfile.TemporaryDirectory(prefix="frontdesk-lm-") as scratch:
            folder = graph.build(found, Path(scratch))
            encoder = SentenceEncoder(folder)
            encoder.load()
            self._files = {file.name: file.read_bytes() for file in folder.iterdir()}
        self._embedder = encoder

    def _folder(self) -> Path:
        places = [Path(self._named).expanduser(), *_snapshots(self._named, self.options["cache_dir"])]
        for place in places:
            if all((place / name).is_file() for name in NEEDED):
                return place
        raise ConfigError(
            f"{NAME}: '{self._named}' is neither the folder of a model ({', '.join(NEEDED)}) nor one that was "
            "downloaded before.",
            hint=f"Download it: hf download {self._named}; or use SentenceEncoderFeaturizer (English).",
        )

    def process(self, messages: Sequence[Message]) -> list[Message]:
        """Add the vectors of each message."""
        processed = list(messages)
        waiting = [n for n, message in enumerate(messages) if not message.final and message.text.strip()]
        if not waiting or self._embedder is None:
            return processed
        spans = [[(token.start, token.end) for token in messages[n].tokens] for n in waiting]
        sentences, tokens = self._embedder.embed_tokens([messages[n].text[:LONGEST] for n in waiting], spans)
        for row, n in enumerate(waiting):
            processed[n] = add(messages[n], Features(self.origin, sentences[row], tokens[row]))
        return processed

    def save(self, folder: Path) -> None:
        """Write the graph and the tokenizer."""
        (folder / _ENCODER).mkdir()
        for name, content in self._files.items():
            (folder / _ENCODER / name).write_bytes(content)

    def load(self, folder: Path, context: LoadContext) -> None:
        """Read them back."""
        from frontdesk.encoding.encoder import SentenceEncoder

        self._embedder = SentenceEncoder(folder / _ENCODER)


def _snapshots(name: str, cache: Any) -> list[Path]:
    """Return where a model of the hub lies if it was downloaded before, the newest first."""
    home = Path(os.environ.get("HF_HOME") or "~/.cache/huggingface").expanduser()
    roots = [Path(str(cache)).expanduser()] if cache else []
    folder = f"models--{name.replace('/', '--')}"
    found = [place for root in [*roots, home / "hub"] for place in (root / folder / "snapshots").glob("*")]
    return sorted(found, key=lambda place: place.stat().st_mtime, reverse=True)

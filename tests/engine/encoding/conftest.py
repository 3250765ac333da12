"""A very small BERT with random weights, and what it computes by hand."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

SIZE, HEADS, LAYERS, WIDE, LONGEST = 8, 2, 2, 16, 12
WORDS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "the",
    "cat",
    "sat",
    "on",
    "mat",
    "un",
    "##happy",
    "##s",
    "dog",
    ".",
]


def tensors(seed: int = 0) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)

    def some(*shape: int) -> np.ndarray:
        return random.normal(0, 0.4, shape).astype(np.float32)

    found = {
        "embeddings.word_embeddings.weight": some(len(WORDS), SIZE),
        "embeddings.position_embeddings.weight": some(32, SIZE),
        "embeddings.token_type_embeddings.weight": some(2, SIZE),
        "embeddings.LayerNorm.weight": some(SIZE),
        "embeddings.LayerNorm.bias": some(SIZE),
        "pooler.dense.weight": some(SIZE, SIZE),
    }
    for layer in range(LAYERS):
        start = f"encoder.layer.{layer}."
        for name in (
            "attention.self.query",
            "attention.self.key",
            "attention.self.value",
            "attention.output.dense",
        ):
            found[f"{start}{name}.weight"], found[f"{start}{name}.bias"] = some(SIZE, SIZE), some(SIZE)
        for name in ("attention.output.LayerNorm", "output.LayerNorm"):
            found[f"{start}{name}.weight"], found[f"{start}{name}.bias"] = some(SIZE), some(SIZE)
        found[f"{start}intermediate.dense.weight"], found[f"{start}intermediate.dense.bias"] = (
            some(WIDE, SIZE),
            some(WIDE),
        )
        found[f"{start}output.dense.weight"], found[f"{start}output.dense.bias"] = (
            some(SIZE, WIDE),
            some(SIZE),
        )
    return found


def write_folder(folder: Path, *, pooling: str = "mean", prefix: str = "", **changes: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    save_file({prefix + name: value for name, value in tensors().items()}, folder / "model.safetensors")
    config = {
        "model_type": "bert", "hidden_act": "gelu", "hidden_size": SIZE, "num_attention_heads": HEADS,
        "num_hidden_layers": LAYERS, "layer_norm_eps": 1e-12, "max_position_embeddings": 32, **changes,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": LONGEST}))
    (folder / "1_Pooling").mkdir(exist_ok=True)
    modes = {f"pooling_mode_{kind}": kind == f"{pooling}_token" + "s" * (pooling == "mean") for kind in
             ("mean_tokens", "cls_token", "max_tokens")}  # fmt: skip
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(modes))
    tokenizer = Tokenizer(models.WordPiece({word: n for n, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.enable_padding(length=40)  # as published files have it; it must not matter
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "weights")


@pytest.fixture
def expected() -> Callable[[list[int]], np.ndarray]:
    """The last hidden states (length, SIZE) of a list of word pieces, computed with numpy alone."""
    weights = {name: value.astype(np.float64) for name, value in tensors().items()}

    def normal(name: str, rows: np.ndarray) -> np.ndarray:
        spread = np.sqrt(rows.var(axis=-1, keepdims=True) + 1e-12)
        return (rows - rows.mean(axis=-1, keepdims=True)) / spread * weights[f"{name}.weight"] + weights[
            f"{name}.bias"
        ]

    def dense(name: str, rows: np.ndarray) -> np.ndarray:
        return rows @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def attention(layer: str, rows: np.ndarray) -> np.ndarray:
        parts = [dense(f"{layer}.attention.self.{part}", rows) for part in ("query", "key", "value")]
        width, heard = SIZE // HEADS, []
        for head in range(HEADS):
            query, key, value = (part[:, head * width : (head + 1) * width] for part in parts)
            scores = np.exp(query @ key.T / math.sqrt(width))
            heard.append(scores / scores.sum(axis=1, keepdims=True) @ value)
        return dense(f"{layer}.attention.output.dense", np.concatenate(heard, axis=1))

    def states(ids: list[int]) -> np.ndarray:
        rows = (
            weights["embeddings.word_embeddings.weight"][ids]
            + weights["embeddings.position_embeddings.weight"][: len(ids)]
        )
        rows = normal("embeddings.LayerNorm", rows + weights["embeddings.token_type_embeddings.weight"][0])
        for number in range(LAYERS):
            layer = f"encoder.layer.{number}"
            rows = normal(f"{layer}.attention.output.LayerNorm", rows + attention(layer, rows))
            wide = dense(f"{layer}.intermediate.dense", rows)
            active = wide * 0.5 * (1 + np.vectorize(math.erf)(wide / math.sqrt(2)))
            rows = normal(f"{layer}.output.LayerNorm", rows + dense(f"{layer}.output.dense", active))
        return rows

    return states

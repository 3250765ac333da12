from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from safetensors.numpy import load_file, save_file

from frontdesk.encoding.encoder import SentenceEncoder
from frontdesk.encoding.graph import CARD_FILE, ONNX_FILE, build
from frontdesk.encoding.weights import locate, sha256
from frontdesk.errors import ConfigError
from tests.engine.encoding.conftest import LONGEST, write_folder

Expected = Callable[[list[int]], np.ndarray]
TEXTS = ["the cat sat on the mat .", "unhappy dogs", "cat"]
IDS = [[2, 4, 5, 6, 7, 4, 8, 13, 3], [2, 9, 10, 12, 11, 3], [2, 5, 3]]


def unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)


def test_the_graph_computes_what_bert_does(folder: Path, tmp_path: Path, expected: Expected) -> None:
    encoder = SentenceEncoder(build(locate(folder), tmp_path / "out", precision="fp32"))
    found = encoder.embed(TEXTS)
    for row, ids in zip(found, IDS, strict=True):
        np.testing.assert_allclose(row, unit(expected(ids).mean(axis=0)), atol=2e-5)


def test_padding_changes_nothing(folder: Path, tmp_path: Path) -> None:
    encoder = SentenceEncoder(build(locate(folder), tmp_path / "out", precision="fp32"))
    together = encoder.embed(TEXTS)
    alone = np.concatenate([encoder.embed([text]) for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_the_first_token_can_be_the_sentence(tmp_path: Path, expected: Expected) -> None:
    folder = write_folder(tmp_path / "weights", pooling="cls", prefix="bert.")
    encoder = SentenceEncoder(build(locate(folder), tmp_path / "out", precision="fp32"))
    np.testing.assert_allclose(encoder.embed(["cat"])[0], unit(expected([2, 5, 3])[0]), atol=2e-5)


def test_the_same_weights_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    one, two = (build(locate(folder), tmp_path / name) for name in ("one", "two"))
    for name in (ONNX_FILE, "tokenizer.json", CARD_FILE):
        assert (one / name).read_bytes() == (two / name).read_bytes()


def test_the_card_says_what_was_built(folder: Path, tmp_path: Path) -> None:
    out = build(locate(folder), tmp_path / "out")
    card = json.loads((out / CARD_FILE).read_text())
    assert card["size"] == 8
    assert card["max_length"] == LONGEST
    assert card["precision"] == "int8"
    assert card["sha256"][ONNX_FILE] == sha256(out / ONNX_FILE)
    assert card["weights_sha256"] == sha256(folder / "model.safetensors")
    assert {path.name for path in out.iterdir()} == {ONNX_FILE, "tokenizer.json", CARD_FILE}


def test_int8_weights_have_a_scale_for_each_channel(folder: Path, tmp_path: Path) -> None:
    before = logging.getLogger().level
    graph = onnx.load(str(build(locate(folder), tmp_path / "out") / ONNX_FILE)).graph
    scales = [one for one in graph.initializer if one.name.endswith("joined.weight_scale")]
    assert [tuple(one.dims) for one in scales] == [(24,), (24,)]
    assert logging.getLogger().level == before


def test_int8_is_close_to_fp32_with_the_real_weights(tmp_path: Path) -> None:
    weights = locate()
    texts = [
        "good morning",
        "the little lamp blinks three times, what does that mean?",
        "I never got an answer!!",
    ]
    full, small = (
        SentenceEncoder(build(weights, tmp_path / precision, precision=precision))
        for precision in ("fp32", "int8")
    )
    cosines = (full.embed(texts) * small.embed(texts)).sum(axis=1)
    assert cosines.mean() > 0.98
    assert (tmp_path / "int8" / ONNX_FILE).stat().st_size < 24_000_000


def test_the_names_of_the_first_bert_models_are_known(folder: Path, tmp_path: Path) -> None:
    plain = build(locate(folder), tmp_path / "plain", precision="fp32").joinpath(ONNX_FILE).read_bytes()
    old = {
        "bert." + name.replace("Norm.weight", "Norm.gamma").replace("Norm.bias", "Norm.beta"): value
        for name, value in load_file(folder / "model.safetensors").items()
    }
    save_file(old, folder / "model.safetensors")
    found = build(locate(folder), tmp_path / "old", precision="fp32").joinpath(ONNX_FILE).read_bytes()
    assert found == plain


def test_a_missing_tensor_is_named(folder: Path, tmp_path: Path) -> None:
    (folder / "config.json").write_text(
        (folder / "config.json").read_text().replace('"num_hidden_layers": 2', '"num_hidden_layers": 3')
    )
    with pytest.raises(ConfigError, match=r"no tensor 'encoder\.layer\.2"):
        build(locate(folder), tmp_path / "out")


def test_another_precision_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="fp16"):
        build(locate(folder), tmp_path / "out", precision="fp16")

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from frontdesk.core.ports import Embedder
from frontdesk.encoding.encoder import SentenceEncoder
from frontdesk.encoding.graph import CARD_FILE, ONNX_FILE, build
from frontdesk.encoding.weights import locate
from frontdesk.errors import PackageError
from tests.engine.conftest import Heard

Expected = Callable[[list[int]], np.ndarray]


@pytest.fixture
def built(folder: Path, tmp_path: Path) -> Path:
    return build(locate(folder), tmp_path / "built")


@pytest.fixture
def exact(folder: Path, tmp_path: Path) -> SentenceEncoder:
    return SentenceEncoder(build(locate(folder), tmp_path / "exact", precision="fp32"))


def test_it_is_an_embedder_of_unit_vectors(built: Path) -> None:
    encoder = SentenceEncoder(built)
    assert isinstance(encoder, Embedder)
    vectors = encoder.embed(["the cat", "", "a word that nobody knows"])
    assert vectors.shape == (3, encoder.size)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert encoder.embed([]).shape == (0, encoder.size)


def test_a_vector_depends_on_its_text_only(built: Path) -> None:
    encoder = SentenceEncoder(built)
    company = ["cat", "the cat sat on the mat . the dog sat", "unhappy"]
    assert np.array_equal(encoder.embed(company)[0], encoder.embed(["cat"])[0])
    assert np.array_equal(encoder.embed(company[::-1])[::-1], encoder.embed(company))


def test_tokens_are_means_of_their_word_pieces(exact: SentenceEncoder, expected: Expected) -> None:
    states = expected([2, 4, 9, 10, 12, 3])  # [CLS] the un ##happy dog [SEP]
    sentences, tokens = exact.embed_tokens(["The unhappy dog"], [[(0, 3), (4, 11), (12, 15), (3, 4)]])
    np.testing.assert_allclose(tokens[0][0], states[1], atol=2e-5)
    np.testing.assert_allclose(tokens[0][1], states[2:4].mean(axis=0), atol=2e-5)
    np.testing.assert_allclose(tokens[0][2], states[4], atol=2e-5)
    assert not tokens[0][3].any()
    np.testing.assert_allclose(sentences, exact.embed(["The unhappy dog"]), atol=1e-6)


def test_texts_of_different_length_keep_their_own_tokens(exact: SentenceEncoder) -> None:
    texts = ["cat", "the cat sat", "dog"]
    spans = [[(0, 3)], [(0, 3), (4, 7), (8, 11)], []]
    _, tokens = exact.embed_tokens(texts, spans)
    assert [len(rows) for rows in tokens] == [1, 3, 0]
    _, alone = exact.embed_tokens(texts[1:2], spans[1:2])
    np.testing.assert_allclose(tokens[1], alone[0], atol=1e-5)


def test_long_texts_are_cut(exact: SentenceEncoder) -> None:
    text = "cat " * 100
    sentences, tokens = exact.embed_tokens([text], [[(0, 3), (396, 399)]])
    assert tokens[0][0].any()
    assert not tokens[0][1].any()
    np.testing.assert_allclose(sentences, exact.embed(["cat " * 10]), atol=1e-5)


def test_nothing_is_loaded_before_the_first_text(built: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from frontdesk.encoding.encoder import SentenceEncoder; "
        f"e = SentenceEncoder(Path({str(built)!r})); assert e.size == 8; assert 'onnxruntime' not in sys.modules; "
        "e.embed(['cat']); assert not {'torch', 'onnx', 'sklearn', 'scipy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_it_may_be_used_from_several_threads(built: Path) -> None:
    encoder = SentenceEncoder(built)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: encoder.embed(["the cat"]), range(20)))
    assert all(np.array_equal(one, found[0]) for one in found)


def test_the_fingerprint_follows_the_files(built: Path, exact: SentenceEncoder) -> None:
    encoder = SentenceEncoder(built)
    assert encoder.fingerprint == SentenceEncoder(built).fingerprint
    assert encoder.fingerprint != exact.fingerprint


def test_a_damaged_graph_is_refused(built: Path) -> None:
    with (built / ONNX_FILE).open("ab") as stream:
        stream.write(b"x")
    with pytest.raises(PackageError, match="damaged"):
        SentenceEncoder(built).load()


@pytest.mark.parametrize("change", [{"format": 2}, {"precision": "fp64"}, {"size": "8"}, {"sha256": {}}])
def test_an_unknown_card_is_refused(built: Path, change: dict[str, object]) -> None:
    card = json.loads((built / CARD_FILE).read_text())
    (built / CARD_FILE).write_text(json.dumps({**card, **change}))
    with pytest.raises(PackageError, match="unknown format"):
        SentenceEncoder(built)


def test_a_folder_without_an_encoder_says_so(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="no encoder"):
        SentenceEncoder(tmp_path)
    (tmp_path / CARD_FILE).write_text("{}")
    with pytest.raises(PackageError, match="cannot be read"):
        SentenceEncoder(tmp_path)


def test_a_text_that_was_just_understood_is_not_encoded_again(exact: SentenceEncoder, heard: Heard) -> None:
    texts = ["good morning", "where are you"]
    sentences, _ = exact.embed_tokens(texts, [[(0, 4)], [(0, 5)]])
    assert np.array_equal(exact.embed(texts), sentences)
    heard.lines.clear()
    mixed = exact.embed(["another one", "good morning"])
    assert heard.lines == [
        ("count", "frontdesk_cache_lookups", value, 1) for value in ("no_vector", "vector")
    ]
    assert np.array_equal(mixed[1], sentences[0])
    assert np.allclose(mixed[0], exact.embed(["another one"])[0])
    assert exact.embed([]).shape == (0, exact.size)
    exact.embed_tokens([str(n) for n in range(200)], [[]] * 200)
    assert len(exact._recent) <= 64

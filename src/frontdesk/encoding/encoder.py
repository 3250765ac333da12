"""Run a built encoder with onnxruntime on one thread."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from frontdesk.encoding.graph import CARD_FILE, ONNX_FILE, TOKENIZER_FILE
from frontdesk.encoding.weights import sha256
from frontdesk.errors import PackageError
from frontdesk.measures import count

if TYPE_CHECKING:
    from numpy.typing import NDArray

BATCH = {"int8": 1, "fp32": 32}
RECENT = 64  # texts whose vectors are kept for a moment
REBUILD = "Train again, so that the encoder is built anew."


class SentenceEncoder:
    """Turn texts into unit vectors with the encoder in a folder (see `frontdesk.encoding.graph.build`).

    Nothing is loaded before the first text; after that it may be used from several threads. Texts are cut at
    `max_length` word pieces. An int8 graph quantises activations over a whole batch, and a short text among
    long ones would come out differently (cosine 0.95 to the vector that it has alone); texts are therefore
    encoded one by one, which costs a fifth more and makes a vector depend on its text only.

        encoder = SentenceEncoder(Path("models/encoder"))
        vectors = encoder.embed(["where are you", "good morning"])  # float32, shape (2, encoder.size)
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        card = _card(self.folder)
        self.size: int = card["size"]
        self.max_length: int = card["max_length"]
        self._hashes: dict[str, str] = card["sha256"]
        self._batch = BATCH[card["precision"]]
        self._lock = threading.Lock()
        self._loaded: tuple[Any, Any] | None = None
        self._recent: OrderedDict[str, NDArray[np.float32]] = OrderedDict()

    @property
    def fingerprint(self) -> str:
        """A short text that changes whenever the vectors would: for keys of caches and indexes."""
        parts = [self._hashes[ONNX_FILE], self._hashes[TOKENIZER_FILE], str(self.max_length)]
        return hashlib.sha256("|".join(parts).encode()).hexdigest()[:16]

    def load(self) -> None:
        """Load the graph and the tokenizer now rather than with the first text."""
        self._load()

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return a float32 array (len(texts), size) of unit vectors.

        A text that was encoded just before is not encoded again: a message is understood first, then searched for.
        """
        with self._lock:
            known = [self._recent.get(text) for text in texts]
        for vector in known:
            count("frontdesk_cache_lookups", "no_vector" if vector is None else "vector")
        missing = [text for text, vector in zip(texts, known, strict=True) if vector is None]
        fresh = iter(self._run(missing, None)[0] if missing else ())
        rows = [next(fresh) if vector is None else vector for vector in known]
        return np.stack(rows) if rows else np.zeros((0, self.size), dtype=np.float32)

    def embed_tokens(
        self, texts: Sequence[str], spans: Sequence[Sequence[tuple[int, int]]]
    ) -> tuple[NDArray[np.float32], list[NDArray[np.float32]]]:
        """Return the sentence vectors, and for each text an array (len(spans[i]), size).

        The vector of a span is the mean of the word pieces that touch it; beyond the cut it is zero.
        """
        sentences, tokens = self._run(texts, spans)
        with self._lock:
            self._recent.update(zip(texts, sentences, strict=True))
            while len(self._recent) > RECENT:
                self._recent.popitem(last=False)
        return sentences, tokens

    def _run(
        self, texts: Sequence[str], spans: Sequence[Sequence[tuple[int, int]]] | None
    ) -> tuple[NDArray[np.float32], list[NDArray[np.float32]]]:
        session, tokenizer = self._load()
        encoded = [tokenizer.encode(text) for text in texts]
        sentences = np.zeros((len(texts), self.size), dtype=np.float32)
        tokens = [np.zeros((len(row), self.size), dtype=np.float32) for row in spans or ()]
        # Texts of like length share a batch, since the shorter ones are padded.
        order = sorted(range(len(texts)), key=lambda index: (len(encoded[index].ids), index))
        wanted = ["sentence"] if spans is None else ["sentence", "tokens"]
        for start in range(0, len(order), self._batch):
            chosen = order[start : start + self._batch]
            outputs = session.run(wanted, _padded([encoded[index] for index in chosen]))
            sentences[chosen] = outputs[0]
            if spans is not None:
                for row, index in enumerate(chosen):
                    tokens[index] = _pool(outputs[1][row], encoded[index], spans[index], self.size)
        return sentences, tokens

    def _load(self) -> tuple[Any, Any]:
        if self._loaded is None:
            with self._lock:
                if self._loaded is None:
                    self._loaded = self._open()
        return self._loaded

    def _open(self) -> tuple[Any, Any]:
        import onnxruntime
        from tokenizers import Tokenizer

        for name in (ONNX_FILE, TOKENIZER_FILE):
            if sha256(self.folder / name) != self._hashes[name]:
                raise PackageError(
                    "This file is damaged: its sha256 is not that of encoder.json.",
                    where=str(self.folder / name),
                    hint=REBUILD,
                )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        # A spinning thread takes a core from everything else in the process.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(
            str(self.folder / ONNX_FILE), options, providers=["CPUExecutionProvider"]
        )
        tokenizer = Tokenizer.from_file(str(self.folder / TOKENIZER_FILE))
        tokenizer.no_padding()
        tokenizer.enable_truncation(self.max_length)
        return session, tokenizer


def _padded(encoded: Sequence[Any]) -> dict[str, NDArray[np.int64]]:
    longest = max(len(one.ids) for one in encoded)
    ids = np.zeros((len(encoded), longest), dtype=np.int64)
    mask = np.zeros((len(encoded), longest), dtype=np.int64)
    for row, one in enumerate(encoded):
        ids[row, : len(one.ids)] = one.ids
        mask[row, : len(one.ids)] = 1
    return {"input_ids": ids, "attention_mask": mask}


def _pool(
    states: NDArray[np.float32], encoded: Any, spans: Sequence[tuple[int, int]], size: int
) -> NDArray[np.float32]:
    pooled = np.zeros((len(spans), size), dtype=np.float32)
    pieces = [
        (position, start, end)
        for position, (start, end) in enumerate(encoded.offsets)
        if end > start and not encoded.special_tokens_mask[position]
    ]
    for row, (start, end) in enumerate(spans):
        touching = [position for position, first, last in pieces if first < end and last > start]
        if touching:
            pooled[row] = states[touching].mean(axis=0)
    return pooled


def _card(folder: Path) -> dict[str, Any]:
    file = folder / CARD_FILE
    try:
        card = json.loads(file.read_text(encoding="utf-8"))
        known = card["format"] == 1 and {ONNX_FILE, TOKENIZER_FILE} <= set(card["sha256"])
        known = (
            known
            and card["precision"] in BATCH
            and isinstance(card["size"], int)
            and isinstance(card["max_length"], int)
        )
    except FileNotFoundError:
        raise PackageError("There is no encoder in this folder.", where=str(file), hint=REBUILD) from None
    except (ValueError, KeyError, TypeError) as error:
        raise PackageError(
            f"The encoder's card cannot be read ({error!r}).", where=str(file), hint=REBUILD
        ) from error
    if not known:
        raise PackageError("This encoder was written in an unknown format.", where=str(file), hint=REBUILD)
    return dict(card)

"""The library's side of LanguageModelFeaturizer, with a stand-in for transformers and torch.

Real models of every kind were exported by hand (docs/configuration.md says which); both libraries are too large for the
tests' environment.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from frontdesk.errors import ConfigError, MissingExtra
from frontdesk.nlu import language_model_export
from frontdesk.nlu.language_model_export import _longest, can_export, export, reach


def library(monkeypatch: pytest.MonkeyPatch, tokenizer: Any = None, model: Any = None) -> None:
    """Put a module called transformers in place that gives what it is told to, or raises it."""

    def answer(what: Any) -> Any:
        def from_pretrained(named: str, **_: Any) -> Any:
            if isinstance(what, Exception):
                raise what
            return what

        return SimpleNamespace(from_pretrained=from_pretrained)

    module = ModuleType("transformers")
    vars(module).update(
        AutoTokenizer=answer(tokenizer), AutoModel=answer(model), AutoConfig=answer(tokenizer)
    )
    monkeypatch.setitem(sys.modules, "transformers", module)
    monkeypatch.setattr(language_model_export, "can_export", lambda: True)


def test_without_the_libraries_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert not can_export()
    with pytest.raises(MissingExtra, match=r"X with 'gpt2'.*frontdesk\[transformers\]"):
        export("X", "gpt2", None, tmp_path)


def test_a_model_that_cannot_be_fetched_is_one_clear_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    library(monkeypatch, OSError("We couldn't connect to the hub\nmany more lines"))
    with pytest.raises(
        ConfigError, match=r"'gpt2' cannot be loaded \(We couldn't connect to the hub\)\. Name"
    ):
        export("X", "gpt2", None, tmp_path)
    with pytest.raises(ConfigError, match="'gpt2' cannot be loaded"):
        reach("X", "gpt2", None)
    assert not list(tmp_path.iterdir())


def test_a_tokenizer_that_needs_python_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    library(monkeypatch, SimpleNamespace(is_fast=False), SimpleNamespace(config=SimpleNamespace()))
    with pytest.raises(ConfigError, match=r"the tokenizer of 'old' runs in Python only.*tokenizer\.json"):
        export("X", "old", None, tmp_path)


@pytest.mark.parametrize(
    ("config", "longest"),
    [({}, 256), ({"max_position_embeddings": 514}, 256), ({"max_position_embeddings": 130}, 128), ({"n_positions": 64}, 62)],
)  # fmt: skip
def test_texts_are_cut_where_the_model_ends(config: dict[str, int], longest: int) -> None:
    assert _longest(SimpleNamespace(**config)) == longest

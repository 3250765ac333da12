from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from frontdesk.core.message import Message
from frontdesk.core.ports import LoadContext, TrainContext
from frontdesk.core.training import NluExamples
from frontdesk.errors import ConfigError, MissingExtra
from frontdesk.nlu.spacy_nlp import ReadMessage, SpacyNLP, doc_of
from tests.engine.nlu.spacy_model import model

needs_spacy = pytest.mark.skipif(
    importlib.util.find_spec("spacy") is None, reason="the extra spacy is not installed"
)


@needs_spacy
def test_messages_are_read_and_go_on_as_messages(tmp_path: Path) -> None:
    nlp = SpacyNLP({"model": str(model(tmp_path))})
    nlp.train(NluExamples(), TrainContext())
    [message] = nlp.process([Message("Water the Roses", final=True)])
    assert isinstance(message, ReadMessage)
    assert [token.text for token in message.doc] == ["water", "the", "roses"]
    changed = message.but(extra={"a": 1})
    assert doc_of(changed, "X") is message.doc
    assert changed.final


@needs_spacy
def test_case_may_count_and_the_model_is_found_again(tmp_path: Path) -> None:
    nlp = SpacyNLP({"model": str(model(tmp_path)), "case_sensitive": True})
    nlp.train(NluExamples(), TrainContext())
    folder = tmp_path / "saved"
    folder.mkdir()
    nlp.save(folder)
    again = SpacyNLP({"case_sensitive": True})
    again.load(folder, LoadContext())
    [message] = again.process([Message("Roses")])
    assert doc_of(message, "X").text == "Roses"


@needs_spacy
def test_a_model_that_is_not_installed_is_named() -> None:
    with pytest.raises(ConfigError, match="'xx_no_model' is not installed.*spacy download xx_no_model"):
        SpacyNLP({"model": "xx_no_model"})
    with pytest.raises(ConfigError, match="'qq_core_news_md' is not installed"):
        SpacyNLP().train(NluExamples(), TrainContext(language="qq"))


def test_the_extra_is_named_where_spacy_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    find: Any = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "spacy" else find(name))
    with pytest.raises(MissingExtra, match=r"pip install 'frontdesk\[spacy\]'"):
        SpacyNLP()


def test_without_spacy_nlp_before_it_nothing_was_read() -> None:
    with pytest.raises(ConfigError, match="Put SpacyNLP before it"):
        doc_of(Message("x"), "SpacyTokenizer")

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from frontdesk.actions.callback import CallbackResponses
from frontdesk.actions.generators import make_response_generator
from frontdesk.actions.responses import DomainResponses
from frontdesk.core.domain import Domain
from frontdesk.errors import ConfigError, UnknownName

URL = "http://localhost:5056/nlg"


@pytest.mark.parametrize("options", [None, {}, {"type": "response"}, {"type": "Response", "url": URL}])
def test_the_domain_itself(options) -> None:
    assert isinstance(make_response_generator(options, Domain()), DomainResponses)


@pytest.mark.parametrize("kind", [{}, {"type": "callback"}, {"type": "Callback"}])
def test_a_server(kind, caplog) -> None:
    made = make_response_generator({**kind, "url": URL, "timeout": "3", "tokens": "x"}, Domain(), deadline=7)
    assert isinstance(made, CallbackResponses)
    assert made.deadline == 3
    assert "'token'" in caplog.text


def test_a_class_of_the_projects_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = """
    class Words:
        def __init__(self, options, domain):
            self.options, self.domain = options, domain
    """
    (tmp_path / "own_words.py").write_text("\n".join(line[4:] for line in source.splitlines()), "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    domain = Domain()
    made = make_response_generator({"type": "own_words.Words", "tone": "dry"}, domain)
    assert (made.options, made.domain) == ({"tone": "dry"}, domain)
    sys.modules.pop("own_words")


def test_a_class_that_was_written_for_rasa(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = "from rasa.core.nlg.generator import NaturalLanguageGenerator\nclass Words(NaturalLanguageGenerator): ...\n"
    (tmp_path / "rasa_words.py").write_text(source, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(
        ConfigError, match=r"endpoints\.yml:4: .*'rasa_words\.Words' is written for Rasa.*Code of your own"
    ):
        make_response_generator({"type": "rasa_words.Words"}, Domain(), where="endpoints.yml:4")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"type": "callback"}, "is no address.*'url"),
        ({"url": "localhost:5056"}, "'localhost:5056' is no address"),
        ({"url": "http://[::1/nlg"}, "is no address"),
        ({"url": URL, "headers": ["a"]}, "'headers' must be a mapping"),
        ({"url": URL, "basic_auth": {"username": "u"}}, "user and a password"),
        ({"url": URL, "deadline": "soon"}, "'soon'.*seconds"),
        ({"url": URL, "max_events": 0}, "'max_events'"),
    ],
)
def test_options_that_cannot_be_meant(options, words) -> None:
    with pytest.raises(ConfigError, match=rf"endpoints\.yml:4: .*{words}"):
        make_response_generator(options, Domain(), where="endpoints.yml:4")


def test_a_name_that_nothing_answers_to() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'callback'"):
        make_response_generator({"type": "callbak", "url": URL}, Domain())

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from frontdesk.core.message import Entity
from frontdesk.core.training import Example, Labelled, Lookup, NluExamples, Pattern
from frontdesk.errors import ConfigError
from frontdesk.formats.rasa_json import read_any, read_json, write

NLU = NluExamples(
    (
        Example("hello", "greet"),
        Example("to NY", "go", (Entity("city", "New York", 3, 5, "to", "1"),), {"note": "x"}),
        Example("what", "faq/what"),
    ),
    (Pattern("number", "[0-9]+"),),
    (Lookup("city", ("Paris", "Rome")),),
    {"ny": "New York", "big apple": "New York"},
)


def test_round_trip() -> None:
    assert read_json(write(NLU), "x.json") == NLU


def test_what_it_looks_like() -> None:
    root = json.loads(write(NLU))["rasa_nlu_data"]
    assert root["common_examples"][1]["entities"] == [
        {"start": 3, "end": 5, "value": "New York", "entity": "city", "role": "to", "group": "1"}
    ]
    assert root["entity_synonyms"] == [{"value": "New York", "synonyms": ["big apple"]}]
    assert root["lookup_tables"] == [{"name": "city", "elements": ["Paris", "Rome"]}]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"luis_schema_version": "7.0", "utterances": []}, "LUIS's"),
        ({"utterances": []}, "wit.ai's"),
        ({"userSays": []}, "Dialogflow's"),
        ([{"isTemplate": False}], "Dialogflow's"),
        ({"other": 1}, "no training file of Rasa"),
        ([], "no training file of Rasa"),
    ],
)
def test_formats_of_others_are_refused_in_a_sentence(content: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        read_json(json.dumps(content), "x.json")
    assert caught.value.where == "x.json"
    assert "Rasa 3.6" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("root", "words"),
    [
        ({"common_examples": {}}, "must be a list"),
        ({"common_examples": [{"text": "x"}]}, "'intent' must be a text"),
        ({"common_examples": [{"intent": "x"}]}, "'text' must be a text"),
        (
            {"common_examples": [{"text": "a", "intent": "x", "entities": [{"start": 0, "end": 9}]}]},
            "does not lie within",
        ),
        ({"lookup_tables": [{"name": "x", "elements": "file.txt"}]}, "names a file"),
    ],
)
def test_what_is_wrong(root: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        read_json(json.dumps({"rasa_nlu_data": root}), "x.json")


def test_no_json() -> None:
    with pytest.raises(ConfigError) as caught:
        read_json('{\n"a": }', "x.json")
    assert caught.value.where == "x.json:2"


def test_a_folder_of_both_formats(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(write(NLU))
    (tmp_path / "b.yml").write_text(
        "nlu: [{intent: bye, examples: '- bye'}]\n"
        "sentiment: [{label: good, examples: '- fine'}]\nresponses: {utter_faq/what: [{text: That.}]}\n"
    )
    found, lost = read_any(tmp_path, "json")
    assert [e.intent for e in found.examples] == ["greet", "go", "faq/what", "bye"]
    assert [label.label for label in found.sentiment if isinstance(label, Labelled)] == ["good"]
    assert len(lost) == 2
    assert read_any(tmp_path, "yaml")[1] == []


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.md", "## intent:greet\n- hello\n", "Markdown"),
        ("a.md", "# A page of prose\n", "no NLU examples"),
        ("a.yml", "stories: []\n", "no NLU examples"),
    ],
)
def test_nothing_to_read(name: str, text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ConfigError, match=words):
        read_any(tmp_path)
    with pytest.raises(ConfigError, match="no such"):
        read_any(tmp_path / "none")

"""config.yml: parts by name with options and lines."""

from __future__ import annotations

from typing import Any

import pytest

from frontdesk.formats import config
from frontdesk.formats.config import Config, Part
from frontdesk.formats.writer import dump
from frontdesk.formats.yaml import read_text

TEXT = """
    recipe: default.v1
    assistant_id: ann
    language: de
    pipeline:
    - name: WhitespaceTokenizer
    - name: CountVectorsFeaturizer
      analyzer: char_wb
      nested: {a: [1]}
    - my.module.Part
    policies:
    - name: RulePolicy
    """


def test_config_is_read(desk: Any) -> None:
    found = config.read(desk.block(TEXT, "config.yml"), desk.complaints)
    assert desk.clean()
    assert found == Config(
        "default.v1",
        "de",
        "ann",
        (
            Part("WhitespaceTokenizer"),
            Part("CountVectorsFeaturizer", {"analyzer": "char_wb", "nested": {"a": [1]}}),
            Part("my.module.Part"),
        ),
        (Part("RulePolicy"),),
    )
    assert [str(part.place) for part in found.pipeline] == ["config.yml:6", "config.yml:7", "config.yml:10"]
    assert config.read(read_text(dump(config.write(found)), "f"), desk.complaints) == found


def test_what_is_not_said_has_defaults(desk: Any) -> None:
    assert config.read(desk.block("pipeline:\npolicies:\n"), desk.complaints) == Config()
    assert desk.clean()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "pipeline: supervised",
            "1: 'pipeline: supervised' names a template; there are none. List each component",
        ),
        ("pipeline: {a: b}", "1: 'pipeline' must be a list"),
        ("policies:\n- max_history: 3", "2: An entry of 'policies' has no name. Begin it with '- name: ...'"),
        ("policies:\n- name:", "2: The name of a policy must be a text, not nothing."),
        ("language: [en]", "1: 'language' must be a text, not a list."),
    ],
)
def test_what_cannot_be_meant_is_named_with_its_line(desk: Any, text: str, complaint: str) -> None:
    config.read(desk.block(text, "config.yml"), desk.complaints)
    assert desk.errors[0].startswith(f"config.yml:{complaint}")


def test_an_unknown_key_is_doubted(desk: Any) -> None:
    config.read(desk.block("pipline: []", "config.yml"), desk.complaints)
    assert desk.doubts == ["config.yml:1: config.yml has no key 'pipline'. Did you mean 'pipeline'?"]

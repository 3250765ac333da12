"""What the tests of training share: small projects made of texts."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from frontdesk.formats.project import Project, read_project

CONFIG = """
recipe: default.v1
language: en
pipeline:
- name: WhitespaceTokenizer
policies:
- name: MemoizationPolicy
"""
DOMAIN = """
version: "3.1"
intents: [greet, bye]
responses:
  utter_greet: [{text: Hello}]
  utter_bye: [{text: Bye}]
"""
NLU = """
version: "3.1"
nlu:
- intent: greet
  examples: |
    - hello
    - good morning
- intent: bye
  examples: |
    - bye
    - see you
"""
STORIES = """
version: "3.1"
stories:
- story: a visit
  steps:
  - intent: greet
  - action: utter_greet
  - intent: bye
  - action: utter_bye
"""
FILES = {"config.yml": CONFIG, "domain.yml": DOMAIN, "data/nlu.yml": NLU, "data/stories.yml": STORIES}

Make = Callable[[Mapping[str, str]], Project]


def written(folder: Path, files: Mapping[str, str]) -> Path:
    """Write a project's files: what stands in `files`, and for the rest a small one that is sound."""
    for name, text in {**FILES, **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"), "utf-8")
    return folder


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A function that makes a project of some files and reads it as `data validate` does."""
    return lambda files: read_project(written(tmp_path, files), strict=False, names=False)

from __future__ import annotations

from pathlib import Path

import pytest

from frontdesk.training.foreign_code import find_foreign_code, report
from tests.engine.training.conftest import written

CODE = """
from typing import Any
from rasa.core.channels.channel import InputChannel, OutputChannel
from rasa.engine.graph import GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.classifiers.classifier import IntentClassifier
import rasa.core.policies.policy as base
import rasa.shared.core.slots
from rasa_sdk import Action

class Mine(InputChannel):
    pass

class Out(OutputChannel):
    pass

@DefaultV1Recipe.register([], is_trainable=False)
class Guess(GraphComponent, IntentClassifier):
    pass

class Better(Guess):
    pass

class Choose(base.Policy):
    pass

class Kind(rasa.shared.core.slots.Slot):
    pass

class Runs(Action):
    pass

class Plain(dict[str, Any]):
    pass
"""


def found(folder: Path) -> dict[str, str]:
    return {item.name: item.kind for item in find_foreign_code(folder)}


def test_classes_by_where_their_bases_come_from(tmp_path: Path) -> None:
    assert found(written(tmp_path, {"own/code.py": CODE})) == {
        "Mine": "channel",
        "Out": "output channel",
        "Guess": "component",
        "Better": "component",
        "Choose": "policy",
        "Kind": "slot type",
    }


def test_every_line_says_where_and_what_to_do(tmp_path: Path) -> None:
    folder = written(
        tmp_path, {"own/code.py": CODE, "credentials.yml": "rest:\nown.code.Mine:\n  token: x\n"}
    )
    [title, *lines] = report(find_foreign_code(folder))
    assert "custom actions run as they are" in title
    [mine] = [line for line in lines if "'Mine'" in line]
    assert mine.startswith("  own/code.py:10: channel 'Mine' (named in credentials.yml:2): make it a class")


def test_a_project_with_custom_actions_only(tmp_path: Path) -> None:
    folder = written(tmp_path, {"actions/actions.py": "from rasa_sdk import Action\nclass A(Action): pass\n"})
    assert report(find_foreign_code(folder)) == []


def test_other_uses_of_the_package_are_found(tmp_path: Path) -> None:
    files = {"a.py": "import os, rasa\n", "b.py": "def f():\n    from rasa.core.agent import Agent\n"}
    places = [
        str(item.place) for item in find_foreign_code(written(tmp_path, files)) if item.kind == "import"
    ]
    assert places == ["a.py:1", "b.py:2"]


def test_names_in_settings_without_their_code(tmp_path: Path) -> None:
    config = """
    pipeline: [{name: some.where.Guess}, {name: rasa.nlu.classifiers.diet_classifier.DIETClassifier}]
    policies: [{name: FormPolicy}, {name: some.Policy}]
    importers: [{name: RasaFileImporter}, {name: MultiProjectImporter}, {name: some.Importer}]
    """
    endpoints = "tracker_store: {type: some.Store}\nlock_store: {type: redis}\n"
    folder = written(tmp_path, {"config.yml": config, "endpoints.yml": endpoints})
    assert found(folder) == {
        "some.where.Guess": "component",
        "FormPolicy": "policy",
        "some.Policy": "policy",
        "some.Importer": "importer",
        "some.Store": "tracker store",
    }


@pytest.mark.parametrize("folder", [".venv/lib", "venv", "node_modules/x", "built/site-packages", "own"])
def test_environments_and_broken_files_are_left_out(folder: str, tmp_path: Path) -> None:
    code = "class A(:" if folder == "own" else CODE
    assert found(written(tmp_path, {f"{folder}/code.py": code, "config.yml": "pipeline: ["})) == {}

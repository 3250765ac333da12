"""From files to a package, whole or not at all; and whether a package is of exactly these files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from frontdesk.errors import UnknownName
from frontdesk.formats.project import Project, read_project
from frontdesk.formats.project_layout import Layout
from frontdesk.formats.settings_files import read_endpoints
from frontdesk.graph.package import peek_manifest
from frontdesk.runtime.assembly import named_paths
from frontdesk.runtime.model import load_model
from frontdesk.training import train as module
from frontdesk.training.train import inputs_digest, is_current, project_facts, recipe_of, train


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")


def current(folder: Path) -> bool:
    return is_current(folder, read_endpoints(folder), folder / "models")


def train_again(folder: Path, **options: Any) -> Any:
    return train(read_project(folder), folder / "models", lambda _: None, **options)


def test_the_recipe_is_that_of_config_yml(copy_of_starter: Path) -> None:
    recipe = recipe_of(read_project(copy_of_starter))
    assert [part.name for part in recipe.policies] == ["RulePolicy", "AugmentedMemoizationPolicy"]
    assert recipe.policies[1].options == {"max_history": 5}
    assert recipe.language == "en"
    assert recipe.policies[0].where == "config.yml:24"


def test_a_package_says_what_it_is(copy_of_starter: Path) -> None:
    report = train_again(copy_of_starter, name="mine")
    assert report.archive == copy_of_starter / "models" / "mine.tar.gz"
    assert (report.trained, report.reused) == (0, 12)
    about = peek_manifest(report.archive)
    assert (about["model_id"], about["assistant_id"]) == ("mine", "my-assistant")
    assert about["inputs"] == inputs_digest(copy_of_starter, read_endpoints(copy_of_starter))


def test_a_misspelt_part_is_told_before_anything_is_trained(copy_of_starter: Path) -> None:
    edit(copy_of_starter / "config.yml", "name: AugmentedMemoizationPolicy", "name: MemorizationPolicy")
    told: list[str] = []
    with pytest.raises(UnknownName, match=r"config\.yml:25: .*Did you mean"):
        train(read_project(copy_of_starter), copy_of_starter / "models", told.append, force=True)
    assert told == []


def test_training_that_fails_leaves_no_package(
    copy_of_starter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sorted((copy_of_starter / "models").iterdir())

    def broken(*_: Any) -> Any:
        raise OSError("the disk is full")

    monkeypatch.setattr(module, "copy_into", broken)
    with pytest.raises(OSError, match="disk is full"):
        train_again(copy_of_starter)
    assert sorted((copy_of_starter / "models").iterdir()) == before


@pytest.mark.parametrize(
    "file", ["config.yml", "domain.yml", "data/nlu.yml", "data/rules.yml", "data/stories.yml"]
)
def test_any_change_of_a_file_asks_for_training(copy_of_starter: Path, file: str) -> None:
    assert current(copy_of_starter)
    with (copy_of_starter / file).open("a") as out:
        out.write("# changed\n")
    assert not current(copy_of_starter)


@pytest.mark.parametrize("name", ["config", "domain"])
def test_files_whose_names_end_with_yaml_are_watched(copy_of_starter: Path, name: str) -> None:
    file = (copy_of_starter / f"{name}.yml").rename(copy_of_starter / f"{name}.yaml")
    train_again(copy_of_starter)
    assert current(copy_of_starter)
    with file.open("a") as out:
        out.write("# changed\n")
    assert not current(copy_of_starter)


def test_own_instructions_count_wherever_the_examples_are(copy_of_starter: Path) -> None:
    layout = Layout(copy_of_starter, data=((copy_of_starter / "data").rename(copy_of_starter / "told"),))
    before = inputs_digest(copy_of_starter, read_endpoints(copy_of_starter), layout)
    (copy_of_starter / "data" / "prompts").mkdir(parents=True)
    (copy_of_starter / "data" / "prompts" / "answer.txt").write_text("Answer in verse.")
    assert inputs_digest(copy_of_starter, read_endpoints(copy_of_starter), layout) != before


def test_a_new_file_asks_for_training_and_other_files_do_not(copy_of_starter: Path) -> None:
    (copy_of_starter / "notes.txt").write_text("mine")
    edit(copy_of_starter / "actions.py", "Thank you", "Thanks")
    assert current(copy_of_starter)
    (copy_of_starter / "data" / "more.yml").write_text('version: "3.1"\n')
    assert not current(copy_of_starter)


def test_another_encoder_or_engine_asks_for_training(
    copy_of_starter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("FRONTDESK_ENCODER", "/somewhere/else")
        assert not current(copy_of_starter)
    monkeypatch.setattr(module, "engine_digest", lambda *_: "another version")
    assert not current(copy_of_starter)


def test_without_a_readable_package_training_is_needed(copy_of_starter: Path) -> None:
    [archive] = (copy_of_starter / "models").glob("*.tar.gz")
    archive.write_bytes(archive.read_bytes()[:100])
    assert not current(copy_of_starter)
    archive.unlink()
    assert not current(copy_of_starter)


def test_a_file_that_is_saved_while_training_counts_as_changed(
    copy_of_starter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = module.train_policies

    def saved_meanwhile(*given: Any) -> Any:
        edit(copy_of_starter / "domain.yml", "Goodbye!", "See you!")
        return real(*given)

    monkeypatch.setattr(module, "train_policies", saved_meanwhile)
    train_again(copy_of_starter)
    assert not current(copy_of_starter)


OWN = '''
class Shouts:
    """Makes texts loud."""

    def __init__(self, options):
        self.options = options

    def train(self, examples, context):
        pass

    def process(self, messages):
        return messages

    def save(self, folder):
        (folder / "own.json").write_text("{}")

    def load(self, folder, context):
        pass
'''


def test_a_component_of_ones_own_is_trained_loaded_and_watched(
    copy_of_starter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(copy_of_starter)
    (copy_of_starter / "own_nlu").mkdir()
    (copy_of_starter / "own_nlu" / "shouts.py").write_text(OWN)
    edit(
        copy_of_starter / "config.yml",
        "- name: RegexFeaturizer",
        "- name: own_nlu.shouts.Shouts\n- name: RegexFeaturizer",
    )
    report = train_again(copy_of_starter)
    assert report.trained > 0
    assert current(copy_of_starter)
    model = load_model(report.archive, copy_of_starter / "unpacked", allowed=named_paths(copy_of_starter))
    assert type(model.pipeline.components[1]).__name__ == "Shouts"
    (copy_of_starter / "own_nlu" / "shouts.py").write_text(OWN + "\n# better\n")
    assert not current(copy_of_starter)
    assert train_again(copy_of_starter).trained > 0
    for name in ("own_nlu", "own_nlu.shouts"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("text", ["pipeline: [", "pipeline: [{name: .X}]\npolicies: []\n", ""])
def test_a_config_that_cannot_be_read_is_no_matter_of_this_question(copy_of_starter: Path, text: str) -> None:
    (copy_of_starter / "config.yml").write_text(text)
    assert not current(copy_of_starter)


def test_facts_come_from_where_endpoints_yml_says(copy_of_starter: Path) -> None:
    project: Project = read_project(copy_of_starter)
    assert project_facts(project) == {}

"""What may change between a model and one that goes on from it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from frontdesk.errors import TrainingError
from frontdesk.formats.project import Project, read_project
from frontdesk.graph.package import peek_manifest
from frontdesk.graph.recipe import Part, Recipe
from frontdesk.training.finetune import base_model, check, learnt
from frontdesk.training.train import recipe_of, train


def quiet(_: str) -> None:
    pass


def now(project: Project) -> dict[str, object]:
    return learnt(recipe_of(project), project)


def change(file: Path, before: str, after: str) -> None:
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after, 1))


def test_nothing_changed(copy_of_starter: Path) -> None:
    archive = base_model(copy_of_starter / "models")
    check(archive, now(read_project(copy_of_starter)))


@pytest.mark.parametrize(
    "changed",
    [
        lambda f: change(f / "data" / "nlu.yml", "- hello\n", "- hello\n    - hello over there\n"),
        lambda f: change(f / "domain.yml", "I'm an automated assistant", "I am a machine"),
    ],
)
def test_what_may_change(changed: Callable[[Path], None], copy_of_starter: Path) -> None:
    changed(copy_of_starter)
    project = read_project(copy_of_starter, strict=False)
    check(base_model(copy_of_starter / "models"), now(project))


def test_the_number_of_epochs_may_change(copy_of_starter: Path) -> None:
    project = read_project(copy_of_starter)
    before, after = (
        learnt(Recipe(policies=(Part("policy", "TEDPolicy", {"max_history": 3, **more}),)), project)
        for more in ({}, {"epochs": 5})
    )
    assert before == after


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (
            lambda f: change(f / "data" / "nlu.yml", "- intent: greet\n", "- intent: hail\n"),
            r"does not know \(intent hail\); labels that it knows have no example any more \(intent greet\)",
        ),
        (
            lambda f: change(f / "config.yml", "max_ngram: 4", "max_ngram: 3"),
            "the pipeline changed",
        ),
        (
            lambda f: change(f / "config.yml", "max_history: 5", "max_history: 4"),
            "the policies changed",
        ),
        (
            lambda f: change(f / "domain.yml", "intents:\n", "intents:\n- another\n"),
            "the domain's intents changed",
        ),
    ],
)
def test_what_may_not(changed: Callable[[Path], None], words: str, copy_of_starter: Path) -> None:
    changed(copy_of_starter)
    project = read_project(copy_of_starter, strict=False)
    with pytest.raises(TrainingError, match=words):
        check(base_model(copy_of_starter / "models"), now(project))


def test_the_model_says_what_it_came_from(copy_of_starter: Path) -> None:
    project = read_project(copy_of_starter)
    base = base_model(copy_of_starter / "models")
    report = train(project, copy_of_starter / "out", quiet, base=base, keep_examples=True)
    manifest = peek_manifest(report.archive)
    assert manifest["finetuned_from"] == peek_manifest(base)["model_id"]
    assert manifest["training_type"] == "both"
    assert "nlu_training_data.yml" in manifest["files"]
    assert "nlu_training_data.yml" not in peek_manifest(base)["files"]


def test_half_a_model(copy_of_starter: Path) -> None:
    project = read_project(copy_of_starter)
    nlu = train(project, copy_of_starter / "out", quiet, only="nlu").archive
    assert peek_manifest(nlu)["training_type"] == "nlu"
    with pytest.raises(TrainingError, match="it holds no policies"):
        check(nlu, now(project))
    again = train(project, copy_of_starter / "out", quiet, only="nlu", base=nlu, name="again")
    assert again.archive.name == "again.tar.gz"


def test_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no model to go on from"):
        base_model(tmp_path)
    old = tmp_path / "old.tar.gz"
    old.write_bytes(b"")
    with pytest.raises(TrainingError, match="does not say what it was trained from"):
        check(old, {"pipeline": "", "policies": "", "domain": {}, "labels": []})

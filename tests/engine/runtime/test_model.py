"""A package is loaded as it was trained; one that is damaged or wants foreign code is refused with its file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from frontdesk.errors import PackageError
from frontdesk.graph.package import pack, unpack
from frontdesk.runtime.model import load_embedder, load_knowledge, load_model


@pytest.fixture(scope="module")
def archive(starter: Path) -> Path:
    [found] = (starter / "models").glob("*.tar.gz")
    return found


def repacked(archive: Path, folder: Path, **changed: Any) -> Path:
    """Return the archive with some of its files changed (None: left out)."""
    files = unpack(archive, folder / "before")
    draft = folder / "draft"
    for file in files.rglob("*"):
        if file.is_file() and file.name != "manifest.json":
            target = draft / file.relative_to(files)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
    for name, content in changed.items():
        target = draft / f"{name}.json"
        target.unlink(missing_ok=True)
        if content is not None:
            target.write_text(content if isinstance(content, str) else json.dumps(content))
    return pack(draft, folder / "changed.tar.gz", {"model_id": "changed"})


def test_a_model_as_it_was_trained(starter: Path, tmp_path: Path) -> None:
    model = load_model(starter / "models", tmp_path)
    assert model.id == model.archive.name.removesuffix(".tar.gz")
    assert model.assistant_id == "my-assistant"
    assert [type(c).__name__ for c in model.pipeline.components][:2] == [
        "WhitespaceTokenizer",
        "RegexFeaturizer",
    ]
    assert [type(p).__name__ for p in model.policies] == ["RulePolicy", "AugmentedMemoizationPolicy"]
    assert "message_form" in model.domain.forms
    [understood] = model.pipeline.process(["hello"])
    assert understood.intent is not None
    assert understood.intent.name == "greet"
    assert model.embedder is None
    assert model.facts == {}
    assert load_knowledge(model, None) is None


def test_an_archive_by_its_name(archive: Path, tmp_path: Path) -> None:
    assert load_model(archive, tmp_path).archive == archive


def test_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match=r"no trained model.*frontdesk train"):
        load_model(tmp_path / "models", tmp_path / "cache")


def test_no_encoder(tmp_path: Path) -> None:
    assert load_embedder(tmp_path / "encoder") is None


@pytest.mark.parametrize(
    "changed",
    [
        {"recipe": None},
        {"recipe": "{"},
        {"recipe": []},
        {"recipe": {"pipeline": [], "policies": [{}]}},
        {"recipe": {"pipeline": [{"name": ["RulePolicy"]}], "policies": []}},
        {"recipe": {"policies": []}},
        {"facts": None},
    ],
    ids=json.dumps,
)
def test_a_package_that_lacks_something_is_refused(
    archive: Path, tmp_path: Path, changed: dict[str, Any]
) -> None:
    made = repacked(archive, tmp_path, **changed)
    with pytest.raises(PackageError, match=r"changed\.tar\.gz: .*Train again"):
        load_model(made, tmp_path / "after")


def test_a_package_cannot_bring_code_to_run(archive: Path, tmp_path: Path) -> None:
    recipe = {"pipeline": [{"name": "os.Popen"}], "policies": [], "language": "en"}
    made = repacked(archive, tmp_path, recipe=recipe)
    with pytest.raises(PackageError, match=r"wants to run 'os\.Popen'"):
        load_model(made, tmp_path / "after")


def test_a_part_in_the_form_of_another_version(archive: Path, tmp_path: Path) -> None:
    made = repacked(archive, tmp_path, **{"pipeline/03_CountVectorsFeaturizer/vocabulary": ["a", "list"]})
    with pytest.raises(PackageError, match=r"'CountVectorsFeaturizer' cannot be loaded .*Train again"):
        load_model(made, tmp_path / "after")


def test_a_part_that_was_never_trained(archive: Path, tmp_path: Path) -> None:
    recipe = {"pipeline": [{"name": "KeywordIntentClassifier"}], "policies": [], "language": "en"}
    made = repacked(archive, tmp_path, recipe=recipe)
    with pytest.raises(PackageError, match="KeywordIntentClassifier"):
        load_model(made, tmp_path / "after")


def test_a_package_cannot_say_which_server_is_asked(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    duckling = {"name": "DucklingEntityExtractor", "options": {"url": "http://169.254.169.254"}}
    made = repacked(archive, tmp_path, recipe={"pipeline": [duckling], "policies": [], "language": "en"})
    with pytest.raises(PackageError, match=r"asks a server at 'http://169\.254\.169\.254'"):
        load_model(made, tmp_path / "after", addresses=["http://localhost:8000"])
    monkeypatch.setenv("RASA_DUCKLING_HTTP_URL", "http://localhost:8000")  # then that one is asked
    with pytest.raises(PackageError, match="duckling.json"):
        load_model(made, tmp_path / "after", addresses=[])

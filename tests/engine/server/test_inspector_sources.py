"""Where a rule or story stands is looked up in the files, again when they change."""

from __future__ import annotations

from pathlib import Path

from frontdesk.core.prediction import Basis
from frontdesk.formats.project_layout import Layout
from frontdesk.server.inspector_sources import Library, Passage

RULES = """\
rules:
# says hello
- rule: hello
  steps:
  - intent: greet
  - action: utter_greet
"""
HELLO = "- rule: hello\n  steps:\n  - intent: greet\n  - action: utter_greet"


def library(folder: Path) -> Library:
    (folder / "data").mkdir()
    (folder / "data" / "rules.yml").write_text(RULES, "utf-8")
    return Library(Layout(folder))


def test_a_rule_with_its_place_and_text(tmp_path: Path) -> None:
    found = library(tmp_path)
    assert found.passages(Basis("rule", ("hello", "gone"))) == [
        Passage("hello", "data/rules.yml", 3, HELLO),
        Passage("gone"),
    ]
    assert found.passages(Basis("fallback", ("hello",))) == []


def test_files_that_change(tmp_path: Path) -> None:
    found = library(tmp_path)
    found.passages(Basis("rule", ("hello",)))
    rules = tmp_path / "data" / "rules.yml"
    rules.write_text("# one line more\n" + RULES, "utf-8")
    [moved] = found.passages(Basis("rule", ("hello",)))
    assert (moved.line, moved.text) == (4, HELLO)
    (tmp_path / "data" / "more.yml").write_text("rules: [", "utf-8")  # somebody is typing
    [kept] = found.passages(Basis("rule", ("hello",)))
    assert (kept.line, kept.text) == (4, HELLO)


def test_a_story_that_goes_on_in_another(tmp_path: Path) -> None:
    found = library(tmp_path)
    text = "stories:\n" + "".join(
        f"- story: {name}\n  steps:\n  - intent: greet\n  - action: utter_greet\n"
        for name in ("a", "b", "c > d")
    )
    (tmp_path / "data" / "stories.yml").write_text(text, "utf-8")
    lines = [(one.name, one.line) for one in found.passages(Basis("story", ("a > b", "c > d")))]
    assert lines == [("a", 2), ("b", 6), ("c > d", 10)]

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from frontdesk.core.domain import Domain, Intent
from frontdesk.core.slots import Slot
from frontdesk.errors import ConfigError
from frontdesk.formats.complaints import ProjectError
from frontdesk.formats.markers import Marker, read_markers

MARKERS = """
went_well:
  description: the user said yes after the question
  seq:
  - action: utter_ask
  - or:
    - intent: yes
    - not: [{intent: no}]
never_named:
  never: [{slot_was_set: name}]
not_all:
  at_least_one_not: [{not_action: utter_ask}, {not_intent: faq/one}, {slot_was_not_set: name}]
"""


def markers(tmp_path: Path, text: str, domain: Domain | None = None) -> tuple[Marker, ...]:
    path = tmp_path / "markers.yml"
    path.write_text(textwrap.dedent(text))
    return read_markers(path, domain)


def test_the_whole_language(tmp_path: Path) -> None:
    went_well, never, not_all = markers(tmp_path, MARKERS)
    assert went_well == Marker(
        "seq",
        parts=(
            Marker("action", text="utter_ask"),
            Marker(
                "or",
                parts=(Marker("intent", text="yes"), Marker("not", parts=(Marker("intent", text="no"),))),
            ),
        ),
        name="went_well",
        description="the user said yes after the question",
    )
    assert never == Marker(
        "at_least_once", True, parts=(Marker("slot_was_set", text="name"),), name="never_named"
    )
    assert (not_all.kind, not_all.negated) == ("and", True)
    assert [(part.kind, part.negated, part.text) for part in not_all.parts] == [
        ("action", True, "utter_ask"), ("intent", True, "faq/one"), ("slot_was_set", True, "name"),
    ]  # fmt: skip


def test_names_are_checked_against_a_domain(tmp_path: Path) -> None:
    intents = {name: Intent(name) for name in ("yes", "no", "faq")}
    domain = Domain(intents=intents, slots={"name": Slot("name")}, actions=("utter_ask",))
    assert len(markers(tmp_path, MARKERS, domain)) == 3
    with pytest.raises(ProjectError) as caught:
        markers(tmp_path, MARKERS.replace("yes", "yess").replace("set: name", "set: nam"), domain)
    assert "markers.yml:7: No intent is called 'yess'. Did you mean 'yes'?" in str(caught.value)
    assert "markers.yml:10: No slot is called 'nam'." in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("intent: greet", "markers.yml:1: 'intent' is a word of the marker language"),
        ("a: {inten: greet}", "No word of the marker language is 'inten'. Did you mean 'intent'?"),
        ("a: {intent: x, action: y}", "Here are 2 keys"),
        ("a: {intent: [x]}", "must be a text"),
        ("a: {and: x}", "must be followed by a list"),
        ("a: {or: []}", "must be followed by a list"),
        ("a: {not: [{intent: x}, {intent: y}]}", "about one marker, not 2"),
        ("a: greet", "must be a mapping"),
        ("- a", "must be a mapping"),
        ("", "There are no markers"),
    ],
)
def test_what_is_wrong(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(ProjectError) as caught:
        markers(tmp_path, text)
    assert words in str(caught.value)


def test_a_folder_of_files(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("one: {intent: x}")
    (tmp_path / "b.yml").write_text("two: {intent: x}")
    assert [marker.name for marker in read_markers(tmp_path)] == ["one", "two"]
    (tmp_path / "c.yml").write_text("one: {intent: y}")
    with pytest.raises(ProjectError, match="stands in a.yml:1 as well"):
        read_markers(tmp_path)


def test_no_files(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one: {intent: x}")
    for path in (tmp_path, tmp_path / "a.txt", tmp_path / "none.yml"):
        with pytest.raises(ConfigError, match="markers.yml|--config"):
            read_markers(path)

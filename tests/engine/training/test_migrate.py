from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from frontdesk.errors import ConfigError, YamlError
from frontdesk.formats.project import read_domain, read_project
from frontdesk.training.migrate import migrate
from tests.engine.training.conftest import written

OLD = """
version: "2.0"

# what people want
intents:
  - greet
  - bye: {use_entities: []}
entities: [size, {color: {roles: [a]}}, kept]
slots:
  size:
    type: text
    influence_conversation: false  # a comment
  color:
    type: unfeaturized
  kept: {type: text, auto_fill: false}
  mood:
    type: categorical
    values: [good, bad]
    initial_value: null
responses:
  utter_greet: [{text: "Hello"}]
  utter_bye: [{text: Bye}]
forms:
  first_form:
    ignored_intents: [bye]
    required_slots:
      size:
        - type: from_entity
          entity: size
        - type: from_text
      mood:
        - type: from_intent
          intent: greet
          value: good
  second_form:
    size:
      - {type: from_text}
"""


def test_what_fills_slots_moves_from_forms_to_slots(tmp_path: Path) -> None:
    folder = written(tmp_path, {"domain.yml": OLD})
    before = (folder / "domain.yml").read_text()
    done = migrate(folder)
    domain = read_project(folder).domain
    assert domain.forms["first_form"].required_slots == ("size", "mood")
    assert domain.forms["first_form"].ignored_intents == ("bye",)
    assert domain.forms["second_form"].required_slots == ("size",)
    found = {
        n: [(m.type, list(map(dict, m.conditions))) for m in s.mappings] for n, s in domain.slots.items()
    }
    first = {"active_loop": "first_form", "requested_slot": "size"}
    assert found["size"] == [
        ("from_entity", [{"active_loop": "first_form"}]),
        ("from_text", [first, {"active_loop": "second_form", "requested_slot": "size"}]),
        ("from_entity", []),
    ]
    assert found["mood"] == [("from_intent", [{"active_loop": "first_form", "requested_slot": "mood"}])]
    assert found["color"] == [("from_entity", [])]
    assert domain.slots["color"].type == "any"
    assert found["kept"] == [("custom", [])]
    assert done.backup == folder / "original_domain.yml"
    assert done.backup.read_text() == before
    assert "is it true that only actions fill the slot 'kept'?" in done.text


def test_comments_and_quotes_stay(tmp_path: Path) -> None:
    folder = written(tmp_path, {"domain.yml": OLD})
    migrate(folder)
    text = (folder / "domain.yml").read_text()
    assert text.startswith('version: "3.1"\n')
    assert "# what people want\nintents:\n  - greet\n" in text
    assert "influence_conversation: false  # a comment" in text
    assert '{text: "Hello"}' in text
    assert "initial_value: null" in text
    assert "auto_fill" not in text


def test_a_second_time_nothing_is_changed(tmp_path: Path) -> None:
    folder = written(tmp_path, {"domain.yml": OLD})
    migrate(folder)
    text = (folder / "domain.yml").read_text()
    assert "nothing was changed" in migrate(folder).text
    assert (folder / "domain.yml").read_text() == text


def test_a_domain_of_rasa_3_is_left_alone(tmp_path: Path) -> None:
    folder = written(tmp_path, {})
    before = (folder / "domain.yml").read_text()
    assert migrate(folder).changes == []
    assert (folder / "domain.yml").read_text() == before
    assert not (folder / "original_domain.yml").exists()


def test_a_folder_of_files(tmp_path: Path) -> None:
    forms = OLD[OLD.index("forms:") :]
    slots = OLD[OLD.index("slots:") : OLD.index("responses:")]
    rest = OLD[: OLD.index("slots:")] + OLD[OLD.index("responses:") : OLD.index("forms:")]
    files = {"domain/forms.yml": forms, "domain/more/slots.yml": slots, "domain/rest.yml": rest}
    folder = written(tmp_path, {**files, "domain/nothing.yml": "other: 1"})
    (folder / "domain.yml").unlink()
    done = migrate(folder)
    assert {p.relative_to(folder).as_posix() for p in done.written} == set(files)
    assert (folder / "original_domain" / "more" / "slots.yml").read_text() == textwrap.dedent(slots)
    assert read_project(folder).domain.forms["second_form"].required_slots == ("size",)


def test_out_changes_nothing_in_place(tmp_path: Path) -> None:
    folder = written(tmp_path, {"domain.yml": OLD})
    before = (folder / "domain.yml").read_text()
    done = migrate(folder, out=folder / "new" / "domain.yml")
    assert (folder / "domain.yml").read_text() == before
    assert done.backup is None
    assert "size" in read_domain(folder / "new" / "domain.yml").slots
    with pytest.raises(ConfigError, match="there already"):
        migrate(folder, out=folder / "new" / "domain.yml")


def test_a_backup_is_never_overwritten(tmp_path: Path) -> None:
    folder = written(tmp_path, {"domain.yml": OLD, "original_domain.yml": "mine"})
    before = (folder / "domain.yml").read_text()
    with pytest.raises(ConfigError, match="backup"):
        migrate(folder)
    assert (folder / "domain.yml").read_text() == before


def test_older_things(tmp_path: Path) -> None:
    old = """
    intents: [greet, bye: {triggers: action_bye}]
    actions: [action_bye]
    forms: [some_form]
    slots:
    templates:
      utter_greet: [{text: Hello}]
    """
    folder = written(tmp_path, {"domain.yml": old})
    done = migrate(folder)
    domain = read_domain(folder / "domain.yml")
    assert "utter_greet" in domain.responses
    assert "some_form" in domain.forms
    assert "write a rule: after the intent 'bye' the action 'action_bye'." in done.doubts
    assert "forms that were only named: list their 'required_slots'." in done.doubts


def test_a_form_s_slot_that_was_none(tmp_path: Path) -> None:
    old = "intents: [greet]\nforms:\n  ask: {note: [{type: from_text}]}\n"
    folder = written(tmp_path, {"domain.yml": old})
    done = migrate(folder)
    assert read_domain(folder / "domain.yml").slots["note"].type == "any"
    assert any("'note'" in doubt for doubt in done.doubts)


def test_what_is_still_wrong_is_told(tmp_path: Path) -> None:
    old = OLD.replace("type: categorical", "type: unknown_type")
    done = migrate(written(tmp_path, {"domain.yml": old}))
    assert any("unknown_type" in doubt for doubt in done.doubts)


@pytest.mark.parametrize(
    ("text", "error"), [("intents: [", YamlError), ("nothing: here", ConfigError), (None, ConfigError)]
)
def test_what_is_no_domain(text: str | None, error: type[Exception], tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "domain.yml").write_text(text)
    with pytest.raises(error):
        migrate(tmp_path)
    assert not (tmp_path / "original_domain.yml").exists()

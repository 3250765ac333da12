"""What was learnt goes into the project's real files: first shown, then written, and nothing else is touched."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from frontdesk.formats.project import read_project
from tests.conftest import frontdesk
from tests.engine.server.conftest import Inspector


@pytest.fixture
def own(own_inspector: Callable[..., Inspector]) -> Inspector:
    return own_inspector("--inspector")


def contents(folder: Path) -> dict[str, str]:
    return {p.relative_to(folder).as_posix(): p.read_text() for p in folder.glob("**/*.yml")}


def added(planned: Any) -> list[tuple[str, str]]:
    return [
        (f["name"], line["text"]) for f in planned["files"] for line in f["lines"] if line["kind"] == "added"
    ]


def test_an_example(own: Inspector) -> None:
    before = contents(own.folder)
    example = {"intent": "leave_message", "annotated": "write to [ann@example.com](email)"}
    planned = own.post("example", **example)
    assert added(planned) == [("data/nlu.yml", "    - write to [ann@example.com](email)")]
    assert not planned["saved"]
    assert contents(own.folder) == before
    done = own.post("example", **example, digest=planned["digest"])
    assert done["saved"]
    now = contents(own.folder)
    assert [name for name in now if now[name] != before[name]] == ["data/nlu.yml"]
    file, _, line = done["place"].rpartition(":")
    assert now[file].splitlines()[int(line) - 1] == "    - write to [ann@example.com](email)"
    again = own.post("example", **example)
    assert (again["files"], again["place"]) == ([], done["place"])
    assert read_project(own.folder).training.nlu.examples[-1]


def test_a_new_intent_and_a_new_entity_go_into_the_domain(own: Inspector) -> None:
    example = {"intent": "ask_hours", "annotated": "when do you open on [Sunday](day)"}
    planned = own.post("example", **example)
    assert [name for name, text in added(planned) if text.strip() in ("- ask_hours", "- day")] == [
        "domain.yml"
    ] * 2
    own.post("example", **example, digest=planned["digest"])
    project = read_project(own.folder)
    assert "ask_hours" in project.domain.intents
    assert "day" in project.domain.entities
    assert [e.text for e in project.training.nlu.examples if e.intent == "ask_hours"] == [
        "when do you open on Sunday"
    ]


def test_a_story_with_its_corrections(own: Inspector) -> None:
    talk = own.talk("hello", "no thanks")
    turn = own.turn(talk)
    fixed = own.post(
        "action", id=talk["id"], turn=turn["number"], at=turn["steps"][0]["at"], action="utter_goodbye"
    )
    body = {"id": fixed["id"], "name": "no after hello"}
    planned = own.post("story", **body)
    wanted = """\
- story: no after hello
  steps:
  - intent: greet
  - action: utter_greet
  - intent: deny
  - action: utter_goodbye"""
    assert "\n".join(text for _, text in added(planned)).strip() == wanted
    before = (own.folder / "data" / "stories.yml").read_text()
    assert wanted not in before
    own.post("story", **body, digest=planned["digest"])
    after = (own.folder / "data" / "stories.yml").read_text()
    assert after.startswith(before)
    assert wanted in after
    # trained on it, the assistant does what the correction said
    assert frontdesk("train", "--quiet", cwd=own.folder).returncode == 0


def test_a_story_up_to_a_turn_with_the_users_words(own: Inspector) -> None:
    own.says("customer-4", "hello", "are you a bot?", "bye")
    heard = [t["number"] for t in own.get("conversation", id="customer-4")["turns"] if t["kind"] == "message"]
    planned = own.post("story", id="customer-4", name="first words", turn=heard[0], words=True)
    lines = [text.strip() for _, text in added(planned)]
    assert lines[-4:] == ["steps:", "- intent: greet", "user: hello", "- action: utter_greet"]


def test_files_that_changed_since_the_preview(own: Inspector) -> None:
    example = {"intent": "greet", "annotated": "ahoy there"}
    planned = own.post("example", **example)
    file = own.folder / "data" / "nlu.yml"
    file.write_text(file.read_text() + "# somebody was here\n")
    before = file.read_text()
    answer = own.ask("POST", "example", json={**example, "digest": planned["digest"]})
    assert (answer.status_code, answer.json()["reason"]) == (409, "Conflict")
    assert file.read_text() == before


@pytest.mark.parametrize(
    ("name", "body", "told"),
    [
        ("example", {"intent": "greet", "annotated": "/greet"}, "command"),
        ("example", {"intent": "greet", "annotated": "[x]{bad}"}, "valid JSON"),
        ("example", {"intent": "greet"}, "'annotated' is missing"),
        ("story", {"name": "a short visit"}, "called 'a short visit' already"),
        ("story", {"name": ""}, "'name' is missing"),
    ],
)
def test_what_cannot_be_saved(inspector: Inspector, name: str, body: dict[str, Any], told: str) -> None:
    before = contents(inspector.folder)
    talk = inspector.talk("hello", "are you a bot?")
    answer = inspector.ask("POST", name, json={"id": talk["id"], **body})
    assert answer.status_code == 400
    assert told in answer.json()["message"]
    assert contents(inspector.folder) == before

"""What a session brings, and where it goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from frontdesk.core import events as ev
from frontdesk.core.domain import Domain, EntityType, Intent
from frontdesk.core.message import Entity
from frontdesk.core.slots import Slot
from frontdesk.core.tracker import LISTEN, Tracker
from frontdesk.core.training import ActionStep, Story, UserStep
from frontdesk.errors import ConfigError
from frontdesk.formats.project import read_training
from frontdesk.formats.write_back import Additions
from frontdesk.training.interactive import Session
from frontdesk.training.learnt import Learnt, as_file, free_names, learnt, named, write
from tests.engine.training.conftest import Make

KNOWN = Domain(
    intents={"greet": Intent("greet")},
    entities={"city": EntityType("city")},
    slots={"city": Slot("city", "text")},
    actions=("utter_greet",),
)


def said(text: str, intent: str | None, *entities: Entity) -> ev.UserUttered:
    return ev.UserUttered(text, {"intent": {"name": intent, "confidence": 1.0}}, entities)


def did(*actions: str) -> list[ev.Event]:
    return [ev.ActionExecuted(name) for name in actions]


def session(*conversations: list[ev.Event], responses: dict[str, str] | None = None) -> Session:
    domain = (
        Session(Tracker("", {}), KNOWN).knowing(["fly", "faq"], ["day"], ["action_new", "utter_new"]).domain
    )
    trackers = [Tracker.start("ann", domain.initial_slots, events) for events in conversations]
    heard = [e for events in conversations for e in events if isinstance(e, ev.UserUttered)]
    return Session(trackers[-1], domain, tuple(trackers[:-1]), responses or {}, tuple(heard))


def test_sentences_stories_and_new_names() -> None:
    day = Entity("day", "monday", 9, 12)
    taught = session(
        [
            said("hi", "greet"),
            *did("utter_greet", LISTEN),
            said("to Rome, mon", "fly", day),
            ev.SlotSet("city", "R"),
        ]
        + did("action_new", "utter_new", LISTEN),
        responses={"utter_new": "New!"},
    )
    found = learnt(taught, KNOWN)
    assert found.examples == {"greet": ["hi"], "fly": ['to Rome, [mon]{"entity": "day", "value": "monday"}']}
    (story,) = found.stories
    assert story.name == "interactive_story_1"
    assert [getattr(step, "name", None) or getattr(step, "intent", None) for step in story.steps] == [
        "greet", "utter_greet", "fly", "city", "action_new", "utter_new",
    ]  # fmt: skip
    assert (found.intents, found.entities, found.actions) == (("fly",), ("day",), ("action_new",))
    assert found.responses == {"utter_new": "New!"}


def test_what_is_no_example() -> None:
    email = Entity("email", "a@b.c", 0, 5, extractor="RegexEntityExtractor")
    taught = session(
        [said("/greet", "greet"), said("??", "nlu_fallback"), said("x", None), said("a@b.c", "greet", email)],
        [said("a@b.c", "greet", email)],
    )
    found = learnt(taught, KNOWN)
    assert found.examples == {"greet": ["a@b.c"]}
    assert (found.stories, found.intents) == ((), ())
    assert found


def test_each_way_is_a_story_unless_another_goes_on_from_it() -> None:
    short = [said("hi", "greet"), *did("utter_greet", LISTEN)]
    taught = session(
        [*short, said("fly", "fly"), *did("action_new", LISTEN)],
        short,
        [
            *short,
            said("fly", "fly"),
            *did("utter_new", LISTEN),
            ev.Restarted(),
            said("fly", "fly"),
            *did("utter_new"),
        ],
        [*short, said("hm", "fly")],
    )
    stories = learnt(taught, KNOWN).stories
    assert [story.name for story in stories] == [f"interactive_story_{n}" for n in (1, 2, 3)]
    last = [
        [s.intent if isinstance(s, UserStep) else getattr(s, "name", "") for s in t.steps] for t in stories
    ]
    assert last == [
        ["greet", "utter_greet", "fly", "action_new"], ["greet", "utter_greet", "fly", "utter_new"],
        ["fly", "utter_new"],
    ]  # fmt: skip


def test_nothing_said_is_nothing_learnt() -> None:
    assert not learnt(session(did("action_session_start", LISTEN)), KNOWN)
    assert not Learnt()


def test_names_that_are_free() -> None:
    assert free_names(3, {"interactive_story_2"}) == [f"interactive_story_{n}" for n in (1, 3, 4)]
    found = Learnt(stories=(Story("a", ()), Story("b", ())))
    assert [story.name for story in named(found, ["x", "y"]).stories] == ["x", "y"]


FOUND = Learnt(
    examples={"greet": ["hello you", "hello"], "fly": ["to [Rome](city)"]},
    stories=(Story("flown", (UserStep("fly"), ActionStep("action_new"), ActionStep("utter_new"))),),
    intents=("fly",),
    entities=("city",),
    actions=("action_new",),
    responses={"utter_new": "New!"},
)


def test_it_is_written_to_where_it_belongs(make: Make) -> None:
    folder = make({}).folder
    places = write(FOUND, Additions(folder))
    stands = [(folder / p.file).read_text().splitlines()[(p.line or 0) - 1] for p in places]
    assert stands == [
        "    - hello you", "    - hello", "    - to [Rome](city)", "- story: flown", "intents: [greet, bye, fly]",
        "- city", "- action_new", "  utter_new:",
    ]  # fmt: skip
    assert write(FOUND, Additions(folder)) == places


def test_all_or_nothing(make: Make) -> None:
    folder = make({}).folder
    before = {path: path.read_bytes() for path in folder.rglob("*.yml")}
    with pytest.raises(ConfigError, match="A story is called 'a visit' already"):
        write(named(FOUND, ["a visit"]), Additions(folder))
    assert {path: path.read_bytes() for path in folder.rglob("*.yml")} == before


def test_it_can_be_kept_aside_as_one_file(tmp_path: Path) -> None:
    path = tmp_path / "kept.yml"
    path.write_text(as_file(FOUND))
    assert path.read_text().startswith(
        "# New in the domain: intents: fly\n# New in the domain: entities: city\n"
    )
    kept = read_training(path)
    assert [(e.intent, e.text) for e in kept.nlu.examples] == [
        ("greet", "hello you"), ("greet", "hello"), ("fly", "to Rome"),
    ]  # fmt: skip
    assert kept.stories == FOUND.stories
